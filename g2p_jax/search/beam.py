"""Beam search: the most probable pronunciations that K hypotheses at a time can find."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from g2p_jax.data.symbols import BOS, EOS, PAD
from g2p_jax.kernels.active_rows import Rows, room, step_rows
from g2p_jax.search.hypotheses import Hypotheses, State, Step, log_probs


class Beam(NamedTuple):
    """The search after t phonemes. Each word has K hypotheses; pruned ones have log P -inf."""

    t: jax.Array
    states: State
    place_BxK: jax.Array  # row of `states`: the state before the last phoneme
    token_BxK: jax.Array  # the last phoneme
    log_prob_BxK: jax.Array
    tokens_BxKxT: jax.Array
    ended_BxK: jax.Array  # log P of the K best that have ended
    ended_BxKxT: jax.Array


def beam(
    step: Step,
    state: State,
    limit_B: jax.Array,
    length: int,
    width: int,
    prune_threshold: float = math.inf,
    chunk: int = 0,
) -> Hypotheses:
    """Finds the K = `width` most probable pronunciations of each word.

    Each step extends K hypotheses; their endings compete for K places with those that ended before.
    What is not more probable than the K-th ended one is pruned: phonemes only make it less so.

    Args:
      step: with a third argument; see `active_rows`.
      state: with a row for each word, before the first phoneme.
      limit_B: the most phonemes each word may have, at most `length`.
      length: T, static.
      prune_threshold: what is so much less probable than the word's best, in log P, is pruned, too
        (threshold pruning: Freitag and Al-Onaizan 2017, section 3).
      chunk: so many rows are computed at a time, and pruned ones are not; 0: all rows at once.
    """
    rows = len(limit_B) * width
    chunk = math.gcd(chunk, rows) if 0 < chunk < rows else 0
    start = _start(room(state, rows, chunk), len(limit_B), width, length)
    word_BxK = start.place_BxK

    def scored(state, token_R, word_R):
        state, logits_RxV = step(state, token_R, word_R)
        return state, log_probs(logits_RxV)

    def body(now: Beam) -> Beam:
        each = now.place_BxK, now.token_BxK, word_BxK, now.log_prob_BxK > -jnp.inf
        read = Rows(*(x_BxK.reshape(-1) for x_BxK in each))
        states, log_probs_RxV, place_R = step_rows(scored, now.states, read, chunk)
        log_probs_BxKxV = log_probs_RxV.reshape(*word_BxK.shape, -1)
        ended_BxK, ended_BxKxT = _end(now, log_probs_BxKxV[..., EOS])
        log_prob_BxK, parent_BxK, token_BxK = _extend(now, log_probs_BxKxV)
        log_prob_BxK = _prune(log_prob_BxK, ended_BxK, prune_threshold)
        tokens_BxKxT = jnp.take_along_axis(now.tokens_BxKxT, parent_BxK[..., None], axis=1)
        return Beam(
            now.t + 1,
            states,
            jnp.take_along_axis(place_R.reshape(word_BxK.shape), parent_BxK, axis=1),
            token_BxK,
            jnp.where((now.t < limit_B)[:, None], log_prob_BxK, -jnp.inf),
            tokens_BxKxT.at[..., now.t].set(token_BxK, mode="drop"),
            ended_BxK,
            ended_BxKxT,
        )

    end = jax.lax.while_loop(lambda now: jnp.any(now.log_prob_BxK > -jnp.inf), body, start)
    return Hypotheses(end.ended_BxKxT, end.ended_BxK)


def _start(states: State, batch: int, width: int, length: int) -> Beam:
    """Returns the search before the first phoneme: one empty hypothesis for each word."""
    none_BxK = jnp.full((batch, width), -jnp.inf)
    pad_BxKxT = jnp.full((batch, width, length), PAD, jnp.int32)
    return Beam(
        t=jnp.int32(0),
        states=states,
        place_BxK=jnp.broadcast_to(jnp.arange(batch)[:, None], none_BxK.shape),
        token_BxK=jnp.full(none_BxK.shape, BOS, jnp.int32),
        log_prob_BxK=none_BxK.at[:, 0].set(0.0),
        tokens_BxKxT=pad_BxKxT,
        ended_BxK=none_BxK,
        ended_BxKxT=pad_BxKxT,
    )


def _end(now: Beam, log_eos_BxK: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Returns the best K of the hypotheses that ended before and those that end now.

    None ends before its first phoneme.
    """
    log_eos_BxK = jnp.where(now.t > 0, log_eos_BxK, -jnp.inf)
    log_prob_Bx2K = jnp.concatenate([now.ended_BxK, now.log_prob_BxK + log_eos_BxK], axis=1)
    tokens_Bx2KxT = jnp.concatenate([now.ended_BxKxT, now.tokens_BxKxT], axis=1)
    ended_BxK, best_BxK = jax.lax.top_k(log_prob_Bx2K, now.ended_BxK.shape[1])
    return ended_BxK, jnp.take_along_axis(tokens_Bx2KxT, best_BxK[..., None], axis=1)


def _extend(now: Beam, log_probs_BxKxV: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Returns the best K extensions by one phoneme: log P, parent, phoneme."""
    batch, width, inventory = log_probs_BxKxV.shape
    total_BxKxV = (now.log_prob_BxK[..., None] + log_probs_BxKxV).at[..., EOS].set(-jnp.inf)
    log_prob_BxK, best_BxK = jax.lax.top_k(total_BxKxV.reshape(batch, -1), width)
    return log_prob_BxK, best_BxK // inventory, (best_BxK % inventory).astype(jnp.int32)


def _prune(log_prob_BxK: jax.Array, ended_BxK: jax.Array, threshold: float) -> jax.Array:
    """Gives log P -inf to hypotheses that cannot win any more, or are far behind the best."""
    best_B = jnp.maximum(log_prob_BxK.max(axis=-1), ended_BxK.max(axis=-1))
    least_B = jnp.maximum(ended_BxK.min(axis=-1), best_B - threshold)
    return jnp.where(log_prob_BxK > least_B[:, None], log_prob_BxK, -jnp.inf)
