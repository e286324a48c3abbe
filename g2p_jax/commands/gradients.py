"""Measures how far gradients reach back in time, for several recurrent cells.

  g2p-jax gradients
  g2p-jax gradients --cells=elman,lstm --steps=150 --letters=12
  g2p-jax gradients --config=configs/seq2seq.py --config.data.limit=20000 --output=docs

A network without attention must carry all that it read of a word in one state. For every cell this
measures, at initialisation and after some training, with and without clipping,

  |dLoss/ds_t|   the gradient that arrives at the state after letter t, and
  |ds_T/ds_t|    the largest factor by which a change of that state can change the last one,

over the lag T - t, where s is the whole state of the encoder's top layer: h, and c of an LSTM. Both
go through every step between (Bengio et al. 1994; Pascanu et al. 2013),

  dLoss/ds_t = dLoss/ds_T J_T J_{T-1} ... J_{t+1},     J_t = ds_t/ds_{t-1}.

It writes gradients.tsv and gradients.png into --output.
"""

import copy
import functools
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from absl import flags, logging

from g2p_jax import config as config_lib
from g2p_jax.commands import run, shared
from g2p_jax.data import splits
from g2p_jax.data.batches import Batches, Examples
from g2p_jax.data.buckets import choose_buckets
from g2p_jax.data.symbols import BOS, PAD, Symbols
from g2p_jax.devices import parallel
from g2p_jax.errors import ConfigError, UserError
from g2p_jax.files import atomic_write
from g2p_jax.network import cells
from g2p_jax.network import seq2seq as models
from g2p_jax.network.layers import Recurrent
from g2p_jax.predict import plots as pictures
from g2p_jax.predict.model_file import network
from g2p_jax.train import losses
from g2p_jax.train import step as training

_CONFIG = run.define_config("configs/seq2seq.py")
_CELLS = flags.DEFINE_list("cells", ["elman", "gru", "lstm"], "Which to compare.")
_STEPS = flags.DEFINE_integer("steps", 500, "Of training before the second look.", lower_bound=1)
_LETTERS = flags.DEFINE_integer("letters", 14, "Length of the words looked at.", lower_bound=2)
_WORDS = flags.DEFINE_integer("words", 8, "How many of them.", lower_bound=1)
_OUTPUT = flags.DEFINE_string("output", "gradients", "A folder for the picture and the numbers.")


class Reach(NamedTuple):
    """Means over words, for lag 0, 1, ...: arrays [T]."""

    gradient: np.ndarray  # |dLoss/ds_t|
    factor: np.ndarray  # |ds_T/ds_t|, the spectral norm


def reach(net: models.Seq2Seq, params: Any, source_BxS: Any, target_BxT: Any) -> Reach:
    """How far gradients reach back in the encoder's top layer, for words of one length."""
    run = functools.partial(net.apply, {"params": params})
    step, x_SxBxI = _top_layer(net, params, source_BxS)
    memory = run(source_BxS, method="encode")
    tokens_TxB = jnp.roll(target_BxT.T, 1, axis=0).at[0].set(BOS)

    @jax.grad
    def from_the_end(summary):
        changed = memory._replace(summary=summary)
        unroll = lambda net: net.decoder.unroll(changed, net.start(changed), tokens_TxB, {})[1]
        logits = run(method=unroll).swapaxes(0, 1)
        return losses.cross_entropy(logits, target_BxT, target_BxT != PAD)[0]

    @functools.partial(jax.vmap, in_axes=1)
    def jacobians(x_SxI):
        """J_1, ..., J_S of one word: [S, N, N]."""

        def body(state, x):
            return step(state, x), jax.jacrev(step)(state, x)

        return jax.lax.scan(body, jnp.zeros(width), x_SxI)[1]

    width = cells.CELLS[net.settings.cell].states * net.settings.hidden
    arriving_BxN = jax.jit(from_the_end)(memory.summary)[:, -width:]  # the top layer's come last
    backwards = net.settings.directions == "backward"
    J_BxSxNxN = jax.jit(jacobians)(x_SxBxI[::-1] if backwards else x_SxBxI)
    gradients, factors = [], []
    for arriving_N, J_SxNxN in zip(*map(np.asarray, (arriving_BxN, J_BxSxNxN)), strict=True):
        product = np.eye(width, dtype=np.float32)
        products = [product] + [product := product @ J for J in J_SxNxN[:0:-1]]
        gradients.append([np.linalg.norm(arriving_N @ p) for p in products])
        factors.append([np.linalg.norm(p, 2) for p in products])
    return Reach(np.mean(gradients, axis=0), np.mean(factors, axis=0))


