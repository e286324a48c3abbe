"""The training loop: epochs, evaluation, checkpoints, and what one sees of them."""

import dataclasses
import hashlib
import json
import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
from absl import logging

from g2p_jax import config as config_lib
from g2p_jax import parallel, scoring, training
from g2p_jax.checkpoints import Checkpoints
from g2p_jax.data import splits
from g2p_jax.data.batches import Batches, Examples, choose_buckets
from g2p_jax.data.lexicon import DataError, Pair, atomic_write
from g2p_jax.data.symbols import Symbols
from g2p_jax.errors import ConfigError, TrainingError
from g2p_jax.pronounce import G2P, MODEL_FILE, network

# What may differ between a run and its continuation.
HARMLESS = {"train.log_every", "train.checkpoint_every", "train.patience", "train.watch"}


@dataclasses.dataclass
class Progress:
    """What the loop knows besides the state; saved with it."""

    epoch: int = 0  # complete and evaluated
    best_wer: float = math.inf
    best_epoch: int = 0
    seconds: float = 0.0  # of training, over all starts


def fingerprint(examples: Examples) -> str:
    """Tells one set of training data from another."""
    digest = hashlib.sha256()
    for part in (examples.source, examples.target):
        digest.update(part.ids.tobytes() + part.starts.tobytes())
    return digest.hexdigest()


def score(g2p: G2P, pairs: list[Pair]) -> scoring.Score:
    """Decodes the words, without any teacher, and compares with all their references."""
    answers = g2p.pronounce(pair.word for pair in pairs)
    return scoring.score_all(
        (answer.pronunciations[0].phonemes for answer in answers),
        (pair.pronunciations for pair in pairs),
    )


