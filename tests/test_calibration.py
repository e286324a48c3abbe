"""True probabilities are made again."""

import functools

import jax
import numpy as np
import pytest

from g2p_jax.data.pairs import Pair
from g2p_jax.errors import UserError
from g2p_jax.predict.calibration import calibrate, fit_temperature, of_pronunciations
from g2p_jax.predict.inspection import Inspection


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
            of_pronunciations(seen[-1:], 0.6), true.max(axis=1).prod(), rtol=1e-5
        )
        np.testing.assert_allclose(seen[-1].probabilities.max(), np.exp(log_probs).max(), rtol=1e-5)
    assert 0.57 < fit_temperature(functools.partial(of_pronunciations, seen), right) < 0.63


@pytest.mark.parametrize("right", [True, False])
def test_words_that_are_all_right_or_all_wrong_fit_no_temperature(g2p, right):
    words = ["cab", "back", "deaf", "fad", "bead", "face"]
    answers = g2p.pronounce(words)
    pairs = [Pair(a.word, (a.best.phonemes if right else ("X",),)) for a in answers]
    count = 6 if right else 0
    with pytest.raises(UserError, match=f"no temperature .*: {count} of 6 answers are right; take"):
        calibrate(g2p, pairs).check()
