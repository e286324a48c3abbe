"""Readers and writers with inputs that hypothesis makes up."""

import tempfile
import unicodedata
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from g2p_jax.data import formats
from g2p_jax.data.answers import CSV_HEADER, csv_line, read_answers, tsv_lines
from g2p_jax.data.formats import writers
from g2p_jax.data.lexicon import read_lexicon
from g2p_jax.data.word_lists import read_words
from g2p_jax.errors import DataError

INPUTS = settings(max_examples=700, deadline=None)

# Words and phonemes as lexicons have them: any letters, marks and symbols, no white space.
CHARACTERS = st.characters(codec="utf-8", exclude_categories=("Z", "C"), exclude_characters='#;"')
TOKENS = st.text(CHARACTERS, min_size=1, max_size=5)
# Without what tells layouts: P_H_O_N, /P H O N/, [P H O N], {P}, <P>, and 0.5 before phonemes.
PHONEMES = st.lists(
    TOKENS.filter(lambda token: not set(token) & set("_/[].{<")), min_size=1, max_size=5
)
WORDS = st.text(CHARACTERS, min_size=1, max_size=9)
WORDS = WORDS.filter(lambda word: word[0] not in "<[{(!" and not word.endswith(")"))  # <UNK>, a(2)
WORDS = WORDS.filter(lambda word: word not in ("SIL", "SPN", "NSN")).map(
    lambda word: unicodedata.normalize("NFC", word)
)
LEXICON = st.dictionaries(WORDS, PHONEMES, min_size=1, max_size=6)

# Pieces of files, in any order: what tells one format from another, good and bad.
PIECES = st.sampled_from(
    "HELLO hello caf\u00e9 HH AH0 L OW _ HH_AH_L_OW B_B L_E 1 0.5 1.0 (2) # #1 ;;; , , , / [ ] "
    "{ } \" ' "
    '{"word":"a","sounds":["B"]} word phonemes <UNK> SIL !SIL \u2028 \x85 \x0b \ufeff'.split(" ")
    + ["\t", "\t", " ", " ", "\n", "\n", "\n", "\r\n", "\0"]
)
FILES = st.lists(PIECES, max_size=40).map("".join).map(str.encode) | st.binary(max_size=60)


def written(data: bytes) -> Path:
    path = Path(tempfile.mkdtemp()) / "file"
    path.write_bytes(data)
    return path


def is_one_clear_line(error: DataError, path: Path) -> bool:
    return str(error).startswith(str(path)) and str(error).isprintable()


@INPUTS
@given(LEXICON)
def test_answers_are_read_back_as_they_were_written(lexicon):
    lines = [
        line for word, phonemes in lexicon.items() for line in tsv_lines(word, [(phonemes, 1)])
    ]
    path = written("\n".join(lines).encode())
    expected = [(word, tuple(phonemes)) for word, phonemes in lexicon.items()]
    assert read_answers(path) == expected
    read = read_lexicon(path, "tsv", kind="tokens")
    assert [(pair.word, *pair.pronunciations) for pair in read] == expected
    rows = [csv_line(word, [(phonemes, 1)]) for word, phonemes in lexicon.items()]
    assert read_answers(written("\n".join([CSV_HEADER, *rows]).encode())) == expected


# What a format is read as; wikipron is tsv, with one pronunciation in each line.
READ_AS = {"wikipron": "tsv", "kaldi-prob": "kaldi", "sherpa": "kaldi"}
ARPABET = "HH AH0 L OW1 N ER AA2 S T".split()
ANSWERS = st.lists(
    st.tuples(PHONEMES.map(tuple), st.floats(0, 1)),
    min_size=1,
    max_size=3,
    unique_by=lambda a: a[0],
)
PLAIN = st.text(st.characters(codec="utf-8", categories=["Ll"]), min_size=1, max_size=9)
PLAIN = PLAIN.map(lambda word: unicodedata.normalize("NFC", word))
PLAIN_ANSWERS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(ARPABET), min_size=2, max_size=6).map(tuple), st.floats(0, 1)
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda answer: answer[0],
)


def read_back(format, lexicon, read_as):
    """The lexicon as it is written and read again, and as it should be then."""
    lines = [writers.HEADERS[format]] if format in writers.HEADERS else []
    lines += [
        line for word, each in lexicon.items() for line in writers.WRITERS[format](word, each)
    ]
    path = written("".join(f"{line}\n" for line in lines).encode())
    pairs = read_lexicon(path, read_as, kind="tokens")
    if format == "sherpa":  # the best alone, in lower case and in characters
        best = {word.lower(): each[0][0] for word, each in reversed(lexicon.items())}
        expected = {
            w: [tuple(c for p in best[w] for c in ([p] if p.isascii() else p))] for w in best
        }
        return {word: list(each[:1]) for word, each in pairs}, expected
    expected = {word: [phonemes for phonemes, _ in each] for word, each in lexicon.items()}
    return {word: list(each) for word, each in pairs}, expected


@INPUTS
@given(
    st.sampled_from(list(writers.WRITERS)), st.dictionaries(WORDS, ANSWERS, min_size=1, max_size=6)
)
def test_a_lexicon_is_read_back_in_the_format_it_was_written_in(format, lexicon):
    read, expected = read_back(format, lexicon, READ_AS.get(format, format))
    assert read == expected


@INPUTS
@given(
    st.sampled_from(list(writers.WRITERS)),
    st.dictionaries(PLAIN, PLAIN_ANSWERS, min_size=1, max_size=6),
)
def test_the_format_of_a_written_lexicon_is_recognised(format, lexicon):
    read, expected = read_back(format, lexicon, "auto")
    assert read == expected


@INPUTS
@given(FILES, st.sampled_from(["auto", *formats.FORMATS]), st.booleans())
def test_a_lexicon_is_read_or_refused_in_one_line(data, format, skip_bad_lines):
    path = written(data)
    try:
        pairs = read_lexicon(path, format, skip_bad_lines=skip_bad_lines)
    except DataError as error:
        assert is_one_clear_line(error, path)
    else:
        assert all(word and all(map(all, several)) for word, several in pairs)


@INPUTS
@given(FILES)
def test_a_list_has_a_word_for_each_line_or_is_refused_in_one_line(data):
    path = written(data)
    try:
        words = list(read_words(path))
    except DataError as error:
        assert is_one_clear_line(error, path)
    else:
        plain = not words or words[0][0] == "1"
        assert not plain or len(words) <= data.count(b"\n") + 1
