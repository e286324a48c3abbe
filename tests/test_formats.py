"""Lexicons as people have them: what each kind of file is read as, or refused for."""

import gzip

import pytest
from absl import logging

from g2p_jax.data.formats.writers import WRITERS, read_tokens, sherpa
from g2p_jax.data.lexicon import read_lexicon
from g2p_jax.data.pairs import Pair
from g2p_jax.errors import DataError

HELLO = Pair("hello", (("hh", "ah", "l", "ow"),))
READ = Pair("read", (("r", "iy", "d"), ("r", "eh", "d")))


@pytest.mark.parametrize(
    "text",
    [
        "hello 1.0 hh ah l ow\nread 0.7 r iy d\nread 0.3 r eh d\n",  # Kaldi's lexiconp.txt
        "hello 1.0 0.2 1.1 0.9 hh ah l ow\nread 1.0 0.2 1.1 0.9 r iy d\nread 1 0 1 1.0 r eh d\n",
        "hello\t0.99\thh ah l ow\nread\t0.9\tr iy d\nread\t1e-05\tr eh d\n".replace("1e-05", "0.0"),
        "hello\t0.99\t0.1\t1.0\t1.0\thh ah l ow\nread\t1\t0\t1.0\t1.0\tr iy d\n"
        "read\t1\t0\t1.0\t1.0\tr eh d\n",  # MFA
        "<UNK> spn\n!SIL sil\n[NOISE] nsn\nhello hh ah l ow\nread r iy d #1\nread r eh d #2\n",
        "hello\thh ah l ow\nread\tr iy d\nread(2)\tr eh d\n",  # Sphinx
        "hello\thh ah l ow\r\nread(1)\tr iy d\r\nread(2)\tr eh d\r\n",
        "hello,hh ah l ow\nread,r iy d\nread,r eh d\n",
        "word,phonemes\nhello,hh ah l ow\nread,r iy d\nread,r eh d\n",
        "Phonemes,Word\nhh ah l ow,hello\nr iy d,read\nr eh d,read\n",
        'word,source,ipa\n"hello",x,"hh ah l ow"\nread,,r iy d\nread,,r eh d\n',
        '"hello","hh ah l ow"\n"read","r iy d"\n"read","r eh d"\n',
        "hello, hh ah l ow\nread, r iy d\nread, r eh d\n",  # Britfone
        "hello;hh ah l ow\nread;r iy d\nread;r eh d\n",  # Excel in Europe
        'sep=;\nWort;prob;Lautschrift\n"hello";1;"hh ah l ow"\nread;0,7;r iy d\nread;0,3;r eh d\n',
        "hello | hh ah l ow\nread | r iy d\nread | r eh d\n",
        "hello;0,95;hh ah l ow\nread;0,7;r iy d\nread;0,3;r eh d\n",
        "hello 1 hh ah l ow\nread 0,7 r iy d\nread 0,3 r eh d\n",  # awk in Germany
        "hello hh ah l ow\nread r iy d; r eh d\n",
        'word,phonemes\nhello,hh ah l ow\nread,"r iy d, r eh d"\n',
        "hello\thh ah l ow\t\nread\tr iy d\t\t\nread\tr eh d\t\n",
        "Lemma\tIPA (US)\tn\nhello\thh ah l ow\ta, b\nread\tr iy d\t\nread\tr eh d\t\n",
        "headword,phonetik\nhello,hh ah l ow\nread,r iy d\nread,r eh d\n",
        "word\tpronunciation\nhello\thh ah l ow\nread\tr iy d\nread\tr eh d\n",
        "hello\t/hh ah l ow/\nread\t/r iy d/\nread\t/r eh d/\n",
        "hello\t/hh ah l ow/\nread\t/r iy d/, /r eh d/\n",  # ipa-dict
        "hello [hh ah l ow]\nread [r iy d]\nread [r eh d]\n",
        "hello {hh ah l ow}\nread {r iy d}\nread {r eh d}\n",
        'hello\t"hh ah l ow"\nread\t"r iy d"\nread\t"r eh d"\n',
        '"hello"\t"hh ah l ow"\n"read"\t"r iy d"\n"read"\t"r eh d"\n',
        '"hello" "hh ah l ow"\n"read" "r iy d"\n"read" "r eh d"\n',
        "# mine\nword,ipa\nhello,hh ah l ow\nread,r iy d\nread,r eh d\n",
        "hello\thh ah l ow\t0.91\nread\tr iy d\t0.6\nread\tr eh d\t0.4\n",  # predict.py --nbest
        "hello\thh ah l ow\tlexicon\nread\tr iy d\tmodel\n...\t\tmodel\nread\tr eh d\tmodel\n",
        "hello\thh ah l ow\th e ll o\t1.00 0.90 1.00 0.99\nread\tr iy d\tr ea d\t0.9 0.5 1.00\n"
        "read\tr eh d\tr ea d\t0.9 0.5 1.00\n",  # predict.py --align
        "hello hh ah l ow\nread r iy d # as_in: I_read it\nread(2) r eh d # past_tense\n",
        ";;; head_er\nhello  hh ah l ow\nread  r iy d\nread(2)  r eh d\n",
    ],
)
def test_what_people_have_is_read_right(write, text):
    assert read_lexicon(write(text)) == [HELLO, READ]
    assert read_lexicon(write("\ufeff" + text)) == [HELLO, READ]
    assert read_lexicon(write(text.encode("utf-16"))) == [HELLO, READ]


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("able EY_B B_I AH_I L_E\nI AY_S\n", ["EY_B", "B_I", "AH_I", "L_E"]),  # Kaldi's positions
        ("tea t_h i\nseal s i l\nkey k i\n", ["t_h", "i"]),  # X-SAMPA
        ("un 1 n\ndeux d 2\nfeu f 2\n", ["1", "n"]),
        ("tie t # aI\nI aI #\nit I # t\n", ["t", "#", "aI"]),  # a boundary is a phoneme
        ("ba3 B AA3\nba4 B AA4\nba1 B AA1\n", ["B", "AA3"]),  # tones
        ("ni n i_3\nhao h ao_3\nwo o_3\n", ["n", "i_3"]),
        ("fa\u0301c\tf a\u0301 c\u0327\n", ["f", "a\u0301", "c\u0327"]),  # decomposed
        ("fac\tf á ç\n", ["f", "á", "ç"]),
        ("Haus haU_^s\nsee ze:\n", ["haU_^s"]),
        ("tea t_hi:\ncat k_h{t\n", ["t_hi:"]),
        ("tot t; o t\n", ["t;", "o", "t"]),  # SAMPA
        ("word,W ER D\n", ["W", "ER", "D"]),
        ("knee N IY\ngnome N OW M\nnow N AW\n", ["N", "IY"]),  # no column of labels
        ("anh ʔ a ɲ\nem ʔ ɛ m\nin ʔ i n\not ʔ ɔ t\n", ["ʔ", "a", "ɲ"]),  # nor here
        ("letter L EH T AXR\n", ["L", "EH", "T", "AXR"]),
    ],
)
def test_phonemes_stay_as_they_stand(write, text, phonemes):
    assert list(read_lexicon(write(text), stress=False)[0].pronunciations[0]) == phonemes


