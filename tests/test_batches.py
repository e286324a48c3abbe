import random

import numpy as np
import pytest

from g2p_jax.data.batches import Batches, Examples
from g2p_jax.data.buckets import choose_buckets
from g2p_jax.data.pairs import Pair
from g2p_jax.data.symbols import EOS, PAD, Symbols
from g2p_jax.errors import DataError

LETTERS, SOUNDS = "abcdefg", ("AH", "B", "K", "D", "EH")


def random_pairs(count, seed=0):
    """Words all different, with one to three pronunciations, all different."""
    choose = random.Random(seed)
    pairs = {}
    while len(pairs) < count:
        word = "".join(choose.choices(LETTERS, k=choose.randint(1, 12)))
        several = {tuple(choose.choices(SOUNDS, k=choose.randint(1, 14))) for _ in range(3)}
        pairs[word] = Pair(word, tuple(sorted(several)[: choose.randint(1, 3)]))
    return list(pairs.values())


@pytest.fixture(scope="module")
def data():
    pairs = random_pairs(500)
    symbols = Symbols.from_pairs(pairs)
    return pairs, symbols, Examples.from_pairs(pairs, symbols)


def rows(batch, symbols):
    """(word, phonemes) of every real row, checking each token of the batch on the way."""
    found = []
    for source, target, weight in zip(*batch[:3], strict=True):
        if weight == 0:
            assert not source.any() and not target.any()
            continue
        assert weight == 1
        n, t = np.count_nonzero(source), np.count_nonzero(target)
        assert (source[:n] != PAD).all() and target[t - 1] == EOS
        assert EOS not in source and EOS not in target[: t - 1]
        word = "".join(symbols.graphemes.tokens[i] for i in source[:n])
        found.append((word, tuple(symbols.phonemes.tokens[i] for i in target[: t - 1])))
    return found


def same(first, second):
    return all(map(np.array_equal, first[:3], second[:3]))


def test_a_batch_by_hand():
    pairs = [Pair("ab", (("X",), ("Y", "X"))), Pair("b", (("Y",),))]
    examples = Examples.from_pairs(pairs, Symbols.from_pairs(pairs))
    (batch,) = Batches(examples, (3,), batch_size=4).in_order()
    assert batch.source_BxS.tolist() == [[4, 5, 0], [4, 5, 0], [5, 0, 0], [0, 0, 0]]
    assert batch.target_BxT.tolist() == [[4, 2, 0], [5, 4, 2], [5, 2, 0], [0, 0, 0]]
    assert batch.weight_B.tolist() == [1, 1, 1, 0]
    assert batch.weight_BxT.tolist() == [[1, 1, 0], [1, 1, 1], [1, 1, 0], [0, 0, 0]]
    assert [array.dtype for array in batch[:3]] == [np.int32, np.int32, np.float32]


def test_every_pair_exactly_once_per_epoch(data):
    pairs, symbols, examples = data
    batches = Batches(examples, choose_buckets(examples.lengths, 4), 32, seed=5)
    expected = sorted((word, sounds) for word, several in pairs for sounds in several)
    for iterator in (batches.epoch(0), batches.epoch(7), batches.in_order()):
        epoch = list(iterator)
        assert len(epoch) == batches.steps_per_epoch
        assert sorted(row for batch in epoch for row in rows(batch, symbols)) == expected


def test_an_example_is_in_the_smallest_bucket_that_holds_it(data):
    _, symbols, examples = data
    buckets = choose_buckets(examples.lengths, 3)
    shapes = set()
    for batch in Batches(examples, buckets, 16).epoch(0):
        length = batch.source_BxS.shape[1]
        shapes |= {batch.source_BxS.shape, batch.target_BxT.shape}
        smaller = max((b for b in buckets if b < length), default=0)
        for word, sounds in rows(batch, symbols):
            assert smaller < max(len(word), len(sounds) + 1) <= length
    assert shapes == {(16, bucket) for bucket in buckets}


def test_order_is_a_function_of_seed_and_epoch(data):
    _, _, examples = data

    def order(seed, epoch):
        return [
            batch.source_BxS.tolist() for batch in Batches(examples, (20,), 8, seed).epoch(epoch)
        ]

    assert order(1, 2) == order(1, 2)
    assert order(1, 2) != order(1, 3)
    assert order(1, 2) != order(2, 2)
    assert order(1, 2) != order(2, 1)


def test_batches_of_all_lengths_are_mixed(data):
    _, _, examples = data
    batches = Batches(examples, choose_buckets(examples.lengths, 4), 16)
    lengths = [batch.source_BxS.shape[1] for batch in batches.epoch(0)]
    assert lengths != sorted(lengths)
    ordered = [batch.source_BxS.shape[1] for batch in batches.in_order()]
    assert ordered == sorted(lengths)


def test_in_order_keeps_the_order_of_the_data(data):
    pairs, symbols, examples = data
    rows_in_order = [
        row for b in Batches(examples, (20,), 64).in_order() for row in rows(b, symbols)
    ]
    assert rows_in_order == [(word, sounds) for word, several in pairs for sounds in several]


def test_resumed_epoch_is_the_tail_of_the_whole_one(data, monkeypatch):
    _, _, examples = data
    batches = Batches(examples, choose_buckets(examples.lengths, 4), 32, seed=1)
    whole = list(batches.epoch(3))
    for start in (0, 1, 17, len(whole)):
        tail = list(batches.epoch(3, start))
        assert len(tail) == len(whole) - start
        assert all(map(same, tail, whole[start:]))

    built = []
    monkeypatch.setattr(batches, "_padded", lambda *plan: built.append(plan))
    next(batches.epoch(3, 10))
    assert len(built) == 1


def test_the_fingerprint_tells_data_apart(data):
    pairs, symbols, examples = data
    fingerprint = lambda examples: Batches(examples, (20,), 8).fingerprint
    assert fingerprint(examples) == fingerprint(Examples.from_pairs(pairs, symbols))
    assert fingerprint(examples) != fingerprint(Examples.from_pairs(pairs[1:], symbols))
    assert fingerprint(examples) != fingerprint(Examples.from_pairs(pairs[::-1], symbols))


def test_wrong_calls_are_clear_errors(data):
    _, symbols, examples = data
    longest = examples.lengths.max()
    for buckets in [(), (3, longest - 1), (20, 3), (3, 3, 20)]:
        with pytest.raises(ValueError, match=f"buckets must rise to {longest}"):
            Batches(examples, buckets, 32)
    with pytest.raises(DataError, match="no examples"):
        Examples.from_pairs([], symbols)
    with pytest.raises(DataError, match="no word has a letter that the training words have: '123'"):
        Examples.from_pairs([Pair("123", (("B",),))], symbols)


def test_words_without_any_known_letter_are_left_out_and_named(data, caplog):
    known = data[0][:2]
    pairs = [known[0], Pair("123", (("B",), ("D",))), known[1]]
    ours, theirs = (Examples.from_pairs(each, data[1]) for each in (pairs, known))
    for a, b in ((ours.source, theirs.source), (ours.target, theirs.target)):
        np.testing.assert_array_equal(a.ids, b.ids)
        np.testing.assert_array_equal(a.starts, b.starts)
    assert "left out 1 word without a letter that the training words have: '123'" in caplog.text
