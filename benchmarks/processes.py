"""Processes to measure in: each has cores, devices and memory of its own.

They stay alive and do what they are asked, so that all that is to be compared can take turns.
"""

import multiprocessing
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from g2p_jax.commands import shared as cli


class Process:
    """A fresh Python that sees so many cores, and as many CPU devices as are asked for.

    cores: 0: all of this process's.
    devices: of the CPU, whatever else the machine has; 0: what JAX finds.
    """

    def __init__(self, cores: int = 0, devices: int = 0):
        spawn = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, spawn, _begin, (cores, devices))

    def call(self, function: Callable, *args: Any) -> Any:
        """What `function(*args)` returns in the process, or raises."""
        return self._pool.submit(function, *args).result()

    def prepare(self, make: Callable[..., Callable], *args: Any) -> Callable[[], Any]:
        """Calls `make(*args)` in the process; what it made stays there, and this calls it."""
        number = self.call(_keep, make, args)
        return lambda: self.call(_use, number)

    def close(self) -> None:
        self._pool.shutdown()

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


_kept: list[Callable] = []


def _begin(cores: int, devices: int) -> None:
    """Before JAX makes its threads: they get the cores that this one has then."""
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    import jax

    if devices:
        jax.config.update("jax_platforms", "cpu")
        jax.config.update("jax_num_cpu_devices", devices)
    cli.use_compilation_cache()


def _keep(make: Callable[..., Callable], args: tuple[Any, ...]) -> int:
    _kept.append(make(*args))
    return len(_kept) - 1


def _use(number: int) -> Any:
    return _kept[number]()


def memory() -> tuple[float, float]:
    """MB of memory that this process holds, and held at its peak."""
    try:
        with open("/proc/self/status", encoding="utf-8") as file:
            about = dict(line.split(":", 1) for line in file)
        now, peak = (int(about[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    except (OSError, KeyError):  # no Linux: the peak only
        import resource

        unit = 1024**2 if sys.platform == "darwin" else 1024
        now = peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    return now, peak


def say(text: str) -> None:
    """To people; what machines read goes to standard output."""
    print(text, file=sys.stderr, flush=True)
