"""Several processes, on as many hosts, as one job: joining it, deciding alike, leaving it.

All processes run the same program on their share of each batch (`parallel`). What they decide must
come from numbers that are the same in all: sums over devices, or what process 0 says.

A process that waits for one that is lost would wait for ever. So each asks JAX's coordination
service, which lives in process 0, who is still there, and ends when somebody is not; the job then
goes on from its last checkpoint when it is started again.
"""

import ctypes
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import jax
import numpy as np
from absl import logging
from jax.experimental import multihost_utils

from g2p_jax.errors import UserError

Tree = Any
SILENCE = 30  # seconds without a heartbeat after which a process counts as lost
HEAD_START = 3  # seconds of the others, who would complain at length if process 0 ended first
PATIENCE = 10  # seconds that process 0 waits for others which fail like itself
HOW = (
    "start it by SLURM, Open MPI, Kubernetes or on a TPU pod; or set on each host "
    "JAX_COORDINATOR_ADDRESS=HOST0:PORT, JAX_NUM_PROCESSES=N and JAX_PROCESS_ID=0 to N - 1"
)
LOST = "another process of this job was lost; start the same command again on all of them"
_handler: Any = None  # of SIGABRT; it must live as long as the process


@contextmanager
def connect(distributed: bool) -> Iterator[int]:
    """Joins the job that the cluster, or the environment, describes; gives its processes' number.

    To be entered before JAX is used, with all that uses it inside. If a process is lost meanwhile,
    the others end with one line and exit status 1. Only process 0 logs what is no warning.
    Without `distributed` it does nothing, and gives 1. UserError if there is nothing to join.
    """
    if not distributed:
        yield 1
        return
    _join()
    from jax._src import distributed as jax_distributed  # only here: it has no public name

    job = jax_distributed.global_state
    client: Any = job.client
    everyone = list(range(job.num_processes))
    if job.process_id:
        logging.set_verbosity(logging.WARNING)
    leaving = threading.Event()
    threading.Thread(target=_watch, args=(client, everyone, leaving), daemon=True).start()
    try:
        yield len(everyone)
        leaving.set()
        client.wait_at_barrier("g2p_jax: done", 1000 * 300)
    except (jax.errors.JaxRuntimeError, ValueError) as error:
        if leaving.is_set():
            _end(LOST)
        if isinstance(error, jax.errors.JaxRuntimeError) or "Gloo" in str(error):
            time.sleep(2 * SILENCE)  # a lost process is the likely reason: then this one ends here
        raise
    finally:
        leaving.set()
        _leave(client, everyone, job.process_id)


def _join() -> None:
    # A client that is not "recoverable" is aborted by JAX, with a C++ stack trace, if one is lost.
    jax.config.update("jax_enable_recoverability", True)
    jax.config.update("jax_enable_preemption_service", False)  # it would swallow SIGTERM
    count, number = _number("JAX_NUM_PROCESSES"), _number("JAX_PROCESS_ID")
    address = os.environ.get("JAX_COORDINATOR_ADDRESS", ":")
    if ":" not in address:
        raise UserError(f"JAX_COORDINATOR_ADDRESS={address}: has no port; {HOW}")
    _on_abort("no answer from process 0; start the same command on all hosts within five minutes")
    try:
        jax.distributed.initialize(
            num_processes=count, process_id=number, heartbeat_timeout_seconds=SILENCE
        )
    except (ValueError, RuntimeError) as error:  # a JaxRuntimeError is one, too
        reason = str(error).partition("\n")[0].rstrip(".")
        raise UserError(f"no job to join ({reason}): {HOW}") from error
    _on_abort(LOST)  # process 0, and with it the coordination service


def _number(variable: str) -> int | None:
    value = os.environ.get(variable)
    if value is not None and not value.isdecimal():
        raise UserError(f"{variable}={value}: must be a number; {HOW}")
    return None if value is None else int(value)


def _watch(client: Any, everyone: list[int], leaving: threading.Event) -> None:
    """Ends this process when another is lost."""
    while not leaving.wait(1):
        try:
            alive = _alive(client, everyone)
        except jax.errors.JaxRuntimeError:
            alive = 0
        if alive < len(everyone) and not leaving.is_set():
            time.sleep(0 if jax.process_index() else HEAD_START)
            _end(LOST)


def _alive(client: Any, everyone: list[int]) -> int:
    """How many processes are there; waits until each of them has asked."""
    if not hasattr(client, "get_live_nodes"):  # then JAX itself ends all, in many more lines
        return len(everyone)
    return len(client.get_live_nodes(everyone))


def _on_abort(message: str) -> None:
    """Where JAX gives up, in many lines and by abort(), the message is the last line."""
    global _handler
    _handler = ctypes.CFUNCTYPE(None, ctypes.c_int)(lambda _: _end(message))
    if os.name == "posix":  # not Python's signal(): that would wait until abort() returns
        ctypes.CDLL(None).signal(signal.SIGABRT, _handler)


def _end(message: str) -> NoReturn:
    """At once: Python's usual way out would wait for the lost process."""
    os.write(2, f"{Path(sys.argv[0]).name}: {message}\n".encode())
    os._exit(1)


def _leave(client: Any, everyone: list[int], process: int) -> None:
    """Process 0 goes last: the others would take its end for a loss."""
    deadline = time.monotonic() + PATIENCE
    while process == 0 and time.monotonic() < deadline and _alive(client, everyone) > 1:
        time.sleep(0.1)
    jax.distributed.shutdown()


def is_first() -> bool:
    """Whether this is process 0, which writes what only one should write."""
    return jax.process_index() == 0


def rows(count: int) -> slice:
    """Which of so many rows of a batch this process has."""
    share = count // jax.process_count()
    return slice(share * jax.process_index(), share * (jax.process_index() + 1))


def gather(tree: Tree) -> Tree:
    """Of arrays [local devices, ...] those of all processes: [devices, ...], on the host."""
    return multihost_utils.process_allgather(tree, tiled=True)


def exchange(value: Any) -> list[Any]:
    """What each process says, a JSON value, in their order; all must call this together."""
    if jax.process_count() == 1:
        return [value]
    said = np.frombuffer(json.dumps(value).encode(), np.uint8)
    lengths = multihost_utils.process_allgather(np.int32(len(said)))
    padded = np.pad(said, (0, max(lengths) - len(said)))
    everything = multihost_utils.process_allgather(padded)
    return [
        json.loads(row[:length].tobytes()) for row, length in zip(everything, lengths, strict=True)
    ]


def from_first(value: float) -> float:
    """The value that process 0 has, bit for bit."""
    return exchange(value)[0]


def agree(value: str) -> bool:
    """Whether all processes have this value."""
    return len(set(exchange(value))) == 1
