"""Data parallelism: the same step on one device or many.

The state has no device axis: it enters and leaves a step whole (`in_axes=None, out_axes=None`), so
a checkpoint is the same on any number of devices. Each device takes its rows of the batch, and sums
of loss, count and gradient are added over devices before the one division.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

AXIS = "data"
Tree = Any


def data_parallel(
    local_step: Callable[..., Tree], devices: Sequence[jax.Device], **kwargs: Any
) -> Callable[..., Tree]:
    """`local_step(state, batch)`, which sums over AXIS, as one program on all devices."""
    return jax.pmap(
        local_step,
        axis_name=AXIS,
        in_axes=(None, 0),
        out_axes=None,
        devices=devices,
        **kwargs,
    )


def shard(batch: Tree, devices: int) -> Tree:
    """Rows [B, ...] -> [devices, B / devices, ...]."""
    return jax.tree.map(lambda x: np.reshape(x, (devices, -1, *x.shape[1:])), batch)


def sum_over_devices(tree: Tree) -> Tree:
    return jax.lax.psum(tree, AXIS)
