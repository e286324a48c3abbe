"""Attention: where in the word to look. Pure functions of arrays.

Letters of shapes: T phonemes, S letters, B words, A attention units, E width of the memory. Queries
have shape [..., B, A]: those of one decoder step, or with a leading T those of all steps at once.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp


def dot_scores(query: jax.Array, keys_SxBxA: jax.Array) -> jax.Array:
    """score(q, k) = q . k / sqrt(A)   (Luong et al. 2015, eq. 8; scaled: Vaswani et al. 2017).

    Returns scores of shape [..., B, S].
    """
    scale = keys_SxBxA.shape[-1] ** -0.5
    return jnp.einsum("...ba,sba->...bs", query * scale, keys_SxBxA)


def additive_scores(
    query: jax.Array,
    keys_SxBxA: jax.Array,
    v_A: jax.Array,
    activation: Callable[[jax.Array], jax.Array] = jnp.tanh,
) -> jax.Array:
    """score(q, k) = v . tanh(q + k)   (Bahdanau et al. 2014, appendix A.1.2).

    Returns scores of shape [..., B, S].
    """
    keys_BxSxA = keys_SxBxA.swapaxes(0, 1)
    keys = jnp.expand_dims(keys_BxSxA, tuple(range(query.ndim - 2)))
    return jnp.einsum("...a,a->...", activation(query[..., None, :] + keys), v_A)


def attend(scores: jax.Array, mask_SxB: jax.Array) -> jax.Array:
    """Softmax over the real letters, [..., B, S]; zeros for a word that has none, never NaN."""
    mask = jnp.expand_dims(mask_SxB.T, tuple(range(scores.ndim - 2)))
    return jax.nn.softmax(scores, axis=-1, where=mask)


def context(weights: jax.Array, values_SxBxE: jax.Array) -> jax.Array:
    """The mean of the memory under the attention weights, [..., B, E]."""
    return jnp.einsum("...bs,sbe->...be", weights, values_SxBxE)
