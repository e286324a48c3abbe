"""Several processes, on as many hosts, as one job: joining it, agreeing, leaving it.

All processes run the same program on their rows of each batch (`parallel`). What they decide must
come from numbers that are the same in all: sums over devices, or what process 0 sends.

A process that waits for a lost one would wait for ever. So each asks JAX's coordination service,
which lives in process 0, whether all are alive, and exits if not. The job goes on from its last
checkpoint when it is started again.
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
HEARTBEAT_TIMEOUT = 30  # seconds after which a silent process counts as lost
FIRST_DELAY = 3  # seconds: if process 0 exited first, the others would log at length
LEAVE_TIMEOUT = 10  # seconds that process 0 waits for others that fail as it does
HOW_TO_START = (
    "start it by SLURM, Open MPI, Kubernetes or on a TPU pod; or set on each host "
    "JAX_COORDINATOR_ADDRESS=HOST0:PORT, JAX_NUM_PROCESSES=N and JAX_PROCESS_ID=0 to N - 1"
)
LOST = "another process of this job was lost; start the same command again on all of them"
_handler: Any = None  # of SIGABRT; it must live as long as the process


@contextmanager
def connect(distributed: bool) -> Iterator[int]:
    """Joins the job that the cluster or the environment describes; gives its number of processes.

    Enter it before JAX is used, with all that uses JAX inside. If a process is lost, the others
    exit with one line and status 1. Only process 0 logs more than warnings. Without `distributed`
    it does nothing, and gives 1. UserError if there is no job to join.
    """
    if not distributed:
        yield 1
        return
    _join()
    from jax._src import distributed as jax_distributed  # only here: it has no public name

    job: Any = jax_distributed.global_state
    if job.process_id:
        logging.set_verbosity(logging.WARNING)
    leaving = threading.Event()
    threading.Thread(target=_watch, args=(job, leaving), daemon=True).start()
    try:
        yield job.num_processes
        leaving.set()
        job.client.wait_at_barrier("g2p_jax: done", 1000 * 300)
    except (jax.errors.JaxRuntimeError, ValueError) as error:
        if leaving.is_set():
            _exit(LOST)
        if isinstance(error, jax.errors.JaxRuntimeError) or "Gloo" in str(error):
            time.sleep(2 * HEARTBEAT_TIMEOUT)  # likely a process is lost: then this one exits here
        raise
    finally:
        leaving.set()
        deadline = time.monotonic() + LEAVE_TIMEOUT
        # Process 0 goes last: the others would take its end for a loss.
        while not job.process_id and time.monotonic() < deadline and _alive(job) > 1:
            time.sleep(0.1)
        jax.distributed.shutdown()


def _join() -> None:
    # A client that is not "recoverable" is aborted by JAX, with a C++ stack trace, if one is lost.
    jax.config.update("jax_enable_recoverability", True)
    jax.config.update("jax_enable_preemption_service", False)  # it would swallow SIGTERM
    address = os.environ.get("JAX_COORDINATOR_ADDRESS", ":")
    if ":" not in address:
        raise UserError(f"JAX_COORDINATOR_ADDRESS={address}: has no port; {HOW_TO_START}")
    _exit_on_abort("no answer from process 0; start the same command on all hosts within 5 minutes")
    try:
        jax.distributed.initialize(
            num_processes=_number("JAX_NUM_PROCESSES"),
            process_id=_number("JAX_PROCESS_ID"),
            heartbeat_timeout_seconds=HEARTBEAT_TIMEOUT,
        )
    except (ValueError, RuntimeError) as error:  # JaxRuntimeError is a RuntimeError
        reason = str(error).partition("\n")[0].rstrip(".")
        raise UserError(f"no job to join ({reason}): {HOW_TO_START}") from error
    _exit_on_abort(LOST)  # with process 0 the coordination service is lost


def _number(variable: str) -> int | None:
    value = os.environ.get(variable)
    if value is not None and not value.isdecimal():
        raise UserError(f"{variable}={value}: must be a number; {HOW_TO_START}")
    return None if value is None else int(value)


def _watch(job: Any, leaving: threading.Event) -> None:
    """Exits when another process is lost."""
    while not leaving.wait(1):
        try:
            alive = _alive(job)
        except jax.errors.JaxRuntimeError:
            alive = 0
        if alive < job.num_processes and not leaving.is_set():
            time.sleep(0 if job.process_id else FIRST_DELAY)
            _exit(LOST)


def _alive(job: Any) -> int:
    """Number of processes that are alive; waits until each of them has called this."""
    return len(job.client.get_live_nodes(list(range(job.num_processes))))


def _exit_on_abort(message: str) -> None:
    """Makes the message the last line where JAX gives up, after many lines, by abort()."""
    global _handler
    _handler = ctypes.CFUNCTYPE(None, ctypes.c_int)(lambda _: _exit(message))
    if os.name == "posix":  # not Python's signal(): that would wait until abort() returns
        ctypes.CDLL(None).signal(signal.SIGABRT, _handler)


def _exit(message: str) -> NoReturn:
    """Exits at once: Python's usual way out would wait for the lost process."""
    os.write(2, f"{Path(sys.argv[0]).name}: {message}\n".encode())
    os._exit(1)


def index() -> int:
    """The number of this process, from 0 on."""
    return jax.process_index()


def is_first() -> bool:
    """Whether this is process 0, which writes what only one should write."""
    return jax.process_index() == 0


def rows(count: int) -> slice:
    """The rows of this process, of `count` rows of a batch."""
    share = count // jax.process_count()
    return slice(share * jax.process_index(), share * (jax.process_index() + 1))


def gather(tree: Tree) -> Tree:
    """Arrays [local devices, ...] of all processes as [devices, ...], on the host."""
    return multihost_utils.process_allgather(tree, tiled=True)


def exchange(value: Any) -> list[Any]:
    """The JSON value of each process, in their order; all processes must call this together."""
    if jax.process_count() == 1:
        return [value]
    text = np.frombuffer(json.dumps(value).encode(), np.uint8)
    lengths = multihost_utils.process_allgather(np.int32(len(text)))
    texts = multihost_utils.process_allgather(np.pad(text, (0, max(lengths) - len(text))))
    return [json.loads(row[:length].tobytes()) for row, length in zip(texts, lengths, strict=True)]


def from_first(value: Any) -> Any:
    """The JSON value of process 0; a number bit for bit."""
    return exchange(value)[0]


def agree(value: str) -> bool:
    """Whether the value is the same in all processes."""
    return len(set(exchange(value))) == 1


def any_process(step: int, *flags: bool) -> list[bool]:
    """For each flag, whether a process has set it: all processes learn it at the same step.

    Several processes ask each other at every tenth step; at the others all flags are False.
    """
    if jax.process_count() == 1:
        return list(flags)
    if step % 10:
        return [False] * len(flags)
    return multihost_utils.process_allgather(np.array(flags)).any(axis=0).tolist()
