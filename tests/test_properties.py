"""Readers and writers with inputs that hypothesis makes up."""

import tempfile
import unicodedata
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from g2p_jax.data import formats
from g2p_jax.data.answers import CSV_HEADER, csv_line, read_answers, tsv_lines
from g2p_jax.data.lexicon import read_lexicon
from g2p_jax.data.word_lists import read_words
from g2p_jax.errors import DataError

INPUTS = settings(max_examples=700, deadline=None)

# Words and phonemes as lexicons have them: any letters, marks and symbols, no white space.
CHARACTERS = st.characters(codec="utf-8", exclude_categories=("Z", "C"), exclude_characters='#;"')
TOKENS = st.text(CHARACTERS, min_size=1, max_size=5)
PHONEMES = st.lists(TOKENS.filter(lambda token: "_" not in token), min_size=1, max_size=5)
WORDS = st.text(CHARACTERS, min_size=1, max_size=9).filter(lambda word: not word.endswith(")"))
WORDS = WORDS.map(lambda word: unicodedata.normalize("NFC", word))
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
    read = read_lexicon(path, "tsv", plausible=False)
    assert [(pair.word, *pair.pronunciations) for pair in read] == expected
    rows = [csv_line(word, [(phonemes, 1)]) for word, phonemes in lexicon.items()]
    assert read_answers(written("\n".join([CSV_HEADER, *rows]).encode())) == expected


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
