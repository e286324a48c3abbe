"""The loop: a stopped, killed or damaged run ends like one that never was."""

import dataclasses
import os
import re
import signal
import threading
import time
from pathlib import Path

import pytest

import g2p_jax
from g2p_jax import config
from g2p_jax.devices.programs import CachedProgram
from g2p_jax.devices.signals import StopOnSignal
from g2p_jax.errors import ConfigError, DataError, TrainingError
from g2p_jax.joint import model as joint
from g2p_jax.train import loop
from g2p_jax.train.inputs import load_inputs
from g2p_jax.train.loop import train
from g2p_jax.train.report import format_duration
from tests.runs import MODEL, StopAfter, assert_same_state, reports, settings_in


@pytest.fixture
def settings(tmp_path) -> config.Config:
    return settings_in(tmp_path)


def test_a_stopped_run_continues_bit_for_bit(settings, tmp_path):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    train(settings, whole)
    starts = 1  # in the middle of epochs, and at their ends
    while train(settings, stopped, StopAfter(4 * starts - 2)).epoch < settings.train.epochs:
        starts += 1
    assert starts >= 4
    assert_same_state(whole, stopped)
    wers = [[r["dev_wer"] for r in reports(f) if "epoch" in r] for f in (whole, stopped)]
    assert wers[0] == wers[1] and len(wers[0]) == 3
    steps = [r["step"] for r in reports(stopped)]
    assert steps == sorted(steps)


def test_compilations_are_as_many_as_buckets(settings, tmp_path, monkeypatch):
    settings.train = dataclasses.replace(settings.train, buckets=2)
    make, prepare, traced, compiled = loop.make_train_step, CachedProgram.prepare, [], []

    def made(*args):
        step = make(*args)

        def traced_step(state, batch):
            traced.append(batch.source_BxS.shape[-1])
            return step(state, batch)

        return traced_step

    def all_ahead(program, calls):
        coming = prepare(program, calls)
        for compiling in coming:
            compiling.result()
        compiled.extend(traced)
        return coming

    monkeypatch.setattr(loop, "make_train_step", made)
    monkeypatch.setattr(CachedProgram, "prepare", all_ahead)
    train(settings, tmp_path / "run")
    assert len(traced) == 2 and sorted(traced) == sorted(compiled)


def test_a_finished_run_has_nothing_to_do(settings, tmp_path, monkeypatch):
    first = train(settings, tmp_path / "run")
    monkeypatch.setattr(loop, "run_steps", None)
    assert train(settings, tmp_path / "run") == first


def test_another_config_or_other_data_are_refused(settings, tmp_path):
    settings.train = dataclasses.replace(settings.train, epochs=1)
    train(settings, tmp_path / "run")
    other = dataclasses.replace(settings, model=dataclasses.replace(MODEL, hidden=9))
    with pytest.raises(ConfigError, match="config.model.hidden=8, now it is 9"):
        train(other, tmp_path / "run")
    harmless = dataclasses.replace(settings, train=dataclasses.replace(settings.train, log_every=7))
    train(harmless, tmp_path / "run")
    with open(settings.data.train, "a") as file:
        file.writelines(f"{'e' * n} E_E\n" for n in range(9, 19))
    with pytest.raises(ConfigError, match="other training data"):
        train(settings, tmp_path / "run")


def test_a_finished_run_goes_on_with_more_epochs_where_that_is_allowed(settings, tmp_path):
    train(settings, tmp_path / "run")
    more = dataclasses.replace(settings, train=dataclasses.replace(settings.train, epochs=5))
    wanted = "config.train.epochs=3, now it is 5: add --extend to go on with more epochs, choose"
    with pytest.raises(ConfigError, match=wanted):
        train(more, tmp_path / "run")
    train(more, tmp_path / "run", StopAfter(16), extend=True)
    assert train(more, tmp_path / "run").epoch == 5  # now it is a run of five
    assert [r["epoch"] for r in reports(tmp_path / "run") if "epoch" in r] == [1, 2, 3, 4, 5]
    with pytest.raises(ConfigError, match="epochs=5, now it is 3: choose another --workdir"):
        train(settings, tmp_path / "run", extend=True)


