"""Ensembles: in training each member is a run of its own, in search the mean of all."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import g2p_jax
from g2p_jax import config
from g2p_jax.data.batches import Batch, Batches, Examples
from g2p_jax.data.pairs import Pair
from g2p_jax.data.symbols import BOS, EOS, PAD, UNK, Symbols
from g2p_jax.errors import ModelError
from g2p_jax.network import ensemble as ensembles
from g2p_jax.network import seq2seq as models
from g2p_jax.predict.ensemble import join
from g2p_jax.predict.g2p import G2P
from g2p_jax.train.loop import train
from g2p_jax.train.placement import Placement
from g2p_jax.train.step import init_state, make_train_step

MODEL = config.Model(
    embedding=4, hidden=6, readout=4, encoder_layers=1, decoder_layers=1,
    encoder_dropout=0.3, decoder_dropout=0.3,
)  # fmt: skip
SGD = optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(0.1))
NET = models.Seq2Seq(MODEL, 9, 8, jnp.dtype("float32"))
WORDS = ["cab", "back", "deaf", "fad", "bead", "face"]
ROOT = Path(__file__).parents[1]
PAIRS = [Pair(word, (tuple(word.upper()),)) for word in WORDS]


def random_batch(seed: int) -> Batch:
    random = np.random.default_rng(seed)
    source, target = (random.integers(4, 8, (8, 5)).astype(np.int32) for _ in range(2))
    target[:, -1] = EOS
    return Batch(source, target, np.ones(8, np.float32))


@pytest.fixture(scope="module")
def alone():
    """Four runs of two steps: the weights of each, and the sum of their last losses."""
    params, total = [], 0.0
    for member in range(4):
        placement = Placement(jax.local_devices()[:1])
        step = placement.compile(make_train_step(NET, SGD, config.Train(seed=member)))
        state = placement.put(init_state(NET, SGD, member))
        for _ in range(2):
            state, metrics = step(state, placement.shard(random_batch(member)))
        params.append(state.params)
        total += float(metrics["loss"])
    return params, total


@pytest.mark.parametrize(
    ("devices", "apart", "backend"),
    [(1, False, "cpu"), (2, False, "gpu"), (2, True, "gpu"), (4, True, "cpu"), (2, False, "cpu")],
)
def test_members_are_trained_as_alone(alone, devices, apart, backend, monkeypatch):
    """With dropout: a member's seed is the run's and its number. Devices share rows, or members.

    A GPU takes all members at once, a CPU one after the other.
    """
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    batches = [random_batch(member) for member in range(4)]
    together = jax.tree.map(lambda *rows: np.stack(rows), *batches)
    placement = Placement(jax.local_devices()[:devices], 4, share_members=apart)
    shared = placement.members, placement.share_members
    step = placement.compile(make_train_step(NET, SGD, config.Train(), *shared))
    state = placement.put(init_state(NET, SGD, 0, members=4))
    for _ in range(2):
        state, metrics = step(state, placement.shard(together))
    params = placement.get(state).params
    each, total = alone
    same = lambda all, *ws: np.testing.assert_allclose(all, np.stack(ws), rtol=1e-4, atol=1e-6)
    jax.tree.map(same, params, *each)
    np.testing.assert_allclose(metrics["loss"], total, rtol=1e-5)


def test_large_members_begin_on_two_cores():
    """In one program, LAPACK would wait for the threads that it runs on: see init_state."""
    code = """
