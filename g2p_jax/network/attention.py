"""Attention: which letters matter. Pure functions of arrays.

Queries are [..., R, A]: R rows, of which each word has K next to each other (in training one, in a
search the hypotheses of a beam), for any leading axes such as time. A row meets the letters of its
own word only, so rows are seen as [B, K] inside.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from g2p_jax.kernels.scan import shared

TINY = 1e-18  # added to probabilities, against 0 / 0 and log 0; its square is no zero
ACTIVATIONS = {"tanh": jnp.tanh, "relu": jax.nn.relu}


class Keys(NamedTuple):
    """Keys of the letters, with which queries are compared."""

    keys_BxSxA: Any  # None: no attention
    bias_BxS: Any  # of dot scores, else None
    mask_BxS: jax.Array


def dot_scores(keys: Keys, query_RxA: jax.Array) -> jax.Array:
    """score(q, k) = q . k + bias_k, [..., R, S]   (Luong et al. 2015, eq. 8)."""
    query_BxKxA = _by_word(query_RxA, keys.mask_BxS.shape[0])
    scores_BxKxS = jnp.einsum("...bka,bsa->...bks", query_BxKxA, keys.keys_BxSxA)
    return _by_row(scores_BxKxS + _like(scores_BxKxS, keys.bias_BxS[:, None]))


def additive_scores(
    keys: Keys, query_RxA: jax.Array, v_A: jax.Array, activation: str = "tanh"
) -> jax.Array:
    """score(q, k) = v . tanh(q + k), [..., R, S]   (Bahdanau et al. 2014, appendix A.1.2).

    activation: "tanh" or "relu".
    """
    query_BxKx1xA = _by_word(query_RxA, keys.mask_BxS.shape[0])[..., None, :]
    sum_BxKxSxA = query_BxKx1xA + _like(query_BxKx1xA, keys.keys_BxSxA[:, None])
    return _by_row(jnp.einsum("...bksa,a->...bks", ACTIVATIONS[activation](sum_BxKxSxA), v_A))


def softmax(scores_RxS: jax.Array, mask_BxS: jax.Array) -> jax.Array:
    """Weights of the real letters, [..., R, S]; zeros for a word that has none, never NaN."""
    scores_BxKxS = _by_word(scores_RxS, mask_BxS.shape[0])
    real_BxKxS = _like(scores_BxKxS, mask_BxS[:, None])
    return _by_row(jax.nn.softmax(scores_BxKxS, axis=-1, where=real_BxKxS))


@shared
def dot(keys: Keys, query_RxA: jax.Array) -> jax.Array:
    """Attention weights [..., R, S] of dot scores."""
    return softmax(dot_scores(keys, query_RxA), keys.mask_BxS)


@shared
def additive(keys: tuple[Keys, jax.Array], query_RxA: jax.Array, activation: str) -> jax.Array:
    """Attention weights [..., R, S] of additive scores; keys: and the vector v."""
    scores_RxS = additive_scores(keys[0], query_RxA, keys[1], activation)
    return softmax(scores_RxS, keys[0].mask_BxS)


@shared
def context(values_BxSxE: jax.Array, weights_RxS: jax.Array) -> jax.Array:
    """c = sum_s alpha_s m_s, [..., R, E]."""
    weights_BxKxS = _by_word(weights_RxS, values_BxSxE.shape[0])
    return _by_row(jnp.einsum("...bks,bse->...bke", weights_BxKxS, values_BxSxE))


def transitions(
    scores_RxS: jax.Array, jump_J: jax.Array, mask_BxS: jax.Array, place_RxL: jax.Array
) -> jax.Array:
    """P(from letter r to letter s) = softmax_(s >= r) (score(s) + jump(s - r)), [..., R, L, S].

    Letters further apart than there are jumps count as the last of them. Zeros, never NaN, from a
    letter that has no other after it.

    place_RxL: the letters r.
    """
    scores_RxLxS, place_RxLx1 = scores_RxS[..., None, :], place_RxL[..., None]
    apart_RxLxS = _like(place_RxLx1, jnp.arange(scores_RxS.shape[-1])) - place_RxLx1
    rows = scores_RxS.shape[-2] // mask_BxS.shape[0]
    mask_Rx1xS = jnp.repeat(mask_BxS, rows, axis=0)[:, None]
    onward_RxLxS = (apart_RxLxS >= 0) & _like(apart_RxLxS, mask_Rx1xS)
    bias_RxLxS = jump_J[jnp.clip(apart_RxLxS, 0, len(jump_J) - 1)]
    return jax.nn.softmax(scores_RxLxS + bias_RxLxS, where=onward_RxLxS)


def forward(before_RxL: jax.Array, transitions_RxLxS: jax.Array) -> jax.Array:
    """P(at letter s) one transition after a letter of these weights, [..., R, S].

    One step of the forward algorithm (Rabiner 1989, eq. 20), scaled so that the sum is one.
    """
    before_RxL = before_RxL + TINY
    before_RxL /= jnp.sum(before_RxL, axis=-1, keepdims=True)
    return jnp.einsum("...l,...ls->...s", before_RxL, transitions_RxLxS)


def _by_word(x_RxA: jax.Array, words: int) -> jax.Array:
    """[..., R, A] -> [..., B, K, A], the K rows of each word."""
    *leading, rows, width = x_RxA.shape
    return x_RxA.reshape(*leading, words, rows // words, width)


def _by_row(x_BxKxA: jax.Array) -> jax.Array:
    """[..., B, K, A] -> [..., R, A]."""
    *leading, words, rows, width = x_BxKxA.shape
    return x_BxKxA.reshape(*leading, words * rows, width)


def _like(queries: jax.Array, memory: jax.Array) -> jax.Array:
    """The memory's array with as many axes as the queries'."""
    return jnp.expand_dims(memory, tuple(range(queries.ndim - memory.ndim)))
