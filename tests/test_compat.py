"""The interfaces of g2p_en, phonemizer and misaki: what these answered is recorded here.

Recorded from g2p_en 2.1.0, phonemizer-fork 3.3.2 with eSpeak NG 1.52; `benchmarks/compat.py`
compares more words with them.
"""

import inspect
import re
from types import SimpleNamespace

import pytest

import g2p_jax
from g2p_jax.compat import Fallback, G2p, Separator, phonemize, written_words
from g2p_jax.errors import ModelError, UserError

SPACED = Separator(phone=" ", word="|")


def items(text: str) -> list[str]:
    """The list that g2p_en returns: items with spaces between, | for its ' '."""
    return [" " if item == "|" else item for item in text.split()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I have $250 in my pocket.", "AY1 | HH AE1 V | T UW1 | HH AH1 N D R AH0 D | "
         "F IH1 F T IY0 | D AA1 L ER0 Z | IH0 N | M AY1 | P AA1 K AH0 T | ."),
        ("Hello... world?! (yes)", "HH AH0 L OW1 | ... | W ER1 L D | ? | ! | Y EH1 S"),
        ("wait!!", "W EY1 T | ! | !"),
        ("It's a cat, isn't it?", "IH1 T S | AH0 | K AE1 T | , | IH1 Z AH0 N T | IH1 T | ?"),
        ("", ""),
    ],
)  # fmt: skip
def test_g2p_is_as_g2p_en(text, expected):
    assert G2p()(text) == items(expected)


def test_where_g2p_en_is_wrong_g2p_is_not():
    """It drops a curly apostrophe, reads 3:45 as one word, and guesses compounds and acronyms."""
    found = G2p()("don’t 3:45 well-behaved TTS 🎉")
    assert found == items(
        "D OW1 N T | TH R IY1 | F AO1 R T IY0 | F AY1 V | W EH1 L B IH0 HH EY1 V D | "
        "T IY1 T IY1 EH1 S"
    )
    assert G2p().predict("cat") == ["K", "AE1", "T"]


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("hello world", {}, "həloʊ wɜːld "),
        ("hello world", {"strip": True}, "həloʊ wɜːld"),
        (["hello world", "", "good"], {}, ["həloʊ wɜːld ", "ɡʊd "]),
        (["hello", "", "good"], {"preserve_empty_lines": True}, ["həloʊ ", "", "ɡʊd "]),
        ("hello world\ngood\n", {"strip": True}, "həloʊ wɜːld\nɡʊd"),
        ("hello, world! (yes)", {}, "həloʊ wɜːld jɛs "),
        ("hello, world! (yes)", {"preserve_punctuation": True}, "həloʊ, wɜːld! (jɛs) "),
        ("hello, (yes)", {"preserve_punctuation": True, "strip": True}, "həloʊ, (jɛs)"),
        ("hello,world", {"preserve_punctuation": True}, "həloʊ,wɜːld "),
        ("hello , world", {"preserve_punctuation": True}, "həloʊ , wɜːld "),
        ("?! hi - there…", {"preserve_punctuation": True, "strip": True}, "?! haɪ ðɛɹ…"),
        ("...", {"preserve_punctuation": True}, "..."),
        ("...", {}, ""),
        ("hello/world, yes", {"punctuation_marks": "/", "preserve_punctuation": True},
         "həloʊ/wɜːld jɛs "),
        ("hello/world, yes", {"punctuation_marks": re.compile("/"), "preserve_punctuation": True},
         "həloʊ/wɜːld jɛs "),
        ("hello world", {"separator": SPACED}, "h ə l oʊ |w ɜː l d |"),
        ("hello world", {"separator": SPACED, "strip": True}, "h ə l oʊ|w ɜː l d"),
        ("hello, world!", {"separator": Separator(phone="-"), "preserve_punctuation": True},
         "h-ə-l-oʊ-, w-ɜː-l-d-! "),
        ("hello, world! (yes) ok", {"separator": SPACED, "preserve_punctuation": True},
         "h ə l oʊ ,|w ɜː l d !|(j ɛ s )|oʊ k eɪ |"),
        ("hello world", {"with_stress": True}, "həlˈoʊ wˈɜːld "),
        ("hello world", {"prepend_text": True}, [("hello world", "həloʊ wɜːld ")]),
        ("hello world", {"tie": True}, "həlo͡ʊ wɜːld "),
        ("well-known TTS", {"strip": True}, "wɛlnoʊn tiːtiːɛs"),
        ("", {}, ""), ([], {}, []), ("  ", {}, ""),
    ],
)  # fmt: skip
def test_phonemize_is_as_phonemizer(text, options, expected):
    assert phonemize(text, language="en-us", backend="espeak", **options) == expected


def test_phonemize_takes_the_arguments_of_phonemizer():
    recorded = (
        "text language backend separator strip prepend_text preserve_empty_lines "
        "preserve_punctuation punctuation_marks with_stress tie language_switch words_mismatch "
        "njobs logger"
    )
    assert list(inspect.signature(phonemize).parameters) == [*recorded.split(), "g2p"]
    assert phonemize("hello", "en-us", "festival", njobs=4, words_mismatch="warn") == "həloʊ "


def test_another_language_or_backend_is_an_error_of_one_line():
    with pytest.raises(UserError, match="language 'fr-fr': the included model is of en-us; fix: "):
        phonemize("bonjour", language="fr-fr")
    with pytest.raises(UserError, match="backend 'x': must be one of espeak, "):
        phonemize("hello", backend="x")
    with pytest.raises(UserError, match="british=True: the model is of American English"):
        Fallback(british=True)


def test_the_model_may_be_ones_own(write):
    lexicon = write("cab\tB AE K\n")
    small = g2p_jax.load("english-small", lexicon=[lexicon, "cmudict"])
    assert phonemize("cab face", strip=True, g2p=small) == "bæk feɪs"
    assert Fallback(small)(SimpleNamespace(text="cab")) == ("bæk", 3)
    with pytest.raises(ModelError, match="this model has learned no stress"):
        G2p(small)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello", ("həlˈO", 3)),
        ("it’s", ("ˈɪts", 3)),
        ("TTS", ("tˈitˈiˈɛs", 2)),
        ("vlogged", ("vlˈɑɡd", 2)),
        ("🎉", (None, None)),
        ("", (None, None)),
    ],
)
def test_fallback_gives_misaki_phonemes_of_kokoro_and_a_rating(text, expected):
    phonemes, rating = Fallback()(SimpleNamespace(text=text))
    assert (phonemes, rating) == expected
    assert set(phonemes or "") <= set("bdfhjklmnpstvwzɡŋɹʃʒðθʤʧəiuɑɔɛɜɪʊʌAIWYæOˈˌ")


def test_a_compound_or_acronym_is_one_word_and_an_expansion_several():
    tokens = g2p_jax.load().text("well-known TTSs it's 3:45 etc. km")
    assert [len(written_words(token)) for token in tokens] == [1, 1, 1, 3, 2, 1]
