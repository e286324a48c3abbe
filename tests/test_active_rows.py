"""Chunks of active rows against all rows at once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from g2p_jax.kernels.active_rows import Rows, reference, room, step_rows

WORDS, WIDTH, ROWS = 4, 3, 12


def step(state, token_R, word_R=None):
    """Depends on all that a row has; counts how often it is computed."""
    if word_R is None:
        word_R = jnp.repeat(jnp.arange(WORDS), WIDTH)
    new = {"sum": state["sum"] * 2 + token_R, "count": state["count"] + 1}
    return new, jnp.stack([new["sum"], word_R, token_R], axis=1).astype(jnp.float32)


@pytest.mark.parametrize("chunk", [1, 2, 4, 6, 12])
@pytest.mark.parametrize("seed", range(3))
def test_chunks_of_active_rows_equal_all_rows(seed, chunk):
    """In steps after one another: each reads the states that the one before has written."""
    random = np.random.default_rng(seed)
    first = {"sum": jnp.arange(WORDS) + 10, "count": jnp.zeros(WORDS, jnp.int32)}
    ours, plain = room(first, ROWS, chunk), room(first, ROWS, 0)
    word_R = jnp.arange(ROWS) // WIDTH
    our_place_R = plain_place_R = word_R
    for share in (1.0, 0.6, 0.3, 0.1, 0.0):
        token_R, active_R = random.integers(0, 9, ROWS), random.random(ROWS) < share
        rows = Rows(our_place_R, token_R, word_R, jnp.asarray(active_R))
        run = jax.jit(lambda states, rows: step_rows(step, states, rows, chunk))
        ours, our_output, our_place_R = run(ours, rows)
        plain, output, plain_place_R = reference(step, plain, rows._replace(place_R=plain_place_R))
        np.testing.assert_array_equal(our_output[active_R], output[active_R])
        for name in plain:
            new, wanted = ours[name][our_place_R], plain[name][plain_place_R]
            np.testing.assert_array_equal(new[active_R], wanted[active_R])
        # A parent may have several children, and must have been active.
        parent_R = random.choice(np.flatnonzero(active_R) if active_R.any() else ROWS, ROWS)
        our_place_R, plain_place_R = our_place_R[parent_R], plain_place_R[parent_R]
