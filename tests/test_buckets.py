import itertools
import random

import numpy as np
import pytest

from g2p_jax.data.buckets import choose_buckets, group_by_length


def batches(lengths, *args, **options):
    return [(b.tolist(), n) for b, n in group_by_length(np.array(lengths), *args, **options)]


def test_the_shortest_come_first_and_padding_is_minus_one():
    assert batches([5, 1, 3, 1, 2], (2, 4, 8), 2) == [([1, 3], 2), ([4, 2], 4), ([0, -1], 8)]
    assert batches([4], [4], 3) == [([0, -1, -1], 4)]
    assert batches([], (2, 4), 3) == []


def test_a_given_order_is_kept():
    order = np.array([4, 0, 2], np.int32)
    assert batches([3, 9, 1, 9, 2], (2, 4), 2, order) == [([4, 0], 4), ([2, -1], 2)]


def test_what_no_bucket_holds_is_left_out():
    assert batches([5, 1, 9, 4], (2, 4), 2) == [([1, 3], 4)]
    assert batches([5, 1, 9, 4], (2, 4), 2, np.array([0, 3])) == [([3, -1], 4)]


@pytest.mark.parametrize("seed", range(5))
def test_each_sequence_is_in_one_batch_that_is_no_longer_than_needed(seed):
    choose = random.Random(seed)
    lengths, buckets = [choose.randint(0, 12) for _ in range(100)], (3, 4, 9, 12)
    found = batches(lengths, buckets, 16)
    assert sorted(i for index_B, _ in found for i in index_B if i >= 0) == list(range(100))
    for index_B, length in found:
        longest = max(lengths[i] for i in index_B if i >= 0)
        assert length == min(bucket for bucket in buckets if bucket >= longest)


def padded_tokens(lengths, buckets):
    return sum(min(bucket for bucket in buckets if bucket >= length) for length in lengths)


@pytest.mark.parametrize("seed", range(20))
def test_buckets_are_the_best_of_all_choices(seed):
    choose = random.Random(seed)
    lengths = [min(choose.randint(1, 12), choose.randint(2, 14)) for _ in range(40)]
    distinct = sorted(set(lengths))
    for count in range(1, len(distinct) + 2):
        buckets = choose_buckets(lengths, count)
        assert len(buckets) == min(count, len(distinct)) and buckets[-1] == distinct[-1]
        choices = itertools.combinations(distinct[:-1], len(buckets) - 1)
        best = min(padded_tokens(lengths, (*choice, distinct[-1])) for choice in choices)
        assert padded_tokens(lengths, buckets) == best


def test_buckets_by_hand():
    assert choose_buckets([10, 2] + [1] * 9, 2) == (1, 10)  # 9 + 20 tokens; (2, 10) needs 20 + 10
    assert choose_buckets([10, 1] + [2] * 9, 2) == (2, 10)  # 20 + 10 tokens; (1, 10) needs 1 + 100
