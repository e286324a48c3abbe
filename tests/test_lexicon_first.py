"""A lexicon before a model."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import g2p_jax
from g2p_jax.data.cmudict import Cmudict, cmudict
from g2p_jax.data.lexicon import read_lexicon
from g2p_jax.data.pairs import Pair, Pairs
from g2p_jax.data.symbols import Symbols
from g2p_jax.errors import DataError, ModelError, UsageError
from g2p_jax.predict.lexicon_first import Lexicon, LexiconFirst, names
from g2p_jax.predict.notation import in_alphabet_of
from tests.tiny_model import lexicon_first

ROOT = Path(__file__).parents[1]


def test_a_lexicon_answers_first_with_at_most_nbest_of_what_it_has(g2p):
    both = lexicon_first({"Back": ["B AE K", "B EH K"], "xyz": ["EH K"]}, g2p)
    answers = both.pronounce(["cab", "BACK", "", "xyz"], nbest=2)
    assert [answer.source for answer in answers] == ["model", "lexicon", "silent", "lexicon"]
    assert [list(map(str, answer.pronunciations)) for answer in answers][1:] == [
        ["B AE K", "B EH K"], [""], ["EH K"],
    ]  # fmt: skip
    (one,) = both.pronounce(["back"])
    assert one.scored == [(("B", "AE", "K"), 0.5)] and both("cab") == "K AE B"
    assert both.known("cab") is None and len(both.known("back").pronunciations) == 2


def test_chunks_of_a_list_keep_their_words(g2p):
    both = lexicon_first({"ace": ["EY S", "AE K"]}, g2p)
    chunks = [["cab", "", "ace"], [], ["ace"], ["fad", "cab" * 20, "ace"]]
    alone = [both.pronounce(chunk, nbest=2) for chunk in chunks]
    assert [*map(len, alone)] == [3, 0, 1, 3]
    assert list(both.pronounce_each(map(iter, chunks), nbest=2)) == alone


def test_a_word_is_looked_up_as_the_model_reads_it_where_the_lexicon_lacks_it(g2p):
    lexicon = {"cafe": "K AE F", "be'd": "B EH D", "déaf": "D EY", "f’b": "F B", "Ace": "EY S"}
    both = lexicon_first({word: [p] for word, p in lexicon.items()}, g2p)
    found = ["café", "CAFE\u0301", "be’d", "déaf", "f'b", "ＡＣＥ"]
    answers = both.pronounce([*found, "deaf", "cafe9", "cafe!"])
    sources = ["lexicon"] * len(found) + ["model"] * 2 + ["lexicon"]
    assert [answer.source for answer in answers] == sources
    assert [answer.unknown for answer in answers[-3:]] == [(), ("9",), ("!",)]
    assert [str(answer.best) for answer in answers] == [
        "K AE F", "K AE F", "B EH D", "D EY", "F B", "EY S", "D EH F", "K AH F EY", "K AE F",
    ]  # fmt: skip
    assert both.known("ca fe") is None  # it has two parts


def test_entries_that_are_normalised_alike_are_one(g2p):
    pairs = [("Cab", [("K", "B")]), ("CAB", [("S", "B")]), ("cab", [("K", "B")])]
    (answer,) = lexicon_first(pairs, g2p).pronounce(["cAb"], nbest=9)
    assert answer.scored == [(("K", "B"), 0.5), (("S", "B"), 0.5)]


@pytest.mark.parametrize(
    "text",
    [
        "ace 0.25 EY S\nace 1.0 AE K\nCab 0.5 K B\ncab 1.0 K AE B\n",  # Kaldi: at most 1
        "ace 0.2 EY S\nace 8e-1 AE K\nbed 1e-05 B EH D\n",
        "ace 0.2 0.1 1.0 1.0 EY S\nace 0.8 0.1 1.0 1.0 AE K\n",
        "ace\t0.2\tEY S\nace\t0.8\tAE K\n",  # MFA
        "ace\t0.1\t0.5\t1.0\t1.0\tEY S\nace\t0.4\t0.5\t1.0\t1.0\tAE K\n",
        "word,pronunciation,probability\nace,EY S,0.2\nace,AE K,0.8\nbad,B AE D,\n",
        "Prob,word,ipa\n20,ace,EY S\n80,ace,AE K\n",
        "word\tpronunciation\tprobability\nace\tEY S\t1e-1\nace\tAE K\t4e-1\n",
        "ace\tEY S\t0.2\nace\tAE K\t0.8\n",  # predict --nbest
        "ace\tEY S\t0.2\tmodel\nace\tAE K\t0.8\tmodel\n...\t\t0\tsilent\n",
        '{"word": "ace", "sounds": [["EY", "S"], ["AE", "K"]], "probabilities": [0.2, 0.8]}\n',
        '[{"word": "ace", "sounds": "EY S", "probability": 0.1},'
        '{"word": "ace", "sounds": "AE K", "probability": 0.4}]',
    ],
)
def test_probabilities_of_a_lexicon_are_those_of_its_answers(g2p, write, text):
    both = LexiconFirst([Lexicon(read_lexicon(write(text)), g2p.symbols)], g2p)
    (answer,) = both.pronounce(["ace"], nbest=3)
    assert [str(p) for p in answer.pronunciations] == ["AE K", "EY S"]
    assert [p for _, p in answer.scored] == pytest.approx([0.8, 0.2])
    assert both.pronounce(["ace"])[0].best == both.pronounce(["ace"], 8, mass=0.7)[0].best
    assert len(both.pronounce(["ace"], 8, mass=0.7)[0].pronunciations) == 1
    if "bad" in text:
        assert both.known("bad").best.probability == 1


@pytest.mark.parametrize(
    "text, message",
    [
        ("gif nan JH IH F\nab 0.5 AE B\n", "txt:1: expected a probability, found 'nan'; fix: "),
        ("ab 0.5 AE B\ngif -0.5 JH IH F\n", "txt:2: expected a probability, found '-0.5'"),
        ("ab\t0.5\tAE B\ngif\t2.0\tJH IH F\n", "txt:2: expected a probability, found '2.0'"),
        ("ab 0.5 AE B\ngif 2 JH IH F\n", "txt:2: expected a probability, found '2'; fix: "),
        ("ab 1 0.1 1.0 inf AE B\nb 1.0 0.1 1 1.0 B\n", "txt:1: expected a prob.*found 'inf'"),
        ("word,ipa,prob\nab,AE B,often\n", "txt:2: expected a probability, found 'often'; fix: "),
        (
            '{"word": "a", "sounds": ["B"], "probabilities": [1, 2]}',
            "txt:1: expected probabilities",
        ),
        ('{"word": "a", "sounds": ["B"], "probability": "1"}', "found \\['1'\\]; fix: write one"),
        ('{"word": "a", "sounds": ["B"], "probability": -1}', "txt:1: expected probabilities"),
    ],
)
def test_what_is_no_probability_is_an_error(write, text, message):
    with pytest.raises(DataError, match=message):
        read_lexicon(write(text))


def test_the_spelling_of_a_word_wins_over_other_cases(g2p):
    entries = [("Face", "F EY"), ("face", "F AE S"), ("FACE", "F"), ("it’s", "EY"), ("It's", "S")]
    both = lexicon_first([(word, [tuple(p.split())]) for word, p in entries], g2p)
    words = ["Face", "face", "FACE", "Face,", "(face)", "Face-face", "It’s", "it's", "\ufeffFACE"]
    best = ["F EY", "F AE S", "F", "F EY", "F AE S", "F EY F AE S", "S", "EY", "F"]
    assert [*map(both, words)] == best
    assert [str(p) for p in both.known("fAce").pronunciations] == ["F EY", "F AE S", "F"]


def test_a_word_that_the_lexicon_lacks_is_answered_part_by_part(g2p):
    both = lexicon_first({"face-ace": ["X"], "fad": ["Y"], "ace": ["EY S", "AE K"]}, g2p)
    words = ["face-ace", "ace–ace", "cab ace", "fa-d", "ace-😀b", "-", "ace/", "face‑ace"]
    answers = both.pronounce(words, nbest=2)
    best = [str(answer.best) for answer in answers]
    fa_d, b = g2p("fa-d"), g2p("b")
    assert best == ["X", "EY S EY S", "K AE B EY S", fa_d, f"EY S {b}", "", "EY S", "X"]
    sources = ["lexicon", "lexicon", *["model"] * 3, "silent", "lexicon", "lexicon"]
    assert [answer.source for answer in answers] == sources
    assert [answer.unknown for answer in answers] == [*[()] * 4, ("😀",), (), (), ()]
    (alone,) = g2p.pronounce(["cab"], nbest=2)
    ranked = [p.probability / 2 for p in alone.pronunciations for _ in range(2)][:2]
    found = [p.probability for p in answers[2].pronunciations]
    assert found == pytest.approx(ranked, rel=1e-5)
    (half,) = both.pronounce(["ace-ace"], nbest=4, mass=0.5)
    assert [str(p) for p in half.pronunciations] == ["EY S EY S", "EY S AE K"]


def test_a_lexicon_in_ipa_is_read_in_the_alphabet_of_the_model(g2p, caplog):
    lexicon = Pairs.of([("ace", [("ˈeɪ", "s"), ("æ", "t͡ʃ")]), ("xyz", [("ɡ", "ə")])])
    both = lexicon_first(lexicon, g2p)
    assert [str(p) for p in both.known("ace").pronunciations] == ["EY S", "AE CH"]
    assert both("xyz") == "G AH"
    for other in [("ey1", "s")], [("EY1_B", "S_E")], [("EY1", "S")], [("EY1", ".", "S")]:
        assert lexicon_first([("ace", other)], g2p)("ace") == "EY S"
    assert lexicon_first([("ace", [("{", "b"), ("eI", "s")])], g2p)("ace") == "AE B"  # X-SAMPA
    marked = [("through", [('"T', "r\\", "u")]), ("happy", [('"h', "{", "p", "i")])]
    assert lexicon_first(marked, g2p)("through") == "TH R UW"
    kokoro = [("live", [("l", "ˈI", "v")]), ("tomato", [("t", "ə", "m", "ˈA", "t", "ˌO")])]
    assert lexicon_first(kokoro, g2p)("tomato") == "T AH M EY T OW"
    own = Symbols.from_pairs([Pair("ace", (("{", "b", "eI"),))])  # of a model of X-SAMPA
    assert in_alphabet_of(own, same := Pairs.of([("ace", [("{", "b")])])) is same
    for same in ([("eI", "s")],):  # which cannot be told without its signs
        lexicon = Pairs.of([("ace", same)])
        assert in_alphabet_of(g2p.symbols, lexicon) is lexicon
        line = "no phoneme of the lexicon is one of the model's; the lexicon has eI, s"
        assert (line in caplog.text) == (same[0][0] == "eI")
    with pytest.raises(DataError, match="'ʁ' .* is not a symbol of English; fix"):
        lexicon_first([("ace", [("ʁ", "ə")])], g2p)


def test_the_first_of_several_lexicons_that_has_a_word_answers_it(g2p):
    mine = Lexicon([("hello", [("Y", "OW1")]), ("a(2)", [("X",)])], g2p.symbols)
    both = LexiconFirst([mine, cmudict()], g2p)
    assert (both("hello"), both("world"), both("A(2)")) == ("Y OW", "W ER L D", "X")
    assert LexiconFirst([cmudict()], g2p).known("a(2)") is None
    assert both("banana", "ipa") == "b ə ˈn æ n ə"  # with stress, though the model has none
    (aligned,) = both.pronounce(["cab"], alphabet="ipa", align=True)
    assert aligned.best.letters == g2p.pronounce(["cab"], align=True)[0].best.letters
    with pytest.raises(ModelError, match="has learned no stress"):
        both.with_stress(True)


def test_cmudict_is_found_as_it_is_read():
    """Every word, in any case, with all its pronunciations in their order."""
    found = cmudict()
    for word, pronunciations in read_lexicon("cmudict"):
        assert tuple(dict.fromkeys(p for p, _ in found.find(word.upper()))) == pronunciations
    assert not found.find("no such word") and pickle.loads(pickle.dumps(found)) is found


def test_an_abbreviation_is_read_as_in_a_text_of_nothing_else():
    g2p = g2p_jax.load()
    words = (
        "Dr. St. No. Mr. mrs. vs etc. Prof. Lt. Rd. Jan. i.e. U.S. Dr PhD Inc. Mt. fig. AT&T doz."
    )
    words = words.split()
    for word, answer in zip(words, g2p.pronounce(words), strict=True):
        spoken = [p for token in g2p.text(word) for p in token.phonemes]
        assert (answer.word, list(answer.best.phonemes)) == (word, spoken)
    assert (g2p("Dr."), g2p("drive.")) == ("D AA K T ER", "D R AY V")
    assert g2p("Dr. Smith") == g2p("Dr.-Smith") == "D AA K T ER S M IH TH"
    assert {g2p(word) for word in ("(Dr.)", '"Dr."', "[“dr.”]", "‘Dr.’")} == {g2p("Dr.")}
    assert g2p("'hello'") == g2p("hello")
    own = Lexicon([("dr.", [("D", "R")]), ("mr", [("M",)])], g2p.symbols)
    both = LexiconFirst([cmudict(), own], g2p.model)
    assert (both("Dr."), both("Mr."), both("St.")) == ("D R", "M IH S T ER", "S T R IY T")


def test_a_damaged_cmudict_is_an_error_of_one_line(monkeypatch, write):
    monkeypatch.setattr("g2p_jax.data.cmudict.installed_cmudict", lambda: write("hello\nb B\n"))
    with pytest.raises(DataError, match="lexicon.txt: expected 'word P H O N' in each line"):
        Cmudict()


def test_only_the_included_models_have_cmudict_before_them_by_default(trained, tmp_path):
    assert names(None, "english") == names(None, "english-small") == ["cmudict"]
    assert names(None, trained) == names("none", "english") == names("", "english") == []
    assert names("a.txt,cmudict", trained) == names(["a.txt", "cmudict"], trained)
    assert names(tmp_path / "a.txt", "english") == [str(tmp_path / "a.txt")]
    for both in ("none,cmudict", ["a.txt", "none"]):
        with pytest.raises(UsageError, match="none excludes the others: leave it out"):
            names(both, "english")
    assert isinstance(g2p_jax.load(trained), g2p_jax.G2P)
    (tmp_path / "a.txt").write_text("cab  X Y\n")
    g2p = g2p_jax.load(trained, lexicon=tmp_path / "a.txt")
    assert (g2p("cab"), g2p("back")) == ("X Y", "B AE K")
    with pytest.raises(DataError, match="b.txt: expected a readable file"):
        g2p_jax.load(trained, lexicon="b.txt")
    with pytest.raises(ModelError, match="nowhere: no trained model here"):
        g2p_jax.load("nowhere", lexicon="cmudict")


KNOWN = """
import sys, time
start = time.process_time()
import g2p_jax
assert time.process_time() - start < 0.1 and not {"jax", "numpy", "absl"} & set(sys.modules)
g2p = g2p_jax.load()
assert g2p("through") == "TH R UW" and g2p("through", "ipa") == "ˈθ ɹ u"
assert g2p.with_stress(True)("hello") == "HH AH0 L OW1"
assert [p.probability for p in g2p.pronounce(["tomato"], nbest=3)[0].pronunciations] == [0.5, 0.5]
assert not {"jax", "flax", "scipy", "matplotlib"} & set(sys.modules)
assert g2p("rebuiltest") == g2p_jax.load(lexicon="none")("rebuiltest") and "jax" in sys.modules
"""


def test_jax_is_not_imported_before_a_word_that_the_lexicon_lacks():
    done = subprocess.run([sys.executable, "-c", KNOWN], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
