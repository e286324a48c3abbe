"""Words that are added to a user's lexicon look like its own, and change nothing else."""

import re
import tempfile
from pathlib import Path

import pytest
from absl import logging
from hypothesis import given, settings
from hypothesis import strategies as st

import g2p_jax
from g2p_jax.data.formats import writers
from g2p_jax.data.lexicon import read_lexicon
from g2p_jax.data.merging import LexiconFile
from g2p_jax.errors import DataError, UsageError, UserError
from g2p_jax.predict.merging import check_phonemes, notation_of

ANSWERS = {
    "beige": [(("B", "EY1", "ZH"), 0.8), (("B", "EY1", "JH"), 0.2)],
    "oh": [(("OW1",), 1.0)],
}


def merged(path, words=("oh", "able", "Beige", " ", "oh")):
    lexicon = LexiconFile(path)
    return lexicon.with_words([(w, ANSWERS[w.lower()]) for w in lexicon.missing(words)])


@pytest.mark.parametrize(
    "text",
    [
        # CMUdict: sorted, numbered variants, two spaces, a comment
        """;;; a comment
ABLE  EY1 B
+BEIGE  B EY1 ZH
+BEIGE(2)  B EY1 JH
CAB  K AE1 B
CAB(2)  K AE0 B
+OH  OW1
""",
        # Sphinx: numbers from 1 on, tabs
        """able\tEY1 B
+beige\tB EY1 ZH
+beige(1)\tB EY1 JH
cab\tK AE1 B
cab(1)\tK AE0 B
d'or\tD AO1 R
+oh\tOW1
zed\tZ EH1 D
""",
        # Kaldi: special words first, in lower case
        """<UNK> SPN
!SIL SIL
able EY1 B
+beige B EY1 ZH
+beige B EY1 JH
cab K AE1 B
+oh OW1
""",
        # Kaldi: probabilities and positions, not sorted
        """cab 1.0 K_B AE_I B_E
able 0.5 EY_B B_E
+oh 1.0 OW1_S
+beige 1.0 B_B EY1_I ZH_E
+beige 0.25 B_B EY1_I JH_E
""",
        # MFA: four numbers, phonemes in lower case
        """able\t0.99\t0.1\t1.0\t1.0\tey1 b
+beige\t1.0\t0.5\t1.0\t1.0\tb ey1 zh
+beige\t0.25\t0.5\t1.0\t1.0\tb ey1 jh
cab\t0.9\t0.1\t1.2\t1.0\tk ae1 b
+oh\t1.0\t0.5\t1.0\t1.0\tow1
""",
        # a contest
        """CAB K_AE1_B AH0
ABLE EY1_B_AH0_L EY0_B_L
+OH OW1
+BEIGE B_EY1_ZH B_EY1_JH
""",
        # CSV: a header, a column that we do not know, slashes
        """id,Word,ipa
7,cab,/K AE1 B/
3,able,/EY1 B/
+,oh,/OW1/
+,beige,/B EY1 ZH/
+,beige,/B EY1 JH/
""",
        """cab {K AE1 B}
able {EY1 B}
+oh {OW1}
+beige {B EY1 ZH}
+beige {B EY1 JH}
""",
        # CSV in quotes
        """"cab", "K AE1 B"
"able", "EY1 B"
+"oh", "OW1"
+"beige", "B EY1 ZH"
+"beige", "B EY1 JH"
""",
        """"cab"\t"K AE1 B"
"able"\t"EY1 B"
+"oh"\t"OW1"
+"beige"\t"B EY1 ZH"
+"beige"\t"B EY1 JH"
""",
        # CSV of a European Excel
        """Wort;Wahrsch.;prob;ipa
cab;x,y;0,5;K AE1 B
able;;1;EY1 B
+oh;;1;OW1
+beige;;0,8;B EY1 ZH
+beige;;0,2;B EY1 JH
""",
        # what predict --nbest=2 --lexicon writes
        """cab\tK AE1 B\t0.9\tlexicon
able\tEY1 B\t0.5\tmodel
+oh\tOW1\t1\tmodel
+beige\tB EY1 ZH\t0.8\tmodel
+beige\tB EY1 JH\t0.2\tmodel
""",
        # what predict writes as csv and jsonl: probabilities that sum to 1
        """word,pronunciation,probability
cab,K AE1 B,0.9
able,EY1 B,1
+oh,OW1,1
+beige,B EY1 ZH,0.8
+beige,B EY1 JH,0.2
""",
        """{"word": "cab", "sounds": [["K", "AE1", "B"]], "probabilities": [0.9]}
{"word": "able", "sounds": [["EY1", "B"]], "probabilities": [1.0]}
+{"word": "oh", "sounds": [["OW1"]], "probabilities": [1.0]}
+{"word": "beige", "sounds": [["B", "EY1", "ZH"], ["B", "EY1", "JH"]], "probabilities": [0.8, 0.2]}
""",
        # JSON lines, of texts and of lists
        """{"word": "cab", "sounds": "K AE1 B"}
{"word": "able", "sounds": "EY1 B"}
+{"word": "oh", "sounds": "OW1"}
+{"word": "beige", "sounds": "B EY1 ZH"}
+{"word": "beige", "sounds": "B EY1 JH"}
""",
        """{"word": "able", "sounds": ["EY1", "B"]}
+{"word": "beige", "sounds": ["B", "EY1", "ZH"]}
+{"word": "beige", "sounds": ["B", "EY1", "JH"]}
{"word": "cab", "sounds": ["K", "AE1", "B"]}
+{"word": "oh", "sounds": ["OW1"]}
""",
        # as jq -c writes them, in another order, with a key that we do not know
        """{"sounds":["EY1 B"],"pos":"a","word":"able"}
+{"sounds":["B EY1 ZH","B EY1 JH"],"pos":null,"word":"beige"}
{"sounds":["K AE1 B"],"pos":"n","word":"cab"}
+{"sounds":[["OW1"]],"pos":null,"word":"oh"}
""",
        """{"word": "cab", "sounds": "K_AE1_B", "probability": 1.0}
{"word": "able", "sounds": "EY1_B", "probability": 1.0}
+{"word": "oh", "sounds": "OW1", "probability": 1.0}
+{"word": "beige", "sounds": "B_EY1_ZH", "probability": 0.8}
+{"word": "beige", "sounds": "B_EY1_JH", "probability": 0.2}
""",
    ],
)
def test_new_lines_look_like_those_around_them(write, text):
    """Lines with a + are new; the others are the file as it was."""
    old, new = re.sub(r"(?m)^\+.*\n", "", text), re.sub(r"(?m)^\+", "", text)
    for before, after in [("\n", "\n"), ("\n", "\r\n")]:
        path = write(old.replace(before, after))
        assert merged(path).decode() == new.replace(before, after)
        assert merged(path, ["able", "CAB"]) == path.read_bytes()
    path = write("\ufeff" + old[:-1])
    assert merged(path).decode().rstrip() == "\ufeff" + new.rstrip()
    path = write(old.encode("utf-16"))
    assert merged(path).decode("utf-16") == new


