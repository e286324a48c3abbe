"""The training loop: resume; for each epoch: steps, evaluation, keep the best model, save."""

import itertools
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import jax
import numpy as np
from absl import logging

from g2p_jax import config as config_lib
from g2p_jax.config import Config
from g2p_jax.data.batches import Batch, Batches
from g2p_jax.data.chunks import Chunks
from g2p_jax.devices import hosts
from g2p_jax.devices.programs import CachedProgram
from g2p_jax.errors import ModelError, TrainingError, reason
from g2p_jax.predict import model_file
from g2p_jax.predict.header import NAME
from g2p_jax.predict.model_file import network
from g2p_jax.train.checkpoints import Metadata
from g2p_jax.train.evaluation import Evaluator
from g2p_jax.train.fine_tuning import begin_with
from g2p_jax.train.inputs import Inputs, load_inputs
from g2p_jax.train.optimizer import make_optimizer
from g2p_jax.train.placement import Placement
from g2p_jax.train.report import Report, first_lines
from g2p_jax.train.resume import Progress, about, owned, resume, save
from g2p_jax.train.step import Metrics, State, init_state, make_train_step

Stop = AbstractContextManager[Sequence[int]]
NEVER: Stop = nullcontext(())
SOON = 500  # batches whose shapes are compiled for before they come


def train(
    config: Config,
    folder: Path,
    stop: Stop = NEVER,
    extend: bool = False,
    overwrite: bool = False,
) -> Progress:
    """Trains a model from its beginning, or from where its folder says; returns how far it came.

    The folder gets `checkpoints/` (to continue), `metrics.jsonl` (to plot) and, whenever the dev
    WER falls, or the dev loss at the same WER, `model.safetensors` (to use).

    Args:
      stop: entered when the first step begins; the run saves and ends when what it gives is no
        longer empty.
      extend: a run may go on with more epochs, at the learning rate of its new schedule.
      overwrite: a model in the folder that this run did not write may be replaced.
    """
    config_lib.validate(config)
    placement, inputs = Placement.of(config), load_inputs(config)
    run = about(config, inputs)
    with owned(folder, run, overwrite):
        try:
            return continue_run(config, folder, placement, inputs, run, stop, extend)
        except OSError as error:
            raise TrainingError(
                f"{folder}: cannot write ({reason(error)}); the latest checkpoint, if there is "
                "one, is whole, and the same command continues from there"
            ) from error


def continue_run(
    config: Config,
    folder: Path,
    placement: Placement,
    inputs: Inputs,
    run: Metadata,
    stop: Stop,
    extend: bool,
) -> Progress:
    """See `train`; the folder is this run's own now."""
    settings, batches, per_epoch = config.train, inputs.train, inputs.train.steps_per_epoch
    steps = settings.epochs * per_epoch
    net, optimizer = network(config, inputs.symbols), make_optimizer(settings, steps)
    start = init_state(net, optimizer, settings.seed, config.ensemble, inputs.carry)
    start = begin_with(inputs.initial, start, optimizer, config.ensemble)
    start, progress = resume(folder, run, start, extend)
    for line in first_lines(config, inputs, start, placement.devices):
        logging.info("%s", line)
    step, state, stopped = int(start.step), placement.put(start), False
    lost = progress.best_epoch > 0 and not is_intact(folder / NAME)
    report = Report(folder, config, inputs, step)
    if step < steps:
        members = placement.members, placement.share_members
        train_step = placement.compile(make_train_step(net, optimizer, settings, *members))
        report.follow(prepare(train_step, state, batches, placement))
    if step < steps or lost:
        evaluator = Evaluator(config, inputs, net, placement)
    if lost:  # the epochs that follow decide which is the best, or there is only the last
        progress = progress._replace(best=math.inf, best_loss=math.inf, best_epoch=0)
        if step == steps:
            progress = progress._replace(epoch=progress.epoch - 1)
            progress, evaluation = evaluator.finish_epoch(start, progress, folder / NAME)
            logging.info("%s is written again: dev %s", NAME, evaluation.score or evaluation.loss)
    report.begin()
    with stop as received:
        while step < steps and not stopped:
            epoch, position = divmod(step, per_epoch)
            if position == 0:  # of an epoch: a text is read from its beginning again
                state = state.replace(carry=placement.put_rows(inputs.carry))
            started, seconds = time.monotonic(), 0.0
            sharded = map(placement.shard, batches.epoch(epoch, position))
            for new, metrics in run_steps(train_step, state, sharded, received):
                state, seconds = new, time.monotonic() - started
                report.add(metrics, train_step.waited)
                flags = len(received) > 0, seconds > settings.checkpoint_every
                stopped, save_due = hosts.any_process(int(metrics["step"]), *flags)
                if stopped or save_due:
                    break
            if not seconds:
                logging.info("stopped before a step; all before it are saved")
                return progress
            on_host, step = placement.get(state), int(state.step)
            require_numbers(on_host)
            progress = progress._replace(seconds=progress.seconds + seconds)
            if step % per_epoch == 0:
                progress, evaluation = evaluator.finish_epoch(on_host, progress, folder / NAME)
                report.finish_epoch(step, evaluation, progress)
            save(folder, run, on_host, progress)
    report.finish(step, progress)
    return progress


