"""Arrays that are moved in bfloat16: half the bytes, where moving takes longer than computing."""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def to_bfloat16(x: jax.Array) -> jax.Array:
    """Rounds a float32 array to bfloat16; on a CPU it returns integers of the same 16 bits.

    XLA's CPU backend knows bfloat16 in matrix products only, and elsewhere, even where an array is
    merely moved, goes by way of float32: a loop that leaves such arrays behind takes three times
    as long as with these integers (jax 0.10). The rounding is that of `astype`: to the nearest,
    ties to even.
    """
    if jax.default_backend() != "cpu":
        return x.astype(jnp.bfloat16)
    bits = jax.lax.bitcast_convert_type(x, jnp.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(jnp.uint16)


def to_float32(x: jax.Array) -> jax.Array:
    """Returns what `to_bfloat16` made, in float32."""
    if x.dtype == jnp.bfloat16:
        return x.astype(jnp.float32)
    return jax.lax.bitcast_convert_type(x.astype(jnp.uint32) << 16, jnp.float32)


def concatenate(xs: Sequence[jax.Array], dtype: Any) -> jax.Array:
    """Concatenates along the last axis. Numbers are rounded to `dtype`; derivatives are not."""
    if dtype != jnp.bfloat16:
        return jnp.concatenate(xs, axis=-1)
    return _rounded(tuple(x.shape[-1] for x in xs), tuple(xs))


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _rounded(widths, xs):
    return to_float32(jnp.concatenate([to_bfloat16(x) for x in xs], axis=-1))


_rounded.defvjp(
    lambda widths, xs: (_rounded(widths, xs), None),
    lambda widths, _, dy: (tuple(jnp.split(dy, np.cumsum(widths)[:-1], axis=-1)),),
)


@functools.partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def split(x: jax.Array, count: int, dtype: Any) -> tuple[jax.Array, ...]:
    """Splits the last axis into `count` arrays. Derivatives are rounded to `dtype`."""
    return tuple(jnp.split(x, count, axis=-1))


split.defvjp(
    lambda x, count, dtype: (split(x, count, dtype), None),
    lambda count, dtype, _, dys: (concatenate(dys, dtype),),
)
