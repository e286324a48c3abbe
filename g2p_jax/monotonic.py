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
    step hands on, besides h, is log P(a_t = s, y_t = v | y_<t) [B, S, V].
    """

    def setup(self) -> None:
        super().setup()
        self.jump = self.param("jump", lambda _: -jnp.abs(jnp.arange(JUMPS) - 1.0))

    def widths(self) -> list[int]:
        s = self.settings
        return [s.embedding] + [s.hidden] * (s.decoder_layers - 1)

    def start(self, memory):
        _, letters, _ = memory.values_BxSxE.shape
        first = jnp.where(jnp.arange(letters) == 0, 0.0, attention.NEVER)[None, :, None]
        heard = jnp.broadcast_to(first, (len(memory.summary), letters, self.vocabulary))
        return (*super().start(memory), (heard,))

    def ready(self, memory):
        """With the products of its letters and the readout's weights, as values."""
        w = self.first_out.w[self.settings.hidden :]
        return memory._replace(values_BxSxE=matmul(memory.values_BxSxE, w, self.dtype))

    def said(self, memory: Memory, h_BxQxH: jax.Array) -> jax.Array:
        """log P(v | s, h), [B, Q, S, V]; memory: of `ready`."""
        first, hidden = self.first_out, self.settings.hidden
        asked = linear(h_BxQxH, first.w[:hidden], first.b, self.dtype)
        x = asked[:, :, None] + memory.values_BxSxE[:, None]
        return jax.nn.log_softmax(self.output(jnp.tanh(x)) if self.settings.readout else x)

    def moves(self, memory: Memory, h_BxQxH: jax.Array) -> jax.Array:
        """log P(from letter r to s), [B, Q, R, S]."""
        scores = attention.dot_scores(self.query(h_BxQxH), memory.keys_BxSxA)
        return attention.monotonic(scores, self.jump, memory.mask_BxS)

    def step(self, memory, states, token_B, masks):
        *states, (heard_BxSxV,) = states
        h: Any = embed(self.embedding, token_B, masks, "phonemes")
        new: list[cells.State] = []
        for number, layer in enumerate(self.layers):
            new.append(layer.step(h, states[number]))
            h = drop(masks, f"decoder_{number}", new[-1][0])
        h_BxQxH = h.reshape(len(memory.mask_BxS), -1, h.shape[-1])
        rows = lambda x: x.reshape(len(h), *x.shape[2:])
        said, moves = rows(self.said(memory, h_BxQxH)), rows(self.moves(memory, h_BxQxH))
        was_BxS = jnp.take_along_axis(heard_BxSxV, token_B[:, None, None], axis=-1)[..., 0]
        prior_BxS = attention.moved(was_BxS, moves)
        heard_BxSxV = prior_BxS[..., None] + said
        logits = jax.nn.logsumexp(heard_BxSxV, axis=1)
        return (*new, (heard_BxSxV,)), logits, jnp.exp(prior_BxS)

    def unroll(self, memory, states, tokens_TxB, masks):
        *states, (heard_BxSxV,) = states
        h: Any = embed(self.embedding, tokens_TxB, masks, "phonemes")
        new: list[cells.State] = []
        for number, layer in enumerate(self.layers):
            state, h = layer(h, states[number])
            h = drop(masks, f"decoder_{number}", h)
            new.append(state)
        h_BxTxH, memory = h.swapaxes(0, 1), self.ready(memory)
        said, moves = (
            x.swapaxes(0, 1) for x in (self.said(memory, h_BxTxH), self.moves(memory, h_BxTxH))
        )
        tokens = tokens_TxB[..., None, None]
        first_BxS = jnp.take_along_axis(heard_BxSxV, tokens[0], axis=-1)[..., 0]
        later = jnp.take_along_axis(said[:-1], tokens[1:], axis=-1)[..., 0]
        was_TxBxS = jnp.concatenate([jnp.zeros_like(first_BxS)[None], later])

        def go_on(before_BxS, x):
            was_BxS, moves = x
            prior_BxS = attention.moved(before_BxS + was_BxS, moves)
            return prior_BxS, prior_BxS

        _, prior_TxBxS = jax.lax.scan(go_on, first_BxS, (was_TxBxS, moves))
        heard = prior_TxBxS[..., None] + said
        logits = jax.nn.logsumexp(heard, axis=2)
        return (*new, (heard[-1],)), logits, jnp.exp(prior_TxBxS)
