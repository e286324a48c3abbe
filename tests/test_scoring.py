import functools
import itertools
import math
import random

import pytest

from g2p_jax.scoring import (
    Score,
    alignment,
    both_right,
    calibration_error,
    confusions,
    edit_distance,
    mcnemar,
    reliability,
    score,
    score_all,
    score_each,
)


@pytest.mark.parametrize(
    "a, b, distance",
    [
        ("", "", 0),
        ("", "abc", 3),
        ("abc", "", 3),
        ("kitten", "sitting", 3),
        ("intention", "execution", 5),
        ("HH AH L OW".split(), "HH EH L OW".split(), 1),
        ("HH AH L OW".split(), "AH L OW L".split(), 2),
    ],
)
def test_known_edit_distances(a, b, distance):
    assert edit_distance(a, b) == distance


def test_edit_distance_follows_its_definition():
    @functools.cache
    def distance(a, b):
        if not a or not b:
            return len(a) + len(b)
        return min(
            distance(a[1:], b) + 1, distance(a, b[1:]) + 1, distance(a[1:], b[1:]) + (a[0] != b[0])
        )

    choose = random.Random(0)
    for _ in range(500):
        a, b = ("".join(choose.choices("abc", k=choose.randint(0, 7))) for _ in range(2))
        assert edit_distance(a, b) == distance(a, b)


READ = [["R", "IY", "D"], ["R", "EH", "D"]]


@pytest.mark.parametrize(
    "hypothesis, references, expected",
    [
        (["R", "IY", "D"], READ, Score(1, 0, 0, 0, 3)),
        (("R", "EH", "D"), READ, Score(1, 0, 1, 0, 3)),
        (["R", "EH", "T"], READ, Score(1, 1, 1, 1, 3)),
        ([], READ, Score(1, 1, 1, 3, 3)),
        # Nearest, not first: distances 3 and 1.
        (["A", "B"], [["X", "Y", "Z"], ["A", "B", "C"]], Score(1, 1, 1, 1, 3)),
        # Equally near: the shorter counts, wherever it stands.
        (["A", "B"], [["A", "B", "C"], ["A"]], Score(1, 1, 1, 1, 1)),
        (["A", "B"], [["A"], ["A", "B", "C"]], Score(1, 1, 1, 1, 1)),
    ],
)
def test_one_word(hypothesis, references, expected):
    assert score(hypothesis, references) == expected
    assert score(" ".join(hypothesis), list(map(" ".join, references))) == expected


def test_scores_of_a_set_by_hand():
    hypotheses = ["R EH D", "K AE T", "D AO G Z", "HH AY"]
    references = [["R IY D", "R EH D"], ["K AE T"], ["D AO G", "D AA G"], ["B AY"]]
    total = score_all(
        [text.split() for text in hypotheses],
        [[t.split() for t in several] for several in references],
    )
    assert total == Score(4, 2, 3, 2, 11)
    assert (total.wer, total.single_wer, total.per) == (0.5, 0.75, 2 / 11)
    assert str(total) == (
        "WER 50.00% (15.00% to 85.00%), PER 18.18%, first-reference WER 75.00%, 4 words"
    )
    assert str(Score(1, 0, 0, 0, 3)).endswith(" 1 word")


def test_parts_add_up_to_the_whole():
    choose = random.Random(1)
    words = [
        [choose.choices("AB", k=choose.randint(1, 2)) for _ in range(choose.randint(2, 4))]
        for _ in range(50)
    ]
    hypotheses, references = [w[0] for w in words], [w[1:] for w in words]
    first = score_all(hypotheses[:20], references[:20])
    assert first + score_all(hypotheses[20:], references[20:]) == score_all(hypotheses, references)
    assert 0 < first.word_errors < 20


