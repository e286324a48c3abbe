"""Model files: what is written is read again; a bad file is one clear line."""

import json

import jax
import numpy as np
import pytest
import safetensors
import safetensors.numpy

import g2p_jax
from g2p_jax.data.pairs import Pair
from g2p_jax.errors import ModelError
from g2p_jax.predict import header, model_file
from g2p_jax.predict.ensemble import with_joint
from tests.tiny_model import WORDS


def test_saved_and_loaded_models_answer_the_same(g2p, tmp_path):
    file = tmp_path / "copy.safetensors"
    g2p.save(file)
    again = g2p_jax.load(file)
    assert again.config == g2p.config and again.symbols == g2p.symbols
    jax.tree.map(np.testing.assert_array_equal, again.params, g2p.params)
    g2p.save(file, "float16")
    assert {word: g2p_jax.load(file)(word) for word in WORDS} == WORDS
    assert [path.name for path in tmp_path.iterdir()] == ["copy.safetensors"]


@pytest.mark.parametrize(
    "damage", ["truncated", "text", "no metadata", "other shape", "no number", "missing"]
)
def test_a_bad_model_is_one_clear_line(trained, tmp_path, damage):
    file = tmp_path / "model.safetensors"
    content = (trained / "model.safetensors").read_bytes()
    g2p = g2p_jax.load(trained)
    if damage == "truncated":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "text":
        file.write_text("hello")
    elif damage == "no metadata":
        safetensors.numpy.save_file({"w": np.zeros(3)}, file)
    elif damage == "other shape":
        g2p.params["decoder"]["embedding"] = np.zeros((3, 3))
        g2p.save(file)
    elif damage == "no number":
        g2p.params["decoder"]["embedding"] *= np.nan
        g2p.save(file)
    with pytest.raises(ModelError) as caught:
        g2p_jax.load(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_model_that_cannot_be_read_is_not_called_damaged(tmp_path):
    (tmp_path / "model.safetensors").mkdir()
    with pytest.raises(ModelError, match="model.safetensors: Is a directory: the model cannot be"):
        g2p_jax.load(tmp_path)
    with pytest.raises(TypeError, match=r"path must be of type str \| Path, found int: 3"):
        g2p_jax.load(3)


def parts(folder) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """Header, without the checksum, and weights of a model file."""
    with safetensors.safe_open(folder / "model.safetensors", framework="numpy") as file:
        about = {name: text for name, text in file.metadata().items() if name != "sha256"}
        return about, {name: file.get_tensor(name) for name in file.keys()}


def test_a_model_is_always_the_same_bytes(g2p, tmp_path):
    files = [tmp_path / f"{n}.safetensors" for n in range(5)]
    for file in files:
        g2p.save(file)
    assert len({file.read_bytes() for file in files}) == 1


def test_a_flipped_bit_is_one_clear_line(trained, tmp_path):
    content, random = (trained / "model.safetensors").read_bytes(), np.random.default_rng(0)
    file = tmp_path / "model.safetensors"
    end = 8 + int.from_bytes(content[:8], "little")
    places = *range(0, end, 37), *random.integers(end, len(content), 40)
    for place in places:
        damaged = bytearray(content)
        damaged[place] ^= 1 << random.integers(8)
        file.write_bytes(damaged)
        if content[place:end].strip():  # else it is padding of the header
            with pytest.raises(ModelError, match="damaged") as caught:
                model_file.read(file)
            assert "\n" not in str(caught.value)


def test_a_model_without_a_checksum_is_read(trained, tmp_path):
    about, weights = parts(trained)
    safetensors.numpy.save_file(weights, tmp_path / "model.safetensors", about)
    ours, theirs = (model_file.read(path).params for path in (trained, tmp_path))
    jax.tree.map(np.testing.assert_array_equal, ours, theirs)


@pytest.mark.parametrize(
    "section, setting, value",
    [
        ("model", "hidden", "256"),
        ("model", "hidden", 10**30),
        ("model", "decoder_layers", 10**9),
        ("model", "cell", ["gru"]),
        ("data", "longest", 10**12),
        ("train", "watch", 5),
        ("", "model", 5),
        ("", "beam", 10**9),
        ("", "ensemble", 10**9),
        ("", "temperature", float("nan")),
        ("model", "unheard_of", 1),
    ],
)
def test_a_hostile_config_is_one_clear_line(trained, tmp_path, section, setting, value):
    about, weights = parts(trained)
    settings = json.loads(about["config"])
    (settings[section] if section else settings)[setting] = value
    about["config"] = json.dumps(settings)
    safetensors.numpy.save_file(weights, tmp_path / "model.safetensors", about)
    with pytest.raises(ModelError) as caught:
        g2p_jax.load(tmp_path)
    assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)


