"""The products x W + b of a cell, an array for each gate: a loop reads them faster than slices.

Embedded tokens come as their table: it is multiplied once, and the products of each token are
looked up. A few dozen symbols take fewer products than the letters of a batch.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp

from g2p_jax.kernels.matmul import Weights, affine, product
from g2p_jax.kernels.rounding import split
from g2p_jax.kernels.scan import shared


class Embedded(NamedTuple):
    """Tokens, and the table in which `gates` will look them up."""

    table_VxI: jax.Array
    tokens: jax.Array


def reference(
    weights: Weights, x: jax.Array | Embedded, count: int, dtype: jnp.dtype
) -> tuple[jax.Array, ...]:
    """x W + b, where x may be embedded tokens, split into `count` arrays."""
    if isinstance(x, Embedded):
        x = jnp.take(x.table_VxI, x.tokens, axis=0)
    return tuple(jnp.split(affine(weights, x, dtype), count, axis=-1))


def embed(table_VxI: jax.Array, tokens: jax.Array) -> jax.Array | Embedded:
    """The tokens' vectors [..., I], or what `gates` takes for them."""
    symbols, width = table_VxI.shape
    many = not isinstance(tokens.size, int) or symbols <= tokens.size  # an open size is many
    if many and symbols <= 2 * width:  # else one-hot products would take longer
        return Embedded(table_VxI, tokens)
    return jnp.take(table_VxI, tokens, axis=0)


@shared
def gates(
    weights: Weights, x: jax.Array | Embedded, count: int, dtype: jnp.dtype
) -> tuple[jax.Array, ...]:
    """Returns x W + b, an array for each gate."""
    if not isinstance(x, Embedded):
        return split(affine(weights, x, dtype), count, dtype)
    tables = split(affine(weights, x.table_VxI, dtype), count, dtype)
    return tuple(_look_up(table, x.tokens, dtype) for table in tables)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _look_up(table_VxI: jax.Array, tokens: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """The table's rows of the tokens [...]: [..., I].

    Its derivative adds rows up by a matmul with operands in `dtype`, as one-hot rows times dy:
    for the few symbols of an alphabet that is faster than to add one row after the other.
    """
    return jnp.take(table_VxI, tokens, axis=0, mode="clip")


def _look_up_forward(table_VxI, tokens, dtype):
    return _look_up(table_VxI, tokens, dtype), (tokens, len(table_VxI))


def _look_up_backward(dtype, residuals, dy):
    tokens, rows = residuals
    leading = tuple(range(tokens.ndim))
    one_hot = jax.nn.one_hot(tokens, rows, dtype=dtype)
    return product(one_hot, dy, (leading, leading), dtype), None


_look_up.defvjp(_look_up_forward, _look_up_backward)
