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

from g2p_jax.train.checkpoints import Checkpoints


def state(value: float) -> dict:
    return {"w": jnp.full((40, 3), value), "step": jnp.int32(value)}


def write(folder: Path, wers: dict[int, float | None]) -> None:
    checkpoints = Checkpoints(folder)
    for step, wer in wers.items():
        checkpoints.save(step, state(step), {"number": step}, wer)
    checkpoints.close()


def test_the_latest_two_and_the_best_are_kept(tmp_path):
    write(tmp_path, {1: 0.5, 2: 0.3, 3: None, 4: 0.4, 5: None, 6: None})
    checkpoints = Checkpoints(tmp_path)
    assert checkpoints.steps() == [2, 5, 6]
    restored, about = checkpoints.restore(state(0))
    np.testing.assert_array_equal(restored["w"], np.full((40, 3), 6.0))
    assert about == checkpoints.about() == {"number": 6}
    checkpoints.close()


def test_none_without_a_checkpoint(tmp_path):
    checkpoints = Checkpoints(tmp_path / "new")
    assert checkpoints.restore(state(0)) is None and checkpoints.about() is None
    checkpoints.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # by TensorStore
def test_a_damaged_latest_is_reported_and_the_one_before_is_used(tmp_path, caplog):
    write(tmp_path, {1: 0.5, 2: 0.4, 3: 0.3})
    for file in (tmp_path / "3" / "state").rglob("*"):
        if file.is_file() and file.parent.name == "d":
            content = bytearray(file.read_bytes())
            content[len(content) // 2] ^= 255
            file.write_bytes(content)
    checkpoints = Checkpoints(tmp_path)
    restored, about = checkpoints.restore(state(0))
    checkpoints.close()
    assert about == {"number": 2} and int(restored["step"]) == 2
    assert "checkpoint 3 is damaged" in caplog.text


WRITER = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
from test_checkpoints import Checkpoints, state
checkpoints = Checkpoints(Path(sys.argv[1]))
step = 0
while True:
    step += 1
    checkpoints.save(step, state(step), {{"number": step}})
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
    checkpoints = Checkpoints(tmp_path)
    restored, about = checkpoints.restore(state(0))
    assert about["number"] >= 3
    np.testing.assert_array_equal(restored["w"], np.full((40, 3), float(about["number"])))
    checkpoints.close()
