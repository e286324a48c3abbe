"""What is said before the first step, with counts by hand."""

import jax

from g2p_jax import config
from g2p_jax.predict.model_file import network
from g2p_jax.train.inputs import load_inputs
from g2p_jax.train.optimizer import make_optimizer
from g2p_jax.train.report import first_lines
from g2p_jax.train.step import init_state
from tests.test_house import CONFIGS, load


def lines(chosen: config.Config) -> list[str]:
    inputs = load_inputs(chosen)
    net, optimizer = network(chosen, inputs.symbols), make_optimizer(chosen.train, 10)
    start = jax.eval_shape(lambda: init_state(net, optimizer, 0, chosen.ensemble))
    return list(first_lines(chosen, inputs, start, jax.local_devices()[:2]))


def test_data_weights_steps_devices_and_a_better_config_are_named(tmp_path):
    words = ["".join(w) for w in zip("abcdefgh" * 3, "bcdefghabcde" * 2, strict=True)]
    train, dev = tmp_path / "train.txt", tmp_path / "dev.txt"
    for path, chosen in ((train, words[:10]), (dev, words[10:12])):
        path.write_text("".join(f"{w} {'_'.join(w.upper())}\n" for w in dict.fromkeys(chosen)))
    few = config.Config(data=config.Data(train=str(train), dev=str(dev), test_share=0.0))
    few.model.hidden = few.model.embedding = 4
    few.train.batch_size, few.train.epochs = 8, 3
    counted, weights, devices, better = lines(few)
    assert counted == "words: 8 train, 2 dev; 8 input and 8 output symbols"
    assert weights.endswith(" parameters; 3 epochs of 1 step")
    assert devices.startswith("devices: 2 (CPU); compiled programs are cached in ")
    assert better == "for 8 words --config=configs/sigmorphon.py makes fewer errors"
    few.ensemble = 2
    assert lines(few)[1].startswith("2 networks of ") and len(lines(few)) == 3


def test_a_language_model_has_the_parameters_of_the_lecture():
    (path,) = [path for path in CONFIGS if path.stem == "phoneme_lm"]
    chosen = load(path).get_config()
    chosen.data.limit = 20_000  # which still has all 39 phonemes
    assert lines(chosen)[1].startswith("938,155 parameters; 10 epochs of ")


def test_the_recommended_config_reads_any_lexicon():
    (path,) = [path for path in CONFIGS if path.stem == "sigmorphon"]
    any_lexicon, french = load(path).get_config(), load(path).get_config("fre")
    assert (any_lexicon.data.format, any_lexicon.data.dev) == ("auto", "")
    assert french.data.dev == "sigmorphon_2020/fre_dev.tsv" and french.name == "sigmorphon-fre"
    assert french.model == any_lexicon.model and french.train == any_lexicon.train
