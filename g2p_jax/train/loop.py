"""The training loop: epochs, evaluation, checkpoints, and what one sees of them."""

import dataclasses
import itertools
import json
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import jax
import numpy as np
from absl import logging

from g2p_jax import config as config_lib
from g2p_jax.data import splits
from g2p_jax.data.arpabet import strip_stress
from g2p_jax.data.batches import Batch, Batches, Examples
from g2p_jax.data.buckets import choose_buckets
from g2p_jax.data.chunks import Chunks
from g2p_jax.data.pairs import Pairs
from g2p_jax.data.symbols import Symbols
from g2p_jax.devices import hosts, parallel
from g2p_jax.devices.programs import signature
from g2p_jax.devices.signals import stop_on_signal
from g2p_jax.errors import ConfigError, DataError, TrainingError
from g2p_jax.files import atomic_write
from g2p_jax.joint.model import JointNgram
from g2p_jax.network import seq2seq as models
from g2p_jax.predict.g2p import G2P
from g2p_jax.predict.language_model import LONGEST, LanguageModel
from g2p_jax.predict.model_file import NAME, network
from g2p_jax.scoring import Examination, score_all
from g2p_jax.train import step as training
from g2p_jax.train.checkpoints import Checkpoints
from g2p_jax.train.distillation import teacher_probabilities
from g2p_jax.train.report import Meter, format_duration, format_loss

# What may differ between a run and its continuation.
HARMLESS = {"train.log_every", "train.checkpoint_every", "train.patience", "train.watch"}
SOON = 1000  # batches that are looked through for shapes to compile for


@dataclasses.dataclass
class Progress:
    """What the loop knows besides the state; saved with it."""

    epoch: int = 0  # complete and evaluated
    best: float = math.inf  # dev WER; of a language model, dev loss
    best_loss: float = math.inf  # dev loss of that model; decides among those of the same WER
    best_epoch: int = 0
    fell: int = 0  # the epoch in which the dev WER last fell
    seconds: float = 0.0  # of training, over all starts