class Run:
    """One training run in its folder.

    The folder gets `checkpoints/` (to continue), `metrics.jsonl` (to plot) and, whenever the dev
    WER falls, `model.safetensors` (to use).
    """

    def __init__(self, config: config_lib.Config, folder: Path):
        self.config, self.folder = config_lib.validate(config), folder
        settings = config.train
        self.data = splits.load(config.data)
        if not self.data.dev:
            raise DataError("no dev words: set config.data.dev to a file, or config.data.dev_share")
        self.symbols = Symbols.from_pairs(self.data.train, config.data.case, config.data.unicode)
        self.devices = jax.local_devices()
        if settings.batch_size % len(self.devices):
            raise ConfigError(
                f"config.train.batch_size is {settings.batch_size}: must be a multiple of the "
                f"{len(self.devices)} devices that share it"
            )
        self.batches = self._batches(self.data.train, settings.buckets)
        self.fingerprint = fingerprint(self.batches.examples)
        self.dev_batches = self._batches(self.data.dev, 2)
        self.steps_per_epoch = self.batches.steps_per_epoch
        self.steps = settings.epochs * self.steps_per_epoch

        net = network(config, self.symbols)
        state = training.init_state(net, settings, self.steps)
        self.state = parallel.replicate(state, self.devices)
        self.step = 0  # of the state, known without asking the device
        self.train_step = parallel.data_parallel(
            training.make_train_step(net, settings, self.steps), self.devices, donate_argnums=0
        )
        self.eval_step = parallel.data_parallel(training.make_eval_step(net), self.devices)
        self.g2p = G2P(config, self.symbols, self.state.params)
        self.progress = Progress()
        folder.mkdir(parents=True, exist_ok=True)
        self.checkpoints = Checkpoints(folder / "checkpoints")
        self.metrics_file = folder / "metrics.jsonl"

    def _batches(self, pairs: list[Pair], buckets: int) -> Batches:
        examples = Examples.from_pairs(pairs, self.symbols)
        lengths = choose_buckets(examples.lengths, buckets)
        return Batches(examples, lengths, self.config.train.batch_size, self.config.train.seed)

    def train(self) -> Progress:
        """Trains to the end, or until a signal asks to stop; returns how far it came."""
        self._resume()
        try:
            with stop_on_signal() as stop:
                while self.step < self.steps and not self._out_of_patience() and not stop:
                    self._train_epoch(stop)
                    if self.step % self.steps_per_epoch == 0:
                        self._finish_epoch()
                    else:
                        self._save()
            if stop:
                logging.info("%s: saved, the same command continues", self._place())
            elif self.progress.epoch:
                best, epoch = 100 * self.progress.best_wer, self.progress.best_epoch
                logging.info("done: best dev WER %.2f%%, of epoch %d", best, epoch)
                logging.info("now: python predict.py --ckpt=%s hello world", self.folder)
        finally:
            self.checkpoints.close()
        return self.progress

    def _out_of_patience(self) -> bool:
        patience = self.config.train.patience
        return 0 < patience <= self.progress.epoch - self.progress.best_epoch

    def _train_epoch(self, stop: list[int]) -> None:
        """From where the state is to the end of the epoch, or the step after a stop signal."""
        settings = self.config.train
        epoch, position = divmod(self.step, self.steps_per_epoch)
        self.epoch_meter, recent, saved, pending = Meter(), Meter(), time.monotonic(), None
        for batch in self.batches.epoch(epoch, position):
            if stop:
                break
            if time.monotonic() - saved > settings.checkpoint_every:
                self._save()
                saved = time.monotonic()
            sharded = parallel.shard(batch, len(self.devices))
            self.state, metrics = self.train_step(self.state, sharded)
            self.step += 1
            if pending:  # one step late: the device works while the host reads and writes
                recent.add(*pending)
            pending = metrics, float(batch.weight_B.sum())
            if recent.words and (self.step % settings.log_every == 0 or self.step in (2, 10)):
                self._log(recent)
                self.epoch_meter = self.epoch_meter.merged(recent)
                recent = Meter()
        if pending:
            recent.add(*pending)
        self.epoch_meter = self.epoch_meter.merged(recent)
        self.progress.seconds += self.epoch_meter.seconds

    def _log(self, recent: "Meter") -> None:
        left = (self.steps - self.step) / self.steps_per_epoch * len(self.batches.examples)
        self._report(
            {"loss": recent.loss(), "gradient": recent.gradient, "words_per_second": recent.speed()}
        )
        logging.info(
            "%s  loss %.3f  perplexity %.2f  %.0f words/s  %s left",
            self._place(),
            recent.loss(),
            math.exp(recent.loss()),
            recent.speed(),
            clock(left / recent.speed()),
        )
        if not math.isfinite(recent.loss()):
            raise TrainingError(
                f"the loss is {recent.loss()} at step {self.step}: begin anew with a lower "
                "config.train.learning_rate"
            )

    def _finish_epoch(self) -> None:
        """Evaluates, keeps the model if it is the best, and saves."""
        progress, epoch = self.progress, self.step // self.steps_per_epoch
        dev = Meter()
        for batch in self.dev_batches.in_order():
            sharded = parallel.shard(batch, len(self.devices))
            dev.add(self.eval_step(self.state.params, sharded), float(batch.weight_B.sum()))
        self.g2p.params = self.state.params
        result = score(self.g2p, self.data.dev)
        progress.epoch = epoch
        if result.wer < progress.best_wer:
            progress.best_wer, progress.best_epoch = result.wer, epoch
            self.g2p.save(self.folder / MODEL_FILE)
        self._report(
            {
                "epoch": epoch,
                "train_loss": self.epoch_meter.loss(),
                "dev_loss": dev.loss(),
                "dev_wer": result.wer,
                "dev_per": result.per,
                "best_wer": progress.best_wer,
                "seconds": progress.seconds,
            }
        )
        watched = [str(a.pronunciations[0]) for a in self.g2p.pronounce(self.config.train.watch)]
        logging.info(
            "epoch %d after %s: dev %s, loss %.3f, perplexity %.2f%s\n    %s",
            epoch,
            clock(progress.seconds),
            result,
            dev.loss(),
            math.exp(dev.loss()),
            "  (best so far)" if progress.best_epoch == epoch else "",
            "   ".join(f"{w}: {p}" for w, p in zip(self.config.train.watch, watched, strict=True)),
        )
        self._save(result.wer)

    def _place(self) -> str:
        epoch, position = divmod(self.step, self.steps_per_epoch)
        return (
            f"epoch {epoch + 1}/{self.config.train.epochs} step {position}/{self.steps_per_epoch}"
        )

    def _report(self, values: dict[str, float]) -> None:
        with self.metrics_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": self.step} | values) + "\n")

    def _save(self, wer: float | None = None) -> None:
        about = {
            "config": config_lib.to_dict(self.config),
            "symbols": self.symbols.to_json(),
            "data": self.fingerprint,
            "progress": dataclasses.asdict(self.progress),
        }
        self.checkpoints.save(self.step, self.state, about, wer)

    def _resume(self) -> None:
        """Goes to the latest readable checkpoint, if any; ConfigError if it is another run's."""
        about = self.checkpoints.about()
        if about is None:
            return
        self._check_same_run(about)
        restored = self.checkpoints.restore(self.state)
        if restored is None:
            return
        self.state, about = restored
        self.step = int(self.state.step)
        self.progress = Progress(**about["progress"])
        if self.metrics_file.exists():  # forget what was reported after that checkpoint
            lines = self.metrics_file.read_text(encoding="utf-8").splitlines()
            with atomic_write(self.metrics_file) as file:
                file.writelines(f"{x}\n" for x in lines if json.loads(x)["step"] <= self.step)
        if self.step < self.steps:
            logging.info("%s: continuing %s", self._place(), self.folder)

    def _check_same_run(self, about: dict[str, Any]) -> None:
        begun = f"{self.folder} was begun with "
        advice = ": choose another --workdir, or delete that folder to begin anew"
        for section in ("model", "train"):
            mine = json.loads(json.dumps(config_lib.to_dict(self.config)[section]))
            for field, value in mine.items():
                name, before = f"{section}.{field}", about["config"][section].get(field)
                if name not in HARMLESS and value != before:
                    raise ConfigError(
                        f"{begun}config.{name}={before!r}, now it is {value!r}{advice}"
                    )
        if about["data"] != self.fingerprint:
            raise ConfigError(f"{begun}other training data{advice}")


