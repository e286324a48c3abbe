"""An n-gram model with modified Kneser-Ney smoothing, as sorted arrays.

Chen and Goodman, "An empirical study of smoothing techniques for language modeling", 1998:

    p(w | h) = (c(hw) - D) / c(h) + g(h) p(w | h without its first token)

c is the count of the longest n-grams and of those that begin a sequence; of all others it is the
number of different tokens that were seen before the n-gram. D is one of three discounts, for c of
1, 2 and more. The back-off weight g(h) hands on what the discounts took.

All n-grams of one length are one sorted array of keys. A key is the place of the history (all but
the last token) among the n-grams one shorter, times the number of tokens, plus the last token.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from g2p_jax.data.ragged import Array, Ragged, borders

Floats = NDArray[np.floating]
UNKNOWN = -20.0  # log probability of a token that was never seen


@dataclass(frozen=True, eq=False)
class Level:
    """All n-grams of one length."""

    keys: Array
    log_prob: Floats  # of the last token after its history
    log_backoff: Floats  # log g of the whole n-gram as a history


@dataclass(frozen=True, eq=False)
class Ngram:
    """A model of sequences of tokens, which are numbers from 0 on."""

    levels: tuple[Level, ...]  # the first has each token, then the start and the end of a sequence

    @property
    def size(self) -> int:
        """Number of tokens, start and end included."""
        return len(self.levels[0].keys)

    @classmethod
    def fit(cls, sequences: Ragged, tokens: int, order: int, most: float = math.inf) -> "Ngram":
        """Counts n-grams of at most `order` tokens, start and end included, and smooths them.

        most: n-grams in all; a length with which there would be more is left out.
        """
        size = tokens + 2
        token, position = _with_ends(sequences, size)
        unigrams, count = np.arange(size), np.bincount(token, minlength=size)
        count[tokens] = 0  # the start is never predicted
        levels = [_Counts(unigrams, count, np.zeros_like(unigrams))]
        node = token  # place of the longest n-gram so far that ends here
        for n in range(1, min(order, position.max(initial=0) + 1)):
            ends = np.flatnonzero(position >= n)
            keys, first, place, count = np.unique(
                node[ends - 1] * size + token[ends],
                return_index=True,
                return_inverse=True,
                return_counts=True,
            )
            if len(keys) + sum(len(level.keys) for level in levels) > most:
                break
            suffix = node[ends[first]]
            before = np.bincount(suffix, minlength=len(levels[-1].keys))
            levels[-1].counts[before > 0] = before[before > 0]  # else it begins a sequence
            levels.append(_Counts(keys, count, suffix))
            node = np.full_like(token, -1)
            node[ends] = place
        return cls(_smooth(levels))

    def log_probs(self, sequences: Ragged) -> Floats:
        """log P of each sequence, its end included; tokens from `size` on are unknown."""
        token, position = _with_ends(sequences, self.size)
        known = token < self.size
        node = np.where(known, token, -1)
        log_p = np.where(known, self.levels[0].log_prob[node], UNKNOWN)
        for n, (shorter, level) in enumerate(zip(self.levels, self.levels[1:], strict=False), 1):
            history = np.where(position >= n, np.roll(node, 1), -1)
            key = np.where((history >= 0) & known, history * self.size + token, -1)
            node = find(level.keys, key)
            log_p = np.where(history >= 0, log_p + shorter.log_backoff[history], log_p)
            log_p = np.where(node >= 0, level.log_prob[node], log_p)
        return np.add.reduceat(np.where(position > 0, log_p, 0.0), np.flatnonzero(position == 0))


class _Counts(NamedTuple):
    """The n-grams of one length."""

    keys: Array
    counts: Array  # c of each
    suffix: Array  # place of the n-gram without its first token, among those one shorter


def _smooth(counts: list[_Counts]) -> tuple[Level, ...]:
    """Probabilities and back-off weights by the equation above, the shortest n-grams first."""
    levels: list[Level] = []
    size = len(counts[0].keys)
    lower = np.full(1, 1 / size)  # probabilities of the n-grams one shorter; below all: uniform
    for keys, count, suffix in counts:
        history = keys // size
        discount = discounts(count)[np.minimum(count, 3)]
        total = np.bincount(history, count, len(lower))
        taken = np.bincount(history, discount, len(lower))
        backoff = np.divide(taken, total, out=np.ones(len(lower)), where=total > 0)
        if levels:
            levels[-1].log_backoff[:] = np.log(backoff)
        seen = (count - discount) / np.maximum(total, 1)[history]
        lower = seen + backoff[history] * lower[suffix]
        levels.append(Level(keys, np.log(lower), np.zeros(len(lower))))
    return tuple(levels)


def discounts(count: Array) -> Floats:
    """Discounts of counts of 0 (nothing), 1, 2, and more (Chen and Goodman, equation 26)."""
    ones, twos, threes, fours = (max(np.sum(count == c), 1) for c in (1, 2, 3, 4))
    y = ones / (ones + 2 * twos)
    taken = 0, 1 - 2 * y * twos / ones, 2 - 3 * y * threes / twos, 3 - 4 * y * fours / threes
    return np.clip(taken, (0, 0.1, 0.1, 0.1), (0, 0.9, 1.9, 2.9))


def find(rising: Array, numbers: Array) -> Array:
    """The place of each number in a rising array, -1 if it is not there."""
    place = np.searchsorted(rising, numbers).clip(max=len(rising) - 1)
    return np.where(rising[place] == numbers, place, -1)


def _with_ends(sequences: Ragged, size: int) -> tuple[Array, Array]:
    """Tokens of all sequences, each with its start and end; position of each in its sequence."""
    lengths = sequences.lengths + 2
    starts = borders(lengths)
    position = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
    token = np.full(len(position), size - 2)
    token[(position > 0) & (position < np.repeat(lengths, lengths) - 1)] = sequences.ids
    token[starts[1:] - 1] = size - 1
    return token.astype(np.int64), position
