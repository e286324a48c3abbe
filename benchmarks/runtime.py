"""The runtime of NumPy alone: whether it answers as JAX does in float32, and how fast.

    python benchmarks/runtime.py --lexicon=dev.txt

A JSON line for each model and list, words of the lexicon and invented ones (--invented):
  different: words with another best answer than JAX has.
  probability: the largest difference between probabilities of equal best answers.
  words_per_second: the whole list, a second time.   word_ms: one word, warm, the median.
  load_s: to read the model.   command_s, peak_mb: a fresh process that answers one word.
"""

import dataclasses
import itertools
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from absl import app, flags

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # a script of a folder that is not installed

from benchmarks.invented import entries
from g2p_jax import runtime
from g2p_jax.data.lexicon import read_lexicon
from g2p_jax.predict import g2p, model_file

_LEXICON = flags.DEFINE_string("lexicon", "cmudict", "Where words come from.")
_INVENTED = flags.DEFINE_integer("invented", 10_000, "How many invented words.")
_MODELS = flags.DEFINE_list("models", ["english-small", "english"], "Included models, or files.")

Best = tuple[str, float]  # phonemes, probability


def seconds(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def in_jax(name: str, words: Sequence[str]) -> list[Best]:
    """The best answers of the library, with float32 operands on any CPU."""
    model = g2p.load(name)
    train = dataclasses.replace(model.config.train, dtype="float32")
    answers = model.with_settings(train=train).pronounce(words)
    return [(str(a.pronunciations[0]), a.pronunciations[0].probability) for a in answers]


def fresh_process(name: str) -> dict[str, float]:
    """Time and memory of a process that answers one word."""
    code = (
        f"import runtime; print(runtime.load({str(model_file.locate(name))!r})('through'))\n"
        "print(open('/proc/self/status').read())"
    )
    run = lambda: subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "g2p_jax", capture_output=True, text=True
    )
    start = time.perf_counter()
    status = run().stdout
    took = [time.perf_counter() - start, *(seconds(run) for _ in range(4))]
    peak = re.search(r"VmHWM:\s*(\d+)", status)
    return {"command_s": statistics.median(took), "peak_mb": int(peak[1]) / 1024 if peak else 0.0}


def measure(name: str, words: Sequence[str], expected: Sequence[Best]) -> dict[str, float]:
    """What the runtime in NumPy does with these words."""
    path = model_file.locate(name)
    load_s = seconds(lambda: runtime.load(path))
    model = runtime.load(path)
    found = [pronunciations[0] for pronunciations, _ in model.pronounce_all(words)]
    pairs = [(" ".join(p), q, *one) for (p, q), one in zip(found, expected, strict=True)]
    return {
        "different": sum(ours != theirs for ours, _, theirs, _ in pairs),
        "probability": max(abs(p - q) for ours, p, theirs, q in pairs if ours == theirs),
        "words_per_second": len(words) / seconds(lambda: model.pronounce_all(words)),
        "word_ms": 1e3 * statistics.median(seconds(lambda w=w: model(w)) for w in words[:200]),
        "load_s": load_s,
    }


def main(arguments: list[str]) -> None:
    if len(arguments) > 1:
        raise app.UsageError(f"flags only, found {arguments[1]!r}")
    lines = itertools.chain.from_iterable(map(str.splitlines, entries(_INVENTED.value)))
    lists = {
        "lexicon": [pair.word for pair in read_lexicon(_LEXICON.value)],
        "invented": [line.split("\t")[0] for line in lines],
    }
    for name in _MODELS.value:
        for kind, words in lists.items():
            row = measure(name, words, in_jax(name, words)) | fresh_process(name)
            rounded = {key: float(f"{x:.3g}") for key, x in row.items()}
            print(json.dumps({"model": name, "words": f"{len(words)} {kind}"} | rounded))


if __name__ == "__main__":
    app.run(main)
