"""A user's lexicon with more words, in its own format, order and line ends.

Its lines stay byte for byte as they are; new lines look like those around them.
"""

import bisect
import codecs
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain, pairwise

from absl import logging

from g2p_jax import runtime
from g2p_jax.data import formats, plausibility
from g2p_jax.data.alphabets import alphabet_of
from g2p_jax.data.alphabets.english import is_arpabet
from g2p_jax.data.formats import jsonl
from g2p_jax.data.formats.evidence import SOURCES
from g2p_jax.data.formats.header import CSV, PROBABILITY
from g2p_jax.data.formats.layout import Entry
from g2p_jax.data.formats.table import columns
from g2p_jax.data.formats.writers import BREAKS, Answers, csv_cells, distinct, scaled, token
from g2p_jax.data.language_names import names_language
from g2p_jax.data.lexicon import SPECIAL, read_lexicon
from g2p_jax.data.normalise import normal_form
from g2p_jax.data.pairs import Phonemes
from g2p_jax.data.textfile import TextFile, listed, open_to_read, shorten
from g2p_jax.errors import DataError, counted
from g2p_jax.runtime import MARKS

SILENCE = "0.5", "1.0", "1.0"  # what MFA assumes where it is not told: probability, corrections
LEAST = 0.01  # probability that MFA allows
_ENCODINGS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
BYTES = "surrogateescape"  # lines of another encoding, which are left out, stay as they are
POSITION = re.compile(r"(?<=.)_[BIES]$")  # Kaldi: of a phoneme in its word
_DECIMAL_COMMA = re.compile(r'(?:^|[\s;|"])\d*,\d+(?:[\s;|"]|$)')
_VARIANT = re.compile(r"(?m)^[^\s(]\S*\((\d+)\)\s")
_ORDERS: tuple[Callable[[str], str], ...] = (
    str,
    str.casefold,
    lambda word: re.sub(r"\W", "", word).casefold(),  # as `sort` does in most languages
)


