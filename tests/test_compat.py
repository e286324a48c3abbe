"""The interfaces of g2p_en, phonemizer and misaki: what these answered is recorded here.

Recorded from g2p_en 2.1.0, phonemizer-fork 3.3.2 with eSpeak NG 1.52; `benchmarks/compat.py`
compares more words with them.
"""

import inspect
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import g2p_jax
from g2p_jax.compat import Fallback, G2p, Separator, phonemize, written_words
from g2p_jax.errors import ModelError, UserError

SPACED = Separator(phone=" ", word="|")

ROOT = Path(__file__).parents[1]


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
    warnings = list[str]()
    logger = SimpleNamespace(warning=lambda text, *args: warnings.append(text % args))
    syllables = Separator(syllable="-")
    assert phonemize("hello 🎉", separator=syllables, njobs=4, logger=logger) == "həloʊ "
    assert [warning.split()[0] for warning in warnings] == ["njobs=4", "separator:", "1"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"language": "fr-fr"}, UserError, "language 'fr-fr': .* is of en-us; .*world.*fra"),
        ({"language": "pt_br"}, UserError, "language 'pt_br': .*world.*, language=.por-bz"),
        ({"language": "en-gb"}, UserError, "language 'en-gb': .* or a model that you train"),
        ({"backend": "festival"}, UserError, "backend 'festival': is not supported; espeak is"),
        ({"language_switch": "x"}, UserError, "language_switch 'x': is not supported; keep-flags,"),
        ({"words_mismatch": "remove"}, UserError, "words_mismatch 'remove': is not supported"),
        ({"separator": Separator(phone=" ")}, UserError, "separator: word and phone are both ' '"),
        ({"tie": "xx"}, UserError, "tie is 'xx': must be one character, or True"),
        ({"tie": True, "separator": SPACED}, UserError, "tie and the phone separator ' ' exclude"),
        ({"separator": "|"}, TypeError, r"separator must have the texts word and phone, .*'\|'"),
        ({"separator": None}, TypeError, "separator must have the texts word and phone, as"),
        ({"separator": Separator(5)}, TypeError, "separator must have the texts word and phone"),
        ({"text": None}, TypeError, "phonemize: text must be of type .*, found NoneType: None"),
        ({"text": b"x"}, TypeError, "phonemize: text must be of type .*, found bytes: b'x'"),
        ({"text": ["a", 5]}, TypeError, "phonemize: text must be of type .*, found list: "),
        ({"text": iter([5])}, TypeError, "a word is a text"),
        ({"strip": "x"}, TypeError, "phonemize: strip must be of type bool, found str: 'x'"),
        ({"punctuation_marks": 5}, TypeError, "phonemize: punctuation_marks must be of type"),
        ({"logger": 5}, TypeError, "logger must have the method warning, found 5"),
        ({"g2p": "english"}, TypeError, "phonemize: g2p must be of type Pronouncer"),
    ],
)  # fmt: skip
def test_what_phonemize_cannot_do_is_an_error_of_one_line(arguments, error, message):
    with pytest.raises(error, match=f"^{message}"):
        phonemize(**{"text": "hello", **arguments})


def test_what_the_others_cannot_do_is_an_error_of_one_line():
    for call, message in (
        (lambda: Fallback()("hello"), "a token of misaki is expected, .* found 'hello'"),
        (lambda: Fallback()(SimpleNamespace(text=5)), "a token of misaki is expected"),
        (lambda: Fallback(True), "Fallback: g2p must be of type Pronouncer .*, found bool: True"),
        (lambda: G2p("english"), "G2p: g2p must be of type Pronouncer"),
        (lambda: G2p()(["x"]), "G2p: text must be of type str, found list"),
        (lambda: G2p().predict(None), "G2p.predict: word must be of type str"),
    ):
        with pytest.raises(TypeError, match=f"^{message}"):
            call()
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


def test_what_is_left_out_is_one_plain_line():
    code = "from g2p_jax.compat import G2p; print(G2p()('hi 日')[0])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    left_out = "1 token without a pronunciation left out: '日'\n"
    assert (done.stdout, done.stderr) == ("HH\n", left_out)
