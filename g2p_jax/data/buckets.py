"""Sequences of similar length as one batch, of a few fixed shapes: each shape is compiled once."""

from collections.abc import Iterator, Sequence

import numpy as np

from g2p_jax.data.ragged import Array


def choose_buckets(lengths: Sequence[int] | Array, count: int) -> tuple[int, ...]:
    """Returns the at most `count` bucket lengths that hold all sequences with the least padding.

    An exact dynamic programme over the distinct lengths: the best k buckets that end at length j
    are the best k - 1 that end at some i < j, and one that takes every sequence in between. Few
    distinct lengths give fewer buckets. Raises ValueError if there is nothing to choose from.
    """
    if count < 1 or not len(lengths):
        raise ValueError(f"needs a bucket and an example; {count=}, {len(lengths)} examples")
    frequency = np.bincount(lengths)
    distinct = np.flatnonzero(frequency)
    upto = np.concatenate([[0], np.cumsum(frequency[distinct])])
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