def test_sentences_are_neither_names_of_columns_nor_several_pronunciations(write):
    path = write("hi\thallo\nwell, you\tnun, du\nthank you\tvielen dank\n")
    targets = [each for _, each in read_lexicon(path, kind="tokens")]
    assert targets == [(("hallo",),), (("nun,", "du"),), (("vielen", "dank"),)]
    with pytest.raises(DataError, match="found what looks like a name: 'soundz'; fix: name the"):
        read_lexicon(write("lexeme\tsoundz\ncat\tK AE T\ndog\tD AO G\n"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a 0.5 b\nc d\n", r"txt:1: expected phonemes, found a number as phoneme: '0.5'; fix: "),
        ("a (b c)\nd e f\n", "found brackets, quotes or commas as phoneme: '(b'; fix: "),
        ("a b [c]\nd e f\n", "found brackets, quotes or commas as phoneme: '[c]'; fix: "),
        ("a b c\nd e f,\n", "found brackets, quotes or commas as phoneme: 'f,'; fix: "),
        ("\n".join(f"w{n}x\t/kæt{n}/" for n in range(30)), "one phoneme in every pronunciation"),
        ("\n".join(f"w{n} p{n} q{n}" for n in range(300)), "600 different phonemes in 300 words"),
        ("a\tb\nc\td\te\tf\n", r"found 3 tabs in 'c\td\te\tf'"),
        ("a;noun;b c\nd;verb;e f\n", "found 2 semicolons in 'a;noun;b c'; fix: put one semicolon"),
        (
            "cat noun K AE T\nrun verb R AH N\n",
            "txt: expected phonemes after the word, found 'noun'",
        ),
        (
            "cat K AE T 7\nrun R AH N 35\n",
            "found '35' beside the phonemes; fix: remove that column",
        ),
        ("cat en k { t\nrun en r V n\ndog en d Q g\n", "found 'en' beside the phonemes; fix: "),
        (
            "New York;N UW\nice cream;AY S\n",
            "found brackets, quotes or commas as phoneme: 'York;N'",
        ),
        ("a = b c\nd = e f\n", "found '=' beside the phonemes; fix: remove that column"),
        ("begriff\tlaut\na\tb c\nd\te f\n", "txt:1: expected phonemes, found what looks like"),
        ('a,"b c\nd,e f\n', "unexpected end of data"),
        ("a b\n".encode("utf-16-le"), "the byte 0x00, as in UTF-16; fix: convert the file"),
        (
            gzip.compress(b"a\tb c\n", mtime=0),
            "txt:1: expected UTF-8, found a gzip file; fix: unpack it with",
        ),
        (
            '{\n"word": "a",\n"sounds": ["b"]\n}\n',
            "found an object of several lines; fix: write one",
        ),
        ("a,b\nc," + "d " * 100_000, "field limit (131072) in 'c,d d d"),
        ("a b\x9b c\n", "found the character U+009B in 'a'; fix: remove it"),
        ("[" * 100_000, "expected {"),
        ('{"word": "a", "sounds": ' + "1" * 5000 + "}", "expected {"),
    ],
)
def test_what_is_implausible_is_an_error(write, text, message):
    with pytest.raises(DataError) as error:
        read_lexicon(write(text))
    assert message in str(error.value) and "\n" not in str(error.value)


