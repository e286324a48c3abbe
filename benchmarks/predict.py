"""Pronouncing words: g2p_jax beside other tools, on all cores of this machine's CPU.

    pip install -r benchmarks/requirements-rivals.txt
    python benchmarks/predict.py --lexicon=train.txt
    python benchmarks/predict.py --systems=g2p_jax,pytorch --words=1000 --rounds=1

Each system is asked in a fresh process, all of them in turns, round after round; what is reported
is the median over the rounds. A JSON line for each:
  words_per_second: a list of words (of slow systems a shorter one), asked a second time in the same
    process.
  p50_ms, p99_ms: one word at a time, 200 different ones, warm.
  start_s: from the start of the process to its first answer.
  peak_mb: of the process and what it starts.

Systems:
  g2p_jax: `english`, the model that comes along; -beam1: with --beam=1; -network: only its network,
    by greedy search; -small: `english-small`; -cold: with an empty compilation cache.
  predict.py: the whole command `python predict.py --lexicon=none hello`; only start_s.
  pytorch, pytorch-bfloat16: the same weights in PyTorch, greedy, batches of 256 of like length.
  onnx, onnx-small, -int8: the network of `english` and `english-small` in onnxruntime, greedy.
  numpy, numpy-small: these models in g2p_jax/runtime.py, with their beam and n-gram model.
  phonetisaurus: 8-gram, trained on --lexicon; as many processes as cores.
  g2p_en: its network for unknown words. espeak-ng: its library, through phonemizer.
  deep-phonemizer, -autoregressive: random weights, as none come along; batches of 32.
What is not installed, or cannot be, has a line that gives the reason. Linux or macOS.
"""

import dataclasses
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from absl import app, flags

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # a script of a folder that is not installed

from g2p_jax.commands import shared as cli
from g2p_jax.data.lexicon import read_lexicon

_SYSTEMS = flags.DEFINE_list("systems", [], "Only these; default: all.")
_WORDS = flags.DEFINE_integer("words", 10_000, "How many.", lower_bound=1)
_ROUNDS = flags.DEFINE_integer("rounds", 3, "Times that each is measured.", lower_bound=1)
_LEXICON = flags.DEFINE_string("lexicon", "cmudict", "Where words come from.")
_PHONETISAURUS = flags.DEFINE_string("phonetisaurus", None, "Its model, to train it only once.")
_ONLY = flags.DEFINE_string("only", None, "Measure this system, in this process.")

Answer = Callable[[Sequence[str]], Any]  # pronounces a list of words
SINGLE_WORDS = 200
FEWER = {"g2p_en": 2000, "deep-phonemizer": 2000, "deep-phonemizer-autoregressive": 300}  # words
LINUX = sys.platform == "linux"


def g2p_jax(name: str = "english", beam: int = 0, alone: bool = False) -> Answer:
    from g2p_jax.devices.cpu import use_cpu_cores
    from g2p_jax.predict.g2p import load
    from g2p_jax.predict.searching import MOST_ROWS

    cli.use_compilation_cache()
    use_cpu_cores(MOST_ROWS)
    model = load(name)
    if alone:
        model = dataclasses.replace(model, joint=None)
    return lambda words: model.pronounce(words, beam=beam)


def pytorch(precision: str = "float32") -> Answer:
    import torch

    from benchmarks.torch_models import Luong
    from g2p_jax.data.symbols import PAD
    from g2p_jax.predict import model_file
    from g2p_jax.predict.searching import phoneme_limit

    config, symbols, params, _ = model_file.read("english")
    net = Luong(config.model, len(symbols.graphemes), len(symbols.phonemes))
    net.from_jax(params)
    autocast = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16")

    def answer(words: Sequence[str]) -> list[tuple[str, ...]]:
        spelt = [symbols.graphemes.encode(symbols.graphemes_of(word)[0]) for word in words]
        order, found = sorted(range(len(spelt)), key=lambda n: len(spelt[n])), {}
        for start in range(0, len(order), 256):
            part = order[start : start + 256]
            longest = len(spelt[part[-1]])
            source = torch.tensor([spelt[n] + [PAD] * (longest - len(spelt[n])) for n in part])
            lengths = torch.tensor([len(spelt[n]) for n in part])
            with autocast, torch.inference_mode():
                tokens = net.greedy(source, lengths, phoneme_limit(longest))
            for n, row in zip(part, tokens.tolist(), strict=True):
                found[n] = symbols.decode_target(row)
        return [found[n] for n in range(len(words))]

    return answer


