"""Sequences of similar length as one batch, of a few fixed shapes: each shape is compiled once."""

import functools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from g2p_jax.data.ragged import Array, Ragged


def choose_buckets(lengths: Sequence[int] | Array, count: int) -> tuple[int, ...]:
    """Returns the at most `count` bucket lengths that hold all sequences with the least padding.

    An exact dynamic programme over the distinct lengths. Few of them give fewer buckets.
    """
    frequency = np.bincount(lengths)
    distinct = np.flatnonzero(frequency).tolist()
    below = [0, *np.cumsum(frequency[distinct]).tolist()]  # sequences below each distinct length

    @functools.cache
    def best(end: int, count: int) -> tuple[float, tuple[int, ...]]:
        """Returns the fewest tokens of the first `end` distinct lengths, and their buckets."""
        if not end or not count:
            return math.inf if end else 0, ()
        last = distinct[end - 1]  # length of the last bucket, which holds those from `start` on
        return min(
            (tokens + last * (below[end] - below[start]), (*buckets, last))
            for start in range(end)
            for tokens, buckets in [best(start, count - 1)]
        )

    return best(len(distinct), count)[1]


def group_by_length(
    lengths: Array, buckets: Sequence[int], rows: int, order: Array | None = None
) -> Iterator[tuple[Array, int]]:
    """Yields (index_B, length) for each batch; `Ragged.padded` makes the batch of it.

    index_B says which sequence each of the `rows` rows is; -1 stands for a row of padding, at the
    end of the last batch only. The length is the smallest of `buckets` that holds the whole batch.

    Args:
      lengths: length of each sequence; one that no bucket holds is in no batch.
      buckets: lengths of batches, rising.
      order: the sequences to take, as they fill the batches; None: all, the shortest first.
    """
    order = np.argsort(lengths, kind="stable") if order is None else order
    order = order[lengths[order] <= buckets[-1]]
    for start in range(0, len(order), rows):
        chosen = order[start : start + rows]
        index_B = np.full(rows, -1, order.dtype)
        index_B[: len(chosen)] = chosen
        yield index_B, int(buckets[np.searchsorted(buckets, lengths[chosen].max())])


def padded_batches(
    sequences: Sequence[Ragged], buckets: Sequence[int], rows: int
) -> Iterator[tuple[Array, ...]]:
    """Yields (index_B, *padded) for each batch of parallel sequences; see `group_by_length`.

    sequences: such as the words and their pronunciations; the longest of each decides.
    """
    lengths = np.max([each.lengths for each in sequences], axis=0)
    for index_B, length in group_by_length(lengths, buckets, rows):
        yield index_B, *(each.padded(index_B, length) for each in sequences)
