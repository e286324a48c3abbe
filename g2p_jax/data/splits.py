"""Which words are for training, development and test."""

import dataclasses
import hashlib
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from absl import logging

from g2p_jax import config
from g2p_jax.data.alphabets import alphabet_of, convert, is_xsampa
from g2p_jax.data.arpabet import is_vowel
from g2p_jax.data.generated import generate
from g2p_jax.data.language_lexicons import in_small_letters, read_folder
from g2p_jax.data.lexicon import read_lexicon
from g2p_jax.data.normalise import normal_form
from g2p_jax.data.pairs import Pair, Pairs
from g2p_jax.data.textfile import TextFile
from g2p_jax.errors import DataError, UserError

SEED = 42  # in the hash that decides the split of a word


class Splits(NamedTuple):
    train: Pairs
    dev: Pairs
    test: Pairs
    extra: Pairs


def load(settings: config.Data) -> Splits:
    """Reads the data that the settings name; raises DataError.

    A split without a file of its own is a share of the training file's words, drawn by a hash of
    the word: the same on every machine, and unchanged for old words when new ones are added. Extra
    words that are in another split are left out.
    """
    if settings.format == "text":
        return _load_text(settings)
    dev_share = 0.0 if settings.dev else settings.dev_share
    test_share = 0.0 if settings.test else settings.test_share
    train, dev, test = split_by_word(read(settings.train, settings), dev_share, test_share)
    dev = read(settings.dev, settings, "dev") if settings.dev else dev
    test = read(settings.test, settings, "test") if settings.test else test
    extra = train[:0]
    if settings.extra:
        known = {word for split in (train, dev, test) for word in split.each_word()}
        extra = Pairs.of(p for p in read(settings.extra, settings) if p.word not in known)
    limit, quarter = settings.limit, -(-settings.limit // 4)
    chosen = Splits(some(train, limit), some(dev, quarter), some(test, quarter), some(extra, limit))
    if len(chosen.train) < len(train):
        count, of = len(chosen.train), len(train)
        logging.info(
            "config.data.limit=%d: %s of %s words to train on", limit, f"{count:,}", f"{of:,}"
        )
    return chosen


def read(
    path: str,
    settings: config.Data,
    split: str = "train",
    language: str = "",
    phones: bool = False,
) -> Pairs:
    """Reads or generates what a model of these settings learns; raises DataError.

    split: which files to take of a folder that has several for each language; "": the words are
      to be looked up, and keep their capitals. language, phones: see `read_lexicon`.
    """
    if (pairs := generate(path)) is not None:
        return Pairs.of(pairs)
    if settings.source == "language":
        words = _read_languages(path, settings, split, language)
        return in_small_letters(words) if split else words
    turns = settings.direction == "p2g"  # phonemes are the words of a source
    lexicon = _read_lexicon(path, settings, phones=phones or turns)
    if settings.spelling:  # a language model learns the characters of words
        return Pairs.of((word, [word]) for word in lexicon.each_word())
    return turned(lexicon) if turns else lexicon


def turned(lexicon: Pairs) -> Pairs:
    """Returns each pronunciation once, as a source, with the spellings of its words."""
    pairs = ((" ".join(phonemes), [word.split()]) for word, each in lexicon for phonemes in each)
    return Pairs.of(pairs).merged()


def _read_languages(path: str, settings: config.Data, split: str, language: str) -> Pairs:
    """Reads a folder with a lexicon for each language, or a lexicon with a column for them.

    language: of the words of a lexicon that names none.
    """
    if not Path(path).is_dir():
        if path != "cmudict" and not Path(path).exists():
            raise DataError.at(path, "a folder of lexicons, or one", "nothing", "check the path")
        return _read_lexicon(path, settings, language=language)
    if language:
        fix = "leave out the language: each lexicon of a folder is named after its own"
        raise DataError(f"{path}: a folder, and the language {language!r}; fix: {fix}")
    return read_folder(Path(path), split, lambda file: _read_lexicon(file, settings))


def _read_lexicon(path: str | Path, settings: config.Data, **options: Any) -> Pairs:
    """Reads a lexicon for the targets of these settings; IPA is made of other alphabets."""
    kinds = {"ipa": "ipa", "words": "phonemes" if settings.source == "characters" else "tokens"}
    lexicon = read_lexicon(
        path,
        settings.format,
        settings.stress,
        settings.unicode,
        settings.skip_bad_lines,
        kind=kinds.get(settings.target, "tokens"),
        **options,
    )
    return _in_ipa(lexicon) if settings.target == "ipa" else lexicon


def _in_ipa(pairs: Pairs) -> Pairs:
    """Returns pairs of ARPAbet, or of X-SAMPA of any language, in IPA; others as they are."""
    source = "xsampa" if is_xsampa(pairs.phonemes, "ipa") else alphabet_of(pairs.phonemes)
    if source == "ipa" or (source == "arpabet" and not any(map(is_vowel, pairs.phonemes))):
        return pairs
    logging.info("the lexicon is converted from %s to ipa, of which phones are made", source)
    each = ((word, [convert(x, source, "ipa") for x in sounds]) for word, sounds in pairs)
    return dataclasses.replace(Pairs.of(each), weights=pairs.weights)


def references(
    settings: config.Data,
    path: str | None,
    split: str,
    format: str = "auto",
    skip_bad_lines: bool = False,
    language: str = "",
    phones: bool = False,
) -> Pairs:
    """Returns the words to score a model of these settings on: a lexicon file, or its own split.

    Raises UserError if that split has none. format: of the file. language, phones: see
    `read_lexicon`.
    """
    skip_bad_lines |= settings.skip_bad_lines
    settings = dataclasses.replace(settings, skip_bad_lines=skip_bad_lines)
    if path:
        return read(path, dataclasses.replace(settings, format=format), split, language, phones)
    try:
        pairs = getattr(load(settings), split)
    except DataError as error:
        raise UserError(f"the model's own data is not here ({error}); give --data=FILE") from error
    if not pairs:
        raise UserError(f"the model's data has no {split} words; give --data=FILE")
    own = Path(getattr(settings, split) or settings.train)
    logging.info(
        "%s words of the model's own data: %s", split, own.resolve() if own.exists() else own
    )
    return pairs


def split_by_word(
    pairs: Iterable[Pair], dev: float, test: float = 0.0
) -> tuple[Pairs, Pairs, Pairs]:
    """Splits into train, dev and test, of which dev and test get about these shares of the words.

    The split of a word depends on its spelling only, not on the other words or their order: a
    lexicon that grows keeps its test words out of train.
    """
    if not (dev >= 0 and test >= 0 and dev + test < 1):
        raise ValueError(f"dev and test must be shares that sum to less than 1; {dev=}, {test=}")
    pairs = Pairs.of(pairs)
    if not dev + test:
        return pairs, pairs[:0], pairs[:0]
    hashes = (
        int.from_bytes(hashlib.sha256(f"{SEED}:{word}".encode()).digest()[:8], "big")
        for word in pairs.each_word()
    )
    position = np.fromiter(hashes, np.uint64, len(pairs)) / 2.0**64
    # Test comes first, so that another dev share moves no test word.
    in_test, held_out = position < test, position < test + dev
    splits = ~held_out, held_out & ~in_test, in_test
    train, dev_pairs, test_pairs = (pairs.take(np.flatnonzero(split)) for split in splits)
    return train, dev_pairs, test_pairs


def _load_text(settings: config.Data) -> Splits:
    """Reads a text; without files of their own, dev and test are its last parts."""

    def split(text: str, path: str, share: float) -> tuple[str, str]:
        end = round(len(text) * (1 - share))
        return (text, read_text(path, settings.unicode)) if path else (text[:end], text[end:])

    text, test = split(
        read_text(settings.train, settings.unicode), settings.test, settings.test_share
    )
    train, dev = split(text, settings.dev, settings.dev_share)
    limit, quarter = settings.limit or None, -(-settings.limit // 4) or None
    sides = train[:limit], dev[:quarter], test[:quarter], ""
    return Splits(*(Pairs.of([("", [side])] if side else []) for side in sides))


def read_text(path: str, unicode: str) -> str:
    """Returns a text; raises DataError if there is none.

    path: a file; or "python", the modules of Python's own library, one after the other.
    """
    library = Path(sysconfig.get_path("stdlib"))
    paths = sorted(library.glob("*.py")) if path == "python" else [Path(path)]
    text = normal_form("".join(TextFile(path).text() for path in paths), unicode)
    if not text:
        raise DataError.at(path, "a text", "nothing", "check the path")
    return text


def some(pairs: Pairs, limit: int) -> Pairs:
    """Returns at most `limit` pairs, from all over the list; 0: all."""
    return pairs[:: -(-len(pairs) // limit)] if limit and pairs else pairs