def onnx(name: str, precision: str = "float32") -> Answer:
    import numpy as np
    import onnxruntime

    from g2p_jax import runtime
    from g2p_jax.predict import export, model_file

    path = model_file.locate(name)
    with tempfile.TemporaryDirectory() as folder:
        export.write(path, Path(folder), "onnx", precision)
        phonemes = (Path(folder) / "phonemes.txt").read_text().split("\n")
        session = onnxruntime.InferenceSession(Path(folder) / "greedy.onnx")
    model = runtime.G2P(path)

    def answer(words: Sequence[str]) -> list[list[str]]:
        spelt = [[model.ids[x] for x in model.pieces(word)[0][0]] for word in words]
        order = sorted(range(len(spelt)), key=lambda n: len(spelt[n]))
        found: dict[int, list[str]] = {}
        for start in range(0, len(order), 256):
            part = order[start : start + 256]
            letters = np.zeros((len(part), len(spelt[part[-1]])), np.int64)
            for row, n in zip(letters, part, strict=True):
                row[: len(spelt[n])] = spelt[n]
            for n, row in zip(part, session.run(None, {"letters": letters})[0], strict=True):
                found[n] = [phonemes[id] for id in row if id]
        return [found[n] for n in range(len(words))]

    return answer


def numpy(name: str) -> Answer:
    from g2p_jax import runtime
    from g2p_jax.predict import model_file

    return runtime.load(model_file.locate(name)).pronounce_all


def phonetisaurus() -> Answer:
    from phonetisaurus import predict

    pool = ThreadPoolExecutor(os.cpu_count())

    def answer(words: Sequence[str]) -> list:
        parts = [words[n :: os.cpu_count()] for n in range(os.cpu_count() or 1)]
        run = lambda part: list(predict(part, _PHONETISAURUS.value)) if part else []
        return list(pool.map(run, parts))

    return answer


def g2p_en() -> Answer:
    from g2p_en import G2p

    predict = G2p().predict
    return lambda words: [predict(word) for word in words]


def espeak() -> Answer:
    import espeakng_loader
    from phonemizer.backend import EspeakBackend
    from phonemizer.backend.espeak.wrapper import EspeakWrapper

    EspeakWrapper.set_library(espeakng_loader.get_library_path())
    EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
    return EspeakBackend("en-us").phonemize


def deep_phonemizer(kind: str) -> Answer:
    import dp
    import yaml
    from dp.model.model import ModelType, create_model
    from dp.model.predictor import Predictor
    from dp.preprocessing.text import Preprocessor

    name = {"transformer": "forward", "autoreg_transformer": "autoreg"}[kind]
    file = Path(dp.__file__).parent / "configs" / f"{name}_config.yaml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    preprocessor = Preprocessor.from_config(settings)
    settings["preprocessor"] = preprocessor
    settings["model"] |= {
        "encoder_vocab_size": preprocessor.text_tokenizer.vocab_size,
        "decoder_vocab_size": preprocessor.phoneme_tokenizer.vocab_size,
    }
    model = create_model(ModelType(kind), settings).eval()
    predictor = Predictor(model, preprocessor)
    return lambda words: predictor(list(words), lang="en_us", batch_size=32)


SYSTEMS: dict[str, Callable[[], Answer]] = {
    "g2p_jax": g2p_jax,
    "g2p_jax-beam1": lambda: g2p_jax(beam=1),
    "g2p_jax-network": lambda: g2p_jax(beam=1, alone=True),
    "g2p_jax-small": lambda: g2p_jax("english-small"),
    "g2p_jax-cold": g2p_jax,
    "pytorch": pytorch,
    "pytorch-bfloat16": lambda: pytorch("bfloat16"),
    "onnx": lambda: onnx("english"),
    "onnx-small": lambda: onnx("english-small"),
    "onnx-small-int8": lambda: onnx("english-small", "int8"),
    "numpy": lambda: numpy("english"),
    "numpy-small": lambda: numpy("english-small"),
    "phonetisaurus": phonetisaurus,
    "g2p_en": g2p_en,
    "espeak-ng": espeak,
    "deep-phonemizer": lambda: deep_phonemizer("transformer"),
    "deep-phonemizer-autoregressive": lambda: deep_phonemizer("autoreg_transformer"),
}


