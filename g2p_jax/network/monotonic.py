"""A decoder whose letters are known to come in order: exact hard monotonic attention.

Letters of shapes: S letters, M of them that are likely, T phonemes, B words, R rows of a step,
several for each word, H hidden, E width of the memory, V phoneme inventory.
"""

from typing import Any

import jax
import jax.numpy as jnp

from g2p_jax.kernels.matmul import linear, matmul
from g2p_jax.network import attention, cells
from g2p_jax.network.decoders import Decoder, Memory
from g2p_jax.network.layers import drop, embed, weight

JUMPS = 6  # letters from one phoneme's to the next, with a bias of its own; more count as the last
LIKELY = 3  # letters, the most probable ones, that a step of a search reads and hands on


class MonotonicDecoder(Decoder):
    """Each phoneme comes from one letter, none before the last one's (Wu and Cotterell 2019).

    Which letter it was is not known, and need not be: the sum over all ways through the word is
    exact, by the forward algorithm. A letter s has a share of the next phoneme,

        P(y_t = v | y_<t) = sum_s prior_t(s) P(v | s, h_t)
        prior_t(s) = sum_r P(a_(t-1) = r | y_<t) softmax_(s >= r)(score(h_t, s) + jump(s - r))

    and the state h_t knows the phonemes before, not the letters that they came from. So what a
    step hands on, besides h, is P(a_t = s, y_t = v | y_<t) [R, M, V] of the LIKELY letters with the
    largest priors, and which letters they are [R, M]. In `english` they have 0.99997 of the sum on
    average; `unroll` sums up all.
    """

    def setup(self) -> None:
        super().setup()
        self.jump = weight(self, "jump", lambda _: -jnp.abs(jnp.arange(JUMPS) - 1.0))

    def widths(self) -> list[int]:
        s = self.settings
        return [s.embedding] + [s.hidden] * (s.decoder_layers - 1)

    def start(self, memory):
        words, letters = memory.mask_BxS.shape
        place_BxM = jnp.zeros((words, min(LIKELY, letters)), jnp.int32)
        heard_BxMxV = jnp.zeros((*place_BxM.shape, self.vocabulary)).at[:, 0].set(1.0)
        return (*super().start(memory), (place_BxM, heard_BxMxV))

    def products(self, memory: Memory) -> jax.Array:
        """Of the letters and the readout's weights."""
        w = self.first_out.w[self.settings.hidden :]
        return matmul(memory.values_BxSxE, w, self.dtype)

    def ready(self, memory):
        """With these products as values."""
        return super().ready(memory)._replace(values_BxSxE=self.products(memory))

    def said(self, products: jax.Array, h: jax.Array) -> jax.Array:
        """P(v | s, h) [..., S, V], of letters [..., S, E] and states [..., H]."""
        first, hidden = self.first_out, self.settings.hidden
        of_h = linear(h, first.w[:hidden], first.b, self.dtype)
        x = of_h[..., None, :] + products
        return jax.nn.softmax(self.output(jnp.tanh(x)) if self.settings.readout else x)

    def step(self, memory, states, token_R, masks):
        *states, (place_RxM, heard_RxMxV) = states
        gates = self.gates_of(memory, token_R, masks)
        new, h_RxH = self.through_layers(gates, tuple(states), masks)

        (words, letters), (rows, few) = memory.mask_BxS.shape, place_RxM.shape
        by_word = lambda x: x.reshape(words, rows // words, -1)
        scores = self.scores(memory, by_word(h_RxH))
        moves = attention.monotonic(scores, self.jump, memory.mask_BxS, by_word(place_RxM))
        moves_RxMxS = moves.reshape(rows, few, letters)
        prior_RxS = attention.moved(_of(token_R, heard_RxMxV), moves_RxMxS)

        share_RxM, place_RxM = jax.lax.top_k(prior_RxS, few)
        word_R = jnp.repeat(jnp.arange(words), rows // words)
        said_RxMxV = self.said(memory.values_BxSxE[word_R[:, None], place_RxM], h_RxH)
        heard_RxMxV = share_RxM[..., None] * said_RxMxV
        logits_RxV = jnp.log(jnp.sum(heard_RxMxV, axis=1) + attention.TINY)
        return (*new, (place_RxM, heard_RxMxV)), logits_RxV, prior_RxS

    def unroll(self, memory, states, tokens_TxB, masks):
        *states, _ = states
        h: Any = embed(self.embedding, tokens_TxB, masks, "phonemes")
        new: list[cells.State] = []
        for number, layer in enumerate(self.layers):
            state, h = layer(h, states[number])
            h = drop(masks, f"decoder_{number}", h)
            new.append(state)
        h_BxTxH = h.swapaxes(0, 1)
        said_BxTxSxV = self.said(self.products(memory)[:, None], h_BxTxH)
        every = jnp.arange(memory.mask_BxS.shape[1])[None, None]
        scores = self.scores(memory, h_BxTxH)
        moves = attention.monotonic(scores, self.jump, memory.mask_BxS, every)
        was_BxTxS = _of(tokens_TxB[1:].T, said_BxTxSxV[:, :-1])
        was_TxBxS = jnp.pad(was_BxTxS.swapaxes(0, 1), ((1, 0), (0, 0), (0, 0)), constant_values=1)

        def go_on(before_BxS, x):
            was_BxS, moves = x
            prior_BxS = attention.moved(before_BxS * was_BxS, moves)
            return prior_BxS, prior_BxS

        first_BxS = jnp.zeros(memory.mask_BxS.shape).at[:, 0].set(1.0)
        _, prior_TxBxS = jax.lax.scan(go_on, first_BxS, (was_TxBxS, moves.swapaxes(0, 1)))
        prior_BxTxS = prior_TxBxS.swapaxes(0, 1)
        logits_BxTxV = jnp.log(
            jnp.einsum("bts,btsv->btv", prior_BxTxS, said_BxTxSxV) + attention.TINY
        )
        share_BxM, place_BxM = jax.lax.top_k(prior_TxBxS[-1], min(LIKELY, every.size))
        last = jnp.take_along_axis(said_BxTxSxV[:, -1], place_BxM[..., None], axis=1)
        new.append((place_BxM, share_BxM[..., None] * last))
        return tuple(new), logits_BxTxV.swapaxes(0, 1), prior_TxBxS


def _of(token: jax.Array, heard: jax.Array) -> jax.Array:
    """[..., S] of a phoneme [...], from [..., S, V]."""
    return jnp.take_along_axis(heard, token[..., None, None], axis=-1)[..., 0]
