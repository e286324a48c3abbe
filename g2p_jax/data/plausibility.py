"""Checks that a lexicon was read rightly: one that looks misread is an error, never a model."""

import re
from collections import Counter

import numpy as np

from g2p_jax.data.pairs import Pairs
from g2p_jax.data.textfile import TextFile, shorten
from g2p_jax.errors import DataError, counted

FORMAT = "the option format"  # commands put their flag in its place
FEW = 20  # words: too few to judge by
MANY_PHONEMES = 150  # no language has so many, tones and stress marks included
_NUMBER = re.compile(r"\d*\.\d+(?:[eE][-+]?\d+)?")
_MARKS = re.compile(r"""[(\[].+|.+[)\]]|"[^"]+"|'[^']+'|/.+/|.+,.*""")
UNSEGMENTED = (
    "put spaces between the phonemes; let IPA be cut into phones, with --config.data.target=ipa; "
    "or learn the characters, with --config.data.target=characters"
)


def check(file: TextFile, pairs: Pairs, format: str) -> None:
    """Raises DataError where the phonemes look like numbers, words or whole transcriptions."""
    for phoneme in pairs.phonemes:
        what = "a number" if _NUMBER.fullmatch(phoneme) else None
        what = "brackets, quotes or commas" if _MARKS.fullmatch(phoneme) else what
        if what:
            fix = f"name the format with {FORMAT}=..., or remove the column"
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
    signs = {phoneme for phoneme in pairs.phonemes if not any(map(str.isalnum, phoneme))}
    firsts = {pronunciation[0] for _, each in pairs for pronunciation in each}
    ends = {word[-1] for word in pairs.each_word()}
    if len(firsts) == 1 and firsts <= signs:
        found = f"{shorten(*firsts)} before every pronunciation"
        raise DataError.at(file.path, "phonemes after the word", found, "remove it")
    if len(ends) == 1 and not any(map(str.isalnum, ends)) and ends & set(":;,=|"):
        found = f"{shorten(*ends)} at the end of every word"
        raise DataError.at(file.path, "words", found, "remove it")
    if format == "csv" and 2 * sum(" " in word for word in pairs.each_word()) > words:
        found = f"spaces in most words, such as {shorten(pairs[0].word)}"
        fix = f"separate pronunciations in another way, or name the format with {FORMAT}=..."
        raise DataError.at(file.path, "words", found, fix)
    if label := _label(pairs):
        found = f"{shorten(label)} before the phonemes of words of all kinds"
        raise DataError.at(file.path, "phonemes after the word", found, "remove that column")
    commas = sum("," in word for word in pairs.each_word())
    if 2 * commas > words:
        fix = f"name the format: {FORMAT}=csv"
        raise DataError.at(file.path, "words", f"commas in {counted(commas, 'word')}", fix)


def _label(pairs: Pairs) -> str:
    """Returns a first "phoneme" that is none, such as `noun` in `cat noun K AE T`; "" without one.

    What begins a pronunciation depends on the first letter of the word, and a label does not. (Tone
    marks and a glottal stop before vowels do not, either; these are no ASCII letters.)
    """
    letters = Counter(word[0] for word in pairs.each_word())
    both = Counter((word[0], each[0]) for word, several in pairs for each in several[:1])
    often = {letter for letter, count in letters.items() if count >= 4}
    with_letters = Counter(
        first
        for (letter, first), n in both.items()
        if letter in often and 10 * n >= letters[letter]
    )
    label, count = max(with_letters.items(), key=lambda one: one[1], default=("", 0))
    alone = {p[0] for _, several in pairs for p in several if len(p) == 1}  # these are phonemes
    independent = len(often) >= 6 and 3 * count >= 2 * len(often) and label not in alone
    return label if independent and label.isascii() and label.isalpha() else ""


def _error(file: TextFile, phoneme: str, expected: str, found: str, fix: str) -> DataError:
    """Returns the error with the first line that holds the phoneme."""
    lines = (
        n for n, line in file.lines() if phoneme in re.split(r"[\s,_]+", line) or phoneme in line
    )
    return file.error(next(lines, 1), expected, found, fix)
