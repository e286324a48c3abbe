"""The decoder of Bahdanau, Cho and Bengio 2014, also called input feeding."""

from jax.tree_util import Partial

from g2p_jax.kernels.gates import gates
from g2p_jax.kernels.scan import scan
from g2p_jax.network.cells import CELLS, State
from g2p_jax.network.decoder import Decoder, plus_context
from g2p_jax.network.dropout import decoder_masks, drop


class BahdanauDecoder(Decoder):
    """The last step's top state attends; the context goes into the first layer.

    alpha = softmax(score(h, m))   c = sum_s alpha_s m_s   h' = layers([phoneme; c])
    logits = output(tanh(readout([h'; c])))

    Each query waits for the answer before it, so attention is part of the loop.
    """

    def reads(self, layer):
        return layer == 0

    def unroll(self, memory, states, tokens_TxR, masks):
        count, dtype = CELLS[self.settings.cell].gates, self.dtype

        def step(attend, values, layers, between, states, x):
            phoneme_gates, masks = x
            weights = attend(states[-1][0])
            x = plus_context(phoneme_gates, values, weights)
            new: list[State] = []
            for number, (layer, state) in enumerate(zip(layers, states, strict=True)):
                if number:
                    h = drop(masks, f"decoder_{number - 1}", new[-1][0])
                    x = gates(between[number - 1], h, count=count, dtype=dtype)
                new.append(layer(x, state))
            return tuple(new), (new[-1][0], weights)

        xs = self.phoneme_gates(memory, tokens_TxR, masks), decoder_masks(masks)
        layers = [layer.step for layer in self.layers]
        between = [(layer.w, layer.b) for layer in self.layers[1:]]
        shared = self.attend(memory.keys), memory.values[0], layers, between
        states, (h, weights) = scan(Partial(step, *shared), states, xs, dtype=dtype)
        h = drop(masks, f"decoder_{len(layers) - 1}", h)
        return states, self.logits(memory, h, weights), weights
