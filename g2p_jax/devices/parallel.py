"""Data parallelism: the same step on one device or many.

The state has no device axis: it enters and leaves a step whole (`in_axes=None, out_axes=None`), so
a checkpoint is the same on any number of devices. Each device takes its rows of the batch, and sums
of loss, count and gradient are added over devices before the one division.

The devices may belong to several processes (`hosts`): each gives the rows of its own devices, and
gets the state as its own.
"""

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import jax
import numpy as np

from g2p_jax.devices import programs as traced
from g2p_jax.errors import UserError

AXIS = "devices"
Tree = Any


def use_cpu_cores(batch_size: int, processes: int = 1) -> None:
    """Makes each CPU core a device of its own; to be called before JAX is used.

    batch_size: what the devices of all processes share.

    Small recurrent steps run faster on their share of the batch, which fits a core's cache, than
    spread operation by operation over all cores; see benchmarks/train_step.py. A choice by
    JAX_NUM_CPU_DEVICES or XLA_FLAGS is left alone, as are GPUs and TPUs.
    """
    chosen = "JAX_NUM_CPU_DEVICES" in os.environ
    if chosen or "host_platform_device_count" in os.environ.get("XLA_FLAGS", ""):
        return
    jax.config.update("jax_num_cpu_devices", sharers(batch_size // processes, cpu_cores()))


def cpu_cores() -> int:
    """Those that this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return cores or 1


def sharers(batch_size: int, most: int) -> int:
    """How many devices to share a batch among: each gets as many rows, and 32 at least."""
    possible = (n for n in range(most, 1, -1) if batch_size % n == 0 and batch_size // n >= 32)
    return next(possible, 1)


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
) -> jax.stages.Wrapped:
    """`state, sums = local_step(state, batch)`, summed over AXIS, as one program on all devices.

    state_axes: 0 for parts of the state of which each device has its own, like the batch: rows of
      a text, or an ensemble's members.
    """
    return jax.pmap(
        local_step,
        axis_name=AXIS,
        in_axes=(state_axes, 0),
        out_axes=(state_axes, None),
        devices=devices,
        **kwargs,
    )


class Programs:
    """A step of `data_parallel`: a program for each shape of batch, compiled when it is needed.

    Or before, all at once in threads, if `prepare` has been told of the shapes.
    """

    def __init__(self, step: jax.stages.Wrapped):
        self._step = step
        self._compiling: dict[Tree, Future] = {}
        self._threads = ThreadPoolExecutor(cpu_cores())

    def prepare(self, state: Tree, batches: Iterable[Tree]) -> None:
        """Begins to compile for batches of these shapes, the first of them first."""
        state, tracing = _described(state), threading.Lock()  # Python traces one at a time

        def compiled(batch: Tree) -> Callable[..., Tree]:
            with tracing:
                lowered = self._step.lower(state, batch)
            return lowered.compile()

        for batch in map(_described, batches):
            self._compiling[traced.shapes(batch)] = self._threads.submit(compiled, batch)

    def close(self) -> None:
        """Begins no more; those that have begun will end first when Python ends."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def __call__(self, state: Tree, batch: Tree) -> Tree:
        program = self._compiling.get(traced.shapes(batch))
        return (program.result() if program else self._step)(state, batch)


def _described(tree: Tree) -> Tree:
    describe = lambda x: jax.ShapeDtypeStruct(
        x.shape, x.dtype, sharding=getattr(x, "sharding", None)
    )
    return jax.tree.map(describe, tree)


def map_rows(
    function: Callable[..., Tree], devices: Sequence[jax.Device], *about: Any
) -> traced.CachedProgram:
    """`function(state, rows)` of each device's rows [devices, rows, ...], likewise apart.

    about: what the function depends on beside its arguments; see `traced.CachedProgram`.
    """

    def local(state: Tree, rows: Tree) -> Tree:
        found = function(state, jax.tree.map(lambda x: x[0], rows))
        return jax.tree.map(lambda x: x[None], found)

    if len(devices) == 1:  # less to compile
        return traced.CachedProgram(local, len(devices), *about)
    mesh = jax.sharding.Mesh(np.array(devices), (AXIS,))
    whole, shared = jax.sharding.PartitionSpec(), jax.sharding.PartitionSpec(AXIS)
    everywhere = jax.shard_map(
        local, mesh=mesh, in_specs=(whole, shared), out_specs=shared, check_vma=False
    )
    places = tuple(jax.sharding.NamedSharding(mesh, spec) for spec in (whole, shared))
    return traced.CachedProgram(everywhere, len(devices), *about, in_shardings=places)


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
