"""The training loop: epochs, evaluation, checkpoints, and what one sees of them."""

import dataclasses
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
from g2p_jax import models, parallel, training
from g2p_jax.checkpoints import Checkpoints
from g2p_jax.data import splits
from g2p_jax.data.batches import Batches, Examples, choose_buckets
from g2p_jax.data.lexicon import DataError, atomic_write
from g2p_jax.data.pairs import Pairs
from g2p_jax.data.symbols import Symbols
from g2p_jax.data.text import Chunks
from g2p_jax.errors import ConfigError, TrainingError
from g2p_jax.language import LM
from g2p_jax.model_file import NAME, network
from g2p_jax.pronounce import G2P

# What may differ between a run and its continuation.
HARMLESS = {"train.log_every", "train.checkpoint_every", "train.patience", "train.watch"}


@dataclasses.dataclass
class Progress:
    """What the loop knows besides the state; saved with it."""

    epoch: int = 0  # complete and evaluated
    best: float = math.inf  # dev WER; of a language model, dev loss
    best_epoch: int = 0
    seconds: float = 0.0  # of training, over all starts


class Run:
    """One training run in its folder.

    The folder gets `checkpoints/` (to continue), `metrics.jsonl` (to plot) and, whenever the dev
    WER falls (of a language model, the dev loss), `model.safetensors` (to use).
    """

    def __init__(self, config: config_lib.Config, folder: Path):
        self.config, self.folder = config_lib.validate(config), folder
        settings = config.train
        self.data = splits.load(config.data)
        if not self.data.dev:
            raise DataError("no dev words: set config.data.dev to a file, or config.data.dev_share")
        data = config.data
        self.symbols = Symbols.from_pairs(
            self.data.train, data.case, data.unicode, data.source, data.target
        )
        self.devices = jax.local_devices()
        if settings.batch_size % len(self.devices):
            raise ConfigError(
                f"config.train.batch_size is {settings.batch_size}: must be a multiple of the "
                f"{len(self.devices)} devices that share it"
            )
        self.batches = self._batches(self.data.train, settings.buckets)
        self.dev_batches = self._batches(self.data.dev, 2)
        self.steps_per_epoch = self.batches.steps_per_epoch
        self.steps = settings.epochs * self.steps_per_epoch

        net = network(config, self.symbols)
        state = training.init_state(net, settings, self.steps, config.ensemble)
        self.state = parallel.replicate(state, self.devices).replace(carry=self._beginning())
        self.step = 0  # of the state, known without asking the device
        self.train_step = parallel.data_parallel(
            training.make_train_step(net, settings, self.steps, config.ensemble),
            self.devices,
            training.AXES,
            donate_argnums=0,
        )
        self.eval_step = parallel.data_parallel(
            training.make_eval_step(net, config.ensemble), self.devices, training.AXES
        )
        kind = G2P if config.model.encoder_layers else LM
        self.model: G2P | LM = kind(config, self.symbols, self.state.params)
        self.progress = Progress()
        folder.mkdir(parents=True, exist_ok=True)
        self.checkpoints = Checkpoints(folder / "checkpoints")
        self.metrics_file = folder / "metrics.jsonl"

    def _batches(self, pairs: Pairs, buckets: int) -> Batches | Chunks:
        settings = self.config.train
        if not self.config.model.encoder_layers:
            pairs = pairs.without_words()
        examples = Examples.from_pairs(pairs, self.symbols)
        if self.config.data.format == "text":
            ids = examples.target.ids[:-1]  # a text goes on: it has no EOS
            return Chunks(ids, self.config.data.chunk, settings.batch_size)
        lengths = choose_buckets(examples.lengths, buckets)
        members = self.config.ensemble
        return Batches(examples, lengths, settings.batch_size, settings.seed, members)

    def _beginning(self) -> dict[str, Any]:
        """What each row of a text begins with; pairs begin with nothing."""
        if self.config.data.format != "text":
            return {}
        carry = models.beginning(self.config.model, self.config.train.batch_size)
        return parallel.shard(carry, len(self.devices))

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
                words, best = isinstance(self.model, G2P), self.progress.best
                reached = f"WER {100 * best:.2f}%" if words else shown(best)
                logging.info("done: best dev %s, of epoch %d", reached, self.progress.best_epoch)
                logging.info("now: %s", self.model.use.format(self.folder))
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
        if position == 0:
            self.state = self.state.replace(carry=self._beginning())
        self.epoch_meter, recent, saved, pending = Meter(), Meter(), time.monotonic(), None
        for batch in self.batches.epoch(epoch, position):
            if stop:
                break
            if time.monotonic() - saved > settings.checkpoint_every:
                self._save()
                saved = time.monotonic()
            rows = 0 if self.config.ensemble == 1 else 1  # the axis of rows, after that of members
            sharded = parallel.shard(batch, len(self.devices), rows)
            self.state, metrics = self.train_step(self.state, sharded)
            self.step += 1
            if pending:  # one step late: the device works while the host reads and writes
                recent.add(*pending)
            pending = metrics, self.batches.size(batch)
            if recent.size and (self.step % settings.log_every == 0 or self.step in (2, 10)):
                self._log(recent)
                self.epoch_meter = self.epoch_meter.merged(recent)
                recent = Meter()
        if pending:
            recent.add(*pending)
        self.epoch_meter = self.epoch_meter.merged(recent)
        self.progress.seconds += self.epoch_meter.seconds

    def _log(self, recent: "Meter") -> None:
        left = (self.steps - self.step) / self.steps_per_epoch * len(self.batches)
        unit, speed = self.batches.unit, recent.speed()
        settled = self.step % self.config.train.log_every == 0
        self._report(
            {"loss": recent.loss(), "gradient": recent.gradient, f"{unit}_per_second": speed}
        )
        logging.info(
            "%s  %s  %.0f %s/s  %s",
            self._place(),
            shown(recent.loss()),
            speed,
            unit,
            f"{clock(left / speed)} left" if settled else "(compiling)",
        )
        if not math.isfinite(recent.loss()):
            raise TrainingError(
                f"the loss is {recent.loss()} at step {self.step}: begin anew with a lower "
                "config.train.learning_rate"
            )

    def _finish_epoch(self) -> None:
        """Evaluates, keeps the model if it is the best, and saves."""
        settings = self.config.train
        progress, epoch = self.progress, self.step // self.steps_per_epoch
        self.model.params = self.state.params
        dev_loss, seen = self._dev_loss(), self.model.examine(self.data.dev, settings.watch)
        name = "wer" if "wer" in seen.metrics else "loss"
        error = seen.metrics.get("wer", dev_loss)
        progress.epoch = epoch
        if error < progress.best:
            progress.best, progress.best_epoch = error, epoch
            self.model.save(self.folder / NAME)
        train_loss, seconds = self.epoch_meter.loss(), self.epoch_meter.seconds
        self._report(
            {"epoch": epoch, "train_loss": train_loss, "dev_loss": dev_loss}
            | {f"dev_{key}": value for key, value in seen.metrics.items()}
            | {f"best_{name}": progress.best, "seconds": progress.seconds}
        )
        logging.info(
            "epoch %d in %s, after %s: train %s; dev %s%s%s\n    %s",
            epoch,
            clock(seconds),
            clock(progress.seconds),
            shown(train_loss),
            shown(dev_loss),
            f"; {seen.summary}" if seen.summary else "",
            "  (best so far)" if progress.best_epoch == epoch else "",
            seen.answers,
        )
        self._save(error)

    def _dev_loss(self) -> float:
        """Cross entropy of the dev set given the true phonemes before each."""
        dev, state = Meter(), self.state.replace(opt_state=(), carry=self._beginning())
        for batch in self.dev_batches.in_order():
            state, metrics = self.eval_step(state, parallel.shard(batch, len(self.devices)))
            dev.add(metrics, self.dev_batches.size(batch))
        return dev.loss()

    def _place(self) -> str:
        epoch, position = divmod(self.step, self.steps_per_epoch)
        return (
            f"epoch {epoch + 1}/{self.config.train.epochs} step {position}/{self.steps_per_epoch}"
        )

    def _report(self, values: dict[str, float]) -> None:
        with self.metrics_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": self.step} | values) + "\n")

    def _save(self, error: float | None = None) -> None:
        about = {
            "config": config_lib.to_dict(self.config),
            "symbols": self.symbols.to_json(),
            "data": self.batches.fingerprint,
            "progress": dataclasses.asdict(self.progress),
        }
        state = self.state.replace(carry=parallel.unshard(self.state.carry))
        self.checkpoints.save(self.step, state, about, error)

    def _resume(self) -> None:
        """Goes to the latest readable checkpoint, if any; ConfigError if it is another run's."""
        about = self.checkpoints.about()
        if about is None:
            return
        self._check_same_run(about)
        state = self.state.replace(carry=parallel.unshard(self.state.carry))
        restored = self.checkpoints.restore(state)
        if restored is None:
            return
        state, about = restored
        self.state = state.replace(carry=parallel.shard(state.carry, len(self.devices)))
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
        if about["config"].get("ensemble", 1) != self.config.ensemble:
            before = about["config"].get("ensemble", 1)
            raise ConfigError(
                f"{begun}config.ensemble={before}, now it is {self.config.ensemble}{advice}"
            )
        for section in ("model", "train"):
            mine = json.loads(json.dumps(config_lib.to_dict(self.config)[section]))
            for field, value in mine.items():
                name, before = f"{section}.{field}", about["config"][section].get(field)
                if name not in HARMLESS and value != before:
                    raise ConfigError(
                        f"{begun}config.{name}={before!r}, now it is {value!r}{advice}"
                    )
        if about["data"] != self.batches.fingerprint:
            raise ConfigError(f"{begun}other training data{advice}")


