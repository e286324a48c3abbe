"""Greedy search: always the most probable next phoneme."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from g2p_jax.data.symbols import BOS, EOS, PAD
from g2p_jax.kernels.top_two import top_two
from g2p_jax.search.hypotheses import Hypotheses, State, Step, log_probs


class Greedy(NamedTuple):
    """The search after t phonemes."""

    t: jax.Array
    state: State
    token_B: jax.Array  # the last phoneme
    tokens_BxT: jax.Array
    log_prob_B: jax.Array  # of the phonemes so far
    done_B: jax.Array
    end_B: jax.Array  # how many phonemes come before the best end so far
    ended_B: jax.Array  # log P of the pronunciation that ends there
    second_BxT: jax.Array  # the second best phoneme at each place
    gain_BxT: jax.Array  # its log P minus that of the best, at most 0


def greedy(
    step: Step,
    state: State,
    limit_B: jax.Array,
    length: int,
    alternatives: int = 0,
    prune_threshold: float = math.inf,
) -> Hypotheses:
    """Takes the most probable phoneme at each step, until that is EOS.

    A word whose EOS has not come after `limit_B` phonemes, as when the model repeats itself, is
    cut where ending had the highest probability.

    Args:
      limit_B: the most phonemes each word may have, at most `length`.
      length: T, static.
      alternatives: how many more pronunciations to return; see `_alternatives`.
      prune_threshold: the most log P that an alternative may lose.
    """

    def body(now: Greedy) -> Greedy:
        state, logits_BxV = step(now.state, now.token_B)
        log_probs_BxV = log_probs(logits_BxV)
        eos_B = jnp.where(now.t > 0, log_probs_BxV[:, EOS], -jnp.inf)  # no word is silent
        best_Bx2, token_Bx2 = top_two(log_probs_BxV.at[:, EOS].set(-jnp.inf))
        chosen_B, ended_B = eos_B >= best_Bx2[:, 0], now.log_prob_B + eos_B
        better_B = ~now.done_B & (chosen_B | (ended_B > now.ended_B))
        write = lambda x_BxT, x_B: x_BxT.at[:, now.t].set(x_B, mode="drop")
        return Greedy(
            now.t + 1,
            state,
            token_Bx2[:, 0],
            write(now.tokens_BxT, token_Bx2[:, 0]),
            now.log_prob_B + best_Bx2[:, 0],
            now.done_B | chosen_B | (now.t >= limit_B),
            jnp.where(better_B, now.t, now.end_B),
            jnp.where(better_B, ended_B, now.ended_B),
            write(now.second_BxT, token_Bx2[:, 1]),
            write(now.gain_BxT, best_Bx2[:, 1] - best_Bx2[:, 0]),
        )

    start = _start(state, limit_B.shape[0], length)
    end = jax.lax.while_loop(lambda now: ~jnp.all(now.done_B), body, start)
    real_BxT = jnp.arange(length)[None] < end.end_B[:, None]
    tokens_BxT = jnp.where(real_BxT, end.tokens_BxT, PAD)
    best = Hypotheses(tokens_BxT[:, None], end.ended_B[:, None])
    gain_BxT = jnp.where(real_BxT & (end.gain_BxT >= -prune_threshold), end.gain_BxT, -jnp.inf)
    return _alternatives(best, end.second_BxT, gain_BxT, alternatives) if alternatives else best


def _start(state: State, batch: int, length: int) -> Greedy:
    """Returns the search before the first phoneme."""
    zeros_B, pad_BxT = jnp.zeros(batch), jnp.full((batch, length), PAD, jnp.int32)
    return Greedy(
        t=jnp.int32(0),
        state=state,
        token_B=jnp.full(batch, BOS, jnp.int32),
        tokens_BxT=pad_BxT,
        log_prob_B=zeros_B,
        done_B=jnp.zeros(batch, bool),
        end_B=jnp.zeros(batch, jnp.int32),
        ended_B=zeros_B - jnp.inf,
        second_BxT=pad_BxT,
        gain_BxT=jnp.zeros(pad_BxT.shape),
    )


def _alternatives(
    best: Hypotheses, second_BxT: jax.Array, gain_BxT: jax.Array, count: int
) -> Hypotheses:
    """Adds `count` pronunciations, each with the second best phoneme at one place.

    Those that lose least come first. How probable they are is an estimate, as if no phoneme that
    follows were less probable for it.
    """
    gain_BxN, place_BxN = jax.lax.top_k(gain_BxT, count)
    changed_BxNxT = jax.nn.one_hot(place_BxN, gain_BxT.shape[1], dtype=bool)
    tokens_BxNxT = jnp.where(changed_BxNxT, second_BxT[:, None], best.tokens_BxNxT)
    return Hypotheses(
        jnp.concatenate([best.tokens_BxNxT, tokens_BxNxT], axis=1),
        best.log_prob_BxN + jnp.pad(gain_BxN, ((0, 0), (1, 0))),
    )
