"""The encoder: recurrent layers over the letters of a word."""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from g2p_jax import config
from g2p_jax.data.symbols import PAD
from g2p_jax.kernels.parameters import weight
from g2p_jax.kernels.rounding import concatenate
from g2p_jax.network.cells import State
from g2p_jax.network.dropout import Masks, drop, embed
from g2p_jax.network.layers import initializers, memory_width
from g2p_jax.network.recurrence import Recurrent

States = tuple[State, ...]  # for each layer the arrays of its cell


class Memory(NamedTuple):
    """Encoded words."""

    values_BxSxE: jax.Array  # what the top layer knows at each letter
    mask_BxS: jax.Array
    summary: jax.Array  # [B, width]: where the decoder starts


class Encoder(nn.Module):
    """Layers over the embedded letters, in both directions or backward only."""

    settings: config.Model
    vocabulary: int
    dtype: Any

    def setup(self) -> None:
        s, init = self.settings, initializers(self.settings)
        self.embedding = weight(
            self, "embedding", init["embedding"], (self.vocabulary, s.embedding)
        )
        widths = [s.embedding, *(memory_width(s, n) for n in range(s.encoder_layers - 1))]
        make = functools.partial(
            Recurrent, s.cell, hidden=s.hidden, dtype=self.dtype, **init["cell"]
        )
        self.forward = [make(inputs=width) for width in widths if s.directions != "backward"]
        self.backward = [make(inputs=width) for width in widths]

    def __call__(self, source_BxS: jax.Array, masks: Masks) -> Memory:
        source_SxB = source_BxS.T
        mask_SxB = source_SxB != PAD
        x: Any = embed(self.embedding, source_SxB, masks, "letters")
        states: States = ()
        for layer in range(self.settings.encoder_layers):
            runs = [
                layers[layer](x, mask_TxB=mask_SxB, reverse=layers is self.backward)
                for layers in (self.forward, self.backward)
                if layers
            ]
            last, outputs = zip(*runs, strict=True)
            top = layer == self.settings.encoder_layers - 1
            join = _sum if top and self.settings.directions == "sum" else concatenate
            states += (tuple(join(arrays, jnp.float32) for arrays in zip(*last, strict=True)),)
            x = drop(masks, f"encoder_{layer}", join(outputs, self.dtype))
        return Memory(x.swapaxes(0, 1), mask_SxB.T, self._summary(states, masks))

    def _summary(self, states: States, masks: Masks) -> jax.Array:
        """The top layer's last output; all states where the decoder copies them."""
        if self.settings.start == "copy":
            return jnp.concatenate([array for state in states for array in state], axis=-1)
        return drop(masks, "summary", states[-1][0][None])[0]


def _sum(xs: Sequence[jax.Array], dtype: Any) -> jax.Array:
    return sum(xs[1:], start=xs[0])
