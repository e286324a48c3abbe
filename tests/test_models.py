"""The network: one step equals all at once, padding changes nothing, inputs are the right ones."""

import dataclasses
import functools
import gc
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from g2p_jax import config
from g2p_jax.data.symbols import BOS, EOS, PAD
from g2p_jax.kernels import gates
from g2p_jax.kernels.parameters import round_matrices, set_up
from g2p_jax.network import dropout, language_model, monotonic
from g2p_jax.network import seq2seq as models
from g2p_jax.train import losses

LETTERS, PHONEMES = 9, 8
DROPOUT = "encoder_dropout", "decoder_dropout"
SMALL = config.Model(embedding=5, hidden=6, readout=7, **dict.fromkeys(DROPOUT, 0.0))
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
        directions="sum",
        readout=0,
        encoder_layers=1,
        decoder_layers=1,
    ),
    "one direction, no attention": dataclasses.replace(
        SMALL, cell="lstm", directions="backward", attention="none", start="copy", readout=0
    ),
    "monotonic": dataclasses.replace(SMALL, attention="monotonic", encoder_layers=1),
    "monotonic, one layer of lstm, no readout": dataclasses.replace(
        SMALL, attention="monotonic", decoder_layers=1, cell="lstm", readout=0
    ),
    "reset before": dataclasses.replace(
        SMALL, cell="gru_before", encoder_layers=1, init_normal=0.5
    ),
}


def batch(padding: int = 0) -> tuple[np.ndarray, np.ndarray]:
    source = np.array([[4, 5, 6, 7], [8, 4, PAD, PAD], [5, PAD, PAD, PAD]], np.int32)
    target = np.array([[4, 5, EOS, PAD], [6, EOS, PAD, PAD], [7, 6, 5, EOS]], np.int32)
    return tuple(np.pad(x, ((0, 0), (0, padding))) for x in (source, target))


def network(settings: config.Model) -> models.Seq2Seq:
    return models.Seq2Seq(settings, LETTERS, PHONEMES, jnp.dtype("float32"))


@functools.cache
def make(name: str) -> tuple[models.Seq2Seq, dict]:
    net = network(ARRANGEMENTS[name])
    return net, jax.jit(net.init)(jax.random.key(0), *batch())


@pytest.mark.parametrize("name", [*ARRANGEMENTS, "language model"])
def test_a_module_that_is_set_up_has_the_weights_of_one_that_was_called(name):
    if name == "language model":
        alone = dataclasses.replace(SMALL, encoder_layers=0, attention="none", start="zeros")
        net: language_model.Network = language_model.DecoderOnly(
            alone, PHONEMES, jnp.dtype("float32")
        )
        variables = jax.jit(net.init)(jax.random.key(0), *batch())
    else:
        net, variables = make(name)
    only = jax.jit(functools.partial(net.init, method=set_up))(jax.random.key(0))
    jax.tree.map(np.testing.assert_array_equal, only, variables)


@pytest.mark.parametrize("name", ARRANGEMENTS)
def test_all_steps_at_once_equal_step_by_step(name, monkeypatch):
    monkeypatch.setattr(monotonic, "LIKELY", 4)  # all letters of these words
    net, variables = make(name)
    source, target = batch()
    together = jax.jit(net.apply)(variables, source, target)
    memory, states = jax.jit(functools.partial(net.apply, method="start"))(variables, source)
    step = jax.jit(lambda *args: net.apply(variables, *args, method="step"))
    token = np.full(3, BOS, np.int32)
    states, token = jax.tree.map(lambda x: np.repeat(x, 2, axis=0), (states, token))
    for t in range(target.shape[1]):
        states, logits, weights = step(memory, states, token)  # two hypotheses for each word
        np.testing.assert_allclose(logits[::2], together[:, t], rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(logits[1::2], logits[::2])
        total = 0 if net.settings.attention == "none" else 1
        np.testing.assert_allclose(weights.sum(-1), total, rtol=1e-5)
        np.testing.assert_array_equal(np.asarray(weights)[::2][source == PAD], 0)
        token = np.repeat(target[:, t], 2)


@pytest.mark.parametrize("name", ARRANGEMENTS)
def test_padding_changes_neither_logits_nor_gradients(name):
    """Neither at the words' ends, nor rows that fill up a batch."""
    net, variables = make(name)

    def loss(variables, padding):
        source, target = (np.pad(x, ((0, padding), (0, 0))) for x in batch(padding))
        logits = net.apply(variables, source, target)
        weight = (target != PAD).astype(np.float32)
        return losses.cross_entropy(logits, target, weight)[0], logits[:3, :4]

    both = jax.jit(jax.value_and_grad(loss, has_aux=True), static_argnums=1)
    narrow, wide = both(variables, 0), both(variables, 3)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), narrow, wide)


