"""The networks: letters are encoded by a bidirectional RNN, phonemes decoded with attention.

    letters -> embedding -> encoder layers, both directions -> memory
    phonemes so far, memory -> one of the decoders -> next phoneme

A language model is the decoder alone.

Modules decide what is connected to what; the mathematics is in `cells`, `unroll` and `attention`.
Sequences are time first inside, batches are words first.

Letters of shapes: S letters, T phonemes, B words, H hidden, E memory width, V phoneme inventory.
"""

import functools
from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from g2p_jax import config
from g2p_jax.data.symbols import BOS, PAD
from g2p_jax.kernels.matmul import concatenate
from g2p_jax.network.decoders import (
    ADDITIVE,
    BahdanauDecoder,
    LuongDecoder,
    Memory,
    PreparedMemory,
    States,
    for_each_step,
    zeros,
)
from g2p_jax.network.layers import (
    Linear,
    Masks,
    Recurrent,
    context_width,
    draw_masks,
    drop,
    embed,
    initializers,
    memory_width,
    weight,
)
from g2p_jax.network.monotonic import MonotonicDecoder


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
        if s.attention in ADDITIVE:
            self.key = Linear(memory_width(s), s.hidden, self.dtype, **init["linear"])

    def __call__(self, source_SxB: jax.Array, mask_SxB: jax.Array, masks: Masks) -> Memory:
        x: Any = embed(self.embedding, source_SxB, masks, "letters")
        states: States = ()
        for layer in range(self.settings.encoder_layers):
            runs = []
            if self.forward:
                runs.append(self.forward[layer](x, mask_TxB=mask_SxB))
            runs.append(self.backward[layer](x, mask_TxB=mask_SxB, reverse=True))
            top = layer == self.settings.encoder_layers - 1
            join = _sum if top and self.settings.directions == "sum" else concatenate
            ends, outputs = zip(*runs, strict=True)
            states += (tuple(join(arrays) for arrays in zip(*ends, strict=True)),)
            x = drop(masks, f"encoder_{layer}", join(outputs, self.dtype))
        if self.settings.start == "copy":
            summary = concatenate([array for state in states for array in state])
        else:
            summary = drop(masks, "summary", states[-1][0][None])[0]
        x_BxSxE = x.swapaxes(0, 1)
        keys = self.key(x_BxSxE) if self.settings.attention in ADDITIVE else x_BxSxE
        values = x_BxSxE[..., : context_width(self.settings)]
        return Memory(values, keys, mask_SxB.T, summary)


def _sum(xs: Sequence[jax.Array], dtype: Any = jnp.float32) -> jax.Array:
    return sum(xs[1:], start=xs[0])


def shift_right(target_BxT: jax.Array) -> jax.Array:
    """What the decoder reads where it is given the true phonemes: BOS, then all but the last."""
    return jnp.roll(target_BxT.T, 1, axis=0).at[0].set(BOS)


