"""Attention: where in the word to look. Pure functions of arrays.

Letters of shapes: B words, Q queries to each of them, S letters, R some of them, A attention units,
E width of the memory. The queries are those of one decoder step, of several hypotheses, or of all
steps at once. Words come first, so that every word is a matrix product of its own.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

TINY = 1e-18  # keeps what is impossible from being a division by zero; its square is no zero


def dot_scores(query_BxQxA: jax.Array, keys_BxSxA: jax.Array) -> jax.Array:
    """score(q, k) = q . k / sqrt(A)   (Luong et al. 2015, eq. 8; scaled: Vaswani et al. 2017).

    Returns scores [B, Q, S].
    """
    scale = keys_BxSxA.shape[-1] ** -0.5
    return products(query_BxQxA * scale, keys_BxSxA)


def products(query_BxQxA: jax.Array, keys_BxSxA: jax.Array) -> jax.Array:
    """Of each query and each letter, [B, Q, S]."""
    return jnp.einsum("bqa,bsa->bqs", query_BxQxA, keys_BxSxA)


def additive_scores(
    query_BxQxA: jax.Array,
    keys_BxSxA: jax.Array,
    v_A: jax.Array,
    activation: Callable[[jax.Array], jax.Array] = jnp.tanh,
) -> jax.Array:
    """score(q, k) = v . tanh(q + k)   (Bahdanau et al. 2014, appendix A.1.2).

    Returns scores [B, Q, S].
    """
    both_BxQxSxA = query_BxQxA[:, :, None] + keys_BxSxA[:, None]
    return jnp.einsum("bqsa,a->bqs", activation(both_BxQxSxA), v_A)


def attend(scores_BxQxS: jax.Array, mask_BxS: jax.Array) -> jax.Array:
    """Softmax over the real letters, [B, Q, S]; zeros for a word that has none, never NaN."""
    return jax.nn.softmax(scores_BxQxS, axis=-1, where=mask_BxS[:, None])


def context(weights_BxQxS: jax.Array, values_BxSxE: jax.Array) -> jax.Array:
    """The mean of the memory under the attention weights, [B, Q, E]."""
    return jnp.einsum("bqs,bse->bqe", weights_BxQxS, values_BxSxE)


def monotonic(
    scores_BxQxS: jax.Array, jump_J: jax.Array, mask_BxS: jax.Array, place_BxQxR: jax.Array
) -> jax.Array:
    """P(from letter r to letter s) = softmax_(s >= r) (score(s) + jump(s - r)), [B, Q, R, S].

    Letters further apart than there are jumps count as the last of them. Zeros, never NaN, from a
    letter that has no other after it.

    Args:
      place_BxQxR: the letters r; axes may have the size one.
    """
    apart_BxQxRxS = jnp.arange(scores_BxQxS.shape[-1])[None, None, None] - place_BxQxR[..., None]
    onward = (apart_BxQxRxS >= 0) & mask_BxS[:, None, None]
    bias_BxQxRxS = jump_J[jnp.clip(apart_BxQxRxS, 0, len(jump_J) - 1)]
    return jax.nn.softmax(scores_BxQxS[:, :, None] + bias_BxQxRxS, where=onward)


def moved(was_BxR: jax.Array, moves_BxRxS: jax.Array) -> jax.Array:
    """P(at letter s) one move after a letter of these weights, [B, S].

    One step of the forward algorithm (Rabiner 1989, eq. 20), scaled so that the sum is one.
    """
    was_BxR = was_BxR + TINY
    was_BxR /= jnp.sum(was_BxR, axis=-1, keepdims=True)
    return jnp.einsum("br,brs->bs", was_BxR, moves_BxRxS)
