"""The runtime of NumPy alone: an independent reference of what the library answers."""

import dataclasses
import functools
import json
import re
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import g2p_jax
from g2p_jax import config, runtime
from g2p_jax.data.pairs import Pair
from g2p_jax.data.symbols import Symbols
from g2p_jax.joint import storage
from g2p_jax.kernels.parameters import set_up
from g2p_jax.predict import g2p as g2p_lib
from g2p_jax.predict import model_file, on_demand
from tests.references import golden

LEXICON = {
    "cab": "K AE1 B", "back": "B AE1 K", "deaf": "D EH1 F", "fad": "F AE1 D", "bead": "B IY0 D",
    "face": "F EY1 S", "cafe": "K AH0 F EY1", "ace": "EY1 S", "abaca": "AE0 B AH0 K AH0",
}  # fmt: skip
PAIRS = [Pair(word, (tuple(sounds.split()),)) for word, sounds in LEXICON.items()]
WORDS = [
    *LEXICON,
    "Café-Bad",
    "a",
    "",
    "?",
    "facade" * 9,
    "dead beef",
    "ba\N{COMBINING ACUTE ACCENT}d",
]
SMALL = config.Model(embedding=5, hidden=6, readout=7)
BACKWARD = {"directions": "backward", "attention": "none"}
MODELS = {
    "luong, gru": (SMALL, {"beam": 3}),
    "luong, lstm, additive, joint": (
        dataclasses.replace(SMALL, cell="lstm", attention="additive", encoder_layers=1),
        {"ngram": 3, "beam": 1, "temperature": 0.8},
    ),
    "bahdanau, relu, sum, no readout": (
        dataclasses.replace(
            SMALL, input_feeding=True, attention="additive_relu", directions="sum", readout=0
        ),
        {"beam": 1, "stress": True},
    ),
    "elman, copied start": (
        dataclasses.replace(SMALL, cell="elman", **BACKWARD, start="copy", readout=0),
        {"beam": 2, "temperature": 1.3},
    ),
    "reset before, three members": (
        dataclasses.replace(SMALL, cell="gru_before", start="zeros", decoder_layers=1),
        {"ensemble": 3, "beam": 2, "ngram": 2},
    ),
    "monotonic, lstm, teacher": (
        dataclasses.replace(SMALL, cell="lstm", attention="monotonic", encoder_layers=1),
        {"train": config.Train(dtype="float32", teacher="x", label_smoothing=0.2)},
    ),
    "monotonic, no readout, two members": (
        dataclasses.replace(SMALL, attention="monotonic", readout=0, decoder_layers=1),
        {"ensemble": 2, "beam": 4, "stress": False},
    ),
}  # fmt: skip


def make(model: config.Model, settings: dict, pairs=PAIRS, **options) -> g2p_jax.G2P:
    """A model with random weights, which are large enough to prefer one phoneme to another."""
    settings = {"train": config.Train(dtype="float32"), "stress": False, **settings}
    whole = config.validate(config.Config(model=model, **settings))
    symbols = Symbols.from_pairs(pairs, **options)
    net = model_file.network(whole, symbols)
    shapes = jax.eval_shape(functools.partial(net.init, method=set_up), jax.random.key(0))["params"]
    random = np.random.default_rng(1)
    members = (whole.ensemble,) if whole.ensemble > 1 else ()
    normal = lambda x: 0.5 * random.normal(size=(*members, *x.shape)).astype(np.float32)
    joint = storage.fit(pairs, symbols, whole.ngram) if whole.ngram else None
    return g2p_jax.G2P(whole, symbols, jax.tree.map(normal, shapes), joint)


def assert_same(ours, theirs, tolerance=2e-5):
    """The same pronunciations in the same order, with the same probabilities."""
    for (mine, unknown), answer in zip(ours, theirs, strict=True):
        assert [p for p, _ in mine] == [p.phonemes for p in answer.pronunciations], answer.word
        assert unknown == answer.unknown
        for (_, p), (_, q) in zip(mine, answer.scored, strict=True):
            assert p == pytest.approx(q, abs=tolerance)


@pytest.mark.parametrize("name", MODELS)
def test_every_network_answers_as_in_jax(name, tmp_path):
    g2p = make(*MODELS[name])
    g2p.save(tmp_path / "model.safetensors")
    ours = runtime.load(tmp_path / "model.safetensors")
    assert_same(ours.pronounce_all(WORDS), g2p.pronounce(WORDS))
    assert_same([ours.pronounce_all([word])[0] for word in WORDS[:3]], g2p.pronounce(WORDS[:3]))


