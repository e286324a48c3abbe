"""The JavaScript in web/ answers as the library; its own tests and the page are tested with it."""

import dataclasses
import functools
import importlib.util
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import flax.traverse_util
import jax
import numpy as np
import pytest

import g2p_jax
from g2p_jax.config import Config, Data, Model, Train
from g2p_jax.data.alphabets import convert
from g2p_jax.data.pairs import Pair
from g2p_jax.data.symbols import Symbols
from g2p_jax.joint import storage
from g2p_jax.kernels.parameters import set_up
from g2p_jax.predict import model_file

ROOT = Path(__file__).parents[1]
WEB = ROOT / "web"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")

# Together every cell, attention, start and way to combine directions.
SMALL = Model(embedding=5, hidden=8, encoder_layers=2, decoder_layers=2, readout=6)
MODELS = {
    "gru": (SMALL, {"ngram": 3}),
    "lstm": (SMALL, {"cell": "lstm", "attention": "monotonic", "beam": 4}),
    "lecture": (
        SMALL,
        {"cell": "gru_before", "attention": "additive_relu", "readout": 0, "decoder_layers": 1}
        | {"directions": "sum", "input_feeding": True},
    ),
    "ensemble": (SMALL, {"attention": "additive", "start": "zeros", "ensemble": 2, "ngram": 2}),
    "world": (SMALL, {"attention": "monotonic", "ngram": 3}),
    "spell": (
        SMALL,
        {"cell": "elman", "attention": "none", "directions": "backward", "start": "copy"}
        | {"ngram": 3},
    ),
}
PAIRS = [
    Pair("cafe", (("K", "AH0", "F", "EY1"),)),
    Pair("back-bead", (("B", "AE1", "K", "B", "IY2", "D"),)),
    Pair("ace", (("EY1", "S"),)),
]
LANGUAGES = [
    Pair("deu:die", (("diː",),)),
    Pair("deu:chat", (("t͡ʃɛt",),)),
    Pair("fra:die", (("di",),)),
    Pair("fra:à-bas", (("a", "b", "a"),)),
    Pair("tur:ırak", (("ɯɾak",),)),
    Pair("ron:și", (("ʃi",),)),
    Pair("swe:aes", (("aes",),)),
    Pair("jpn:かが", (("kaɡa",),)),
]
SPELL = ["K AH0 F", "EY1 S Q", "EY1"]
WORLD = ["deu:Die", "fra:chat à", "tur:Irak", "die", "bas", "irak", "deu:xyz", "fra:" + "bas" * 20]
WORLD += [
    "DE:die",
    "German:Die",
    "ron:ŞI",
    "ron:šï",
    "jpn:カガｶﾞ",
    "fra:ｂÁs",
    "fra:ǆ",
    "fra:ิ",
    "EA:s",
]
WORDS = ["cafe", "Café", "bead", "a", "well known", "", "日", "face" * 12, "ca\u0301b", "BACK-BEAD"]


def make(name: str) -> g2p_jax.G2P:
    """A model of random weights."""
    model, changes = MODELS[name]
    fields = {field.name for field in dataclasses.fields(model)}
    model = dataclasses.replace(model, **{k: v for k, v in changes.items() if k in fields})
    rest = {k: v for k, v in changes.items() if k not in fields}
    train = Train(dtype="float32", label_smoothing=0.0 if name == "spell" else 0.1)
    config = Config(model=model, train=train, temperature=1.3, stress=name != "gru", **rest)
    pairs, data = PAIRS, Data()
    if name == "world":
        pairs, data = LANGUAGES, Data(source="language", target="ipa", unicode="NFD", longest=12)
    config = dataclasses.replace(config, data=data)
    if name == "spell":
        pairs = [Pair(" ".join(x.pronunciations[0]), (tuple(x.word),)) for x in PAIRS]
        data = Data(source="words", target="characters")
    symbols = Symbols.from_pairs(pairs, data.unicode, data.source, data.target)
    net = model_file.network(config, symbols)
    shapes = jax.eval_shape(functools.partial(net.init, method=set_up), jax.random.key(0))
    shapes = flax.traverse_util.flatten_dict(shapes["params"])
    draw = np.random.default_rng(1).normal
    members = () if config.ensemble == 1 else (config.ensemble,)
    params = {k: draw(0, 0.6, members + x.shape).astype("float32") for k, x in shapes.items()}
    joint = storage.fit(pairs, symbols, config.ngram) if config.ngram else None
    g2p = g2p_jax.G2P(config, symbols, flax.traverse_util.unflatten_dict(params), joint)
    return g2p.with_language("auto") if symbols.languages else g2p


