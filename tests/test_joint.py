"""Alignment, n-grams and their joint model, against sums over everything there is."""

import collections
import itertools
import math

import jax.numpy as jnp
import numpy as np
import pytest

from g2p_jax.data.pairs import Pair
from g2p_jax.data.ragged import Ragged
from g2p_jax.data.symbols import Symbols
from g2p_jax.joint import alignment, ngram
from g2p_jax.joint import model as joint
from g2p_jax.joint.alignment import Units
from g2p_jax.joint.model import NO_ROW, JointNgram
from g2p_jax.joint.ngram import Ngram

LETTERS, PHONEMES = 5, 4


def rows_of_units(source, target):
    """All there are: each unit as letters and phonemes."""
    if not source:
        return [] if target else [()]
    found = []
    for letters, phonemes in ((1, 0), (1, 1), (1, 2), (2, 1)):
        if letters <= len(source) and phonemes <= len(target):
            unit = source[:letters], target[:phonemes]
            rest = rows_of_units(source[letters:], target[phonemes:])
            found += [(unit, *row) for row in rest]
    return found


def looked_up(units, unit):
    (x, *y), phonemes = unit
    table = units.pair[x, y[0]] if y else units[len(phonemes)][x]
    return float(table[tuple(phonemes)])


def rated(units, row):
    """Of rows that are as good, that with silent letters further back."""
    silent = [n for n, (_, phonemes) in enumerate(row) if not phonemes]
    return sum(looked_up(units, unit) for unit in row) + 1e-3 * sum(silent)


def number(unit):
    x, y, p, q = (*(*unit[0], 0)[:2], *(*unit[1], 0, 0)[:2])
    return ((x * LETTERS + y) * PHONEMES + p) * PHONEMES + q


@pytest.fixture(scope="module")
def made():
    random = np.random.default_rng(0)
    shapes = [u.shape for u in Units.full(LETTERS, PHONEMES, 0.0)]
    units = Units(*(jnp.asarray(random.normal(size=shape), jnp.float32) for shape in shapes))
    sizes = [(4, 5), (3, 3), (1, 1), (5, 2), (2, 4), (1, 3)]  # nothing fits the last
    draw = lambda length, most: tuple(random.integers(1, most, length).tolist())
    return units, [(draw(s, LETTERS), draw(t, PHONEMES)) for s, t in sizes]


def padded(pairs):
    source, target = np.zeros((2, len(pairs), 6), np.int32)
    for row, (letters, phonemes) in enumerate(pairs):
        source[row, : len(letters)], target[row, : len(phonemes)] = letters, phonemes
    return source, target


def test_forward_sums_all_rows_of_units(made):
    units, pairs = made
    batch = padded(pairs)
    places = alignment.at(units, *batch)
    for join, reduce in ((jnp.logaddexp, np.logaddexp.reduce), (jnp.maximum, max)):
        found = alignment.total(places, *batch, join)
        for log_z, (source, target) in zip(found[:-1], pairs, strict=False):
            rows = rows_of_units(source, target)
            scores = [sum(looked_up(units, unit) for unit in row) for row in rows]
            assert log_z == pytest.approx(reduce(scores), abs=1e-4)
        assert found[-1] < -1e8


def test_expected_counts_are_posteriors(made):
    units, pairs = made
    expected = collections.Counter()
    for source, target in pairs:
        rows = rows_of_units(source, target)
        weights = [math.exp(sum(looked_up(units, unit) for unit in row)) for row in rows]
        for row, weight in zip(rows, weights, strict=True):
            for unit in row:
                expected[unit] += weight / sum(weights)
    found = alignment.expected(units, *padded(pairs))
    assert sum(float(jnp.sum(of)) for of in found) == pytest.approx(sum(expected.values()), 1e-4)
    for unit, count in expected.items():
        assert looked_up(found, unit) == pytest.approx(count, abs=1e-4)


def test_the_best_row_of_units(made):
    units, pairs = made
    pairs = pairs * 40  # more than one batch holds
    both = (Ragged.from_lists(of) for of in zip(*pairs, strict=True))
    found = alignment.align(units, alignment.ask(units, *both))
    for n, (source, target) in enumerate(pairs):
        row = found.ids[found.starts[n] : found.starts[n + 1]].tolist()
        rows = rows_of_units(source, target)
        best = max(rows, default=(), key=lambda row: rated(units, row))
        assert row == [number(unit) for unit in best]


def fitted(lines, order=3):
    pairs = [Pair(word, (tuple(spoken.split()),)) for word, spoken in lines]
    symbols = Symbols.from_pairs(pairs)
    return JointNgram.fit(pairs, symbols, order), symbols


LINES = [
    ("ship", "SH IH P"),
    ("hip", "HH IH P"),
    ("sip", "S IH P"),
    ("six", "S IH K S"),
    ("kiss", "K IH S"),
    ("shih", "SH IH"),
    ("pix", "P IH K S"),
    ("his", "HH IH S"),
    ("this", "TH IH S"),
    ("hit", "HH IH T"),
    ("kit", "K IH T"),
    ("tip", "T IH P"),
]


def test_letters_and_phonemes_find_each_other():
    model, symbols = fitted(LINES)
    names = symbols.graphemes.tokens, symbols.phonemes.tokens

    def read(code):
        code, q = divmod(int(code), len(names[1]))
        code, p = divmod(code, len(names[1]))
        letters = [names[0][x] for x in divmod(code, len(names[0])) if x]
        return "".join(letters) + ":" + "+".join(names[1][x] for x in (p, q) if x)

    units = {read(code) for code in model.codes}
    assert {"sh:SH", "x:K+S", "th:TH", "k:K", "i:IH"} <= units
    assert "s:SH" not in units and "t:TH" not in units


