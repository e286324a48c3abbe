"""The network: one step equals all at once, padding changes nothing, inputs are the right ones."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from g2p_jax import config, layers, losses, models
from g2p_jax.data.symbols import BOS, EOS, PAD

LETTERS, PHONEMES = 9, 8
SMALL = config.Model(embedding=5, hidden=6, readout=7, dropout=0.0)
ARRANGEMENTS = {
    "luong dot": SMALL,
    "luong, one layer of lstm": dataclasses.replace(
        SMALL, attention="additive", decoder_layers=1, encoder_layers=1, cell="lstm"
    ),
    "bahdanau, lstm": dataclasses.replace(SMALL, input_feeding=True, encoder_layers=1, cell="lstm"),
    "the lecture's": dataclasses.replace(
        SMALL,
        input_feeding=True,
        attention="additive_relu",
        sum_directions=True,
        readout=0,
        encoder_layers=1,
        decoder_layers=1,
    ),
    "reset before": dataclasses.replace(
        SMALL, cell="gru_before", encoder_layers=1, init_normal=0.5
    ),
}


def batch(padding: int = 0) -> tuple[np.ndarray, np.ndarray]:
    source = np.array([[4, 5, 6, 7], [8, 4, PAD, PAD], [5, PAD, PAD, PAD]], np.int32)
    target = np.array([[4, 5, EOS, PAD], [6, EOS, PAD, PAD], [7, 6, 5, EOS]], np.int32)
    return tuple(np.pad(x, ((0, 0), (0, padding))) for x in (source, target))


def make(settings: config.Model) -> tuple[models.Seq2Seq, dict]:
    net = models.Seq2Seq(settings, LETTERS, PHONEMES, jnp.dtype("float32"))
    return net, jax.jit(net.init)(jax.random.key(0), *batch())


@pytest.mark.parametrize("name", ARRANGEMENTS)
def test_all_steps_at_once_equal_step_by_step(name):
    net, variables = make(ARRANGEMENTS[name])
    source, target = batch()
    together = jax.jit(net.apply)(variables, source, target)
    memory = jax.jit(functools.partial(net.apply, method="encode"))(variables, source)
    states = jax.jit(functools.partial(net.apply, method="start"))(variables, memory)
    step = jax.jit(lambda *args: net.apply(variables, *args, method="step"))
    token = np.full(3, BOS, np.int32)
    for t in range(target.shape[1]):
        states, logits, weights = step(memory, states, token)
        np.testing.assert_allclose(logits, together[:, t], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-5)
        np.testing.assert_array_equal(np.asarray(weights)[source == PAD], 0)
        token = target[:, t]


@pytest.mark.parametrize("name", ARRANGEMENTS)
def test_padding_changes_neither_logits_nor_gradients(name):
    net, variables = make(ARRANGEMENTS[name])

    def loss(variables, padding):
        source, target = batch(padding)
        logits = net.apply(variables, source, target)
        weight = (target != PAD).astype(np.float32)
        return losses.cross_entropy(logits, target, weight)[0], logits[:, :4]

    both = jax.jit(jax.value_and_grad(loss, has_aux=True), static_argnums=1)
    narrow, wide = both(variables, 0), both(variables, 3)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), narrow, wide)


@pytest.mark.parametrize("name", ["luong dot", "bahdanau, lstm"])
def test_without_teacher_the_decoder_is_given_its_own_choices(name):
    """Logits and gradients of the two-pass way equal those of one loop that chooses as it goes."""
    net, variables = make(dataclasses.replace(ARRANGEMENTS[name], dropout=0.3))
    source, target = batch()
    forced = np.array([False, True, False, False])
    key = jax.random.key(3)
    weight = np.random.default_rng(0).normal(size=(3, 4, PHONEMES)).astype(np.float32)

    def two_passes(variables):
        return net.apply(variables, source, target, key, forced)

    def one_loop(variables):
        def run(net):
            masks = layers.draw_masks(net.settings, 3, key)
            memory = net.encode(source, masks)
            states, token, out = net.start(memory), jnp.full(3, BOS), []
            for t in range(4):
                if t:
                    chosen = jnp.argmax(out[-1], axis=-1)
                    token = target[:, t - 1] if forced[t] else chosen
                states, logits, _ = net.decoder.step(memory, states, token, masks)
                out.append(logits)
            return jnp.stack(out, axis=1)

        return net.apply(variables, method=run)

    def loss(logits_of, variables):
        logits = logits_of(variables)
        return jnp.sum(logits * weight), logits

    ours, theirs = (
        jax.jit(jax.value_and_grad(functools.partial(loss, logits_of), has_aux=True))(variables)
        for logits_of in (two_passes, one_loop)
    )
    with_teacher = jax.jit(net.apply)(variables, source, target, key)
    assert float(jnp.abs(theirs[0][1] - with_teacher).max()) > 1e-3  # or this would show nothing
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5), ours, theirs)


def test_dropout_keeps_the_mean_and_one_mask_serves_all_steps():
    settings = dataclasses.replace(SMALL, hidden=400, dropout=0.25, embedding_dropout=0.5)
    masks = layers.draw_masks(settings, 50, jax.random.key(0))
    np.testing.assert_allclose(np.unique(masks["decoder_0"]), [0, 1 / 0.75], rtol=1e-6)
    np.testing.assert_allclose(masks["encoder_1"].mean(), 1, atol=0.02)
    assert masks["letters"].shape == (50, 5)
    x = jnp.ones((3, 50, 400))
    dropped = layers.drop(masks, "decoder_0", x)
    np.testing.assert_array_equal(dropped[0], dropped[2])
    assert layers.drop({}, "decoder_0", x) is x
    assert layers.draw_masks(SMALL, 50, jax.random.key(0)) == {}


def test_nothing_leaks_out_of_the_loops():
    net, variables = make(ARRANGEMENTS["the lecture's"])
    source, target = batch()
    with jax.checking_leaks():
        forced = np.zeros(4, bool)
        jax.jit(net.apply)(variables, source, target, jax.random.key(0), forced)
        jax.jit(net.init)(jax.random.key(0), source, target)
