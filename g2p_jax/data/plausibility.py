"""Checks that a lexicon was read rightly: one that looks misread is an error, never a model."""

import re
from collections import Counter

import numpy as np

from g2p_jax.data.alphabets.english import is_arpabet
from g2p_jax.data.formats.header import FIX, HEADING
from g2p_jax.data.pairs import Pairs
from g2p_jax.data.textfile import TextFile, shorten
from g2p_jax.errors import DataError, counted

FORMAT = "the option format"  # commands put their flag in its place
FEW = 20  # words: too few to judge by
MANY_PHONEMES = 150  # no language has so many, tones and stress marks included
_NUMBER = re.compile(r"\d*\.\d+(?:[eE][-+]?\d+)?")
_BETWEEN = "=", ":", "->", "=>", ":="  # word and phonemes
_MARKS = re.compile(r"""[(\[].+|.+[)\]]|"[^"]+"|'[^']+'|/.+/|/|.+,.*|.+;.+""")
UNSEGMENTED = (
    "put spaces between the phonemes; let IPA be cut into phones, with --config.data.target=ipa; "
    "or learn the characters, with --config.data.target=characters"
)


def check_signs(file: TextFile, pairs: Pairs) -> None:
    """Raises DataError where a phoneme is a number, or has a sign of another format."""
    for phoneme in pairs.phonemes:
        what = "a number" if _NUMBER.fullmatch(phoneme) else None
        what = "brackets, quotes or commas" if _MARKS.fullmatch(phoneme) else what
        if what:
            found, named = f"{what} as phoneme: {shorten(phoneme)}", f"the format with {FORMAT}=..."
            fix = f"write one pronunciation a line, remove the column, or name {named}"
            raise _error(file, phoneme, "phonemes", found, fix)


def check(file: TextFile, pairs: Pairs, format: str) -> None:
    """Raises DataError where the phonemes look like words or whole transcriptions."""
    words, lengths = len(pairs), pairs.pronunciations.lengths
    if name := _heading(pairs):
        raise _error(file, name, "phonemes", f"what looks like a name: {shorten(name)}", FIX)
    if words < FEW:
        label = next((x for x in pairs[0].pronunciations[0] if x in _BETWEEN), "")
        if label := label or _label_of_few(pairs):
            found = f"{shorten(label)} beside the phonemes"
            raise DataError.at(file.path, "phonemes after the word", found, "remove that column")
        return
    if np.all(lengths == 1) and np.median(pairs.words.lengths) > 2:
        found = f"one phoneme in every pronunciation, such as {shorten(pairs.phonemes[0])}"
        raise DataError.at(file.path, "phonemes between spaces", found, UNSEGMENTED)
    if len(pairs.phonemes) > max(words / 4, MANY_PHONEMES):
        found = f"{len(pairs.phonemes):,} different phonemes in {words:,} words"
        raise DataError.at(file.path, "the phonemes of one language", found, UNSEGMENTED)
    if frame := _frame(pairs):
        sign, where, what = frame
        raise DataError.at(file.path, what, f"{shorten(sign)} {where}", "remove it")
    if format == "csv" and 2 * sum(" " in word for word in pairs.each_word()) > words:
        found = f"spaces in most words, such as {shorten(pairs[0].word)}"
        fix = f"separate pronunciations in another way, or name the format with {FORMAT}=..."
        raise DataError.at(file.path, "words", found, fix)
    if label := _label(pairs):
        found = f"{shorten(label)} before the phonemes of words of all kinds"
        raise DataError.at(file.path, "phonemes after the word", found, "remove that column")
    commas = sum("," in word for word in pairs.each_word())
    if 2 * commas > words:
        fix = f"name the format: {FORMAT}=csv"
        raise DataError.at(file.path, "words", f"commas in {counted(commas, 'word')}", fix)


