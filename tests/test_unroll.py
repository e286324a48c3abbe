"""Our scan against `jax.lax.scan` and its autodiff."""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.interpreters.partial_eval import dce_jaxpr

from g2p_jax.kernels.matmul import linear, matmul, to_bfloat16, to_float32
from g2p_jax.kernels.scan import scan
from g2p_jax.network import attention
from g2p_jax.network.cells import CELLS
from g2p_jax.network.decoders import at_each_step
from g2p_jax.network.layers import Recurrent

T, B, S, H = 6, 3, 4, 5


def matrix(shared, v):
    return tuple(jnp.split(linear(v, *shared, jnp.float32), 2, axis=-1))


@at_each_step
def look(shared, h):
    keys, mask = shared
    weights = attention.attend(attention.additive_scores(h, keys, jnp.ones(H)), mask)
    return attention.context(weights, keys)


MAPS = {"first": matrix, "second": matrix, "look": look}


def step(apply, carry, x):
    """Products that feed each other, as in an attentive decoder, and a state of two arrays."""
    h, c = carry
    a, b = apply("first", h, (x["gate"], None))
    c = c + apply("look", jnp.tanh(a))
    d, e = apply("second", c)
    h = jnp.where(x["keep"], jnp.tanh(b * d) + e, h)
    return (h, c), {"out": h * a}


def problem():
    random = np.random.default_rng(0)
    normal = lambda *shape: random.normal(size=shape).astype(np.float32) * 0.5
    mask_BxS = np.arange(S) < np.array([4, 2, 1])[:, None]
    shared = {
        "first": (normal(H, 2 * H), normal(2 * H)),
        "second": (normal(H, 2 * H), normal(2 * H)),
        "look": (normal(B, S, H), mask_BxS),
    }
    carry = normal(B, H), normal(B, H)
    xs = {"gate": normal(T, B, H), "keep": random.random((T, B, 1)) < 0.7}
    return shared, carry, xs


def plain(shared, carry, xs, reverse):
    def apply(name, v, addends=None):
        y = MAPS[name](shared[name], v)
        return y if addends is None else (y[0] + addends[0], y[1])

    return jax.lax.scan(functools.partial(step, apply), carry, xs, reverse=reverse)


@pytest.mark.parametrize("dtype, rtol, atol", [("float32", 2e-5, 1e-6), ("bfloat16", 3e-2, 3e-2)])
@pytest.mark.parametrize("reverse", [False, True])
def test_equals_lax_scan_forward_and_gradient(reverse, dtype, rtol, atol):
    shared, carry, xs = problem()
    mask = shared["look"][1]
    weight = np.random.default_rng(1).normal(size=(T, B, H)).astype(np.float32)

    def loss(unroll, first, second, keys, carry, gate):
        shared = {"first": first, "second": second, "look": (keys, mask)}
        (h, c), outs = unroll(shared, carry, xs | {"gate": gate}, reverse)
        return jnp.sum(outs["out"] * weight) + jnp.sum(h * c)

    ours = functools.partial(scan, step, MAPS, dtype=jnp.dtype(dtype))
    arguments = shared["first"], shared["second"], shared["look"][0], carry, xs["gate"]
    results = [
        jax.jit(jax.value_and_grad(functools.partial(loss, unroll), argnums=range(5)))(*arguments)
        for unroll in (ours, plain)
    ]
    close = functools.partial(np.testing.assert_allclose, rtol=rtol, atol=atol)
    jax.tree.map(close, *results)


def test_halves_are_rounded_like_bfloat16():
    """To the nearest, ties to even, and what is no number stays none."""
    ties = np.arange(0x3F800000, 0x3F880000, 0x8000, np.uint32).view(np.float32)
    random = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    x = np.concatenate([ties, -ties, random, [0.0, -0.0, np.inf, -np.inf, np.nan, 3e38, 1e-40]])
    x = x.astype(np.float32)
    np.testing.assert_array_equal(
        to_float32(to_bfloat16(x)), x.astype(jnp.bfloat16).astype(np.float32)
    )


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
    w = jnp.ones((H, H))
    maps = {"h": lambda w, h: matmul(h, w, jnp.float32)}

    def cell(apply, h, x):
        h = jnp.tanh(x + apply("h", h))
        return h, h

    def ours(w, x):
        return jnp.sum(scan(cell, maps, {"h": w}, x[0], x)[1])

    def autodiff(w, x):
        body = lambda h, x: cell(lambda _, v: maps["h"](w, v), h, x)
        return jnp.sum(jax.lax.scan(body, x[0], x)[1])

    x = jnp.ones((T, B, H))
    assert dots_in_loops(jax.grad(ours), w, x) == 2  # forward, and backward to the state
    assert dots_in_loops(jax.grad(autodiff), w, x) == 3  # and to the weights, in every step


def test_bfloat16_operands_sum_in_float32():
    random = np.random.default_rng(0)
    x, w = (random.normal(size=s).astype(np.float32) for s in ((2, 7, 512), (512, 3)))
    rounded = [np.asarray(jnp.asarray(a, jnp.bfloat16), np.float64) for a in (x, w)]
    ours = matmul(x, w, jnp.bfloat16)
    assert ours.dtype == jnp.float32
    np.testing.assert_allclose(ours, rounded[0] @ rounded[1], rtol=1e-4, atol=1e-4)
    dx, dw = jax.grad(lambda x, w: matmul(x, w, jnp.bfloat16).sum(), argnums=(0, 1))(x, w)
    assert dx.dtype == dw.dtype == jnp.float32
    np.testing.assert_allclose(dx[0, 0], rounded[1].sum(1), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(dw[:, 0], rounded[0].sum((0, 1)), rtol=1e-4, atol=1e-4)
