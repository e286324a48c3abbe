"""Encoder, step of the decoder, and greedy search as ONNX graphs, for ensembles, too."""

import dataclasses
from typing import Any

import numpy as np

from g2p_jax import runtime
from g2p_jax.predict.export import layers
from g2p_jax.predict.export.graph import BOOL, FLOAT, INT, INT32, Graph
from g2p_jax.predict.export.layers import Weights
from g2p_jax.runtime import BOS, EOS, PAD, TINY, UNK

ADDITIVE = "additive", "additive_relu"
LEAST = 0.01  # share that a probability keeps at least when smoothing is undone


@dataclasses.dataclass(frozen=True)
class Value:
    """A value that the encoder hands to a step: its name, type, and axes."""

    name: str
    value: str
    dtype: int
    axes: tuple[int | str, ...]


@dataclasses.dataclass(frozen=True)
class Network:
    """Encoder and decoder of one member; `member` distinguishes the names of its values."""

    settings: dict[str, Any]
    weights: dict[str, Any]
    member: str = ""

    @property
    def decoder_layers(self) -> list[Weights]:
        count = self.settings["decoder_layers"]
        return [self.weights["decoder"][f"layers_{n}"] for n in range(count)]

    @property
    def head(self) -> Weights:
        return self.weights["decoder"]["readout" if self.settings["readout"] else "output"]

    @property
    def arrays(self) -> int:
        """How many arrays the state of a layer has."""
        return 2 if self.settings["cell"] == "lstm" else 1

    def reads(self, layer: int) -> bool:
        """Whether a layer of the decoder, or the readout after all, reads the context."""
        kind, top = self.settings["attention"], len(self.decoder_layers)
        first = self.settings["input_feeding"] == (layer == 0)
        return kind != "none" and (layer == top or (kind != "monotonic" and first))

    def encode(self, g: Graph, letters_BxS: str, mask_BxS: str) -> tuple[list[Value], list[Value]]:
        """The memory that a step reads, and the first states of the decoder."""
        m_BxSxE, last = self._encoder(g, letters_BxS, mask_BxS)
        kind, d = self.settings["attention"], self.weights["decoder"]
        memory = list[Value]()
        keep = lambda name, value, *axes: memory.append(
            Value(name + self.member, value, FLOAT, ("rows", "letters", *axes))
        )
        if kind in ADDITIVE:
            keep("keys", g.affine(m_BxSxE, d["key"]), d["key"]["w"].shape[1])
        elif kind != "none":
            scale = np.float32(len(d["query"]["b"]) ** -0.5)
            keep("keys", g.matmul(m_BxSxE, scale * d["query"]["w"].T), self.settings["hidden"])
            bias = g.op("MatMul", m_BxSxE, g.constant(scale * d["query"]["b"][:, None]))
            keep("bias", g.op("Squeeze", bias, g.constant([2])))
        for n, w in enumerate([*self.decoder_layers, self.head]):
            if self.reads(n):
                width = d["query"]["w"].shape[1] if kind not in ADDITIVE else len(d["key"]["w"])
                keep(f"value_{n}", g.matmul(m_BxSxE, w["w"][-width:]), w["w"].shape[1])
        return memory, self._first_states(g, m_BxSxE, last)

    def _encoder(self, g: Graph, letters_BxS: str, mask_BxS: str) -> tuple[str, list[str]]:
        """What the top layer knows at each letter [B, S, E], and the last states of all layers."""
        s, encoder, cell = self.settings, self.weights["encoder"], self.settings["cell"]
        counts = g.op("Cast", mask_BxS, to=INT)
        length_B = g.op("Cast", g.op("ReduceSum", counts, g.constant([1]), keepdims=0), to=INT32)
        letters_SxB = g.op("Transpose", letters_BxS, perm=[1, 0])
        x, states = g.op("Gather", g.weight(encoder["embedding"]), letters_SxB), list[str]()
        one_way = s["directions"] == "backward"
        for n in range(s["encoder_layers"]):
            ways = ["backward"] if one_way else ["forward", "backward"]
            weights = [encoder[f"{way}_{n}"] for way in ways]
            direction = "reverse" if one_way else "bidirectional"
            y_SxDxBxH, last = layers.encoder_layer(g, cell, weights, direction, x, length_B)
            if s["directions"] == "sum" and n == s["encoder_layers"] - 1:
                x = g.op("ReduceSum", y_SxDxBxH, g.constant([1]), keepdims=0)
                states += [g.op("ReduceSum", h, g.constant([0]), keepdims=0) for h in last]
            else:
                y_SxBxDxH = g.op("Transpose", y_SxDxBxH, perm=[0, 2, 1, 3])
                x = g.op("Reshape", y_SxBxDxH, g.constant([0, 0, -1]))
                last = [g.op("Transpose", h, perm=[1, 0, 2]) for h in last]
                states += [g.op("Reshape", h, g.constant([0, -1])) for h in last]
        return g.op("Transpose", x, perm=[1, 0, 2]), states

    def _first_states(self, g: Graph, m_BxSxE: str, last: list[str]) -> list[Value]:
        s, d, count = self.settings, self.weights["decoder"], self.arrays * len(self.decoder_layers)
        rows = g.op("Shape", m_BxSxE, start=0, end=1)
        states = last
        if s["start"] == "bridge":
            first = g.op("Tanh", g.affine(last[-self.arrays], d["bridge"]))
            states = g.ops("Split", [first], count, axis=-1) if count > 1 else [first]
        elif s["start"] == "zeros":
            shape = g.op("Concat", rows, g.constant([s["hidden"]]), axis=0)
            states = [g.op("Expand", g.constant(0.0), shape)] * count
        each = [
            Value(f"state_{n}{self.member}", h, FLOAT, ("rows", s["hidden"]))
            for n, h in enumerate(states)
        ]
        if s["attention"] == "monotonic":
            symbols = len(d["embedding"])
            place = g.op("Expand", g.constant(0), g.op("Concat", rows, g.constant([1]), axis=0))
            shape = g.op("Concat", rows, g.constant([1, symbols]), axis=0)
            joint = g.op("Expand", g.constant(1.0), shape)
            each += [
                Value(f"place{self.member}", place, INT, ("rows", "likely")),
                Value(f"joint{self.member}", joint, FLOAT, ("rows", "likely", symbols)),
            ]
        return each

    def step(
        self, g: Graph, memory: dict[str, str], states: list[str], token_R: str, mask_RxS: str
    ) -> tuple[str, list[str]]:
        """Logits [R, V] of the next phoneme, and the new states."""
        s, d, size = self.settings, self.weights["decoder"], self.arrays
        memory = {name.removesuffix(self.member): value for name, value in memory.items()}
        kind, new = s["attention"], list[str]()
        phonemes_VxG = runtime.affine(d["embedding"], self.decoder_layers[0])
        x, weights = g.op("Gather", g.weight(phonemes_VxG), token_R), ""

        def scores(h: str) -> str:
            if kind in ADDITIVE:
                return layers.additive_scores(g, memory["keys"], d, h, kind)
            return layers.dot_scores(g, memory["keys"], memory["bias"], h)

        if s["input_feeding"]:
            weights = layers.masked_softmax(g, scores(states[-size]), mask_RxS)
        for n, w in enumerate(self.decoder_layers):
            x = g.affine(new[-size], w, slice(s["hidden"])) if n else x
            if self.reads(n):
                x = g.op("Add", x, layers.context(g, weights, memory[f"value_{n}"]))
            new += layers.cell_step(g, s["cell"], x, w, states[n * size : (n + 1) * size])
            if n == 0 and not s["input_feeding"] and kind not in ("none", "monotonic"):
                weights = layers.masked_softmax(g, scores(new[0]), mask_RxS)
        x, top = g.affine(new[-size], self.head, slice(s["hidden"])), len(self.decoder_layers)
        if kind == "monotonic":
            place, joint = states[-2:]
            likely, place, place_RxLx1 = layers.monotonic(
                g, scores(new[-size]), mask_RxS, d["jump"], place, joint, token_R
            )
            value = layers.at_places(g, memory[f"value_{top}"], place_RxLx1)
            x = g.op("Add", g.op("Unsqueeze", x, g.constant([1])), value)
            emissions = g.op("Softmax", self._output(g, x), axis=-1)
            joint = g.op("Mul", g.op("Unsqueeze", likely, g.constant([2])), emissions)
            total = g.op("ReduceSum", joint, g.constant([1]), keepdims=0)
            return g.op("Log", g.op("Add", total, g.constant(TINY))), [*new, place, joint]
        if self.reads(top):
            x = g.op("Add", x, layers.context(g, weights, memory[f"value_{top}"]))
        return self._output(g, x), new

    def _output(self, g: Graph, x: str) -> str:
        tanh = lambda: g.affine(g.op("Tanh", x), self.weights["decoder"]["output"])
        return tanh() if self.settings["readout"] else x


