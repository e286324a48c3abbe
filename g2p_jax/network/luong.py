"""The decoder of Luong, Pham and Manning 2015; without attention, a stack of recurrent layers."""

from g2p_jax.network.decoder import Decoder
from g2p_jax.network.dropout import drop


class LuongDecoder(Decoder):
    """The first layer's state attends; the context goes into all layers above.

    h_0 = layer_0(phoneme)        alpha = softmax(score(h_0, m))        c = sum_s alpha_s m_s
    h_n = layer_n([h_(n-1); c])   logits = output(tanh(readout([h; c])))

    So the queries of all steps are known before the first is answered, and in training attention
    is a few matmuls outside the loops.
    """

    def reads(self, layer):
        return layer > 0

    def unroll(self, memory, states, tokens_TxR, masks):
        first, *above = self.layers
        state, h = first.unroll(self.phoneme_gates(memory, tokens_TxR, masks), states[0])
        h, new = drop(masks, "decoder_0", h), [state]
        weights = self.attend(memory.keys)(h)
        for number, layer in enumerate(above, start=1):
            gates = self.with_context(layer.gates, memory, number, h, weights)
            state, h = layer.unroll(gates, states[number])
            h = drop(masks, f"decoder_{number}", h)
            new.append(state)
        return tuple(new), self.logits(memory, h, weights), weights
