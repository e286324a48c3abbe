"""Padded batches: a few bucket lengths, one batch size, every example exactly once per epoch.

Shapes: B rows of a batch, S source tokens, T target tokens. S = T = the length of the bucket, so
that there are as many shapes, and compilations, as buckets.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from g2p_jax.data.lexicon import DataError, Pair
from g2p_jax.data.symbols import EOS, PAD, Symbols

Ints = NDArray[np.int32]
ALL = slice(None)  # rows of a batch


class Batch(NamedTuple):
    """Rows of graphemes and phonemes, padded on the right with PAD.

    source_BxS: graphemes, without BOS or EOS.
    target_BxT: phonemes, then EOS.
    weight_B: 1 for an example; 0 for a row that only fills up a batch and is PAD throughout.
    """

    source_BxS: Ints
    target_BxT: Ints
    weight_B: NDArray[np.float32]

    @property
    def source_mask(self) -> NDArray[np.bool_]:
        """True for a real token."""
        return self.source_BxS != PAD

    @property
    def target_mask(self) -> NDArray[np.bool_]:
        """True for a real token; EOS is one."""
        return self.target_BxT != PAD


@dataclass(frozen=True, eq=False)
class Ragged:
    """Sequences of ids, one after the other: sequence i is ids[starts[i] : starts[i + 1]]."""

    ids: Ints
    starts: NDArray[np.int64]

    @classmethod
    def from_lists(cls, lists: Sequence[Sequence[int]]) -> "Ragged":
        starts = np.zeros(len(lists) + 1, np.int64)
        np.cumsum([len(ids) for ids in lists], out=starts[1:])
        return cls(np.fromiter(chain.from_iterable(lists), np.int32, starts[-1]), starts)

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        return np.diff(self.starts)

    def padded(self, indices: NDArray[np.int64], length: int) -> Ints:
        """These sequences as rows of an array; an index of -1 gives a row of PAD."""
        if not len(self.ids):
            return np.full((len(indices), length), PAD, np.int32)
        column = np.arange(length)
        real = column < np.where(indices >= 0, self.lengths[indices], 0)[:, None]
        position = self.starts[indices][:, None] + column
        return np.where(real, self.ids.take(position, mode="clip"), np.int32(PAD))


@dataclass(frozen=True, eq=False)
class Examples:
    """Encoded training pairs: one example for every pronunciation of every word."""

    source: Ragged
    target: Ragged  # with EOS

    @classmethod
    def from_pairs(cls, pairs: Iterable[Pair], symbols: Symbols) -> "Examples":
        """Encodes pairs; graphemes that the symbols lack are left out, phonemes become UNK.

        The word is empty where a language model needs none. Raises DataError if there are no pairs,
        for a word that has no known grapheme and for a word with an empty pronunciation.
        """
        sources: list[list[int]] = []
        targets: list[list[int]] = []
        for word, pronunciations in pairs:
            graphemes, unknown = symbols.graphemes_of(word)
            if word and not graphemes:
                raise DataError(f"{word!r} has no grapheme that the model knows; remove the word")
            source = symbols.graphemes.encode(graphemes)
            for phonemes in pronunciations:
                if not phonemes:
                    raise DataError(f"{word!r} has an empty pronunciation; remove it")
                sources.append(source)
                targets.append([*symbols.encode_target(phonemes), EOS])
        if not sources:
            raise DataError("no examples: the data holds no pairs; check its path or its split")
        return cls(Ragged.from_lists(sources), Ragged.from_lists(targets))

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """The bucket length that each example needs at least."""
        return np.maximum(self.source.lengths, self.target.lengths)

    def __len__(self) -> int:
        return len(self.lengths)


def fingerprint(*arrays: NDArray[Any]) -> str:
    """Tells one set of training data from another."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(array.tobytes())
    return digest.hexdigest()