@pytest.mark.parametrize(
    "name", ["luong dot", "bahdanau, lstm", "one direction, no attention", "monotonic"]
)
def test_without_teacher_the_decoder_is_given_its_own_choices(name, monkeypatch):
    """Logits and gradients of the two-pass way equal those of one loop that chooses as it goes."""
    monkeypatch.setattr(monotonic, "LIKELY", 4)  # all letters of these words
    _, variables = make(name)
    net = network(dataclasses.replace(ARRANGEMENTS[name], **dict.fromkeys(DROPOUT, 0.3)))
    source, target = batch()
    forced = np.array([False, True, False, False])
    key = jax.random.key(3)
    weight = np.random.default_rng(0).normal(size=(3, 4, PHONEMES)).astype(np.float32)

    def two_passes(variables):
        return net.apply(variables, source, target, key, forced)

    def one_loop(variables):
        def run(net):
            masks = dropout.draw_masks(net.settings, 4, 4, 3, key)
            encoded, steps = net.encode(source, masks), dropout.decoder_masks(masks)
            memory, states = net.decoder.project(encoded), net.decoder.start(encoded)
            token, out = jnp.full(3, BOS), []
            for t in range(4):
                if t:
                    chosen = jnp.argmax(out[-1], axis=-1)
                    token = target[:, t - 1] if forced[t] else chosen
                now = {place: mask[t : t + 1] for place, mask in steps.items()}
                states, logits, _ = net.decoder.step(memory, states, token, now)
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


def test_a_monotonic_decoder_sums_up_all_ways_through_the_word():
    """P(phonemes) and its gradient, of every way by itself: letters that never go back."""
    net, variables = make("monotonic")
    variables = jax.tree.map(
        lambda x: x + 0.3 * np.sin(np.arange(x.size)).reshape(x.shape), variables
    )
    source, target = batch()

    def by_network(variables):
        log_probs = net.apply(variables, source, target)[0]
        return sum(log_probs[t, target[0, t]] for t in range(3))

    def by_all_ways(variables):
        def run(net):
            memory, decoder = net.encode(source), net.decoder
            *states, _ = decoder.start(memory)
            h_TxBxH = decoder.embedding[models.shift_right(target)]
            for layer, state in zip(decoder.layers, states, strict=True):
                _, h_TxBxH = layer(h_TxBxH, state)
            h_TxH = h_TxBxH[:, 0]
            scores_TxS = decoder.query(h_TxH) @ memory.values_BxSxE[0].T / np.sqrt(12)
            both = lambda t, s: jnp.concatenate([h_TxH[t], memory.values_BxSxE[0, s]])
            say = lambda t, s: decoder.output(jnp.tanh(decoder.readout(both(t, s)[None])))[0]
            ways = []
            for way in itertools.combinations_with_replacement(range(4), 3):
                total, last = 0.0, 0
                for t, s in enumerate(way):
                    onward = scores_TxS[t, last:] + decoder.jump[: 4 - last]
                    total += jax.nn.log_softmax(onward)[s - last]
                    total += jax.nn.log_softmax(say(t, s))[target[0, t]]
                    last = s
                ways.append(total)
            return jax.nn.logsumexp(jnp.stack(ways))

        return net.apply(variables, method=run)

    ours, theirs = (jax.jit(jax.value_and_grad(f))(variables) for f in (by_network, by_all_ways))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), ours, theirs)


