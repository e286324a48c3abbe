"""Padded batches: a few bucket lengths, one batch size, every example exactly once per epoch.

Shapes: B rows of a batch, S source tokens, T target tokens. S = T = the length of the bucket, so
that there are as many shapes, and compilations, as buckets.
"""

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from g2p_jax.data.buckets import group_by_length
from g2p_jax.data.lexicon import DataError
from g2p_jax.data.pairs import Pair, Pairs
from g2p_jax.data.ragged import Array, Ints, Ragged, narrow
from g2p_jax.data.symbols import PAD, Symbols

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


class DistillationBatch(NamedTuple):
    """A batch, and the probability that a teacher gives every phoneme at each of its places."""

    batch: Batch
    teacher_BxTxV: NDArray[np.float16]


Fed = Batch | DistillationBatch  # what a training step takes


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
        pairs = Pairs.of(pairs)
        if not len(pairs.sounds):
            raise DataError("no examples: the data holds no pairs; check its path or its split")
        source = symbols.encode_words(pairs.words)
        owners = pairs.owners
        for what, wrong in (
            ("has an empty pronunciation; remove it", owners[pairs.sounds.lengths == 0]),
            (
                "has no grapheme that the model knows; remove the word",
                np.flatnonzero((source.lengths == 0) & (pairs.words.lengths > 0)),
            ),
        ):
            if len(wrong):
                raise DataError(f"{pairs[int(wrong[0])].word!r} {what}")
        return cls(source.take(owners), symbols.encode_targets(pairs))

    @property
    def lengths(self) -> Array:
        """The bucket length that each example needs at least."""
        return np.maximum(self.source.lengths, self.target.lengths)

    def __len__(self) -> int:
        return len(self.target)


def fingerprint(*arrays: tuple[Array, DTypeLike]) -> str:
    """Tells one set of training data from another, whatever bytes its numbers are kept in."""
    digest = hashlib.sha256()
    for array, dtype in arrays:
        for part in np.array_split(array.ravel(), 1 + array.size // 2**20):
            digest.update(part.astype(dtype).tobytes())
    return digest.hexdigest()


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
        self.lengths = narrow(examples.lengths)
        longest = int(self.lengths.max())
        if list(buckets) != sorted(set(buckets)) or not buckets or buckets[-1] < longest:
            raise ValueError(
                f"buckets must rise to {longest}, the longest example; found {buckets}"
            )
        self.examples, self.buckets = examples, tuple(buckets)
        self.batch_size, self.seed, self.members, self.rows = batch_size, seed, members, rows
        bucket = np.searchsorted(self.buckets, self.lengths)  # the first that is long enough
        number = np.int32 if len(examples) < 2**31 else np.int64
        self._contents = [
            np.flatnonzero(bucket == b).astype(number) for b in range(len(self.buckets))
        ]

    @cached_property
    def fingerprint(self) -> str:
        source, target = self.examples.source, self.examples.target
        return fingerprint(
            (source.ids, np.int32),
            (source.starts, np.int64),
            (target.ids, np.int32),
            (target.starts, np.int64),
        )

    def __len__(self) -> int:
        return len(self.examples) * self.members

    @property
    def steps_per_epoch(self) -> int:
        return sum(-(-len(indices) // self.batch_size) for indices in self._contents)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Fed]:
        """The batches of an epoch from number `start` on, in an order of its own.

        The order depends on (seed, epoch) only, so a resumed epoch goes on where it stopped, and
        the batches before `start` are never built. NumPy may change its shuffling in a new version.
        """
        if not 0 <= start <= self.steps_per_epoch:
            raise ValueError(f"start must be 0 to {self.steps_per_epoch}, not {start}")
        plans, order = [], np.zeros(0, np.int64)
        for member in range(self.members):
            random = np.random.Generator(np.random.PCG64([self.seed + member, epoch]))
            plans.append(self._plan([random.permutation(indices) for indices in self._contents]))
            order = random.permutation(len(plans[0])) if member == 0 else order
        if self.members == 1:
            return (self._batch(*plans[0][i]) for i in order[start:])
        together = ([self._padded(*plan[i]) for plan in plans] for i in order[start:])
        return (Batch(*map(np.stack, zip(*batches, strict=True))) for batches in together)

    def in_order(self) -> Iterator[Batch]:
        """The batches for evaluation: bucket by bucket, examples in the order of the data."""
        return (self._padded(*batch) for batch in self._plan(self._contents))

    def numbers_in_order(self) -> Iterator[Array]:
        """Which examples the rows of each batch for evaluation are."""
        return (index_B[index_B >= 0] for index_B, _ in self._plan(self._contents))

    def _plan(self, contents: list[Array]) -> list[tuple[Array, int]]:
        """(index_B, length) of each batch; every bucket is cut into batches of its own."""
        cut = (
            group_by_length(self.lengths, self.buckets, self.batch_size, indices)
            for indices in contents
        )
        return list(itertools.chain.from_iterable(cut))

    def _batch(self, index_B: Array, length: int) -> Fed:
        return self._padded(index_B, length)

    def _padded(self, index_B: Array, length: int) -> Batch:
        index_B = index_B[self.rows]
        return Batch(
            self.examples.source.padded(index_B, length),
            self.examples.target.padded(index_B, length),
            (index_B >= 0).astype(np.float32),
        )