def test_symbols_that_the_weights_do_not_have_ask_for_no_memory(trained, tmp_path):
    about, weights = parts(trained)
    symbols = json.loads(about["symbols"])
    for name in ("graphemes", "phonemes"):
        more = symbols | {name: [*symbols[name], *map(str, range(100_000))]}
        about["symbols"] = json.dumps(more)
        safetensors.numpy.save_file(weights, tmp_path / "model.safetensors", about)
        with pytest.raises(ModelError, match=r"its config asks for \w+/embedding of shape \(1000"):
            g2p_jax.load(tmp_path)


@pytest.mark.parametrize("part, text", [("config", "[" * 100_000), ("symbols", "[[1]]")])
def test_a_hostile_header_is_one_clear_line(trained, tmp_path, part, text):
    about, weights = parts(trained)
    safetensors.numpy.save_file(weights, tmp_path / "model.safetensors", about | {part: text})
    with pytest.raises(ModelError, match="not a g2p_jax model, or damaged"):
        g2p_jax.load(tmp_path)


def test_a_model_of_an_older_version_is_one_clear_line(trained, tmp_path):
    about, weights = parts(trained)
    about["format"] = "g2p_jax 1"
    safetensors.numpy.save_file(weights, tmp_path / "model.safetensors", about)
    with pytest.raises(ModelError, match="was written by an older version: train it again"):
        g2p_jax.load(tmp_path)


def test_the_models_that_come_with_us(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for folder in header.PRETRAINED.iterdir():
        if folder.name.startswith("english"):
            assert g2p_jax.load(folder.name, lexicon="none")("rebuilt") == "R IY B IH L T"
        text = (folder / "README.md").read_text()
        assert "WER" in text and "licence" in text.lower()
        assert (folder / "model.safetensors").stat().st_size < 16e6
    english = g2p_jax.load(lexicon="none")
    assert [english(word) for word in ("through", "phone", "rebuilt")] == [
        "TH R UW", "F OW N", "R IY B IH L T",
    ]  # fmt: skip
    assert english.config == g2p_jax.load("english").config
    (tmp_path / "english").mkdir()  # the user's own folder goes first
    with pytest.raises(ModelError, match="english: no trained model here"):
        g2p_jax.load("english")
    with pytest.raises(ModelError, match="g2p_jax comes with english"):
        g2p_jax.load("nowhere")


def test_a_joint_model_is_saved_with_the_network(g2p, tmp_path):
    pairs = [Pair(word, (tuple(sounds.split()),)) for word, sounds in WORDS.items()]
    both, words = with_joint(g2p, pairs, 3), ["cab", "dace", "fee"]
    both.save(tmp_path / "model.safetensors", "float16")
    again = g2p_jax.load(tmp_path).pronounce(words)
    for answer, other in zip(both.pronounce(words), again, strict=True):
        assert answer.pronunciations[0].phonemes == other.pronunciations[0].phonemes
    about, arrays = parts(tmp_path)
    arrays["joint/codes"] = arrays["joint/codes"][1:]
    safetensors.numpy.save_file(arrays, tmp_path / "model.safetensors", about)
    with pytest.raises(ModelError, match="damaged .its joint n-gram model does not fit together"):
        g2p_jax.load(tmp_path)
