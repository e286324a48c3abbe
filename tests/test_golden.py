"""The shipped models answer 1,000 words as they did when they were shipped."""

import pytest

from tests.references import golden

FLOAT32 = [kind for kind in golden.recorded() if kind[1] == "float32"]


@pytest.mark.parametrize("kind", FLOAT32, ids="-".join)
def test_answers_are_those_that_were_recorded(kind):
    different, probability = golden.compare(*kind)
    assert different == 0
    assert probability < 1e-5


@pytest.mark.parametrize("model", ["english", "english-small"])
def test_a_word_has_one_best_answer_and_one_probability(model):
    best, three = (golden.recorded()[model, "float32", search] for search in ("best", "three"))
    for word, [(phonemes, probability)] in best.items():
        assert three[word][0] == (phonemes, pytest.approx(probability, abs=1e-5))