@dataclasses.dataclass
class Meter:
    """Sums over some steps; wall time from its creation to the last step added."""

    nats: float = 0.0
    phonemes: float = 0.0
    size: float = 0.0  # words, or characters of a text
    gradient: float = 0.0  # norm at the last step
    seconds: float = 0.0
    started: float = dataclasses.field(default_factory=time.monotonic)

    def add(self, metrics: training.Metrics, size: float) -> None:
        self.nats += float(metrics["loss"])
        self.phonemes += float(metrics["count"])
        self.gradient = float(metrics.get("gradient", 0.0))
        self.size += size
        self.seconds = time.monotonic() - self.started

    def merged(self, other: "Meter") -> "Meter":
        return Meter(
            self.nats + other.nats,
            self.phonemes + other.phonemes,
            self.size + other.size,
            other.gradient,
            self.seconds + other.seconds,
            self.started,
        )

    def loss(self) -> float:
        """Cross entropy in nats per phoneme."""
        return self.nats / max(self.phonemes, 1.0)

    def speed(self) -> float:
        """Pronunciations, or characters of a text, per second."""
        return self.size / max(self.seconds, 1e-9)


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


def shown(loss: float) -> str:
    """0.693 -> loss 0.693 (1.000 bits, perplexity 2.00)."""
    perplexity = math.exp(min(loss, 99.0))
    return f"loss {loss:.3f} ({loss / math.log(2):.3f} bits, perplexity {perplexity:.2f})"


def clock(seconds: float) -> str:
    """75 -> 1:15."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
