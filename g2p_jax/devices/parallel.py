"""Data parallelism: the same step on one device or many.

The state has no device axis: it enters and leaves a step as one copy (`in_axes=None,
out_axes=None`), so a checkpoint is the same on any number of devices. Each device takes its rows of
the batch; sums of loss, count and gradient are added over devices before the one division.

The devices may belong to several processes (`hosts`). Each process passes the rows of its own
devices, and gets the state as its own.
"""

import functools
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from g2p_jax.devices import forks
from g2p_jax.devices.programs import CachedProgram
from g2p_jax.errors import UserError

AXIS = "devices"
Tree = Any
Devices = Sequence[jax.Device]


def all_devices() -> list[jax.Device]:
    """Devices of all processes, in the order in which they get their rows.

    UserError unless all processes have the same number.
    """
    forks.check()
    devices = sorted(jax.devices(), key=lambda device: (device.process_index, device.id))
    counts = Counter(device.process_index for device in devices).values()
    if len(set(counts)) > 1:
        raise UserError(
            f"the processes have {', '.join(map(str, counts))} devices; each must have as many: on "
            "CPUs set JAX_NUM_CPU_DEVICES to one number on all hosts"
        )
    return devices


def data_parallel(
    local_step: Callable[..., Tree], devices: Devices, state_axes: Tree = None, **options: Any
) -> CachedProgram:
    """`state, sums = local_step(state, batch)`, summed over AXIS, as one program on all devices.

    Args:
      state_axes: 0 for parts of the state with a device axis like the batch: rows of a text, or
        members of an ensemble.
      options: of `jax.pmap`.
    """
    in_axes, out_axes = (state_axes, 0), (state_axes, None)
    options |= {"axis_name": AXIS, "devices": devices, "in_axes": in_axes, "out_axes": out_axes}
    return CachedProgram(local_step, transform=functools.partial(jax.pmap, **options))


def map_rows(function: Callable[..., Tree], devices: Devices, *key: Any) -> CachedProgram:
    """`function(state, rows)` on each device's rows [devices, rows, ...], without any sum.

    key: all that the function depends on besides its arguments; see `CachedProgram`.
    """

    def local(state: Tree, rows: Tree) -> Tree:
        result = function(state, jax.tree.map(lambda x: x[0], rows))
        return jax.tree.map(lambda x: x[None], result)

    key = len(devices), *key
    if len(devices) == 1:  # less to compile
        return CachedProgram(local, key)
    shardings = _shardings(devices)
    mesh, (copies, parts) = shardings[0].mesh, (sharding.spec for sharding in shardings)
    on_all = jax.shard_map(
        local, mesh=mesh, in_specs=(copies, parts), out_specs=parts, check_vma=False
    )
    return CachedProgram(on_all, key, functools.partial(jax.jit, in_shardings=shardings))


def replicate(tree: Tree, devices: Devices) -> Tree:
    """A copy of the tree on each device, placed as a step returns it."""
    return jax.device_put(tree, _shardings(devices)[0])


def shard_members(tree: Tree, devices: Devices) -> Tree:
    """Arrays [members, ...] as [devices, members / devices, ...], each part on its device."""
    return jax.device_put(shard(tree, len(devices)), _shardings(devices)[1])


def _shardings(devices: Devices) -> tuple[NamedSharding, NamedSharding]:
    """Placement as a copy on each device, and as parts of the first axis."""
    mesh = Mesh(np.array(devices), (AXIS,))
    return NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec(AXIS))


def shard(batch: Tree, devices: int, axis: int = 0) -> Tree:
    """Arrays [..., B, ...] as [devices, ..., B / devices, ...], on the host; B is that axis."""

    def cut(x: np.ndarray) -> np.ndarray:
        return np.stack(np.split(x, devices, axis))

    return jax.tree.map(cut, jax.device_get(batch))


def unshard(tree: Tree) -> Tree:
    """The inverse of `shard`, for axis 0."""
    return jax.tree.map(np.concatenate, jax.device_get(tree))


def sum_over_devices(tree: Tree) -> Tree:
    """Sum over all devices, within a step of `data_parallel`."""
    alone = jax.lax.axis_size(AXIS) == 1  # XLA would copy every array
    return tree if alone else jax.lax.psum(tree, AXIS)
