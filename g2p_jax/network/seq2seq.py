"""The network that reads letters and writes phonemes."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from g2p_jax import config
from g2p_jax.data.symbols import BOS
from g2p_jax.network.bahdanau import BahdanauDecoder
from g2p_jax.network.decoder import Projected, Unrolled
from g2p_jax.network.dropout import Masks, decoder_masks, draw_masks
from g2p_jax.network.encoder import Encoder, Memory, States
from g2p_jax.network.luong import LuongDecoder
from g2p_jax.network.monotonic import MonotonicDecoder


def shift_right(target_BxT: jax.Array) -> jax.Array:
    """The decoder's inputs if it is given the true phonemes: BOS, then all but the last."""
    return jnp.roll(target_BxT.T, 1, axis=0).at[0].set(BOS)


class Seq2Seq(nn.Module):
    """Letters in, phonemes out.

    `target_BxT` ends with EOS; the decoder's inputs are the same sequence begun with BOS.
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
        return self.encoder(source_BxS, masks or {})

    def start(self, source_BxS: jax.Array) -> tuple[Projected, States]:
        """The memory that `step` reads, and the states before the first phoneme."""
        memory = self.encode(source_BxS)
        return self.decoder.project(memory), self.decoder.start(memory)

    def step(self, memory: Projected, states: States, token_R: jax.Array) -> Unrolled:
        """One phoneme: see `Decoder.step`."""
        return self.decoder.step(memory, states, token_R, {})

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
          first_row: of a larger batch, the row that is the first here; see `draw_masks`.
        """
        tokens_TxB = shift_right(target_BxT)
        masks: Masks = {}
        if key is not None:
            batch, letters = source_BxS.shape
            phonemes = target_BxT.shape[1]
            masks = draw_masks(self.settings, letters, phonemes, batch, key, first_row)
        encoded = self.encode(source_BxS, masks)
        if teacher_forcing is not None:
            tokens_TxB = self.own_choices(encoded, tokens_TxB, teacher_forcing, masks)
        return self.decode(encoded, tokens_TxB, masks)[0].swapaxes(0, 1)

    def decode(
        self, encoded: Memory, tokens_TxB: jax.Array, masks: Masks | None = None
    ) -> tuple[jax.Array, jax.Array]:
        """Logits [T, B, V] of what follows each token, and attention weights [T, B, S]."""
        memory, states = self.decoder.project(encoded), self.decoder.start(encoded)
        return self.decoder.unroll(memory, states, tokens_TxB, masks or {})[1:]

    def own_choices(
        self, encoded: Memory, tokens_TxB: jax.Array, forced_T: jax.Array, masks: Masks
    ) -> jax.Array:
        """The decoder's inputs [T, B]: where a step is not forced, the model's last choice.

        A choice has no derivative, so this loop needs none: it finds the inputs, and one pass over
        them, as always, gives logits and gradients.
        """

        def step(carry, x):
            states, chosen_B = carry
            token_B, forced, masks = x
            token_B = jnp.where(forced, token_B, chosen_B)
            states, logits_BxV, _ = self.decoder.step(memory, states, token_B, masks)
            return (states, jnp.argmax(logits_BxV, axis=-1).astype(token_B.dtype)), token_B

        memory, states = self.decoder.project(encoded), self.decoder.start(encoded)
        forced_T |= jnp.arange(len(forced_T)) == 0  # the first input is BOS
        masks_Tx1 = {place: mask[:, None] for place, mask in decoder_masks(masks).items()}
        xs = tokens_TxB, forced_T, masks_Tx1
        return jax.lax.stop_gradient(jax.lax.scan(step, (states, tokens_TxB[0]), xs)[1])
