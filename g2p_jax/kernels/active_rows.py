"""One step of a beam search, computed for its active hypotheses only.

Pruning leaves few of a beam's R rows active, but arrays keep their shape. On a CPU the time of a
step grows with its rows; so they are computed a chunk at a time, the active ones first, until none
is left. On an accelerator all rows at once take no longer.

`step(state_R, token_R, word_R) -> (state_R, output_RxV)` knows from word_R which word each row
belongs to; None: all rows, in order.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

States = Any  # a tree of arrays with a state in each row
Stepped = tuple[States, jax.Array, jax.Array]


class Rows(NamedTuple):
    """The hypotheses of a step."""

    place_R: jax.Array  # row of the states that each continues
    token_R: jax.Array  # what it reads
    word_R: jax.Array  # the word that it belongs to
    active_R: jax.Array  # False: pruned


def reference(step: Callable, states: States, rows: Rows) -> Stepped:
    """Returns the new states, outputs [R, V], and the place of each row's new state."""
    state = jax.tree.map(lambda s: s[rows.place_R], states)
    return *step(state, rows.token_R, None), jnp.arange(len(rows.token_R))


def room(states: States, rows: int, chunk: int) -> States:
    """Enlarges the first states to the size that `step_rows` needs.

    With chunks they get twice as many rows: a step reads one half and writes the other.
    """
    size = 2 * rows if chunk else rows
    pad = lambda s: jnp.pad(s, ((0, size - len(s)), *((0, 0),) * (s.ndim - 1)))
    return jax.tree.map(pad, states)


def step_rows(step: Callable, states: States, rows: Rows, chunk: int) -> Stepped:
    """Does the same as `reference` for active rows; for others the results mean nothing.

    chunk: rows that are computed at a time, a divisor of R; 0: all, active or not.
    """
    if not chunk:
        return reference(step, states, rows)
    count = len(rows.token_R)
    free = jnp.where(rows.place_R[0] < count, count, 0)  # the half that no row reads from
    # Active rows come first, each kind in its order. To sort would take longer.
    active_R = jnp.cumsum(rows.active_R)
    inactive_R = active_R[-1] + jnp.arange(count) - active_R
    rank_R = jnp.where(rows.active_R, active_R - 1, inactive_R)
    order_R = jnp.zeros_like(rank_R).at[rank_R].set(jnp.arange(count))

    def compute(states, chosen_C):
        place_C, token_C, word_C, _ = (x[chosen_C] for x in rows)
        return step(jax.tree.map(lambda s: s[place_C], states), token_C, word_C)

    def add_chunk(number, carry):
        states, output_RxV = carry
        start = number * chunk
        new, output_CxV = compute(states, jax.lax.dynamic_slice_in_dim(order_R, start, chunk))
        write = lambda xs, x, at: jax.lax.dynamic_update_slice_in_dim(xs, x, at, axis=0)
        states = jax.tree.map(lambda xs, x: write(xs, x, free + start), states, new)
        return states, write(output_RxV, output_CxV, start)

    inventory = jax.eval_shape(compute, states, order_R[:chunk])[1].shape[-1]
    chunks = -(-jnp.sum(rows.active_R) // chunk)
    carry = states, jnp.zeros((count, inventory))
    states, output_RxV = jax.lax.fori_loop(0, chunks, add_chunk, carry)
    return states, output_RxV[rank_R], free + rank_R