import os
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
import jax, numpy as np
from configs import gru
from g2p_jax.network import seq2seq as models
from g2p_jax.train.optimizer import make_optimizer
from g2p_jax.train.step import init_state
config = gru.get_config()
net = models.Seq2Seq(config.model, 30, 40, np.dtype("float32"))
jax.block_until_ready(init_state(net, make_optimizer(config.train, 10), 0, members=3))
"""
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "PYTHONPATH": os.fspath(ROOT)}
    subprocess.run([sys.executable, "-c", code], env=environment, timeout=300, check=True)


def test_each_member_has_every_pair_once_in_an_order_of_its_own():
    words = ["".join(w) for w in zip("abcdefghij", "bcdefghija", strict=True)]
    pairs = [Pair(w * (1 + n % 2), (("X",),)) for n, w in enumerate(words)]
    examples = Examples.from_pairs(pairs, Symbols.from_pairs(pairs))
    batches = list(Batches(examples, (2, 4), 3, members=2).epoch(0))
    assert all(batch.source_BxS.shape[:2] == (2, 3) for batch in batches)
    orders = []
    for member in range(2):
        rows = [tuple(row) for b in batches for row in b.source_BxS[member] if row.any()]
        assert len(rows) == len(set(rows)) == 10
        orders.append(rows)
    assert orders[0] != orders[1]
    alone = list(Batches(examples, (2, 4), 3).epoch(0))
    np.testing.assert_array_equal(alone[1].source_BxS, batches[1].source_BxS[0])


@pytest.fixture(scope="module")
def three():
    """Three untrained models, far from uniform."""
    symbols = Symbols.from_pairs(PAIRS)
    net = models.Seq2Seq(MODEL, len(symbols.graphemes), len(symbols.phonemes), jnp.float32)
    token = np.ones((1, 1), np.int32)
    settings = config.Config(model=MODEL, train=config.Train(dtype="float32"))
    params = [jax.jit(net.init)(jax.random.key(n), token, token)["params"] for n in range(3)]
    return [G2P(settings, symbols, jax.tree.map(lambda w: 3 * w, p)) for p in params]


@pytest.mark.parametrize("beam", [1, 4])
def test_an_answer_has_the_mean_probability_of_each_phoneme(three, beam):
    both = join(dict(enumerate(three)))
    size = len(both.symbols.graphemes), len(both.symbols.phonemes)
    apply = jax.jit(models.Seq2Seq(MODEL, *size, jnp.float32).apply)
    for answer in both.pronounce(WORDS, beam=beam):
        for best in filter(str, answer.pronunciations):
            ids = [*both.symbols.encode_target(best.phonemes), EOS]
            letters = both.symbols.graphemes.encode(answer.word)
            source, target = np.zeros((1, 4), np.int32), np.zeros((1, 32), np.int32)
            source[0, : len(letters)], target[0, : len(ids)] = letters, ids
            mean = np.zeros((len(ids), size[1]))
            for model in three:
                params = jax.device_get(model.params)
                logits = apply({"params": params}, source, target)[0, : len(ids)]
                mean += np.asarray(jax.nn.softmax(logits)) / 3
            mean = np.maximum(mean - 0.1 / mean.shape[1], 0.01 * mean)  # label smoothing of 0.1
            mean[:, [PAD, BOS, UNK]] = 0
            mean /= mean.sum(axis=1, keepdims=True)
            expected = np.prod(mean[np.arange(len(ids)), ids])
            np.testing.assert_allclose(best.probability, expected, rtol=1e-3)


def test_members_can_be_chosen(three):
    both = join({0: join(dict(enumerate(three[:2]))), 1: three[2]})
    assert both.config.ensemble == 3
    for number, model in enumerate(three):
        alone = both.members([number])
        assert alone.config.ensemble == 1
        assert alone.pronounce(WORDS) == model.pronounce(WORDS)
    two = join({0: three[2], 1: three[0]})
    assert both.members([2, 0]).pronounce(WORDS) == two.pronounce(WORDS)
    with pytest.raises(ModelError, match="members 3: this model has members 0 to 2"):
        both.members([3])
    with pytest.raises(ModelError, match="members 1: this model has only one member, 0"):
        three[0].members([1])
    seen = both.attention("back", ("B", "A"))
    expected = np.mean([m.attention("back", ("B", "A")).weights for m in three], axis=0)
    np.testing.assert_allclose(seen.weights, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("members", [2, 8])  # eight on as many devices
def test_an_ensemble_is_trained_saved_and_asked(members, tmp_path):
    lexicon, dev = tmp_path / "lexicon.tsv", tmp_path / "dev.tsv"
    words = ["".join(letters) for letters in itertools.permutations("abcdef", 3)]
    for path, some in ((lexicon, words), (dev, words[::20])):
        path.write_text("".join(f"{word}\t{' '.join(word.upper())}\n" for word in some))
    settings = config.Config(
        ensemble=members,
        data=config.Data(train=str(lexicon), dev=str(dev), test_share=0.0),
        model=config.Model(
            embedding=16, hidden=32, readout=16, encoder_layers=1,
            encoder_dropout=0.0, decoder_dropout=0.0,
        ),
        train=config.Train(
            epochs=6, batch_size=8, buckets=1, learning_rate=1e-2, warmup_steps=1,
            schedule="constant", log_every=1000, watch=("cab",), dtype="float32",
        ),
    )  # fmt: skip
    assert Placement.of(settings).share_members == (members == 8)
    assert train(settings, tmp_path / "run").best == 0
    g2p = g2p_jax.load(tmp_path / "run")
    assert [g2p(word) for word in words[::20]] == [" ".join(w.upper()) for w in words[::20]]
    weights = jax.tree.leaves(g2p.params)
    assert all(w.shape[0] == members for w in weights)
    assert any(float(jnp.abs(w[0] - w[1]).max()) > 0.1 for w in weights)
    assert len(g2p.members([1]).pronounce(WORDS)) == len(WORDS)


def test_a_reading_takes_label_smoothing_back():
    """What cross entropy with smoothed labels teaches is (1 - s) p + s / V."""
    p_MxV = np.array([[0.7, 0.2, 0.0997, 0.0003], [0.1, 0.6, 0.2997, 0.0003]])
    taught = np.log(0.9 * p_MxV + 0.1 / 4).astype(np.float32)
    for members, logits, p_V in ((1, taught[0], p_MxV[0]), (2, taught, p_MxV.mean(axis=0))):
        read = ensembles.OutputTransform(members, smoothing=0.1)
        np.testing.assert_allclose(jax.nn.softmax(read(logits)), p_V, atol=1e-4)
        warm = p_V**0.5 / (p_V**0.5).sum()
        np.testing.assert_allclose(
            jax.nn.softmax(read._replace(temperature=2.0)(logits)), warm, atol=2e-3
        )
    never = np.log(np.float32([0.97, 0.02, 0.009, 0.001]))  # less than 0.1 / 4, but still in order
    assert np.all(np.diff(ensembles.OutputTransform(1, 0.1)(never)) < 0)
    np.testing.assert_allclose(ensembles.OutputTransform()(never), never)