def _heading(pairs: Pairs) -> str:
    """Returns the only phoneme of the first line, if it looks like the name of a column; or ""."""
    lengths, ids = pairs.pronunciations.lengths, pairs.pronunciations.ids
    alone = lengths[0] == 1 and np.count_nonzero(ids == ids[0]) == 1
    name = pairs[0].pronunciations[0][0]
    others_are_longer = len(lengths) > 1 and np.mean(lengths[1:] > 1) >= 0.9
    return name if alone and others_are_longer and HEADING.fullmatch(name) else ""


def _frame(pairs: Pairs) -> tuple[str, str, str] | None:
    """Returns a sign that every word or pronunciation has around it, where it is, in what."""
    words, each = list(pairs.each_word()), [p for _, several in pairs for p in several]
    phonemes = "phonemes after the word"
    for found, where, what, is_sign in (
        ({p[0] for p in each}, "before every pronunciation", phonemes, _no_letter),
        ({p[-1] for p in each}, "after every pronunciation", phonemes, _no_letter),
        ({word[0] for word in words}, "before every word", "words", "\"'`<|([{*".__contains__),
        ({word[-1] for word in words}, "at the end of every word", "words", ":;,=|".__contains__),
    ):
        numbers = where == "before every pronunciation" and all(map(str.isdigit, found))
        if numbers or (len(found) == 1 and is_sign(min(found))):
            return min(found), where, what
    return None


def _no_letter(phoneme: str) -> bool:
    """Returns whether a phoneme is a sign, or the silence that HTK and Festival write."""
    return not any(map(str.isalnum, phoneme)) or phoneme.lower() in ("sil", "sp", "pau")


def _label(pairs: Pairs) -> str:
    """Returns a first "phoneme" that is none, such as `noun` in `cat noun K AE T`; "" without one.

    What begins a pronunciation depends on the first letter of the word, and a label does not. (Tone
    marks and a glottal stop before vowels do not, either; these are no ASCII letters.)
    """
    letters = Counter(word[0] for word in pairs.each_word())
    both = Counter((word[0], each[0]) for word, several in pairs for each in several[:1])
    often = {letter for letter, count in letters.items() if count >= 4}
    with_letters = Counter(
        first
        for (letter, first), n in both.items()
        if letter in often and 10 * n >= letters[letter]
    )
    label, count = max(with_letters.items(), key=lambda one: one[1], default=("", 0))
    alone = {p[0] for _, several in pairs for p in several if len(p) == 1}  # these are phonemes
    independent = len(often) >= 6 and 3 * count >= 2 * len(often) and label not in alone
    return label if independent and label.isascii() and label.isalpha() else ""


def _label_of_few(pairs: Pairs) -> str:
    """Returns what is at the same end of all pronunciations, nowhere else, and no phoneme; or "".

    Among phonemes of ARPAbet, digits, another case or a long name tell it. Else the words must
    have three first letters: then digits, one name for all, or few long names are a label.
    """
    rows = [(word[0], phonemes) for word, each in pairs for phonemes in each]
    for end, rest in (0, slice(1, None)), (-1, slice(None, -1)):
        labels = {phonemes[end] for _, phonemes in rows}
        others = {phoneme for _, phonemes in rows for phoneme in phonemes[rest]}
        if not others or labels & others or not all(x.isalnum() and x.isascii() for x in labels):
            continue
        letters = {letter for letter, _ in rows if letter.isascii()}
        many = end == 0 and len(letters) > 2
        long = end == 0 and all(len(label) > 2 for label in labels)
        digits = all(map(str.isdecimal, labels))
        case = "".join(labels).isupper() != "".join(others).isupper()
        known = any(map(is_arpabet, labels))
        if all(map(is_arpabet, others)) and not known and (digits or case or long or many):
            return min(labels)
        one = len(labels) == 1 and not known
        if many and (digits or one or (long and len(letters) > len(labels))):
            return min(labels)
    return ""


def _error(file: TextFile, phoneme: str, expected: str, found: str, fix: str) -> DataError:
    """Returns the error with the first line that holds the phoneme."""
    lines = (
        n for n, line in file.lines() if phoneme in re.split(r"[\s,_]+", line) or phoneme in line
    )
    return file.error(next(lines, 1), expected, found, fix)
