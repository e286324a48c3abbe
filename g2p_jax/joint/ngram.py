"""An n-gram model with modified Kneser-Ney smoothing, as sorted arrays.

Chen and Goodman, "An empirical study of smoothing techniques for language modeling", 1998:

    p(w | h) = (c(hw) - D) / c(h) + g(h) p(w | h without its first)

c is the count for the longest n-grams and those that begin a sequence, else the number of different
tokens that were seen before the n-gram; D is one of three discounts, for c of 1, 2 and more; g(h)
hands on what they took.

All n-grams of one length are a sorted array of keys: the place of all but the last token among the
n-grams one shorter, times the number of tokens, plus the last token. A few are found by binary
search, many by a hash table: both for all places of all sequences at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from g2p_jax.data.ragged import Array, Ragged, borders

Floats = NDArray[np.floating]
UNKNOWN = -20.0  # log probability of a token that was never seen
FEW = 1000  # keys, that are found before a hash table has been made
GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio, odd


@dataclass(frozen=True, eq=False)
class Level:
    """All n-grams of one length."""

    keys: Array
    log_prob: Floats  # of the last token after the others
    log_backoff: Floats  # log g of the whole as a history

    def find(self, keys: Array) -> Array:
        """The places of these keys, -1 where there is none."""
        if len(keys) < FEW:
            place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
            return np.where(self.keys[place] == keys, place, -1)
        slot, table = self._slots(keys), self._table
        place = table[slot]
        other = np.flatnonzero((place >= 0) & (self.keys[place] != keys))
        while len(other):
            slot[other] = (slot[other] + 1) % len(table)
            found = place[other] = table[slot[other]]
            other = other[(found >= 0) & (self.keys[found] != keys[other])]
        return place

    @cached_property
    def _table(self) -> Array:
        """For each slot the place of a key, or -1; a key is in its own slot or in the next free."""
        table = np.full(1 << self._bits, -1, np.int32)
        left = np.arange(len(self.keys))
        slot = self._slots(self.keys)
        while len(left):
            free = table[slot] < 0
            table[slot[free]] = left[free]  # of several for one slot, the last stays
            homeless = table[slot] != left
            left, slot = left[homeless], (slot[homeless] + 1) % len(table)
        return table

    @property
    def _bits(self) -> int:
        """Of a slot's number: at most a quarter of the slots are taken."""
        return (4 * len(self.keys)).bit_length()

    def _slots(self, keys: Array) -> Array:
        """Where each key is looked for first: Fibonacci hashing (Knuth, vol. 3, section 6.4)."""
        return (keys.astype(np.uint64) * GOLDEN >> np.uint64(64 - self._bits)).astype(np.int64)


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
