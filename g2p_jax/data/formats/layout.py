"""The layout of a lexicon file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Entry(NamedTuple):
    """One line of a lexicon: a word and its pronunciations, most often one."""

    place: int | str  # number of the line, or what names it otherwise
    word: str
    pronunciations: list[list[str]]
    language: str = ""  # of the word, where the file has a column for it
    weights: Sequence[float] = ()  # of the pronunciations; NaN: none in this line


@dataclass(frozen=True)
class Layout:
    """How to read the lines of a lexicon."""

    format: str
    separator: str = " "  # between columns: "\t", one of CSV, or " " for any white space
    probabilities: int = 0  # columns of numbers between the word and its phonemes
    joined: bool = False  # each field is a pronunciation: P_H_O_N
    comments: bool = False  # "#" begins a comment
    disambiguation: bool = False  # "#1" at the end of a pronunciation is no phoneme
    enclosed: bool = False  # pronunciations stand between slashes or brackets: /k æ t/
    between: str = ""  # sign between several pronunciations: K AE T; K AH T
    extra_columns: bool = False  # columns behind the pronunciation that predict.py writes
    header: tuple[str, ...] = ()  # names of the columns, in lower case, if the file has a header
