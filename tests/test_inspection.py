"""The second look: letters of phonemes against a search of all, true probabilities made again."""

import functools
import itertools

import jax
import numpy as np
import pytest

from g2p_jax.commands import calibrate
from g2p_jax.predict import inspection
from g2p_jax.predict.inspection import Inspection


def spans(weights):
    return [(span.start or 0, span.stop) for span in inspection.align(np.array(weights))]


@pytest.mark.parametrize("seed", range(20))
def test_anchors_are_the_best_of_all_in_order(seed):
    random = np.random.default_rng(seed)
    steps, letters = random.integers(1, 5), random.integers(1, 6)
    weights = random.dirichlet(np.full(letters, 0.3), steps)
    ordered = itertools.combinations_with_replacement(range(letters), steps)
    best = max(ordered, key=lambda a: np.prod(weights[np.arange(steps), a] + inspection.NEVER_SEEN))
    anchors = sorted(set(best))
    bounds = [0, *anchors[1:], letters]
    expected = [(bounds[anchors.index(a)], bounds[anchors.index(a) + 1]) for a in best]
    assert spans(weights) == expected


def test_letters_of_hand_worked_words():
    def looking_at(word, *places):
        weights = np.zeros((len(places) + 1, len(word)))
        weights[[*range(len(places))], places] = 1
        return Inspection(tuple(word), (), weights, np.zeros(0), ()).spelled

    assert looking_at("knight", 1, 2, 5) == ("kn", "igh", "t")
    assert looking_at("box", 0, 1, 2, 2) == ("b", "o", "x", "x")
    assert looking_at("phone", 0, 2, 3) == ("ph", "o", "ne")
    assert looking_at("abc", 2, 0, 1)[-1].endswith("c")  # never back: one of three is given up
    assert looking_at("abc") == ()
    assert inspection.align(np.zeros((2, 0))) == [slice(0), slice(0)]


def test_the_temperature_of_probabilities_that_are_true_is_found():
    """Answers are drawn from a model of temperature 0.6 whose logits are known."""
    random = np.random.default_rng(0)
    seen, right = [], []
    for _ in range(4000):
        logits = random.normal(size=(random.integers(1, 6), 7))
        ids = logits.argmax(axis=1)
        log_probs = np.array(jax.nn.log_softmax(logits))
        seen.append(Inspection((), (), np.zeros(0), log_probs, ids))
        true = np.array(jax.nn.softmax(logits / 0.6))
        right.append(random.random() < true.max(axis=1).prod())
        np.testing.assert_allclose(
            calibrate.probabilities(seen[-1:], 0.6), true.max(axis=1).prod(), rtol=1e-5
        )
        np.testing.assert_allclose(seen[-1].probabilities.max(), np.exp(log_probs).max(), rtol=1e-5)
    assert 0.57 < calibrate.fit(functools.partial(calibrate.probabilities, seen), right) < 0.63
