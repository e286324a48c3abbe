"""What one sees of a run: log lines, and metrics.jsonl for plots."""

import itertools
import json
import math
import shlex
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import jax
from absl import logging

from g2p_jax.config import Config
from g2p_jax.data.symbols import SPECIALS
from g2p_jax.devices import hosts
from g2p_jax.errors import counted
from g2p_jax.files import atomic_write
from g2p_jax.train.evaluation import Evaluation
from g2p_jax.train.inputs import Inputs
from g2p_jax.train.resume import Progress
from g2p_jax.train.step import State
from g2p_jax.train.time_left import TimeLeft

EARLY = 2, 10  # steps that are logged besides every `log_every`-th, to show that all is well
FEW = 5000  # words, with which configs/sigmorphon.py makes fewer errors than the other configs
WIDTH = 90  # characters of an answer in a line
SHOWN = 2  # dev words in the command that the last line suggests


def first_lines(
    config: Config, inputs: Inputs, start: State, devices: Sequence[jax.Device]
) -> Iterator[str]:
    """Yields what the log says before the first step: words, symbols, weights, steps, devices.

    For few words it names a better config.
    """
    symbols, train = inputs.symbols, inputs.train
    text, reads = config.data.format == "text", config.model.encoder_layers > 0
    counts = {name: len(pairs) for name, pairs in inputs.splits._asdict().items() if pairs}
    counts = {"train": len(train), "dev": len(inputs.dev)} if text else counts
    number = lambda vocabulary: f"{len(vocabulary) - len(SPECIALS):,}"
    known = f"{number(symbols.graphemes)} input and " if reads else ""
    yield (
        f"{'characters' if text else 'words'}: "
        + ", ".join(f"{count:,} {name}" for name, count in counts.items())
        + f"; {known}{number(symbols.phonemes)} output symbols"
    )
    weights = sum(leaf.size for leaf in jax.tree.leaves(start.params)) // config.ensemble
    networks = f"{config.ensemble} networks of " if config.ensemble > 1 else ""
    steps = f"{counted(config.train.epochs, 'epoch')} of {counted(train.steps_per_epoch, 'step')}"
    yield f"{networks}{weights:,} parameters; {steps}"
    if inputs.initial:
        old = inputs.initial.symbols
        size = lambda symbols: len(symbols.graphemes) + len(symbols.phonemes)
        new = size(symbols) - size(old)
        yield f"begins with the weights of {config.train.init}; {new} symbols are new"
    cache = jax.config.jax_compilation_cache_dir  # type: ignore[attr-defined]
    kind = devices[0].device_kind
    kind = "CPU" if kind.lower() == "cpu" else kind
    yield f"devices: {len(devices)} ({kind}); compiled programs are cached in {cache or 'memory'}"
    phonemes = config.data.source == "characters" and config.data.target == "words"
    whole = not config.data.limit and ":" not in config.data.train  # neither tiny nor generated
    single = reads and config.ensemble == 1 and not config.train.init
    if phonemes and whole and single and counts["train"] < FEW:
        words = counted(counts["train"], "word")
        yield f"for {words} --config=configs/sigmorphon.py makes fewer errors"


class Meter:
    """Sums over training steps, and the seconds from its creation to the last of them."""

    def __init__(self) -> None:
        self.nats = self.tokens = self.size = self.seconds = 0.0
        self._start = time.monotonic()

    def add(self, metrics: dict[str, Any], size: str) -> None:
        """Adds a step; `size` names the metric that is its size."""
        self.nats += float(metrics["loss"])
        self.tokens += float(metrics["count"])
        self.size += float(metrics[size])
        self.seconds = time.monotonic() - self._start

    @property
    def loss(self) -> float:
        """Cross entropy in nats a token."""
        return self.nats / max(self.tokens, 1.0)

    @property
    def speed(self) -> float:
        """Words, or characters of a text, per second."""
        return self.size / max(self.seconds, 1e-9)