class Seq2Seq(nn.Module):
    """Letters in, phonemes out.

    `targets` end with EOS; the decoder's inputs are the same sequence begun with BOS.
    """

    settings: config.Model
    graphemes: int
    phonemes: int
    dtype: Any

    def setup(self) -> None:
        decoder = BahdanauDecoder if self.settings.input_feeding else LuongDecoder
        if self.settings.attention == "monotonic":
            decoder = MonotonicDecoder
        self.encoder = Encoder(self.settings, self.graphemes, self.dtype)
        self.decoder = decoder(self.settings, self.phonemes, self.dtype)

    def encode(self, source_BxS: jax.Array, masks: Masks | None = None) -> Memory:
        source_SxB = source_BxS.T
        return self.encoder(source_SxB, source_SxB != PAD, masks or {})

    def start(self, memory: Memory) -> States:
        return self.decoder.start(memory)

    def ready(self, memory: Memory) -> PreparedMemory:
        return self.decoder.ready(memory)

    def step(
        self, memory: PreparedMemory, states: States, token_B: jax.Array
    ) -> tuple[States, jax.Array, jax.Array]:
        return self.decoder.step(memory, states, token_B, {})

    def __call__(
        self,
        source_BxS: jax.Array,
        target_BxT: jax.Array,
        key: jax.Array | None = None,
        teacher_forcing: jax.Array | None = None,
        first_row: jax.Array | int = 0,
    ) -> jax.Array:
        """Logits [B, T, V] of each target phoneme.

        Args:
          key: randomness of dropout; None: no dropout.
          teacher_forcing: for each step [T], whether the decoder is given the true last phoneme
            rather than the one that it finds most probable itself; None: always.
          first_row: of a larger batch, the row that is the first here; see `layers.draw_masks`.
        """
        tokens_TxB = shift_right(target_BxT)
        masks: Masks = {}
        if key is not None:
            batch, letters = source_BxS.shape
            phonemes = target_BxT.shape[1]
            masks = draw_masks(self.settings, letters, phonemes, batch, key, first_row)
        memory = self.encode(source_BxS, masks)
        if teacher_forcing is not None:
            tokens_TxB = self.own_choices(memory, tokens_TxB, teacher_forcing, masks)
        states = self.decoder.start(memory)
        _, logits_TxBxV, _ = self.decoder.unroll(memory, states, tokens_TxB, masks)
        return logits_TxBxV.swapaxes(0, 1)

    def own_choices(
        self, memory: Memory, tokens_TxB: jax.Array, forced_T: jax.Array, masks: Masks
    ) -> jax.Array:
        """The decoder's inputs [T, B]: where a step is not forced, the model's last choice.

        A choice has no derivative, so this loop needs none: it finds the inputs, and one pass over
        them, by the same fast path as always, gives logits and gradients.
        """

        def step(carry, x):
            states, chosen_B = carry
            token_B, forced, masks = x
            token_B = jnp.where(forced, token_B, chosen_B)
            states, logits_BxV, _ = self.decoder.step(ready, states, token_B, masks)
            return (states, jnp.argmax(logits_BxV, axis=-1).astype(token_B.dtype)), token_B

        carry, ready = (self.decoder.start(memory), tokens_TxB[0]), self.decoder.ready(memory)
        forced_T |= jnp.arange(len(forced_T)) == 0  # the first input is BOS
        xs = tokens_TxB, forced_T, for_each_step(masks, len(tokens_TxB))
        return jax.lax.stop_gradient(jax.lax.scan(step, carry, xs)[1])


def initial_carry(settings: config.Model, rows: int) -> dict[str, dict[str, Any]]:
    """The variables of a language model before the first chunk of a text."""
    return {"carry": {"last": (zeros(settings, rows), jnp.full(rows, BOS, jnp.int32))}}


class DecoderOnly(nn.Module):
    """Each phoneme from those before it: a decoder that has nothing to read.

    A variable "carry", if there is one, holds where the rows of the last batch ended, and this
    batch goes on from there: a long text is learned chunk by chunk, and derivatives stop between
    chunks (truncated backpropagation through time, Williams and Peng 1990).
    """

    settings: config.Model
    phonemes: int
    dtype: Any

    def setup(self) -> None:
        self.decoder = LuongDecoder(self.settings, self.phonemes, self.dtype)

    def ready(self, rows: int) -> PreparedMemory:
        """What `step` reads."""
        return self.decoder.ready(self._nothing(rows))

    def step(
        self, ready: PreparedMemory, states: States, token_B: jax.Array
    ) -> tuple[States, jax.Array]:
        """One phoneme: the new states and logits [B, V] of the next."""
        return self.decoder.step(ready, states, token_B, {})[:2]

    def __call__(
        self,
        source_BxS: jax.Array,
        target_BxT: jax.Array,
        key: jax.Array | None = None,
        teacher_forcing: None = None,
        first_row: jax.Array | int = 0,
    ) -> jax.Array:
        """Logits [B, T, V] of each phoneme; as `Seq2Seq`, but the source is not read."""
        rows, steps = target_BxT.shape
        masks: Masks = {}
        if key is not None:
            masks = draw_masks(self.settings, 0, steps, rows, key, first_row)
        states, before_B = initial_carry(self.settings, rows)["carry"]["last"]
        if self.has_variable("carry", "last"):
            states, before_B = jax.lax.stop_gradient(self.get_variable("carry", "last"))
        tokens_TxB = jnp.concatenate([before_B[None], target_BxT.T[:-1]])
        memory = self._nothing(rows)
        states, logits_TxBxV, _ = self.decoder.unroll(memory, states, tokens_TxB, masks)
        if self.has_variable("carry", "last"):
            self.put_variable("carry", "last", (states, target_BxT[:, -1]))
        return logits_TxBxV.swapaxes(0, 1)

    def _nothing(self, rows: int) -> Memory:
        """What there is to attend to."""
        empty = jnp.zeros((rows, 0, 0))
        return Memory(empty, empty, jnp.zeros((rows, 0), bool), jnp.zeros((rows, 0)))


Network = Seq2Seq | DecoderOnly