def test_a_word_of_a_thousand_may_be_out_of_order(write):
    """In CMUdict two are."""
    words = [f"w{n:04}" for n in range(2000)]
    words[500], words[501] = words[501], words[500]
    path = write("".join(f"{word} W OW1\n" for word in words))
    lexicon = LexiconFile(path)
    lines = lexicon.with_words([("w1000a", ANSWERS["oh"])]).decode().splitlines()
    assert lines[1000:1003] == ["w1000 W OW1", "w1000a OW1", "w1001 W OW1"]
    words[500:503] = words[500:503][::-1]
    words[600:603] = words[600:603][::-1]
    path.write_text("".join(f"{word} W OW1\n" for word in words))
    assert LexiconFile(path).with_words([("w1", ANSWERS["oh"])]).decode().endswith("w1 OW1\n")


def test_ipa_without_spaces_stays_so(write):
    path = write("ato\tat͡so\nota\tɔta\n", "lexicon.tsv")
    lexicon = LexiconFile(path)
    assert lexicon.alphabet == "ipa"
    new = lexicon.with_words([("bata", [(("t͡s", "a", "t", "a"), 1.0)])]).decode()
    assert new == "ato\tat͡so\nbata\tt͡sata\nota\tɔta\n"


def test_x_sampa_without_spaces_stays_so(write, caplog):
    path = write("Haus haU_^s\ntea t_hi:\n")
    new = LexiconFile(path).with_words([("Tau", [(("t_h", "aU"), 1.0)])]).decode()
    assert new == "Haus haU_^s\nTau t_haU\ntea t_hi:\n" and "lacks" not in caplog.text


def test_a_word_is_pronounced_as_it_is_given_and_written_in_the_case_of_the_lexicon(write):
    lexicon = LexiconFile(write("able ey b\n"))
    assert lexicon.missing(["AT&T", "at&t", "ABLE"]) == ["AT&T"]
    assert lexicon.with_words([("AT&T", ANSWERS["oh"])]) == b"able ey b\nat&t ow1\n"


def test_a_lexicon_of_other_phonemes_than_the_models_is_refused(write):
    g2p = g2p_jax.load()
    assert LexiconFile(write("able ey b\num ah m\n" * 30 + "er spn er\n")).alphabet == "arpabet"
    for beep in "about ax b aw t\npot p oh t\n", "ABOUT AX B AW T\n":
        with pytest.raises(UserError, match="that the model does not write: '(ax|AX)'.*--ckpt"):
            check_phonemes(g2p, LexiconFile(write(beep)))


def test_phonemes_are_written_in_the_normal_form_of_the_lexicon(write, caplog):
    path = write("ich\tɪ c\u0327\n", "lexicon.tsv")
    new = LexiconFile(path).with_words([("milch", [(("ɪ", "ç"), 1.0)])]).decode()
    assert new == "ich\tɪ c\u0327\nmilch\tɪ c\u0327\n" and "lacks" not in caplog.text