@dataclasses.dataclass
class Meter:
    """Sums over some steps; wall time from its creation to the last step added."""

    nats: float = 0.0
    phonemes: float = 0.0
    words: float = 0.0
    gradient: float = 0.0  # norm at the last step
    seconds: float = 0.0
    started: float = dataclasses.field(default_factory=time.monotonic)

    def add(self, metrics: training.Metrics, words: float) -> None:
        self.nats += float(metrics["loss"])
        self.phonemes += float(metrics["count"])
        self.gradient = float(metrics.get("gradient", 0.0))
        self.words += words
        self.seconds = time.monotonic() - self.started

    def merged(self, other: "Meter") -> "Meter":
        return Meter(
            self.nats + other.nats,
            self.phonemes + other.phonemes,
            self.words + other.words,
            other.gradient,
            self.seconds + other.seconds,
            self.started,
        )

    def loss(self) -> float:
        """Cross entropy in nats per phoneme."""
        return self.nats / max(self.phonemes, 1.0)

    def speed(self) -> float:
        """Pronunciations per second."""
        return self.words / max(self.seconds, 1e-9)


@contextmanager
def stop_on_signal() -> Iterator[list[int]]:
    """Gives a list that is empty until SIGTERM or Ctrl-C; a second Ctrl-C interrupts as usual."""
    received: list[int] = []

    def handle(number: int, frame: Any) -> None:
        received.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        logging.info("stopping after this step ...")

    before = {n: signal.signal(n, handle) for n in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def clock(seconds: float) -> str:
    """75 -> 1:15."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
