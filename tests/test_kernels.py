"""The small kernels against their references: values and derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from g2p_jax.kernels import gates, matmul, random_bits, rounding
from g2p_jax.kernels.rounding import to_bfloat16, to_float32


def test_arrays_are_rounded_like_bfloat16():
    """To the nearest, ties to even, and what is no number stays none."""
    ties = np.arange(0x3F800000, 0x3F880000, 0x8000, np.uint32).view(np.float32)
    random = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    x = np.concatenate([ties, -ties, random, [0.0, -0.0, np.inf, -np.inf, np.nan, 3e38, 1e-40]])
    x = x.astype(np.float32)
    np.testing.assert_array_equal(
        to_float32(to_bfloat16(x)), x.astype(jnp.bfloat16).astype(np.float32)
    )


def test_bfloat16_operands_sum_in_float32():
    random = np.random.default_rng(0)
    x, w = (random.normal(size=s).astype(np.float32) for s in ((2, 7, 512), (512, 3)))
    rounded = [np.asarray(jnp.asarray(a, jnp.bfloat16), np.float64) for a in (x, w)]
    ours = matmul.matmul(x, w, jnp.bfloat16)
    assert ours.dtype == jnp.float32
    np.testing.assert_allclose(ours, rounded[0] @ rounded[1], rtol=1e-4, atol=1e-4)
    dx, dw = jax.grad(lambda x, w: matmul.matmul(x, w, jnp.bfloat16).sum(), argnums=(0, 1))(x, w)
    assert dx.dtype == dw.dtype == jnp.float32
    np.testing.assert_allclose(dx[0, 0], rounded[1].sum(1), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(dw[:, 0], rounded[0].sum((0, 1)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype, tolerance", [("float32", 1e-5), ("bfloat16", 2e-2)])
def test_a_matmul_equals_its_reference(dtype, tolerance):
    random = np.random.default_rng(0)
    x, w = (random.normal(size=s).astype(np.float32) for s in ((2, 7, 5), (5, 3)))
    slopes = random.normal(size=(2, 7, 3)).astype(np.float32)
    results = []
    for function in (matmul.matmul, matmul.reference):
        y, pull_back = jax.vjp(lambda x, w, f=function: f(x, w, jnp.dtype(dtype)), x, w)
        results.append((y, *pull_back(slopes)))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-5, atol=1e-5)
    for ours, plain in zip(*results, strict=True):
        np.testing.assert_allclose(ours, plain, rtol=tolerance, atol=tolerance)
    back = matmul.matmul_transposed(slopes, w, jnp.dtype(dtype))
    np.testing.assert_allclose(back, slopes @ w.T, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype, tolerance", [("float32", 1e-5), ("bfloat16", 5e-2)])
@pytest.mark.parametrize("symbols", [0, 4, 40])  # none: not embedded; few: multiplied first
def test_gates_equal_their_reference(symbols, dtype, tolerance):
    random = np.random.default_rng(0)
    normal = lambda *shape: random.normal(size=shape).astype(np.float32)
    weights, slopes = (normal(5, 6), normal(6)), (normal(3, 2, 3), normal(3, 2, 3))
    tokens = random.integers(symbols or 1, size=(3, 2))
    source = normal(symbols, 5) if symbols else normal(3, 2, 5)
    embed = {gates.gates: gates.embed, gates.reference: gates.Embedded}
    assert isinstance(gates.embed(normal(4, 5), tokens), gates.Embedded)
    assert not isinstance(gates.embed(normal(40, 5), tokens), gates.Embedded)
    results = []
    for function, embedded in embed.items():

        def run(source, weights, function=function, embedded=embedded):
            x = embedded(source, tokens) if symbols else source
            return function(weights, x, count=2, dtype=jnp.dtype(dtype))

        y, pull_back = jax.vjp(jax.jit(run), source, weights)
        results.append((y, pull_back(slopes)))
    close = lambda a, b: np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
    jax.tree.map(close, *results)


@pytest.mark.parametrize("dtype, tolerance", [("float32", 0), ("bfloat16", 4e-3)])
def test_concatenate_and_split_round_and_are_each_others_derivatives(dtype, tolerance):
    random = np.random.default_rng(0)
    a, b = (random.normal(size=(3, width)).astype(np.float32) for width in (2, 4))
    both, pull_back = jax.vjp(lambda *xs: rounding.concatenate(xs, jnp.dtype(dtype)), a, b)
    np.testing.assert_allclose(both, np.concatenate([a, b], axis=-1), rtol=tolerance)
    slopes = random.normal(size=(3, 6)).astype(np.float32)
    for ours, plain in zip(pull_back(slopes), np.split(slopes, [2], axis=-1), strict=True):
        np.testing.assert_array_equal(ours, plain)
    parts, pull_back = jax.vjp(lambda x: rounding.split(x, 2, jnp.dtype(dtype)), slopes)
    np.testing.assert_array_equal(jnp.stack(parts), np.stack(np.split(slopes, 2, axis=-1)))
    (back,) = pull_back(parts)
    np.testing.assert_allclose(back, slopes, rtol=tolerance)


def test_random_bits_are_as_even_as_those_of_jax_and_know_their_place():
    key, shape = jax.random.key(0), (5, 40, 30)
    for function in (random_bits.random_bits, random_bits.reference):
        bits = np.asarray(function(key, shape))
        assert bits.dtype == np.uint32
        shares = np.unpackbits(bits.view(np.uint8)).reshape(-1, 8).mean(axis=0)
        np.testing.assert_allclose(shares, 0.5, atol=0.01)
        assert np.abs(np.corrcoef(bits.reshape(200, 30).T)[np.triu_indices(30, 1)]).max() < 0.3
        np.testing.assert_array_equal(bits[:, 10:], function(key, (5, 30, 30), 10))
        assert (bits != np.asarray(function(jax.random.key(1), shape))).mean() > 0.99
