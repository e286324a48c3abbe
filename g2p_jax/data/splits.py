"""Which words are for training, development and test."""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from g2p_jax import config
from g2p_jax.data import chunks as text
from g2p_jax.data import numbers, sums
from g2p_jax.data.lexicon import read_lexicon
from g2p_jax.data.pairs import Pair, Pairs
from g2p_jax.errors import UserError

# Pairs that come from no file.
MADE = {sums.PREFIX: sums.read_sums, numbers.PREFIX: numbers.read_numbers}


class Splits(NamedTuple):
    train: Pairs
    dev: Pairs
    test: Pairs
    extra: Pairs


def load(settings: config.Data) -> Splits:
    """Reads the files that the settings name; raises DataError.

    A split without a file of its own is a share of the training file's words, drawn by a hash of
    the word: the same on every machine, and unchanged for old words when new ones are added. Of the
    extra words those are left out that have a side already.
    """

    if settings.format == "text":
        return _load_text(settings)

    def read(path: str) -> Pairs:
        for prefix, read_made in MADE.items():
            if path.startswith(prefix):
                return Pairs.of(read_made(path))
        pairs = read_lexicon(path, settings.format, settings.stress, settings.unicode)
        return pairs.spelt_out() if settings.spelling else pairs

    dev_share = 0.0 if settings.dev else settings.dev_share
    test_share = 0.0 if settings.test else settings.test_share
    train, dev, test = split_by_word(
        read(settings.train), dev_share, test_share, settings.split_seed
    )
    dev = read(settings.dev) if settings.dev else dev
    test = read(settings.test) if settings.test else test
    extra = train[:0]
    if settings.extra:
        known = {word for side in (train, dev, test) for word in side.each_word()}
        extra = Pairs.of(pair for pair in read(settings.extra) if pair.word not in known)
    limit = settings.limit
    quarter = -(-limit // 4)
    return Splits(some(train, limit), some(dev, quarter), some(test, quarter), some(extra, limit))


def references(settings: config.Data, path: str | None, format: str, split: str) -> Pairs:
    """The words to score a model of these settings on: a lexicon file, or its train, dev or test.

    UserError if that has none.
    """
    if path:
        return read_lexicon(path, format, settings.stress, settings.unicode)
    pairs = getattr(load(settings), split)
    if not pairs:
        raise UserError(f"the model's data has no {split} words; give --data=FILE")
    return pairs


def split_by_word(
    pairs: Iterable[Pair], dev: float, test: float = 0.0, seed: int = 0
) -> tuple[Pairs, Pairs, Pairs]:
    """Splits into train, dev and test, of which dev and test get about these shares of the words.

    The side of a word depends on the seed and its spelling only, not on the other words or their
    order: a lexicon that grows keeps its test words out of train.
    """
    if not (dev >= 0 and test >= 0 and dev + test < 1):
        raise ValueError(f"dev and test must be shares that sum to less than 1; {dev=}, {test=}")
    pairs = Pairs.of(pairs)
    if not dev + test:
        return pairs, pairs[:0], pairs[:0]
    hashes = (
        int.from_bytes(hashlib.sha256(f"{seed}:{word}".encode()).digest()[:8], "big")
        for word in pairs.each_word()
    )
    position = np.fromiter(hashes, np.uint64, len(pairs)) / 2.0**64
    # Test comes first, so that another dev share moves no test word.
    test_side, held_out = position < test, position < test + dev
    sides = ~held_out, held_out & ~test_side, test_side
    train, dev_pairs, test_pairs = (pairs.take(np.flatnonzero(side)) for side in sides)
    return train, dev_pairs, test_pairs


def _load_text(settings: config.Data) -> Splits:
    """Without files of their own, dev and test are the last parts of the text."""
    rest, sides = text.read(settings.train, settings.unicode), []
    for path, share, most in (
        (settings.test, settings.test_share, -(-settings.limit // 4)),
        (settings.dev, settings.dev_share, -(-settings.limit // 4)),
        ("", 1.0, settings.limit),
    ):
        if path:
            side = text.read(path, settings.unicode)
        else:
            rest, side = text.cut(rest, share)
        sides.append(text.beginning(side, most))
    test, dev, train = (Pairs.of([side] if side.pronunciations[0] else []) for side in sides)
    return Splits(train, dev, test, train[:0])


def some(pairs: Pairs, limit: int) -> Pairs:
    """At most so many pairs, from all over the list; 0: all."""
    return pairs[:: -(-len(pairs) // limit)] if limit and pairs else pairs