@pytest.mark.parametrize("likely", [1, 2, 3])
def test_a_step_of_a_monotonic_decoder_sums_up_the_likely_letters(likely, monkeypatch):
    """By the forward algorithm of one word, letter by letter, of which the best are kept."""
    monkeypatch.setattr(monotonic, "LIKELY", likely)
    net, variables = make("monotonic")
    memory = net.apply(variables, np.array([[4, 5, 6, 7]]), method="encode")
    ready, states = net.apply(variables, np.array([[4, 5, 6, 7]]), method="start")

    def scores_and_said(net, h):
        both = jnp.concatenate([jnp.repeat(h, 4, axis=0), memory.values_BxSxE[0]], axis=1)
        said = jax.nn.softmax(net.decoder.output(jnp.tanh(net.decoder.readout(both))))
        return net.decoder.query(h) @ memory.values_BxSxE[0].T / np.sqrt(12), said, net.decoder.jump

    kept = {0: 1.0}  # letters and their share of what has been said
    for token, then in itertools.pairwise([BOS, 6, 4, 5, EOS]):
        states, logits, weights = net.apply(
            variables, ready, states, np.array([token]), method="step"
        )
        h = states[net.settings.decoder_layers - 1][0]
        scores, said, jump = net.apply(variables, h, method=scores_and_said)
        prior = np.zeros(4)
        for last, share in kept.items():
            onward = np.exp(scores[0, last:] + jump[: 4 - last])
            prior[last:] += share / sum(kept.values()) * onward / onward.sum()
        best = np.argsort(-prior)[:likely]
        np.testing.assert_allclose(weights[0], prior, rtol=1e-4)
        np.testing.assert_allclose(np.exp(logits[0]), prior[best] @ said[best], rtol=1e-4)
        kept = {int(s): prior[s] * float(said[s, then]) for s in best}


def test_dropout_keeps_the_mean_and_the_rate():
    settings = dataclasses.replace(
        SMALL,
        hidden=400,
        encoder_dropout=0.2,
        decoder_dropout=0.25,
        embedding_dropout=0.5,
    )
    masks = dropout.draw_masks(settings, 3, 4, 50, jax.random.key(0, impl="rbg"))
    assert masks["letters"].shape == (3, 50, 5)
    assert masks["decoder_0"].shape == (4, 50, 400)
    for place, rate in (("encoder_1", 0.2), ("decoder_0", 0.25), ("summary", 0.2)):
        np.testing.assert_allclose(np.unique(masks[place]), [0, 1 / (1 - rate)], rtol=1e-6)
        np.testing.assert_allclose((masks[place] == 0).mean(), rate, atol=0.02)
    assert float((masks["decoder_0"] != masks["decoder_1"]).mean()) > 0.3
    dropped = dropout.drop(masks, "decoder_0", jnp.ones((4, 50, 400)))
    assert not bool((dropped[0] == dropped[2]).all())
    x = jnp.ones((4, 50, 400))
    assert dropout.drop({}, "decoder_0", x) is x
    assert dropout.draw_masks(SMALL, 3, 4, 50, jax.random.key(0)) == {}


@pytest.mark.parametrize("symbols", [4, 40])  # few: multiplied before they are looked up
def test_gates_of_embedded_tokens(symbols):
    random = np.random.default_rng(0)
    normal = lambda *shape: random.normal(size=shape).astype(np.float32)
    weights = normal(symbols, 5), normal(5, 6), normal(6)
    tokens, slopes = random.integers(symbols, size=(3, 2)), normal(3, 2, 6)

    def ours(table, w, b):
        x = gates.embed(table, tokens)
        assert isinstance(x, gates.Embedded) == (symbols == 4)
        return jnp.concatenate(gates.gates((w, b), x, count=2, dtype=jnp.float32), axis=-1)

    def plain(table, w, b):
        return jnp.take(table, tokens, axis=0) @ w + b[None, None]

    outputs, gradients = [], []
    for function in (ours, plain):
        output, pull_back = jax.vjp(jax.jit(function), *weights)
        outputs.append(output)
        gradients.append(pull_back(slopes))
    np.testing.assert_allclose(*outputs, rtol=1e-5, atol=1e-5)
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["luong dot", "bahdanau, lstm"])
def test_weights_as_products_read_them_give_the_same(name):
    """In bfloat16; and no weight that is read otherwise has lost digits."""
    net, variables = make(name)
    net = net.clone(dtype=jnp.dtype("bfloat16"))
    read = round_matrices(jax.device_get(variables["params"]), net.dtype)
    kinds = {leaf.dtype for leaf in jax.tree.leaves(read)}
    assert kinds == {np.dtype("float32"), net.dtype}
    apply = jax.jit(net.apply)
    np.testing.assert_array_equal(apply({"params": read}, *batch()), apply(variables, *batch()))


def test_nothing_leaks_out_of_the_loops():
    net, variables = make("the lecture's")
    source, target = batch()
    gc.collect()
    gc.freeze()  # it looks at all objects each time, but needs only the new ones
    with jax.checking_leaks():
        forced = np.zeros(4, bool)
        jax.eval_shape(net.apply, variables, source, target, jax.random.key(0), forced)
        jax.eval_shape(net.init, jax.random.key(0), source, target)
    gc.unfreeze()