class Report:
    """Logs the steps and epochs of a run; the first process also writes metrics.jsonl.

    Lines there of later steps than `step`, from which the run goes on, are removed, as are broken
    ones.
    """

    def __init__(self, folder: Path, config: Config, inputs: Inputs, step: int):
        self._folder, self._config, self._inputs = folder, config, inputs
        self._batches = inputs.train
        self._file, self._per_epoch = folder / "metrics.jsonl", inputs.train.steps_per_epoch
        self._epochs = config.train.epochs
        self._left = TimeLeft(self._epochs, len(inputs.train), len(inputs.dev))
        self._programs: Sequence[Future] = ()
        self._shared = False  # whether steps since the last line shared the machine with a compiler
        if hosts.is_first() and self._file.exists():
            lines = self._file.read_text(encoding="utf-8", errors="replace").splitlines()
            with atomic_write(self._file) as file:
                file.writelines(f"{line}\n" for line in lines if step_of(line) <= step)
        if 0 < step < self._epochs * self._per_epoch:
            logging.info("%s: continuing %s", self._place(step), folder)
        self.begin()

    def begin(self) -> None:
        """Time counts from here: steps begin."""
        self._epoch, self._recent, self._stepped = Meter(), Meter(), time.monotonic()

    def follow(self, programs: Sequence[Future]) -> None:
        """Logs how many of these programs are compiled, when one of them is."""
        self._programs, number = programs, itertools.count(1)
        self._shared = len(programs) > 0

        def compiled(program: Future) -> None:
            if not program.cancelled():
                logging.info("compiled %d of %d programs", next(number), len(programs))

        if programs:
            logging.info("compiling %d programs, one for each shape of batches", len(programs))
        for program in programs:
            program.add_done_callback(compiled)

    def add(self, metrics: dict[str, Any], waited: float = 0.0) -> None:
        """Counts a step, and logs the steps since the last line when it is time to.

        waited: seconds that all steps so far have waited for programs to be compiled.
        """
        self._stepped = time.monotonic()
        unit, step, recent = self._batches.unit, int(metrics["step"]), self._recent
        for meter in (self._epoch, recent):
            meter.add(metrics, self._batches.counted)
        regular = step % self._config.train.log_every == 0
        if not regular and step not in EARLY:
            return
        gradient, speed = float(metrics["gradient"]), recent.speed
        self._write(step, loss=recent.loss, gradient=gradient, **{f"{unit}_per_second": speed})
        if not self._shared:
            self._left.add(recent.size, recent.seconds)
        loss = f"loss {recent.loss:.3f} ({recent.loss / math.log(2):.3f} bits)"
        line = f"{self._place(step)}  {loss}  {speed:,.0f} {unit}/s"
        # The first evaluation needs about as many programs as two shapes of batches.
        to_compile = 2 * waited / max(len(self._programs), 1)
        left = self._left.after(step / self._per_epoch, to_compile)
        if regular and left is not None:
            line += f"  {format_duration(left)} left"
        logging.info("%s", line)
        self._recent = Meter()
        self._shared = not all(program.done() for program in self._programs)

    def finish_epoch(self, step: int, evaluation: Evaluation, progress: Progress) -> None:
        """Logs and writes an epoch, with some answers."""
        loss, dev_loss, score = self._epoch.loss, evaluation.loss, evaluation.score
        self._left.add_evaluation(time.monotonic() - self._stepped)
        rates = {"dev_wer": score.wer, "dev_per": score.per} if score else {}
        best = {"best_wer" if score else "best_loss": progress.best, "seconds": progress.seconds}
        losses = {"train_loss": loss, "dev_loss": dev_loss}
        self._write(step, epoch=progress.epoch, **losses, **rates, **best)
        duration, total = map(format_duration, (self._epoch.seconds, progress.seconds))
        best_so_far = ", the best so far" if progress.epoch == progress.best_epoch else ""
        lines = [
            f"epoch {progress.epoch}/{self._epochs} in {duration}, {total} in all{best_so_far}",
            f"train {format_loss(loss)}",
            f"dev {format_loss(dev_loss)}",
            *([f"dev {score}"] if score else []),
            *(line for text in evaluation.examples for line in textwrap.wrap(text, WIDTH - 4)),
        ]
        logging.info("%s", "\n    ".join(lines))
        self.begin()

    def finish(self, step: int, progress: Progress) -> None:
        """Logs how good the best model is and how to use it; or how a stopped run goes on."""
        if step < self._epochs * self._per_epoch:
            logging.info("%s: saved; the same command continues", self._place(step))
            return
        if self._config.model.encoder_layers:
            installed = sys.argv[0].startswith("g2p-jax")
            predict = "g2p-jax predict" if installed else "python predict.py"
            best, use = f"WER {100 * progress.best:.2f}%", predict + " --ckpt={} {}"
        else:
            best, use = format_loss(progress.best), "python -m g2p_jax generate --ckpt={}"
        logging.info("done: best dev %s, of epoch %d", best, progress.best_epoch)
        words = [pair.word for pair in itertools.islice(self._inputs.splits.dev, SHOWN)]
        logging.info("now: %s", use.format(self._folder, shlex.join(words)))

    def _place(self, step: int) -> str:
        """Where a run is after a step: epoch 3/12 step 400/815."""
        epoch = max(step - 1, 0) // self._per_epoch
        position = step - epoch * self._per_epoch
        return f"epoch {epoch + 1}/{self._epochs} step {position}/{self._per_epoch}"

    def _write(self, step: int, **values: float) -> None:
        if hosts.is_first():
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": step} | values) + "\n")


def step_of(line: str) -> float:
    """The step of a line of metrics.jsonl; of a line that a full disk has cut off: infinity."""
    try:
        return json.loads(line)["step"]
    except (ValueError, TypeError, KeyError):
        return math.inf


def format_loss(loss: float) -> str:
    """0.693 -> loss 0.693 (1.000 bits, perplexity 2.00)."""
    perplexity = math.exp(min(loss, 99.0))
    return f"loss {loss:.3f} ({loss / math.log(2):.3f} bits, perplexity {perplexity:.2f})"


def format_duration(seconds: float) -> str:
    """75 -> 1:15."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