def test_all_bad_lines_are_counted_and_can_be_left_out(write):
    path = write("\n".join(["a\tb c"] + ["bad line"] * 7 + ["d\te f"] * 20))
    with pytest.raises(DataError) as error:
        read_lexicon(path)
    assert str(error.value).startswith(f"{path}:2: expected 'word<TAB>P H O N', found 0 tabs")
    assert "7 lines are bad, the next: 3, 4, 5, 6; " in str(error.value)
    assert [word for word, _ in read_lexicon(path, skip_bad_lines=True)] == ["a", "d"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "<unk> 1.0 spn\nABLE 1.0 EY B AH L\n",
            "lexicon.txt: Kaldi lexicon with probabilities, 1 word; ABLE -> EY B AH L; "
            "left out 1 line without speech, such as <unk>",
        ),
        ("ABLE\tEY B AH L\n", "lexicon.txt: tab-separated lexicon, 1 word; ABLE -> EY B AH L"),
    ],
)
def test_one_line_tells_how_a_file_was_read(write, text, line, monkeypatch):
    lines = []
    monkeypatch.setattr(logging, "info", lambda form, *values: lines.append(form % values))
    read_lexicon(write(text))
    assert lines == [line]


def test_a_format_that_is_named_is_taken_for_granted(write):
    path = write("tea T_IY\nI AY\nread R_IY_D\n")
    assert read_lexicon(path, "contest")[0].pronunciations == (("T", "IY"),)
    assert read_lexicon(path, "kaldi")[0].pronunciations == (("T_IY",),)