def _top_layer(
    net: models.Seq2Seq, params: Any, source_BxS: Any
) -> tuple[Callable[[jax.Array, jax.Array], jax.Array], jax.Array]:
    """The encoder's top layer as a step of one word, state [N], x [I] -> state [N]; its inputs."""
    calls = []

    def watch(function, arguments, options, context):
        if isinstance(context.module, Recurrent) and context.method_name == "__call__":
            calls.append((context.module, arguments[0]))
        return function(*arguments, **options)

    with nn.intercept_methods(watch):
        net.apply({"params": params}, source_BxS, method="encode")
    module, x_SxBxI = calls[-1]
    weights, layer = params["encoder"][module.name], module.clone(parent=None, name=None)
    states = cells.CELLS[net.settings.cell].states

    def step(state_N, x_I):
        state = tuple(jnp.split(state_N[None], states, axis=-1))
        one = lambda layer: layer.step(layer.gates(x_I[None]), state)
        new = layer.apply({"params": weights}, method=one)
        return jnp.concatenate(new, axis=-1)[0]

    return step, x_SxBxI


def trained(
    net: models.Seq2Seq, settings: config_lib.Train, batches: Batches, steps: int
) -> tuple[Any, Any]:
    """The parameters before and after some steps of training on one device."""
    state = training.init_state(net, settings, steps)
    first = state.params
    step = parallel.data_parallel(
        training.make_train_step(net, settings, steps), jax.local_devices()[:1]
    )
    rows = itertools.chain.from_iterable(map(batches.epoch, itertools.count()))
    for batch in itertools.islice(rows, steps):
        state, _ = step(state, parallel.shard(batch, 1))
    return first, jax.tree.map(np.asarray, state.params)


def measure(config: config_lib.Config) -> Iterator[tuple[str, str, Reach]]:
    """For every cell: its name, when it was looked at, and what was seen."""
    pairs = splits.load(config.data).train
    symbols = Symbols.from_pairs(pairs, config.data.unicode)
    examples = Examples.from_pairs(pairs, symbols)
    settings = config.train
    lengths = choose_buckets(examples.lengths, settings.buckets)
    batches = Batches(examples, lengths, settings.batch_size, settings.seed)
    long = np.flatnonzero(examples.source.lengths == _LETTERS.value)
    if len(long) < _WORDS.value:
        raise UserError(f"{len(long)} words of {_LETTERS.value} letters: choose other --letters")
    chosen = long[:: len(long) // _WORDS.value][: _WORDS.value]
    source = examples.source.padded(chosen, _LETTERS.value)
    target = examples.target.padded(chosen, int(examples.target.lengths[chosen].max()))
    for cell in _CELLS.value:
        for clip in (settings.clip or 1.0, 0.0):
            mine = copy.deepcopy(config)
            mine.model.cell, mine.train.clip, mine.train.dtype = cell, clip, "float32"
            config_lib.validate(mine)
            net = network(mine, symbols)
            before, after = trained(net, mine.train, batches, _STEPS.value)
            if clip:
                yield cell, "at the start", reach(net, before, source, target)
            how = f"after {_STEPS.value} steps, " + (
                f"clipped to {clip:g}" if clip else "unclipped"
            )
            logging.info("%s, %s", cell, how)
            yield cell, how, reach(net, after, source, target)


def draw(measured: list[tuple[str, str, Reach]], path: Path) -> None:
    """One column for each time of looking, one line for each cell."""
    times = list(dict.fromkeys(when for _, when, _ in measured))
    labels = {"gradient": "|dLoss/ds$_t$|", "factor": "|ds$_T$/ds$_t$|"}
    figure, axes = pictures.subplots(
        2, len(times), (4 * len(times), 6), sharex=True, sharey="row", squeeze=False
    )
    for cell, when, seen in measured:
        for axis, values in zip(axes[:, times.index(when)], seen, strict=True):
            axis.semilogy(values, label=cell)
    for column, when in enumerate(times):
        axes[0, column].set_title(when)
        axes[1, column].set_xlabel("lag T - t, in letters")
    for axis, label in zip(axes[:, 0], labels.values(), strict=True):
        axis.set_ylabel(label)
    axes[0, 0].legend()
    for axis in axes.flat:
        axis.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def main(words: list[str]) -> None:
    if words:
        raise UserError(f"flags only, found {words[0]!r}")
    config = _CONFIG.value
    if config.model.attention != "none" or config.model.directions != "backward":
        raise ConfigError(
            "gradients pass through one state only where config.model.attention is 'none' and "
            "directions is 'backward', as in configs/seq2seq.py"
        )
    unknown = set(_CELLS.value) - set(config_lib.CELLS)
    if unknown:
        raise UserError(f"--cells: {', '.join(unknown)}: choose of {', '.join(config_lib.CELLS)}")
    shared.use_compilation_cache()
    measured = list(measure(config))
    folder = Path(_OUTPUT.value)
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(folder / "gradients.tsv") as file:
        file.write("cell\twhen\tlag\tgradient\tfactor\n")
        for cell, when, seen in measured:
            for lag, (gradient, factor) in enumerate(zip(*seen, strict=True)):
                file.write(f"{cell}\t{when}\t{lag}\t{gradient:.4g}\t{factor:.4g}\n")
    draw(measured, folder / "gradients.png")
    print(f"{folder / 'gradients.png'} and {folder / 'gradients.tsv'}")
