"""Compares web/g2p.js with JAX in float32, and measures its speed in Node.

    python benchmarks/web.py --words=dev.txt --invented=10000

For each included model: how many best answers differ, the largest difference of a probability in
the others, milliseconds of a word (median, 99 %), and words/s of the whole list.
"""

import argparse
import dataclasses
import itertools
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import invented  # noqa: E402

import g2p_jax
from g2p_jax.data.lexicon import read_lexicon
from g2p_jax.predict.g2p import load
from g2p_jax.predict.header import locate


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--words", help="a lexicon, whose words are pronounced")
    parser.add_argument("--invented", type=int, default=10_000, help="how many invented words")
    parser.add_argument("--nbest", type=int, default=1)
    options = parser.parse_args()
    words = [pair.word for pair in read_lexicon(options.words)] if options.words else []
    lines = itertools.chain.from_iterable(map(str.splitlines, invented.entries(options.invented)))
    words += [line.split("\t")[0] for line in lines]
    for model in ("english-small", "english"):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(answers(model, words, options.nbest), file)
            file.flush()
            path = locate(model)
            script = ROOT / "benchmarks" / "web.mjs"
            subprocess.run(["node", script, path, file.name, str(options.nbest)], check=True)


def answers(model: str, words: list[str], nbest: int) -> list:
    """Word and [phonemes, probability] of each of its answers, of JAX with float32 operands."""
    g2p = load(model)
    train = dataclasses.replace(g2p.config.train, dtype="float32")
    config = dataclasses.replace(g2p.config, train=train)
    g2p = g2p_jax.G2P(config, g2p.symbols, g2p.params, g2p.joint)
    return [
        (answer.word, [[str(p), p.probability] for p in answer.pronunciations])
        for answer in g2p.pronounce(words, nbest=nbest)
    ]


if __name__ == "__main__":
    main()
