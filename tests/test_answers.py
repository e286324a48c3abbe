"""Answers: what they hold, and as lines and back."""

import dataclasses
import doctest
import importlib
import math
import pickle
from pathlib import Path

import pytest

import g2p_jax
from g2p_jax.data.answers import CSV_HEADER, csv_line, read_answers, tsv_lines
from g2p_jax.data.lexicon import read_lexicon
from g2p_jax.data.pairs import Pair
from g2p_jax.errors import DataError
from g2p_jax.predict.pronunciation import Answer, Pronunciation
from tests.tiny_model import lexicon_first

ALTERNATIVES = [
    Pair("A", (("AH",), ("EY",))),
    Pair("READ", (("R", "IY", "D"), ("R", "EH", "D"))),
]


def test_tsv_lines_are_read_back(tmp_path):
    lines = [
        line
        for word, several in ALTERNATIVES
        for line in tsv_lines(word, [(phonemes, 0.5) for phonemes in several])
    ]
    assert lines == ["A\tAH", "A\tEY", "READ\tR IY D", "READ\tR EH D"]
    file = tmp_path / "answers.tsv"
    file.write_text("\n".join(lines))
    assert read_lexicon(file) == ALTERNATIVES


def test_prediction_lines():
    answers = [(("AH",), 0.75), (("EY", "AH"), 1 / 3)]
    assert tsv_lines("a", answers, probability=True) == ["a\tAH\t0.75", "a\tEY AH\t0.3333"]
    assert tsv_lines("", []) == ["\t"]
    assert CSV_HEADER == "Id,Transcription"
    assert csv_line("7", answers[1:] + answers[:1]) == "7,EY_AH"
    assert csv_line("7", []) == "7,"
    assert csv_line('a,"b', answers) == '"a,""b",AH'
    with pytest.raises(DataError, match="cannot hold the phoneme 'B_E' with its _; fix: write a"):
        csv_line("7", [(("B_E",), 1.0)])


def test_answers_are_what_predict_wrote(tmp_path):
    file = tmp_path / "answers"
    file.write_text("hello\tHH AH L OW\n\t\nhm\t\n")
    with pytest.raises(DataError, match=r"answers:1: .*, found 2 tabs in 'read\\tR EH D\\t0.5'"):
        nbest = tmp_path / "answers"
        nbest.write_text("read\tR EH D\t0.5\n")
        read_answers(nbest)
    file.write_text("Id,Transcription\n1,A_B,C\n")
    with pytest.raises(DataError, match="answers:2: expected 'Id,P_H_O_N', found 3 columns"):
        read_answers(file)
    file.write_text('Id,Transcription\n1,A\n2,"B\n3,C\n')
    with pytest.raises(DataError, match="answers:3: .* close each double quote in its own line"):
        read_answers(file)
    file.write_text("Id,Transcription\n7,A_B\n8,\n")
    assert read_answers(file) == [("7", ("A", "B")), ("8", ())]


ROOT = Path(g2p_jax.__file__).parents[1]
DOCTESTS = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted((ROOT / "g2p_jax").rglob("*.py"))
    if ">>> " in path.read_text("utf-8")
]


@pytest.mark.parametrize("name", DOCTESTS)
def test_examples_in_docstrings(name):
    module = importlib.import_module(name)
    tried = doctest.testmod(module, extraglobs={"g2p_jax": g2p_jax})
    assert tried.attempted and not tried.failed


def test_answers_do_not_change_and_say_what_they_are(g2p):
    (answer,) = g2p.pronounce(["cab"], nbest=2)
    for one, field in (answer, "word"), (answer.best, "probability"), (answer.best, "letters"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(one, field, None)
    assert repr(answer.best).startswith("Pronunciation('K AE B', ") and answer.source == "model"
    shown = Answer("c☃ab", (Pronunciation(("K", "AE", "B"), 0.98765),), ("☃",))
    assert repr(shown) == "Answer('c☃ab': 'K AE B' 0.9877; model; unknown: '☃')"
    assert pickle.loads(pickle.dumps(shown)) == shown and len({shown, shown}) == 1


def test_pronunciations_that_are_written_alike_are_one():
    """With the probability of the first: more pronunciations must not change it."""
    sounds = ("W IH1 DH", 0.4), ("W IH1 TH", 0.3), ("W IH0 DH", 0.2)
    answer = Answer("with", tuple(Pronunciation(tuple(p.split()), x) for p, x in sounds))
    found = answer.in_alphabet("arpabet", "ipa", stress=False).scored
    assert found == [(("w", "ɪ", "ð"), 0.4), (("w", "ɪ", "θ"), 0.3)]


def test_letters_and_confidence_of_each_phoneme(g2p):
    """Their product is the probability; with another alphabet and a lexicon they are the same."""
    (cab,) = g2p.pronounce(["cab"], align=True)
    assert set(cab.best.letters) <= {"c", "a", "b", "ca", "ab"} and len(cab.best.letters) == 3
    assert math.prod(cab.best.confidence) == pytest.approx(cab.best.probability, rel=0.05)
    (ipa,) = g2p.pronounce(["cab"], align=True, alphabet="ipa")
    assert ipa.best == dataclasses.replace(cab.best, phonemes=("k", "æ", "b"))
    (known,) = lexicon_first({"cab": ["K AE B"]}, g2p).pronounce(["cab"], align=True)
    assert known.best == dataclasses.replace(cab.best, probability=1.0, source="lexicon")
    assert g2p.pronounce(["cab"])[0].best.letters == () and not g2p.pronounce([], align=True)
    assert [x.best.letters for x in g2p.pronounce(["", "ace"], align=True)][0] == ()
