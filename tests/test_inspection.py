"""Forced decoding: letters of phonemes against a search of all, probabilities against answers."""

import itertools
import sys

import jax
import numpy as np
import pytest

from g2p_jax.data.symbols import BOS
from g2p_jax.errors import UserError
from g2p_jax.predict import inspection, model_file
from g2p_jax.predict.inspection import Inspection
from g2p_jax.predict.plots import attention_map
from tests.tiny_model import WORDS


def spans(weights):
    return [(span.start or 0, span.stop) for span in inspection.letter_spans(np.array(weights))]


@pytest.mark.parametrize("seed", range(20))
def test_anchors_are_the_best_of_all_in_order(seed):
    random = np.random.default_rng(seed)
    steps, letters = random.integers(1, 5), random.integers(1, 6)
    weights = random.dirichlet(np.full(letters, 0.3), steps)
    ordered = itertools.combinations_with_replacement(range(letters), steps)
    best = max(ordered, key=lambda a: np.prod(weights[np.arange(steps), a] + inspection.UNATTENDED))
    anchors = sorted(set(best))
    bounds = [0, *anchors[1:], letters]
    expected = [(bounds[anchors.index(a)], bounds[anchors.index(a) + 1]) for a in best]
    assert spans(weights) == expected


def test_letters_of_hand_worked_words():
    def looking_at(word, *places):
        weights = np.zeros((len(places) + 1, len(word)))
        weights[[*range(len(places))], places] = 1
        return Inspection(tuple(word), (), weights, np.zeros(0), ()).spelled

    assert looking_at("knight", 1, 2, 5) == ("kn", "igh", "t")
    assert looking_at("box", 0, 1, 2, 2) == ("b", "o", "x", "x")
    assert looking_at("phone", 0, 2, 3) == ("ph", "o", "ne")
    assert looking_at("abc", 2, 0, 1)[-1].endswith("c")  # never back: one of three is given up
    assert looking_at("abc") == ()
    assert inspection.letter_spans(np.zeros((2, 0))) == [slice(0), slice(0)]


def test_attention_is_where_each_step_of_decoding_looks(g2p):
    seen = g2p.attention("back")
    assert seen.letters == tuple("back") and seen.phonemes == ("B", "AE", "K")
    net = model_file.network(g2p.config, g2p.symbols)
    variables = {"params": jax.device_get(g2p.params)}
    source_BxS = np.array([g2p.symbols.graphemes.encode("back")])
    memory, states = net.apply(variables, source_BxS, method="start")
    tokens = [BOS, *g2p.symbols.phonemes.encode(seen.phonemes)]
    for token, row in zip(tokens, seen.weights, strict=True):
        states, _, weights = net.apply(variables, memory, states, np.array([token]), method="step")
        np.testing.assert_allclose(row, weights[0], rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="no letter"):
        g2p.attention("123")


def test_each_phoneme_has_its_share_of_the_probability(g2p):
    """Of many words in batches of many shapes, and of a model of another temperature."""
    words = [*WORDS, "abcdefabcdef", "😀"] * 9
    hot = g2p.with_settings(temperature=3.0)
    for model in (g2p, hot):
        answers = model.pronounce(words, nbest=3)
        asked = [(a.word, p, a.best.probability) for a in answers for p in a.pronunciations]
        seen = model.inspect((word, said.phonemes) for word, said, _ in asked)
        for (word, said, best), one in zip(asked, seen, strict=True):
            assert one.phonemes == said.phonemes and one.letters == tuple(word.strip("😀"))
            assert one.weights.shape == (len(said.phonemes) + 1, len(one.letters))
            if one.letters:
                share = min(one.probabilities.prod(), best)  # none is more probable than the best
                np.testing.assert_allclose(share, said.probability, rtol=1e-4)
    assert hot.pronounce(["cab"])[0].pronunciations[0].probability < 0.9


def test_without_matplotlib_a_figure_is_an_error_of_one_line(g2p, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UserError, match="pip install matplotlib"):
        attention_map(g2p.attention("cab"), tmp_path / "cab.png")
