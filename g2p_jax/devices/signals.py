"""SIGTERM and Ctrl-C, acted on between two steps of training."""

import contextlib
import signal
from collections.abc import Iterator
from typing import Any

from absl import logging


@contextlib.contextmanager
def stop_on_signal() -> Iterator[list[int]]:
    """Gives a list that is empty until SIGTERM or Ctrl-C; a second Ctrl-C interrupts as usual."""
    received: list[int] = []

    def handle(number: int, frame: Any) -> None:
        received.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        logging.info("stopping when a step is complete ...")

    before = {n: signal.signal(n, handle) for n in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
