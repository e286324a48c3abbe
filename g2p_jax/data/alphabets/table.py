"""Tables of alphabets, and how a text is cut into the symbols of one."""

import functools
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from g2p_jax.data.textfile import shorten
from g2p_jax.errors import DataError


def rows(name: str) -> list[list[list[str]]]:
    """Returns the rows of a table in this folder: for each cell the spellings in it."""
    text = Path(__file__).with_name(name).read_text("utf-8").replace("◌", "")
    lines = (line for line in text.splitlines() if not line.startswith("# "))
    return [[cell.split(" ") for cell in decomposed(line).split("\t")] for line in lines]


def decomposed(text: str) -> str:
    """Returns the text with letters and their marks apart, as the tables have them."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFD", text)
    return re.sub("([^\u0334-\u0338])([\u0334-\u0338]+)\u0327", "\\1\u0327\\2", text)  # ç is one


class Symbols:
    """The symbols of one alphabet; in a text the longest that fits is taken."""

    def __init__(self, alphabet: str, symbols: Iterable[str]):
        self._alphabet, self._symbols = alphabet, frozenset(symbols)

    @functools.cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self._symbols, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, longest_first)) + "|.", re.DOTALL)

    def split(self, text: str) -> list[str]:
        """Returns the symbols of a text, and single characters for what is none."""
        return self._pattern.findall(decomposed(text))

    def cut(self, text: str) -> list[str]:
        """Returns the symbols of a text; raises DataError for what is none."""
        found = self.split(text)
        if unknown := next((symbol for symbol in found if symbol not in self._symbols), ""):
            raise DataError(
                f"{unknown!r} (U+{ord(unknown):04X}) in {shorten(text)} is not a symbol of the "
                f"alphabet {self._alphabet}; fix: replace it, or name another alphabet or model"
            )
        return found
