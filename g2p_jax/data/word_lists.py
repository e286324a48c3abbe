"""Lists of words to pronounce, read line by line: plain, CSV or JSON lines."""

import csv
import itertools
import json
import os
from collections.abc import Iterable, Iterator
from typing import Any

from g2p_jax.data.textfile import not_utf8, open_to_read, shorten
from g2p_jax.errors import DataError


def read_words(source: str | os.PathLike[str] | Iterable[bytes | str]) -> Iterator[tuple[str, str]]:
    """Yields (id, word) for each line of a word list, as soon as the line is there.

    A plain list gives one word for EVERY line, also for an empty one, with the line number as id.
    A CSV file whose header has a column `word` (Id,Word) gives the words of that column and the
    ids of the column `id`, else the number of the row; so do JSON lines, {"id": 7, "word": "go"}.

    Args:
      source: a path, or lines such as sys.stdin.buffer.

    Raises DataError for a file that cannot be read, bytes that are not UTF-8, and a row without a
    word.
    """
    if isinstance(source, str | os.PathLike):
        with open_to_read(source) as file:
            yield from _words(os.fspath(source), file)
    else:
        yield from _words("input", source)


def _words(name: str, source: Iterable[bytes | str]) -> Iterator[tuple[str, str]]:
    lines = (_text(name, n, line).rstrip("\r\n") for n, line in enumerate(source, 1))
    first = next(lines, None)
    if first is None:
        return
    first = first.removeprefix("\ufeff")
    whole = enumerate(itertools.chain([first], lines), 1)
    header = [column.strip(' "').lower() for column in first.split(",")]
    expected, fix = f"the columns {first}", "put a word that holds a comma in double quotes"
    rows: Iterable[tuple[int, Any, str | None, Any]]  # (line number, id, word, what to show)
    if _json_object(first):
        expected, fix = '{"word": "..."}', "write one JSON object with a text `word` in each line"
        objects = ((n, line, _json_object(line)) for n, line in whole if line.strip())
        rows = ((n, row.get("id", n), row.get("word"), line) for n, line, row in objects)
    elif len(header) > 1 and "word" in header:
        table = csv.DictReader(lines, header)  # None: the key of values too many
        rows = (
            (table.line_num + 1, row.get("id", n), None if None in row else row["word"], row)
            for n, row in enumerate(table, 1)
        )
    else:
        rows = ((n, n, line, line) for n, line in whole)
    for number, id, word, row in rows:
        if word is None:
            raise DataError.at(f"{name}:{number}", expected, shorten(row), fix)
        yield _valid(str(id)), _valid(word)


def _json_object(line: str) -> dict[str, Any]:
    """Returns the JSON object in a line, with lower-case keys; {} if it has no text `word`."""
    try:
        value = json.loads(line)
    except json.JSONDecodeError:
        return {}
    row = {key.lower(): x for key, x in value.items()} if isinstance(value, dict) else {}
    return row if isinstance(row.get("word"), str) else {}


def _text(name: str, number: int, line: bytes | str) -> str:
    if isinstance(line, str):
        return _valid(line)
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise not_utf8(f"{name}:{number}", error) from error


def _valid(text: str) -> str:
    """Returns Unicode; an argument or JSON may hold halves of characters, which become U+FFFD."""
    return text.encode(errors="surrogatepass").decode(errors="replace")