def choose_buckets(lengths: Sequence[int] | NDArray[np.int64], count: int) -> tuple[int, ...]:
    """The at most `count` bucket lengths that hold all examples with the least padding.

    An exact dynamic programme over the distinct lengths: the best k buckets that end at length j
    are the best k - 1 that end at some i < j, and one that takes every example in between. Few
    distinct lengths give fewer buckets. Raises ValueError if there is nothing to choose from.
    """
    if count < 1 or not len(lengths):
        raise ValueError(f"needs a bucket and an example; {count=}, {len(lengths)} examples")
    distinct, frequency = np.unique(np.asarray(lengths), return_counts=True)
    upto = np.concatenate([[0], np.cumsum(frequency)])
    # cost[i, j]: tokens of one bucket for the i-th to the j-th length, both included.
    cost = (upto[None, 1:] - upto[:-1, None]) * distinct.astype(float)
    cost[np.tril_indices(len(distinct), -1)] = np.inf
    best = cost[0]  # with one bucket, which ends at j
    starts = []  # for each further bucket and each j, where that bucket starts
    for _ in range(min(count, len(distinct)) - 1):
        tokens = best[:-1, None] + cost[1:]
        starts.append(1 + tokens.argmin(axis=0))
        best = tokens.min(axis=0)
    end = len(distinct) - 1
    buckets = [int(distinct[end])]
    for start in reversed(starts):
        end = int(start[end]) - 1
        buckets.append(int(distinct[end]))
    return tuple(reversed(buckets))


class Batches:
    """Cuts examples into batches of one size and of the lengths of the buckets.

    The last batch of a bucket is filled up with rows of weight 0, so no example is ever dropped.
    With more than one member of an ensemble, batches of training have a leading axis: each member
    has all examples of an epoch in an order of its own, bucket by bucket in the same order.
    `rows` are those of each batch that are built: the others are another process's.
    Raises ValueError for buckets that do not hold the longest example.
    """

    unit, counted = "words", "examples"  # what the log counts, and its name among a step's sums

    def __init__(
        self,
        examples: Examples,
        buckets: Sequence[int],
        batch_size: int,
        seed: int = 0,
        members: int = 1,
        rows: slice = ALL,
    ):
        if batch_size < 1:
            raise ValueError(f"batch_size must be positive, not {batch_size}")
        longest = int(examples.lengths.max())
        if list(buckets) != sorted(set(buckets)) or not buckets or buckets[-1] < longest:
            raise ValueError(
                f"buckets must rise to {longest}, the longest example; found {buckets}"
            )
        self.examples, self.buckets = examples, tuple(buckets)
        self.batch_size, self.seed, self.members, self.rows = batch_size, seed, members, rows
        bucket = np.searchsorted(self.buckets, examples.lengths)  # the first that is long enough
        self._contents = [np.flatnonzero(bucket == b) for b in range(len(self.buckets))]

    @property
    def fingerprint(self) -> str:
        source, target = self.examples.source, self.examples.target
        return fingerprint(source.ids, source.starts, target.ids, target.starts)

    def __len__(self) -> int:
        return len(self.examples) * self.members

    @property
    def steps_per_epoch(self) -> int:
        return sum(-(-len(indices) // self.batch_size) for indices in self._contents)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch from number `start` on, in an order of its own.

        The order depends on (seed, epoch) only, so a resumed epoch goes on where it stopped, and
        the batches before `start` are never built. NumPy may change its shuffling in a new version.
        """
        if not 0 <= start <= self.steps_per_epoch:
            raise ValueError(f"start must be 0 to {self.steps_per_epoch}, not {start}")
        plans, order = [], np.zeros(0, np.int64)
        for member in range(self.members):
            random = np.random.Generator(np.random.PCG64([self.seed + member, epoch]))
            plans.append(self._cut([random.permutation(indices) for indices in self._contents]))
            order = random.permutation(len(plans[0])) if member == 0 else order
        if self.members == 1:
            return (self._batch(*plans[0][i]) for i in order[start:])
        together = ([self._batch(*plan[i]) for plan in plans] for i in order[start:])
        return (Batch(*map(np.stack, zip(*batches, strict=True))) for batches in together)

    def in_order(self) -> Iterator[Batch]:
        """The batches for evaluation: bucket by bucket, examples in the order of the data."""
        return (self._batch(length, indices) for length, indices in self._cut(self._contents))

    def _cut(self, contents: list[NDArray[np.int64]]) -> list[tuple[int, NDArray[np.int64]]]:
        return [
            (length, indices[i : i + self.batch_size])
            for length, indices in zip(self.buckets, contents, strict=True)
            for i in range(0, len(indices), self.batch_size)
        ]

    def _batch(self, length: int, indices: NDArray[np.int64]) -> Batch:
        rows = np.full(self.batch_size, -1)
        rows[: len(indices)] = indices
        rows = rows[self.rows]
        return Batch(
            self.examples.source.padded(rows, length),
            self.examples.target.padded(rows, length),
            (rows >= 0).astype(np.float32),
        )
