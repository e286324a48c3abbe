"""Exported models answer as the library's network does by greedy search."""

import importlib.util
import itertools
import re
import shutil
import subprocess
import sys

import jax.export
import numpy as np
import pytest

from g2p_jax import config, runtime
from g2p_jax.data.pairs import Pair
from g2p_jax.data.symbols import BOS, EOS, PAD, UNK
from g2p_jax.predict import export, model_file
from g2p_jax.predict.export import onnx_files
from tests.test_runtime import LEXICON, MODELS, SMALL, make

onnxruntime = pytest.importorskip("onnxruntime")
WORDS = ["cab", "face", "a", "deadbeefcafe", *LEXICON]


def greedy(path, words):
    """The phonemes' numbers and log P by greedy search of the network alone, in NumPy."""
    g2p = runtime.load(path, beam=1)
    g2p.names = runtime.read(path)[1]["phonemes"]  # with stress
    if g2p.joint:  # the temperature is that of both models together
        g2p.joint, g2p.temperature = {}, 1.0
    ids = {name: id for id, name in enumerate(g2p.names)}
    best = [pronunciations[0] for pronunciations, _ in g2p.pronounce_all(words)]
    with np.errstate(divide="ignore"):  # what has no phonemes has no probability
        log_p = [np.log(p) for _, p in best]
    return [[ids[name] for name in phonemes] for phonemes, _ in best], log_p


def encoded(path, words, dtype=np.int64):
    """The numbers of their letters, padded."""
    g2p = runtime.G2P(path)
    pieces = [g2p.pieces(word)[0][0] for word in words]
    rows = np.full((len(words), max(map(len, pieces))), PAD, dtype)
    for row, piece in zip(rows, pieces, strict=True):
        row[: len(piece)] = [g2p.ids[letter] for letter in piece]
    return rows


def session(folder, name):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    return onnxruntime.InferenceSession(folder / f"{name}.onnx", options)


def without_padding(rows):
    return [[id for id in row if id != PAD] for row in np.asarray(rows).tolist()]


def saved(name, folder):
    path = folder / "model.safetensors"
    make(*MODELS[name]).save(path)
    return path


@pytest.mark.parametrize("name", MODELS)
def test_onnx_searches_as_numpy_does(name, tmp_path):
    path = saved(name, tmp_path)
    export.write(path, tmp_path / "onnx", "onnx")
    letters = np.pad(encoded(path, WORDS), ((0, 1), (0, 0)))  # the last row has no letters
    phonemes, log_p = session(tmp_path / "onnx", "greedy").run(None, {"letters": letters})
    expected, log_q = greedy(path, [*WORDS, ""])
    assert without_padding(phonemes) == expected
    np.testing.assert_allclose(log_p, log_q, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["luong, gru", "monotonic, no readout, two members"])
def test_encoder_and_steps_make_the_same_search(name, tmp_path):
    path = saved(name, tmp_path)
    export.write(path, tmp_path, "onnx")
    encoder, step = session(tmp_path, "encoder"), session(tmp_path, "step")
    names = [output.name for output in encoder.get_outputs()]
    read = dict(zip(names, encoder.run(None, {"letters": encoded(path, ["face"])}), strict=True))
    token, found, total = BOS, [], 0.0
    while token != EOS and len(found) < 24:
        log_probs, *after = step.run(None, read | {"phoneme": np.array([token])})
        assert np.isneginf(log_probs[0, [PAD, BOS, UNK]]).all()
        next_names = [output.name.removesuffix("_next") for output in step.get_outputs()][1:]
        read |= dict(zip(next_names, after, strict=True))
        token = int(log_probs[0].argmax())
        total += float(log_probs[0, token])
        found.append(token)
    (expected,), (log_p,) = greedy(path, ["face"])
    if token == EOS:
        assert found[:-1] == expected
        assert total == pytest.approx(log_p, abs=1e-4) or not expected
    else:  # cut where ending was most probable
        assert found[: len(expected)] == expected


@pytest.mark.parametrize("precision, tolerance", [("float16", 2e-3), ("int8", 0.1)])
@pytest.mark.parametrize("model", ["english-small", "english"])
def test_fewer_bits_are_nearly_the_same_in_fewer_bytes(model, precision, tolerance, tmp_path):
    path, words = model_file.locate(model), "through colonel zorptastic a facebook x wp".split()
    export.write(path, tmp_path, "onnx", precision)
    phonemes, log_p = session(tmp_path, "greedy").run(None, {"letters": encoded(path, words)})
    expected, log_q = greedy(path, words)
    assert without_padding(phonemes) == expected
    np.testing.assert_allclose(np.exp(log_p), np.exp(log_q), atol=tolerance)
    most = {"english-small": 2e6, "english": 9e6}[model]
    assert sum(file.stat().st_size for file in tmp_path.glob("greedy.onnx")) < most


