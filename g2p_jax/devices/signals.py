"""SIGTERM and Ctrl-C, acted on between two steps of training."""

import signal
from typing import Any

from absl import logging


class StopOnSignal(list[int]):
    """A context, and a list that is empty until SIGTERM or Ctrl-C comes within it.

    A second Ctrl-C interrupts at once, as signals do outside of the context.
    """

    def __enter__(self) -> "StopOnSignal":
        self._before = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)}
        for number in self._before:
            signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: Any) -> None:
        self.append(number)
        signal.signal(signal.SIGINT, self._before[signal.SIGINT])
        logging.info("stopping when a step is complete ...")
