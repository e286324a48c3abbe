"""Decoders: from an encoded word to phonemes, one step after the other or all at once.

    phonemes so far -> embedding -> decoder layer 0 -> attends to the memory
                    -> decoder layers 1.. over [state; context] -> readout -> next phoneme

Letters of shapes: S letters, T phonemes, B words, H hidden, E memory width, V phoneme inventory.
"""

import functools
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from g2p_jax import config
from g2p_jax.kernels.matmul import concatenate, linear, look_up, matmul, matmul_back
from g2p_jax.kernels.scan import Map, plus, scan
from g2p_jax.network import attention, cells
from g2p_jax.network.layers import (
    Linear,
    Masks,
    Recurrent,
    affine,
    context_width,
    drop,
    embed,
    gated,
    initializers,
    memory_width,
    weight,
)

SCORES: dict[str, Callable[..., jax.Array]] = {
    "dot": attention.dot_scores,
    "monotonic": attention.dot_scores,
    "additive": attention.additive_scores,
    "additive_relu": functools.partial(attention.additive_scores, activation=jax.nn.relu),
}
ADDITIVE = ("additive", "additive_relu")
States = tuple[cells.State, ...]  # of a decoder: for each layer the arrays of its cell


class Memory(NamedTuple):
    """An encoded word, as the decoder sees it."""

    values_BxSxE: jax.Array
    keys_BxSxA: jax.Array
    mask_BxS: jax.Array
    summary: jax.Array  # [B, width]: where the decoder starts


class PreparedMemory(NamedTuple):
    """What a step reads of encoded words and of phonemes: products that all steps share."""

    values_BxSxE: jax.Array
    keys_BxSxA: jax.Array
    scores_BxS: jax.Array  # of each letter, whoever asks
    mask_BxS: jax.Array
    phonemes: cells.Gates  # what each phoneme is to the decoder's first layer [V, H]

    def of(self, word_R: jax.Array, axis: int = 0) -> "PreparedMemory":
        """What is of these words; axis: of the words in all arrays but the phonemes'."""
        take = functools.partial(jnp.take, indices=word_R, axis=axis, mode="clip")
        values, keys, scores, mask = map(take, self[:-1])
        return PreparedMemory(values, keys, scores, mask, self.phonemes)


def weigh(kind: str, asked: tuple[jax.Array, ...], query_BxQxA: jax.Array) -> jax.Array:
    """Attention weights [B, Q, S] of queries to (mask, keys) or (mask, keys, v)."""
    mask_BxS, *keys = asked
    return attention.attend(SCORES[kind](query_BxQxA, *keys), mask_BxS)


def at_each_step(of_words: Map) -> Map:
    """A map of [B, Q, ...] as one of a step's [B, ...], and of all steps' [T, B, ...] at once."""

    def of_steps(shared: Any, v: jax.Array) -> jax.Array:
        steps = v.reshape(-1, *v.shape[-2:])
        return of_words(shared, steps.swapaxes(0, 1)).swapaxes(0, 1).reshape(*v.shape[:-1], -1)

    return of_steps


def for_each_step(masks: Masks, steps: int, places: Iterable[str] | None = None) -> Masks:
    """The decoder's masks, or some of them, as [T, B, width]: to be handed to a loop."""
    mine = (place for place in masks if place == "phonemes" or place.startswith("decoder"))
    return {
        place: jnp.broadcast_to(masks[place], (steps, *masks[place].shape[1:]))
        for place in mine
        if places is None or place in places
    }