def test_many_languages_in_one_model(tmp_path):
    """Each has letters, and a joint n-gram model, of its own."""
    pairs = [Pair(f"deu:{word}", sounds) for word, sounds in PAIRS[:5]]
    pairs += [Pair(f"fra:{word}e", sounds) for word, sounds in PAIRS[3:]]
    g2p, path = make(SMALL, {"ngram": 3, "beam": 4}, pairs, source="language"), tmp_path / "model"
    g2p.save(path)
    words = [f"{language}:{word}" for word in (*LEXICON, "Fad-Bé") for language in ("deu", "fra")]
    assert_same(runtime.load(path).pronounce_all(words), g2p.pronounce(words))
    german = runtime.load(path, language="deu")
    assert_same(german.pronounce_all(LEXICON), g2p.with_language("de").pronounce(LEXICON))
    guessed = runtime.load(path, language="auto")
    words = [*LEXICON, "fra:fad", "Fade", "日", "", "FR:ab", "German:ab"]
    assert_same(guessed.pronounce_all(words), g2p.with_language("auto").pronounce(words))
    with pytest.raises(ValueError, match="'cab' needs a language, such as .* knows deu, fra"):
        runtime.load(path)("cab")
    with pytest.raises(ValueError, match="no language 'eng': one of deu, fra"):
        runtime.load(path, language="eng")
    for language in ("fr", "auto"):
        symbols, own = g2p.symbols.in_language(language), g2p.with_language(language)
        few = on_demand.OnDemand(g2p.config, symbols, lambda: g2p, path)
        ours, theirs = (x.pronounce(["de:Fad", "Ké", "cab"]) for x in (few, own))
        assert [x.scored[0][0] for x in ours] == [x.scored[0][0] for x in theirs]
        assert [x.language for x in ours] == [x.language for x in theirs]
        assert theirs[0].language == "deu" and (language == "auto" or theirs[2].language == "fra")
        assert "model" not in few.__dict__


def test_spelling_from_sound(tmp_path):
    """Letters are the targets, of which some may be silent."""
    pairs = [Pair(" ".join(pair.pronunciations[0]), (tuple(pair.word),)) for pair in PAIRS]
    g2p = make(SMALL, {"ngram": 3, "beam": 4}, pairs, source="words", target="characters")
    g2p.save(tmp_path / "model")
    words = [*(pair.word for pair in pairs), "K", "", "EY1 F B", "Q K"]
    assert_same(runtime.load(tmp_path / "model").pronounce_all(words, 3), g2p.pronounce(words, 3))


def test_nbest_beam_and_stress(tmp_path):
    g2p = make(*MODELS["luong, lstm, additive, joint"])
    g2p.save(tmp_path / "model.safetensors")
    ours = runtime.load(tmp_path / "model.safetensors")
    stressed = runtime.load(tmp_path / "model.safetensors", stress=True)
    several = {n: g2p.pronounce(WORDS, nbest=n) for n in (1, 2, 3, 12, 25)}
    for nbest, answers in several.items():
        assert_same(ours.pronounce_all(WORDS, nbest=nbest), answers)
        for one, most in zip(answers, several[25], strict=True):
            p = [p for _, p in most.scored]
            assert p == sorted(p, reverse=True) and sum(p) < 1 + 1e-6
            assert [p for p, _ in one.scored] == [p for p, _ in most.scored[:nbest]]
            assert [p for _, p in one.scored] == pytest.approx(p[:nbest], abs=1e-6)
    assert ours.pronounce_all(["?"])[0] == ([((), 0.0)], ("?",))
    assert several[1][WORDS.index("")].source == "silent"
    assert_same(stressed.pronounce_all(WORDS, beam=5), g2p.stressed.pronounce(WORDS, beam=5))
    assert ours("cab") == g2p("cab")


@pytest.mark.parametrize("kind", [k for k in golden.recorded() if k[1] == "float32"], ids="-".join)
def test_shipped_models_answer_what_was_recorded(kind):
    """Of every twentieth word: as JAX answered on another machine."""
    words = dict(list(golden.recorded()[kind].items())[::20])
    path = model_file.locate(kind[0])
    g2p = runtime.load(path, **({"stress": True} if kind[2] == "stress" else {}))
    for found, before in zip(
        g2p.pronounce_all(words, **golden.SEARCHES[kind[2]]), words.values(), strict=True
    ):
        assert [" ".join(phonemes) for phonemes, _ in found[0]] == [p for p, _ in before]
        assert [p for _, p in found[0]] == pytest.approx([p for _, p in before], abs=1e-5)


def test_no_word_is_silent():
    """Rescoring had made the empty answer the best of these."""
    load = lambda name: runtime.load(model_file.locate(name))
    english, small = load("english"), load("english-small")
    found = english.pronounce_all(["x", "w", "wp", "xr"])
    answers = [" ".join(pronunciations[0][0]) for pronunciations, _ in found]
    assert answers == ["EH K", "D AH", "W IY", "EH K S"]  # as in JAX
    assert all(phonemes for phonemes, _ in small.pronounce("'", nbest=3))


