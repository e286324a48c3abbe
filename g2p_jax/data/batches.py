"""Padded batches: a few bucket lengths, one batch size, every example exactly once per epoch."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from absl import logging
from numpy.typing import NDArray

from g2p_jax.data.buckets import group_by_length
from g2p_jax.data.pairs import Pair, Pairs
from g2p_jax.data.ragged import Array, Ints, Ragged, narrow
from g2p_jax.data.symbols import PAD, Symbols
from g2p_jax.data.textfile import shorten
from g2p_jax.errors import DataError, counted

ALL = slice(None)  # rows of a batch


class Batch(NamedTuple):
    """Rows of graphemes and phonemes, padded on the right with PAD.

    source_BxS: graphemes, without BOS or EOS.
    target_BxT: phonemes, then EOS.
    weight_B: 1 for an example; 0 for a row that only fills up a batch and is PAD throughout.
    teacher_BxTxV: the probability that a teacher gives each phoneme, to learn from; or None.
    """

    source_BxS: Ints
    target_BxT: Ints
    weight_B: NDArray[np.float32]
    teacher_BxTxV: NDArray[np.float16] | None = None

    @property
    def weight_BxT(self) -> NDArray[np.float32]:
        """The weight of each target token in the loss; 0 for padding."""
        return (self.target_BxT != PAD) * self.weight_B[:, None]


@dataclass(frozen=True, eq=False)
class Examples:
    """Encoded training pairs: one example for every pronunciation of every word."""

    source: Ragged
    target: Ragged  # with EOS

    @classmethod
    def from_pairs(cls, pairs: Iterable[Pair], symbols: Symbols) -> "Examples":
        """Encodes pairs; graphemes that the symbols lack are left out, phonemes become UNK.

        Words without any known grapheme are left out, with a warning, unless they are empty, as for
        a language model. Raises DataError if no pair is left.
        """
        pairs = Pairs.of(pairs)
        if not len(pairs.pronunciations):
            raise DataError("no examples: the data holds no pairs; check its path or its split")
        source, target = symbols.encode_words(pairs.words), symbols.encode_targets(pairs)
        unknown_W = (source.lengths == 0) & (pairs.words.lengths > 0)
        examples = cls(source.take(pairs.owners), target)
        if not unknown_W.any():
            return examples
        count, word = np.count_nonzero(unknown_W), pairs[int(unknown_W.argmax())].word
        letter = f"a letter that the training words have: {shorten(word)}"
        if count == len(pairs):
            raise DataError(f"no word has {letter}")
        logging.warning("left out %s without %s", counted(int(count), "word"), letter)
        return examples.take(np.flatnonzero(~unknown_W[pairs.owners]))

    def take(self, indices: Array) -> "Examples":
        """Returns the examples with these indices."""
        return Examples(self.source.take(indices), self.target.take(indices))

    @property
    def lengths(self) -> Array:
        """The bucket length that each example needs at least."""
        return np.maximum(self.source.lengths, self.target.lengths)

    def __len__(self) -> int:
        return len(self.target)


def fingerprint(*arrays: Array) -> str:
    """Returns a hash that tells one set of training data from another."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ravel(array).data)
    return digest.hexdigest()


class Batches:
    """Cuts examples into batches of one size, and of the lengths of the buckets.

    Shapes are [B, S] and [B, T] with S = T = the length of a bucket, so there are as many shapes,
    and compilations, as buckets. The last batch of a bucket is filled up with rows of weight 0, so
    no example is ever dropped.

    Args:
      buckets: rising lengths; ValueError unless the last one holds the longest example.
      members: of an ensemble; with several, the batches of training have a leading axis: each
        member has all examples of an epoch in an order of its own, in the same order of buckets.
      rows: those of each batch to build; other processes build the others.
      teacher: probabilities [tokens, V] of each of `examples.target.ids`, for the batches to have.
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
        teacher: NDArray[np.float16] | None = None,
    ):
        self._lengths = narrow(examples.lengths)
        longest = int(self._lengths.max())
        if list(buckets) != sorted(set(buckets)) or not buckets or buckets[-1] < longest:
            raise ValueError(
                f"buckets must rise to {longest}, the longest example; found {buckets}"
            )
        self.examples, self.buckets, self.teacher = examples, tuple(buckets), teacher
        self.batch_size, self.seed, self.members, self.rows = batch_size, seed, members, rows
        sizes = np.bincount(np.searchsorted(self.buckets, self._lengths))
        self.steps_per_epoch = int(np.sum(-(-sizes // batch_size)))

    @cached_property
    def fingerprint(self) -> str:
        source, target = self.examples.source, self.examples.target
        return fingerprint(source.ids, source.starts, target.ids, target.starts)

    def __len__(self) -> int:
        return len(self.examples) * self.members

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yields the batches of an epoch from number `start` on, in an order of its own.

        The order depends on (seed, epoch) only, so a resumed epoch goes on where it stopped, and
        the batches before `start` are never built. NumPy may change its shuffling in a new version.
        """
        seeds = ([self.seed + member, epoch] for member in range(self.members))
        generators = [np.random.Generator(np.random.PCG64(seed)) for seed in seeds]
        plans = [self._plan(random) for random in generators]
        for i in generators[0].permutation(self.steps_per_epoch)[start:]:
            batches = [self._padded(*plan[i]) for plan in plans]
            if self.members == 1:
                yield batches[0]
            else:
                yield Batch(*map(np.stack, zip(*(batch[:3] for batch in batches), strict=True)))

    def in_order(self) -> Iterator[Batch]:
        """Yields the batches bucket by bucket, examples in the order of the data."""
        return (self._padded(*batch) for batch in self._plan())

    def _plan(self, random: np.random.Generator | None = None) -> list[tuple[Array, int]]:
        """Returns (index_B, length) of each batch, bucket by bucket, shuffled within buckets."""
        shorter, plan = 0, list[tuple[Array, int]]()
        for bucket in self.buckets:
            indices = np.flatnonzero((self._lengths > shorter) & (self._lengths <= bucket))
            indices = indices.astype(np.min_scalar_type(-len(self._lengths)))
            if random:
                random.shuffle(indices)
            plan += group_by_length(self._lengths, self.buckets, self.batch_size, indices)
            shorter = bucket
        return plan

    def _padded(self, index_B: Array, length: int) -> Batch:
        index_B, source, target = index_B[self.rows], self.examples.source, self.examples.target
        weight_B = (index_B >= 0).astype(np.float32)
        batch = Batch(source.padded(index_B, length), target.padded(index_B, length), weight_B)
        if self.teacher is None:
            return batch
        token_BxT = target.places(index_B, length)
        teacher_BxTxV = self.teacher.take(token_BxT, axis=0, mode="clip")  # of padding: anything
        return batch._replace(teacher_BxTxV=teacher_BxTxV)
