import contextlib
import gzip
import os
import re

import pytest

from g2p_jax.data.answers import csv_line, tsv_lines
from g2p_jax.data.lexicon import read_lexicon
from g2p_jax.data.textfile import MOST_BYTES, LineStream
from g2p_jax.data.word_lists import read_texts, read_words, words_for_lexicon
from g2p_jax.errors import DataError

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


def test_words_one_for_every_line(write):
    path = write(b"\xef\xbb\xbfhello\r\n\r\n two words \nna\xc3\xafve\n\xe2\x80\xa8x")
    expected = ["hello", "", " two words ", "naïve", "\u2028x"]
    expected = list(zip("12345", expected, strict=True))
    assert list(read_words(path)) == expected
    assert list(read_words(str(path))) == expected
    with open(path, "rb") as lines:
        assert list(read_words(lines)) == expected
    assert list(read_words(["hello\n", "\n"])) == [("1", "hello"), ("2", "")]
    with pytest.raises(DataError, match=r"input:1: expected UTF-8, found the byte 0xef in 'na"):
        list(read_words(["na\udcefve"]))  # an argument
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


def test_lines_of_a_pipe_are_there_as_soon_as_they_are_written():
    read, write = os.pipe()
    with contextlib.closing(LineStream(f"/dev/fd/{read}")) as lines:
        assert not lines.ready()
        os.write(write, b"hello\r\nwor")
        assert lines.ready() and next(lines) == b"hello\r" and not lines.ready()
        os.write(write, "ld\n\nnaïve".encode())
        assert [next(lines), next(lines)] == [b"world", b""] and not lines.ready()
        os.close(write)
        assert lines.ready() and list(lines) == ["naïve".encode()] and lines.ready()
    os.close(read)


def test_lines_of_a_file_are_ready(write):
    with contextlib.closing(LineStream(write(b"a\n\nb\n"))) as lines:
        assert [(lines.ready(), line) for line in lines] == [
            (True, line) for line in (b"a", b"", b"b")
        ]


def test_words_of_a_csv_file(write):
    path = write('\ufeff"Id",Word\r\n7,hello\r\n\r\n9,"a,""b"\r\n')
    assert list(read_words(path)) == [("7", "hello"), ("9", 'a,"b')]
    assert list(read_words([b"word,count\n", b"hello,3\n"])) == [("1", "hello")]
    assert list(read_words([b"word\n", b"Id,Ward\n"])) == [("1", "word"), ("2", "Id,Ward")]
    for text, name, expected in (
        ("Word\nhello\nthrough\n", "a.csv", ["hello", "through"]),
        ('\ufeff"WORDS"\r\n"hello"\r\n\r\n"a,""b"\r\n', "a.CSV", ["hello", 'a,"b']),
        ('"hello"\n"through"\n', "a.csv", ["hello", "through"]),
        ("Words,count\nhello,3\n", "a.csv", ["hello"]),
        ('sep=;\r\nSpelling;n\r\nhello;0,3\r\n"a;b";1\r\n', "a.csv", ["hello", "a;b"]),
        ("word\tpronunciation\nhello\tHH AH\n", "a.txt", ["hello"]),
        ("# mine\nword|n\nhello|3\n", "a.txt", ["hello"]),
        ("# mine\nhello # you\n#tag\n;;; q\nC#\n", "a.txt", ["", "hello", "#tag", "", "C#"]),
        ("hello\nword\n", "a.csv", ["hello", "word"]),
        ("word\nhello\n", "a.txt", ["word", "hello"]),
        ('"word"\n', "a.txt", ['"word"']),
    ):
        expected = [(str(n), word) for n, word in enumerate(expected, 1)]
        assert list(read_words(write(text, name))) == expected
    with pytest.raises(DataError, match=r"a\.csv:1: .* a column named word, found ';' in '1;go'; "):
        list(read_words(write("1;go\n2;hello\n", "a.csv")))
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


