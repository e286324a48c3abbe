"""N-grams, against their definition and sums over all sequences."""

import collections
import itertools
import math

import numpy as np
import pytest

from g2p_jax.data.ragged import Ragged
from g2p_jax.joint import ngram
from g2p_jax.joint.ngram import Ngram


def brute_force(sequences, order, tokens):
    """Modified Kneser-Ney by its definition, with tuples and dictionaries."""
    framed = [("<", *sequence, ">") for sequence in sequences]
    count = collections.Counter(
        s[i : i + n] for s in framed for n in range(1, order + 1) for i in range(len(s) - n + 1)
    )
    adjusted = {}
    for gram in count:
        before = len({longer[0] for longer in count if longer[1:] == gram})
        whole = len(gram) == order or gram[0] == "<"
        adjusted[gram] = 0 if gram == ("<",) else count[gram] if whole else before
    discount = {}
    for n in range(1, order + 1):
        seen = collections.Counter(c for gram, c in adjusted.items() if len(gram) == n)
        one, two, three, four = (max(seen[c], 1) for c in (1, 2, 3, 4))
        y = one / (one + 2 * two)
        taken = 1 - 2 * y * two / one, 2 - 3 * y * three / two, 3 - 4 * y * four / three
        discount[n] = [0, *np.clip(taken, 0.1, (0.9, 1.9, 2.9))]

    def p(history, token):
        if len(history) == order:
            return p(history[1:], token)
        shorter = p(history[1:], token) if history else 1 / (tokens + 2)
        after = {g: c for g, c in adjusted.items() if g[:-1] == history}
        total = sum(after.values())
        if not total:
            return shorter
        taken = discount[len(history) + 1]
        left = sum(taken[min(c, 3)] for c in after.values()) / total
        c = after.get((*history, token), 0)
        return (c - taken[min(c, 3)]) / total + left * shorter

    return p


@pytest.mark.parametrize("order", [1, 2, 4, 12])  # no sequence has twelve tokens
def test_kneser_ney_by_its_definition(order):
    random = np.random.default_rng(1)
    sequences = [random.integers(0, 4, random.integers(1, 7)).tolist() for _ in range(30)]
    model, p = Ngram.fit(Ragged.from_lists(sequences), 5, order), brute_force(sequences, order, 5)
    queries = [*sequences[:5], [3, 3, 3, 0], [4, 1], []]  # 4 was never seen
    for sequence, log_p in zip(queries, model.log_probs(Ragged.from_lists(queries)), strict=True):
        framed = ("<", *sequence, ">")
        expected = sum(
            math.log(p(framed[max(i - order + 1, 0) : i], framed[i])) for i in range(1, len(framed))
        )
        assert log_p == pytest.approx(expected)


def test_orders_that_no_sequence_reaches_are_left_out():
    model = Ngram.fit(Ragged.from_lists([[0, 1], [1]]), 2, 8)
    assert len(model.levels) == 4  # the start, two tokens, the end
    assert len(Ngram.fit(Ragged.from_lists([]), 2, 8).levels) == 1


def test_n_grams_are_as_long_as_so_many_allow():
    random = np.random.default_rng(2)
    sequences = Ragged.from_lists([random.integers(0, 4, 6).tolist() for _ in range(30)])
    three, four = Ngram.fit(sequences, 4, 3), Ngram.fit(sequences, 4, 4)
    count = sum(len(level.keys) for level in four.levels)
    for most, expected in ((count, four), (count - 1, three)):
        model = Ngram.fit(sequences, 4, 4, most)
        queries = Ragged.from_lists([[0, 1, 2, 3], [3, 3], []])
        np.testing.assert_array_equal(model.log_probs(queries), expected.log_probs(queries))


@pytest.mark.parametrize("count", [1, 3, 2000])
def test_keys_are_found(count):
    random = np.random.default_rng(count)
    keys = np.unique(random.integers(0, 40 * count, count))
    place = {key: number for number, key in enumerate(keys)}
    queries = random.integers(-5, 50 * count, 1000)
    queries[::3] = random.choice(keys, len(queries[::3]))
    found = ngram.find(keys, queries)
    np.testing.assert_array_equal(found, [place.get(key, -1) for key in queries])


def test_probabilities_of_all_sequences_are_one():
    """All that end after at most 12 tokens, of two tokens that mostly end soon."""
    model = Ngram.fit(Ragged.from_lists([[0], [0, 1], [], [1]] * 3), 2, 3)
    every = [s for n in range(13) for s in itertools.product((0, 1), repeat=n)]
    log_probs = model.log_probs(Ragged.from_lists(every))
    total, start = np.exp(log_probs).sum(), np.exp(model.levels[0].log_prob[2])
    assert 1 - start < total < 1  # what is lost is that a start could come once more
