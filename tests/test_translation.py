"""Sentences: tokens that are words or characters, on either side."""

import dataclasses

import numpy as np
import pytest

import g2p_jax
from configs import translation
from g2p_jax.data.batches import Examples
from g2p_jax.data.pairs import Pair
from g2p_jax.data.symbols import EOS, UNK, Symbols
from g2p_jax.train.loop import train

PAIR = Pair("ein Hund", (("a", "dog"), ("one", "dog")))


def test_tokens_by_hand():
    symbols = Symbols.from_pairs([PAIR], source="words", target="characters")
    assert symbols.graphemes.tokens[4:] == ("Hund", "ein")
    assert symbols.phonemes.tokens[4:] == tuple(" adegno")
    assert symbols.graphemes_of(" ein  kleiner Hund ") == (["ein", "Hund"], ["kleiner"])
    ids = symbols.encode_target(("a", "god"))
    assert [symbols.phonemes.tokens[id] for id in ids] == list("a god")
    assert symbols.decode_target([*ids, EOS, 5]) == ("a", "god")
    assert symbols.encode_target(("x",)) == [UNK]
    examples = Examples.from_pairs([PAIR], symbols)
    np.testing.assert_array_equal(examples.source.lengths, [2, 2])
    np.testing.assert_array_equal(examples.target.lengths, [6, 8])
    assert Symbols.from_json(symbols.to_json()) == symbols


def test_symbols_of_older_models_are_read_and_wrong_ones_refused():
    old = Symbols.from_pairs([PAIR]).to_json()
    del old["source"], old["target"]
    assert Symbols.from_json(old) == Symbols.from_pairs([PAIR])
    for wrong in ("letters", ["words"], None):
        with pytest.raises(ValueError, match="source must be one of"):
            Symbols.from_json(old | {"source": wrong})


@pytest.mark.parametrize("tokens", ["words", "characters"])
def test_a_small_corpus_is_learned(tokens, tmp_path):
    corpus = tmp_path / "corpus.tsv"
    english = "one two three four five six seven eight nine".split()
    german = "eins zwei drei vier fünf sechs sieben acht neun".split()
    corpus.write_text(
        "".join(
            f"{english[a]} and {english[b]}\t{german[b]} und {german[a]}\n"
            for a in range(9)
            for b in range(9)
        )
    )
    settings = translation.get_config(f"tiny,tokens={tokens}")
    settings.data = dataclasses.replace(settings.data, train=str(corpus), dev=str(corpus), limit=0)
    settings.train = dataclasses.replace(
        settings.train, batch_size=8, epochs=8, buckets=1, dtype="float32", log_every=1000,
        watch=("one and two",),
    )  # fmt: skip
    assert train(settings, tmp_path / "run").best == 0
    translate = g2p_jax.load(tmp_path / "run")
    assert translate("three and one") == "eins und drei"
    if tokens == "words":
        assert translate.pronounce(["one and eleven"])[0].unknown == ("eleven",)
