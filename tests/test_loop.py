"""The loop: a stopped, killed or damaged run ends like one that never was."""

import dataclasses
import json
import os
import signal
import threading
import time

import jax
import numpy as np
import pytest

from g2p_jax import config
from g2p_jax.devices.signals import stop_on_signal
from g2p_jax.errors import ConfigError
from g2p_jax.train import loop
from g2p_jax.train import step as training

MODEL = config.Model(
    cell="elman", embedding=4, hidden=8, readout=4, encoder_layers=1, decoder_layers=1
)
TRAIN = config.Train(
    epochs=3, batch_size=8, buckets=1, warmup_steps=2, log_every=5, watch=("abc",), dtype="float32"
)


@pytest.fixture
def settings(tmp_path) -> config.Config:
    random = np.random.default_rng(0)
    words = {"".join(random.choice(list("abcde"), random.integers(2, 8))) for _ in range(120)}
    lexicon = tmp_path / "lexicon.txt"
    lexicon.write_text("".join(f"{w} {'_'.join(w.upper())}\n" for w in sorted(words)))
    data = config.Data(train=str(lexicon), dev_share=0.2, test_share=0.0)
    return config.Config("test", data, MODEL, TRAIN)


def assert_same_parameters(a: loop.Run, b: loop.Run) -> None:
    assert a.step == b.step == a.steps
    jax.tree.map(np.testing.assert_array_equal, a.state.params, b.state.params)


def test_a_stopped_run_continues_bit_for_bit(settings, tmp_path):
    whole = loop.Run(settings, tmp_path / "whole")
    whole.train()

    folder = tmp_path / "stopped"
    starts = 0
    while True:
        run = loop.Run(settings, folder)
        starts += 1
        steps_left = 4 * starts - 1  # two more follow: in the middle of epochs, and at their ends

        def step(state, batch, run=run, train_step=run.train_step):
            nonlocal steps_left
            steps_left -= 1
            if steps_left == 0:
                os.kill(os.getpid(), signal.SIGTERM)
            return train_step(state, batch)

        run.train_step = step
        run.train()
        if run.step == run.steps:
            break
    assert starts >= 4
    assert_same_parameters(whole, run)
    reports = [
        [json.loads(x) for x in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        for name in ("whole", "stopped")
    ]
    epochs = [[r["dev_wer"] for r in of_run if "epoch" in r] for of_run in reports]
    assert epochs[0] == epochs[1] and len(epochs[0]) == 3
    steps = [r["step"] for r in reports[1]]
    assert steps == sorted(steps)


def test_compilations_are_as_many_as_buckets(settings, tmp_path, monkeypatch):
    settings.train = dataclasses.replace(settings.train, buckets=2)
    make, traced, compiled = training.make_train_step, [], []

    def made(*args):
        step = make(*args)

        def traced_step(state, batch):
            traced.append(batch.source_BxS.shape[-1])
            return step(state, batch)

        return traced_step

    monkeypatch.setattr(training, "make_train_step", made)
    run = loop.Run(settings, tmp_path / "run")
    compile_ahead = run._compile_ahead

    def all_ahead():
        compile_ahead()
        jax.tree.map(lambda program: program.result(), [*run.programs._programs.values()])
        compiled.extend(traced)

    monkeypatch.setattr(run, "_compile_ahead", all_ahead)
    run.train()
    assert len(run.batches.buckets) == 2
    assert sorted(traced) == sorted(compiled) == list(run.batches.buckets)


def test_a_finished_run_has_nothing_to_do(settings, tmp_path):
    first = loop.Run(settings, tmp_path / "run")
    first.train()
    again = loop.Run(settings, tmp_path / "run")
    again.train_step = None
    assert again.train() == first.progress
    assert_same_parameters(first, again)


def test_another_config_or_other_data_are_refused(settings, tmp_path):
    settings.train = dataclasses.replace(settings.train, epochs=1)
    loop.Run(settings, tmp_path / "run").train()
    other = dataclasses.replace(settings, model=dataclasses.replace(MODEL, hidden=9))
    with pytest.raises(ConfigError, match="config.model.hidden=8, now it is 9"):
        loop.Run(other, tmp_path / "run").train()
    harmless = dataclasses.replace(settings, train=dataclasses.replace(settings.train, log_every=7))
    loop.Run(harmless, tmp_path / "run").train()
    with open(settings.data.train, "a") as file:
        file.writelines(f"{'e' * n} E_E\n" for n in range(9, 19))
    with pytest.raises(ConfigError, match="other training data"):
        loop.Run(settings, tmp_path / "run").train()


def test_patience_stops_and_stays_stopped(settings, tmp_path):
    settings.train = dataclasses.replace(
        settings.train, epochs=50, patience=2, learning_rate=1e-9, warmup_steps=0
    )
    progress = loop.Run(settings, tmp_path / "run").train()
    assert progress.epoch == progress.fell + 2 < 50
    assert loop.Run(settings, tmp_path / "run").train() == progress


def test_a_second_ctrl_c_interrupts(settings, tmp_path):
    with pytest.raises(KeyboardInterrupt), stop_on_signal() as stop:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        while not stop:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)


def test_extra_words_are_trained_on(settings, tmp_path):
    run = loop.Run(settings, tmp_path / "run")
    (tmp_path / "extra.txt").write_text("NEW N_U\nNEWER N_U_R\n", encoding="utf-8")
    settings.data.extra = str(tmp_path / "extra.txt")
    more = loop.Run(settings, tmp_path / "more")
    assert len(more.batches) == len(run.batches) + 2
    assert more.symbols.phonemes.encode("NUR") and list(more.data.train) == list(run.data.train)


def test_devices_must_share_the_batch(settings, tmp_path):
    settings.train = dataclasses.replace(settings.train, batch_size=12)
    with pytest.raises(ConfigError, match="multiple of the 8 devices"):
        loop.Run(settings, tmp_path / "run")


def test_clock():
    assert [loop.format_duration(s) for s in (5, 75, 3725.4)] == ["0:05", "1:15", "1:02:05"]
