"""A student learns the probabilities of its teacher, token by token."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import g2p_jax
from g2p_jax import config
from g2p_jax.data.batches import Batches, Examples
from g2p_jax.data.pairs import Pair
from g2p_jax.data.symbols import Symbols
from g2p_jax.errors import ConfigError
from g2p_jax.network import seq2seq as models
from g2p_jax.predict.g2p import G2P
from g2p_jax.predict.model_file import network
from g2p_jax.train import losses
from g2p_jax.train import step as training
from g2p_jax.train.distillation import teacher_probabilities
from g2p_jax.train.inputs import load_inputs
from g2p_jax.train.optimizer import make_optimizer
from g2p_jax.train.placement import Placement
from g2p_jax.train.step import init_state, make_train_step

PAIRS = [Pair(w, (tuple(w.upper()),)) for w in ("cab", "back", "deaf", "fad", "bead", "faces")]
MODEL = config.Model(
    embedding=16, hidden=24, readout=16, encoder_layers=1, decoder_layers=1,
    encoder_dropout=0.0, decoder_dropout=0.0,
)  # fmt: skip


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """An ensemble of two that has learnt nothing, but is sure of it."""
    symbols = Symbols.from_pairs(PAIRS)
    net = models.Seq2Seq(MODEL, len(symbols.graphemes), len(symbols.phonemes), jnp.float32)
    token = np.ones((1, 1), np.int32)
    params = [jax.jit(net.init)(jax.random.key(n), token, token)["params"] for n in range(2)]
    params = jax.tree.map(lambda *w: 3 * jnp.stack(w), *params)
    settings = config.Config(
        ensemble=2, model=MODEL, train=config.Train(dtype="float32", label_smoothing=0.0)
    )
    path = tmp_path_factory.mktemp("teacher") / "model.safetensors"
    G2P(settings, symbols, params).save(path)
    return path


def test_each_batch_has_the_teachers_probabilities_of_its_phonemes(teacher):
    model = g2p_jax.load(teacher)
    examples = Examples.from_pairs(PAIRS, model.symbols)
    table = teacher_probabilities(str(teacher), examples, model.symbols)
    seen = {p.word: model.inspect([(p.word, p.pronunciations[0])])[0] for p in PAIRS}
    words = 0
    for batch in Batches(examples, (4, 6), 4, teacher=table).epoch(0):
        assert batch.teacher_BxTxV.dtype == np.float16
        for source, target, weight, p_TxV in zip(*batch, strict=True):
            if weight:
                word = "".join(model.symbols.graphemes.decode(source[source > 0]))
                expected = np.exp(seen[word].log_probs)
                np.testing.assert_allclose(p_TxV[target > 0], expected, atol=1e-3)
                words += 1
    assert words == len(PAIRS)


def test_soft_cross_entropy_with_certain_probabilities_is_cross_entropy():
    random = np.random.default_rng(0)
    logits, target = jnp.float32(random.normal(size=(2, 3, 5))), random.integers(0, 5, (2, 3))
    weight = np.float32([[1, 1, 0], [1, 0.5, 1]])
    certain = np.eye(5, dtype=np.float16)[target]
    expected, _ = losses.cross_entropy(logits, target, weight)
    np.testing.assert_allclose(
        losses.soft_cross_entropy(logits, certain, weight), expected, rtol=1e-6
    )
    mixed = (certain + np.eye(5)[(target + 1) % 5]) / 2
    other, _ = losses.cross_entropy(logits, (target + 1) % 5, weight)
    np.testing.assert_allclose(
        losses.soft_cross_entropy(logits, mixed, weight), (expected + other) / 2, rtol=1e-6
    )


def test_a_student_learns_the_probabilities_of_its_teacher(teacher, tmp_path, monkeypatch):
    """Where no part of the loss is the labels'."""
    lexicon, dev = tmp_path / "lexicon.tsv", tmp_path / "dev.tsv"
    words = ["".join(letters) for letters in itertools.permutations("abcdef", 3)]
    words += [pair.word for pair in PAIRS]
    lexicon.write_text("".join(f"{word}\t{' '.join(word.upper())}\n" for word in words))
    dev.write_text("cab\tC A B\n")
    settings = config.Config(
        data=config.Data(train=str(lexicon), dev=str(dev), test_share=0.0),
        model=MODEL,
        train=config.Train(
            batch_size=16, buckets=1, learning_rate=2e-2, warmup_steps=1, label_smoothing=0.0,
            dtype="float32", teacher=str(teacher),
        ),
    )  # fmt: skip
    monkeypatch.setattr(training, "TEACHER_WEIGHT", 1.0)
    inputs, placement = load_inputs(settings), Placement.of(settings)
    optimizer = make_optimizer(settings.train, 40 * inputs.train.steps_per_epoch)
    net = network(settings, inputs.symbols)
    step = placement.compile(make_train_step(net, optimizer, settings.train))
    state = placement.put(init_state(net, optimizer, settings.train.seed))
    for epoch in range(40):
        for batch in inputs.train.epoch(epoch):
            # Steps must not pile up, of many devices on few cores.
            state, metrics = jax.block_until_ready(step(state, placement.shard(batch)))
            assert np.isfinite(metrics["loss"])
    model, asked = g2p_jax.load(teacher), [(word, tuple(word.upper())) for word in words[:30]]
    student = G2P(settings, inputs.symbols, state.params)
    mine, taught = (
        np.concatenate([np.exp(one.log_probs) for one in g2p.inspect(asked)])
        for g2p in (student, model)
    )
    assert np.abs(mine - taught).mean() < 0.02
    labels = np.concatenate([one.ids for one in student.inspect(asked)])
    assert np.abs(mine - np.eye(mine.shape[1])[labels]).mean() > 0.1


def test_a_teacher_of_other_letters_is_refused(teacher):
    pairs = [*PAIRS, Pair("zoo", (("Z", "U"),))]
    symbols = Symbols.from_pairs(pairs)
    with pytest.raises(ConfigError, match="knows other letters or phonemes"):
        teacher_probabilities(str(teacher), Examples.from_pairs(pairs, symbols), symbols)
