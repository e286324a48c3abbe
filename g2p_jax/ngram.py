"""An n-gram model with modified Kneser-Ney smoothing, as sorted arrays.

Chen and Goodman, "An empirical study of smoothing techniques for language modeling", 1998:

    p(w | h) = (c(hw) - D) / c(h) + g(h) p(w | h without its first)

c is the count for the longest n-grams and those that begin a sequence, else the number of different
tokens that were seen before the n-gram; D is one of three discounts, for c of 1, 2 and more; g(h)
hands on what they took.

All n-grams of one length are a sorted array of keys: the place of all but the last token among the
n-grams one shorter, times the number of tokens, plus the last token. To find one is a binary
search, for all places of all sequences at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from g2p_jax.data.ragged import Array, Ragged, borders

Floats = NDArray[np.floating]
UNKNOWN = -20.0  # log probability of a token that was never seen


@dataclass(frozen=True, eq=False)
class Level:
    """All n-grams of one length."""

    keys: Array
    log_prob: Floats  # of the last token after the others
    log_backoff: Floats  # log g of the whole as a history

    def find(self, keys: Array) -> Array:
        """The places of these keys, -1 where there is none."""
        place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[place] == keys, place, -1)


@dataclass(frozen=True, eq=False)
class Ngram:
    """A model of sequences of tokens, which are numbers from 0 on."""

    levels: tuple[Level, ...]  # in the first each token, and the start and the end of a sequence

    @property
    def size(self) -> int:
        return len(self.levels[0].keys)

    @classmethod
    def fit(cls, sequences: Ragged, tokens: int, order: int) -> "Ngram":
        """Of all n-grams of at most `order` tokens, start and end included."""
        size = tokens + 2
        token, place = _framed(sequences, size)
        single, count = np.arange(size), np.bincount(token, minlength=size)
        count[tokens] = 0  # the start is never to be predicted
        node, every = token, [_Counted(single, count, single == tokens, np.zeros_like(single))]
        for n in range(1, order):
            seen = np.flatnonzero(place >= n)
            keys, first, which, count = np.unique(
                node[seen - 1] * size + token[seen],
                return_index=True,
                return_inverse=True,
                return_counts=True,
            )
            shorter = node[seen[first]]
            begins = place[seen[first]] == n
            before = np.bincount(shorter, minlength=len(every[-1].keys))
            every[-1].count[:] = np.where(every[-1].begins, every[-1].count, before)
            every.append(_Counted(keys, count, begins, shorter))
            node = np.full_like(token, -1)
            node[seen] = which
        return cls(tuple(_smoothed(every)))

    def log_probs(self, sequences: Ragged) -> Floats:
        """log P of each sequence, its end included; tokens from `size` on are unknown."""
        size = self.size
        token, place = _framed(sequences, size)
        known = token < size
        node = np.where(known, token, -1)
        log_p = np.where(known, self.levels[0].log_prob[node], UNKNOWN)
        for n, level in enumerate(self.levels[1:], 1):
            history = np.where(place >= n, np.roll(node, 1), -1)
            node = np.where((history >= 0) & known, level.find(history * size + token), -1)
            backed_off = log_p + self.levels[n - 1].log_backoff[history]
            log_p = np.where(history >= 0, backed_off, log_p)
            log_p = np.where(node >= 0, level.log_prob[node], log_p)
        return np.add.reduceat(np.where(place > 0, log_p, 0.0), np.flatnonzero(place == 0))


@dataclass
class _Counted:
    keys: Array
    count: Array
    begins: Array  # whether the n-gram begins a sequence
    shorter: Array  # the place of the n-gram without its first token, one level below


def _smoothed(every: Sequence[_Counted]) -> list[Level]:
    levels: list[Level] = []
    size = len(every[0].keys)
    below = np.full(1, 1 / size)
    for counted in every:
        history = counted.keys // size
        discount = discounts(counted.count)[np.minimum(counted.count, 3)]
        histories = len(levels[-1].keys) if levels else 1
        total = np.bincount(history, counted.count, histories)
        left = np.bincount(history, discount, histories)
        left = np.divide(left, total, out=np.ones(histories), where=total > 0)
        if levels:
            levels[-1].log_backoff[:] = np.log(left)
        share = (counted.count - discount) / np.maximum(total, 1)[history]
        below = share + left[history] * below[counted.shorter]
        levels.append(Level(counted.keys, np.log(below), np.zeros(len(below))))
    return levels


def discounts(count: Array) -> Floats:
    """What is taken from counts of 0 (nothing), 1, 2, and more (Chen and Goodman, equation 26)."""
    ones, twos, threes, fours = (max(np.sum(count == c), 1) for c in (1, 2, 3, 4))
    y = ones / (ones + 2 * twos)
    taken = 0, 1 - 2 * y * twos / ones, 2 - 3 * y * threes / twos, 3 - 4 * y * fours / threes
    return np.clip(taken, (0, 0.1, 0.1, 0.1), (0, 0.9, 1.9, 2.9))


def _framed(sequences: Ragged, size: int) -> tuple[Array, Array]:
    """All tokens, with the start and the end of each sequence; and the place of each in its own."""
    lengths = sequences.lengths + 2
    starts = borders(lengths)
    place = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
    token = np.full(len(place), size - 2)
    token[(place > 0) & (place < np.repeat(lengths, lengths) - 1)] = sequences.ids
    token[starts[1:] - 1] = size - 1
    return token.astype(np.int64), place
