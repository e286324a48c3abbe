"""A lexicon before a model."""

from g2p_jax.data.pairs import Pair
from g2p_jax.predict.lexicon_first import LexiconFirst


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