@dataclasses.dataclass(frozen=True)
class Ensemble:
    """All members, and how their logits become probabilities."""

    members: list[Network]
    smoothing: float
    temperature: float

    @property
    def symbols(self) -> int:
        return len(self.members[0].weights["decoder"]["embedding"])

    def log_probs(self, g: Graph, logits: list[str]) -> str:
        """log P [R, V], as `OutputTransform` and `log_probs` of the search have it."""
        log_p = [g.op("LogSoftmax", x, axis=-1) for x in logits]
        x = log_p[0]
        if len(log_p) > 1:
            one = g.constant([0])
            stacked = g.op("Concat", *(g.op("Unsqueeze", each, one) for each in log_p), axis=0)
            x = g.op("ReduceLogSumExp", stacked, axes=[0], keepdims=0)
            x = g.op("Sub", x, g.constant(float(np.log(len(log_p)))))
        if self.smoothing:
            q = g.op("Exp", x)
            lower = g.op("Sub", q, g.constant(self.smoothing / self.symbols))
            x = g.op("Log", g.op("Max", lower, g.op("Mul", q, g.constant(LEAST))))
        if self.temperature != 1:
            x = g.op("Div", x, g.constant(self.temperature))
        return g.op("LogSoftmax", g.op("Add", x, self._never(g, PAD, BOS, UNK)), axis=-1)

    def _never(self, g: Graph, *tokens: int) -> str:
        row_V = np.zeros(self.symbols, np.float32)
        row_V[list(tokens)] = -np.inf
        return g.constant(row_V)

    def encode(self, g: Graph) -> tuple[list[Value], list[Value]]:
        """Memory and first states of all members, of an input `letters`."""
        letters_BxS = g.input("letters", INT, ("rows", "letters"))
        mask_BxS = g.op("Not", g.op("Equal", letters_BxS, g.constant(PAD)))
        memory, states = [Value("mask", mask_BxS, BOOL, ("rows", "letters"))], list[Value]()
        for network in self.members:
            more, first = network.encode(g, letters_BxS, mask_BxS)
            memory, states = memory + more, states + first
        return memory, states

    def step(
        self, g: Graph, memory: dict[str, str], states: list[str], token_R: str
    ) -> tuple[str, list[str]]:
        """log P [R, V] of the next phoneme, and the new states."""
        size, logits, new = len(states) // len(self.members), list[str](), list[str]()
        for n, network in enumerate(self.members):
            own = states[n * size : (n + 1) * size]
            each, after = network.step(g, memory, own, token_R, memory["mask"])
            logits.append(each)
            new += after
        return self.log_probs(g, logits), new

    def greedy(self, g: Graph) -> tuple[str, str]:
        """Phonemes [B, T] padded with PAD, and log P [B], of greedy search: see `search/greedy`."""
        memory, states = self.encode(g)
        counts_BxS, one = g.op("Cast", memory[0].value, to=INT), g.constant([1])
        letters_B = g.op("ReduceSum", counts_BxS, one, keepdims=0)
        limit_B = g.op("Add", g.op("Mul", letters_B, g.constant(3)), g.constant(12))
        steps = g.op("Add", g.op("ReduceMax", limit_B, keepdims=0), g.constant(1))
        integers_B = g.op("Mul", limit_B, g.constant(0))
        zeros_B, false_B = (g.op("Cast", integers_B, to=kind) for kind in (FLOAT, BOOL))
        carried = [  # token, log P, done, end, log P of the best end; states
            g.op("Add", integers_B, g.constant(BOS)),
            zeros_B,
            false_B,
            integers_B,
            g.op("Add", zeros_B, g.constant(-np.inf)),
            *(value.value for value in states),
        ]
        kinds = [INT, FLOAT, BOOL, INT, FLOAT, *(value.dtype for value in states)]
        body = self._body(Graph(g.precision, g), memory, kinds, limit_B)
        last = g.ops("Loop", [steps, g.constant(True), *carried], len(carried) + 1, body=body)
        tokens_BxT = g.op("Transpose", last[-1], perm=[1, 0])
        length = g.op("Squeeze", g.op("Shape", tokens_BxT, start=1), g.constant([0]))
        every_T = g.op("Range", g.constant(0), length, g.constant(1))
        some_B = g.op("Greater", letters_B, g.constant(0))  # a row of padding has no phonemes
        end_B = g.op("Where", some_B, last[3], g.constant(0))
        any_B = g.op("Greater", end_B, g.constant(0))  # what has no phonemes has no probability
        log_p_B = g.op("Where", any_B, last[4], g.constant(-np.inf))
        real_BxT = g.op("Less", every_T, g.op("Unsqueeze", end_B, one))
        return g.op("Where", real_BxT, tokens_BxT, g.constant(PAD)), log_p_B

    def _body(self, g: Graph, memory: list[Value], kinds: list[int], limit_B: str) -> Any:
        """The body of the loop of `greedy`: one phoneme of each word."""
        t, _ = g.input("t", INT, ()), g.input("go", BOOL, ())
        inside = [g.input(f"carried_{n}", kind, None) for n, kind in enumerate(kinds)]
        token, log_p, done, end, ended, *states = inside
        read = {value.name: value.value for value in memory}
        log_probs, states = self.step(g, read, states, token)
        others = g.op("Add", log_probs, self._never(g, EOS))
        eos = g.op("Gather", log_probs, g.constant(EOS), axis=1)
        later = g.op("Greater", t, g.constant(0))  # no word is silent
        eos = g.op("Where", later, eos, g.constant(-np.inf))
        best = g.op("ReduceMax", others, axes=[1], keepdims=0)
        token = g.op("ArgMax", others, axis=1, keepdims=0)
        chosen, now = g.op("GreaterOrEqual", eos, best), g.op("Add", log_p, eos)
        better = g.op("Or", chosen, g.op("Greater", now, ended))
        better = g.op("And", better, g.op("Not", done))
        done = g.op("Or", g.op("Or", done, chosen), g.op("GreaterOrEqual", t, limit_B))
        unfinished = g.op("Cast", g.op("Not", done), to=INT)
        go = g.op("Cast", g.op("ReduceMax", unfinished, keepdims=0), to=BOOL)
        log_p, end = g.op("Add", log_p, best), g.op("Where", better, t, end)
        after = [go, token, log_p, done, end, g.op("Where", better, now, ended), *states, token]
        for n, (value, kind) in enumerate(zip(after, [BOOL, *kinds, INT], strict=True)):
            g.output(f"after_{n}", value, kind, () if n == 0 else None)
        return g.proto("greedy")
