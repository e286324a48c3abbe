"""Lists of words to pronounce, read line by line: plain, CSV or JSON lines."""

import contextlib
import itertools
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from absl import logging

from g2p_jax import runtime
from g2p_jax.data.formats.header import CSV, FIX, NO_ENTRY, SIGNS, WORD, column_names
from g2p_jax.data.formats.table import VARIANT
from g2p_jax.data.language_names import find_language, split_language
from g2p_jax.data.lexicon import SPECIAL
from g2p_jax.data.symbols import Symbols
from g2p_jax.data.textfile import (
    INPUT,
    LineStream,
    csv_row,
    decode,
    json_value,
    line_break,
    shorten,
)
from g2p_jax.errors import DataError, UserError, counted

FIRST = 10  # lines that tell a lexicon from a list of words
LEXICON = "%s looks like a lexicon: whole lines are pronounced; give the words alone (cut -f1)"

TEXT = "%s looks like a text: whole lines are pronounced; --text reads sentences"
Row = tuple[int, object, str, str]  # number of the line, id, word, language or ""
_NUMBER = re.compile(r"\d*[.,]\d+")
_COMMENT = re.compile(r"^\s*;;;.*|(?:^|\s+)#\s.*")
_SOUNDS = re.compile(r"[\u0250-\u02d0@{}_\\]")  # of IPA and X-SAMPA, in no spelling
_QUOTED = re.compile(r'\s*"([^"]|"")+"\s*')
_IN_QUOTES = re.compile("""["“”„«»'‘’](.+)["“”«»'‘’]""")
_JSON = re.compile(r'\s*([\[{]\s*)+("|$)')  # of any kind, also if it cannot be read


def read_words(
    source: str | os.PathLike[str] | Iterable[bytes | str],
    symbols: Symbols | None = None,
    model: str = "the model",
) -> Iterator[tuple[str, str]]:
    """Yields (id, word) for each line of a word list, as soon as the line is there.

    A plain list gives one word for EVERY line, also for an empty one, with the line number as id;
    comments, "# as here" or ";;; so", are left out, as of lexicons, and counted in the log.
    A table whose header has a column `word` (Id,Word; see `column_names`) gives the words of that
    column and the ids of the column `id`, else the number of the row; so do JSON lines, {"id": 7,
    "word": "go"}. Between columns are tabs or one of , ; |. In a file that is named .csv, and only
    there, the header may be that column alone.

    Args:
      source: a path, "-" for standard input, or lines.
      symbols: of the model that is to read the words, which get the `language` of their rows, as in
        deu:Haus; a model of one language takes no other. None: languages are left out.
      model: its name in messages.

    Raises DataError for a file that cannot be read, bytes that are not UTF-8, a row without a word,
    and a language that the model does not know.
    """
    if isinstance(source, str | os.PathLike):
        with contextlib.closing(LineStream(source)) as lines:
            yield from read_words(lines, symbols, model)
        return
    name, language_of = _name(source), _Languages(symbols, model) if symbols else None
    for number, id, word, language in _rows(name, source):
        if language_of and (language or language_of.several or ":" in word):
            word = language_of(f"{name}:{number}", word, language.strip())
        yield _valid(str(id)), _valid(word)


def read_texts(source: Iterable[bytes | str]) -> Iterator[tuple[str, str]]:
    """Yields (number, line) for each line of a text, as soon as it is there; see `read_words`."""
    name = _name(source)
    for number, line in enumerate(source, 1):
        text = _text(name, number, line).rstrip("\r\n")
        yield str(number), text.removeprefix("\ufeff") if number == 1 else text