def test_a_handful_of_words_is_left_to_numpy(tmp_path):
    """Alone or in a list a word has one answer; settings change it alike."""
    g2p = make(*MODELS["luong, lstm, additive, joint"])
    g2p.save(tmp_path / "model.safetensors")
    load = functools.partial(g2p_lib.load, tmp_path)
    few = on_demand.OnDemand(g2p.config, g2p.symbols, load, tmp_path / "model.safetensors")
    for some in (few, few.stressed, few.with_settings(temperature=2.0, beam=3)):
        alone = some.pronounce(WORDS[:5], nbest=2, mass=0.6)
        assert "model" not in some.__dict__
        together = some.pronounce(WORDS * 4, nbest=2, mass=0.6)
        assert "model" in some.__dict__
        for one, other in zip(alone, together, strict=False):
            assert (one.word, one.unknown) == (other.word, other.unknown)
            assert [str(p) for p in one.pronunciations] == [str(p) for p in other.pronunciations]
            assert one.best.probability == pytest.approx(other.best.probability, abs=2e-5)


def test_arguments_that_cannot_be_are_one_line(tmp_path, write):
    path, small = tmp_path / "model", model_file.locate("english-small")
    make(*MODELS["luong, gru"]).save(path)
    g2p, load = runtime.load(path), runtime.load
    nested = b"[" * 100_000
    deep = write(len(nested).to_bytes(8, "little") + nested, "deep")
    for call, message in {
        lambda: g2p.pronounce("cab", nbest=10**9): "nbest must be a whole number from 1 to 1000: 1",
        lambda: g2p.pronounce("cab", nbest=0): "nbest must be a whole number from 1 to 1000: 0",
        lambda: g2p.pronounce("cab", nbest="3"): "nbest must be a whole .*: '3'",
        lambda: g2p.pronounce("cab", nbest=1.5): "nbest must be a whole .*: 1.5",
        lambda: g2p.pronounce("cab", beam=-1): "beam must be a whole number from 0 to 1000: -1",
        lambda: g2p.pronounce_all("cab"): "words must be a list of texts: 'cab'",
        lambda: g2p.pronounce_all(None): "words must be a list of texts: None",
        lambda: g2p(None): "word must be a text: None",
        lambda: g2p.pronounce_all(["cab", 5]): "word must be a text: 5",
        lambda: load(path, strss=True): "strss: settings are beam, language, stress, temper",
        lambda: load(path, model={}): "model: settings are",
        lambda: load(path, stress="no"): "stress must be True or False: 'no'",
        lambda: load(path, temperature=0): "temperature must be a number above 0: 0",
        lambda: load(path, language=None): "language must be a text: None",
        lambda: load(small, stress=True): f"{small}: stress=True: the model has learned none",
        lambda: load(tmp_path): f"{tmp_path}: not a model of g2p_jax .*",
        lambda: load("english"): "english: not a model of g2p_jax .*",
        lambda: load(deep): f"{deep}: not a model of g2p_jax .*",
    }.items():
        with pytest.raises(ValueError, match=f"^{message}") as error:
            call()
        assert "\n" not in str(error.value)


def test_half_floats_and_what_is_no_model(tmp_path, write):
    w = np.array([[1.5, -0.1], [3e-5, 7.0]], np.float32)
    about = {"format": model_file.FORMAT, "config": "{}", "symbols": "{}"}
    data = model_file._packed({"a/b": w.astype(np.float16)}, about)
    *_, tree = runtime.read(write(data, "model"))
    np.testing.assert_array_equal(tree["a"]["b"], w.astype(np.float16).astype(np.float32))
    damaged = data[:-1] + bytes([data[-1] ^ 1])
    for wrong in (damaged, data[: len(data) // 2], b"", b"PK\3\4" * 99, json.dumps({}).encode()):
        with pytest.raises(ValueError, match="not a model of g2p_jax"):
            runtime.read(write(wrong, "wrong"))


def test_the_file_alone_is_enough(tmp_path):
    """In a process without this project and without JAX; its memory stays small."""
    (tmp_path / "runtime.py").write_text(Path(runtime.__file__).read_text())
    code = (
        "import sys, runtime\n"
        f"g2p = runtime.load({str(model_file.locate('english'))!r})\n"
        "print(g2p('through'), {'jax', 'g2p_jax', 'safetensors'} & set(sys.modules))\n"
        "print(open('/proc/self/status').read() if sys.platform == 'linux' else '')"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    answer, status = run.stdout.split("\n", 1)
    assert answer == "TH R UW set()"
    if peak := re.search(r"VmHWM:\s*(\d+) kB", status):
        assert int(peak[1]) < 120 * 1024
