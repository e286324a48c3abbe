"""A decoder whose letters come in order: exact hard monotonic attention (Wu and Cotterell 2019).

It is a hidden Markov model whose probabilities a recurrent network computes. Letters of shapes: L
letters of a word that a step of a search keeps.
"""

import jax
import jax.numpy as jnp

from g2p_jax.kernels.parameters import weight
from g2p_jax.network import attention
from g2p_jax.network.decoder import Decoder
from g2p_jax.network.dropout import drop

JUMPS = 6  # letters from one phoneme's to the next, with a bias of its own; more count as the last
LIKELY = 3  # letters, the most probable ones, that a step of a search reads and hands on


class MonotonicDecoder(Decoder):
    """Each phoneme comes from one letter, none before the last one's.

    Which letter it was is not known, and need not be: the sum over all ways through the word is
    exact, by the forward algorithm. A letter s contributes to the next phoneme,

        P(y_t = v | y_<t) = sum_s prior_t(s) P(v | s, h_t)
        prior_t(s) = sum_r P(a_(t-1) = r | y_<t) softmax_(s >= r)(score(h_t, s) + jump(s - r))

    and the state h_t knows the phonemes before, not the letters that they came from. So a step of
    a search hands on, besides h, P(a_t = s, y_t = v | y_<t) [R, L, V] of the LIKELY letters with
    the largest priors, and which letters they are [R, L]. In `english` they have 0.99997 of the sum
    on average; `unroll` sums up all.
    """

    def setup(self) -> None:
        super().setup()
        self.jump = weight(self, "jump", lambda _: -jnp.abs(jnp.arange(JUMPS) - 1.0))

    def reads(self, layer):
        return False

    def start(self, memory):
        words, letters = memory.mask_BxS.shape
        place_BxL = jnp.zeros((words, min(LIKELY, letters)), jnp.int32)
        joint_BxLxV = jnp.zeros((*place_BxL.shape, self.vocabulary)).at[:, 0].set(1.0)
        return (*super().start(memory), (place_BxL, joint_BxLxV))

    def recur(self, memory, states, tokens_TxR, masks):
        """The last states of the recurrent layers, and the top one's outputs [T, R, H]."""
        first, *above = self.layers
        state, h = first.unroll(self.phoneme_gates(memory, tokens_TxR, masks), states[0])
        h, new = drop(masks, "decoder_0", h), [state]
        for number, layer in enumerate(above, start=1):
            state, h = layer(h, states[number])
            h = drop(masks, f"decoder_{number}", h)
            new.append(state)
        return tuple(new), h

    def emissions(self, h: jax.Array, letters: jax.Array) -> jax.Array:
        """P(v | s, h) [..., S, V] of states [..., H] and letters W_c m [..., S, width]."""
        first = self.readout if self.settings.readout else self.output
        x = first(h)[..., None, :] + letters
        return jax.nn.softmax(self.output(jnp.tanh(x)) if self.settings.readout else x)

    def unroll(self, memory, states, tokens_TxB, masks):
        """All steps from a word's start; hands on no more than the states of the layers."""
        states, h_TxBxH = self.recur(memory, states, tokens_TxB, masks)
        (letters_BxSxN,), mask_BxS = memory.values[-1], memory.keys.mask_BxS
        emissions_TxBxSxV = self.emissions(h_TxBxH, letters_BxSxN[None])
        scores_TxBxS = attention.dot_scores(memory.keys, h_TxBxH)
        every = jnp.arange(mask_BxS.shape[1])[None, None]
        transitions_TxBxSxS = attention.transitions(scores_TxBxS, self.jump, mask_BxS, every)

        def forward(joint_BxS, x):
            token_B, transitions_BxSxS, emissions_BxSxV = x
            prior_BxS = attention.forward(joint_BxS, transitions_BxSxS)
            return prior_BxS * of_token(emissions_BxSxV, token_B), prior_BxS

        first_BxS = jnp.zeros(mask_BxS.shape).at[:, 0].set(1.0)
        xs = jnp.roll(tokens_TxB, -1, axis=0), transitions_TxBxSxS, emissions_TxBxSxV
        _, prior_TxBxS = jax.lax.scan(forward, first_BxS, xs)
        p_TxBxV = jnp.einsum("tbs,tbsv->tbv", prior_TxBxS, emissions_TxBxSxV)
        return states, jnp.log(p_TxBxV + attention.TINY), prior_TxBxS

    def step(self, memory, states, token_R, masks):
        *states, (place_RxL, joint_RxLxV) = states
        states, h_TxRxH = self.recur(memory, tuple(states), token_R[None], masks)
        (letters_BxSxN,), mask_BxS = memory.values[-1], memory.keys.mask_BxS
        scores_RxS = attention.dot_scores(memory.keys, h_TxRxH[0])
        transitions_RxLxS = attention.transitions(scores_RxS, self.jump, mask_BxS, place_RxL)
        prior_RxS = attention.forward(of_token(joint_RxLxV, token_R), transitions_RxLxS)

        likely_RxL, place_RxL = jax.lax.top_k(prior_RxS, place_RxL.shape[1])
        word_R = jnp.repeat(jnp.arange(mask_BxS.shape[0]), token_R.shape[0] // mask_BxS.shape[0])
        emissions_RxLxV = self.emissions(h_TxRxH[0], letters_BxSxN[word_R[:, None], place_RxL])
        joint_RxLxV = likely_RxL[..., None] * emissions_RxLxV
        logits_RxV = jnp.log(jnp.sum(joint_RxLxV, axis=1) + attention.TINY)
        return (*states, (place_RxL, joint_RxLxV)), logits_RxV, prior_RxS


def of_token(p_SxV: jax.Array, token: jax.Array) -> jax.Array:
    """The probabilities [..., S] of one phoneme [...], from those of all [..., S, V]."""
    return jnp.take_along_axis(p_SxV, token[..., None, None], axis=-1)[..., 0]
