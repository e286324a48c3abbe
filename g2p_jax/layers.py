"""Layers that own weights: linear, and one recurrent layer in one direction; dropout and starts.

Letters of shapes: T time, B words, I inputs, H hidden units. Sequences are time first. Masks: True
is a real token; a masked step copies the state through, so that right-padded words need no flipping
for the reverse direction.
"""

import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from g2p_jax import cells, config
from g2p_jax import linear as linear_lib
from g2p_jax.linear import linear
from g2p_jax.unroll import Map, scan

Weights = tuple[jax.Array, jax.Array]  # a matrix and a bias
Masks = dict[str, jax.Array]  # dropout masks by place; empty: no dropout


class Linear(nn.Module):
    """x W + b."""

    inputs: int
    outputs: int
    dtype: Any
    kernel_init: Any = nn.initializers.lecun_normal()

    def setup(self) -> None:
        self.w = self.param("w", self.kernel_init, (self.inputs, self.outputs))
        self.b = self.param("b", nn.initializers.zeros, (self.outputs,))

    def __call__(self, x: jax.Array) -> jax.Array:
        return linear(x, self.w, self.b, self.dtype)


def affine(dtype: Any, weights: Weights, x: jax.Array) -> jax.Array:
    """x W + b, in the argument order of a map of `unroll.scan`."""
    return linear(x, *weights, dtype=dtype)


def gated(gates: int, dtype: Any, weights: Weights, x: jax.Array) -> cells.Gates:
    """x W + b as one array for each gate, in the argument order of a map of `unroll.scan`."""
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
        self.w = self.param("w", self.kernel_init, (self.inputs, cell.gates * self.hidden))
        self.b = self.param("b", zeros, (cell.gates * self.hidden,))
        self.u = {
            name: (
                self.param(f"u_{name}", self.recurrent_init, (self.hidden, width * self.hidden)),
                self.param(f"c_{name}", zeros, (width * self.hidden,)),
            )
            for name, width in cell.recurrent.items()
        }

    def zero_state(self, batch: int) -> cells.State:
        return (jnp.zeros((batch, self.hidden)),) * cells.CELLS[self.cell].states

    def gates(self, x: jax.Array) -> cells.Gates:
        """The input gates W x + b: for all time steps in one matmul, before the loop."""
        return gated(cells.CELLS[self.cell].gates, self.dtype, (self.w, self.b), x)

    @property
    def maps(self) -> dict[str, Map]:
        """The recurrent products; their weights are `u`."""
        return {
            name: functools.partial(gated, width, self.dtype)
            for name, width in cells.CELLS[self.cell].recurrent.items()
        }

    def step(self, x_BxI: jax.Array, state: cells.State) -> cells.State:
        maps = self.maps
        recur = lambda name, h: maps[name](self.u[name], h)
        return cells.CELLS[self.cell].step(recur, self.gates(x_BxI), state)

    def __call__(
        self,
        x_TxBxI: jax.Array,
        state: cells.State,
        mask_TxB: jax.Array | None = None,
        reverse: bool = False,
    ) -> tuple[cells.State, jax.Array]:
        """Runs over time; returns the last state and the outputs [T, B, H].

        A step whose mask is False copies the state through.
        """
        cell = cells.CELLS[self.cell]

        def step(apply, state, x):
            gates, mask_Bx1 = x
            new = cell.step(apply, gates, state)
            if mask_Bx1 is not None:
                new = jax.tree.map(lambda n, s: jnp.where(mask_Bx1, n, s), new, state)
            return new, new[0]

        xs = self.gates(x_TxBxI), None if mask_TxB is None else mask_TxB[..., None]
        return scan(step, self.maps, self.u, state, xs, reverse)


def drop(masks: Masks, place: str, x: jax.Array) -> jax.Array:
    """Dropout with the mask of that place, the same for all time steps (Gal, Ghahramani 2016)."""
    return multiply(masks[place], x) if place in masks else x


def multiply(mask_BxH: jax.Array, x: jax.Array) -> jax.Array:
    return x * jnp.expand_dims(mask_BxH, tuple(range(x.ndim - 2)))


def draw_masks(settings: config.Model, batch: int, key: jax.Array) -> Masks:
    """Dropout masks for one batch: 0, or 1 / (1 - rate) so that means stay."""
    memory = memory_width(settings)
    places = {"letters": (settings.embedding, settings.embedding_dropout)}
    places["phonemes"] = places["letters"]
    for layer in range(settings.encoder_layers):
        places[f"encoder_{layer}"] = (memory, settings.dropout)
    for layer in range(settings.decoder_layers):
        places[f"decoder_{layer}"] = (settings.hidden, settings.dropout)
    masks = {}
    for number, (place, (width, rate)) in enumerate(places.items()):
        if rate > 0:
            keep = jax.random.bernoulli(jax.random.fold_in(key, number), 1 - rate, (batch, width))
            masks[place] = keep / (1 - rate)
    return masks


def memory_width(settings: config.Model) -> int:
    return settings.hidden * (1 if settings.sum_directions else 2)


def initializers(settings: config.Model) -> dict[str, Any]:
    """How weights start: the settings' normal, or the habit of each kind of layer."""
    if settings.init_normal > 0:
        normal = nn.initializers.normal(settings.init_normal)
        both = {"kernel_init": normal}
        return {"linear": both, "cell": both | {"recurrent_init": normal}}
    return {"linear": {}, "cell": {}}
