"""Layers that own weights: linear, and one recurrent layer in one direction; dropout and starts.

Letters of shapes: T time, B words, I inputs, H hidden units. Sequences are time first. Masks: True
is a real token; a masked step copies the state through, so that right-padded words need no flipping
for the reverse direction.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from g2p_jax import config
from g2p_jax.kernels import matmul as linear_lib
from g2p_jax.kernels.matmul import linear
from g2p_jax.kernels.scan import Map, plus, scan
from g2p_jax.network import cells

Weights = tuple[jax.Array, jax.Array]  # a matrix and a bias
Masks = Mapping[str, jax.Array]  # of dropout, by place; empty: no dropout


def weight(module: nn.Module, name: str, init: Callable, *args: Any) -> jax.Array:
    """A parameter of the module. Flax's own `param` traces, each time, how it begins."""
    if module.has_variable("params", name):
        return module.get_variable("params", name)
    return module.param(name, init, *args)


def set_up(module: nn.Module) -> None:
    """Has Flax make the weights of a module and of all in it: for `init(key, method=set_up)`.

    Nothing is computed with them, so this takes a third of the time.
    """
    hasattr(module, "anything")  # a module is set up when it is asked for what it has not
    parts = [part for name, part in vars(module).items() if name != "parent"]
    is_module = lambda part: isinstance(part, nn.Module)
    for part in filter(is_module, jax.tree.leaves(parts, is_leaf=is_module)):
        set_up(part)


class Linear(nn.Module):
    """x W + b."""

    inputs: int
    outputs: int
    dtype: Any
    kernel_init: Any = nn.initializers.lecun_normal()

    def setup(self) -> None:
        self.w = weight(self, "w", self.kernel_init, (self.inputs, self.outputs))
        self.b = weight(self, "b", nn.initializers.zeros, (self.outputs,))

    def __call__(self, x: jax.Array) -> jax.Array:
        return linear(x, self.w, self.b, self.dtype)


def affine(dtype: Any, weights: Weights, x: jax.Array) -> jax.Array:
    """x W + b, in the argument order of a map of `unroll.scan`."""
    return linear(x, *weights, dtype=dtype)


class Embedded(NamedTuple):
    """The vectors of tokens, not looked up yet.

    A layer multiplies the table by its weights, and looks up the products: a few dozen symbols
    need fewer products than the letters of a batch.
    """

    table_VxI: jax.Array
    tokens: jax.Array


def embed(
    table_VxI: jax.Array, tokens: jax.Array, masks: Masks, place: str
) -> jax.Array | Embedded:
    """The tokens' vectors [..., I], with dropout of that place."""
    symbols, width = table_VxI.shape
    few = symbols <= min(tokens.size, 2 * width)  # else one-hot products would take longer
    if few and place not in masks:
        return Embedded(table_VxI, tokens)
    return drop(masks, place, jnp.take(table_VxI, tokens, axis=0))


def gated(gates: int, dtype: Any, weights: Weights, x: jax.Array | Embedded) -> cells.Gates:
    """x W + b as one array for each gate, in the argument order of a map of `unroll.scan`."""
    if isinstance(x, Embedded):
        products = linear_lib.gates(x.table_VxI, *weights, gates, dtype)
        return tuple(linear_lib.look_up(product, x.tokens, dtype) for product in products)
    return linear_lib.gates(x, *weights, gates, dtype)


class Recurrent(nn.Module):
    """One recurrent layer in one direction."""

    cell: str
    inputs: int
    hidden: int
    dtype: Any
    kernel_init: Any = nn.initializers.glorot_uniform()
    recurrent_init: Any = nn.initializers.orthogonal()

    def setup(self) -> None:
        cell, zeros = cells.CELLS[self.cell], nn.initializers.zeros
        self.w = weight(self, "w", self.kernel_init, (self.inputs, cell.gates * self.hidden))
        self.b = weight(self, "b", zeros, (cell.gates * self.hidden,))
        self.u = {
            name: (
                weight(self, f"u_{name}", self.recurrent_init, (self.hidden, width * self.hidden)),
                weight(self, f"c_{name}", zeros, (width * self.hidden,)),
            )
            for name, width in cell.recurrent.items()
        }

    def gates(self, x: jax.Array | Embedded) -> cells.Gates:
        """The input gates W x + b: for all time steps in one matmul, before the loop."""
        width = (x.table_VxI if isinstance(x, Embedded) else x).shape[-1]
        return gated(cells.CELLS[self.cell].gates, self.dtype, (self.w[:width], self.b), x)

    @property
    def maps(self) -> dict[str, Map]:
        """The recurrent products; their weights are `u`."""
        return {
            name: functools.partial(gated, width, self.dtype)
            for name, width in cells.CELLS[self.cell].recurrent.items()
        }

    def step(self, gates: cells.Gates, state: cells.State) -> cells.State:
        """One step, given its input gates [B, H]."""
        maps = self.maps
        recur = lambda name, h, gates: plus(maps[name](self.u[name], h), gates)
        return cells.CELLS[self.cell].step(recur, gates, state)

    def __call__(
        self,
        x_TxBxI: jax.Array | Embedded,
        state: cells.State | None = None,
        mask_TxB: jax.Array | None = None,
        reverse: bool = False,
    ) -> tuple[cells.State, jax.Array]:
        """Runs over time, from zeros without a state; returns the last and the outputs [T, B, H].

        A step whose mask is False copies the state through.
        """
        cell, gates = cells.CELLS[self.cell], self.gates(x_TxBxI)
        if state is None:
            state = (jnp.zeros((gates[0].shape[1], self.hidden)),) * cell.states

        def step(apply, state, x):
            gates_BxH, mask_Bx1 = x
            new = cell.step(apply, gates_BxH, state)
            if mask_Bx1 is not None:
                new = jax.tree.map(lambda n, s: jnp.where(mask_Bx1, n, s), new, state)
            return new, new[0]

        xs = gates, None if mask_TxB is None else mask_TxB[..., None]
        return scan(step, self.maps, self.u, state, xs, reverse, self.dtype)


