"""`kernels.scan` against `jax.lax.scan` and its autodiff."""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.interpreters.partial_eval import dce_jaxpr
from jax.tree_util import Partial

from g2p_jax.kernels import scan as scans
from g2p_jax.kernels.gates import gates
from g2p_jax.kernels.matmul import linear
from g2p_jax.kernels.scan import scan
from g2p_jax.network import attention
from g2p_jax.network.cells import CELLS
from g2p_jax.network.recurrence import Recurrent, cell_step

T, B, S, H = 6, 3, 4, 5
SCANS = scan, scans.reference
PRECISIONS = pytest.mark.parametrize(
    "dtype, rtol, atol", [("float32", 2e-5, 1e-6), ("bfloat16", 3e-2, 3e-2)]
)


def normal(random, *shape):
    return random.normal(size=shape).astype(np.float32) * 0.5


def assert_same(loss, arguments, rtol, atol):
    """Values and gradients with `kernels.scan` and with `jax.lax.scan`."""
    every = range(len(arguments))
    results = [
        jax.jit(jax.value_and_grad(functools.partial(loss, loop), argnums=every))(*arguments)
        for loop in SCANS
    ]
    jax.tree.map(functools.partial(np.testing.assert_allclose, rtol=rtol, atol=atol), *results)


@PRECISIONS
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", CELLS)
def test_every_cell_equals_lax_scan(name, reverse, dtype, rtol, atol):
    cell, random = CELLS[name], np.random.default_rng(0)
    u = {
        key: (normal(random, H, width * H), normal(random, width * H))
        for key, width in cell.recurrent.items()
    }
    x = tuple(normal(random, T, B, H) for _ in range(cell.gates))
    state = tuple(normal(random, B, H) for _ in range(cell.states))
    slopes = normal(random, T, B, H)

    def loss(loop, u, state, x):
        def step(u, state, x):
            new = cell_step(cell, jnp.float32, u, x, state)
            return new, new[0]

        last, h = loop(Partial(step, u), state, x, reverse=reverse, dtype=jnp.dtype(dtype))
        return jnp.sum(h * slopes) + sum(jnp.sum(s * s) for s in last)

    assert_same(loss, (u, state, x), rtol, atol)


def step(shared, carry, x):
    """Products that feed each other, as in a decoder that attends, and a state of two arrays."""
    first, second, keys, v = shared
    h, c = carry
    a, b = gates(first, h, count=2, dtype=jnp.float32)
    a = a + x["gate"]
    weights = attention.additive((keys, v), jnp.tanh(a), activation="tanh")
    c = c + attention.context(keys.keys_BxSxA, weights)
    d, e = gates(second, c, count=2, dtype=jnp.float32)
    h = jnp.where(x["keep"], jnp.tanh(b * d) + e, h)
    return (h, c), {"out": h * a}


@PRECISIONS
@pytest.mark.parametrize("reverse", [False, True])
def test_a_step_that_attends_equals_lax_scan(reverse, dtype, rtol, atol):
    """What all steps share may be read by several products, and need not be differentiable."""
    random = np.random.default_rng(0)
    mask_BxS = np.arange(S) < np.array([4, 2, 1])[:, None]
    matrices = [(normal(random, H, 2 * H), normal(random, 2 * H)) for _ in range(2)]
    keys, carry, gate = (
        normal(random, B, S, H),
        tuple(normal(random, 2, B, H)),
        normal(random, T, B, H),
    )
    keep, v = random.random((T, B, 1)) < 0.7, np.ones(H, np.float32)
    slopes = np.random.default_rng(1).normal(size=(T, B, H)).astype(np.float32)

    def loss(loop, first, second, keys, v, carry, gate):
        shared = first, second, attention.Keys(keys, None, mask_BxS), v
        xs = {"gate": gate, "keep": keep}
        (h, c), outs = loop(Partial(step, shared), carry, xs, reverse, jnp.dtype(dtype))
        return jnp.sum(outs["out"] * slopes) + jnp.sum(h * c)

    assert_same(loss, (*matrices, keys, v, carry, gate), rtol, atol)


def test_one_step_needs_no_loop():
    w = jnp.ones((H, H)), jnp.ones(H)

    def cell(w, h, x):
        h = jnp.tanh(x + linear(w, h, dtype=jnp.float32))
        return h, h

    x = jnp.ones((1, B, H))
    for loop in SCANS:
        last, outs = loop(Partial(cell, w), x[0], x)
        np.testing.assert_allclose(outs[0], np.tanh(7.0), rtol=1e-6)
        np.testing.assert_array_equal(last, outs[0])
    assert "scan" not in str(jax.make_jaxpr(lambda x: scan(Partial(cell, w), x[0], x))(x))


def dots_in_loops(function, *arguments) -> int:
    """How many matrix products the bodies of all while loops of a program hold."""

    def count(jaxpr, inside):
        total = 0
        for equation in jaxpr.eqns:
            total += inside and equation.primitive.name == "dot_general"
            loop = inside or equation.primitive.name in ("scan", "while")
            for value in equation.params.values():
                for sub in value if isinstance(value, (tuple, list)) else [value]:
                    if hasattr(sub, "eqns"):
                        total += count(sub, loop)
                    elif hasattr(sub, "jaxpr"):
                        total += count(sub.jaxpr, loop)
        return total

    jaxpr = jax.make_jaxpr(function)(*arguments).jaxpr
    jaxpr, _ = dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars))  # as XLA will: drop what is unused
    return count(jaxpr, False)


@pytest.mark.parametrize("cell", CELLS)
def test_loops_keep_halves_and_copy_no_sequence(cell):
    """As XLA compiles it: whether it copies an array that is written in place is its choice."""
    layer = Recurrent(cell, 16, 16, jnp.dtype("bfloat16"))
    x, mask = jnp.ones((7, 3, 16)), jnp.ones((7, 3), bool)
    params = layer.init(jax.random.key(0), x)

    def loss(params, x):
        return sum(jnp.sum(layer.apply(params, x, None, mask, way)[1]) for way in (False, True))

    compiled = jax.jit(jax.grad(loss, argnums=(0, 1))).lower(params, x).compile().as_text()
    bodies = re.findall(r"body=%?([\w.\-]+)", compiled)
    assert len(bodies) == 4  # forward and backward, in both directions
    for body in bodies:
        (text,) = re.findall(rf"^%?{re.escape(body)} .*?^}}", compiled, re.MULTILINE | re.DOTALL)
        assert "u16[7,3,16]" in text
        assert not re.search(r"= \w+\[7,3,16\]\S* copy\(", text)
        assert "f32[7,3,16]" not in text


def test_weight_gradients_leave_the_loop():
    def cell(w, h, x):
        h = jnp.tanh(x + linear(w, h, dtype=jnp.float32))
        return h, h

    def total(loop, w, x):
        return jnp.sum(loop(Partial(cell, w), x[0], x)[1])

    w, x = (jnp.ones((H, H)), jnp.ones(H)), jnp.ones((T, B, H))
    ours, autodiff = (functools.partial(total, loop) for loop in SCANS)
    assert dots_in_loops(jax.grad(ours), w, x) == 2  # forward, and backward to the state
    assert dots_in_loops(jax.grad(autodiff), w, x) == 3  # and to the weights, in every step
