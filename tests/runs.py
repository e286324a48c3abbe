"""Runs of training in tests: stopping one, and what its latest checkpoint holds."""

from pathlib import Path

import numpy as np
import safetensors.numpy


class StopAfter(list):
    """What `stop_on_signal` gives, when a signal comes after so many looks at it."""

    def __init__(self, looks: int):
        self.looks = looks

    def __len__(self) -> int:
        self.looks -= 1
        return int(self.looks < 0)


def latest_state(folder: Path) -> dict[str, np.ndarray]:
    """The arrays of a run's latest checkpoint."""
    files = (folder / "checkpoints").glob("*.safetensors")
    return safetensors.numpy.load_file(max(files, key=lambda file: int(file.stem)))


def assert_same_state(a: Path, b: Path) -> None:
    """The latest checkpoints of two runs are bit for bit the same."""
    first, second = latest_state(a), latest_state(b)
    assert first.keys() == second.keys() and len(first) > 10
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)
