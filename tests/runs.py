"""Runs of training in tests: stopping one, and what its latest checkpoint holds."""

import json
from pathlib import Path

import jax
import numpy as np
from jax.tree_util import keystr
from orbax.checkpoint import v1 as ocp

from g2p_jax import config

MODEL = config.Model(
    cell="elman", embedding=4, hidden=8, readout=4, encoder_layers=1, decoder_layers=1
)
TRAIN = config.Train(
    epochs=3, batch_size=8, buckets=1, warmup_steps=2, log_every=5, watch=("abc",), dtype="float32"
)


def settings_in(folder: Path) -> config.Config:
    """A run of 33 steps in three epochs, on a lexicon that this writes into the folder."""
    random = np.random.default_rng(0)
    words = {"".join(random.choice(list("abcde"), random.integers(2, 8))) for _ in range(120)}
    lexicon = folder / "lexicon.txt"
    lexicon.write_text("".join(f"{w} {'_'.join(w.upper())}\n" for w in sorted(words)))
    data = config.Data(train=str(lexicon), dev_share=0.2, test_share=0.0)
    return config.Config("test", data, MODEL, TRAIN)


def reports(folder: Path) -> list[dict]:
    """What metrics.jsonl holds."""
    return [json.loads(x) for x in (folder / "metrics.jsonl").read_text().splitlines()]


class StopAfter(list):
    """What `StopOnSignal` is, when a signal comes after so many looks at it."""

    def __init__(self, looks: int):
        self.looks = looks

    def __enter__(self) -> "StopAfter":
        return self

    def __exit__(self, *_) -> None:
        pass

    def __bool__(self) -> bool:  # a look while a program is compiled
        return False

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
