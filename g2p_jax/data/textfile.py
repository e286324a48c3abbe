"""UTF-8 text files (and UTF-16 with its mark); an error names the file and the line."""

import codecs
import csv
import difflib
import io
import json
import os
import re
import select
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from g2p_jax.errors import DataError, cut

T = TypeVar("T")
MOST_BYTES = 10_000_000  # of a line of a stream: to pronounce it takes seconds
INPUT = "input"  # the name of what is no file
BLOCK = 1 << 20  # bytes that are read at once, where so many are there
UTF16 = codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE  # marks at the start of a file
UTF32 = codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE  # of which the first begins with one of UTF-16
_OLD_MAC = re.compile(r"\r(?!\r*(?:\n|\Z))")
PACKED = {  # how files begin that are no text, and how a text is made of them
    b"\x1f\x8b": ("a gzip file", "unpack it with gunzip"),
    b"BZh": ("a bzip2 file", "unpack it with bunzip2"),
    b"\xfd7zXZ": ("an xz file", "unpack it with unxz"),
    b"\x28\xb5\x2f\xfd": ("a zstd file", "unpack it with unzstd"),
    b"PK\x03\x04": ("a ZIP file or a spreadsheet", "unpack it, or save the spreadsheet as CSV"),
    b"%PDF": ("a PDF file", "save its text as UTF-8"),
}


def open_to_read(path: str | os.PathLike[str]) -> BinaryIO:
    """Opens a file, or standard input ("-"); raises DataError if it cannot be read."""
    try:
        return open(0, "rb", closefd=False) if path == "-" else open(path, "rb")
    except OSError as error:
        folder = Path(path).parent
        names = [x.name for x in folder.iterdir() if x.is_file()] if folder.is_dir() else []
        stems = {Path(name).stem: name for name in names}  # most names share a suffix
        near = difflib.get_close_matches(Path(path).stem, stems, 1, 0.75)
        fix = f"check the path; we are in {Path.cwd()}"
        if Path(path).exists():
            fix = "name a file that you may read"
        elif near:
            fix = f"did you mean {folder / stems[near[0]]}?"
        found = error.strerror or str(error)
        raise DataError.at(path or "''", "a readable file", found, fix) from error


def shorten(text: object) -> str:
    """Returns the text as one short line; the escapes of repr make invisible characters visible."""
    return cut(repr(text), 80)


def listed(items: Iterable[object], most: int = 5) -> str:
    """Returns the first items, each as one short text, and how many more there are."""
    every = list(items)
    more = f" and {len(every) - most:,} more" if len(every) > most else ""
    return ", ".join(map(shorten, every[:most])) + more


def decode(data: bytes, name: object, number: int = 1) -> str:
    """Returns UTF-8 as text; raises DataError for other bytes, and for carriage returns in a line.

    name, number: the file, and the line of it with which the bytes begin.
    """
    try:
        text = data.decode()
        if "\0" not in text and not ("\r" in text and _OLD_MAC.search(text)):
            return text
        place = data.find(0) if b"\0" in data else len(_OLD_MAC.split(text)[0].encode())
    except UnicodeDecodeError as error:
        place = error.start
    expected, found, fix = _foreign(data, place, number == 1)
    line = number + data.count(b"\n", 0, place)
    raise DataError.at(f"{name}:{line}", expected, found, fix)


def _foreign(data: bytes, place: int, is_start: bool) -> tuple[str, str, str]:
    """Returns what was expected, what bytes are that are no text in UTF-8, and how to mend it."""
    for begin, (found, fix) in PACKED.items():
        if is_start and data.startswith(begin):
            return "UTF-8", found, fix
    byte, convert = f"the byte 0x{data[place]:02x}", "convert the file, for example with "
    if data[place] == ord("\r"):
        found = "a carriage return inside a line"
        return "line feeds between lines", found, convert + r"tr '\r' '\n' < OLD > NEW"
    zeros = data[::2].count(0), data[1::2].count(0)
    if data.startswith(UTF32):
        return "UTF-8", f"{byte}, as in UTF-32", convert + "iconv -f utf-32 -t utf-8"
    if data.startswith(UTF16):
        return "UTF-8", f"{byte}, as in UTF-16", convert + "iconv -f utf-16 -t utf-8"
    if max(zeros) > 20 * min(zeros) and 4 * max(zeros) >= len(data):
        endian = "be" if zeros[0] > zeros[1] else "le"
        return "UTF-8", f"{byte}, as in UTF-16", convert + f"iconv -f utf-16{endian} -t utf-8"
    if sum(zeros):
        return "text in UTF-8", f"{byte}, which no text has", "name a text file"
    return "UTF-8", byte, convert + "iconv -f latin1 -t utf-8"


def line_break(line: str) -> str:
    """Returns what stands within a line and ends it for other programs, as "U+2028", or ""."""
    first, *rest = line.strip().splitlines() or [""]
    return f"the line break U+{ord(line.strip()[len(first)]):04X}" if rest else ""


