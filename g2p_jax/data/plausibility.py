"""Checks that a lexicon was read rightly: one that looks misread is an error, never a model."""

import re

import numpy as np

from g2p_jax.data.pairs import Pairs
from g2p_jax.data.textfile import TextFile, shorten
from g2p_jax.errors import DataError

FEW = 20  # words: too few to judge by
MANY_PHONEMES = 150  # no language has so many, tones and stress marks included
_NUMBER = re.compile(r"\d*\.\d+(?:[eE][-+]?\d+)?")
_MARKS = re.compile(r"""[(\[].+|.+[)\]]|"[^"]+"|'[^']+'|/.+/|.+,.*""")
UNSEGMENTED = (
    "put spaces between the phonemes; or learn the characters, with --config.data.target=characters"
)


def check(file: TextFile, pairs: Pairs) -> None:
    """Raises DataError where the phonemes look like numbers, words or whole transcriptions."""
    for phoneme in pairs.phonemes:
        what = "a number" if _NUMBER.fullmatch(phoneme) else None
        what = "brackets, quotes or commas" if _MARKS.fullmatch(phoneme) else what
        if what:
            fix = "say what the file is with --config.data.format, or remove the column"
            raise _error(file, phoneme, "phonemes", f"{what} as phoneme: {shorten(phoneme)}", fix)
    words, lengths = len(pairs), pairs.pronunciations.lengths
    if words < FEW:
        return
    if np.all(lengths == 1) and np.median(pairs.words.lengths) > 2:
        found = f"one phoneme in every pronunciation, such as {shorten(pairs.phonemes[0])}"
        raise DataError.at(file.path, "phonemes between spaces", found, UNSEGMENTED)
    if len(pairs.phonemes) > max(words / 4, MANY_PHONEMES):
        found = f"{len(pairs.phonemes):,} different phonemes in {words:,} words"
        raise DataError.at(file.path, "the phonemes of one language", found, UNSEGMENTED)
    commas = sum("," in word for word in pairs.each_word())
    if 2 * commas > words:
        fix = "name the format: --config.data.format=csv"
        raise DataError.at(file.path, "words", f"commas in {commas:,} words", fix)


def _error(file: TextFile, phoneme: str, expected: str, found: str, fix: str) -> DataError:
    """Returns the error with the first line that holds the phoneme."""
    lines = (
        n for n, line in file.lines() if phoneme in re.split(r"[\s,_]+", line) or phoneme in line
    )
    return file.error(next(lines, 1), expected, found, fix)
