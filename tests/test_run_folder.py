"""The folder of a run: whose it is, what may be continued, and what is mended there."""

import dataclasses
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from g2p_jax import config
from g2p_jax.errors import ConfigError, TrainingError
from g2p_jax.files import lock
from g2p_jax.train.loop import train
from tests.runs import MODEL, StopAfter, reports, settings_in


@pytest.fixture
def settings(tmp_path) -> config.Config:
    return settings_in(tmp_path)


def test_a_model_of_something_else_is_not_replaced(settings, tmp_path):
    """But that of this run is, if it was killed between model and checkpoint."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "model.safetensors").write_text("precious")
    with pytest.raises(ConfigError, match="from something else than this run.*--overwrite"):
        train(settings, folder)
    assert (folder / "model.safetensors").read_text() == "precious"
    train(settings, folder, StopAfter(12), overwrite=True)
    written = (folder / "model.safetensors").read_bytes()
    shutil.rmtree(folder / "checkpoints")
    train(settings, folder, StopAfter(3))
    assert (folder / "model.safetensors").read_bytes() == written
    shutil.rmtree(folder / "checkpoints")
    settings.model = dataclasses.replace(MODEL, hidden=9)
    with pytest.raises(ConfigError, match="--overwrite"):
        train(settings, folder)


def test_two_trainings_do_not_share_a_folder(settings, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    with lock(folder / ".lock"), pytest.raises(ConfigError, match="another process trains there"):
        train(settings, folder)
    code = (
        f"from g2p_jax.files import lock\nwith lock({str(folder / '.lock')!r}): print(1); input()"
    )
    process = subprocess.Popen(
        [sys.executable, "-uc", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"1\n"
    with pytest.raises(ConfigError, match="another process trains there"):
        train(settings, folder)
    process.kill()  # a dead process keeps nothing locked
    process.communicate()
    assert train(settings, folder).epoch == 3


@pytest.mark.parametrize("damage", ["gone", "damaged"])
def test_a_lost_model_file_of_a_complete_run_is_written_again(damage, settings, tmp_path, caplog):
    last = train(settings, tmp_path / "run")
    assert last.best_epoch == 3
    model = tmp_path / "run" / "model.safetensors"
    before = model.read_bytes()
    model.unlink()
    if damage == "damaged":
        model.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    with caplog.at_level("INFO"):
        assert train(settings, tmp_path / "run") == last
    assert model.read_bytes() == before
    assert "model.safetensors is written again: dev WER" in caplog.text


def test_metrics_that_a_full_disk_has_cut_off_are_dropped(settings, tmp_path):
    train(settings, tmp_path / "run", StopAfter(12))
    whole = (tmp_path / "run" / "metrics.jsonl").read_text()
    for rest in ('{"step": 13, "lo', "13", '{"st'):
        (tmp_path / "run" / "metrics.jsonl").write_text(whole + rest)
        train(settings, tmp_path / "run", StopAfter(0))
        assert (tmp_path / "run" / "metrics.jsonl").read_text().startswith(whole)
        reports(tmp_path / "run")


def test_damaged_checkpoints_stand_in_no_others_place(settings, tmp_path):
    """They have higher numbers, or the same ones: new checkpoints are kept all the same."""
    train(settings, tmp_path / "run")
    place = tmp_path / "run" / "checkpoints"
    steps = {path.name for path in place.iterdir()}
    for file in [file for file in place.rglob("*") if file.is_file()]:
        file.write_bytes(file.read_bytes()[::-1])
    train(settings, tmp_path / "run", StopAfter(3))
    (first,) = (path.name for path in place.iterdir())
    assert int(first) < 11 and first not in steps
    assert {path.name for path in (tmp_path / "run" / "damaged_checkpoints").iterdir()} == steps
    assert train(settings, tmp_path / "run").epoch == 3
    assert {path.name for path in place.iterdir()} == steps


def test_other_symbols_dev_words_or_answers_are_refused(settings, tmp_path):
    text = Path(settings.data.train).read_text()
    words = tmp_path / "dev.txt"
    words.write_text("abc A_B_C\ncab C_A_B\n")
    settings.data = dataclasses.replace(settings.data, dev=str(words))
    train(settings, tmp_path / "run", StopAfter(3))
    words.write_text("abc A_B_C\ncab C_A_A\n")
    with pytest.raises(ConfigError, match="was begun with other dev words"):
        train(settings, tmp_path / "run")
    words.write_text("abc A_B_C\ncab C_A_B\n")
    Path(settings.data.train).write_text(text.replace("E", "F"))  # ids are the same
    with pytest.raises(ConfigError, match="was begun with other letters or phonemes"):
        train(settings, tmp_path / "run")
    Path(settings.data.train).write_text(text)
    other = dataclasses.replace(settings, stress=False)
    with pytest.raises(ConfigError, match="config.stress=True, now it is False"):
        train(other, tmp_path / "run")
    train(settings, tmp_path / "run", StopAfter(3))


def test_weights_that_are_no_numbers_are_not_saved(settings, tmp_path):
    """The loss of the only step of an epoch is finite, what it does to the weights is not."""
    settings.train = dataclasses.replace(
        settings.train, batch_size=128, learning_rate=3.4e38, warmup_steps=0
    )
    with pytest.raises(TrainingError, match="weights are no numbers at step 1: begin anew"):
        train(settings, tmp_path / "run")
    assert not any((tmp_path / "run" / "checkpoints").iterdir())
    assert not (tmp_path / "run" / "model.safetensors").exists()