def words_for_lexicon(words: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yields (id, word) of a list as a lexicon can hold it; logs what is different, by an example.

    A list that was made from a lexicon has variants, through(2), which become their word, as
    "quoted" ones do; and noise such as <UNK>, which is left out, as readers of a lexicon do.
    """
    left_out, variants = list[str](), list[str]()
    for id, word in words:
        text = word.strip()
        if SPECIAL.fullmatch(text):
            left_out.append(text)
        else:
            variants += [text] * (text != (word := _bare(text)))
            yield id, word
    if left_out:
        some = shorten(left_out[0])
        logging.warning(
            "left out %s without speech, such as %s", counted(len(left_out), "line"), some
        )
    if variants:
        count, word = counted(len(variants), "variant"), shorten(_bare(variants[0]))
        logging.warning("took %s for a word: %s for %s", count, shorten(variants[0]), word)


def _bare(text: str) -> str:
    """Returns the word without the number of a variant, and without quotes around it."""
    word = VARIANT.sub("", text)
    return word[1:-1] if _IN_QUOTES.fullmatch(word) else word


def _name(source: Iterable[bytes | str]) -> str:
    return source.name if isinstance(source, LineStream) else INPUT


class _Languages:
    """Called with a word and its language, returns the word for a model: deu:Haus."""

    def __init__(self, symbols: Symbols, model: str):
        self.several, self._default, self._model = symbols.languages, symbols.language, model
        self._own = "" if symbols.alphabet == "ipa" else "eng"  # of a model of one language
        self._warned = False

    def __call__(self, where: str, word: str, language: str) -> str:
        named = f"{language}:{word}" if language else word
        try:
            if self.several:
                found = language and find_language(language, self.several)
                split_language(named, self.several, found or self._default)
                return named
        except UserError as error:
            about = f"{shorten(word)}: " * bool(language)
            raise DataError(f"{where}: {about}{error}") from error
        if language:
            self._own = self._own or language  # IPA does not tell which
            if runtime.find_language(language, [self._own]) is None:
                expected, found = f"words of {self._own}, the only language of", shorten(word)
                found, fix = f"{found} of {language!r}", "give a model of many, as --ckpt=world"
                raise DataError.at(where, f"{expected} {self._model}", found, fix)
        elif not self._warned and runtime.find_language(word.partition(":")[0], runtime.LANGUAGES):
            self._warned = True
            what = "%s: the language in %s is read as letters: %s has one language only; %s"
            fix = "fix: leave it out, or give a model of many, as --ckpt=world"
            logging.warning(what, where, shorten(word), self._model, fix)
        return word


def _rows(name: str, source: Iterable[bytes | str]) -> Iterator[Row]:
    """Yields the rows of a list of any kind."""
    lines = ((n, _text(name, n, line).rstrip("\r\n")) for n, line in enumerate(source, 1))
    comments, is_csv = list[tuple[int, str]](), name.lower().endswith(".csv")
    for number, line in lines:
        first = line.removeprefix("\ufeff") if number == 1 else line
        if name == INPUT or not NO_ENTRY.match(first):  # who writes line by line waits for answers
            break
        comments.append((number, first))
    else:
        yield from _words_only(name, comments)
        return
    whole = itertools.chain([(number, first)], lines)
    tables = {sign: column_names(first.split(sign)) for sign in (*CSV, "\t")}
    headers = {sign: names for sign, names in tables.items() if WORD in names}
    separator, header = max(headers.items(), key=lambda one: len(one[1]), default=("", ()))
    if _JSON.match(first) or isinstance(_json(first), dict | list):
        yield from _json_rows(name, whole)
    elif header and (is_csv or len(header) > 1):
        if max(header.count(WORD), header.count("id")) > 1:
            fix = "give each column a name of its own"
            raise DataError.at(f"{name}:{number}", "one column word", shorten(first), fix)
        yield from _table_rows(name, first, header, separator, lines)
    elif is_csv and _QUOTED.fullmatch(first):
        yield from _table_rows(name, WORD, (WORD,), ",", whole)
    elif is_csv and (found := [sign for sign in CSV if sign in first]):
        expected = f"one word in each line, or a column named {WORD}"
        raise DataError.at(f"{name}:{number}", expected, f"{found[0]!r} in {shorten(first)}", FIX)
    else:
        yield from _words_only(name, itertools.chain(comments, whole))


def _words_only(name: str, lines: Iterable[tuple[int, str]]) -> Iterator[Row]:
    """Yields the lines; logs a line if the first look like entries of a lexicon, or like a text."""
    kinds, comments = Counter[str](), list[str]()
    for number, line in lines:
        if found := line_break(line):
            fix = "put each word in a line of its own"
            raise DataError.at(f"{name}:{number}", "one word", f"{found} in {shorten(line)}", fix)
        if (word := _COMMENT.sub("", line)) != line:
            comments.append(line)
        if word.strip() and kinds.total() < FIRST:
            kinds[_kind(word.strip())] += 1
            if kinds.total() == FIRST:
                _warn_of(kinds, name)
        yield number, number, word, ""
    if kinds.total() < FIRST:
        _warn_of(kinds, name)
    if comments:
        count = counted(len(comments), "comment")
        logging.warning("%s: left out %s, such as %s", name, count, shorten(comments[0]))


def _kind(line: str) -> str:
    """Returns LEXICON or TEXT for a line that looks like one of those, "" for a word."""
    first, *rest = [part for part in re.split(r"[\t ,;]+", line) if part] or [""]
    short = all(len(part) < 4 or "_" in part or _NUMBER.fullmatch(part) for part in rest)
    consonant = any(not set("aeiouy").intersection(part.lower()) for part in rest)
    numbered = len(rest) == 1 and re.fullmatch(r"\d+[.)]?", first)  # or counted
    sounds = (short and consonant) or any(map(_SOUNDS.search, rest))
    if "\t" in line or sounds or numbered:
        return LEXICON
    return TEXT if len(rest) > 4 else ""


def _warn_of(kinds: Counter[str], name: str) -> None:
    """Logs a line if most of the first lines are entries of a lexicon, or all are sentences."""
    total = kinds.total()
    if 2 * kinds[LEXICON] > total > 1:
        logging.warning(LEXICON, name)
    elif kinds[TEXT] == total >= 3:
        logging.warning(TEXT, name)


def _table_rows(
    name: str,
    first: str,
    header: Sequence[str],
    separator: str,
    lines: Iterable[tuple[int, str]],
) -> Iterator[Row]:
    count = 0
    for number, line in lines:
        if line:
            where = f"{name}:{number}"
            row = line.split("\t") if separator == "\t" else csv_row(where, line, separator)
            if len(row) != len(header):
                fix = f"put a word that holds a {SIGNS[separator]} in double quotes"
                raise DataError.at(where, f"the columns {first}", shorten(line), fix)
            count += 1
            cell = dict(zip(header, row, strict=True))
            yield number, cell.get("id", count), cell[WORD], cell.get("language", "")


def _json_rows(name: str, lines: Iterable[tuple[int, str]]) -> Iterator[Row]:
    for number, line in lines:
        if line.strip():
            value = _json(line)
            row = {k.lower(): x for k, x in value.items()} if isinstance(value, dict) else {}
            if not isinstance(row.get("word"), str) or len(row) < len(value):
                fix = "write one JSON object with a text `word` in each line, as jq -c '.[]' does"
                whole = line.strip() in ("[", "{", "[{")
                found = "JSON of several lines" if whole else shorten(line)
                found = str(value).partition(";")[0] if type(value) is ValueError else found
                raise DataError.at(f"{name}:{number}", '{"word": "..."}', found, fix)
            yield number, row.get("id", number), row["word"], str(row.get("language") or "")


def _json(line: str) -> Any:
    """Returns the JSON value in a line, or why there is none."""
    try:
        return json_value(line)
    except (ValueError, RecursionError) as error:
        return error


def _text(name: str, number: int, line: bytes | str) -> str:
    if isinstance(line, bytes):
        return decode(line, name, number)
    if half := re.search("[\ud800-\udfff]", line):  # Python's sign for a byte that is not UTF-8
        found = f"the byte 0x{ord(half[0]) & 0xFF:02x} in {shorten(line)}"
        raise DataError.at(f"{name}:{number}", "UTF-8", found, "set the terminal to UTF-8")
    return line


def _valid(text: str) -> str:
    """Returns Unicode; JSON may hold halves of characters, which become U+FFFD."""
    return text.encode(errors="surrogatepass").decode(errors="replace")
