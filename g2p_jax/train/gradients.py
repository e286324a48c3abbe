"""How far back does learning reach? Vanishing and exploding gradients, measured.

A network without attention carries all that it read of a word in one state. Over the lag T - t,

  |dLoss/ds_t|   is the gradient that arrives at the state after letter t, and
  |ds_T/ds_t|    the largest factor by which a change of that state can change the last one,

where s is the whole state of the encoder's top layer: h, and c of an LSTM. Both go through every
step between (Bengio et al. 1994; Pascanu et al. 2013),

  dLoss/ds_t = dLoss/ds_T J_T J_{T-1} ... J_{t+1},     J_t = ds_t/ds_{t-1}.
"""

import copy
import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from absl import logging

from g2p_jax import config as config_lib
from g2p_jax.data.batches import Batches
from g2p_jax.data.symbols import PAD
from g2p_jax.errors import UserError, counted
from g2p_jax.network.cells import CELLS
from g2p_jax.network.seq2seq import Seq2Seq, shift_right
from g2p_jax.predict import plots
from g2p_jax.predict.model_file import network
from g2p_jax.train import losses
from g2p_jax.train.inputs import load_inputs
from g2p_jax.train.optimizer import make_optimizer
from g2p_jax.train.placement import Placement
from g2p_jax.train.step import init_state, make_train_step


class Reach(NamedTuple):
    """Means over words, for lag 0, 1, ...: arrays [T]."""

    gradient: np.ndarray  # |dLoss/ds_t|
    factor: np.ndarray  # |ds_T/ds_t|, the spectral norm


def measure(
    config: config_lib.Config, cells: Sequence[str], steps: int, letters: int, words: int
) -> Iterator[tuple[str, str, Reach]]:
    """Yields a cell, a time, and the reach then: before training, and after some steps of it.

    Args:
      letters, words: length and number of the words that gradients are measured for.
    """
    inputs = load_inputs(config)
    batches: Any = inputs.train  # of words
    examples = batches.examples
    of_length = np.flatnonzero(examples.source.lengths == letters)
    if len(of_length) < words:
        raise UserError(
            f"{counted(len(of_length), 'word')} of {letters} letters: choose other --letters"
        )
    chosen = of_length[:: len(of_length) // words][:words]
    source = examples.source.padded(chosen, letters)
    target = examples.target.padded(chosen, int(examples.target.lengths[chosen].max()))
    for cell, clip in itertools.product(cells, (config.train.clip or 1.0, 0.0)):
        mine = copy.deepcopy(config)
        mine.model.cell, mine.train.clip, mine.train.dtype = cell, clip, "float32"
        net = network(config_lib.validate(mine), inputs.symbols)
        before, after = train_steps(net, mine.train, batches, steps)
        if clip:
            yield cell, "at the start", reach(net, before, source, target)
        when = f"after {steps} steps, " + (f"clipped to {clip:g}" if clip else "unclipped")
        logging.info("%s, %s", cell, when)
        yield cell, when, reach(net, after, source, target)


def train_steps(
    net: Seq2Seq, settings: config_lib.Train, batches: Batches, steps: int
) -> tuple[Any, Any]:
    """The weights before and after some steps of training on one device."""
    optimizer, placement = make_optimizer(settings, steps), Placement(jax.local_devices()[:1])
    state = init_state(net, optimizer, settings.seed)
    before, step = state.params, placement.compile(make_train_step(net, optimizer, settings))
    state = placement.put(state)
    every_epoch = itertools.chain.from_iterable(map(batches.epoch, itertools.count()))
    for batch in itertools.islice(every_epoch, steps):
        state, _ = step(state, placement.shard(batch))
    return before, jax.tree.map(np.asarray, state.params)


def reach(net: Seq2Seq, params: Any, source_BxS: Any, target_BxT: Any) -> Reach:
    """How far gradients reach back in the encoder's top layer, for words of one length."""
    run = functools.partial(net.apply, {"params": params})
    step, gates_SxBxH = _top_layer(net, params, source_BxS)
    memory = run(source_BxS, method="encode")
    width = CELLS[net.settings.cell].states * net.settings.hidden

    @jax.jit
    @jax.grad
    def loss_gradient(summary):
        changed = memory._replace(summary=summary)
        tokens_TxB = shift_right(target_BxT)
        logits = run(changed, tokens_TxB, method="decode")[0].swapaxes(0, 1)
        return losses.cross_entropy(logits, target_BxT, target_BxT != PAD)[0]

    @jax.jit
    @functools.partial(jax.vmap, in_axes=1)
    def jacobians(gates_SxH):
        """J_1, ..., J_S of one word: [S, N, N]."""
        body = lambda state, gates: (step(state, gates), jax.jacrev(step)(state, gates))
        return jax.lax.scan(body, jnp.zeros(width), gates_SxH, reverse=True)[1]

    gradient_BxN = loss_gradient(memory.summary)[:, -width:]  # the top layer's states come last
    J_BxSxNxN = jacobians(gates_SxBxH)  # the encoder reads words from their end
    gradients, factors = [], []
    for gradient_N, J_SxNxN in zip(np.asarray(gradient_BxN), np.asarray(J_BxSxNxN), strict=True):
        product = np.eye(width, dtype=np.float32)
        products = [product] + [product := product @ J for J in J_SxNxN[:-1]]
        gradients.append([np.linalg.norm(gradient_N @ p) for p in products])
        factors.append([np.linalg.norm(p, 2) for p in products])
    return Reach(np.mean(gradients, axis=0), np.mean(factors, axis=0))


def _top_layer(net: Seq2Seq, params: Any, source_BxS: Any) -> tuple[Callable, Any]:
    """The encoder's top layer as a step of one word, state [N], gates [H] -> state [N]; its gates.

    Gates are W x + b of each letter.
    """
    _, seen = net.apply(
        {"params": params},
        source_BxS,
        method="encode",
        capture_intermediates=lambda module, method: method == "gates",
        mutable=["intermediates"],
    )
    layer = net.bind({"params": params}).encoder.backward[-1]
    (gates_SxBxH,) = seen["intermediates"]["encoder"][layer.name]["gates"]
    layer_step, states = layer.step, CELLS[net.settings.cell].states

    def step(state_N, gates_H):
        gates_1xH = jax.tree.map(lambda x: x[None], gates_H)
        new = layer_step(gates_1xH, tuple(jnp.split(state_N[None], states, axis=-1)))
        return jnp.concatenate(new, axis=-1)[0]

    return step, gates_SxBxH


def draw(measured: Sequence[tuple[str, str, Reach]], path: Path) -> None:
    """Draws a column for each time and a line for each cell."""
    times = list(dict.fromkeys(when for _, when, _ in measured))
    size = 4 * len(times), 6
    figure, axes = plots.subplots(2, len(times), size, sharex=True, sharey="row", squeeze=False)
    for cell, when, values in measured:
        for axis, value in zip(axes[:, times.index(when)], values, strict=True):
            axis.semilogy(value, label=cell)
    for column, when in enumerate(times):
        axes[0, column].set_title(when)
        axes[1, column].set_xlabel("lag T - t, in letters")
    axes[0, 0].set_ylabel("|dLoss/ds$_t$|")
    axes[1, 0].set_ylabel("|ds$_T$/ds$_t$|")
    axes[0, 0].legend()
    for axis in axes.flat:
        axis.grid(alpha=0.3)
    plots.save(figure, path)