def test_a_list_that_is_not_utf8_is_named_with_its_remedy(write):
    for data, line, message in (
        (
            b"hello\nna\xefve\n",
            2,
            "the byte 0xef; fix: convert the file, for example with iconv -f latin1",
        ),
        (
            "hello\n".encode("utf-16"),
            1,
            "the byte 0xff, as in UTF-16; fix: convert the file, for example with iconv -f utf-16",
        ),
    ):
        path = write(data)
        with pytest.raises(
            DataError, match=re.escape(f"{path}:{line}: expected UTF-8, found {message}")
        ):
            list(read_words(path))
        with pytest.raises(DataError, match=f"input:{line}: expected UTF-8"):
            list(read_words(data.splitlines(keepends=True)))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('Id,Word\n1,"hello\n2,world\n', 2, "close each double quote"),
        ('Id,Word\n1,hello\n2,"wor"ld\n', 3, "close each double quote"),
        (f"Id,Word\n1,{'a' * 200_000}\n", 2, "field larger than field limit"),
        ("Id,Word\n1,a\rb\n", 2, "a carriage return inside a line; fix: convert the file"),
        ("hello\rworld\r", 1, "line feeds between lines, found a carriage return inside a line"),
        ("hello\nthe\x85end\x85", 2, "one word, found the line break U\\+0085 in 'the"),
        ("hello\u2028world", 1, "one word, found the line break U\\+2028"),
        ("hello\fworld", 1, "one word, found the line break U\\+000C"),
        (PNG, 1, "text in UTF-8, found the byte 0x89, which no text has; fix: name a text file"),
        ("hello\nhel\0lo\n", 2, "the byte 0x00, which no text has; fix: name a text file"),
        ("hello\n".encode("utf-16-be"), 1, "the byte 0x00, as in UTF-16; .* iconv -f utf-16be"),
        ("hello\n".encode("utf-32"), 1, "the byte 0xff, as in UTF-32; .* iconv -f utf-32"),
        ("Id,Word\n1,hello,world\n", 2, "put a word that holds a comma in double quotes"),
        ('["hello", "world"]\n', 1, "one JSON object with a text `word` in each line"),
        ('[\n{"word": "hello"}\n]\n', 1, "found JSON of several lines; fix: write one JSON object"),
        ('{"word": "hel\n', 1, "one JSON object"),
        ('{"word": ' + "[" * 100_000 + "\n", 1, "one JSON object"),
        ('{"word": ' + "1" * 5000 + "}\n", 1, "one JSON object"),
        ("Id,Word,Word\n1,a,b\n", 1, "found 'Id,Word,Word'; fix: give each column a name of its"),
        ('{"word": "a", "word": "b"}\n', 1, "found the name 'word' twice in an object; fix: "),
        ('{"word": "a", "Word": "b"}\n', 1, "one JSON object"),
        ("Id;Word\n1;hello\n2;a;b\n", 3, "put a word that holds a semicolon in double quotes"),
        (gzip.compress(b"hello\n", mtime=0), 1, "found a gzip file; fix: unpack it with gunzip"),
        (b"PK\x03\x04\x14\0", 1, "found a ZIP file or a spreadsheet; fix: unpack it"),
        ('{"text": "hello"}\n', 1, "one JSON object"),
        ('{"word": "hello"}\n' + "[" * 100_000 + "\n", 2, "one JSON object"),
        ('{"word": "hello"}\n{"id": ' + "1" * 5000 + ', "word": "x"}\n', 2, "one JSON object"),
        ("hello\n".encode("utf-16-le"), 1, "the byte 0x00, as in UTF-16; .* iconv -f utf-16le"),
    ],
)
def test_a_list_that_is_read_in_part_only_would_be_wrong(write, text, line, message):
    path = write(text)
    with pytest.raises(DataError, match=f"^{re.escape(f'{path}:{line}: expected')}.*{message}"):
        list(read_words(path))


@pytest.mark.parametrize(
    "line",
    [
        "hello\thəˈloʊ",
        "HELLO  HH AH0 L OW1",
        "HELLO HH_AH_L_OW HH_EH_L_OW",
        "hello 0.95 hh ah",
        "a,b c",
        "hello həˈloʊ",
        'hello h@"loU',
        "    17 hello",  # uniq -c
    ],
)
def test_a_lexicon_in_the_place_of_a_list_is_noticed(write, caplog, line):
    for count, warned in ((1, False), (2, True), (40, True)):
        caplog.clear()
        assert len(list(read_words(write(f"{line}\n" * count)))) == count
        assert caplog.text.count("looks like a lexicon: whole lines are pronounced") == warned
    caplog.clear()
    list(read_words(write("The quick brown fox jumps over it.\n" * 4)))
    assert "looks like a text: whole lines are pronounced; --text reads sentences" in caplog.text
    caplog.clear()
    list(read_words(write(f"New York\nvan Gogh\nhello\n{line}\n")))
    assert not caplog.text


def test_a_list_made_from_a_lexicon_gives_one_that_is_read_back(write, caplog):
    path = write("<UNK>\nTHROUGH\nTHROUGH(2)\n;;; comment\nread(3)\n;;;q\n!SIL\n\n“so”\n")
    words = [word for _, word in words_for_lexicon(read_words(path))]
    assert words == ["THROUGH", "THROUGH", "", "read", "", "", "so"]
    assert "left out 2 comments, such as ';;; comment'" in caplog.text
    assert "left out 2 lines without speech, such as '<UNK>'" in caplog.text
    assert "took 3 variants for a word: 'THROUGH(2)' for 'THROUGH'" in caplog.text
    lexicon = write("".join(f"{word}\tR IY\n" for word in words[1:4:2]), "lexicon.txt")
    assert [*read_lexicon(lexicon).each_word()] == words[1:4:2]


def test_only_a_line_feed_ends_a_line_and_none_is_in_an_answer(write):
    path = write('{"id": "a\\nb", "word": "x\\ty\\nz\u2028\x85\\u000b"}\n', "x.jsonl")
    [(id, word)] = read_words(path)
    assert (id, word) == ("a\nb", "x\ty\nz\u2028\x85\x0b")
    assert tsv_lines(word, [(("T",), 1.0)]) == ["x y z\u2028\x85\x0b\tT"]
    assert csv_line(id, [(("T",), 1.0)]) == "a b,T"


def test_a_line_has_a_limit(write):
    path = write(b"abc\n" + b"a" * (MOST_BYTES + 1) + b"\nabc\n")
    with contextlib.closing(LineStream(path)) as stream:
        assert next(stream) == b"abc"
        with pytest.raises(DataError, match=r":2: expected at most 10,000,000 bytes in a line"):
            next(stream)


def test_an_error_in_a_text_names_the_file_and_the_line(write):
    path = write(b"Dr. Smith\n\nna\xefve\n", "text.txt")
    with contextlib.closing(LineStream(path)) as lines:
        with pytest.raises(DataError, match=re.escape(f"{path}:3: expected UTF-8")):
            list(read_texts(lines))


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(DataError, match="Is a directory; fix: name a file that you may read"):
        LineStream(tmp_path)