def is_intact(model: Path) -> bool:
    """Whether the model file of the best epoch can be read; logs if not. Process 0 decides."""
    error = ""
    if hosts.is_first():
        try:
            model_file.read(model)
        except ModelError as damage:
            error = str(damage).partition(":")[2]
            logging.warning("%s is lost (%s): its epoch was the best", model, error.strip()[:60])
    return not hosts.from_first(error)


def prepare(
    train_step: CachedProgram, state: State, batches: Batches | Chunks, placement: Placement
) -> list[Future]:
    """Starts to compile for each shape of the batches that come soon; returns what comes."""
    if jax.process_count() > 1:  # several processes compile together, when a batch comes
        return []
    soon = itertools.islice(batches.epoch(*divmod(int(state.step), batches.steps_per_epoch)), SOON)
    of_each_shape = {batch.target_BxT.shape: batch for batch in soon}
    return train_step.prepare((state, placement.shard(batch)) for batch in of_each_shape.values())


def run_steps(
    train_step: CachedProgram, state: State, batches: Iterable[Batch], stop: Sequence[int]
) -> Iterator[tuple[State, Metrics]]:
    """Takes a step for each batch; yields the newest state with the metrics of the step before it.

    Metrics are fetched when the next step has begun, so that the devices never wait for the host.
    It ends early if `stop` fills while a program is compiled.
    """
    pending: Metrics | None = None
    for batch in batches:
        if not train_step.wait((state, batch), stop):
            break
        state, metrics = train_step(state, batch)
        if pending:
            yield state, fetch(pending, state)
        pending = metrics
    if pending:
        yield state, fetch(pending, state)


def fetch(pending: Metrics, state: State) -> Metrics:
    """The metrics on the host; raises TrainingError if the loss is not a finite number."""
    metrics = jax.device_get(pending)
    if not math.isfinite(metrics["loss"]):
        jax.block_until_ready(state)  # a process that ends while its devices compute may crash
        raise diverged(f"the loss is {metrics['loss']}", metrics["step"])
    return metrics


def require_numbers(state: State) -> None:
    """Raises TrainingError unless all weights are finite numbers: nothing else may be saved."""
    if not all(np.isfinite(weights).all() for weights in jax.tree.leaves(state.params)):
        raise diverged("weights are no numbers", state.step)


def diverged(what: str, step: Any) -> TrainingError:
    return TrainingError(
        f"{what} at step {step}: begin anew with a lower config.train.learning_rate (the last "
        "checkpoint is from before that)"
    )