SCRIPT = """
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { load } from "./g2p.js";
const found = {};
for (const [name, { model, words, pairs }] of Object.entries(JSON.parse(readFileSync(0)))) {
  const g2p = await load(readFileSync(model));
  const language = "auto";
  const answers = [1, 3].map((nbest) => g2p.pronounce(words, { nbest, language }));
  const seen = pairs.map(([word, phonemes]) => g2p.inspect(word, phonemes, { language }));
  found[name] = [answers, seen];
  if (name !== "world") continue;
  const fails = (word, language, message) =>
    assert.throws(() => g2p.pronounce([word], { language }), { message });
  const known = "the model knows deu, fra, jpn, ron, swe, tur";
  const wrong = `"xx:die": no language "xx": ${known}; fix: write one of these before the colon`;
  for (const language of ["auto", "", "deu"]) fails("xx:die", language, wrong);
  const fix = 'such as deu:die, or { language: "deu" } for all words';
  fails("die", "", `"die" needs a language, ${fix}; ${known}`);
}
console.log(JSON.stringify(found));
"""


@needs_node
def test_networks_of_every_kind_answer_as_in_the_library(tmp_path):
    models = {name: make(name) for name in MODELS}
    expected, query = {}, {}
    for name, g2p in models.items():
        g2p.save(tmp_path / name)
        words = {"world": WORLD, "spell": SPELL}.get(name, WORDS)
        answers = [g2p.pronounce(words, nbest=nbest) for nbest in (1, 3)]
        texts = [str(answer.pronunciations[0]).split() for answer in answers[0]]
        pairs = [(w, p) for w, p in zip(words, texts, strict=True) if w[:1].isascii() and w and p]
        expected[name] = answers, g2p.inspect(pairs)
        query[name] = {"model": str(tmp_path / name), "words": words, "pairs": pairs}
    run = [NODE, "--input-type=module", "--eval", SCRIPT]
    done = subprocess.run(
        run, cwd=WEB, input=json.dumps(query), capture_output=True, text=True, check=True
    )
    for name, (answers, inspections) in json.loads(done.stdout).items():
        for some, theirs in zip(answers, expected[name][0], strict=True):
            for one, other in zip(some, theirs, strict=True):
                found = [(tuple(x["phonemes"]), x["probability"]) for x in one["pronunciations"]]
                assert [p for p, _ in found] == [p for p, _ in other.scored], name
                probabilities = [p for _, p in other.scored]
                assert [p for _, p in found] == pytest.approx(probabilities, rel=1e-3, abs=1e-7)
                assert one["unknown"] == list(other.unknown)
                assert one.get("language", "") == other.language
        for one, other in zip(inspections, expected[name][1], strict=True):
            assert (*one["letters"],) == other.letters and (*one["phonemes"],) == other.phonemes
            assert one["probabilities"] == pytest.approx(other.probabilities.tolist(), rel=1e-3)
            assert np.array(one["weights"]) == pytest.approx(other.weights, abs=1e-5)
            assert (*one["spelled"],) == other.spelled


@needs_node
def test_the_package_passes_its_own_tests():
    run, environment = [NODE, "--test", "test/"], os.environ | {"PYTHON": sys.executable}
    done = subprocess.run(run, cwd=WEB, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_tables_of_alphabets_are_those_of_the_library():
    spec = importlib.util.spec_from_file_location("make_tables", WEB / "test" / "make_tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.FILE.read_text("utf-8") == module.tables()


@needs_node
def test_random_pronunciations_are_converted_as_in_the_library():
    phonemes = [*"B D F G K L M N NG P R S SH T TH W Y HH ZH".split(), "AH0", "ER1", "IY2", "AW1"]
    draw = random.Random(1)
    each = [draw.choices(phonemes, k=draw.randint(1, 9)) for _ in range(300)]
    code = (
        'import { convert } from "./g2p.js"; import { readFileSync } from "node:fs";'
        "console.log(JSON.stringify(JSON.parse(readFileSync(0)).map((p) =>"
        '["ipa", "xsampa", "espeak", "kokoro", "arpabet"].flatMap((a) => [true, false].map((s) =>'
        "convert(p, a, s))))));"
    )
    run = [NODE, "--input-type=module", "--eval", code]
    done = subprocess.run(
        run, cwd=WEB, input=json.dumps(each), capture_output=True, text=True, check=True
    )
    for one, found in zip(each, json.loads(done.stdout), strict=True):
        choices = itertools.product(("ipa", "xsampa", "espeak", "kokoro", "arpabet"), (True, False))
        for (alphabet, stress), theirs in zip(choices, found, strict=True):
            ours = "".join(convert(one, "arpabet", alphabet, stress)).replace("-", "")
            assert "".join(theirs) == ours, (one, alphabet, stress)
