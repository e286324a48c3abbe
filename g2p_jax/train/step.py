"""Training: the state, its optimizer, and one step.

Everything random is a pure function of (seed, step), and the order of the data one of (seed,
epoch): the step number alone says where a run is, and a run that was killed and continued ends with
the parameters of one that never was.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.struct
import jax
import jax.numpy as jnp
import optax

from g2p_jax import config as config_lib
from g2p_jax.data.batches import Batch
from g2p_jax.devices import parallel
from g2p_jax.network.seq2seq import Network
from g2p_jax.train import losses

Metrics = dict[str, jax.Array]


class State(flax.struct.PyTreeNode):
    """All that changes in training."""

    step: jax.Array
    params: Any
    opt_state: optax.OptState
    carry: Any = flax.struct.field(default_factory=dict)  # of a text: where each row goes on


Step = Callable[[State, Batch], tuple[State, Metrics]]
AXES: Any = State(step=None, params=None, opt_state=None, carry=0)  # of devices that share rows
MEMBER_AXES: Any = State(step=None, params=0, opt_state=0, carry=0)  # that share members


def learning_rate(settings: config_lib.Train, steps: int) -> optax.Schedule:
    """Linear warm-up, then what `schedule` says, down to `final_rate` of the peak at `steps`."""
    peak, warmup = settings.learning_rate, min(settings.warmup_steps, steps - 1)
    rest = max(steps - warmup, 1)
    after = {
        "constant": lambda: optax.constant_schedule(peak),
        "cosine": lambda: optax.cosine_decay_schedule(peak, rest, settings.final_rate),
        "linear": lambda: optax.linear_schedule(peak, peak * settings.final_rate, rest),
    }[settings.schedule]()
    before = optax.linear_schedule(0.0, peak, max(warmup, 1))  # optax has a warning for 0 steps
    return optax.join_schedules([before, after], [warmup])


def optimizer(settings: config_lib.Train, steps: int) -> optax.GradientTransformation:
    """Clipping by global norm, then the optimizer. RMSprop has PyTorch's meaning and defaults."""
    rate = learning_rate(settings, steps)
    update = {
        "rmsprop": lambda: optax.rmsprop(rate, decay=0.99, eps=1e-8, eps_in_sqrt=False),
        "adam": lambda: optax.adam(rate),
        "adamw": lambda: optax.adamw(rate, weight_decay=settings.weight_decay),
        "sgd": lambda: optax.sgd(rate),
    }[settings.optimizer]()
    clip = optax.clip_by_global_norm(settings.clip) if settings.clip else optax.identity()
    average = [averaging(settings.average)] if settings.average else []
    return optax.chain(clip, update, *average)


class Averaged(NamedTuple):
    """The state of `averaging`."""

    steps: jax.Array
    params: Any


def averaging(decay: float) -> optax.GradientTransformation:
    """Keeps an exponential moving average of the parameters (Polyak and Juditsky 1992).

        average <- d average + (1 - d) params,    d = min(decay, (1 + step) / (10 + step))

    To stand last in a chain; it does not change the updates.
    """

    def init(params: Any) -> Averaged:
        return Averaged(jnp.int32(0), jax.tree.map(jnp.copy, params))

    def update(updates: Any, state: Averaged, params: Any = None) -> tuple[Any, Averaged]:
        new = optax.apply_updates(params, updates)
        rest = 1 - jnp.minimum(decay, (1 + state.steps) / (10 + state.steps))
        average = optax.incremental_update(new, state.params, rest)
        return updates, Averaged(state.steps + 1, average)

    return optax.GradientTransformation(init, update)


def answering(state: State, settings: config_lib.Train) -> Any:
    """The parameters to answer with."""
    return state.opt_state[-1].params if settings.average else state.params


def forcing_ratio(settings: config_lib.Train, steps: int) -> optax.Schedule | None:
    """The share of steps with teacher forcing by training step; None if it is always all."""
    first, last = settings.teacher_forcing, settings.final_teacher_forcing
    return None if first == last == 1 else optax.linear_schedule(first, last, steps)


