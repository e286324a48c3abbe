"""Reads lexicons that are tables: one line for each word or pronunciation."""

import itertools
import math
import re
import sys
from collections.abc import Iterator

from g2p_jax.data.formats.header import CSV, FIX, NO_ENTRY, PROBABILITY, PRONUNCIATION, SIGNS, WORD
from g2p_jax.data.formats.layout import Entry, Layout
from g2p_jax.data.textfile import TextFile, csv_row, line_break, shorten
from g2p_jax.errors import DataError, counted

_COMMENT = re.compile(r"^\s*;;;.*|^\s*#\s.*|\s#.*")
_COMMENT_LINE = re.compile(r"^\s*;;;.*")
_DISAMBIGUATION = re.compile(r"#\d+")
NUMBER = re.compile(r"(?:\d*[.,]\d+|\d+)(?:[eE][-+]?\d+)?")
_QUOTED = re.compile(r'".+"')
VARIANT = re.compile(r"(?<=.)\(\d+\)$")


def read(file: TextFile, layout: Layout, example: str) -> Iterator[Entry | DataError]:
    """Yields the entries of a file, without its header."""
    rows = _rows(file, layout)
    if layout.header:
        rows = itertools.islice(rows, 1, None)
    word_column, first = columns(layout)
    named = "language" in layout.header
    language_column = layout.header.index("language") if named else sys.maxsize
    weight_column = _weight_column(layout, first)
    many = layout.extra_columns or layout.joined or layout.header or layout.separator == " "
    for number, row in rows:
        if isinstance(row, DataError):
            yield row
            continue
        while not many and len(row) > first + 1 and not row[-1].strip():
            del row[-1]  # a spreadsheet writes empty cells
        if (
            len(row) <= max(word_column, first)
            and not (layout.extra_columns or (layout.separator == " " and not layout.header))
        ) or (len(row) > first + 1 and not many):
            sign = SIGNS[layout.separator]
            what = counted(len(row) - 1, sign) + " in "
            fix = f"put one {sign} between word and phonemes"
            fix += f", or {FIX}" if len(row) > first + 1 else ""
            yield file.error(number, example, what + shorten(layout.separator.join(row)), fix)
        else:
            word = row[word_column].strip()
            word = word[1:-1] if layout.enclosed and _QUOTED.fullmatch(word) else word
            word = VARIANT.sub("", word) if word.endswith(")") else word  # word(2)
            language = row[language_column].strip() if language_column < len(row) else ""
            each, weight = _pronunciations(row[first:], layout), math.nan
            cell = row[weight_column].strip() if weight_column < len(row) else ""
            numbers = [cell] if layout.header else row[1 : 1 + layout.probabilities]
            bad = [n for n in numbers if n.strip() and not NUMBER.fullmatch(n.strip())]
            if NUMBER.fullmatch(cell):
                weight = float(cell.replace(",", "."))
                bad += [cell] if layout.probabilities and weight > 1 else []
            if bad:
                fix = "write a number from 0 to 1"
                fix += ", or leave the cell empty" if layout.header else ""
                yield file.error(number, "a probability", shorten(bad[0]), fix)
                continue
            yield Entry(number, word, each, language, [weight] * len(each))


def columns(layout: Layout) -> tuple[int, int]:
    """Returns the places of the word and of the phonemes."""
    if layout.header:
        return layout.header.index(WORD), layout.header.index(PRONUNCIATION)
    return 0, 1 + layout.probabilities


def _weight_column(layout: Layout, first: int) -> int:
    """Returns the place of the probability; beyond all columns where there is none."""
    if layout.header:
        names = layout.header
        return names.index(PROBABILITY) if PROBABILITY in names else sys.maxsize
    if layout.probabilities:
        return 1
    return first + 1 if layout.extra_columns else sys.maxsize


def _rows(file: TextFile, layout: Layout) -> Iterator[tuple[int, list[str] | DataError]]:
    """Yields the number of each line and its columns; phonemes between spaces are columns, too."""
    if layout.separator in CSV:
        yield from _csv_rows(file, layout.separator)
        return
    for number, line in file.lines():
        if layout.comments and "#" in line or ";;;" in line:
            line = (_COMMENT if layout.comments else _COMMENT_LINE).sub("", line)
        row = line.split("\t") if layout.separator == "\t" else line.split()
        if layout.separator == " " and (found := line_break(line)):
            fix = "put each entry in a line of its own"
            yield number, file.error(number, "one entry", f"{found} in {shorten(line)}", fix)
        elif row and (len(row) > 1 or row[0].strip()):
            yield number, row


def _csv_rows(file: TextFile, separator: str) -> Iterator[tuple[int, list[str] | DataError]]:
    """Reads line by line, so that a quote that is not closed cannot swallow the next lines."""
    for number, line in file.lines():
        if NO_ENTRY.match(line):
            continue
        try:
            yield number, csv_row(f"{file.path}:{number}", line, separator)
        except DataError as error:
            yield number, error


def _pronunciations(fields: list[str], layout: Layout) -> list[list[str]]:
    if layout.joined:
        return [field.split("_") for column in fields for field in column.split()]
    phonemes = fields if layout.separator == " " else fields[0].split() if fields else []
    if layout.between:
        return [part.split() for part in " ".join(phonemes).split(layout.between)]
    if layout.enclosed and phonemes:  # ipa-dict has /several/, /pronunciations/
        text = " ".join(phonemes)
        between = rf"{re.escape(text[-1])}\s*[,;]?\s*{re.escape(text[0])}"
        return [part.split() for part in re.split(between, text[1:-1])]
    if layout.disambiguation and phonemes and _DISAMBIGUATION.fullmatch(phonemes[-1]):
        phonemes = phonemes[:-1]
    return [phonemes]
