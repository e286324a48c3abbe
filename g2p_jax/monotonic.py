"""A decoder whose letters are known to come in order: exact hard monotonic attention.

Letters of shapes: S letters, R letters again, T phonemes, Q of them asked for at once, B words,
H hidden, V phoneme inventory.
"""

from typing import Any

import jax
import jax.numpy as jnp

from g2p_jax import attention, cells
from g2p_jax.decoders import Decoder, Memory
from g2p_jax.layers import drop, embed
from g2p_jax.linear import linear, matmul

JUMPS = 6  # letters from one phoneme's to the next, with a bias of its own; more count as the last


class MonotonicDecoder(Decoder):
    """Each phoneme comes from one letter, none before the last one's (Wu and Cotterell 2019).

    Which letter it was is not known, and need not be: the sum over all ways through the word is
    exact, by the forward algorithm. A letter s has a share of the next phoneme,

        P(y_t = v | y_<t) = sum_s prior_t(s) P(v | s, h_t)
        prior_t(s) = sum_r P(a_(t-1) = r | y_<t) softmax_(s >= r)(score(h_t, s) + jump(s - r))

    and the state h_t knows the phonemes before, not the letters that they came from. So what a
    step hands on, besides h, is P(a_t = s, y_t = v | y_<t) [B, S, V].
    """

    def setup(self) -> None:
        super().setup()
        self.jump = self.param("jump", lambda _: -jnp.abs(jnp.arange(JUMPS) - 1.0))

    def widths(self) -> list[int]:
        s = self.settings
        return [s.embedding] + [s.hidden] * (s.decoder_layers - 1)

    def start(self, memory):
        letters = memory.values_BxSxE.shape[1]
        first_SxV = jnp.zeros((letters, self.vocabulary)).at[0].set(1.0)
        heard_BxSxV = jnp.broadcast_to(first_SxV, (len(memory.summary), *first_SxV.shape))
        return (*super().start(memory), (heard_BxSxV,))

    def ready(self, memory):
        """With the products of its letters and the readout's weights, as values."""
        w = self.first_out.w[self.settings.hidden :]
        return memory._replace(values_BxSxE=matmul(memory.values_BxSxE, w, self.dtype))

    def said(self, memory: Memory, h_BxQxH: jax.Array) -> jax.Array:
        """P(v | s, h), [B, Q, S, V]; memory: of `ready`."""
        first, hidden = self.first_out, self.settings.hidden
        of_h = linear(h_BxQxH, first.w[:hidden], first.b, self.dtype)
        x = of_h[:, :, None] + memory.values_BxSxE[:, None]
        return jax.nn.softmax(self.output(jnp.tanh(x)) if self.settings.readout else x)

    def moves(self, memory: Memory, h_BxQxH: jax.Array) -> jax.Array:
        """P(from letter r to s), [B, Q, R, S]."""
        scores = attention.dot_scores(self.query(h_BxQxH), memory.keys_BxSxA)
        return attention.monotonic(scores, self.jump, memory.mask_BxS)

    def step(self, memory, states, token_B, masks):
        *states, (heard_BxSxV,) = states
        phoneme = embed(self.embedding, token_B, masks, "phonemes")
        new, h = self.through_layers(phoneme, tuple(states), masks)
        h_BxQxH = h.reshape(len(memory.mask_BxS), -1, h.shape[-1])
        rows = lambda x: x.reshape(len(h), *x.shape[2:])
        said, moves = rows(self.said(memory, h_BxQxH)), rows(self.moves(memory, h_BxQxH))
        prior_BxS = attention.moved(_of(token_B, heard_BxSxV), moves)
        heard_BxSxV = prior_BxS[..., None] * said
        logits_BxV = jnp.log(jnp.sum(heard_BxSxV, axis=1) + attention.TINY)
        return (*new, (heard_BxSxV,)), logits_BxV, prior_BxS

    def unroll(self, memory, states, tokens_TxB, masks):
        *states, (heard_BxSxV,) = states
        h: Any = embed(self.embedding, tokens_TxB, masks, "phonemes")
        new: list[cells.State] = []
        for number, layer in enumerate(self.layers):
            state, h = layer(h, states[number])
            h = drop(masks, f"decoder_{number}", h)
            new.append(state)
        h_BxTxH = h.swapaxes(0, 1)
        said_BxTxSxV = self.said(self.ready(memory), h_BxTxH)
        moves_TxBxRxS = self.moves(memory, h_BxTxH).swapaxes(0, 1)
        was_BxTxS = _of(tokens_TxB[1:].T, said_BxTxSxV[:, :-1])
        was_TxBxS = jnp.pad(was_BxTxS.swapaxes(0, 1), ((1, 0), (0, 0), (0, 0)), constant_values=1)

        def go_on(before_BxS, x):
            was_BxS, moves = x
            prior_BxS = attention.moved(before_BxS * was_BxS, moves)
            return prior_BxS, prior_BxS

        first_BxS = _of(tokens_TxB[0], heard_BxSxV)
        _, prior_TxBxS = jax.lax.scan(go_on, first_BxS, (was_TxBxS, moves_TxBxRxS))
        prior_BxTxS = prior_TxBxS.swapaxes(0, 1)
        logits_BxTxV = jnp.log(
            jnp.einsum("bts,btsv->btv", prior_BxTxS, said_BxTxSxV) + attention.TINY
        )
        heard_BxSxV = prior_TxBxS[-1][..., None] * said_BxTxSxV[:, -1]
        return (*new, (heard_BxSxV,)), logits_BxTxV.swapaxes(0, 1), prior_TxBxS


def _of(token: jax.Array, heard: jax.Array) -> jax.Array:
    """[..., S] of a phoneme [...], from [..., S, V]."""
    return jnp.take_along_axis(heard, token[..., None, None], axis=-1)[..., 0]
