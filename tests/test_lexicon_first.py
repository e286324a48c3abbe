"""A lexicon before a model."""

import pytest

from g2p_jax.data.pairs import Pair, Pairs
from g2p_jax.errors import DataError
from g2p_jax.predict.lexicon_first import LexiconFirst, in_alphabet_of


def test_a_lexicon_answers_first_and_all_it_has(g2p):
    lexicon = [Pair("Back", (("B", "AE", "K"), ("B", "EH", "K"))), Pair("xyz", (("EH", "K"),))]
    both = LexiconFirst(lexicon, g2p)
    answers = both.pronounce(["cab", "BACK", "", "xyz"])
    assert [answer.known for answer in answers] == [False, True, False, True]
    assert [[str(p) for p in answer.pronunciations] for answer in answers] == [
        ["K AE B"], ["B AE K", "B EH K"], [""], ["EH K"],
    ]  # fmt: skip


def test_chunks_of_a_list_keep_their_words(g2p):
    both = LexiconFirst([Pair("ace", (("EY", "S"), ("AE", "K")))], g2p)
    chunks = [["cab", "", "ace"], [], ["ace"], ["fad", "cab" * 20, "ace"]]
    alone = [both.pronounce(chunk, nbest=2) for chunk in chunks]
    assert [*map(len, alone)] == [3, 0, 1, 3]
    assert list(both.pronounce_each(map(iter, chunks), nbest=2)) == alone


def test_a_word_is_looked_up_as_the_model_reads_it_where_the_lexicon_lacks_it(g2p):
    lexicon = {"cafe": "K AE F", "be'd": "B EH D", "déaf": "D EY", "f’b": "F B", "Ace": "EY S"}
    both = LexiconFirst([Pair(w, (tuple(p.split()),)) for w, p in lexicon.items()], g2p)
    found = ["café", "CAFE\u0301", "be’d", "déaf", "f'b", "ＡＣＥ"]
    answers = both.pronounce([*found, "deaf", "cafe9", "cafe!"])
    assert [answer.known for answer in answers] == [True] * len(found) + [False] * 2 + [True]
    assert [answer.unknown for answer in answers[-3:]] == [(), ("9",), ("!",)]
    assert [str(answer.pronunciations[0]) for answer in answers] == [
        "K AE F", "K AE F", "B EH D", "D EY", "F B", "EY S", "D EH F", "K AH F EY", "K AE F",
    ]  # fmt: skip


def test_entries_that_are_normalised_alike_are_one(g2p):
    entries = [("Cab", "K AE B"), ("CAB", "S IY EY B IY"), ("cab", "K AE B")]
    both = LexiconFirst([Pair(w, (tuple(p.split()),)) for w, p in entries], g2p)
    (answer,) = both.pronounce(["cAb"])
    assert [str(p) for p in answer.pronunciations] == ["K AE B", "S IY EY B IY"]
    assert [p.probability for p in answer.pronunciations] == [0.5, 0.5]


def test_a_word_that_the_lexicon_lacks_is_answered_part_by_part(g2p):
    lexicon = {"face-ace": ["X"], "fad": ["Y"], "ace": ["EY S", "AE K"]}
    lexicon = [Pair(w, tuple(tuple(p.split()) for p in each)) for w, each in lexicon.items()]
    both = LexiconFirst(lexicon, g2p)
    words = ["face-ace", "ace–ace", "cab ace", "fa-d", "ace-😀b", "-", "ace/", "face‑ace"]
    answers = both.pronounce(words, nbest=2)
    best = [str(answer.pronunciations[0]) for answer in answers]
    fa_d, b = g2p("fa-d"), g2p("b")
    assert best == ["X", "EY S EY S", "K AE B EY S", fa_d, f"EY S {b}", "", "EY S", "X"]
    assert [answer.known for answer in answers] == [True, True, *[False] * 4, True, True]
    assert [answer.unknown for answer in answers] == [*[()] * 4, ("😀",), (), (), ()]
    (alone,) = g2p.pronounce(["cab"], nbest=2)
    ranked = [p.probability / 2 for p in alone.pronunciations for _ in range(2)][:2]
    found = [p.probability for p in answers[2].pronunciations]
    assert found == pytest.approx(ranked, rel=1e-5)
    (half,) = both.pronounce(["ace-ace"], nbest=4, mass=0.5)
    assert [str(p) for p in half.pronunciations] == ["EY S EY S", "EY S AE K"]


def test_a_lexicon_in_ipa_is_read_in_the_alphabet_of_the_model(g2p):
    lexicon = Pairs.of([("ace", [("ˈeɪ", "s"), ("æ", "t͡ʃ")]), ("xyz", [("ɡ", "ə")])])
    known = {word: each for word, each in in_alphabet_of(g2p, lexicon)}
    assert known == {"ace": (("EY", "S"), ("AE", "CH")), "xyz": (("G", "AH"),)}
    for same in [("EY1", "S")], [("eI", "s")]:  # ARPAbet, and X-SAMPA, which is not recognised
        lexicon = Pairs.of([("ace", same)])
        assert in_alphabet_of(g2p, lexicon) is lexicon
    with pytest.raises(DataError, match="'ʁ' .* is no symbol of the alphabet ipa"):
        list(in_alphabet_of(g2p, Pairs.of([("ace", [("ʁ", "ə")])])))
