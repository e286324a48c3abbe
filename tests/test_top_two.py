"""The two largest by reductions against `top_k`."""

import jax.numpy as jnp
import numpy as np
import pytest

from g2p_jax.kernels.top_two import reference, top_two


@pytest.mark.parametrize("seed", range(5))
def test_two_largest_are_those_of_a_sort(seed):
    """With ties, which the first index wins, and with impossible elements."""
    x = np.random.default_rng(seed).integers(-3, 3, (50, 7)).astype(np.float32)
    x[:, 2], x[::5, :3], x[1] = -np.inf, -np.inf, 0.0
    for ours, theirs in zip(top_two(jnp.asarray(x)), reference(jnp.asarray(x)), strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)
