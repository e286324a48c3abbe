"""Words of many languages: deu:Haus and fra:maison, read from a folder of lexicons."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from absl import logging

from g2p_jax.data.normalise import DOTLESS
from g2p_jax.data.pairs import Pairs
from g2p_jax.data.ragged import Array
from g2p_jax.data.textfile import shorten
from g2p_jax.errors import DataError, UserError, cut

BALANCE = 0.5  # of n examples of a language about n to this power are drawn
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]+)*")
AUTO = "auto"  # for a language: it is guessed
_NAMED = re.compile(_LANGUAGE.pattern + ":")
_ENDINGS = ".tsv", ".txt", ".csv", ".dict"
SPLITS = "train", "dev", "test"
# ISO 639 codes of files that are named otherwise; `find_language` needs no others of two letters.
ISO = {
    "arm-e": "hye arm hy", "bul": "bg", "bur": "mya my", "cat": "ca", "cze": "ces cs", "dan": "da",
    "deu": "ger de", "dut": "nld nl", "fas": "per fa", "fra": "fre fr", "geo": "kat ka",
    "gle": "ga", "glg": "gl", "gre": "ell el", "hbs-latn": "hbs sh hrv hr bos bs srp sr",
    "hin": "hi", "hun": "hu", "ice": "isl is", "ita": "it", "jpn": "ja", "kor": "ko",
    "lat-clas": "lat la", "lit": "lt", "mac": "mkd mk", "pol": "pl", "por-bz": "por pt",
    "ron": "rum ro", "slv": "sl", "spa": "es", "swe": "sv", "tgl": "tl fil", "tha": "th",
    "tur": "tr", "ukr": "uk", "vie": "vi", "wel-nw": "cym wel cy",
}  # fmt: skip


def read_folder(folder: Path, split: str, read: Callable[[Path], Pairs]) -> Pairs:
    """Returns the words of all lexicons in a folder, each with its language: deu:Haus.

    A lexicon is named after its language, deu.tsv, or deu_train.tsv where others have the words of
    another split. Other files are left out with a warning. Raises DataError for a folder without
    such lexicons, or with both kinds of names.
    """
    every = [path for path in sorted(folder.rglob("*")) if path.suffix in _ENDINGS]
    files = [path for path in every if _LANGUAGE.fullmatch(_language_of(path))]
    whole = [path for path in files if _split_of(path) not in SPLITS]
    chosen = [path for path in files if _split_of(path) == split] or whole or files
    if not chosen or len(set(map(_split_of, chosen)) & set(SPLITS)) > 1 or chosen != whole != []:
        example = f"lexicons such as deu.tsv or deu_{split}.tsv"
        found = (
            " and ".join(
                sorted({path.name for path in [*chosen[:1], *chosen[-1:], *whole[:1]]})[:3]
            )
            or "none"
        )
        fix = "name each lexicon after its language, in two or three small letters"
        raise DataError.at(folder, example, found, fix)
    if others := [path.name for path in every if path not in files]:
        known = "are not named after a language, in two or three small letters"
        logging.warning("%s: left out: %s %s", folder, cut(", ".join(others), 80), known)
    return Pairs.concatenate(_with_language(_language_of(path), read(path)) for path in chosen)


def _with_language(language: str, pairs: Pairs) -> Pairs:
    return pairs.with_words(f"{language}:{word}" for word in pairs.each_word())


def _language_of(path: Path) -> str:
    return path.stem.partition("_")[0]


def _split_of(path: Path) -> str:
    return path.stem.rpartition("_")[2]


def in_small_letters(pairs: Pairs) -> Pairs:
    """Returns the pairs, words such as deu:Haus, with words such as deu:haus."""
    dotless = {word.partition(":")[0] for word in pairs.each_word() if "ı" in word}

    def lower(word: str) -> str:
        language, colon, rest = word.partition(":")
        rest = rest.translate(DOTLESS) if language in dotless else rest  # I is no capital i
        return language + colon + rest.lower()

    return pairs.with_words(map(lower, pairs.each_word())).merged()


def split_language(word: str, languages: Iterable[str], default: str = "") -> tuple[str, str]:
    """Returns the language of a word such as deu:Haus, and the word.

    default: the language of words that name none. UserError for a word that needs one.
    """
    name, colon, rest = word.partition(":")
    if colon and (language := _known_as(name, languages)):
        return language, rest
    if default:
        return default, word
    if colon:
        return find_language(name, languages), rest
    known, fix = ", ".join(languages), f"such as {cut(f'deu:{word}', 80)} or --language=deu"
    raise UserError(f"{shorten(word)} needs a language, {fix}; the model knows {known}")


def find_language(name: str, languages: Iterable[str]) -> str:
    """Returns the language of a name or an ISO code; UserError if the model knows none."""
    name = name.strip().lower()
    for code in (name, name.partition("-")[0]):  # de-AT: de
        if language := _known_as(code, languages):
            return language
    raise UserError(f"no language {name!r}: the model knows {', '.join(languages)}")


def _known_as(name: str, languages: Iterable[str]) -> str | None:
    codes = ((language, (language, *ISO.get(language, "").split())) for language in languages)
    return next((language for language, known in codes if name in known), None)


def names_language(word: str) -> bool:
    """Whether a word names its language, as deu:Haus does."""
    return _NAMED.match(word) is not None


def letters_of_languages(words: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """Returns the letters of each language in words such as deu:haus, and those known before."""
    letters = {language: set(before) for language, before in known.items()}
    for word in words:
        language, _, rest = word.partition(":")
        letters.setdefault(language, set()).update(rest)
    return {language: "".join(sorted(letters[language])) for language in sorted(letters)}


def balanced(language_of: Array) -> Array:
    """Returns indices of examples that repeat those of small languages; the largest comes once.

    language_of: a number for each example. Of n examples n^BALANCE is the share.
    """

    def repeated() -> Iterator[Array]:
        for language in np.unique(language_of):
            own = np.flatnonzero(language_of == language)
            yield np.resize(own, round(len(own) ** BALANCE * largest ** (1 - BALANCE)))

    largest = int(np.bincount(language_of).max())
    return np.concatenate(list(repeated()))
