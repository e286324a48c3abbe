"""Attention: where in the word to look. Pure functions of arrays.

Letters of shapes: B words, Q queries to each of them, S letters, A attention units, E width of the
memory. The queries are those of one decoder step, of several hypotheses, or of all steps at once.
Words come first, so that every word is a matrix product of its own.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp


def dot_scores(query_BxQxA: jax.Array, keys_BxSxA: jax.Array) -> jax.Array:
    """score(q, k) = q . k / sqrt(A)   (Luong et al. 2015, eq. 8; scaled: Vaswani et al. 2017).

    Returns scores [B, Q, S].
    """
    scale = keys_BxSxA.shape[-1] ** -0.5
    return jnp.einsum("bqa,bsa->bqs", query_BxQxA * scale, keys_BxSxA)


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


NEVER = -1e9  # a log probability that is finite, as derivatives want it


def monotonic(scores_BxQxS: jax.Array, jump_J: jax.Array, mask_BxS: jax.Array) -> jax.Array:
    """log P(from letter r to letter s) = log softmax_(s >= r) (score(s) + jump(s - r)).

    Returns [B, Q, R, S]; letters further apart than the jumps go count as the last of them.
    """
    letters = scores_BxQxS.shape[-1]
    apart_RxS = jnp.arange(letters)[None] - jnp.arange(letters)[:, None]
    allowed = (apart_RxS >= 0)[None, None] & mask_BxS[:, None, None]
    bias_RxS = jump_J[jnp.clip(apart_RxS, 0, len(jump_J) - 1)]
    scores = jnp.where(allowed, scores_BxQxS[:, :, None] + bias_RxS[None, None], NEVER)
    return jnp.where(allowed, jax.nn.log_softmax(scores), NEVER)


def moved(was_BxS: jax.Array, moves_BxRxS: jax.Array) -> jax.Array:
    """log P(at letter s) one move after a letter with these log weights, [B, S].

    One step of the forward algorithm (Rabiner 1989, eq. 20), after which probabilities sum to one.
    """
    was_BxS = was_BxS - jax.nn.logsumexp(was_BxS, axis=-1, keepdims=True)
    return jax.nn.logsumexp(was_BxS[:, :, None] + moves_BxRxS, axis=1)
