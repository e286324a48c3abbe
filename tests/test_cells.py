"""The cells against flax.linen's and against the lecture's equations written out in NumPy."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from g2p_jax.network.cells import CELLS
from g2p_jax.network.recurrence import Recurrent

T, B, I, H = 5, 3, 4, 6  # noqa: E741
LENGTHS = np.array([5, 3, 1])
MASK_TxB = np.arange(T)[:, None] < LENGTHS[None]


def inputs() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(T, B, I)).astype(np.float32)


def random_params(cell: str) -> dict:
    layer = Recurrent(cell, I, H, jnp.float32)
    zero = (jnp.zeros((B, H)),) * CELLS[cell].states
    params = layer.init(jax.random.key(0), inputs(), zero)["params"]
    random = np.random.default_rng(1)
    return jax.tree.map(lambda p: random.normal(size=p.shape).astype(np.float32), params)


def run(cell: str, params, x, reverse=False):
    zero = (jnp.zeros((B, H)),) * CELLS[cell].states
    layer = Recurrent(cell, I, H, jnp.float32)
    return layer.apply({"params": params}, x, zero, MASK_TxB, reverse)


def to_linen(cell: str, p: dict) -> dict:
    """The weights of one of our layers under flax.linen's names; linen has fewer biases."""
    gates = CELLS[cell].gates
    w, b, u, c = (jnp.split(p[name], gates, axis=-1) for name in ("w", "b", "u_h", "c_h"))
    if cell == "elman":
        return {"i": {"kernel": w[0], "bias": b[0] + c[0]}, "h": {"kernel": u[0]}}
    linen = {}
    if cell == "lstm":
        for n, gate in enumerate("ifgo"):
            linen[f"i{gate}"] = {"kernel": w[n]}
            linen[f"h{gate}"] = {"kernel": u[n], "bias": b[n] + c[n]}
        return linen
    for n, gate in enumerate("rz"):
        linen[f"i{gate}"] = {"kernel": w[n], "bias": b[n] + c[n]}
        linen[f"h{gate}"] = {"kernel": u[n]}
    return linen | {
        "in": {"kernel": w[2], "bias": b[2]},
        "hn": {"kernel": u[2], "bias": c[2]},
    }


LINEN = {"elman": nn.SimpleCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}


@pytest.mark.parametrize("cell", LINEN)
@pytest.mark.parametrize("reverse", [False, True])
def test_equals_linen_forward_and_gradient(cell, reverse):
    weight = np.random.default_rng(2).normal(size=(T, B, H)).astype(np.float32)
    weight *= MASK_TxB[..., None]  # linen leaves something else in the padding

    def ours(x, params):
        return jnp.sum(run(cell, params, x, reverse)[1] * weight)

    def theirs(x, params):
        layer = nn.RNN(LINEN[cell](H), time_major=True, reverse=reverse, keep_order=True)
        variables = {"params": {"cell": to_linen(cell, params)}}
        return jnp.sum(layer.apply(variables, x, seq_lengths=LENGTHS) * weight)

    params, x = random_params(cell), inputs()
    (value, gradient), (expected, expected_gradient) = (
        jax.value_and_grad(f, argnums=(0, 1))(x, params) for f in (ours, theirs)
    )
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5),
        gradient,
        expected_gradient,
    )


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def written(cell: str, p: dict, x: np.ndarray, h: np.ndarray, c: np.ndarray):
    """One step by the equations of the lecture, gate by gate; returns h and c."""
    gates = CELLS[cell].gates
    W, b = np.split(p["w"], gates, 1), np.split(p["b"], gates)
    if cell == "gru_before":
        U = [*np.split(p["u_h"], 2, 1), p["u_rh"]]
        d = [*np.split(p["c_h"], 2), p["c_rh"]]
    else:
        U, d = np.split(p["u_h"], gates, 1), np.split(p["c_h"], gates)
    gate = lambda n, h: x @ W[n] + b[n] + h @ U[n] + d[n]
    if cell == "elman":
        return np.tanh(gate(0, h)), c
    if cell == "lstm":
        c = sigmoid(gate(1, h)) * c + sigmoid(gate(0, h)) * np.tanh(gate(2, h))
        return sigmoid(gate(3, h)) * np.tanh(c), c
    r, z = sigmoid(gate(0, h)), sigmoid(gate(1, h))
    if cell == "gru_before":
        n = np.tanh(gate(2, r * h))
    else:
        n = np.tanh(x @ W[2] + b[2] + r * (h @ U[2] + d[2]))
    return (1 - z) * n + z * h, c


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("reverse", [False, True])
def test_equals_the_written_equations_and_masked_steps_copy(cell, reverse):
    params, x = random_params(cell), inputs()
    h = c = np.zeros((B, H), np.float32)
    outputs = [h] * T
    for t in reversed(range(T)) if reverse else range(T):
        new_h, new_c = written(cell, params, x[t], h, c)
        h = np.where(MASK_TxB[t][:, None], new_h, h)
        c = np.where(MASK_TxB[t][:, None], new_c, c)
        outputs[t] = h
    last, ours = run(cell, params, x, reverse)
    np.testing.assert_allclose(ours, np.stack(outputs), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(last[0], h, rtol=1e-4, atol=1e-5)
