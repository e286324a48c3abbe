"""The optimizer: clipping, RMSprop or AdamW, a schedule of the learning rate, averaged weights."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from g2p_jax.config import Train

WEIGHT_DECAY = 1e-2  # of AdamW


def make_optimizer(settings: Train, steps: int) -> optax.GradientTransformation:
    """The optimizer of a run of so many steps; RMSprop has PyTorch's meaning and defaults."""
    rate = learning_rate(settings, steps)
    update = {
        "rmsprop": lambda: optax.rmsprop(rate, decay=0.99, eps=1e-8, eps_in_sqrt=False),
        "adamw": lambda: optax.adamw(rate, weight_decay=WEIGHT_DECAY),
    }[settings.optimizer]()
    clip = optax.clip_by_global_norm(settings.clip) if settings.clip else optax.identity()
    average = [average_weights(settings.average)] if settings.average else []
    return optax.chain(clip, update, *average)


def learning_rate(settings: Train, steps: int) -> optax.Schedule:
    """Linear warm-up to the peak, then constant, or linear down to `final_rate` of the peak.

    The warm-up takes at most a tenth of the run: a small lexicon has few steps.
    """
    peak, warmup = settings.learning_rate, min(settings.warmup_steps, steps // 10)
    final = peak * settings.final_rate
    after = {
        "constant": lambda: optax.constant_schedule(peak),
        "linear": lambda: optax.linear_schedule(peak, final, max(steps - warmup, 1)),
    }[settings.schedule]()
    before = optax.linear_schedule(0.0, peak, max(warmup, 1))  # Optax warns of 0 steps
    return optax.join_schedules([before, after], [warmup])


class AverageState(NamedTuple):
    """The state of `average_weights`."""

    steps: jax.Array
    params: Any


def average_weights(decay: float) -> optax.GradientTransformation:
    """Keeps an exponential moving average of the weights (Polyak and Juditsky 1992).

        average <- d average + (1 - d) params,    d = min(decay, (1 + step) / (10 + step))

    It must be the last in a chain; it does not change the updates.
    """

    def init(params: Any) -> AverageState:
        return AverageState(jnp.int32(0), jax.tree.map(jnp.copy, params))

    def update(updates: Any, state: AverageState, params: Any = None) -> tuple[Any, AverageState]:
        new = optax.apply_updates(params, updates)
        rest = 1 - jnp.minimum(decay, (1 + state.steps) / (10 + state.steps))
        average = optax.incremental_update(new, state.params, rest)
        return updates, AverageState(state.steps + 1, average)

    return optax.GradientTransformation(init, update)


def weights_to_evaluate(params: Any, opt_state: optax.OptState) -> Any:
    """The averaged weights where the optimizer keeps them, else the weights themselves."""
    last = opt_state[-1]
    return last.params if isinstance(last, AverageState) else params