SPELLED = [
    "Face", "CAFÉ", "ﬁne", "’ab", "cab", "ab-ca\u2013d", "a b", " ", "", "日a", "b" * 11, "a/b",
    "İ", "ß", "ẞ", "-:a", "Ⓐ",
    "ba\N{COMBINING ACUTE ACCENT}d", "e\N{COMBINING ACUTE ACCENT}", "éé-日",
    "IĞ", "x:b", "a\0b", "a\N{COMBINING GREEK YPOGEGRAMMENI}",
]  # fmt: skip


@pytest.mark.parametrize(
    ("letters", "options"),
    [
        (["abcdefin'"], {}),
        (["ABCDEÉ-"], {}),
        (["abcé"], {"unicode": "NFD"}),
        (["12-+"], {}),
        (
            ["deu:abcdefiß", "tur:abcıği", "fra:é-ac", "vie:a b"],
            {"source": "language", "unicode": "NFD"},
        ),
    ],
)
def test_the_programs_spell_as_the_library(letters, options, tmp_path):
    pairs = [Pair(word, (("X",),)) for word in letters]
    make(SMALL, {"data": config.Data(longest=5)}, pairs, **options).save(tmp_path / "model")
    g2p = runtime.load(tmp_path / "model")
    (tmp_path / "spelling.txt").write_text("".join(onnx_files.spelling_lines(g2p)))
    (tmp_path / "letters.txt").write_text("".join(f"{letter}\n" for letter in g2p.ids))
    example = onnx_files.EXAMPLES / "pronounce.py"
    spec = importlib.util.spec_from_file_location("pronounce", example)
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    program.FOLDER = tmp_path
    spelling = program.Spelling()
    for word, language in itertools.product(SPELLED, g2p.spellings):
        word = f"{language}:{word}" if language else word
        pieces, unknown = g2p.pieces(word)
        rows = [[g2p.ids[letter] for letter in piece] for piece in pieces]
        assert spelling.spell(word.strip())[0] == rows, word
        problem = "not known" if unknown else "" if rows else "no letters"
        assert spelling.spell(word.strip())[1].partition(":")[0] == problem, word
    if "source" in options:
        for name in ("de", "DE", "German", "ger", "de_AT"):
            assert spelling.spell(f"{name}:Face") == spelling.spell("deu:Face")
        for word in ("abc", "deu", "xx:abc", ""):
            rows, problem = spelling.spell(word)
            assert not rows and re.fullmatch("needs a .* knows deu, fra, tur, vie", problem)


def test_stablehlo_searches_as_numpy_does(tmp_path):
    path = saved("monotonic, lstm, teacher", tmp_path)
    export.write(path, tmp_path / "xla", "stablehlo")
    program = jax.export.deserialize(bytearray((tmp_path / "xla" / "greedy.jax").read_bytes()))
    assert set(program.platforms) == {"cpu", "cuda", "tpu"}
    for words in ([*WORDS, ""], WORDS[:2]):
        letters = np.zeros((len(words), 12), np.int32)
        some = encoded(path, list(filter(None, words)), np.int32)
        letters[: len(some), : some.shape[1]] = some
        phonemes, log_p = program.call(letters)
        expected, log_q = greedy(path, words)
        assert without_padding(phonemes) == expected
        np.testing.assert_allclose(log_p, log_q, rtol=1e-4, atol=1e-4)


def test_the_command_and_the_programs_that_it_writes(tmp_path):
    run = lambda *command: subprocess.run(command, capture_output=True, text=True)
    command = [sys.executable, "-m", "g2p_jax", "export", "--ckpt=english-small"]
    small, numpy = tmp_path / "small", tmp_path / "numpy"
    assert run(*command, "--precision=float16", f"--output={small}").returncode == 0
    again = run(*command, f"--output={small}")
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert "is not empty: choose another --output, or replace" in again.stderr
    answer = run(sys.executable, small / "pronounce.py", "hello", "日本", "日Café")
    assert answer.stdout == "hello\tHH EH L OW\t0.958\n日本\t\t0.000\n日Café\tK EY F\t0.958\n"
    assert answer.stderr == "'日本': not known: 日本\n'日Café': not known: 日\n"
    if shutil.which("node"):  # the runtime itself is not installed in tests
        answer = run("node", small / "pronounce.mjs", "hello")
        needs = "pronounce.mjs needs onnxruntime-node: npm install onnxruntime-node\n"
        assert (answer.returncode, answer.stderr) == (1, needs)
    assert run(*command, "--format=numpy", f"--output={numpy}").returncode == 0
    code = "import runtime; print(runtime.load('model.safetensors')('hello'))"
    alone = subprocess.run([sys.executable, "-c", code], cwd=numpy, capture_output=True, text=True)
    assert alone.stdout == "HH EH L OW\n"
    data = (numpy / "model.safetensors").read_bytes()
    (tmp_path / "damaged").write_bytes(data[:-1] + b"x")
    damaged = run(*command[:-1], f"--ckpt={tmp_path}/damaged", f"--output={tmp_path}/none")
    assert (damaged.returncode, damaged.stderr.count("\n")) == (1, 1)
    assert "damaged" in damaged.stderr and not (tmp_path / "none").exists()
