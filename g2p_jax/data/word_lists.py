"""Lists of words to pronounce, read line by line: plain, CSV or JSON lines."""

import contextlib
import itertools
import json
import os
from collections.abc import Iterable, Iterator
from typing import Any

from g2p_jax.data.textfile import LineStream, csv_row, no_text, not_utf8, shorten
from g2p_jax.errors import DataError


def read_words(source: str | os.PathLike[str] | Iterable[bytes | str]) -> Iterator[tuple[str, str]]:
    """Yields (id, word) for each line of a word list, as soon as the line is there.

    A plain list gives one word for EVERY line, also for an empty one, with the line number as id.
    A CSV file whose header has a column `word` (Id,Word) gives the words of that column and the
    ids of the column `id`, else the number of the row; so do JSON lines, {"id": 7, "word": "go"}.

    Args:
      source: a path, "-" for standard input, or lines.

    Raises DataError for a file that cannot be read, bytes that are not UTF-8, and a row without a
    word.
    """
    if isinstance(source, str | os.PathLike):
        with contextlib.closing(LineStream(source)) as lines:
            yield from read_words(lines)
    else:
        yield from _words(source.name if isinstance(source, LineStream) else "input", source)


def _words(name: str, source: Iterable[bytes | str]) -> Iterator[tuple[str, str]]:
    lines = ((n, _text(name, n, line).rstrip("\r\n")) for n, line in enumerate(source, 1))
    if not (head := next(lines, None)):
        return
    first = head[1].removeprefix("\ufeff")
    whole = itertools.chain([(1, first)], lines)
    header = [column.strip(' "').lower() for column in first.split(",")]
    rows: Iterable[tuple[object, str]] = whole
    if first.strip() in ("[", "{") or isinstance(_json(first), dict | list):
        rows = _json_rows(name, whole)
    elif len(header) > 1 and "word" in header:
        rows = _csv_rows(name, first, header, lines)
    for id, word in rows:
        yield _valid(str(id)), _valid(word)


def _csv_rows(
    name: str, first: str, header: list[str], lines: Iterable[tuple[int, str]]
) -> Iterator[tuple[object, str]]:
    count = 0
    for number, line in lines:
        if line:
            row = csv_row(f"{name}:{number}", line)
            if len(row) != len(header):
                fix = "put a word that holds a comma in double quotes"
                expected, found = f"the columns {first}", shorten(line)
                raise DataError.at(f"{name}:{number}", expected, found, fix)
            count += 1
            yield row[header.index("id")] if "id" in header else count, row[header.index("word")]


def _json_rows(name: str, lines: Iterable[tuple[int, str]]) -> Iterator[tuple[object, str]]:
    for number, line in lines:
        if line.strip():
            value = _json(line)
            row = {k.lower(): x for k, x in value.items()} if isinstance(value, dict) else {}
            if not isinstance(row.get("word"), str):
                fix = "write one JSON object with a text `word` in each line"
                raise DataError.at(f"{name}:{number}", '{"word": "..."}', shorten(line), fix)
            yield row.get("id", number), row["word"]


def _json(line: str) -> Any:
    """Returns the JSON value in a line, or None."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):  # no JSON; a number of too many digits; nested too deeply
        return None


def _text(name: str, number: int, line: bytes | str) -> str:
    if isinstance(line, str):
        return _valid(line)
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise not_utf8(f"{name}:{number}", error) from error
    if "\0" in text:
        raise no_text(f"{name}:{number}")
    return text


def _valid(text: str) -> str:
    """Returns Unicode; an argument or JSON may hold halves of characters, which become U+FFFD."""
    return text.encode(errors="surrogatepass").decode(errors="replace")
