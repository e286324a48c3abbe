"""Millions of short sequences of numbers in two arrays: some bytes for each, not a list.

Work that needs more memory for each number than its own bytes is done block by block.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 1 << 14  # sequences in a block

Array = NDArray[Any]
Ints = NDArray[np.int32]


def narrow(numbers: Array) -> Array:
    """Returns numbers from 0 on in as few bytes as the largest needs."""
    return numbers.astype(np.min_scalar_type(numbers.max(initial=0)))


def borders(lengths: Array | Sequence[int]) -> Array:
    """Returns where sequences of these lengths start in one array, and where the last one ends."""
    lengths = np.asarray(lengths)
    total = lengths.sum(dtype=np.int64)
    starts = np.zeros(len(lengths) + 1, np.int32 if total < 2**31 else np.int64)
    np.cumsum(lengths, dtype=starts.dtype, out=starts[1:])
    return starts


@dataclass(frozen=True, eq=False)
class Ragged:
    """Sequences of numbers, one after the other: sequence i is ids[starts[i] : starts[i + 1]]."""

    ids: Array  # unsigned, of 1, 2 or 4 bytes
    starts: Array  # int32 where that suffices, else int64

    @classmethod
    def from_lists(
        cls, lists: Sequence[Sequence[Any]], number: Callable[[Any], int] = int
    ) -> "Ragged":
        """Packs sequences of what `number` turns into numbers."""
        ids = np.fromiter(map(number, chain.from_iterable(lists)), np.uint32)
        return cls(narrow(ids), borders(list(map(len, lists))))

    @classmethod
    def concatenate(cls, parts: Iterable["Ragged"]) -> "Ragged":
        """Returns the sequences of all parts."""
        parts = [cls.from_lists([]), *parts]
        lengths = np.concatenate([part.lengths for part in parts])
        return cls(np.concatenate([part.ids for part in parts]), borders(lengths))

    @property
    def lengths(self) -> Array:
        return np.diff(self.starts)

    @property
    def first(self) -> Array:
        """Returns the first number of each sequence, none of which is empty."""
        return self.ids[self.starts[:-1]]

    @property
    def rest(self) -> "Ragged":
        """Returns the sequences without their first numbers."""
        starts = self.starts - np.arange(len(self.starts), dtype=self.starts.dtype)
        return Ragged(np.delete(self.ids, self.starts[:-1]), starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def part(self, start: int, stop: int) -> "Ragged":
        """Returns the sequences from `start` to before `stop`; shares their numbers."""
        starts = self.starts[start : stop + 1]
        return Ragged(self.ids[starts[0] : starts[-1]], starts - starts[0])

    def blocks(self) -> Iterator["Ragged"]:
        """Yields all sequences, a block at a time."""
        return (self.part(start, start + BLOCK) for start in range(0, len(self), BLOCK))

    def take(self, indices: Array) -> "Ragged":
        """Returns the sequences with these indices, in this order."""

        def some(chosen: Array) -> Ragged:
            old = self.starts[chosen]
            lengths = self.starts[chosen + 1] - old
            new = borders(lengths)
            return Ragged(self.ids[np.arange(new[-1]) + np.repeat(old - new[:-1], lengths)], new)

        blocks = (indices[i : i + BLOCK] for i in range(0, len(indices), BLOCK))
        return Ragged.concatenate(map(some, blocks))

    def padded(self, indices: Array, length: int) -> Ints:
        """Returns these sequences as rows [B, length], zeros behind; -1 gives a row of zeros."""
        if not len(self.ids):
            return np.zeros((len(indices), length), np.int32)
        position = self.places(indices, length)
        real = position < self.starts[indices + 1][:, None]  # never for -1, whose end is 0
        return np.where(real, self.ids.take(position, mode="clip"), 0).astype(np.int32)

    def places(self, indices: Array, length: int) -> Array:
        """Returns where in `ids` these sequences are [B, length], as if all had that length."""
        return self.starts[indices][:, None] + np.arange(length)
