"""Cross entropy by hand."""

import numpy as np

from g2p_jax.train import losses


def test_cross_entropy_of_hand_worked_probabilities():
    p = np.array([[[0.5, 0.25, 0.25], [0.1, 0.2, 0.7], [0.3, 0.3, 0.4]]], np.float32)
    target = np.array([[0, 2, 0]], np.int32)
    weight = np.array([[1.0, 1.0, 0.0]], np.float32)  # the last is padding
    total, count = losses.cross_entropy(np.log(p), target, weight)
    np.testing.assert_allclose(total, -np.log(0.5) - np.log(0.7), rtol=1e-6)
    assert count == 2


def test_label_smoothing_of_hand_worked_probabilities():
    p = np.array([[[0.5, 0.25, 0.25]]], np.float32)
    total, _ = losses.cross_entropy(np.log(p), np.array([[1]]), np.ones((1, 1)), smoothing=0.3)
    expected = -(0.8 * np.log(0.25) + 0.1 * np.log(0.5) + 0.1 * np.log(0.25))
    np.testing.assert_allclose(total, expected, rtol=1e-6)


def test_padding_has_no_weight_whatever_its_logits():
    random = np.random.default_rng(0)
    logits = random.normal(size=(2, 3, 5)).astype(np.float32)
    target = np.array([[1, 2, 0], [3, 0, 0]], np.int32)
    weight = (target != 0).astype(np.float32)
    changed = np.where(weight[..., None] > 0, logits, 1e4).astype(np.float32)
    np.testing.assert_allclose(
        losses.cross_entropy(logits, target, weight, 0.1),
        losses.cross_entropy(changed, target, weight, 0.1),
        rtol=1e-6,
    )
