"""How far gradients reach: against the written equation's Jacobians, and a finite difference."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from g2p_jax import config
from g2p_jax.data.symbols import BOS, PAD
from g2p_jax.network import seq2seq as models
from g2p_jax.train import gradients, losses

SETTINGS = config.Model(
    cell="elman",
    embedding=4,
    hidden=5,
    encoder_layers=2,
    decoder_layers=2,
    directions="backward",
    attention="none",
    start="copy",
    readout=0,
)
SOURCE = np.array([[4, 5, 6, 7], [7, 4, 4, 5]], np.int32)
TARGET = np.array([[4, 5, 2, 0], [6, 5, 4, 2]], np.int32)


@pytest.fixture(scope="module")
def small():
    net = models.Seq2Seq(SETTINGS, 8, 7, jnp.dtype("float32"))
    return net, jax.jit(net.init)(jax.random.key(0), SOURCE, TARGET)["params"]


def test_factors_are_those_of_the_written_equation(small):
    """h_t = tanh(W x + b + U h): J_t = diag(1 - h_t^2) U^T, words read from their end."""
    net, params = small
    encoder = jax.tree.map(np.asarray, params["encoder"])
    factors = []
    for word in SOURCE:
        x = encoder["embedding"][word]
        for layer in ("backward_0", "backward_1"):
            weights, states = encoder[layer], [np.zeros(5, np.float32)]
            for letter in x[::-1]:
                gates = letter @ weights["w"] + weights["b"] + weights["c_h"]
                states.append(np.tanh(gates + states[-1] @ weights["u_h"]))
            x = np.array(states[:0:-1])
        product, of_word = np.eye(5), [1.0]
        for h in states[:1:-1]:
            product = product @ np.diag(1 - h**2) @ weights["u_h"].T
            of_word.append(np.linalg.svd(product)[1][0])
        factors.append(of_word)
    seen = gradients.reach(net, params, SOURCE, TARGET)
    np.testing.assert_allclose(seen.factor, np.mean(factors, axis=0), rtol=1e-4)


def test_the_gradient_at_the_last_letter_is_that_of_the_loss(small):
    net, params = small
    run = functools.partial(net.apply, {"params": params})
    memory = run(SOURCE, method="encode")
    tokens = np.roll(TARGET.T, 1, axis=0)
    tokens[0] = BOS

    @jax.jit
    def loss(summary):
        changed = memory._replace(summary=summary)
        logits = run(changed, tokens, method="decode")[0].swapaxes(0, 1)
        per_word = [
            losses.cross_entropy(logits[i : i + 1], TARGET[i : i + 1], TARGET[i : i + 1] != PAD)[0]
            for i in range(2)
        ]
        return jnp.stack(per_word)

    slopes = np.zeros((2, 5))
    for column in range(5):
        step = np.zeros_like(memory.summary)
        step[:, 5 + column] = 1e-2
        slopes[:, column] = (loss(memory.summary + step) - loss(memory.summary - step)) / 2e-2
    seen = gradients.reach(net, params, SOURCE, TARGET)
    expected = np.linalg.norm(slopes, axis=1).mean()
    np.testing.assert_allclose(seen.gradient[0], expected, rtol=1e-2)
