"""Cells, the lecture's model and RMSprop give PyTorch's numbers, stored in references/torch.npz."""

import dataclasses
import functools
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax.traverse_util import flatten_dict, unflatten_dict

from configs import attention, phoneme_lm, seq2seq
from g2p_jax import config
from g2p_jax.network import cells, recurrence
from g2p_jax.network import seq2seq as models
from g2p_jax.network.language_model import DecoderOnly
from g2p_jax.train import losses
from g2p_jax.train.optimizer import make_optimizer

with np.load(Path(__file__).parent / "references" / "torch.npz") as file:
    REFERENCE = unflatten_dict(dict(file), sep="/")

CONFIGS = {"lecture": attention, "seq2seq": seq2seq, "phoneme_lm": phoneme_lm}


def assert_same(ours, theirs):
    ours, theirs = flatten_dict({"": ours}, sep="/"), flatten_dict({"": theirs}, sep="/")
    assert ours.keys() == theirs.keys()
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-5, atol=1e-5, err_msg=name)


@pytest.mark.parametrize(("cell", "kind"), [("elman", "rnn"), ("lstm", "lstm"), ("gru", "gru")])
def test_layer(cell, kind):
    reference = REFERENCE[kind]
    layer = recurrence.Recurrent(cell, 4, 6, jnp.float32)
    mask = np.arange(5)[:, None] < reference["lengths"]

    def run(params, x):
        output, last = {}, {}
        for direction, weights in params.items():
            zero = (jnp.zeros((3, 6)),) * cells.CELLS[cell].states
            state, y = layer.apply({"params": weights}, x, zero, mask, direction == "backward")
            output[direction], last[direction] = y * mask[..., None], jnp.stack(state)
        return {"output": output, "last": last}

    outputs, pull_back = jax.vjp(run, reference["params"], reference["x"])
    assert_same(outputs, reference["outputs"])
    d_params, d_x = pull_back(reference["d_outputs"])
    assert_same(d_params, reference["d_params"])
    assert_same(d_x, reference["d_x"])


@pytest.mark.parametrize("name", CONFIGS)
def test_model(name):
    reference = REFERENCE[name]
    source, target = reference["source"], reference["target"]
    settings = dataclasses.replace(CONFIGS[name].get_config().model, embedding=5, hidden=6)
    if settings.encoder_layers:
        net = models.Seq2Seq(settings, 9, 8, jnp.float32)
    else:
        net = DecoderOnly(settings, 8, jnp.float32)

    @functools.partial(jax.value_and_grad, has_aux=True)
    def loss(params):
        logits = net.apply({"params": params}, source, target)
        return losses.cross_entropy(logits, target, target != 0)[0], logits

    (total, logits), gradients = jax.jit(loss)(reference["params"])
    real = target != 0
    assert_same(logits[real], reference["logits"][real])
    assert_same(total, reference["loss"])
    assert_same(gradients, reference["d_params"])


def test_rmsprop():
    start, *steps = [REFERENCE["rmsprop"][name] for name in ("start", *"01234")]
    settings = config.Train(
        optimizer="rmsprop", learning_rate=1e-3, schedule="constant", warmup_steps=0, clip=1.0
    )
    optimizer = make_optimizer(settings, 5)
    params = start["params"]
    state = optimizer.init(params)
    for step in steps:
        updates, state = optimizer.update(step["gradients"], state, params)
        params = optax.apply_updates(params, updates)
        assert_same(params, step["params"])
