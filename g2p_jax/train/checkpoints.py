"""Training state on disk, through Orbax: the latest two and the best, each written atomically.

A checkpoint is a folder that gets its name when it is complete, so a killed process leaves either
all of it or none. What is damaged later is reported, and the one before is used.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from absl import logging
from orbax.checkpoint import v1 as ocp

Tree = Any
T = TypeVar("T")


class Checkpoints:
    """The checkpoints of one run, numbered by training step.

    Each holds the training state and, as JSON, what else is needed to go on: config, symbols,
    progress.
    """

    def __init__(self, folder: Path):
        policies = ocp.training.preservation_policies
        best = policies.BestN(
            get_metric_fn=lambda metrics: metrics["error"],
            reverse=True,  # smaller is better
            n=1,
            keep_checkpoints_without_metrics=False,
        )
        self._checkpointer = ocp.training.Checkpointer(
            folder.absolute(),
            save_decision_policy=ocp.training.save_decision_policies.FixedIntervalPolicy(1),
            preservation_policy=policies.AnyPreservationPolicy([policies.LatestN(2), best]),
            cleanup_tmp_directories=True,
        )

    def steps(self) -> list[int]:
        return sorted(checkpoint.step for checkpoint in self._checkpointer.checkpoints)

    def save(
        self, step: int, state: Tree, about: dict[str, Any], error: float | None = None
    ) -> None:
        """Writes in the background. The best is the one with the smallest `error` measured.

        `state` is on the host: of several processes, which all call this, the first one writes it.
        """
        if step not in self.steps():
            items = {"state": state, "about": about}
            metrics = None if error is None else {"error": error}
            self._checkpointer.save_checkpointables_async(step, items, metrics=metrics)

    def restore(self, like: Tree) -> tuple[Tree, dict[str, Any]] | None:
        """The latest readable state, and what was saved about it; None if there is none.

        `like` is a state of the same tree, shapes and types, on the host.
        """

        def load(step: int) -> tuple[Tree, dict[str, Any]]:
            items = {"state": like, "about": None}
            found = self._checkpointer.load_checkpointables(step, items)
            return found["state"], found["about"]

        return self._latest(load)

    def about(self) -> dict[str, Any] | None:
        """What was saved about the latest state, without reading the state."""
        load = self._checkpointer.load_checkpointables
        return self._latest(lambda step: load(step, {"about": None})["about"])

    def _latest(self, load: Callable[[int], T]) -> T | None:
        for step in reversed(self.steps()):
            try:
                return load(step)
            except Exception as error:  # whatever a damaged file makes Orbax or TensorStore raise
                cause: BaseException = error
                while inner := cause.__cause__ or cause.__context__:  # Orbax wraps TensorStore's
                    cause = inner
                reason = str(cause).partition("\n")[0][:200]
                logging.warning("checkpoint %d is damaged, trying the one before: %s", step, reason)
        return None

    def close(self) -> None:
        """Waits until all that was saved is on disk."""
        self._checkpointer.close()
