"""Data parallelism: the same step on one device or many.

The state has no device axis: it enters and leaves a step whole (`in_axes=None, out_axes=None`), so
a checkpoint is the same on any number of devices. Each device takes its rows of the batch, and sums
of loss, count and gradient are added over devices before the one division.

The devices may belong to several processes (`hosts`): each gives the rows of its own devices, and
gets the state as its own.
"""

import functools
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from g2p_jax.devices.programs import CachedProgram
from g2p_jax.errors import UserError

AXIS = "devices"
Tree = Any


def all_devices() -> list[jax.Device]:
    """Those of all processes, each one's together: rows are shared out in this order.

    UserError unless all processes have as many.
    """
    devices = sorted(jax.devices(), key=lambda device: (device.process_index, device.id))
    counts = Counter(device.process_index for device in devices).values()
    if len(set(counts)) > 1:
        found = ", ".join(map(str, counts))
        raise UserError(
            f"the processes have {found} devices: must be as many each; on CPUs set "
            "JAX_NUM_CPU_DEVICES to one number on all hosts"
        )
    return devices


def data_parallel(
    local_step: Callable[..., Tree],
    devices: Sequence[jax.Device],
    state_axes: Tree = None,
    **kwargs: Any,
) -> CachedProgram:
    """`state, sums = local_step(state, batch)`, summed over AXIS, as one program on all devices.

    state_axes: 0 for parts of the state of which each device has its own, like the batch: rows of
      a text, or an ensemble's members.
    """
    transform = functools.partial(
        jax.pmap,
        axis_name=AXIS,
        in_axes=(state_axes, 0),
        out_axes=(state_axes, None),
        devices=devices,
        **kwargs,
    )
    return CachedProgram(local_step, transform=transform)


def map_rows(
    function: Callable[..., Tree], devices: Sequence[jax.Device], *key: Any
) -> CachedProgram:
    """`function(state, rows)` of each device's rows [devices, rows, ...]; results alike.

    key: all that the function depends on besides its arguments; see `CachedProgram`.
    """

    def local(state: Tree, rows: Tree) -> Tree:
        result = function(state, jax.tree.map(lambda x: x[0], rows))
        return jax.tree.map(lambda x: x[None], result)

    key = len(devices), *key
    if len(devices) == 1:  # less to compile
        return CachedProgram(local, key)
    mesh = jax.sharding.Mesh(np.array(devices), (AXIS,))
    replicated, sharded = jax.sharding.PartitionSpec(), jax.sharding.PartitionSpec(AXIS)
    on_all = jax.shard_map(
        local, mesh=mesh, in_specs=(replicated, sharded), out_specs=sharded, check_vma=False
    )
    shardings = tuple(jax.sharding.NamedSharding(mesh, spec) for spec in (replicated, sharded))
    return CachedProgram(on_all, key, functools.partial(jax.jit, in_shardings=shardings))


def replicate(tree: Tree, devices: Sequence[jax.Device]) -> Tree:
    """The state as a step returns it, so that the first step need not be compiled twice."""
    mesh = jax.sharding.Mesh(np.array(devices), (AXIS,))
    return jax.device_put(tree, jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec()))


def spread(tree: Tree, devices: Sequence[jax.Device]) -> Tree:
    """Arrays [members, ...] as [devices, members / devices, ...], each device's part on it."""
    mesh = jax.sharding.Mesh(np.array(devices), (AXIS,))
    there = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(AXIS))
    return jax.device_put(shard(tree, len(devices)), there)


def shard(batch: Tree, devices: int, axis: int = 0) -> Tree:
    """Rows [..., B, ...] -> [devices, ..., B / devices, ...], on the host; B is that axis."""

    def cut(x: np.ndarray) -> np.ndarray:
        shape = *x.shape[:axis], devices, x.shape[axis] // devices, *x.shape[axis + 1 :]
        return np.moveaxis(np.reshape(x, shape), axis, 0)

    return jax.tree.map(cut, jax.device_get(batch))


def unshard(tree: Tree) -> Tree:
    """The inverse of `shard`."""
    join = lambda x: np.reshape(x, (x.shape[0] * x.shape[1], *x.shape[2:]))
    return jax.tree.map(join, jax.device_get(tree))


def sum_over_devices(tree: Tree) -> Tree:
    alone = jax.lax.axis_size(AXIS) == 1  # XLA would copy every array
    return tree if alone else jax.lax.psum(tree, AXIS)