def test_of_too_many_pairs_some_are_enough(monkeypatch):
    monkeypatch.setattr(joint, "MOST", 6)
    pairs = [Pair(word, (tuple(spoken.split()),)) for word, spoken in LINES]
    symbols = Symbols.from_pairs(pairs)
    some, half = JointNgram.fit(pairs, symbols, 2), JointNgram.fit(pairs[::2], symbols, 2)
    assert some.arrays().keys() == half.arrays().keys()
    for name, array in some.arrays().items():
        np.testing.assert_array_equal(array, half.arrays()[name])


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


@pytest.mark.parametrize("order", [1, 2, 4])
def test_kneser_ney_by_its_definition(order):
    random = np.random.default_rng(1)
    sequences = [random.integers(0, 4, random.integers(1, 7)).tolist() for _ in range(30)]
    model, p = Ngram.fit(Ragged.from_lists(sequences), 5, order), brute_force(sequences, order, 5)
    asked = [*sequences[:5], [3, 3, 3, 0], [4, 1], []]  # 4 was never seen
    for sequence, log_p in zip(asked, model.log_probs(Ragged.from_lists(asked)), strict=True):
        framed = ("<", *sequence, ">")
        wanted = sum(
            math.log(p(framed[max(i - order + 1, 0) : i], framed[i])) for i in range(1, len(framed))
        )
        assert log_p == pytest.approx(wanted)


@pytest.mark.parametrize("count", [1, 3, 2000])
def test_keys_are_found_by_search_and_by_hash_table(count):
    random = np.random.default_rng(count)
    keys = np.unique(random.integers(0, 40 * count, count))
    level = ngram.Level(keys, np.zeros(len(keys)), np.zeros(len(keys)))
    place = {key: number for number, key in enumerate(keys)}
    asked = random.integers(-5, 50 * count, ngram.FEW)
    asked[::3] = random.choice(keys, len(asked[::3]))
    wanted = [place.get(key, -1) for key in asked]
    np.testing.assert_array_equal(level.find(asked), wanted)
    np.testing.assert_array_equal(level.find(asked[:-1]), wanted[:-1])


def test_probabilities_of_all_sequences_are_one():
    """All that end after at most 12 tokens, of two tokens that mostly end soon."""
    model = Ngram.fit(Ragged.from_lists([[0], [0, 1], [], [1]] * 3), 2, 3)
    every = [s for n in range(13) for s in itertools.product((0, 1), repeat=n)]
    log_probs = model.log_probs(Ragged.from_lists(every))
    total, start = np.exp(log_probs).sum(), np.exp(model.levels[0].log_prob[2])
    assert 1 - start < total < 1  # what is lost is that a start could come once more


def test_what_cannot_be_known_is_unlikely():
    model, symbols = fitted(LINES)
    spell = lambda words: Ragged.from_lists([symbols.graphemes.encode(word) for word in words])
    speak = lambda each: Ragged.from_lists([symbols.phonemes.encode(one.split()) for one in each])
    said = ["S IH P", "S IH S", "IH IH IH IH IH IH IH IH IH"]
    log_p = model.log_probs(model.ask(spell(["sip"] * len(said)), speak(said)))
    assert log_p[0] > log_p[1] + 15 > NO_ROW + 15 and log_p[2] == NO_ROW
    sequences = Ragged.from_lists([[model.ngram.size], []])
    unknown, empty = model.ngram.log_probs(sequences)
    assert unknown < ngram.UNKNOWN + empty + 10


def test_arrays_that_do_not_fit_are_refused():
    model, symbols = fitted(LINES)
    arrays = model.arrays()
    again = JointNgram.from_arrays(arrays, symbols)
    assert len(again.ngram.levels) == 3
    for ours, theirs in zip(again.ngram.levels, model.ngram.levels, strict=True):
        np.testing.assert_allclose(ours.log_prob, theirs.log_prob, atol=1 / 32)
        np.testing.assert_allclose(ours.log_backoff, theirs.log_backoff, atol=1 / 32)
    for ours, theirs in zip(again.ngram.levels, model.ngram.levels, strict=True):
        np.testing.assert_array_equal(ours.keys, theirs.keys)
    swapped = arrays["2/tokens"].copy()
    first = np.flatnonzero(arrays["2/counts"] > 1)[0]
    place = arrays["2/counts"][:first].sum()
    swapped[[place, place + 1]] = swapped[[place + 1, place]]
    more = arrays["2/counts"].astype(np.int64)
    more[0] = 1 << 40
    for wrong in (
        {"codes": arrays["codes"][1:]},
        {"2/tokens": swapped},
        {"2/tokens": arrays["2/tokens"] + 200},
        {"2/counts": arrays["2/counts"][1:]},
        {"2/counts": more},
        {"3/log_prob": arrays["3/log_prob"][1:]},
        {"1/log_prob": arrays["1/log_prob"].astype(np.float16)},
        {"units/silent": np.full_like(arrays["units/silent"], np.nan)},
        {"units/pair": arrays["units/pair"][1:]},
        {"1/tokens": arrays["1/tokens"][:0]},
    ):
        with pytest.raises(ValueError, match="does not fit together"):
            JointNgram.from_arrays(arrays | wrong, symbols)
    with pytest.raises(KeyError):
        JointNgram.from_arrays({"codes": arrays["codes"]}, symbols)
