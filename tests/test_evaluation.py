"""Evaluation of a model in training: its score by hand, and the answers that are shown."""

import pytest

from g2p_jax import config
from g2p_jax.data.pairs import Pair
from g2p_jax.data.symbols import Symbols
from g2p_jax.predict.pronunciation import Answer, Pronunciation
from g2p_jax.train.evaluation import Evaluation, answer_words

PAIRS = [Pair("cab", (("K", "AE0", "B"), ("S", "AE1", "B"))), Pair("ace", (("EY1", "S"),))]


class Parrot:
    """Answers each word with the first pronunciation that it was given, without stress."""

    def __init__(self, stress: bool):
        self.config, self.symbols = config.Config(stress=stress), Symbols.from_pairs(PAIRS)
        self.answers = {"cab": ("K", "AE", "B"), "ace": ("EY", "S"), "a": ("AH",)}

    def pronounce(self, words):
        return [Answer(word, (Pronunciation(self.answers[word], 1.0),), ()) for word in words]


def test_answers_without_stress_are_compared_without_it():
    score, _ = answer_words(Parrot(stress=False), PAIRS, ())
    assert (score.words, score.word_errors, score.phoneme_errors) == (2, 0, 0)
    score, _ = answer_words(Parrot(stress=True), PAIRS, ())
    assert (score.words, score.word_errors, score.phoneme_errors) == (2, 2, 2)


def test_phonemes_that_are_written_together_are_counted_one_by_one():
    parrot, pairs = Parrot(stress=True), [Pair("cab", (("kæb",),))]
    parrot.symbols = Symbols.from_pairs(pairs, target="characters")
    parrot.answers = {"cab": ("kab",)}
    score, _ = answer_words(parrot, pairs, ())
    assert (score.word_errors, score.phoneme_errors, score.phonemes) == (1, 1, 3)


def test_watched_words_are_shown_or_else_the_first():
    assert answer_words(Parrot(stress=False), PAIRS, ("a", "ace"))[1] == ["a: AH", "ace: EY S"]
    assert answer_words(Parrot(stress=False), PAIRS, ())[1] == ["cab: K AE B", "ace: EY S"]


def test_the_error_is_the_word_error_rate_or_else_the_loss():
    score, examples = answer_words(Parrot(stress=True), PAIRS, ())
    assert Evaluation(0.5, score, examples).error == 1.0
    assert Evaluation(0.5, None, []).error == pytest.approx(0.5)