def test_what_cannot_be_added_is_said(write, monkeypatch):
    lines = []
    monkeypatch.setattr(logging, "warning", lambda form, *values: lines.append(form % values))
    path = write("able EY1 B\nzed Z EH1 D\n")
    entries = [("beige", ANSWERS["beige"]), ("...", [((), 1.0)])]
    assert LexiconFile(path).with_words(entries) == (
        b"able EY1 B\nbeige B EY1 ZH\nbeige B EY1 JH\nzed Z EH1 D\n"
    )
    assert lines == [
        f"{path}: left out 1 word without phonemes, such as '...'",
        f"{path} lacks the phonemes 'ZH (beige)', 'JH (beige)'",
    ]
    other = write("".join(f"w{n} w @ {n % 5}\n" for n in range(30)), "other.txt")  # X-SAMPA
    with pytest.raises(DataError, match=r"lacks the phonemes 'OW1 \(oh\)'; fix: name the"):
        LexiconFile(other).with_words([("oh", ANSWERS["oh"])])
    with pytest.raises(DataError, match="the word 'new york' has white space"):
        LexiconFile(path).with_words([("New York", ANSWERS["oh"])])
    with pytest.raises(DataError, match="found a JSON array; fix: write each object in a line"):
        LexiconFile(write('[{"word": "able", "sounds": ["EY1", "B"]}]'))
    with pytest.raises(DataError, match="'t': .* has _ between phonemes, and one is 't_h'; fix: "):
        LexiconFile(write("able EY_L\nbe B_IY\n")).with_words([("t", [(("t_h",), 1.0)])])


@pytest.mark.parametrize(
    ("text", "alphabet", "stress"),
    [
        ("able EY1 B\n", "arpabet", True),
        ("able ey b\n", "arpabet", False),
        ("able EY_B B_E\n", "arpabet", False),
        ("able\tˈeɪ b\n", "ipa", True),
        ("able\tə b\n", "ipa", False),
        ('able "eI b\nhappy "h { p i\n', "xsampa", True),
        ("able eI b\nhappy h { p i\n", "xsampa", False),
        ("able eI b\n", "", False),
    ],
)
def test_how_pronunciations_are_written_is_recognised(write, text, alphabet, stress):
    lexicon = LexiconFile(write(text))
    assert (lexicon.alphabet, lexicon.stress) == (alphabet, stress)


WORDS = st.text("abcABC'é", min_size=1, max_size=4)
PHONEMES = st.lists(st.sampled_from("AH0 B K S T IY1 ER".split()), min_size=1, max_size=4)
SEVERAL = st.lists(PHONEMES.map(tuple), min_size=1, max_size=3, unique=True)
ENTRIES = st.dictionaries(WORDS, SEVERAL, min_size=1, max_size=8)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(writers.WRITERS)), ENTRIES, ENTRIES, st.booleans())
def test_a_merged_lexicon_is_read_as_both(format, old, new, is_sorted):
    header = [writers.HEADERS[format]] if format in writers.HEADERS else []
    write, words = writers.WRITERS[format], sorted(old) if is_sorted else list(old)
    lines = [line for word in words for line in write(word, [(p, 0.5) for p in old[word]])]
    path = Path(tempfile.mkdtemp()) / "lexicon.txt"
    path.write_text("".join(f"{line}\n" for line in header + lines))
    before = {word: several for word, several in read_lexicon(path)}
    lexicon = LexiconFile(path)
    missing, letters = lexicon.missing(new), "".join(before)
    cases = [case for case in (str.lower, str.upper) if letters == case(letters)]
    case = cases[0] if len(cases) == 1 else str
    path.write_bytes(lexicon.with_words((word, [(p, 0.5) for p in new[word]]) for word in missing))
    after = {word: several for word, several in read_lexicon(path)}
    assert after == before | {case(word): tuple(new[word]) for word in missing}
    rest = iter(path.read_text().splitlines())
    assert all(line in rest for line in header + lines)  # each behind the one before


@pytest.mark.parametrize(
    "text, alphabet, stress, expected",
    [
        ("bad B AE1 D\n", "", None, ("arpabet", True)),
        ("bad B AE1 D\n", "arpabet", True, ("arpabet", True)),
        (
            "bad B AE1 D\n",
            "ipa",
            None,
            "--alphabet=ipa .* --merge: the lexicon is in arpabet: leave",
        ),
        ("bad B AE1 D\n", "", False, "--nostress .* --merge: the lexicon has stress: leave it out"),
        ("bad B AE D\n", "", True, "--stress .* --merge: the lexicon has no stress: leave it out"),
        ("bath\tb æ θ\n", "arpabet", None, "the lexicon is in ipa"),
        ("bath\tb æ θ\n", "kokoro", None, ("kokoro", False)),
    ],
)
def test_a_lexicon_stays_in_one_alphabet(text, alphabet, stress, expected, write):
    lexicon = LexiconFile(write(text))
    if isinstance(expected, tuple):
        assert notation_of(lexicon, alphabet, stress) == expected
    else:
        with pytest.raises(UsageError, match=expected):
            notation_of(lexicon, alphabet, stress)
