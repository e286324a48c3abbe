"""The joint n-gram model: what it learns, what it cannot know, and its arrays."""

import math
import tracemalloc

import numpy as np
import pytest

from g2p_jax.data.batches import Examples
from g2p_jax.data.pairs import Pair
from g2p_jax.data.ragged import Ragged
from g2p_jax.data.symbols import Symbols
from g2p_jax.errors import DataError
from g2p_jax.joint import model as joint
from g2p_jax.joint import ngram, storage
from g2p_jax.joint.model import NOT_ALIGNED, JointNgram, without_end
from g2p_jax.joint.storage import from_arrays, to_arrays


def fitted(lines, order=3):
    pairs = [Pair(word, (tuple(spoken.split()),)) for word, spoken in lines]
    symbols = Symbols.from_pairs(pairs)
    return fit(pairs, symbols, order), symbols


def fit(pairs, symbols, order):
    """The model in full precision; `storage.fit` rounds it."""
    examples = Examples.from_pairs(pairs, symbols)
    sizes = len(symbols.graphemes), len(symbols.phonemes)
    return JointNgram.fit(examples.source, without_end(examples.target), *sizes, order)


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


def test_of_too_many_pairs_every_nth_is_used(monkeypatch):
    monkeypatch.setattr(joint, "MAX_PRONUNCIATIONS", 6)
    pairs = [Pair(word, (tuple(spoken.split()),)) for word, spoken in LINES]
    symbols = Symbols.from_pairs(pairs)
    some, half = fit(pairs, symbols, 2), fit(pairs[::2], symbols, 2)
    assert to_arrays(some).keys() == to_arrays(half).keys()
    for name, array in to_arrays(some).items():
        np.testing.assert_array_equal(array, to_arrays(half)[name])


def test_unknown_units_are_unlikely():
    model, symbols = fitted(LINES)
    spell = lambda words: Ragged.from_lists([symbols.graphemes.encode(word) for word in words])
    speak = lambda each: Ragged.from_lists([symbols.phonemes.encode(one.split()) for one in each])
    spoken = ["S IH P", "S IH S", "IH IH IH IH IH IH IH IH IH"]
    log_p = model.score(spell(["sip"] * len(spoken)), speak(spoken))()
    assert log_p[0] > log_p[1] + 15 > NOT_ALIGNED + 15 and log_p[2] == NOT_ALIGNED
    sequences = Ragged.from_lists([[model.ngram.size], []])
    unknown, empty = model.ngram.log_probs(sequences)
    assert unknown < ngram.UNKNOWN + empty + 10


def test_without_any_alignment_all_units_are_unknown():
    model, symbols = fitted([("a", "X Y Z"), ("b", "Y Z X X")])
    model = from_arrays(to_arrays(model), symbols)
    source, target = Ragged.from_lists([[4], [4]]), Ragged.from_lists([[4], [4, 5, 6]])
    log_p = model.score(source, target)()
    assert ngram.UNKNOWN - 10 < log_p[0] < ngram.UNKNOWN and log_p[1] == NOT_ALIGNED


def test_words_shorter_than_the_order_have_fewer_levels():
    model, symbols = fitted([("ab", "A B"), ("ba", "B A"), ("b", "B")], order=8)
    assert [len(level.keys) for level in model.ngram.levels] == [4, 6, 5, 2]
    again = from_arrays(to_arrays(model), symbols)
    source, target = Ragged.from_lists([[4, 5], [5, 4]]), Ragged.from_lists([[4, 5], [4, 5]])
    right, wrong = again.score(source, target)()
    assert right > wrong + 5


def test_pairs_that_are_all_too_long_to_align_teach_nothing():
    model, symbols = fitted([("ab" * 70, "A B " * 70)], order=8)
    model = from_arrays(to_arrays(model), symbols)
    source = Ragged.from_lists([[4], [4] * 140])
    log_p = model.score(source, source)()
    assert log_p[0] < ngram.UNKNOWN and log_p[1] == NOT_ALIGNED


def test_too_many_symbols_are_refused_before_memory_is():
    pairs = [Pair(chr(0x4E00 + n), ((f"p{n % 1300}",),)) for n in range(6000)]
    tracemalloc.start()
    with pytest.raises(DataError, match="6,004 input and 1,304 output symbols would need gigab"):
        fit(pairs, Symbols.from_pairs(pairs), 2)
    assert tracemalloc.get_traced_memory()[1] < 1e8
    tracemalloc.stop()


def test_a_model_answers_the_same_before_it_is_stored():
    model, symbols = fitted(LINES)
    pairs = [Pair(word, (tuple(spoken.split()),)) for word, spoken in LINES]
    stored = storage.fit(pairs, symbols, 3)
    again = from_arrays(to_arrays(stored), symbols)
    source = Ragged.from_lists([symbols.graphemes.encode(word) for word, _ in LINES])
    target = Ragged.from_lists([symbols.phonemes.encode(spoken.split()) for _, spoken in LINES])
    before, after, exact = (m.score(source, target)() for m in (stored, again, model))
    np.testing.assert_array_equal(before, after)
    assert np.abs(before - exact).max() > 0


def test_arrays_that_do_not_fit_are_refused():
    model, symbols = fitted(LINES)
    arrays = to_arrays(model)
    again = from_arrays(arrays, symbols)
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
            from_arrays(arrays | wrong, symbols)
    with pytest.raises(KeyError):
        from_arrays({"codes": arrays["codes"]}, symbols)


def test_rescoring_keeps_what_the_network_gives_to_all():
    never = np.array([[-1e4, -math.inf]])  # less than any number, and no answer at all
    assert joint.rescore(never, np.array([[-3.0, -1.0]])).tolist() == never.tolist()
    of_several = joint.rescore(np.log([[0.5, 0.25]]), np.array([[-3.0, 0.0]]), members=2)
    np.testing.assert_allclose(np.exp(of_several), [[0.2765, 0.4735]], atol=1e-4)  # a third of it