class Decoder(nn.Module):
    """What the arrangements of the decoder share: weights, start, attention, readout."""

    settings: config.Model
    vocabulary: int
    dtype: Any

    def setup(self) -> None:
        s, init = self.settings, initializers(self.settings)
        self.embedding = weight(
            self, "embedding", init["embedding"], (self.vocabulary, s.embedding)
        )
        self.layers = [
            Recurrent(s.cell, width, s.hidden, self.dtype, **init["cell"])
            for width in self.widths()
        ]
        make = functools.partial(Linear, dtype=self.dtype, **init["linear"])
        if s.start == "bridge":
            states = len(self.layers) * cells.CELLS[s.cell].states
            self.bridge = make(memory_width(s), states * s.hidden)
        if s.attention != "none":
            self.query = make(s.hidden, s.hidden if s.attention in ADDITIVE else memory_width(s))
        if s.attention in ADDITIVE:
            self.v = weight(self, "v", init["scores"], (s.hidden,))
        if s.readout:
            self.readout = make(s.hidden + context_width(s), s.readout)
        self.output = make(s.readout or s.hidden + context_width(s), self.vocabulary)

    def widths(self) -> list[int]:
        """The width of each layer's input."""
        raise NotImplementedError

    @property
    def first_out(self) -> Linear:
        """The first of what stands between the state and the logits: it reads [state; context]."""
        return self.readout if self.settings.readout else self.output

    def start(self, memory: Memory) -> States:
        """The state before the first phoneme."""
        size, start = cells.CELLS[self.settings.cell].states, memory.summary
        arrays = size * len(self.layers)
        if self.settings.start == "bridge":
            start = jnp.tanh(self.bridge(start))
        elif self.settings.start == "zeros":
            return zeros(self.settings, len(start))
        parts = jnp.split(start, arrays, axis=-1)
        return tuple(tuple(parts[i : i + size]) for i in range(0, arrays, size))

    def asked(self, memory: Memory | PreparedMemory) -> tuple[jax.Array, ...]:
        """What `weigh` reads besides the query."""
        v = (self.v,) if self.settings.attention in ADDITIVE else ()
        return memory.mask_BxS, memory.keys_BxSxA, *v

    def scores(self, memory: Memory | PreparedMemory, h_BxQxH: jax.Array) -> jax.Array:
        """How much each letter [B, Q, S] matters to states, Q for each word."""
        kind = self.settings.attention
        if isinstance(memory, PreparedMemory) and kind not in ADDITIVE:
            return attention.products(h_BxQxH, memory.keys_BxSxA) + memory.scores_BxS[:, None]
        return SCORES[kind](self.query(h_BxQxH), *self.asked(memory)[1:])

    def look(
        self, memory: Memory | PreparedMemory, h_BxQxH: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """Attention of states, Q for each word: context [B, Q, E] and weights [B, Q, S].

        Without attention there is no context: E is 0, and no letter has weight.
        """
        if self.settings.attention == "none":
            asking, (_, letters, width) = h_BxQxH.shape[:2], memory.values_BxSxE.shape
            return jnp.zeros((*asking, width)), jnp.zeros((*asking, letters))
        weights = attention.attend(self.scores(memory, h_BxQxH), memory.mask_BxS)
        return attention.context(weights, memory.values_BxSxE), weights

    def look_beside(self, memory: PreparedMemory, h: jax.Array) -> tuple[jax.Array, jax.Array]:
        """`look` of rows that are one for each word, or several, beside each other."""
        found = self.look(memory, h.reshape(len(memory.mask_BxS), -1, h.shape[-1]))
        context, weights = (x.reshape(len(h), x.shape[-1]) for x in found)
        return context, weights

    def logits(self, h: jax.Array, context: jax.Array) -> jax.Array:
        x = concatenate([h, context], self.dtype)
        if self.settings.readout:
            x = jnp.tanh(self.readout(x))
        return self.output(x)

    def through_layers(
        self, gates: cells.Gates, states: States, masks: Masks
    ) -> tuple[States, jax.Array]:
        """One step of layer upon layer: the new states, and the last one's output [B, H].

        gates: of the first layer.
        """
        new = [self.layers[0].step(gates, states[0])]
        h = drop(masks, "decoder_0", new[0][0])
        for number, layer in enumerate(self.layers[1:], start=1):
            new.append(layer.step(layer.gates(h), states[number]))
            h = drop(masks, f"decoder_{number}", new[-1][0])
        return tuple(new), h

    def ready(self, memory: Memory) -> PreparedMemory:
        """The memory as `step` reads it.

        Dot products of queries h W + b and keys k are those of h and W k, and b . k beside them:
        the letters are fewer than the steps of a search.
        """
        values, keys, mask, _ = memory
        scores, phonemes = jnp.zeros(mask.shape), self.layers[0].gates(self.embedding)
        if self.settings.attention not in (*ADDITIVE, "none"):
            scale = keys.shape[-1] ** -0.5
            scores = scale * (keys @ self.query.b)
            keys = scale * matmul_back(keys, self.query.w, self.dtype)
        return PreparedMemory(values, keys, scores, mask, phonemes)

    def gates_of(self, memory: PreparedMemory, token_B: jax.Array, masks: Masks) -> cells.Gates:
        """What phonemes are to the first layer."""
        if "phonemes" in masks:
            phoneme = jnp.take(self.embedding, token_B, axis=0)
            return self.layers[0].gates(drop(masks, "phonemes", phoneme))
        return tuple(look_up(table, token_B, self.dtype) for table in memory.phonemes)

    def step(
        self, memory: PreparedMemory, states: States, token_B: jax.Array, masks: Masks
    ) -> tuple[States, jax.Array, jax.Array]:
        """One phoneme: the new states, logits [B, V] of the next, attention weights [B, S].

        memory: of `ready`. Each of its words may have several rows of states and tokens, next to
            each other: hypotheses of a beam.
        """
        raise NotImplementedError

    def unroll(
        self, memory: Memory, states: States, tokens_TxB: jax.Array, masks: Masks
    ) -> tuple[States, jax.Array, jax.Array]:
        """`step` by `step`, all at once: the last states, logits [T, B, V], weights [T, B, S].

        There is no mask: what follows a word's end cannot change it.
        """
        raise NotImplementedError


class LuongDecoder(Decoder):
    """The first layer's state asks; the context goes into the layers above (Luong et al. 2015).

    So the queries of all steps are known before the first is answered, and in training attention
    is two matmuls outside the loop.
    """

    def widths(self) -> list[int]:
        s = self.settings
        return [s.embedding] + [s.hidden + context_width(s)] * (s.decoder_layers - 1)

    @property
    def readers(self) -> list[Recurrent | Linear]:
        """What reads [state; context]: x W + b."""
        return [*self.layers[1:], self.first_out]

    def ready(self, memory):
        """With the products of its letters and the weights that a context meets, as values.

        The product of a mean is the mean of the products: those of a few letters take less time
        than those of all contexts that a search comes to.
        """
        w = jnp.concatenate([reader.w[self.settings.hidden :] for reader in self.readers], axis=1)
        products = matmul(memory.values_BxSxE, w, self.dtype)
        return super().ready(memory)._replace(values_BxSxE=products)

    def step(self, memory, states, token_B, masks):
        hidden = self.settings.hidden
        state = self.layers[0].step(self.gates_of(memory, token_B, masks), states[0])
        h, new = drop(masks, "decoder_0", state[0]), [state]
        products, weights = self.look_beside(memory, h)
        ends = np.cumsum([reader.w.shape[1] for reader in self.readers])
        *of_layers, x = jnp.split(products, ends[:-1], axis=-1)
        for number, of_context in enumerate(of_layers, start=1):
            gates = self.layers[number].gates(h)
            gates = plus(gates, jnp.split(of_context, len(gates), axis=-1))
            new.append(self.layers[number].step(gates, states[number]))
            h = drop(masks, f"decoder_{number}", new[-1][0])
        last = self.readers[-1]
        x += linear(h, last.w[:hidden], last.b, self.dtype)
        return tuple(new), self.output(jnp.tanh(x)) if self.settings.readout else x, weights

    def unroll(self, memory, states, tokens_TxB, masks):
        phonemes = embed(self.embedding, tokens_TxB, masks, "phonemes")
        state, h = self.layers[0](phonemes, states[0])
        h, new = drop(masks, "decoder_0", h), [state]
        looked = self.look(memory, h.swapaxes(0, 1))
        context, weights = (x.swapaxes(0, 1) for x in looked)
        for number, layer in enumerate(self.layers[1:], start=1):
            state, h = layer(concatenate([h, context], self.dtype), states[number])
            h = drop(masks, f"decoder_{number}", h)
            new.append(state)
        return tuple(new), self.logits(h, context), weights


class BahdanauDecoder(Decoder):
    """The last step's top state asks; the context enters the first layer (Bahdanau et al. 2014).

    Also called input feeding. Each query waits for the answer before it, so attention is part of
    the loop: every product in it goes through `apply`, see `unroll.scan`.
    """

    def widths(self) -> list[int]:
        s = self.settings
        return [s.embedding + memory_width(s)] + [s.hidden] * (s.decoder_layers - 1)

    def step(self, memory, states, token_B, masks):
        context, weights = self.look_beside(memory, states[-1][0])
        gates, first = self.gates_of(memory, token_B, masks), self.layers[0]
        from_context = first.w[self.settings.embedding :], jnp.zeros_like(first.b)
        gates = plus(gates, gated(len(gates), self.dtype, from_context, context))
        new, h = self.through_layers(gates, states, masks)
        return new, self.logits(h, context), weights

    def unroll(self, memory, states, tokens_TxB, masks):
        s, layers = self.settings, self.layers
        gates, cell = cells.CELLS[s.cell].gates, cells.CELLS[s.cell]
        from_phonemes, from_context = jnp.split(layers[0].w, [s.embedding])
        shared = {
            "query": (self.query.w, self.query.b),
            "weights": self.asked(memory),
            "context": memory.values_BxSxE,
            "gates_0": (from_context, jnp.zeros_like(layers[0].b)),
        }
        maps: dict[str, Map] = {
            "query": functools.partial(affine, self.dtype),
            "weights": at_each_step(functools.partial(weigh, s.attention)),
            "context": at_each_step(lambda values, weights: attention.context(weights, values)),
            "gates_0": functools.partial(gated, gates, self.dtype),
        }
        for number, layer in enumerate(layers):
            shared |= {f"{name}_{number}": u for name, u in layer.u.items()}
            maps |= {f"{name}_{number}": f for name, f in layer.maps.items()}
            if number:
                shared[f"gates_{number}"] = layer.w, layer.b
                maps[f"gates_{number}"] = maps["gates_0"]

        def step(apply, states, x):
            phoneme_gates, masks = x
            weights = apply("weights", apply("query", states[-1][0]))
            context = apply("context", weights)
            h = apply("gates_0", context, phoneme_gates)
            new: list[cells.State] = []
            for number, state in enumerate(states):
                recur = lambda name, h, gates, number=number: apply(f"{name}_{number}", h, gates)
                if number:
                    x = drop(masks, f"decoder_{number - 1}", new[-1][0])
                    h = apply(f"gates_{number}", x)
                new.append(cell.step(recur, h, state))
            return tuple(new), (new[-1][0], context, weights)

        phonemes = embed(self.embedding, tokens_TxB, masks, "phonemes")
        phoneme_gates = gated(gates, self.dtype, (from_phonemes, layers[0].b), phonemes)
        between = [f"decoder_{number}" for number in range(len(layers) - 1)]
        xs = phoneme_gates, for_each_step(masks, len(tokens_TxB), between)
        states, (h, context, weights) = scan(step, maps, shared, states, xs, dtype=self.dtype)
        h = drop(masks, f"decoder_{len(layers) - 1}", h)
        return states, self.logits(h, context), weights


def zeros(settings: config.Model, rows: int) -> States:
    """States of a decoder that knows nothing."""
    size = cells.CELLS[settings.cell].states
    state = (jnp.zeros((rows, settings.hidden)),) * size
    return (state,) * settings.decoder_layers