def _each_once(items: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(items)
    if len(found) < len(items):
        names = [name for name, _ in items]
        raise ValueError(f"the name {shorten(max(names, key=names.count))} twice in an object")
    return found


# Raises ValueError for what is no JSON, or has a name twice; RecursionError: nested too deeply.
json_value: Callable[[str], Any] = json.JSONDecoder(object_pairs_hook=_each_once).decode


def csv_row(where: str, line: str, separator: str = ",") -> list[str]:
    """Returns the cells of one line of CSV; raises DataError for a quote that it does not close."""
    try:
        rows = csv.reader([line], delimiter=separator, strict=True, skipinitialspace=True)
        return next(rows, [])
    except csv.Error as error:
        fix = "close each double quote in its own line, and write one inside a cell twice"
        fix = "shorten the cell" if "limit" in str(error) else fix
        raise DataError.at(where, "a row of CSV", f"{error} in {shorten(line)}", fix) from error


class TextFile:
    """A text, without a byte order mark at its start. A pipe can be read more than once, too.

    Raises DataError if it is no text. bad: gets the errors of lines that are none, which are then
    empty; without it the first is raised.
    """

    def __init__(self, path: str | os.PathLike[str], bad: list[DataError] | None = None):
        self.path = Path(path)
        with open_to_read(path) as file:
            self._data = file.read().removeprefix(codecs.BOM_UTF8)
        if self._data.startswith(UTF16) and not self._data.startswith(UTF32):
            self._data = self._from_utf16()
        try:
            decode(self._data, self.path)
        except DataError:
            if bad is None or b"\0" in self._data or self._data.startswith(tuple(PACKED)):
                raise
            self._data = b"\n".join(self._right_lines(bad))

    def _from_utf16(self) -> bytes:
        try:
            return self._data.decode("utf-16").encode()
        except UnicodeDecodeError as error:
            raise self.error(1, "UTF-16", "half a character", "write the file again") from error

    def _right_lines(self, bad: list[DataError]) -> Iterator[bytes]:
        for number, line in enumerate(self._data.split(b"\n"), 1):
            try:
                yield decode(line, self.path, number).encode()
            except DataError as error:
                bad.append(error)
                yield b""

    def error(self, place: int | str, expected: str, found: str, fix: str) -> DataError:
        """Returns the error at a place: the number of a line, or what names it otherwise."""
        return DataError.at(f"{self.path}:{place}", expected, found, fix)

    def text(self) -> str:
        """Returns the whole text."""
        return self._data.decode()

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yields (number, line) for each line that is not empty, without spaces at its end."""
        # Bytes end a line at b"\n" only; text would do so at rare characters inside a line, too.
        for number, data in enumerate(io.BytesIO(self._data), 1):
            line = data.decode().rstrip(" \r\n")  # not tabs: they are columns
            if line and not line.isspace():
                yield number, line


class LineStream(Iterator[bytes]):
    """Lines of a file, a pipe or a terminal, each as soon as it is there."""

    def __init__(self, path: str | os.PathLike[str]):
        self.name = INPUT if path == "-" else os.fspath(path)
        self._file, self._rest, self._ended = open_to_read(path), b"", False
        self._lines: deque[bytes] = deque()
        self._number = 0  # of the line that was returned last

    def __next__(self) -> bytes:
        while not (self._lines or self._ended):
            self._read()
        if not self._lines:
            raise StopIteration
        self._number += 1
        line = self._lines.popleft()
        if len(line) > MOST_BYTES:
            place, most = f"{self.name}:{self._number}", f"at most {MOST_BYTES:,} bytes in a line"
            raise DataError.at(place, most, "more", "put each word, or sentence, in its own line")
        return line

    def ready(self) -> bool:
        """Returns whether the next line, or the end, can be read without waiting for it."""
        while not (self._lines or self._ended) and self._readable():
            self._read()
        return bool(self._lines) or self._ended

    def close(self) -> None:
        self._file.close()

    def _read(self) -> None:
        data = os.read(self._file.fileno(), BLOCK)
        is_first = not (self._number or self._lines or self._rest)
        if is_first and (b"\0" in data or data.startswith(tuple(PACKED))):
            decode(data, self.name)  # its first line may look like text
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._lines.extend(lines)
        if not data or len(self._rest) > MOST_BYTES:
            self._lines.extend([self._rest] if self._rest else [])
            self._ended = True

    def _readable(self) -> bool:
        try:
            return bool(select.select([self._file.fileno()], [], [], 0)[0])
        except OSError:  # Windows can tell of sockets only
            return False


def as_they_come(items: Iterable[T], size: int, ready: Callable[[], bool]) -> Iterator[list[T]]:
    """Cuts a stream into lists of at most `size`, none of which waits for an item: `ready`.

    An empty list before each wait lets a reader that is one list ahead finish with the last.
    """
    some: list[T] = []
    for item in items:
        some.append(item)
        if len(some) == size or not ready():
            yield some
            some = []
            if not ready():
                yield []
    yield some
