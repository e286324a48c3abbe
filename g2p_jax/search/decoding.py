"""Searches for pronunciations over a step function; knows no model.

`step(state, token_B) -> (state, logits_BxV)` gives the next phoneme's logits; `state` is any tree
of arrays with one row per hypothesis on the first axis. `beam` may ask for some of the rows only:
`step(state, token_R, word_R)` is told of which word each row is. Every search ends: a word has a
limit of phonemes, and what is returned is complete, its probability that of these phonemes and then
EOS.

Letters of shapes: B words, K beam, R rows, N pronunciations, T phonemes at most, V phoneme
inventory.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from g2p_jax.data.symbols import BOS, EOS, PAD, UNK

State = Any
Step = Callable[[State, jax.Array], tuple[State, jax.Array]]
StepOfSome = Callable[..., tuple[State, jax.Array]]  # also with a third argument


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
    step: Step,
    state: State,
    limit_B: jax.Array,
    length: int,
    alternatives: int = 0,
    prune_threshold: float = math.inf,
) -> Hypotheses:
    """The most probable phoneme after each other, until EOS is the most probable.

    A word whose EOS has not come after `limit_B` phonemes, as when the model repeats itself, is
    cut where ending had the highest probability.

    Args:
      limit_B: the most phonemes each word may have, at most `length`.
      length: T, static.
      alternatives: so many more pronunciations, each with the second best phoneme at one place,
        those first that lose least by it. How probable they are is an estimate, as if no phoneme
        that follows were less probable for it.
      prune_threshold: none of them loses more of log P.
    """
    batch = limit_B.shape[0]

    def unfinished(carry):
        t, done_B, *_ = carry
        return (t <= length) & ~jnp.all(done_B)

    def body(carry):
        t, done_B, state, token_B, tokens_BxT, log_prob_B, best_B, end_B, second = carry
        state, logits_BxV = step(state, token_B)
        log_probs_BxV = log_probs(logits_BxV)
        log_p_B, token_B = _largest(log_probs_BxV)

        ends_B = log_prob_B + log_probs_BxV[:, EOS]  # the probability of ending here
        chosen_B, full_B = token_B == EOS, t >= limit_B
        better_B = ~done_B & (chosen_B | (ends_B > best_B))
        best_B = jnp.where(better_B, ends_B, best_B)
        end_B = jnp.where(better_B, t, end_B)
        done_B = done_B | chosen_B | full_B

        log_prob_B = log_prob_B + log_p_B
        written_B = jnp.where(done_B, PAD, token_B)
        tokens_BxT = tokens_BxT.at[:, t].set(written_B, mode="drop")
        if alternatives:
            goes_on_BxV = log_probs_BxV.at[:, EOS].set(-jnp.inf)
            most_B, first_B = _largest(goes_on_BxV)
            is_first_BxV = jax.nn.one_hot(first_B, goes_on_BxV.shape[-1], dtype=bool)
            rest_B, other_B = _largest(jnp.where(is_first_BxV, -jnp.inf, goes_on_BxV))
            now = other_B, rest_B - most_B
            second = jax.tree.map(lambda xs, x: xs.at[:, t].set(x, mode="drop"), second, now)
        return t + 1, done_B, state, token_B, tokens_BxT, log_prob_B, best_B, end_B, second

    second: Any = ()
    if alternatives:  # the second best phoneme at each place, and how much less probable it is
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
    if not alternatives:
        return Hypotheses(tokens_BxT[:, None], best_B[:, None])
    second_BxT, gap_BxT = second
    gap_BxN, place_BxN = jax.lax.top_k(jnp.where(said_BxT, gap_BxT, -jnp.inf), alternatives)
    changed = jax.nn.one_hot(place_BxN, length, dtype=bool)
    gap_BxN = jnp.where(gap_BxN >= -prune_threshold, gap_BxN, -jnp.inf)
    others_BxNxT = jnp.where(changed, second_BxT[:, None], tokens_BxT[:, None])
    tokens_BxNxT = jnp.concatenate([tokens_BxT[:, None], others_BxNxT], axis=1)
    return Hypotheses(tokens_BxNxT, best_B[:, None] + jnp.pad(gap_BxN, ((0, 0), (1, 0))))


def _largest(x_BxV: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The largest of each row, and its place, the first of several.

    On a CPU `argmax` takes several times as long, and `top_k` would sort all.
    """
    most_B, places = jnp.max(x_BxV, axis=-1), jnp.arange(x_BxV.shape[-1], dtype=jnp.int32)
    is_most_BxV = x_BxV == most_B[:, None]
    return most_B, jnp.min(jnp.where(is_most_BxV, places[None], len(places) - 1), axis=-1)