ANSWERS = [(("r", "iy", "d"), 0.6), (("r", "ˈɛ", "d"), 0.15), (("r", "iy", "d"), 0.1)]


@pytest.mark.parametrize(
    ("format", "lines"),
    [
        ("cmudict", ["Read r iy d", "Read(2) r ˈɛ d"]),
        ("sphinx", ["Read\tr iy d", "Read(2)\tr ˈɛ d"]),
        ("kaldi", ["Read r iy d", "Read r ˈɛ d"]),
        ("kaldi-prob", ["Read 1.0 r iy d", "Read 0.25 r ˈɛ d"]),
        ("mfa", ["Read\t1.0\tr iy d", "Read\t0.25\tr ˈɛ d"]),
        ("sherpa", ["read r iy d"]),
        ("wikipron", ["Read\tr iy d", "Read\tr ˈɛ d"]),
        ("csv", ["Read,r iy d,0.6", "Read,r ˈɛ d,0.15"]),
        (
            "jsonl",
            [
                '{"word": "Read", "sounds": [["r", "iy", "d"], ["r", "ˈɛ", "d"]], '
                '"probabilities": [0.6, 0.15]}'
            ],
        ),
    ],
)
def test_each_tool_gets_what_it_reads(format, lines):
    assert WRITERS[format]("Read", ANSWERS) == lines


def test_probabilities_stay_in_what_a_tool_allows():
    answers = [(("a",), 0.9), (("b",), 1e-9)]
    assert WRITERS["kaldi-prob"]("x", answers) == ["x 1.0 a", "x 0.0001 b"]
    assert WRITERS["mfa"]("x", answers) == ["x\t1.0\ta", "x\t0.01\tb"]
    assert WRITERS["kaldi-prob"]("x", [(("a",), 0.0)]) == ["x 0.0001 a"]


@pytest.mark.parametrize("format", WRITERS)
def test_a_word_that_a_format_cannot_hold_is_an_error(format):
    assert WRITERS[format]("...", [((), 1.0)]) == []
    for word in "New York", "a\tb", "", "a\u2003b":
        if format in ("wikipron", "csv", "jsonl"):
            assert len(WRITERS[format](word, ANSWERS[:1])) == 1
        else:
            with pytest.raises(DataError, match="has white space, which ends a word there; fix: "):
                WRITERS[format](word, ANSWERS)


def test_symbols_of_sherpa_are_checked_against_the_tokens_of_a_voice(write):
    tokens = read_tokens(write("_ 0\n  1\nˈ 2\nh 3\nə 4\nl 5\noʊ 6\nAA 7\n"))
    assert {" ", "_", "oʊ"} < tokens
    hello = [(("h", "ə", "ˈl", "oʊ"), 1.0)]
    assert sherpa("Hello", hello, tokens) == ["hello h ə ˈ l oʊ"]
    assert sherpa("Hello", hello) == ["hello h ə ˈ l o ʊ"]
    assert sherpa("a", [(("AA",), 1.0)], tokens) == ["a AA"]
    for phoneme, symbol in [("AH", "AH"), ("ˈoː", "o"), ("tʃ", "t")]:
        with pytest.raises(DataError, match=f"'go': '{symbol}' is not a token of the voice; fix: "):
            sherpa("go", [((phoneme,), 1.0)], tokens)
    with pytest.raises(DataError, match="txt:2: expected 'symbol number', found 'b'"):
        read_tokens(write("a 0\nb\n"))
