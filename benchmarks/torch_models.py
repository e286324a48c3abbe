"""The networks of `g2p_jax.models`, as they are written in PyTorch.

Each knows which of its weights is which of ours (`to_jax`), so that both compute the same numbers.
Sequences are batch first. Shapes: B words, S letters, T phonemes, H hidden units, M memory width.
"""

from collections.abc import Callable, Sequence
from typing import Any

import flax.traverse_util
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from g2p_jax import config
from g2p_jax.data.symbols import BOS, EOS, PAD

Get = Callable[[Tensor], Tensor | None]  # what to take of a weight: itself, or its gradient


def recurrent(module: nn.Module, get: Get, suffix: str = "") -> dict[str, np.ndarray]:
    """A layer of nn.RNN, nn.LSTM or nn.GRU, or a cell, as the parameters of `layers.Recurrent`."""
    names = {"w": "weight_ih", "b": "bias_ih", "u_h": "weight_hh", "c_h": "bias_hh"}
    return {ours: _array(get(getattr(module, name + suffix))) for ours, name in names.items()}


def linear(module: nn.Linear, get: Get) -> dict[str, np.ndarray]:
    """As the parameters of `layers.Linear`."""
    return {"w": _array(get(module.weight)), "b": _array(get(module.bias))}


def _array(x: Tensor) -> np.ndarray:
    return x.detach().numpy().T.copy()


def stacked(module: nn.LSTM, get: Get, name: str) -> dict[str, dict[str, np.ndarray]]:
    """The layers of one direction, named name_0, name_1, ..."""
    return {f"{name}_{i}": recurrent(module, get, f"_l{i}") for i in range(module.num_layers)}


class Net(nn.Module):
    """A model of phonemes, given those before."""

    def forward(self, source_BxS: Tensor, lengths_B: Tensor, inputs_BxT: Tensor) -> Tensor:
        """Logits [B, T, V]."""
        raise NotImplementedError

    def logits(self, source_BxS: Tensor, lengths_B: Tensor, target_BxT: Tensor) -> Tensor:
        """Logits [B, T, V] of each target phoneme, given those before it."""
        return self(source_BxS, lengths_B, F.pad(target_BxT[:, :-1], (1, 0), value=BOS))

    def loss(
        self, source_BxS: Tensor, lengths_B: Tensor, target_BxT: Tensor, reduction: str = "mean"
    ) -> Tensor:
        """Cross entropy of the real phonemes."""
        logits = self.logits(source_BxS, lengths_B, target_BxT).flatten(0, 1)
        return F.cross_entropy(logits, target_BxT.flatten(), ignore_index=PAD, reduction=reduction)

    def to_jax(self, get: Get = lambda x: x) -> dict[str, Any]:
        """What `get` takes of each weight, as the parameters of our network."""
        raise NotImplementedError


class LanguageModel(Net):
    """The lecture's MyRnn: embedding, LSTM, linear; it does not read the source."""

    def __init__(self, settings: config.Model, graphemes: int, phonemes: int):
        super().__init__()
        s = settings
        self.phonemes = nn.Embedding(phonemes, s.embedding)
        self.decoder = nn.LSTM(s.embedding, s.hidden, s.decoder_layers, batch_first=True)
        self.output = nn.Linear(s.hidden, phonemes)

    def forward(self, source_BxS, lengths_B, inputs_BxT):
        return self.output(self.decoder(self.phonemes(inputs_BxT))[0])

    def to_jax(self, get=lambda x: x):
        decoder = {"embedding": _array(get(self.phonemes.weight)).T}
        decoder |= {"output": linear(self.output, get)} | stacked(self.decoder, get, "layers")
        return {"decoder": decoder}


class EncoderDecoder(LanguageModel):
    """The same after an LSTM of as many layers that has read the word from its end."""

    def __init__(self, settings: config.Model, graphemes: int, phonemes: int):
        super().__init__(settings, graphemes, phonemes)
        s = settings
        self.letters = nn.Embedding(graphemes, s.embedding)
        self.encoder = nn.LSTM(s.embedding, s.hidden, s.encoder_layers, batch_first=True)

    def forward(self, source_BxS, lengths_B, inputs_BxT):
        column = torch.arange(source_BxS.shape[1])[None]
        place = torch.where(column < lengths_B[:, None], lengths_B[:, None] - 1 - column, column)
        place = place.to(source_BxS.device)
        packed = pack_padded_sequence(
            self.letters(source_BxS.gather(1, place)),
            lengths_B,
            batch_first=True,
            enforce_sorted=False,
        )
        _, last = self.encoder(packed)
        return self.output(self.decoder(self.phonemes(inputs_BxT), last)[0])

    def to_jax(self, get=lambda x: x):
        encoder = {"embedding": _array(get(self.letters.weight)).T}
        return super().to_jax(get) | {"encoder": encoder | stacked(self.encoder, get, "backward")}


