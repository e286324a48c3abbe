"""Searches for pronunciations over a step function; knows no model.

`step(state, token_B) -> (state, logits_BxV)` gives the next phoneme's logits; `state` is any tree
of arrays with one row per hypothesis on the first axis. Every search ends: a word has a limit of
phonemes, and what is returned is complete, its probability that of these phonemes and then EOS.

Letters of shapes: B words, K beam, N pronunciations, T phonemes at most, V phoneme inventory.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from g2p_jax.data.symbols import BOS, EOS, PAD, UNK

State = Any
Step = Callable[[State, jax.Array], tuple[State, jax.Array]]


class Hypotheses(NamedTuple):
    """The n best pronunciations of each word, best first."""

    tokens_BxNxT: jax.Array  # without EOS, padded with PAD
    log_prob_BxN: jax.Array  # of the whole pronunciation and its end; -inf: there is none


def log_probs(logits: jax.Array) -> jax.Array:
    """log P(next phoneme); what is no phoneme and no end has none."""
    never = jnp.isin(jnp.arange(logits.shape[-1]), jnp.array([PAD, BOS, UNK]))
    never = jnp.expand_dims(never, tuple(range(logits.ndim - 1)))
    return jax.nn.log_softmax(jnp.where(never, -jnp.inf, logits))


def sample(
    step: Step,
    state: State,
    token_B: jax.Array,
    key: jax.Array,
    length: int,
    temperature: jax.Array | float = 1.0,
    endless: bool = False,
) -> jax.Array:
    """Draws sequences [B, T] of `length` tokens at most, PAD after the end of a shorter one.

    Args:
      token_B: the last token before them.
      temperature: each token is drawn from P^(1 / temperature).
      endless: for text, that has no EOS: all are of this length.
    """

    def body(carry, key):
        state, token_B, done_B = carry
        state, logits_BxV = step(state, token_B)
        log_probs_BxV = log_probs(logits_BxV)
        if endless:
            log_probs_BxV = log_probs_BxV.at[:, EOS].set(-jnp.inf)
        token_B = jax.random.categorical(key, log_probs_BxV / temperature).astype(token_B.dtype)
        done_B |= token_B == EOS
        return (state, token_B, done_B), jnp.where(done_B, PAD, token_B)

    carry = state, token_B, jnp.zeros(token_B.shape, bool)
    return jax.lax.scan(body, carry, jax.random.split(key, length))[1].T


def greedy(
    step: Step, state: State, limit_B: jax.Array, length: int, others: int = 0
) -> Hypotheses:
    """The most probable phoneme after each other, until EOS is the most probable.

    A word whose EOS has not come after `limit_B` phonemes, as when the model repeats itself, is
    cut where ending had the highest probability.

    Args:
      limit_B: the most phonemes each word may have, at most `length`.
      length: T, static.
      others: so many more pronunciations, each with the second best phoneme at one place, those
        first that lose least by it. How probable they are is an estimate, as if no phoneme that
        follows were less probable for it.
    """
    batch = limit_B.shape[0]

    def unfinished(carry):
        t, done_B, *_ = carry
        return (t <= length) & ~jnp.all(done_B)

    def body(carry):
        t, done_B, state, token_B, tokens_BxT, log_prob_B, best_B, end_B, second = carry
        state, logits_BxV = step(state, token_B)
        log_probs_BxV = log_probs(logits_BxV)
        token_B = jnp.argmax(log_probs_BxV, axis=-1).astype(jnp.int32)

        ends_B = log_prob_B + log_probs_BxV[:, EOS]  # the probability of ending here
        chosen_B, full_B = token_B == EOS, t >= limit_B
        better_B = ~done_B & (chosen_B | (ends_B > best_B))
        best_B = jnp.where(better_B, ends_B, best_B)
        end_B = jnp.where(better_B, t, end_B)
        done_B = done_B | chosen_B | full_B

        log_prob_B = log_prob_B + jnp.max(log_probs_BxV, axis=-1)
        written_B = jnp.where(done_B, PAD, token_B)
        tokens_BxT = tokens_BxT.at[:, t].set(written_B, mode="drop")
        if others:
            goes_on_BxV = log_probs_BxV.at[:, EOS].set(-jnp.inf)
            first_B, inventory = jnp.argmax(goes_on_BxV, axis=-1), goes_on_BxV.shape[-1]
            is_first_BxV = jax.nn.one_hot(first_B, inventory, dtype=bool)
            rest_BxV = jnp.where(is_first_BxV, -jnp.inf, goes_on_BxV)  # `top_k` would sort all
            gap_B = jnp.max(rest_BxV, axis=-1) - jnp.max(goes_on_BxV, axis=-1)
            now = jnp.argmax(rest_BxV, axis=-1).astype(jnp.int32), gap_B
            second = jax.tree.map(lambda xs, x: xs.at[:, t].set(x, mode="drop"), second, now)
        return t + 1, done_B, state, token_B, tokens_BxT, log_prob_B, best_B, end_B, second

    second: Any = ()
    if others:  # the second best phoneme at each place, and how much less probable it is
        second = jnp.zeros((batch, length), jnp.int32), jnp.zeros((batch, length))
    carry = (
        jnp.int32(0),
        jnp.zeros(batch, bool),
        state,
        jnp.full(batch, BOS, jnp.int32),
        jnp.full((batch, length), PAD, jnp.int32),
        jnp.zeros(batch),
        jnp.full(batch, -jnp.inf),
        jnp.zeros(batch, jnp.int32),
        second,
    )
    *_, tokens_BxT, _, best_B, end_B, second = jax.lax.while_loop(unfinished, body, carry)
    said_BxT = jnp.arange(length)[None] < end_B[:, None]
    tokens_BxT = jnp.where(said_BxT, tokens_BxT, PAD)
    if not others:
        return Hypotheses(tokens_BxT[:, None], best_B[:, None])
    second_BxT, gap_BxT = second
    gap_BxN, place_BxN = jax.lax.top_k(jnp.where(said_BxT, gap_BxT, -jnp.inf), others)
    changed = jax.nn.one_hot(place_BxN, length, dtype=bool)
    others_BxNxT = jnp.where(changed, second_BxT[:, None], tokens_BxT[:, None])
    tokens_BxNxT = jnp.concatenate([tokens_BxT[:, None], others_BxNxT], axis=1)
    return Hypotheses(tokens_BxNxT, best_B[:, None] + jnp.pad(gap_BxN, ((0, 0), (1, 0))))


def beam(step: Step, state: State, limit_B: jax.Array, length: int, size: int) -> Hypotheses:
    """The `size` most probable pronunciations that a beam of `size` finds.

    Each step extends the K open hypotheses; all their endings compete for the K places of finished
    ones. A word is done when no open hypothesis is as probable as its K-th finished one: going on
    can only make it less probable, so for the beam's hypotheses the order is exact.

    Args:
      state: with B * K rows, those of a word beside each other.
      limit_B: the most phonemes each word may have, at most `length`.
      length: T, static.
    """
    batch = limit_B.shape[0]
    rows_BxK = jnp.arange(batch)[:, None] * size + jnp.arange(size)[None]

    def unfinished(carry):
        t, open_BxK, done_BxK = carry[0], carry[3], carry[5]
        hopeful_B = open_BxK.max(axis=-1) > done_BxK.min(axis=-1)
        return (t <= length) & jnp.any(hopeful_B & (t <= limit_B))

    def body(carry):
        t, state, token_BxK, open_BxK, open_BxKxT, done_BxK, done_BxKxT = carry
        state, logits = step(state, token_BxK.reshape(-1))
        log_probs_BxKxV = log_probs(logits).reshape(batch, size, -1)

        # Ending: the best K of those that have ended before and those that end now.
        within_Bx1 = (t <= limit_B)[:, None]
        ends_BxK = jnp.where(within_Bx1, open_BxK + log_probs_BxKxV[:, :, EOS], -jnp.inf)
        done_BxK, best = jax.lax.top_k(jnp.concatenate([done_BxK, ends_BxK], axis=1), size)
        both = jnp.concatenate([done_BxKxT, open_BxKxT], axis=1)
        done_BxKxT = jnp.take_along_axis(both, best[..., None], axis=1)

        # Going on: the best K extensions, each with its parent's state and past.
        total_BxKxV = (open_BxK[..., None] + log_probs_BxKxV).at[:, :, EOS].set(-jnp.inf)
        inventory = total_BxKxV.shape[-1]
        open_BxK, best = jax.lax.top_k(total_BxKxV.reshape(batch, -1), size)
        parent_BxK, token_BxK = best // inventory, (best % inventory).astype(jnp.int32)
        rows = jnp.take_along_axis(rows_BxK, parent_BxK, axis=1).reshape(-1)
        state = jax.tree.map(lambda s: s[rows], state)
        open_BxKxT = jnp.take_along_axis(open_BxKxT, parent_BxK[..., None], axis=1)
        open_BxKxT = open_BxKxT.at[:, :, t].set(token_BxK, mode="drop")
        return t + 1, state, token_BxK, open_BxK, open_BxKxT, done_BxK, done_BxKxT

    nothing_BxK = jnp.full((batch, size), -jnp.inf)
    nothing_BxKxT = jnp.full((batch, size, length), PAD, jnp.int32)
    carry = (
        jnp.int32(0),
        state,
        jnp.full((batch, size), BOS, jnp.int32),
        nothing_BxK.at[:, 0].set(0.0),  # one empty hypothesis, not K times the same
        nothing_BxKxT,
        nothing_BxK,
        nothing_BxKxT,
    )
    *_, done_BxK, done_BxKxT = jax.lax.while_loop(unfinished, body, carry)
    return Hypotheses(done_BxKxT, done_BxK)
