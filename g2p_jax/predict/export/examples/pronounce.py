"""Pronounces words with the graph next to this file: python pronounce.py hello through"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime

FOLDER = Path(__file__).parent


def symbols(name: str) -> list[str]:
    """The symbols of a file, one a line, in the order of their numbers."""
    return (FOLDER / name).read_text(encoding="utf-8").split("\n")[:-1]


def spell(word: str, numbers: dict[str, int]) -> list[int]:
    """The numbers of the letters that the model knows, in either case."""
    cases = ((letter, letter.upper(), letter.lower()) for letter in word)
    found = (next((numbers[x] for x in each if x in numbers), 0) for each in cases)
    return list(filter(None, found))


def main(words: list[str]) -> None:
    numbers = {letter: number for number, letter in enumerate(symbols("letters.txt"))}
    phonemes = symbols("phonemes.txt")
    session = onnxruntime.InferenceSession(FOLDER / "greedy.onnx")
    spelled = [spell(word, numbers) for word in words]
    letters = np.zeros((len(words), max(map(len, spelled))), np.int64)  # 0 fills up short words
    for row, ids in zip(letters, spelled, strict=True):
        row[: len(ids)] = ids
    rows, log_probs = session.run(None, {"letters": letters})
    for word, row, log_prob in zip(words, rows, log_probs, strict=True):
        print(word, " ".join(phonemes[n] for n in row if n), f"{np.exp(log_prob):.3f}", sep="\t")


if __name__ == "__main__":
    main(sys.argv[1:] or ["hello"])