class Twin(Net):
    """What the attention models share: the encoder, the decoder's start."""

    def __init__(self, settings: config.Model, graphemes: int, phonemes: int):
        super().__init__()
        s = self.settings = settings
        self.memory = s.hidden * (1 if s.directions == "sum" else 2)
        self.letters = nn.Embedding(graphemes, s.embedding)
        self.kind, states = {"gru": (nn.GRU, 1), "lstm": (nn.LSTM, 2)}[s.cell]
        self.encoder = self.kind(
            s.embedding, s.hidden, s.encoder_layers, batch_first=True, bidirectional=True
        )
        self.bridge = nn.Linear(self.memory, s.decoder_layers * states * s.hidden)
        self.phonemes = nn.Embedding(phonemes, s.embedding)
        self.output = nn.Linear(s.readout or s.hidden + self.memory, phonemes)

    def encode(self, source_BxS: Tensor, lengths_B: Tensor) -> tuple[Tensor, Tensor, Sequence[Any]]:
        """The memory [B, S, M], its mask [B, S], and where decoder layers start [B, H].

        That is h of each layer, of an LSTM h and c of each.
        """
        packed = pack_padded_sequence(
            self.letters(source_BxS), lengths_B, batch_first=True, enforce_sorted=False
        )
        packed, last = self.encoder(packed)
        memory, _ = pad_packed_sequence(packed, batch_first=True, total_length=source_BxS.shape[1])
        forward, backward = (last[0] if self.kind is nn.LSTM else last)[
            -2:
        ]  # ends of the top layer
        if self.settings.directions == "sum":
            memory = memory[..., : self.memory] + memory[..., self.memory :]
            summary = forward + backward
        else:
            summary = torch.cat([forward, backward], -1)
        start = torch.tanh(self.bridge(summary)).split(self.settings.hidden, -1)
        return memory, source_BxS != PAD, start

    def to_jax(self, get: Get = lambda x: x) -> dict[str, Any]:
        encoder = {"embedding": _array(get(self.letters.weight)).T}
        for i in range(self.settings.encoder_layers):
            encoder[f"forward_{i}"] = recurrent(self.encoder, get, f"_l{i}")
            encoder[f"backward_{i}"] = recurrent(self.encoder, get, f"_l{i}_reverse")
        decoder = {"embedding": _array(get(self.phonemes.weight)).T}
        decoder |= {"bridge": linear(self.bridge, get), "output": linear(self.output, get)}
        return {"encoder": encoder, "decoder": decoder}


class Attention(Twin):
    """Additive attention of a one-layer GRU decoder with input feeding, one step at a time.

    energy = v . relu(W [h; memory] + b); the context enters the cell beside the last phoneme.
    """

    def __init__(self, settings: config.Model, graphemes: int, phonemes: int):
        super().__init__(settings, graphemes, phonemes)
        hidden = settings.hidden
        self.energy = nn.Linear(hidden + self.memory, hidden)
        self.v = nn.Linear(hidden, 1, bias=False)
        self.cell = nn.GRUCell(settings.embedding + self.memory, hidden)

    def forward(self, source_BxS: Tensor, lengths_B: Tensor, inputs_BxT: Tensor) -> Tensor:
        memory, mask, (h,) = self.encode(source_BxS, lengths_B)
        logits = []
        for x in self.phonemes(inputs_BxT).unbind(1):
            query = h[:, None].expand(-1, memory.shape[1], -1)
            energy = self.v(torch.relu(self.energy(torch.cat([query, memory], -1)))).squeeze(-1)
            weights = torch.softmax(energy.masked_fill(~mask, -torch.inf), -1)
            context = torch.bmm(weights[:, None], memory).squeeze(1)
            h = self.cell(torch.cat([x, context], -1), h)
            logits.append(self.output(torch.cat([h, context], -1)))
        return torch.stack(logits, 1)

    def to_jax(self, get: Get = lambda x: x) -> dict[str, Any]:
        params = super().to_jax(get)
        energy, hidden = linear(self.energy, get), self.settings.hidden
        params["decoder"] |= {
            "key": {"w": energy["w"][hidden:], "b": energy["b"]},
            "query": {"w": energy["w"][:hidden], "b": np.zeros_like(energy["b"])},
            "v": _array(get(self.v.weight))[:, 0],
            "layers_0": recurrent(self.cell, get),
        }
        return params


