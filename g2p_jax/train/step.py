"""One training step, and the state that it changes.

Everything random is a function of (seed, step), and the order of the data is one of (seed, epoch).
So the step number says where a run is, and a run that is killed and continued ends with the same
weights, bit for bit, as one that never stopped.
"""

from collections.abc import Callable
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import optax

from g2p_jax.config import TEACHER_WEIGHT, Train
from g2p_jax.data.batches import Batch
from g2p_jax.devices import parallel
from g2p_jax.network.language_model import Network
from g2p_jax.train.losses import cross_entropy, soft_cross_entropy

Metrics = dict[str, jax.Array]


class State(flax.struct.PyTreeNode):
    """Everything that training changes; with an ensemble, all but `step` has a leading axis."""

    step: jax.Array
    params: Any
    opt_state: optax.OptState
    carry: Any = flax.struct.field(default_factory=dict)  # of a text: where each row goes on


Step = Callable[[Any, Batch], tuple[Any, Metrics]]


def init_state(
    net: Network,
    optimizer: optax.GradientTransformation,
    seed: int,
    members: int = 1,
    carry: Any = None,
) -> State:
    """The state before the first step; member m of an ensemble begins as a run with seed + m."""

    def init(seed: jax.Array) -> tuple[Any, optax.OptState]:
        token = jnp.ones((1, 1), jnp.int32)
        params = net.init(jax.random.key(seed), token, token)["params"]
        return params, optimizer.init(params)

    # One after the other: orthogonal weights come from LAPACK, which for a batch of matrices waits
    # on a CPU for the very threads that it runs on, and on few cores for ever (jaxlib 0.10).
    each = [*map(jax.jit(init), seed + jnp.arange(members))]
    if members == 1:
        return State(jnp.int32(0), *each[0], carry or {})
    return State(jnp.int32(0), *jax.tree.map(lambda *leaves: jnp.stack(leaves), *each), carry or {})


def make_train_step(
    net: Network,
    optimizer: optax.GradientTransformation,
    settings: Train,
    members: int = 1,
    share_members: bool = False,
) -> Step:
    """One step of one device, to be wrapped by `parallel.data_parallel`.

    Its metrics are sums over the batch: the loss in nats, without label smoothing and teacher, the
    counts of tokens and of examples; and the norm of the gradient.

    Args:
      members: of an ensemble, on this device; each learns on its own rows.
      share_members: devices share the members, not the rows of a batch: no gradients are added up.
    """
    update = make_update(net, optimizer, settings, share_rows=not share_members)
    if members == 1 and not share_members:
        return lambda state, batch: update(jnp.int32(settings.seed), state, batch)

    def update_members(state: State, batch: Batch) -> tuple[State, Metrics]:
        first = jax.lax.axis_index(parallel.AXIS) * members if share_members else 0
        seeds = settings.seed + first + jnp.arange(members)
        each = state.replace(step=jnp.full(members, state.step))
        new, metrics = for_each_member(lambda args: update(*args), (seeds, each, batch))
        metrics = jax.tree.map(jnp.sum, metrics)
        metrics = parallel.sum_over_devices(metrics) if share_members else metrics
        step = state.step + 1
        return new.replace(step=step), metrics | {"step": step}

    return update_members


def make_update(
    net: Network, optimizer: optax.GradientTransformation, settings: Train, share_rows: bool
) -> Callable[[jax.Array, State, Batch], tuple[State, Metrics]]:
    """(seed, state, batch) -> (state, metrics): one step of one network on its rows of a batch.

    If devices share the rows, sums are over all of them; the one division comes afterwards.
    """

    def update(seed: jax.Array, state: State, batch: Batch) -> tuple[State, Metrics]:
        key = jax.random.fold_in(jax.random.key(seed), state.step)
        forcing_key, dropout_key = jax.random.split(key)
        first_row = jax.lax.axis_index(parallel.AXIS) * len(batch.weight_B) if share_rows else 0
        forced_T = None
        if settings.teacher_forcing < 1:  # one draw for each time step, the same on all devices
            draws_T = jax.random.uniform(forcing_key, batch.target_BxT.shape[1:])
            forced_T = draws_T < settings.teacher_forcing
        inputs = batch.source_BxS, batch.target_BxT, dropout_key, forced_T, first_row

        def loss(params):
            variables = {"params": params, **state.carry}
            logits_BxTxV, carry = net.apply(variables, *inputs, mutable=list(state.carry))
            labels = logits_BxTxV, batch.target_BxT, batch.weight_BxT
            total, _ = cross_entropy(*labels, settings.label_smoothing)
            if batch.teacher_BxTxV is not None:
                soft = soft_cross_entropy(logits_BxTxV, batch.teacher_BxTxV, batch.weight_BxT)
                total = (1 - TEACHER_WEIGHT) * total + TEACHER_WEIGHT * soft
            return total, (*cross_entropy(*labels), carry)

        (_, (nats, count, carry)), gradients = jax.value_and_grad(loss, has_aux=True)(state.params)
        sums = nats, count, jnp.sum(batch.weight_B), gradients
        sums = parallel.sum_over_devices(sums) if share_rows else sums
        nats, count, examples, gradients = sums
        gradients = jax.tree.map(lambda g: g / jnp.maximum(count, 1), gradients)
        updates, opt_state = optimizer.update(gradients, state.opt_state, state.params)
        params, norm = optax.apply_updates(state.params, updates), optax.tree.norm(gradients)
        metrics = {"loss": nats, "count": count, "examples": examples, "gradient": norm}
        step = state.step + 1
        return State(step, params, opt_state, carry), metrics | {"step": step}

    return update


def for_each_member(function: Callable[[Any], Any], args: Any) -> Any:
    """`function` of each member's part of `args`, stacked: at once, or on a CPU one by one.

    A CPU has nothing idle that more members would fill, and XLA has no bfloat16 kernel there for
    the weights' gradients of several members (jax 0.10: "UNIMPLEMENTED", in some shapes).
    """
    if jax.default_backend() == "cpu":
        return jax.lax.map(function, args)
    return jax.vmap(function)(args)


def make_eval_step(net: Network, members: int = 1) -> Step:
    """The loss of a batch given the true tokens before each, without dropout and learning.

    Its state is (params, carry).
    """

    def evaluate(params: Any, carry: Any, batch: Batch) -> tuple[jax.Array, jax.Array, Any]:
        inputs = batch.source_BxS, batch.target_BxT
        logits_BxTxV, carry = net.apply({"params": params, **carry}, *inputs, mutable=list(carry))
        return *cross_entropy(logits_BxTxV, batch.target_BxT, batch.weight_BxT), carry

    def eval_step(state: tuple[Any, Any], batch: Batch) -> tuple[tuple[Any, Any], Metrics]:
        each = evaluate if members == 1 else jax.vmap(evaluate, (0, 0, None))
        params, carry = state
        nats, count, carry = each(params, carry, batch)
        nats, count = parallel.sum_over_devices((jnp.sum(nats), jnp.sum(count)))
        return (params, carry), {"loss": nats, "count": count}

    return eval_step
