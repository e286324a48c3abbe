"""The base of all decoders: from an encoded word to phonemes.

    phonemes so far -> embedding -> recurrent layers, which attend to the memory
                    -> state h, context c -> readout -> logits of the next phoneme

What a step of a loop multiplies with the memory, is multiplied once for a word, not in each step:

    score(h, m) = (W h + b) . m  =  h . (W^T m) + b . m
    W [x; c]    = W_x x + W_c sum_s alpha_s m_s  =  W_x x + sum_s alpha_s (W_c m_s)
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from g2p_jax import config
from g2p_jax.kernels.matmul import linear, matmul, matmul_transposed
from g2p_jax.kernels.parameters import weight
from g2p_jax.kernels.rounding import concatenate, split
from g2p_jax.network import attention
from g2p_jax.network.attention import Keys
from g2p_jax.network.cells import CELLS, Gates
from g2p_jax.network.dropout import Masks, embed
from g2p_jax.network.encoder import Memory, States
from g2p_jax.network.layers import Linear, context_width, initializers, memory_width
from g2p_jax.network.recurrence import Recurrent

ADDITIVE = {"additive": "tanh", "additive_relu": "relu"}  # and their activation functions
Unrolled = tuple[States, jax.Array, jax.Array]


class Projected(NamedTuple):
    """Encoded words as a decoder reads them: the products that all its steps share."""

    keys: Keys
    letters_BxSxE: jax.Array  # the memory itself, for all steps at once
    values: tuple[Gates | None, ...]  # W_c m [B, S, H] for each layer, then for the readout
    phonemes: Gates  # W x + b [V, H] of each phoneme, for the first layer

    def of(self, word_R: jax.Array, axis: int = 0) -> "Projected":
        """These words, one for each row; `axis` is that of the words."""
        take = functools.partial(jnp.take, indices=word_R, axis=axis, mode="clip")
        keys, letters, values = jax.tree.map(take, (self.keys, self.letters_BxSxE, self.values))
        return Projected(keys, letters, values, self.phonemes)


class Decoder(nn.Module):
    """Weights, first state, attention and readout; subclasses arrange them."""

    settings: config.Model
    vocabulary: int
    dtype: Any

    def setup(self) -> None:
        s, init, context = self.settings, initializers(self.settings), context_width(self.settings)
        self.embedding = weight(
            self, "embedding", init["embedding"], (self.vocabulary, s.embedding)
        )
        inputs = [s.embedding] + [s.hidden] * (s.decoder_layers - 1)
        inputs = [width + context * self.reads(layer) for layer, width in enumerate(inputs)]
        self.layers = [
            Recurrent(s.cell, width, s.hidden, self.dtype, **init["cell"]) for width in inputs
        ]
        make = functools.partial(Linear, dtype=self.dtype, **init["linear"])
        if s.start == "bridge":
            self.bridge = make(memory_width(s), len(inputs) * CELLS[s.cell].states * s.hidden)
        if s.attention in ADDITIVE:
            self.query, self.key = make(s.hidden, s.hidden), make(context, s.hidden)
            self.v = weight(self, "v", init["scores"], (s.hidden,))
        elif context:
            self.query = make(s.hidden, context)
        if s.readout:
            self.readout = make(s.hidden + context, s.readout)
        self.output = make(s.readout or s.hidden + context, self.vocabulary)

    def reads(self, layer: int) -> bool:
        """Whether the inputs of this layer include the context."""
        raise NotImplementedError

    def start(self, memory: Memory) -> States:
        """The state before the first phoneme."""
        start, size = memory.summary, CELLS[self.settings.cell].states
        if self.settings.start == "zeros":
            return zeros(self.settings, start.shape[0])
        if self.settings.start == "bridge":
            start = jnp.tanh(self.bridge(start))
        arrays = jnp.split(start, size * len(self.layers), axis=-1)
        return tuple(tuple(arrays[i : i + size]) for i in range(0, len(arrays), size))

    def project(self, memory: Memory) -> Projected:
        """The products that all steps share."""
        gates, context = CELLS[self.settings.cell].gates, context_width(self.settings)

        def values(layer: Recurrent | Linear, count: int) -> Gates | None:
            w = layer.w[len(layer.w) - context :]
            products = matmul(memory.values_BxSxE, w, self.dtype) if context else None
            return None if products is None else split(products, count, self.dtype)

        each = [values(x, gates) if self.reads(n) else None for n, x in enumerate(self.layers)]
        last = values(self.readout if self.settings.readout else self.output, 1)
        phonemes = self.layers[0].gates(self.embedding)
        return Projected(self._keys(memory), memory.values_BxSxE, (*each, last), phonemes)

    def _keys(self, memory: Memory) -> Keys:
        m_BxSxE, kind = memory.values_BxSxE, self.settings.attention
        if kind == "none":
            return Keys(None, None, memory.mask_BxS)
        if kind in ADDITIVE:
            return Keys(self.key(m_BxSxE), None, memory.mask_BxS)
        scale = m_BxSxE.shape[-1] ** -0.5  # Vaswani et al. 2017
        keys_BxSxH = scale * matmul_transposed(m_BxSxE, self.query.w, self.dtype)
        return Keys(keys_BxSxH, scale * (m_BxSxE @ self.query.b), memory.mask_BxS)

    def attend(self, keys: Keys) -> Callable[[jax.Array], jax.Array]:
        """Attention weights [..., R, S] as a pure function of states [..., R, H]."""
        kind, dtype = self.settings.attention, self.dtype
        if kind == "none":
            return lambda h: jnp.zeros((*h.shape[:-1], keys.mask_BxS.shape[-1]))
        if kind not in ADDITIVE:
            return Partial(attention.dot, keys)

        def additive(query, keys, v, h):
            query_RxA = linear(query, h, dtype=dtype)
            return attention.additive((keys, v), query_RxA, activation=ADDITIVE[kind])

        return Partial(additive, (self.query.w, self.query.b), keys, self.v)

    def phoneme_gates(self, memory: Projected, tokens_TxR: jax.Array, masks: Masks) -> Gates:
        """W x + b of the first layer, without a context."""
        if len(tokens_TxR) == 1 and "phonemes" not in masks:  # a step of a search
            return tuple(jnp.take(p, tokens_TxR, axis=0, mode="clip") for p in memory.phonemes)
        return self.layers[0].gates(embed(self.embedding, tokens_TxR, masks, "phonemes"))

    def with_context(
        self,
        products: Callable[[jax.Array], Gates],
        memory: Projected,
        layer: int,
        x_TxRxI: jax.Array,
        weights_TxRxS: jax.Array,
    ) -> Gates:
        """W [x; c] + b, of all steps or of one; products: W x + b, also without a context."""
        values = memory.values[layer]
        if values is None or len(x_TxRxI) == 1:
            return plus_context(products(x_TxRxI), values, weights_TxRxS)
        context_TxRxE = attention.context(memory.letters_BxSxE, weights_TxRxS)
        return products(concatenate([x_TxRxI, context_TxRxE], self.dtype))

    def logits(self, memory: Projected, h: jax.Array, weights: jax.Array) -> jax.Array:
        """Logits [..., R, V] of the next phoneme."""
        first = self.readout if self.settings.readout else self.output
        (x,) = self.with_context(lambda x: (first(x),), memory, -1, h, weights)
        return self.output(jnp.tanh(x)) if self.settings.readout else x

    def unroll(
        self, memory: Projected, states: States, tokens_TxR: jax.Array, masks: Masks
    ) -> Unrolled:
        """All steps: last states, logits [T, R, V] of what follows each token, weights [T, R, S].

        Each word may have several rows, next to each other. There is no mask: what follows a word's
        end cannot change it.
        """
        raise NotImplementedError

    def step(self, memory: Projected, states: States, token_R: jax.Array, masks: Masks) -> Unrolled:
        """One step: new states, logits [R, V], weights [R, S]. The masks are those of one step."""
        states, logits, weights = self.unroll(memory, states, token_R[None], masks)
        return states, logits[0], weights[0]


def plus_context(gates: Gates, values: Gates | None, weights_RxS: jax.Array) -> Gates:
    """W x + W_c c, from W x and W_c m; W x where no context is read."""
    if values is None:
        return gates
    return tuple(x + attention.context(v, weights_RxS) for x, v in zip(gates, values, strict=True))


def zeros(settings: config.Model, rows: int) -> States:
    """States of a decoder that knows nothing."""
    state = (jnp.zeros((rows, settings.hidden)),) * CELLS[settings.cell].states
    return (state,) * settings.decoder_layers
