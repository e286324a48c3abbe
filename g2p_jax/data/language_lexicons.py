"""Training data of many languages: words such as deu:Haus, from a folder of lexicons."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from absl import logging

from g2p_jax import runtime
from g2p_jax.data.language_names import LANGUAGE
from g2p_jax.data.pairs import Pairs
from g2p_jax.data.ragged import Array
from g2p_jax.data.textfile import listed
from g2p_jax.errors import DataError
from g2p_jax.runtime import DOTLESS

BALANCE = 0.5  # of n examples of a language about n to this power are drawn
SPLITS = "train", "dev", "test"
_ENDINGS = ".tsv", ".txt", ".csv", ".dict"


def read_folder(folder: Path, split: str, read: Callable[[Path], Pairs]) -> Pairs:
    """Returns the words of all lexicons in a folder, each with its language: deu:Haus.

    A lexicon is named after its language, deu.tsv, or deu_train.tsv where others have the words of
    another split. Other files are left out with a warning. Raises DataError for a folder without
    such lexicons, or with both kinds of names.
    """
    every = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in _ENDINGS]
    files = [path for path in every if LANGUAGE.fullmatch(_language_of(path))]
    whole = [path for path in files if _split_of(path) not in SPLITS]
    chosen = [path for path in files if _split_of(path) == split] or whole or files
    kinds = {_split_of(path) for path in chosen}.intersection(SPLITS)
    if not chosen or len(kinds) > 1 or (whole and chosen != whole):
        example = f"lexicons such as deu.tsv or deu_{split}.tsv"
        some = sorted({path.name for path in (*chosen[:1], *chosen[-1:], *whole[:1])})
        found = " and ".join(some) or "none"
        fix = "name each lexicon after its language, in two or three small letters"
        fix = f"name all with their splits, _{split}, or none" if chosen else fix
        raise DataError.at(folder, example, found, fix)
    if others := [path.name for path in every if path not in files]:
        known = "are not named after a language, in two or three small letters"
        logging.warning("%s: left out: %s %s", folder, listed(others), known)
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
        return language.lower() + colon + rest.lower()

    return pairs.with_words(map(lower, pairs.each_word())).merged()


def named_as(known: Iterable[str], parts: Iterable[Pairs]) -> Iterator[Pairs]:
    """Yields the parts of a model's data with its names of languages: deu:haus for de:haus."""
    parts = list(parts)
    given = {word.partition(":")[0] for pairs in parts for word in pairs.each_word()}
    names = {name: runtime.find_language(name, known) or name for name in given}
    changed = [f"{name} as {names[name]}" for name in sorted(given) if names[name] != name]
    if changed:
        logging.info("languages have the names of the initial model: %s", ", ".join(changed))
    if new := sorted({*names.values()}.difference(known)):
        logging.info("languages that the initial model lacks: %s", ", ".join(new))
    for pairs in parts:
        each = (word.partition(":") for word in pairs.each_word())
        words = (f"{names[name]}:{rest}" for name, _, rest in each)
        yield pairs.with_words(words).merged() if changed else pairs


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
