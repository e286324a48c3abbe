"""A language model: the decoder alone."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from g2p_jax import config
from g2p_jax.data.symbols import BOS
from g2p_jax.network.decoder import Projected, zeros
from g2p_jax.network.dropout import Masks, draw_masks
from g2p_jax.network.encoder import Memory, States
from g2p_jax.network.luong import LuongDecoder
from g2p_jax.network.seq2seq import Seq2Seq


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

    def start(self, rows: int) -> Projected:
        """The memory that `step` reads: an empty one."""
        empty = jnp.zeros((rows, 0))
        return self.decoder.project(Memory(empty[..., None], empty > 0, empty))

    def step(
        self, memory: Projected, states: States, token_B: jax.Array
    ) -> tuple[States, jax.Array]:
        """One phoneme: the new states and logits [B, V] of the next."""
        return self.decoder.step(memory, states, token_B, {})[:2]

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
        states, logits_TxBxV, _ = self.decoder.unroll(self.start(rows), states, tokens_TxB, masks)
        if self.has_variable("carry", "last"):
            self.put_variable("carry", "last", (states, target_BxT[:, -1]))
        return logits_TxBxV.swapaxes(0, 1)


def initial_carry(settings: config.Model, rows: int) -> dict[str, dict[str, Any]]:
    """The variables of a language model before the first chunk of a text."""
    return {"carry": {"last": (zeros(settings, rows), jnp.full(rows, BOS, jnp.int32))}}


Network = Seq2Seq | DecoderOnly
