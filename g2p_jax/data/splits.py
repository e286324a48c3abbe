"""Which words are for training, development and test."""

from typing import NamedTuple

from g2p_jax import config
from g2p_jax.data import numbers, sums, text
from g2p_jax.data.lexicon import Pair, read_lexicon, split_by_word

# Pairs that come from no file.
MADE = {sums.PREFIX: sums.read_sums, numbers.PREFIX: numbers.read_numbers}


class Splits(NamedTuple):
    train: list[Pair]
    dev: list[Pair]
    test: list[Pair]


def load(settings: config.Data) -> Splits:
    """Reads the files that the settings name; raises DataError.

    A split without a file of its own is a share of the training file's words, drawn by a hash of
    the word: the same on every machine, and unchanged for old words when new ones are added.
    """

    if settings.format == "text":
        return _load_text(settings)

    def read(path: str) -> list[Pair]:
        for prefix, read_made in MADE.items():
            if path.startswith(prefix):
                return read_made(path)
        return read_lexicon(path, settings.format, settings.stress, settings.unicode)

    dev_share = 0.0 if settings.dev else settings.dev_share
    test_share = 0.0 if settings.test else settings.test_share
    train, dev, test = split_by_word(
        read(settings.train), dev_share, test_share, settings.split_seed
    )
    dev = read(settings.dev) if settings.dev else dev
    test = read(settings.test) if settings.test else test
    limit = settings.limit
    return Splits(some(train, limit), some(dev, -(-limit // 4)), some(test, -(-limit // 4)))


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
    test, dev, train = ([side] if side.pronunciations[0] else [] for side in sides)
    return Splits(train, dev, test)


def some(pairs: list[Pair], limit: int) -> list[Pair]:
    """At most so many pairs, from all over the list; 0: all."""
    return pairs[:: -(-len(pairs) // limit)] if limit and pairs else pairs
