"""Checkpoints on a real disk: what is kept, what survives damage and a kill."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from g2p_jax.errors import ConfigError
from g2p_jax.train import checkpoints


def state(value: float) -> dict:
    return {
        "w": jnp.full((40, 3), value),
        "more": [np.arange(6.0).reshape(3, 2), jnp.int32(value)],
    }


def write(folder: Path, *steps: int) -> None:
    for step in steps:
        checkpoints.save(folder, step, state(step), {"number": step})


def test_the_latest_two_are_kept(tmp_path):
    write(tmp_path, 1, 9, 10, 11)
    assert checkpoints.steps(tmp_path) == [10, 11]
    restored, metadata = checkpoints.restore(tmp_path, state(0))
    np.testing.assert_array_equal(restored["w"], np.full((40, 3), 11.0))
    np.testing.assert_array_equal(restored["more"][0], [[0, 1], [2, 3], [4, 5]])
    assert restored["more"][1].shape == () and restored["more"][1] == 11
    assert metadata == {"number": 11}


def test_none_without_a_checkpoint(tmp_path):
    assert checkpoints.restore(tmp_path, state(0)) is None


def test_what_is_not_this_run_is_not_restored(tmp_path):
    def refuse(metadata):
        raise ConfigError(f"saved with {metadata}")

    write(tmp_path, 1, 2)
    with pytest.raises(ConfigError, match="saved with {'number': 2}"):
        checkpoints.restore(tmp_path, state(0), refuse)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # by TensorStore
@pytest.mark.parametrize("damage", ["state", "about"])
def test_a_damaged_latest_is_reported_and_the_one_before_is_used(damage, tmp_path, caplog):
    write(tmp_path, 1, 2, 3)
    files = [file for file in (tmp_path / "3" / damage).rglob("*") if file.is_file()]
    for file in files:
        if damage == "about" or file.parent.name == "d":
            content = bytearray(file.read_bytes())
            content[len(content) // 2] ^= 255
            file.write_bytes(content)
    restored, metadata = checkpoints.restore(tmp_path, state(0))
    assert metadata == {"number": 2} and restored["more"][1] == 2
    assert "checkpoint 3 is damaged" in caplog.text


def test_a_checksum_notices_what_orbax_does_not(tmp_path, caplog, monkeypatch):
    write(tmp_path, 1, 2)
    monkeypatch.setattr(checkpoints, "_checksum", lambda state, metadata: "another")
    assert checkpoints.restore(tmp_path, state(0)) is None
    assert "checkpoint 2 is damaged (wrong checksum)" in caplog.text


WRITER = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
from test_checkpoints import checkpoints, state
step = 0
while True:
    step += 1
    checkpoints.save(Path(sys.argv[1]), step, state(step), {{"number": step}})
    print(step, flush=True)
"""


def test_a_kill_leaves_only_whole_checkpoints(tmp_path):
    script = WRITER.format(path=[str(Path(__file__).parent), str(Path(__file__).parents[1])])
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout:
            if int(line) == 5:
                time.sleep(0.05)
                os.kill(process.pid, signal.SIGKILL)
                break
    restored, metadata = checkpoints.restore(tmp_path, state(0))
    assert metadata["number"] >= 3
    np.testing.assert_array_equal(restored["w"], np.full((40, 3), float(metadata["number"])))