def beam(
    step: StepOfSome,
    state: State,
    limit_B: jax.Array,
    length: int,
    size: int,
    prune_threshold: float = math.inf,
    part: int = 0,
) -> Hypotheses:
    """The `size` most probable pronunciations that a beam of `size` finds.

    Each step extends the K open hypotheses; all their endings compete for the K places of finished
    ones. What is not more probable than the K-th finished one is given up: going on can only make
    it less probable, so for the beam's hypotheses the order is exact.

    Args:
      state: with a row for each word, before the first phoneme.
      limit_B: the most phonemes each word may have, at most `length`.
      length: T, static.
      prune_threshold: given up, too, is what has a log P so far below that of the word's best
        (threshold pruning: Freitag and Al-Onaizan 2017, section 3).
      part: more rows than this are computed so many at a time, and only those that are not given
        up. 0: all at once, where that takes no longer than a few.
    """
    batch = limit_B.shape[0]
    rows = batch * size
    part = math.gcd(part, rows) if 0 < part < rows else 0

    def unfinished(carry):
        open_BxK = carry[4]
        return jnp.any(open_BxK > -jnp.inf)

    def body(carry):
        t, state, parent_R, token_R, open_BxK, open_BxKxT, done_BxK, done_BxKxT = carry
        if part:
            asked = parent_R, token_R, jnp.arange(rows) // size
            open_R = open_BxK.reshape(-1) > -jnp.inf
            first = (t + 1) % 2 * rows
            state, log_probs_RxV, place_R = _step_of_open(step, state, asked, open_R, part, first)
        else:
            state, logits_RxV = step(jax.tree.map(lambda s: s[parent_R], state), token_R)
            log_probs_RxV, place_R = log_probs(logits_RxV), jnp.arange(rows)
        log_probs_BxKxV = log_probs_RxV.reshape(batch, size, -1)

        # Ending: the best K of those that have ended before and those that end now.
        ends_BxK = open_BxK + log_probs_BxKxV[:, :, EOS]
        done_BxK, best = jax.lax.top_k(jnp.concatenate([done_BxK, ends_BxK], axis=1), size)
        both = jnp.concatenate([done_BxKxT, open_BxKxT], axis=1)
        done_BxKxT = jnp.take_along_axis(both, best[..., None], axis=1)

        # Going on: the best K extensions, each with its parent's state and past.
        total_BxKxV = (open_BxK[..., None] + log_probs_BxKxV).at[:, :, EOS].set(-jnp.inf)
        inventory = total_BxKxV.shape[-1]
        open_BxK, best = jax.lax.top_k(total_BxKxV.reshape(batch, -1), size)
        parent_BxK, token_BxK = best // inventory, (best % inventory).astype(jnp.int32)
        parent_R = jnp.take_along_axis(place_R.reshape(batch, size), parent_BxK, axis=1).reshape(-1)
        open_BxKxT = jnp.take_along_axis(open_BxKxT, parent_BxK[..., None], axis=1)
        open_BxKxT = open_BxKxT.at[:, :, t].set(token_BxK, mode="drop")
        token_R = token_BxK.reshape(-1)

        # Given up: what cannot win any more, or has no phonemes left.
        best_B = jnp.maximum(open_BxK.max(axis=-1), done_BxK.max(axis=-1))
        least_B = jnp.maximum(done_BxK.min(axis=-1), best_B - prune_threshold)
        hopeful_BxK = (open_BxK > least_B[:, None]) & (t < limit_B)[:, None]
        open_BxK = jnp.where(hopeful_BxK, open_BxK, -jnp.inf)
        return t + 1, state, parent_R, token_R, open_BxK, open_BxKxT, done_BxK, done_BxKxT

    # With parts, a half of each array is for the states of a step, the other for those before.
    to_come = (2 * rows if part else rows) - batch
    state = jax.tree.map(lambda s: jnp.pad(s, ((0, to_come), *((0, 0),) * (s.ndim - 1))), state)
    nothing_BxK = jnp.full((batch, size), -jnp.inf)
    nothing_BxKxT = jnp.full((batch, size, length), PAD, jnp.int32)
    carry = (
        jnp.int32(0),
        state,
        jnp.arange(rows) // size,
        jnp.full(rows, BOS, jnp.int32),
        nothing_BxK.at[:, 0].set(0.0),  # one empty hypothesis, not K times the same
        nothing_BxKxT,
        nothing_BxK,
        nothing_BxKxT,
    )
    *_, done_BxK, done_BxKxT = jax.lax.while_loop(unfinished, body, carry)
    return Hypotheses(done_BxKxT, done_BxK)


def _step_of_open(
    step: StepOfSome,
    state: State,
    asked: tuple[jax.Array, jax.Array, jax.Array],
    open_R: jax.Array,
    part: int,
    first: jax.Array,
) -> tuple[State, jax.Array, jax.Array]:
    """One step of the open rows, `part` rows at a time.

    Args:
      state: twice as many as there are rows.
      asked: of each row the place of its state, its token and its word, [R].
      part: divides R.
      first: the place of the first new state; what is there is not read any more.

    Returns:
      The states, log P(next phoneme) [R, V], and the place of each row's state.
    """
    # The open ones first, in their order; to sort takes longer.
    before_R = jnp.cumsum(open_R)
    closed_R = before_R[-1] + jnp.arange(len(open_R)) - before_R
    place_R = jnp.where(open_R, before_R - 1, closed_R)
    order_R = jnp.zeros_like(place_R).at[place_R].set(jnp.arange(len(place_R)))

    def of(state, rows):
        parent, token, word = (x[rows] for x in asked)
        state_of, logits = step(jax.tree.map(lambda s: s[parent], state), token, word)
        return state_of, log_probs(logits)

    def add(number, found):
        state, log_probs_RxV = found
        start = number * part
        new, some = of(state, jax.lax.dynamic_slice_in_dim(order_R, start, part))
        write = lambda xs, x, to: jax.lax.dynamic_update_slice_in_dim(xs, x, to, axis=0)
        state = jax.tree.map(lambda xs, x: write(xs, x, first + start), state, new)
        return state, write(log_probs_RxV, some, start)

    inventory = jax.eval_shape(of, state, order_R[:part])[1].shape[-1]
    found = state, jnp.zeros((len(order_R), inventory))
    parts = -(-jnp.sum(open_R) // part)
    state, log_probs_RxV = jax.lax.fori_loop(0, parts, add, found)
    return state, log_probs_RxV[place_R], first + place_R
