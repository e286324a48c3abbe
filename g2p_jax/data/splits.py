"""Which words are for training, development and test."""

from typing import NamedTuple

from g2p_jax import config
from g2p_jax.data.lexicon import Pair, read_lexicon, split_by_word
from g2p_jax.data.sums import PREFIX, read_sums


class Splits(NamedTuple):
    train: list[Pair]
    dev: list[Pair]
    test: list[Pair]


def load(settings: config.Data) -> Splits:
    """Reads the files that the settings name; raises DataError.

    A split without a file of its own is a share of the training file's words, drawn by a hash of
    the word: the same on every machine, and unchanged for old words when new ones are added.
    """

    def read(path: str) -> list[Pair]:
        if path.startswith(PREFIX):
            return read_sums(path)
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


def some(pairs: list[Pair], limit: int) -> list[Pair]:
    """At most so many pairs, from all over the list; 0: all."""
    return pairs[:: -(-len(pairs) // limit)] if limit and pairs else pairs
