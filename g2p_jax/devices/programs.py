"""Compiled programs: made ahead of time in threads, found again by shapes and types."""

import concurrent.futures
import functools
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import jax

from g2p_jax.devices import trace_cache
from g2p_jax.devices.cpu import cpu_cores

POLL = 0.2  # seconds between two looks at the signals while a program is compiled
_TRACING = threading.Lock()  # tracing is Python's work, one program at a time; XLA's work is not


class CachedProgram:
    """A function of arrays, compiled once for each structure, shapes and types of its arguments.

    A call compiles what is missing; `prepare` compiles ahead of time, in threads.

    Args:
      key: all that the program depends on besides its source and its arguments; its `repr` must be
        the same in each process. The traced program is then cached on disk. None: it is not.
      transform: `jax.jit` or `jax.pmap`, with options.
    """

    def __init__(self, function: Callable, key: Any = None, transform: Callable = jax.jit):
        self._key, self._transform = key, transform
        self._function = transform(function)
        self._programs: dict[Any, Future[Callable]] = {}
        self.waited = 0.0  # seconds in `wait`

    def __call__(self, *args: Any) -> Any:
        program = self._programs.get(signature(args))
        if program is None:
            if self._key is None:  # JAX finds its own programs, also those of several processes
                return self._function(*args)
            program = Future()
            program.set_result(self._compile(args))
            self._programs[signature(args)] = program
        return program.result()(*args)

    def wait(self, args: tuple, stop: Sequence[int]) -> bool:
        """Waits for a prepared program; returns False if `stop` fills before it is there."""
        begun, program = time.monotonic(), self._programs.get(signature(args))
        while program and not program.done() and not stop:
            concurrent.futures.wait([program], POLL)
        self.waited += time.monotonic() - begun
        return program is None or program.done()

    def prepare(self, calls: Iterable[tuple]) -> list[Future[Callable]]:
        """Starts to compile for calls with such arguments, in this order; returns what comes."""
        before = len(self._programs)
        for args in calls:
            if signature(args) not in self._programs:
                self._programs[signature(args)] = _threads().submit(self._compile, args)
        return list(self._programs.values())[before:]

    def lower(self, *args: Any) -> jax.stages.Lowered:
        """The program for such arguments, traced or read from disk, not yet compiled."""
        shapes = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), args)
        with _TRACING:
            function = self._function
            if self._key is not None:
                exported = trace_cache.export(function, self._key, shapes)
                function = self._transform(exported.call) if exported else function
            return function.lower(*shapes)

    def _compile(self, args: tuple) -> Callable:
        return self.lower(*args).compile()


def signature(tree: Any) -> tuple:
    """Structure of a tree of arrays, their shapes and types; it can be hashed."""
    leaves, structure = jax.tree.flatten(tree)
    return structure, *((x.shape, x.dtype) for x in leaves)


@functools.cache
def _threads() -> ThreadPoolExecutor:
    """Threads that compile. When Python ends, what they have started delays it, nothing else."""
    threads = ThreadPoolExecutor(cpu_cores())
    cancel = functools.partial(threads.shutdown, wait=False, cancel_futures=True)
    threading._register_atexit(cancel)  # type: ignore[attr-defined]  # before Python's own wait
    return threads
