"""The network on the devices, which share the rows of each batch."""

import functools
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import jax

from g2p_jax.data.ragged import Array, Ints, Ragged
from g2p_jax.data.symbols import EOS
from g2p_jax.devices import forks, parallel
from g2p_jax.devices.programs import CachedProgram
from g2p_jax.kernels.parameters import round_matrices
from g2p_jax.network.ensemble import OutputTransform
from g2p_jax.network.seq2seq import Seq2Seq
from g2p_jax.predict.inspection import ForcedScores, forced_scores
from g2p_jax.predict.searching import SearchSettings, batches, search, shapes, up_to
from g2p_jax.search.hypotheses import Hypotheses

SHARED = 64  # rows of a batch from which on devices share it; fewer take longer to hand out

Devices = tuple[jax.Device, ...]


@functools.cache
def compiled(function: Callable, devices: Devices, *settings: Any) -> CachedProgram:
    """Returns `function(*settings, params, rows)` as a program that the devices run together."""
    local = functools.partial(function, *settings)
    return parallel.map_rows(local, devices, function.__name__, *settings)


class Runner:
    """A network with its weights, ready to run."""

    def __init__(self, net: Seq2Seq, transform: OutputTransform, params: Any):
        self._net, self._transform, self._params = net, transform, params
        devices = jax.local_devices()  # at most eight: each power of two divides the rows
        self._devices = tuple(devices[: next(n for n in (8, 4, 2, 1) if n <= len(devices))])
        self._placed: dict[Devices, Any] = {}

    def search(
        self, spellings: Ragged, longest: int, settings: SearchSettings
    ) -> list[tuple[Array, Hypotheses]]:
        """Starts the search of all spellings; the devices are still at work when it returns.

        Returns for each batch which spellings it holds (-1: padding), and arrays [devices, ...].
        """
        rows = batches(spellings, longest, settings.width)
        program, calls = self._calls([source_BxS for _, source_BxS in rows], settings)
        if len(calls) > 1:
            program.prepare(calls)
        return [(index_B, program(*call)) for (index_B, _), call in zip(rows, calls, strict=True)]

    def prepare(self, longest: int, settings: SearchSettings, most: int) -> list[Future]:
        """Starts to compile all shapes in which at most so many spellings are searched."""
        futures = []
        for words, lengths in shapes(most):
            lists = [[[EOS] * n] * words for n in up_to(longest, lengths)]
            each = [batches(Ragged.from_lists(x), longest, settings.width)[0] for x in lists]
            program, calls = self._calls([source_BxS for _, source_BxS in each], settings)
            futures += program.prepare(calls)
        return futures

    def _calls(
        self, sources: list[Ints], settings: SearchSettings
    ) -> tuple[CachedProgram, list[tuple]]:
        """Returns the search, and its arguments for each batch of equally many rows."""
        devices = self._devices if sources and len(sources[0]) >= SHARED else self._devices[:1]
        params = self._params_on(devices)
        program = compiled(search, devices, self._net, self._transform, settings)
        return program, [(params, parallel.shard(each, len(devices))) for each in sources]

    def forced_scores(self, source_BxS: Ints, target_BxT: Ints) -> ForcedScores:
        """Returns what the decoder computes for a batch when it reads the targets."""
        program = compiled(forced_scores, self._devices, self._net, self._transform)
        rows = parallel.shard((source_BxS, target_BxT), len(self._devices))
        return ForcedScores(*parallel.unshard(program(self._params_on(self._devices), rows)))

    def _params_on(self, devices: Devices) -> Any:
        """Returns the weights on these devices, as the network's products read them."""
        forks.check()
        if devices not in self._placed:
            read = round_matrices(jax.device_get(self._params), self._net.dtype)
            self._placed[devices] = parallel.replicate(read, devices)
        return self._placed[devices]
