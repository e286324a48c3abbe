"""The training loop: resume; for each epoch: steps, evaluation, keep the best model, save."""

import itertools
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import jax

from g2p_jax import config as config_lib
from g2p_jax.config import Config
from g2p_jax.data.batches import Batch
from g2p_jax.devices import hosts
from g2p_jax.errors import TrainingError
from g2p_jax.predict.model_file import NAME, network
from g2p_jax.train.evaluation import Evaluator
from g2p_jax.train.inputs import load_inputs
from g2p_jax.train.optimizer import make_optimizer, weights_to_evaluate
from g2p_jax.train.placement import Placement
from g2p_jax.train.report import Report
from g2p_jax.train.resume import Progress, resume, save
from g2p_jax.train.step import Metrics, State, Step, init_state, make_train_step

SOON = 500  # batches whose shapes are compiled for before they come


def train(config: Config, folder: Path, stop: Sequence[int] = ()) -> Progress:
    """Trains a model from its beginning, or from where its folder says; returns how far it came.

    The folder gets `checkpoints/` (to continue), `metrics.jsonl` (to plot) and, whenever the dev
    WER falls, or the dev loss at the same WER, `model.safetensors` (to use).

    Args:
      stop: what `stop_on_signal` gives; the run saves and ends when it is no longer empty.
    """
    settings = config_lib.validate(config).train
    inputs, placement = load_inputs(config), Placement.of(config)
    batches, per_epoch = inputs.train, inputs.train.steps_per_epoch
    steps = settings.epochs * per_epoch
    net, optimizer = network(config, inputs.symbols), make_optimizer(settings, steps)
    run = {"config": config_lib.to_dict(config), "data": batches.fingerprint}
    start = init_state(net, optimizer, settings.seed, config.ensemble, inputs.carry)
    start, progress = resume(folder, run, start)
    step, state, stopped = int(start.step), placement.put(start), False
    if step < steps:
        members = placement.members, placement.share_members
        train_step = placement.compile(make_train_step(net, optimizer, settings, *members))
        if jax.process_count() == 1:  # several processes compile together, when a batch comes
            soon = itertools.islice(batches.epoch(*divmod(step, per_epoch)), SOON)
            of_each_shape = {batch.target_BxT.shape: batch for batch in soon}
            train_step.prepare((state, placement.shard(batch)) for batch in of_each_shape.values())
        evaluator = Evaluator(config, inputs, net, placement)
    report = Report(folder, config, batches, step)
    while step < steps and not stopped:
        epoch, position = divmod(step, per_epoch)
        if position == 0:  # of an epoch: a text is read from its beginning again
            state = state.replace(carry=placement.put_rows(inputs.carry))
        started = time.monotonic()
        sharded = map(placement.shard, batches.epoch(epoch, position))
        for new, metrics in run_steps(train_step, state, sharded):
            state, seconds = new, time.monotonic() - started
            report.add(metrics)
            flags = len(stop) > 0, seconds > settings.checkpoint_every
            stopped, save_due = hosts.any_process(int(metrics["step"]), *flags)
            if stopped or save_due:
                break
        on_host, step = placement.get(state), int(state.step)
        progress = progress._replace(seconds=progress.seconds + seconds)
        if step % per_epoch == 0:
            model = evaluator.build(weights_to_evaluate(on_host.params, on_host.opt_state))
            evaluation = evaluator.evaluate(model)
            error = hosts.from_first(evaluation.error)
            progress = progress.after_epoch(error, evaluation.loss)
            if hosts.is_first() and progress.best_epoch == progress.epoch:
                model.save(folder / NAME)
            report.finish_epoch(step, evaluation, progress)
        save(folder, run, on_host, progress)
    report.finish(step, progress)
    return progress


def run_steps(
    train_step: Step, state: State, batches: Iterable[Batch]
) -> Iterator[tuple[State, Metrics]]:
    """Takes a step for each batch; yields the newest state with the metrics of the step before it.

    Metrics are fetched when the next step has begun, so that the devices never wait for the host.
    """
    pending: Metrics | None = None
    for batch in batches:
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
        raise TrainingError(
            f"the loss is {metrics['loss']} at step {metrics['step']}: begin anew with a lower "
            "config.train.learning_rate"
        )
    return metrics