def measure(name: str, words: list[str]) -> dict[str, float]:
    """In a process of its own; all is asked before it is measured."""
    answer, words = SYSTEMS[name](), words[: FEWER.get(name)]
    answer(["hello"])
    first = time.time()
    answer(words)
    start = time.perf_counter()
    answer(words)
    speed = len(words) / (time.perf_counter() - start)
    singles, milliseconds = words[:SINGLE_WORDS], []
    for word in {len(word): word for word in singles}.values():
        answer([word])
    for word in singles:
        start = time.perf_counter()
        answer([word])
        milliseconds.append(1e3 * (time.perf_counter() - start))
    percentiles = statistics.quantiles(milliseconds, n=100)
    who = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    peak = sum(resource.getrusage(w).ru_maxrss for w in who) / (1 << (10 if LINUX else 20))
    return {
        "words_per_second": speed,
        "p50_ms": percentiles[49],
        "p99_ms": percentiles[98],
        "first": first,
        "peak_mb": peak,
    }


def asked(name: str, cache: Path) -> dict[str, Any]:
    """What one system's process reports, or why it does not."""
    environment = dict(os.environ)
    if name == "g2p_jax-cold":
        empty = tempfile.mkdtemp(dir=cache)
        environment["JAX_COMPILATION_CACHE_DIR"] = empty
    if name == "predict.py":
        command = [sys.executable, "predict.py", "--lexicon=none", "hello"]
    else:
        command = [sys.executable, __file__, f"--only={name}", f"--words={_WORDS.value}"]
        command += [f"--lexicon={_LEXICON.value}", f"--phonetisaurus={_PHONETISAURUS.value}"]
    start = time.time()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        lines = [line.strip(" *") for line in done.stderr.splitlines()]
        last = max(n for n, line in enumerate(lines) if "Error" in line or n == 0)
        return {"skipped": " ".join(filter(None, lines[last:]))[:200]}
    if name == "predict.py":
        return {"start_s": time.time() - start}
    found = json.loads(done.stdout.splitlines()[-1])
    return found | {"start_s": found.pop("first") - start}


def train_phonetisaurus(folder: Path) -> str:
    """Its model of the lexicon; a minute."""
    from phonetisaurus import train

    lexicon = {p.word: list(map(list, p.pronunciations)) for p in read_lexicon(_LEXICON.value)}
    train(lexicon, folder / "g2p.fst")
    return str(folder / "g2p.fst")


def chosen_words() -> list[str]:
    """The same in every process."""
    words = sorted(pair.word.lower() for pair in read_lexicon(_LEXICON.value))
    return random.Random(0).sample(words, min(_WORDS.value, len(words)))


def rows(systems: Sequence[str], folder: Path) -> Iterator[dict[str, Any]]:
    """The medians of each system."""
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in systems}
    for number in range(_ROUNDS.value):
        for name in systems:
            if not any("skipped" in found for found in results[name]):
                print(f"round {number + 1}: {name}", file=sys.stderr)
                results[name].append(asked(name, folder))
    for name, found in results.items():
        if "skipped" in found[-1]:
            yield {"system": name, "skipped": found[-1]["skipped"]}
        else:
            medians = {key: statistics.median(f[key] for f in found) for key in found[0]}
            yield {"system": name} | {key: float(f"{x:.4g}") for key, x in medians.items()}


def main(arguments: list[str]) -> None:
    if len(arguments) > 1:
        raise app.UsageError(f"flags only, found {arguments[1]!r}")
    if _ONLY.value:
        print(json.dumps(measure(_ONLY.value, chosen_words())))
        return
    known = ["predict.py", *SYSTEMS]
    if unknown := set(_SYSTEMS.value) - set(known):
        raise app.UsageError(f"--systems: {sorted(unknown)} not among {known}")
    systems = _SYSTEMS.value or known
    with tempfile.TemporaryDirectory() as folder:
        if "phonetisaurus" in systems and not _PHONETISAURUS.value:
            try:
                flags.FLAGS.phonetisaurus = train_phonetisaurus(Path(folder))
            except (ImportError, OSError, subprocess.SubprocessError) as error:
                print(f"phonetisaurus is not trained: {error}", file=sys.stderr)
        for row in rows(systems, Path(folder)):
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    app.run(main)