def test_wilson_interval():
    # Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I.
    for errors, words, low, high in [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605)]:
        interval = Score(words, errors).interval
        assert interval == pytest.approx((low, high), abs=5e-5)
    assert Score(20, 0).interval == pytest.approx((0, 0.1611), abs=5e-5)
    assert Score(29, 1).interval == pytest.approx((0.0061, 0.1718), abs=5e-5)
    # A published figure: 20 % of 12,000 words is known to 0.72 points.
    low, high = Score(12_000, 2_400).interval
    assert (high - low) / 2 == pytest.approx(0.0072, abs=5e-5)


def test_nothing_scored_is_nan_not_zero():
    nothing = score_all([], [])
    assert math.isnan(nothing.wer) and math.isnan(nothing.per) and math.isnan(nothing.single_wer)
    assert nothing.interval == (0, 1)


def test_misuse_is_an_error():
    with pytest.raises(ValueError, match="at least one reference"):
        score(["A"], [])
    with pytest.raises(ValueError, match="zip"):
        score_all([["A"]], [])


def test_an_alignment_is_a_shortest_way_from_one_to_the_other():
    choose = random.Random(1)
    for _ in range(300):
        a, b = ([*choose.choices("abc", k=choose.randint(0, 6))] for _ in range(2))
        pairs = alignment(a, b)
        assert [x for x, _ in pairs if x] == a
        assert [y for _, y in pairs if y] == b
        assert sum(x != y for x, y in pairs) == edit_distance(a, b)
    assert alignment("T AO K".split(), "T AA K S".split()) == [
        ("T", "T"),
        ("AO", "AA"),
        ("K", "K"),
        ("", "S"),
    ]


@pytest.mark.parametrize(
    "only_a, only_b, p",
    [
        (0, 0, 1.0),
        (3, 3, 1.0),
        (5, 0, 2 / 32),  # five coins on one side, of either
        (1, 7, 2 * (1 + 8) / 256),
        (600, 400, 2 * sum(math.comb(1000, k) for k in range(401)) / 2**1000),
    ],
)
def test_mcnemar(only_a, only_b, p):
    for counts in ((only_a, only_b), (only_b, only_a)):
        assert mcnemar(*counts) == pytest.approx(p, rel=1e-9)


def test_two_systems_by_hand():
    references = [[("R",), ("L",)], [("A", "B")], [("C",)], [("D",)]]
    a, b = [("L",), ("A", "B"), ("C", "C"), ()], [("R",), ("A",), ("C",), ("T", "H")]
    scores = [score_each(answers, references) for answers in (a, b)]
    assert score_all(a, references) == sum(scores[0], Score()) == Score(4, 2, 3, 2, 5)
    assert score_all(b, references) == Score(4, 2, 2, 3, 5)
    right = both_right(*scores)
    assert right == dict.fromkeys(itertools.product((True, False), repeat=2), 1)
    assert not both_right([], [])


def test_confusions_are_the_unequal_pairs_of_alignments():
    a, b = ["R IY D", "K AE T", "TH R UW", ""], ["R EH D", "K AE T", "TH R UW Z", "AH"]
    counted = confusions(map(str.split, a), map(str.split, b))
    assert counted == {("IY", "EH"): 1, ("", "Z"): 1, ("", "AH"): 1}


def test_calibration_of_hand_worked_answers():
    probabilities, right = [0.95, 0.9, 1.0, 0.3, 0.35], [True, True, False, False, True]
    counted = reliability(probabilities, right)
    assert [n for n, _, _ in counted] == [2, 3]
    assert [p for _, p, _ in counted] == pytest.approx([0.325, 0.95])
    assert [hits for _, _, hits in counted] == pytest.approx([1 / 2, 2 / 3])
    expected = (2 * 0.175 + 3 * (0.95 - 2 / 3)) / 5
    assert calibration_error(probabilities, right) == pytest.approx(expected)


def test_a_reference_that_is_no_list_is_a_type_error():
    with pytest.raises(TypeError, match="score: references .* found str: 'A B'; give a list"):
        score("A B", "A B")
