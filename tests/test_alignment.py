"""Alignment, against sums over all sequences of units."""

import collections
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from g2p_jax.data.ragged import Ragged
from g2p_jax.joint import alignment
from g2p_jax.joint.alignment import Units

LETTERS, PHONEMES = 5, 4


def sequences_of_units(source, target):
    """All of a pair: each unit as letters and phonemes."""
    if not source:
        return [] if target else [()]
    sequences = []
    for letters, phonemes in ((1, 0), (1, 1), (1, 2), (2, 1)):
        if letters <= len(source) and phonemes <= len(target):
            unit = source[:letters], target[:phonemes]
            rest = sequences_of_units(source[letters:], target[phonemes:])
            sequences += [(unit, *sequence) for sequence in rest]
    return sequences


def value(units, unit):
    (x, *y), phonemes = unit
    table = units.pair[x, y[0]] if y else units[len(phonemes)][x]
    return float(table[tuple(phonemes)])


def score(units, sequence):
    """log P; of equal ones, a sequence with silent letters further back wins."""
    silent = [n for n, (_, phonemes) in enumerate(sequence) if not phonemes]
    return sum(value(units, unit) for unit in sequence) + 1e-3 * sum(silent)


def number(unit):
    x, y, p, q = (*(*unit[0], 0)[:2], *(*unit[1], 0, 0)[:2])
    return ((x * LETTERS + y) * PHONEMES + p) * PHONEMES + q


@pytest.fixture(scope="module")
def example():
    random = np.random.default_rng(0)
    shapes = [u.shape for u in Units.full(LETTERS, PHONEMES, 0.0)]
    units = Units(*(jnp.asarray(random.normal(size=shape), jnp.float32) for shape in shapes))
    sizes = [(4, 5), (3, 3), (1, 1), (5, 2), (2, 4), (1, 3)]  # no sequence makes the last
    draw = lambda length, most: tuple(random.integers(1, most, length).tolist())
    return units, [(draw(s, LETTERS), draw(t, PHONEMES)) for s, t in sizes]


def padded(pairs):
    source, target = np.zeros((2, len(pairs), 6), np.int32)
    for row, (letters, phonemes) in enumerate(pairs):
        source[row, : len(letters)], target[row, : len(phonemes)] = letters, phonemes
    return source, target


def ragged(pairs):
    return (Ragged.from_lists([pair[side] for pair in pairs]) for side in (0, 1))


def units_of(aligned, n):
    return aligned.ids[aligned.starts[n] : aligned.starts[n + 1]].tolist()


def test_forward_sums_all_sequences_of_units(example):
    units, pairs = example
    batch = padded(pairs)
    for combine, reduce in ((jax.nn.logsumexp, np.logaddexp.reduce), (jnp.max, max)):
        record = lambda ways, combine=combine: (combine(ways, axis=0), None)
        result, _ = alignment.forward(units.at_places(*batch), *batch, record)
        for log_z, (source, target) in zip(result[:-1], pairs, strict=False):
            sequences = sequences_of_units(source, target)
            scores = [sum(value(units, unit) for unit in sequence) for sequence in sequences]
            assert log_z == pytest.approx(reduce(scores), abs=1e-4)
        assert result[-1] < alignment.NEVER / 2


def test_expected_counts_are_posteriors(example):
    units, pairs = example
    expected = collections.Counter()
    for pair in pairs:
        sequences = sequences_of_units(*pair)
        weights = [math.exp(sum(value(units, unit) for unit in s)) for s in sequences]
        for sequence, weight in zip(sequences, weights, strict=True):
            for unit in sequence:
                expected[unit] += weight / sum(weights)
    result = alignment.expected_counts(units, *padded(pairs))
    assert sum(float(jnp.sum(u)) for u in result) == pytest.approx(sum(expected.values()), 1e-4)
    for unit, count in expected.items():
        assert value(result, unit) == pytest.approx(count, abs=1e-4)


def test_align_finds_the_best_sequence_of_units(example):
    units, pairs = example
    result = alignment.align(units, *ragged(pairs * 200))()  # more than one batch holds
    for n, pair in enumerate(pairs):
        best = max(sequences_of_units(*pair), default=(), key=lambda s: score(units, s))
        for copy in range(n, 200 * len(pairs), len(pairs)):
            assert units_of(result, copy) == [number(unit) for unit in best]


def test_a_pair_that_is_too_long_is_not_aligned(example):
    units, pairs = example
    long = (1,) * (alignment.LENGTHS[-1] + 1), (1, 2)
    result = alignment.align(units, *ragged([long, pairs[0], long]))()
    alone = alignment.align(units, *ragged([pairs[0]]))()
    assert [units_of(result, n) for n in range(3)] == [[], units_of(alone, 0), []]
    assert len(alignment.align(units, *ragged([]))()) == 0