class LexiconFile:
    """A lexicon to which words can be added.

    `alphabet` and `stress` say how its pronunciations are written: "arpabet", "ipa", "xsampa", or
    "" where that cannot be told; with digits or marks of stress, or without.
    """

    def __init__(
        self, path: str | os.PathLike[str], format: str = "auto", skip_bad_lines: bool = False
    ):
        pairs = read_lexicon(path, format, skip_bad_lines=skip_bad_lines, phones=True)
        file = TextFile(path, [])
        self._path, (self._layout, entries) = path, formats.read(file, format)
        self._entries = [e for e in entries if isinstance(e, Entry) and not _is_special(e)]
        self._whole = [p for entry in self._entries for p in entry.pronunciations]
        if not isinstance(self._entries[0].place, int):
            fix = "write each object in a line of its own, for example with jq -c '.[]'"
            raise DataError.at(path, "JSON lines", "a JSON array", fix)
        self._data = self._read()
        self._encoding = _ENCODINGS.get(self._data[:2], "utf-8")
        text = self._data.decode(self._encoding, BYTES)
        self._mark = "\ufeff" if text.startswith("\ufeff") else ""
        self._lines = re.findall(r"[^\n]*\n|[^\n]+", text.removeprefix(self._mark))
        examples = [self._lines[int(entry.place) - 1] for entry in self._entries]
        self._escapes = re.search(r"\\u[0-9a-f]{4}", "".join(examples)) is not None
        nested = [line for line in examples if re.search(r'"sounds"\s*:\s*\[\s*\[', line)]
        self._example = [*nested, *examples][0].rstrip("\r\n")
        self._gap = _gap(examples, self._layout.separator)
        self._point = "," if any(map(_DECIMAL_COMMA.search, examples)) else "."
        variants = _VARIANT.findall("".join(examples)) if self._layout.separator not in CSV else []
        self._second = min(map(int, variants), default=0)  # the number of a second pronunciation
        words = "".join(pairs.each_word())
        is_one_case = words.lower() != words.upper() and words in (words.lower(), words.upper())
        self._case = (str.lower if words == words.lower() else str.upper) if is_one_case else str
        self.named = any(entry.language for entry in self._entries)  # words are deu:Haus here
        each_word = map(_with_language, self._entries) if self.named else pairs.each_word()
        self.names_languages = self.named or all(map(names_language, pairs.each_word()))
        self._key = _named_key if self.names_languages else _key
        self._words = set(map(self._key, each_word))
        self._phonemes = set(pairs.phonemes)
        composed = all(normal_form(phoneme, "NFC") == phoneme for phoneme in pairs.phonemes)
        self._form = "NFC" if composed else "NFD"
        marked = sum(POSITION.search(phoneme) is not None for phoneme in pairs.phonemes)
        self._positions = marked > 0.9 * len(pairs.phonemes)
        bare: Callable[[str], str] = partial(POSITION.sub, "") if self._positions else str
        self.phonemes = Counter(map(bare, chain.from_iterable(self._whole)))
        names = list(self.phonemes)
        arpabet = sum(self.phonemes[name] for name in names if is_arpabet(name))
        mostly = 50 * arpabet >= 49 * self.phonemes.total()  # with names for noise, for example
        self.alphabet = "arpabet" if mostly else alphabet_of(names)
        if self.alphabet == "ipa" and all(map(str.isascii, names)):
            self.alphabet = ""  # X-SAMPA of another language, or what we do not know
        several = bool((pairs.pronunciations.lengths > 1).any())  # IPA is cut there
        is_unspaced = not mostly and (several or max(map(len, names)) > 3)
        self._space = "" if is_unspaced and max(map(len, self._whole)) == 1 else " "
        self._lower = self.alphabet == "arpabet" and any(map(str.islower, names))
        stressed = {"ipa": "[ˈˌ].*", "xsampa": '["%].*'}.get(self.alphabet, "[A-Za-z]{2}[012]")
        self.stress = any(re.fullmatch(stressed, name) for name in names)

    def _read(self) -> bytes:
        with open_to_read(self._path) as stream:
            return stream.read()

    def missing(self, words: Iterable[str]) -> list[str]:
        """Returns the words that the lexicon lacks, once in each spelling that it would have."""
        first: dict[str, str] = {}
        for word in filter(str.strip, words):
            first.setdefault(self._cased(word), word)
        return [first[cased] for cased in first if self._key(cased) not in self._words]

    def _cased(self, word: str) -> str:
        """Returns the word, without its language, in the lexicon's case if it has only one."""
        language, colon, bare = word.partition(":") if self.named else ("", "", word)
        return language + colon + self._case(BREAKS.sub(" ", bare))

    def with_words(self, entries: Iterable[tuple[str, Answers]]) -> bytes:
        """Returns the file with these words, in alphabetical order if it is so, else at its end.

        One line is logged for words without phonemes, which are left out, and one for phonemes that
        the lexicon lacks. Raises DataError if it lacks most of them, as it has another alphabet, or
        has changed since it was read: nobody's change may be undone.
        """
        spelled = {self._cased(word): self._spelled(answers) for word, answers in entries}
        self._warn(spelled)
        places = [int(entry.place) for entry in self._entries]
        words = [entry.word for entry in self._entries]
        order = _order(words)
        after: defaultdict[int, list[str]] = defaultdict(list)  # lines behind that line of the file
        keys = list(map(order, words)) if order else []
        bare = lambda word: word.partition(":")[2] if self.named else word
        for word in sorted(spelled, key=lambda word: order(bare(word))) if order else spelled:
            index = bisect.bisect_right(keys, order(bare(word))) if order else len(places)
            after[places[index - 1] if index else places[0] - 1] += self._rows(word, spelled[word])
        if self._read() != self._data:
            raise DataError(f"{self._path} has been changed meanwhile; fix: start again")
        return (self._mark + self._with_lines(after)).encode(self._encoding, BYTES)

    def _with_lines(self, after: dict[int, list[str]]) -> str:
        end = "\r\n" if self._lines[0].endswith("\r\n") else "\n"
        text = []
        for number, line in enumerate(["", *self._lines]):
            text.append(line)
            if number in after:
                if line and not line.endswith("\n"):
                    text.append(end)
                text += [new + end for new in after[number]]
        return "".join(text)

    def _spelled(self, answers: Answers) -> list[tuple[Phonemes, float]]:
        """Returns pronunciations in the lexicon's case and form, with marks of positions."""
        spelled = []
        each = scaled(answers, LEAST) if self._layout.probabilities else distinct(answers)
        for phonemes, probability in each:
            phonemes = tuple(normal_form(phoneme, self._form) for phoneme in phonemes)
            if self._lower:
                phonemes = tuple(map(str.lower, phonemes))
            if self._positions:
                marks = "S" if len(phonemes) == 1 else "B" + "I" * (len(phonemes) - 2) + "E"
                phonemes = tuple(map("{}_{}".format, phonemes, marks))
            spelled.append((phonemes, probability))
        return spelled

    def _warn(self, spelled: dict[str, list[tuple[Phonemes, float]]]) -> None:
        silent = [word for word, each in spelled.items() if not each]
        used = {p: word for word, each in spelled.items() for phonemes, _ in each for p in phonemes}
        unspaced = "" if self._space else " ".join(chain.from_iterable(self._whole))
        lacks = lambda p: p not in self._phonemes and p not in unspaced
        new = [f"{p} ({word})" for p, word in used.items() if lacks(p)]
        if silent:
            left_out = (
                f"left out {counted(len(silent), 'word')} without phonemes, such as "
                f"{shorten(silent[0])}"
            )
            logging.warning("%s: %s", self._path, left_out)
        lacking = listed(new)
        if 2 * len(new) > len(used) and len(self._words) >= plausibility.FEW:
            fix = "name the lexicon's --alphabet"
            raise DataError(f"{self._path} lacks the phonemes {lacking}; fix: {fix}")
        if new:
            logging.warning("%s lacks the phonemes %s", self._path, lacking)

    def _rows(self, word: str, spelled: list[tuple[Phonemes, float]]) -> list[str]:
        """Returns the lines for a word, none if it has no phonemes."""
        layout = self._layout
        if layout.format == "jsonl":
            language, _, bare = word.partition(":") if self.named else ("", "", word)
            like = self._example, self._space, self._escapes
            return jsonl.rows_like(*like, language, bare, spelled)
        if layout.joined:
            if unclear := next((p for phonemes, _ in spelled for p in phonemes if "_" in p), ""):
                fix = "choose an --alphabet whose phonemes have no _"
                found = f"{self._path} has _ between phonemes, and one is {unclear!r}"
                raise DataError(f"{shorten(word)}: {found}; fix: {fix}")
            texts = [(" ".join("_".join(p) for p, _ in spelled), 1.0)] if spelled else []
        else:
            texts = [(self._space.join(phonemes), p) for phonemes, p in spelled]
        if layout.enclosed:
            quoted = layout.separator in CSV
            right = self._example.rstrip(' "' if quoted else " ")[-1]
            left = dict(zip("/]}>", "/[{<", strict=True)).get(right, right)
            word = f'"{word}"' if right == '"' == self._example[0] else word
            texts = [(left + text + right, p) for text, p in texts]
        numbers = [
            f"({self._second + n - 1})" if n and self._second else "" for n in range(len(texts))
        ]
        return [self._row(word + n, *text) for n, text in zip(numbers, texts, strict=True)]

    def _row(self, word: str, text: str, probability: float) -> str:
        layout = self._layout
        numbers = [str(probability), *SILENCE][: layout.probabilities]
        numbers = [number.replace(".", self._point) for number in numbers]
        if layout.separator == " ":
            return " ".join([token(word) + self._gap + "".join(f"{n} " for n in numbers) + text])
        cells = [word, *numbers, text]
        if layout.header or layout.extra_columns:
            cells = self._cells(word, numbers, text, probability)
        if layout.separator == "\t":
            return "\t".join(cells)
        if self._example.startswith('"'):
            return self._gap.join('"' + cell.replace('"', '""') + '"' for cell in cells)
        return self._gap.join(cell and csv_cells([cell], layout.separator) for cell in cells)

    def _cells(self, word: str, numbers: Sequence[str], text: str, probability: float) -> list[str]:
        """Returns a row that has the columns of the header, or of the first entry."""
        word_column, first = columns(self._layout)
        example = self._example.split("\t") if self._layout.separator == "\t" else []
        names = self._layout.header or ("",) * len(example)
        number = f"{probability:.4g}".replace(".", self._point)
        cells = [number if name == PROBABILITY else "" for name in names]
        cells[1 : 1 + len(numbers)] = numbers
        if self.named:
            cells[names.index("language")], _, word = word.partition(":")
        cells[word_column], cells[first] = word, text
        for place in range(first + 1, len(example)) if self._layout.extra_columns else ():
            value = example[place]
            if value not in SOURCES and not re.fullmatch(r"\d*\.?\d+(e-\d+)?", value):
                fix = "leave out the columns that --align wrote"
                raise DataError.at(self._path, "pronunciations", f"the column {value!r}", fix)
            cells[place] = "model" if value in SOURCES else number
        return cells


