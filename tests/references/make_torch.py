"""Writes torch.npz: what PyTorch computes, for tests that run without it.

    pip install torch
    python -m tests.references.make_torch

Each entry is named by a path. Weights and their gradients have the layout of our parameters (see
`benchmarks.torch_models`), sequences are time first in `rnn`, `lstm` and `gru`.
"""

import copy
import dataclasses
from pathlib import Path

import numpy as np
import torch
from flax.traverse_util import flatten_dict
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from benchmarks import torch_models
from configs import attention, phoneme_lm, seq2seq
from g2p_jax import config

PATH = Path(__file__).with_name("torch.npz")
LECTURE, SEQ2SEQ, PHONEME_LM = (
    dataclasses.replace(
        module.get_config().model,
        embedding=5,
        hidden=6,
        encoder_dropout=0.0,
        decoder_dropout=0.0,
        embedding_dropout=0.0,
    )
    for module in (attention, seq2seq, phoneme_lm)
)


def gradient(x: torch.Tensor) -> torch.Tensor | None:
    return x.grad


def layer(kind: type[nn.Module]) -> dict:
    """One layer in both directions over words of different lengths.

    `last` holds the arrays of the last state, [h] or [h, c]. What is differentiated is the sum of
    y * d_y over all outputs y of both directions.
    """
    module = kind(4, 6, bidirectional=True)
    x = torch.randn(5, 3, 4, requires_grad=True)
    lengths = torch.tensor([5, 2, 4])
    packed, last = module(pack_padded_sequence(x, lengths, enforce_sorted=False))
    output, _ = pad_packed_sequence(packed)
    last = torch.stack(last if kind is nn.LSTM else [last], 1)  # [direction, 1 or 2, B, H]
    outputs = {
        "output": {"forward": output[..., :6], "backward": output[..., 6:]},
        "last": {"forward": last[0], "backward": last[1]},
    }
    d_outputs = {
        name: {direction: torch.randn_like(y) for direction, y in ys.items()}
        for name, ys in outputs.items()
    }
    pairs = zip(flatten_dict(outputs).values(), flatten_dict(d_outputs).values(), strict=True)
    sum((y * d_y).sum() for y, d_y in pairs).backward()

    def weights(get):
        suffixes = {"forward": "_l0", "backward": "_l0_reverse"}
        return {d: torch_models.recurrent(module, get, s) for d, s in suffixes.items()}

    return {
        "x": x,
        "lengths": lengths,
        "params": weights(lambda p: p),
        "outputs": outputs,
        "d_outputs": d_outputs,
        "d_params": weights(gradient),
        "d_x": x.grad,
    }


def network(kind: type[torch_models.Net], settings: config.Model) -> dict:
    """A whole model; gradients of the summed cross entropy."""
    model = kind(settings, graphemes=9, phonemes=8)
    source = torch.tensor([[4, 8, 5, 6, 7], [6, 6, 0, 0, 0], [7, 4, 5, 0, 0]])
    target = torch.tensor([[5, 4, 2, 0, 0], [7, 2, 0, 0, 0], [6, 4, 5, 7, 2]])
    lengths = (source != 0).sum(1)
    loss = model.loss(source, lengths, target, reduction="sum")
    loss.backward()
    gradients = model.to_jax(gradient)
    if kind is torch_models.Attention:
        # Our query and key have a bias each, which are added: so their gradients are the same.
        gradients["decoder"]["query"]["b"] = gradients["decoder"]["key"]["b"]
    return {
        "params": model.to_jax(),
        "d_params": gradients,
        "source": source,
        "target": target,
        "logits": model.logits(source, lengths, target),
        "loss": loss,
    }


def rmsprop() -> dict:
    """Five steps, some with clipped gradients; the parameters are those after the step."""
    params = {"a": torch.randn(3, 4), "b": torch.randn(5)}
    optimizer = torch.optim.RMSprop(params.values(), lr=1e-3, alpha=0.99, eps=1e-8)
    steps = {"start": {"params": copy.deepcopy(params)}}
    for step, scale in enumerate([1e-3, 3.0, 0.1, 1.0, 10.0]):
        gradients = {name: scale * torch.randn_like(p) for name, p in params.items()}
        for name, p in params.items():
            p.grad = gradients[name].clone()
        nn.utils.clip_grad_norm_(params.values(), 1.0)
        optimizer.step()
        steps[str(step)] = {"gradients": gradients, "params": copy.deepcopy(params)}
    return steps


def main() -> None:
    torch.manual_seed(0)
    tree = {"rnn": layer(nn.RNN), "lstm": layer(nn.LSTM), "gru": layer(nn.GRU)}
    tree |= {"lecture": network(torch_models.Attention, LECTURE), "rmsprop": rmsprop()}
    tree |= {"seq2seq": network(torch_models.EncoderDecoder, SEQ2SEQ)}
    tree |= {"phoneme_lm": network(torch_models.LanguageModel, PHONEME_LM)}
    arrays = {}
    for name, x in flatten_dict(tree, sep="/").items():
        x = x.detach().numpy() if torch.is_tensor(x) else x
        arrays[name] = x.astype(np.float32 if x.dtype.kind == "f" else np.int32)
    np.savez_compressed(PATH, **arrays)


if __name__ == "__main__":
    main()
