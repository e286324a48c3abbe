"""Runs of training in tests: stopping one, and what its latest checkpoint holds."""

from pathlib import Path

import jax
import numpy as np
from jax.tree_util import keystr
from orbax.checkpoint import v1 as ocp


class StopAfter(list):
    """What `StopOnSignal` is, when a signal comes after so many looks at it."""

    def __init__(self, looks: int):
        self.looks = looks

    def __enter__(self) -> "StopAfter":
        return self

    def __exit__(self, *_) -> None:
        pass

    def __len__(self) -> int:
        self.looks -= 1
        return int(self.looks < 0)


def latest_state(folder: Path) -> dict[str, np.ndarray]:
    """The arrays of a run's latest checkpoint, by their place in the state: "['params'][...]"."""
    with ocp.training.Checkpointer((folder / "checkpoints").absolute()) as checkpoints:
        state = checkpoints.load_checkpointables(checkpoints.latest, {"state": None})["state"]
    return {keystr(path): np.asarray(array) for path, array in jax.tree.leaves_with_path(state)}


def assert_same_state(a: Path, b: Path) -> None:
    """The latest checkpoints of two runs are bit for bit the same."""
    first, second = latest_state(a), latest_state(b)
    assert first.keys() == second.keys() and len(first) > 10
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)