def _is_special(entry: Entry) -> bool:
    return SPECIAL.fullmatch(entry.word) is not None or not any(entry.pronunciations)


def _with_language(entry: Entry) -> str:
    return f"{entry.language}:{entry.word}"


def _key(word: str) -> str:
    return normal_form(word, "NFC").translate(MARKS)


def _named_key(word: str) -> str:
    """Returns the same for German:it’s and deu:it's."""
    language, _, bare = word.partition(":")
    return f"{runtime.LANGUAGES.get(language.lower(), language.lower())}:{_key(bare)}"


def _order(words: list[str]) -> Callable[[str], str] | None:
    """Returns the key by which the words are sorted, if they are: but for one in a thousand."""
    descents = {key: sum(a > b for a, b in pairwise(map(key, words))) for key in _ORDERS}
    best = min(_ORDERS, key=descents.__getitem__)
    return best if len(words) > 1 and descents[best] <= len(words) / 1000 else None


def _gap(lines: Iterable[str], separator: str) -> str:
    """Returns what most often follows the word."""
    pattern = r"^\s*\S+([ \t]+)" if separator == " " else rf"([ \t]*[{separator}][ \t]*)"
    found = Counter(match[1] for line in lines if (match := re.search(pattern, line)))
    return found.most_common(1)[0][0] if found else separator
