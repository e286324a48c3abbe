"""Fine-tuning: old weights stay in their places, new symbols get new ones, nothing is forgotten."""

import dataclasses

import jax
import numpy as np
import pytest

import g2p_jax
from g2p_jax import config
from g2p_jax.errors import ConfigError, ModelError
from g2p_jax.predict import model_file
from g2p_jax.train import fine_tuning
from g2p_jax.train.inputs import load_inputs
from g2p_jax.train.loop import train
from g2p_jax.train.optimizer import make_optimizer
from g2p_jax.train.step import init_state
from tests.test_house import CONFIGS, load
from tests.tiny_model import TINY, WORDS

KEPT = dict(list(WORDS.items())[::2])  # learnt again with the new ones
NEW = {"GAB": "G AE B", "gaffé": "G AE F EY", "bag": "B AE G"}  # G, g and é are new


@pytest.fixture
def chosen(trained, tmp_path) -> config.Config:
    """Fine-tuning of the model that has learnt eight words by heart, on three new ones."""
    lexicon = tmp_path / "new.tsv"
    lexicon.write_text("".join(f"{word}\t{sounds}\n" for word, sounds in (NEW | KEPT).items()))
    data = config.Data(train=str(lexicon), dev=str(lexicon), test_share=0.0)
    settings = dataclasses.replace(TINY.train, init=str(trained), epochs=60, learning_rate=3e-3)
    return dataclasses.replace(TINY, data=data, train=settings)


def test_old_rows_stay_and_new_symbols_have_rows_of_their_own(chosen, trained):
    inputs, old = load_inputs(chosen), model_file.read(trained)
    symbols = inputs.symbols
    assert symbols.graphemes.tokens == (*old.symbols.graphemes.tokens, "g", "é")
    assert symbols.phonemes.tokens == (*old.symbols.phonemes.tokens, "G")
    net = model_file.network(chosen, symbols)
    optimizer = make_optimizer(dataclasses.replace(chosen.train, average=0.9), 10)
    random = init_state(net, optimizer, 0)
    start = fine_tuning.begin_with(old, random, optimizer, 1)
    assert jax.tree.map(np.shape, start.params) == jax.tree.map(np.shape, random.params)
    for new, before in zip(*map(jax.tree.leaves, (start.params, old.params)), strict=True):
        np.testing.assert_array_equal(new[tuple(map(slice, before.shape))], before)
    for side, count in (("encoder", 2), ("decoder", 1)):
        rows, drawn = (x.params[side]["embedding"][-count:] for x in (start, random))
        np.testing.assert_array_equal(rows, drawn)
        assert np.abs(rows).min() > 0
    average = start.opt_state[-1].params
    jax.tree.map(np.testing.assert_array_equal, average, start.params)


def test_new_words_are_learnt_and_old_ones_kept(chosen, tmp_path):
    before = g2p_jax.load(chosen.train.init)
    assert all(before(word) == sounds for word, sounds in WORDS.items())
    train(chosen, tmp_path / "run")
    after = g2p_jax.load(tmp_path / "run")
    assert {word: after(word) for word in NEW} == NEW
    others = {word: sounds for word, sounds in WORDS.items() if word not in KEPT}
    assert sum(after(word) == sounds for word, sounds in others.items()) >= 3
    fresh = dataclasses.replace(TINY, data=chosen.data)
    assert train(fresh, tmp_path / "fresh").best == 0  # of others it has seen none
    fresh = g2p_jax.load(tmp_path / "fresh")
    assert sum(fresh(word) == sounds for word, sounds in others.items()) < 2


def test_an_ensemble_begins_with_its_members(chosen, trained):
    old = model_file.read(trained)
    both = old._replace(params=jax.tree.map(lambda w: np.stack([w, w + 1]), old.params))
    net = model_file.network(chosen, load_inputs(chosen).symbols)
    optimizer = make_optimizer(chosen.train, 10)
    start = fine_tuning.begin_with(both, init_state(net, optimizer, 0, 2), optimizer, 2)
    rows = start.params["decoder"]["embedding"][:, : len(old.symbols.phonemes)]
    np.testing.assert_allclose(rows[1] - rows[0], 1, rtol=1e-5)


def test_other_settings_are_named_in_one_line(chosen):
    chosen.model = dataclasses.replace(chosen.model, hidden=8, cell="lstm", decoder_dropout=0.5)
    with pytest.raises(ConfigError, match="--config.model.cell=gru --config.model.hidden=32, or"):
        load_inputs(chosen)
    chosen.train.init = "englisch"
    with pytest.raises(ModelError, match="englisch: no trained model here"):
        load_inputs(chosen)


@pytest.mark.parametrize("model", ["english", "english-small"])
def test_the_config_of_fine_tuning_fits_the_model(model, tmp_path):
    (path,) = [path for path in CONFIGS if path.stem == "finetune"]
    chosen, lexicon = load(path).get_config(model), tmp_path / "lexicon.txt"
    assert chosen.train.init == model
    lexicon.write_text("GRÜN  G R IY1 N\nGRIN  G R IH1 N\n")
    chosen.data.train = chosen.data.dev = str(lexicon)
    inputs = load_inputs(chosen)
    assert inputs.symbols.graphemes.tokens[-1] == "Ü"
    assert inputs.symbols.phonemes == model_file.read(model).symbols.phonemes