def make_train_step(
    net: Network,
    settings: config_lib.Train,
    steps: int,
    members: int = 1,
    shared: bool = False,
) -> Step:
    """One step of one device, to be wrapped by `parallel.data_parallel`.

    Its metrics are the loss in nats (a sum), the counts of phonemes and of examples, and the
    gradient norm. With more than one member, state and batch have a leading axis of members, each
    on its own. If `shared`, the devices share the members, not their rows: no gradients are added
    up, and no device computes another's update; the members are those of one device.
    """
    update, ratio = optimizer(settings, steps), forcing_ratio(settings, steps)

    def one(
        seed: jax.Array, step: jax.Array, params: Any, opt_state: Any, carry: Any, batch: Batch
    ) -> tuple[Any, Any, Any, Metrics]:
        teacher_BxTxV = batch.teacher_BxTxV
        key = jax.random.fold_in(jax.random.key(seed), step)
        forcing_key, dropout_key = jax.random.split(key)
        first_row = 0 if shared else jax.lax.axis_index(parallel.AXIS) * len(batch.weight_B)
        forced_T = None
        if ratio is not None:  # one draw for each time step, the same on all devices
            draws_T = jax.random.uniform(forcing_key, batch.target_BxT.shape[1:])
            forced_T = draws_T < ratio(step)

        def loss(params):
            inputs = batch.source_BxS, batch.target_BxT, dropout_key, forced_T, first_row
            logits, new = net.apply({"params": params, **carry}, *inputs, mutable=list(carry))
            weight = batch.weight_BxT
            smoothing = settings.label_smoothing
            total, count = losses.cross_entropy(logits, batch.target_BxT, weight, smoothing)
            if teacher_BxTxV is not None:
                taught = losses.soft_cross_entropy(logits, teacher_BxTxV, weight)
                total = (1 - settings.distill) * total + settings.distill * taught
            nats, _ = losses.cross_entropy(logits, batch.target_BxT, weight)
            return total, (count, nats, new)

        (_, (count, nats, carry)), gradients = jax.value_and_grad(loss, has_aux=True)(params)
        sums = count, jnp.sum(batch.weight_B), nats, gradients
        count, examples, nats, gradients = sums if shared else parallel.sum_over_devices(sums)
        gradients = jax.tree.map(lambda g: g / jnp.maximum(count, 1), gradients)
        updates, opt_state = update.update(gradients, opt_state, params)
        metrics = {"loss": nats, "count": count, "examples": examples}
        metrics["gradient"] = optax.tree.norm(gradients)
        return optax.apply_updates(params, updates), opt_state, carry, metrics

    def train_step(state: State, batch: Batch) -> tuple[State, Metrics]:
        step, parts = state.step, (state.params, state.opt_state, state.carry, batch)
        if members == 1 and not shared:
            *new, metrics = one(jnp.int32(settings.seed), step, *parts)
        else:
            first = jax.lax.axis_index(parallel.AXIS) * members if shared else 0
            seeds = settings.seed + first + jnp.arange(members)
            *new, metrics = for_members(lambda part: one(part[0], step, *part[1]), (seeds, parts))
            metrics = jax.tree.map(jnp.sum, metrics)
            metrics = parallel.sum_over_devices(metrics) if shared else metrics
        return State(step + 1, *new), metrics

    return train_step


def for_members(one: Callable[[Any], Any], parts: Any) -> Any:
    """`one` of each member's part, stacked: at once, or on a CPU one after the other.

    A CPU has nothing idle that more members would fill, and XLA has no bfloat16 kernel there for
    the weights' gradients of several members (jax 0.10: "UNIMPLEMENTED", in some shapes).
    """
    return jax.lax.map(one, parts) if jax.default_backend() == "cpu" else jax.vmap(one)(parts)


def hearing(step: Step) -> Callable[[State, tuple[Batch, Any]], tuple[State, Metrics]]:
    """A step that also adds up, over all devices, what each one's process wishes for.

    It takes (batch, wishes) for a batch, and its metrics have the sums as "wishes": so all
    processes know them at the same step, without a message of their own.
    """

    def hearing_step(state: State, fed: tuple[Batch, Any]) -> tuple[State, Metrics]:
        batch, wishes = fed
        state, metrics = step(state, batch)
        return state, metrics | {"wishes": parallel.sum_over_devices(wishes)}

    return hearing_step


def make_eval_step(net: Network, members: int = 1) -> Step:
    """The loss of a batch given the true phonemes before each, without dropout or learning."""

    def one(params: Any, carry: Any, batch: Batch) -> tuple[jax.Array, jax.Array, Any]:
        inputs = batch.source_BxS, batch.target_BxT
        logits, carry = net.apply({"params": params, **carry}, *inputs, mutable=list(carry))
        weight = batch.weight_BxT
        return *losses.cross_entropy(logits, batch.target_BxT, weight), carry

    def eval_step(state: State, batch: Batch) -> tuple[State, Metrics]:
        each = one if members == 1 else jax.vmap(one, (0, 0, None))
        nats, count, carry = each(state.params, state.carry, batch)
        nats, count = parallel.sum_over_devices((jnp.sum(nats), jnp.sum(count)))
        return state.replace(carry=carry), {"loss": nats, "count": count}

    return eval_step


def init_state(net: Network, settings: config_lib.Train, steps: int, members: int = 1) -> State:
    """Before the first step; with more than one member, all but `step` has a leading axis."""

    def one(seed: jax.Array) -> tuple[Any, optax.OptState]:
        token = jnp.ones((1, 1), jnp.int32)
        params = net.init(jax.random.key(seed), token, token)["params"]
        return params, optimizer(settings, steps).init(params)

    # One after the other: orthogonal weights come from LAPACK, which for a batch of matrices waits
    # on a CPU for the very threads that it runs on, and on few cores for ever (jaxlib 0.10).
    made = [*map(jax.jit(one), settings.seed + jnp.arange(members))]
    if members == 1:
        return State(jnp.int32(0), *made[0])
    return State(jnp.int32(0), *jax.tree.map(lambda *leaves: jnp.stack(leaves), *made))
