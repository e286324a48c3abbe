"""Spelling from sound: the same code path, a lexicon turned round."""

import dataclasses
import io

import pytest

import g2p_jax
from g2p_jax import config
from g2p_jax.data import splits
from g2p_jax.data.pairs import Pair
from g2p_jax.errors import ConfigError, UserError
from g2p_jax.predict.transcribe import Options, transcribe
from g2p_jax.train.loop import train
from tests.tiny_model import TINY

LEXICON = "NIGHT N AY T\nKNIGHT N AY T\nREAD R EH D\nREAD R IY D\nRED R EH D\nEYE AY\n"


def test_a_lexicon_is_turned_round(write):
    data = config.Data(train=str(write(LEXICON)), direction="p2g")
    assert splits.read(data.train, data) == [
        Pair("N AY T", (("NIGHT",), ("KNIGHT",))),
        Pair("R EH D", (("READ",), ("RED",))),
        Pair("R IY D", (("READ",),)),
        Pair("AY", (("EYE",),)),
    ]


def test_ipa_without_spaces_is_cut_into_phonemes(write):
    path = str(write("chi\tkiː\ncioè\tt͡ʃoɛ\n", "ita.tsv"))
    expected = [Pair("k iː", (("chi",),)), Pair("t͡ʃ o ɛ", (("cioè",),))]
    assert splits.read(path, config.Data(train=path, direction="p2g")) == expected


def test_a_model_learns_to_spell(write, tmp_path):
    path = str(write(LEXICON))
    data = config.Data(train=path, dev=path, test_share=0.0, direction="p2g")
    settings = dataclasses.replace(TINY.train, epochs=40)
    train(dataclasses.replace(TINY, data=data, train=settings, ngram=2), tmp_path / "run")
    g2p = g2p_jax.load(tmp_path / "run")
    assert (g2p("AY"), g2p("R IY D")) == ("EYE", "READ")
    best = g2p.pronounce(["N AY T"], nbest=2)[0].pronunciations
    assert {str(spelling) for spelling in best} == {"NIGHT", "KNIGHT"}
    spaces = "'NAYT' holds 'NAYT', which the model does not know .phonemes need spaces between"
    with pytest.raises(UserError, match=spaces):
        transcribe(g2p, [("1", "NAYT")], io.StringIO(), Options(strict=True))


def test_settings_that_contradict_are_an_error():
    data = config.Data(direction="p2g", target="ipa")
    with pytest.raises(ConfigError, match="data.target is 'ipa': must be 'words' with spellings"):
        config.validate(dataclasses.replace(TINY, data=data))