class Run:
    """One training run in its folder.

    The folder gets `checkpoints/` (to continue), `metrics.jsonl` (to plot) and, whenever the dev
    WER falls, or the dev loss at the same WER, `model.safetensors` (to use).
    """

    def __init__(self, config: config_lib.Config, folder: Path):
        self.config, self.folder = config_lib.validate(config), folder
        settings = config.train
        self.data = splits.load(config.data)
        if not self.data.dev:
            raise DataError("no dev words: set config.data.dev to a file, or config.data.dev_share")
        learnt = self.data.train
        if self.data.extra:
            learnt = Pairs.of(itertools.chain(learnt, self.data.extra))
        data = config.data
        self.symbols = Symbols.from_pairs(learnt, data.unicode, data.source, data.target)
        self.devices, self.local = parallel.all_devices(), jax.local_device_count()
        if settings.batch_size % len(self.devices):
            raise ConfigError(
                f"config.train.batch_size is {settings.batch_size}: must be a multiple of the "
                f"{len(self.devices)} devices that share it"
            )
        self.rows = hosts.rows(settings.batch_size)
        self.batches = self._batches(learnt, settings.buckets, settings.teacher)
        self.dev_batches = self._batches(self.data.dev, 2)
        self.steps_per_epoch = self.batches.steps_per_epoch
        self.steps = settings.epochs * self.steps_per_epoch

        net, members = network(config, self.symbols), config.ensemble
        # Where each device can have as many members, no gradients need be added up between devices.
        fair = members > 1 and members % self.local == 0
        self.members_apart = fair and jax.process_count() == 1
        self._place_state(training.init_state(net, settings, self.steps, members))
        self.state = self.state.replace(carry=self._beginning())
        self.step = 0  # of the state, known without asking the device
        members //= self.local if self.members_apart else 1
        axes = training.MEMBER_AXES if self.members_apart else training.AXES
        step = training.make_train_step(net, settings, self.steps, members, self.members_apart)
        self.train_step = self.programs = parallel.data_parallel(
            training.hearing(step), self.devices, axes, donate_argnums=0
        )
        self.eval_step = parallel.data_parallel(
            training.make_eval_step(net, config.ensemble), self.devices, training.AXES
        )
        kind = G2P if config.model.encoder_layers else LanguageModel
        self.model: G2P | LanguageModel = kind(
            config, self.symbols, {}
        )  # gets its weights to be examined
        self.progress, self.stopping = Progress(), False
        if hosts.is_first():
            folder.mkdir(parents=True, exist_ok=True)
        if not hosts.agree(json.dumps([config_lib.to_dict(config), self.batches.fingerprint])):
            raise ConfigError("the processes of this job have different configs or training data")
        self._check_shared(folder.is_dir())
        self.checkpoints = Checkpoints(folder / "checkpoints")
        self.metrics_file = folder / "metrics.jsonl"

    def _batches(self, pairs: Pairs, buckets: int, teacher: str = "") -> Batches | Chunks:
        settings = self.config.train
        if not self.config.model.encoder_layers:
            pairs = pairs.without_words()
        examples = Examples.from_pairs(pairs, self.symbols)
        if self.config.data.format == "text":
            ids = examples.target.ids[:-1]  # a text goes on: it has no EOS
            return Chunks(ids, self.config.data.chunk, settings.batch_size, self.rows)
        lengths = choose_buckets(examples.lengths, buckets)
        members = self.config.ensemble
        made = examples, lengths, settings.batch_size, settings.seed, members, self.rows
        if not teacher:
            return Batches(*made)
        logging.info("asking the teacher %s", teacher)
        return Batches(*made, teacher_probabilities(teacher, examples, self.symbols))

    def _beginning(self) -> dict[str, Any]:
        """What each row of a text begins with; pairs begin with nothing."""
        if self.config.data.format != "text":
            return {}
        return self._own(models.initial_carry(self.config.model, self.config.train.batch_size))

    def _own(self, carry: Any) -> Any:
        """Of what all rows of a text go on from, this process's part, by device."""
        return parallel.shard(jax.tree.map(lambda x: x[self.rows], carry), self.local)

    state: training.State

    def _place_state(self, state: training.State) -> None:
        """Takes a state, but for its `carry`, to the devices, and waits until it is there.

        A process that ends while its devices compute, as with an error at this point, may crash.
        """
        devices = jax.local_devices()
        place = parallel.shard_members if self.members_apart else parallel.replicate
        params, opt_state = place((state.params, state.opt_state), devices)
        state = training.State(parallel.replicate(state.step, devices), params, opt_state)
        self.state = jax.block_until_ready(state)

    def _whole(self) -> training.State:
        """A copy of the state on the host, the same on any number of devices and processes."""
        state = self.state.replace(carry=parallel.unshard(hosts.gather(self.state.carry)))
        if self.members_apart:
            params, opt_state = parallel.unshard((state.params, state.opt_state))
            state = state.replace(params=params, opt_state=opt_state)
        return jax.tree.map(np.array, state)

    def train(self, stop: list[int] | None = None) -> Progress:
        """Trains to the end, or until it is to stop; returns how far it came.

        stop: what `stop_on_signal` gave, if it has been listening before; else this does it.
        """
        try:
            self._resume()
            if not self._is_done():
                self._compile_ahead()
            with nullcontext(stop) if stop is not None else stop_on_signal() as stop:
                while not self._is_done():
                    self._train_epoch(stop)
                    if self.step % self.steps_per_epoch == 0:
                        self._finish_epoch()
                    else:
                        self._save()
            if self.stopping:
                logging.info("%s: saved, the same command continues", self._place())
            elif self.progress.epoch:
                words, best = isinstance(self.model, G2P), self.progress.best
                reached = f"WER {100 * best:.2f}%" if words else format_loss(best)
                logging.info("done: best dev %s, of epoch %d", reached, self.progress.best_epoch)
                use = (
                    "predict.py --ckpt={} hello world" if words else "-m g2p_jax generate --ckpt={}"
                )
                logging.info("now: python %s", use.format(self.folder))
        finally:
            self.checkpoints.close()
        return self.progress

    def _compile_ahead(self) -> None:
        """Of several processes each compiles a program when its first batch comes."""
        if jax.process_count() == 1:
            self.programs.prepare((self.state, fed) for fed in self._first_of_each_shape())

    def _first_of_each_shape(self) -> Iterator[Any]:
        """What is fed first of each shape, in the order in which they will come."""
        seen = set()
        soon = self.batches.epoch(*divmod(self.step, self.steps_per_epoch))
        for batch in itertools.islice(soon, SOON):
            if (shapes := signature(batch)) not in seen:
                seen.add(shapes)
                yield self._fed(batch, False, False)
            if len(seen) == len(self.batches.buckets):
                return

    def _is_done(self) -> bool:
        """At the end, stopped, or out of patience."""
        patience, without = self.config.train.patience, self.progress.epoch - self.progress.fell
        return self.step == self.steps or self.stopping or 0 < patience <= without

    def _train_epoch(self, stop: list[int]) -> None:
        """From where the state is to the end of the epoch, or until all know of a stop signal.

        What a process wishes for goes with a batch, and is known to all when they read the metrics,
        one step late: then all do it, at the same step.
        """
        settings = self.config.train
        epoch, position = divmod(self.step, self.steps_per_epoch)
        if position == 0:
            self.state = self.state.replace(carry=self._beginning())
        self.epoch_meter, recent, saved, pending = Meter(), Meter(), time.monotonic(), None
        for batch in self.batches.epoch(epoch, position):
            if self.stopping:
                break
            due = hosts.is_first() and time.monotonic() - saved > settings.checkpoint_every
            saved = time.monotonic() if due else saved
            fed = self._fed(batch, len(stop) > 0, due)
            self.state, metrics = self.train_step(self.state, fed)
            self.step += 1
            if pending:  # one step late: the device works while the host reads and writes
                self._hear(recent, pending)
            pending = metrics
            if recent.size and (self.step % settings.log_every == 0 or self.step in (2, 10)):
                self._log(recent)
                self.epoch_meter = self.epoch_meter.merged(recent)
                recent = Meter()
        if pending:
            self._hear(recent, pending)
        self.epoch_meter = self.epoch_meter.merged(recent)
        self.progress.seconds += self.epoch_meter.seconds

    def _fed(self, batch: Batch, stop: bool, save: bool) -> tuple[Batch, dict[str, np.ndarray]]:
        """What each of this process's devices gets: its part of a batch, and the wishes."""
        wish = lambda value: np.full(self.local, value, np.int32)
        # What the devices share: rows, which follow the members of an ensemble, or the members.
        axis = 0 if self.config.ensemble == 1 or self.members_apart else 1
        return parallel.shard(batch, self.local, axis), {"stop": wish(stop), "save": wish(save)}

    def _hear(self, recent: Meter, metrics: training.Metrics) -> None:
        """Counts a step, and does what some process wished for at it."""
        recent.add(metrics, self.batches.counted)
        self.stopping = self.stopping or bool(metrics["wishes"]["stop"])
        if metrics["wishes"]["save"] and self.step % self.steps_per_epoch:  # else: with its score
            self._save()

    def _log(self, recent: Meter) -> None:
        left = (self.steps - self.step) / self.steps_per_epoch * len(self.batches)
        unit, speed = self.batches.unit, recent.speed()
        settled = self.step % self.config.train.log_every == 0
        self._report(
            {"loss": recent.loss(), "gradient": recent.gradient, f"{unit}_per_second": speed}
        )
        logging.info(
            "%s  %s  %.0f %s/s  %s",
            self._place(),
            format_loss(recent.loss()),
            speed,
            unit,
            f"{format_duration(left / speed)} left" if settled else "(compiling)",
        )
        if not math.isfinite(recent.loss()):
            jax.block_until_ready(self.state)  # see `_place_state`
            raise TrainingError(
                f"the loss is {recent.loss()} at step {self.step}: begin anew with a lower "
                "config.train.learning_rate"
            )

    def _finish_epoch(self) -> None:
        """Evaluates, keeps the model if it is the best, and saves."""
        settings = self.config.train
        progress, epoch = self.progress, self.step // self.steps_per_epoch
        params = training.answering(self.state, settings)
        params = parallel.unshard(params) if self.members_apart else params
        self.model = dataclasses.replace(self.model, params=params)
        dev_loss, seen = self._dev_loss(), Examination({}, "", "")
        if hosts.is_first():  # the others wait for what it says
            self._add_joint()
            seen = examine(self.model, self.data.dev, settings.watch)
        name = "wer" if "wer" in seen.metrics else "loss"
        error = hosts.from_first(seen.metrics.get("wer", dev_loss))
        progress.epoch = epoch
        if error < progress.best:
            progress.fell = epoch
        if (error, dev_loss) < (progress.best, progress.best_loss):
            progress.best, progress.best_loss, progress.best_epoch = error, dev_loss, epoch
            if hosts.is_first():
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
            format_duration(seconds),
            format_duration(progress.seconds),
            format_loss(train_loss),
            format_loss(dev_loss),
            f"; {seen.summary}" if seen.summary else "",
            "  (best so far)" if progress.best_epoch == epoch else "",
            seen.answers,
        )
        self._save(error)

    def _add_joint(self) -> None:
        """Learns the joint model that is to weigh the answers, once in each process."""
        model, order, started = self.model, self.config.ngram, time.monotonic()
        if order and isinstance(model, G2P) and not model.joint:
            joint = JointNgram.fit(self.data.train, self.symbols, order)
            self.model = dataclasses.replace(model, joint=joint)
            logging.info(
                "joint %d-gram model in %s", order, format_duration(time.monotonic() - started)
            )

    def _dev_loss(self) -> float:
        """Cross entropy of the dev set given the true phonemes before each."""
        dev, params = Meter(), parallel.replicate(self.model.params, jax.local_devices())
        state = self.state.replace(params=params, opt_state=(), carry=self._beginning())
        for batch in self.dev_batches.in_order():
            state, metrics = self.eval_step(state, parallel.shard(batch, self.local))
            dev.add(metrics, "count")
        return dev.loss()

    def _place(self) -> str:
        epoch, position = divmod(self.step, self.steps_per_epoch)
        return (
            f"epoch {epoch + 1}/{self.config.train.epochs} step {position}/{self.steps_per_epoch}"
        )

    def _report(self, values: dict[str, float]) -> None:
        if not hosts.is_first():
            return
        with self.metrics_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": self.step} | values) + "\n")

    def _save(self, error: float | None = None) -> None:
        about = {
            "config": config_lib.to_dict(self.config),
            "symbols": self.symbols.to_json(),
            "data": self.batches.fingerprint,
            "progress": dataclasses.asdict(self.progress),
        }
        self.checkpoints.save(self.step, self._whole(), about, error)

    def _resume(self) -> None:
        """Goes to the latest readable checkpoint, if any; ConfigError if it is another run's."""
        self._check_shared(self.checkpoints.steps())
        about = self.checkpoints.about()
        if about is None:
            return
        self._check_same_run(about)
        restored = self.checkpoints.restore(self._whole())
        if restored is None:
            return
        state, about = restored
        self._place_state(state)
        self.state = self.state.replace(carry=self._own(state.carry))
        self.step = int(self.state.step)
        self.progress = Progress(**about["progress"])
        if hosts.is_first() and self.metrics_file.exists():
            # Forget what was reported after that checkpoint.
            lines = self.metrics_file.read_text(encoding="utf-8").splitlines()
            with atomic_write(self.metrics_file) as file:
                file.writelines(f"{x}\n" for x in lines if json.loads(x)["step"] <= self.step)
        if self.step < self.steps:
            logging.info("%s: continuing %s", self._place(), self.folder)

    def _check_shared(self, seen: Any) -> None:
        if not hosts.agree(str(seen)):
            raise ConfigError(
                f"{self.folder}: the processes of this job see different files there; --workdir "
                "must name a folder that all hosts share"
            )

    def _check_same_run(self, about: dict[str, Any]) -> None:
        begun = f"{self.folder} was begun with "
        advice = ": choose another --workdir, or delete that folder to begin anew"
        old = config_lib.from_dict(about["config"])  # settings it has not heard of: as by default
        for name in ("ensemble", "ngram"):
            before, value = getattr(old, name), getattr(self.config, name)
            if value != before:
                raise ConfigError(f"{begun}config.{name}={before}, now it is {value}{advice}")
        for section in ("model", "train"):
            for field, value in dataclasses.asdict(getattr(self.config, section)).items():
                name, before = f"{section}.{field}", getattr(getattr(old, section), field)
                if name not in HARMLESS and value != before:
                    raise ConfigError(
                        f"{begun}config.{name}={before!r}, now it is {value!r}{advice}"
                    )
        if about["data"] != self.batches.fingerprint:
            raise ConfigError(f"{begun}other training data{advice}")


def examine(model: G2P | LanguageModel, pairs: Pairs, watch: Sequence[str]) -> Examination:
    """What a model can do: the score of its answers, or samples of a language model."""
    if isinstance(model, LanguageModel):
        length = 200 if model.text else LONGEST
        samples = model.sample(1 if model.text else len(watch), 0.8, length=length)
        return Examination({}, "", "\n    ".join(map(str.strip, samples)))
    answers = model.pronounce(pair.word for pair in pairs)
    bare = strip_stress if not model.config.stress else str
    score = score_all(
        (answer.pronunciations[0].phonemes for answer in answers),
        ([tuple(map(bare, phonemes)) for phonemes in pair.pronunciations] for pair in pairs),
    )
    watch = watch or [pair.word for pair in itertools.islice(pairs, 5)]
    watched = [f"{a.word}: {a.pronunciations[0]}" for a in model.pronounce(watch)]
    return Examination({"wer": score.wer, "per": score.per}, str(score), "   ".join(watched))