def test_a_loss_that_is_no_number_ends_the_run(settings, tmp_path):
    settings.train = dataclasses.replace(settings.train, learning_rate=1e30, warmup_steps=0)
    with pytest.raises(TrainingError, match=r"the loss is (nan|inf) at step \d: begin anew"):
        train(settings, tmp_path / "run")


def test_log_lines_are_short_and_name_the_epoch(settings, tmp_path, caplog):
    with caplog.at_level("INFO"):
        train(settings, tmp_path / "run", StopAfter(12))
        train(settings, tmp_path / "run")
    ours = [record for record in caplog.records if "g2p_jax" in Path(record.pathname).parts]
    lines = [line for record in ours for line in record.getMessage().splitlines()]
    assert max(len(line.replace(str(tmp_path), "")) for line in lines) <= 91
    epochs = [line for line in lines if line.startswith("epoch")]
    assert all(re.match(r"epoch [123]/3 (step \d+/11|in)[ :]", line) for line in epochs)
    assert any(line.endswith("/11: saved; the same command continues") for line in epochs)
    assert any(re.search(r"step \d+/11: continuing ", line) for line in epochs)
    assert any(re.search(r"  [\d,]+ words/s  \d+:\d\d left$", line) for line in epochs)
    dev = " ".join(pair.word for pair in load_inputs(settings).splits.dev[:2])
    assert lines[-1] == f"now: python predict.py --ckpt={tmp_path / 'run'} {dev}"


def test_a_second_ctrl_c_interrupts(settings, tmp_path):
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    with pytest.raises(KeyboardInterrupt), StopOnSignal() as stop:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        while not stop:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)


def test_extra_words_are_trained_on(settings, tmp_path):
    inputs = load_inputs(settings)
    (tmp_path / "extra.txt").write_text("NEW N_U\nNEWER N_U_R\n", encoding="utf-8")
    settings.data.extra = str(tmp_path / "extra.txt")
    more = load_inputs(settings)
    assert len(more.train) == len(inputs.train) + 2
    assert more.symbols.phonemes.encode("NUR")
    assert list(more.splits.train) == list(inputs.splits.train)


def test_too_few_words_are_an_error_that_says_how_many_will_do(settings):
    settings.data = dataclasses.replace(settings.data, dev_share=0.001)
    with pytest.raises(DataError, match=r"none of \d+ words is a dev word: take 100 words or more"):
        load_inputs(settings)


def test_an_overlong_word_is_left_out_and_named(settings, caplog):
    count = len(load_inputs(settings).train)
    with open(settings.data.train, "a") as file:
        file.write(f"{'ae' * 600} A\n{'b' * 999} B\n")
    settings.data.dev = settings.data.train
    inputs = load_inputs(settings)
    assert len(inputs.train) == len(inputs.splits.train) - 1 > count
    assert inputs.train.buckets[-1] == 999
    assert "left out 1 of" in caplog.text and "longer than 1000 tokens: 'aeae" in caplog.text


def test_without_room_for_a_joint_model_training_goes_on(settings, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(joint, "MOST_UNITS", 100)
    settings.ngram, settings.train = 3, dataclasses.replace(settings.train, epochs=1)
    with caplog.at_level("INFO"):
        train(settings, tmp_path / "run")
    lines = [record.getMessage() for record in caplog.records]
    (left_out,) = (n for n, line in enumerate(lines) if "training goes on without it" in line)
    (first_step,) = (n for n, line in enumerate(lines) if line.startswith("epoch 1/1 step 2/"))
    assert left_out < first_step
    assert g2p_jax.load(tmp_path / "run").joint is None


@pytest.mark.parametrize(("size", "choices"), [(12, "8 or 16"), (63, "56 or 64"), (3, "8")])
def test_devices_must_share_the_batch(size, choices, settings, tmp_path):
    settings.train = dataclasses.replace(settings.train, batch_size=size)
    with pytest.raises(ConfigError, match=f"multiple of the 8 devices .*, such as {choices}$"):
        train(settings, tmp_path / "run")


def test_clock():
    assert [format_duration(s) for s in (5, 75, 3725.4)] == ["0:05", "1:15", "1:02:05"]
