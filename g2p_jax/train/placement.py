"""Where the state and the batches of a run are: on which device, in which process."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from g2p_jax.config import Config
from g2p_jax.data.batches import Batch
from g2p_jax.devices import hosts, parallel
from g2p_jax.devices.programs import CachedProgram
from g2p_jax.errors import ConfigError
from g2p_jax.train.step import State, Step


class Placement:
    """How devices share the work of a step.

    They share the rows of each batch, and add up their gradients. An ensemble's members, if each
    device can have as many, are shared instead: then no gradients need be added up.

    Args:
      devices: of all processes.
    """

    def __init__(
        self, devices: Sequence[jax.Device], members: int = 1, share_members: bool = False
    ):
        self.devices = devices
        self.local = [d for d in devices if d.process_index == jax.process_index()]
        self.share_members = share_members
        self.members = members // len(devices) if share_members else members  # on each device

    @classmethod
    def of(cls, config: Config) -> "Placement":
        """The placement of a run on all devices; ConfigError if they cannot share its batches."""
        devices, size = parallel.all_devices(), config.train.batch_size
        if rest := size % len(devices):
            below, above = size - rest, size - rest + len(devices)
            raise ConfigError(
                f"config.train.batch_size is {size}: must be a multiple of the {len(devices)} "
                f"devices that share it, such as {f'{below} or ' if below else ''}{above}"
            )
        even = config.ensemble > 1 and config.ensemble % len(devices) == 0
        return cls(devices, config.ensemble, even and jax.process_count() == 1)

    def compile(self, step: Step) -> CachedProgram:
        """A step of one device as one of all; the state that it is given is gone afterwards."""
        own = 0 if self.share_members else None
        axes: Any = State(step=None, params=own, opt_state=own, carry=0)
        return parallel.data_parallel(step, self.devices, axes, donate_argnums=0)

    def put(self, state: State) -> State:
        """Takes a state from the host, the same in all processes, to the devices.

        It waits until the state is there: a process that ends while its devices compute, as with an
        error a moment later, may crash.
        """
        place = parallel.shard_members if self.share_members else parallel.replicate
        params, opt_state = place((state.params, state.opt_state), self.local)
        step = parallel.replicate(state.step, self.local)
        return jax.block_until_ready(State(step, params, opt_state, self.put_rows(state.carry)))

    def put_rows(self, carry: Any) -> Any:
        """This process's part of arrays with a row for each of a batch, by device."""
        own = lambda x: x[hosts.rows(len(x))]
        return parallel.shard(jax.tree.map(own, carry), len(self.local))

    def get(self, state: State) -> State:
        """A copy of the state on the host, the same on any number of devices and processes."""
        own, carry = (state.params, state.opt_state), parallel.unshard(hosts.gather(state.carry))
        own = parallel.unshard(own) if self.share_members else own
        return jax.tree.map(np.array, State(state.step, *own, carry))

    def shard(self, batch: Batch) -> Batch:
        """This process's rows of a batch, by device."""
        axis = 1 if self.members > 1 and not self.share_members else 0  # rows follow the members
        return parallel.shard(batch, len(self.local), axis)
