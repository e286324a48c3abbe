"""From what a search has found to ranked pronunciations."""

import itertools
import math

import numpy as np
import pytest

from g2p_jax.predict.candidates import Candidates
from g2p_jax.predict.pronunciation import Pronunciation, concatenate
from g2p_jax.search.hypotheses import Hypotheses

AH, B, ER = 4, 5, 6  # as if AH0 and AH1 had both been named AH
NAMES = np.array(["", "", "", "", "AH", "B", "ER", "AH"], object)
AH1 = 7


def candidates():
    tokens = np.array(
        [
            [[B, AH1, B], [B, AH, B], [B, ER, 0], [B, B, B]],
            [[AH, 0, 0], [ER, 0, 0], [AH, B, 0], [0, 0, 0]],
            [[B, 0, 0], [B, 0, 0], [B, 0, 0], [B, 0, 0]],  # a padding row
        ]
    )
    p = np.array([[0.3, 0.2, 0.35, 0.0], [0.1, 0.3, 0.1, 0.05], [1.0, 0.0, 0.0, 0.0]])
    with np.errstate(divide="ignore"):
        hypotheses = Hypotheses(tokens[None], np.log(p)[None])
    return Candidates.read(np.array([1, 0, -1]), hypotheses)


def test_what_has_equal_names_is_added_up_and_the_best_come_first():
    found = dict(candidates().pronunciations(NAMES, tuple, 3))
    assert [one.phonemes for one in found[1]] == [("B", "AH", "B"), ("B", "ER")]
    np.testing.assert_allclose([one.probability for one in found[1]], [0.5, 0.35])
    assert [one.phonemes for one in found[0]] == [("ER",), ("AH",), ("AH", "B")]
    np.testing.assert_allclose([one.probability for one in found[0]], [0.3, 0.1, 0.1])
    best = dict(candidates().pronunciations(NAMES, tuple, 1))
    assert [one.phonemes for one in best[1]] == [("B", "AH", "B")]


def test_tokens_may_be_joined_to_other_phonemes():
    found = dict(candidates().pronunciations(NAMES, lambda names: ("".join(names),), 1))
    assert found[1][0].phonemes == ("BAHB",)


def test_pieces_of_a_word_are_combined_as_by_brute_force_and_many_in_linear_time():
    dice = np.random.default_rng(3)
    pieces = [
        [Pronunciation((f"{n}{m}",), float(p)) for m, p in enumerate(dice.dirichlet(np.ones(3)))]
        for n in range(4)
    ]
    every = [
        (tuple(f for one in way for f in one.phonemes), math.prod(one.probability for one in way))
        for way in itertools.product(*pieces)
    ]
    best = concatenate(pieces, 3)
    for found, (phonemes, p) in zip(best, sorted(every, key=lambda x: -x[1])[:3], strict=True):
        assert found.phonemes == phonemes and found.probability == pytest.approx(p)
    [long] = concatenate([[Pronunciation(("A", "B"), 1.0)]] * 200_000, 1)
    assert long == Pronunciation(("A", "B") * 200_000, 1.0)