def as_read(params: Any, dtype: Any) -> Any:
    """The same weights, their matrices in the type that `matmul` would else make of them each time.

    For search, that reads them again and again; training needs all their digits.
    """

    def read(path: Any, w: Any) -> Any:
        name = path[-1].key
        return w.astype(dtype) if name == "w" or name.startswith("u_") else w

    return jax.tree_util.tree_map_with_path(read, params)


def drop(masks: Masks, place: str, x: jax.Array) -> jax.Array:
    """Dropout with the mask of that place, if there is one."""
    return x * masks[place] if place in masks else x


def draw_masks(
    settings: config.Model,
    letters: int,
    phonemes: int,
    batch: int,
    key: jax.Array,
    first_row: jax.Array | int = 0,
) -> Masks:
    """Dropout masks for one batch: 0, or 1 / (1 - rate) so that means stay.

    For sequences they are [time, B, width]. A device that has the rows from `first_row` on of a
    larger batch draws what one device would draw for them.
    """
    encoder, decoder = settings.encoder_dropout, settings.decoder_dropout
    places = {"phonemes": (phonemes, settings.embedding, settings.embedding_dropout)}
    if settings.encoder_layers:
        places["letters"] = letters, settings.embedding, settings.embedding_dropout
        places["summary"] = 1, memory_width(settings), encoder
    for layer in range(settings.encoder_layers):
        places[f"encoder_{layer}"] = letters, memory_width(settings, layer), encoder
    for layer in range(settings.decoder_layers):
        places[f"decoder_{layer}"] = phonemes, settings.hidden, decoder
    masks = {}
    for number, (place, (steps, width, rate)) in enumerate(places.items()):
        if rate > 0:
            shape = steps, batch, width
            bits = random_bits(jax.random.fold_in(key, number), shape, first_row)
            masks[place] = jnp.where(bits >= np.uint32(rate * 2**32), 1 / (1 - rate), 0.0)
    return masks


def random_bits(
    key: jax.Array, shape: tuple[int, int, int], first_row: jax.Array | int = 0
) -> jax.Array:
    """32 random bits for each number of an array [time, B, width].

    A hash of the number's place in a batch that begins `first_row` rows earlier, so it matters
    neither which device draws nor which kind; and no state is handed on, so it takes a thirtieth of
    the time of `jax.random.bits` with the fastest keys, of which dropout needs a million each step.
    The hash is C. Wellons' lowbias32 (2018, nullprogram.com/blog/2018/07/31), with a second seed.
    """
    steps, rows, width = shape
    seed = jax.random.bits(key, (2,), jnp.uint32)
    time, row, unit = (jax.lax.broadcasted_iota(jnp.uint32, shape, axis) for axis in range(3))
    row += jnp.uint32(first_row)
    x = ((row * np.uint32(steps) + time) * np.uint32(width) + unit) ^ seed[0]
    x = (x ^ (x >> 16)) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> 15) ^ seed[1]) * np.uint32(0x846CA68B)
    return x ^ (x >> 16)


def memory_width(settings: config.Model, layer: int = -1) -> int:
    """Of what an encoder layer passes on; the last one's output is the memory."""
    top = layer % settings.encoder_layers == settings.encoder_layers - 1
    one = settings.directions == "backward" or (settings.directions == "sum" and top)
    return settings.hidden * (1 if one else 2)


def context_width(settings: config.Model) -> int:
    return 0 if settings.attention == "none" else memory_width(settings)


def initializers(settings: config.Model) -> dict[str, Any]:
    """How weights start: the settings' normal, or the habit of each kind of layer."""
    if settings.init_normal > 0:
        normal = nn.initializers.normal(settings.init_normal)
        both = {"kernel_init": normal}
        cell = both | {"recurrent_init": normal}
        return {"embedding": normal, "scores": normal, "linear": both, "cell": cell}
    apart = {"embedding": nn.initializers.normal(1.0), "scores": nn.initializers.normal(0.1)}
    return apart | {"linear": {}, "cell": {}}
