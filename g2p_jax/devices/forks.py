"""Processes that were forked after JAX had started: its threads are missing there.

What JAX is given to compute in such a process never ends.
"""

import os

from jax._src import xla_bridge  # only here: whether JAX has started has no public name

from g2p_jax.errors import UserError

_started_in = 0  # the process that had started JAX when it was forked


def check() -> None:
    """Raises UserError in a process that was forked after JAX had started."""
    if _started_in not in (0, os.getpid()):
        raise UserError(
            "this process was forked after JAX had computed something, and would wait for ever: "
            "load the model in the worker, or start workers by spawn instead of fork"
        )


def _before_fork() -> None:
    global _started_in
    if xla_bridge.backends_are_initialized():
        _started_in = _started_in or os.getpid()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork)