class HoistedAttention(Attention):
    """The same with every product that does not need the state computed before or after the loop.

    The memory's share of the energies, the phonemes' share of the gates, and the output layer.
    """

    def forward(self, source_BxS: Tensor, lengths_B: Tensor, inputs_BxT: Tensor) -> Tensor:
        memory, mask, (h,) = self.encode(source_BxS, lengths_B)
        hidden, cell = self.settings.hidden, self.cell
        inputs = self.phonemes(inputs_BxT.T)  # time first
        from_query, from_memory = self.energy.weight.split([hidden, self.memory], 1)
        keys = F.linear(memory, from_memory, self.energy.bias)
        memory = memory.to(keys.dtype)  # autocast would convert it in every step
        from_phoneme, from_context = cell.weight_ih.split([inputs.shape[-1], self.memory], 1)
        hs, contexts = [], []
        for x in F.linear(inputs, from_phoneme, cell.bias_ih):
            energy = self.v(torch.relu(keys + F.linear(h, from_query)[:, None])).squeeze(-1)
            weights = torch.softmax(energy.masked_fill(~mask, -torch.inf), -1)
            context = torch.bmm(weights[:, None], memory).squeeze(1)
            xr, xz, xn = (x + F.linear(context, from_context)).chunk(3, -1)
            hr, hz, hn = F.linear(h, cell.weight_hh, cell.bias_hh).chunk(3, -1)
            n = torch.tanh(xn + torch.sigmoid(xr + hr) * hn)
            h = n + torch.sigmoid(xz + hz) * (h - n)
            hs.append(h)
            contexts.append(context)
        return self.output(torch.cat([torch.stack(hs, 1), torch.stack(contexts, 1)], -1))


class Luong(Twin):
    """Dot attention after the first decoder layer: no hand-written loop, layers are PyTorch's."""

    def __init__(self, settings: config.Model, graphemes: int, phonemes: int):
        super().__init__(settings, graphemes, phonemes)
        hidden, joined = settings.hidden, settings.hidden + self.memory
        widths = [settings.embedding] + [joined] * (settings.decoder_layers - 1)
        self.layers = nn.ModuleList(self.kind(width, hidden, batch_first=True) for width in widths)
        self.query = nn.Linear(hidden, self.memory)
        self.readout = nn.Linear(joined, settings.readout)

    def encode(self, source_BxS: Tensor, lengths_B: Tensor) -> tuple[Tensor, Tensor, Sequence[Any]]:
        """As above, with the start of each decoder layer as that layer takes it."""
        memory, mask, start = super().encode(source_BxS, lengths_B)
        states = [state[None] for state in start]
        if self.kind is nn.LSTM:
            states = list(zip(states[::2], states[1::2], strict=True))
        return memory, mask, states

    def forward(self, source_BxS: Tensor, lengths_B: Tensor, inputs_BxT: Tensor) -> Tensor:
        memory, mask, states = self.encode(source_BxS, lengths_B)
        h, _ = self.layers[0](self.phonemes(inputs_BxT), states[0])
        scores = torch.bmm(self.query(h), memory.mT) * self.memory**-0.5
        weights = torch.softmax(scores.masked_fill(~mask[:, None], -torch.inf), -1)
        context = torch.bmm(weights, memory)
        for layer, state in zip(self.layers[1:], states[1:], strict=True):
            h, _ = layer(torch.cat([h, context], -1), state)
        return self.output(torch.tanh(self.readout(torch.cat([h, context], -1))))

    def greedy(self, source_BxS: Tensor, lengths_B: Tensor, limit: int) -> Tensor:
        """The most probable phoneme after each other until EOS: [B, T], padded with PAD."""
        memory, mask, states = self.encode(source_BxS, lengths_B)
        token = torch.full((len(source_BxS),), BOS)
        done, tokens = torch.zeros(len(source_BxS), dtype=torch.bool), []
        while len(tokens) < limit and not done.all():
            h, states[0] = self.layers[0](self.phonemes(token)[:, None], states[0])
            scores = torch.bmm(self.query(h), memory.mT.to(h.dtype)) * self.memory**-0.5
            weights = torch.softmax(scores.masked_fill(~mask[:, None], -torch.inf), -1)
            context = torch.bmm(weights.to(h.dtype), memory.to(h.dtype))
            for n, layer in enumerate(self.layers[1:], 1):
                h, states[n] = layer(torch.cat([h, context], -1), states[n])
            logits = self.output(torch.tanh(self.readout(torch.cat([h, context], -1))))
            token = logits[:, 0, EOS:].argmax(-1) + EOS  # neither PAD nor BOS
            done |= token == EOS
            tokens.append(torch.where(done, PAD, token))
        return torch.stack(tokens, 1)

    def from_jax(self, params: dict[str, Any]) -> None:
        """Takes our weights: the inverse of `to_jax`."""
        weights = list(self.parameters())
        for number, weight in enumerate(weights):
            nn.init.constant_(weight, number)  # to see where each of them goes
        given = flax.traverse_util.flatten_dict(params)
        for place, numbered in flax.traverse_util.flatten_dict(self.to_jax()).items():
            ours = np.array(given[place])
            weight = ours if place[-1] == "embedding" else ours.T.copy()
            weights[int(numbered.flat[0])].data = torch.from_numpy(weight)

    def to_jax(self, get: Get = lambda x: x) -> dict[str, Any]:
        params = super().to_jax(get)
        params["decoder"] |= {
            "query": linear(self.query, get),
            "readout": linear(self.readout, get),
        }
        for i, layer in enumerate(self.layers):
            params["decoder"][f"layers_{i}"] = recurrent(layer, get, "_l0")
        return params
