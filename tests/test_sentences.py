"""Texts in, tokens with their pronunciations out; 200 sentences with hand-checked phonemes."""

import dataclasses
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings

import g2p_jax
from g2p_jax.data.symbols import Vocabulary
from g2p_jax.data.word_lists import read_texts
from g2p_jax.errors import UserError
from g2p_jax.predict.transcribe import Options, transcribe
from g2p_jax.text.lines import TEXTS
from g2p_jax.text.reading import Token, Word, read
from tests import test_verbalize
from tests.tiny_model import lexicon_first

FILE = Path(__file__).parent / "references" / "sentences.tsv"
Part = list[list[set[str]]]  # its alternatives: for each word the pronunciations that are right


@pytest.fixture(scope="module")
def english():
    """The included model behind CMUdict."""
    return g2p_jax.load()


def test_a_lexicon_with_a_word_in_its_case_is_asked_for_it(g2p):
    lexicon = {"Face": ["F EY"], "face": ["F AE S"], "ACE": ["S"], "ace": ["EY S"], "bad": ["B"]}
    words = [
        w
        for token in lexicon_first(lexicon, g2p).text("Face face ACE, ace Bad.")
        for w in token.words
    ]
    found = [(word.text, " ".join(word.phonemes)) for word in words]
    assert found == [
        ("Face", "F EY"), ("face", "F AE S"), ("ACE", "S"), ("ace", "EY S"), ("bad", "B"),
    ]  # fmt: skip


def sentences() -> list[tuple[str, list[str], list[Part]]]:
    """Each sentence, its parts between spaces in words, and their phonemes."""
    rows = [line.split("\t") for line in FILE.read_text().splitlines() if line[0] != "#"]
    return [
        (text, words.split(" | "), [alternatives(part) for part in phonemes.split(" | ")])
        for text, words, phonemes in rows
    ]


def alternatives(part: str) -> Part:
    return [
        [set(word.split(" / ")) for word in one.split(" + ")] if one else []
        for one in part.split(" // ")
    ]


def parts_of(text: str, tokens: list[Token]) -> list[list[str]]:
    """The phonemes of each word of each part between spaces."""
    ends = [match.end() for match in re.finditer(r"\S+", text)]
    parts: list[list[str]] = [[] for _ in ends]
    for token in tokens:
        part = next(number for number, end in enumerate(ends) if token.start < end)
        parts[part] += [" ".join(word.phonemes) for word in token.words if word.phonemes]
    return parts


def right(found: list[str], expected: Part) -> int:
    """How many words of a part are right; wherever one word ends, if all phonemes are."""
    for words in expected:
        pattern = " ".join(f"(?:{'|'.join(word)})" for word in words)
        if re.fullmatch(pattern, " ".join(found)):
            return max(map(len, expected))
    same = [words for words in expected if len(words) == len(found)]
    return max(
        (sum(x in word for x, word in zip(found, words, strict=True)) for words in same), default=0
    )


def test_of_200_sentences_at_least_95_percent_of_the_words_are_right_and_none_is_dropped(english):
    count = correct = 0
    wrong, rows = [], sentences()
    assert len(rows) == 200
    for (text, words, phonemes), tokens in zip(
        rows, read(english, [r[0] for r in rows]), strict=True
    ):
        assert "".join(token.text + token.whitespace for token in tokens) == text
        for part, said, expected, found in zip(
            text.split(), words, phonemes, parts_of(text, tokens), strict=True
        ):
            total = max(map(len, expected))
            hits = right(found, expected)
            count, correct = count + total, correct + hits
            assert bool(found) == bool(total), part
            if hits < total or len(found) > total == 0:
                wrong.append(f"{part}: {' '.join(found)}, not {said}")
    print(f"{correct} of {count} words are right: {correct / count:.1%}", *wrong, sep="\n")
    assert correct / count >= 0.95


def test_tokens_by_hand(english):
    text = "Dr. Smith's 3 cats weren't in Łódź 🎉."
    tokens = english.text(text)
    columns = ((t.text, t.span, t.whitespace, t.kind, t.source, t.phonemes) for t in tokens)
    assert [(*more, " ".join(phonemes)) for *more, phonemes in columns] == [
        ("Dr.", (0, 3), " ", "word", "lexicon", "D AA K T ER"),
        ("Smith's", (4, 11), " ", "word", "lexicon", "S M IH TH S"),
        ("3", (12, 13), " ", "number", "lexicon", "TH R IY"),
        ("cats", (14, 18), " ", "word", "lexicon", "K AE T S"),
        ("weren't", (19, 26), " ", "word", "lexicon", "W ER AH N T"),
        ("in", (27, 29), " ", "word", "lexicon", "IH N"),
        ("Łódź", (30, 34), " ", "word", "model", "L AA D Z"),
        ("🎉", (35, 36), "", "unspeakable", "", ""),
        (".", (36, 37), "", "punctuation", "", ""),
    ]  # fmt: skip
    assert [word.text for token in tokens for word in token.words] == [
        "doctor", "smith's", "three", "cats", "weren't", "in", "lodz",
    ]  # fmt: skip


def test_sources_and_rules(english):
    found = {
        token.text: token
        for token in english.text("TTS TTSs L.A. NASA vlogs blogs' selfies cat’s Zyxtown's U.S.'s")
    }
    assert {text: token.source for text, token in found.items()} == {
        "TTS": "rule", "TTSs": "rule", "L.A.": "rule", "NASA": "lexicon", "vlogs": "model",
        "blogs'": "rule", "selfies": "lexicon", "cat’s": "lexicon", "Zyxtown's": "model",
        "U.S.'s": "rule",
    }  # fmt: skip
    assert " ".join(found["TTSs"].phonemes) == "T IY T IY EH S IH Z"
    assert found["Zyxtown's"].phonemes[-1] == "Z"
    assert english.text("Москва")[0].words[0].unknown == tuple("МОСКВА")


def test_alphabets_and_stress(english):
    text = "Through the 2nd TTS's."
    ipa = [" ".join(token.phonemes) for token in english.text(text, "ipa")]
    assert ipa == ["ˈθ ɹ u", "ð ə", "ˈs ɛ k ə n d", "ˈt i ˈt i ˈɛ s ɪ z", ""]
    stressed = english.with_stress(True).text(text)
    assert " ".join(stressed[3].phonemes) == "T IY1 T IY1 EH1 S IH0 Z"
    small = g2p_jax.load("english-small")  # has learned no stress; CMUdict before it has some
    assert [" ".join(token.phonemes) for token in small.text(text, "ipa")] == ipa
    (plain,) = read(english, [text], "ipa", stress=False)
    assert [" ".join(token.phonemes) for token in plain] == [x.replace("ˈ", "") for x in ipa]


@settings(max_examples=60, deadline=None)
@given(test_verbalize.TEXTS)
def test_tokens_are_the_text_again_and_what_is_silent_is_marked(g2p, text):
    tokens = g2p.text(text)
    assert "".join(token.text + token.whitespace for token in tokens) == text
    for token in tokens:
        start, end = token.span
        assert text[start:end] == token.text
        assert bool(token.phonemes) == (token.kind in ("word", "number"))
        assert token.kind in ("word", "number", "punctuation", "unspeakable", "space")


def test_words_of_the_users_lexicon_are_first(g2p):
    both = lexicon_first({"tts": ["T EH S"], "bead's": ["B IY"], "fa": ["F EY"]}, g2p)
    found = both.text("TTS bead's beads FA's cab's")
    assert [(" ".join(t.phonemes), t.source) for t in found][:2] == [
        ("T EH S", "lexicon"), ("B IY", "lexicon"),
    ]  # fmt: skip
    assert [t.source for t in found][2:] == ["model", "rule", "model"]
    assert " ".join(found[4].phonemes) == "K AE B Z"


def with_symbols(g2p, **changes):
    return dataclasses.replace(g2p, symbols=dataclasses.replace(g2p.symbols, **changes))


def test_before_a_model_of_other_phonemes_no_rules_of_english_are_used(g2p):
    other = ["ʁ" + token if number > 3 else token for number, token in enumerate(
        g2p.symbols.phonemes.tokens)]  # fmt: skip
    found = with_symbols(g2p, phonemes=Vocabulary(tuple(other))).text("Dr. cab's 3 FBC & café, ⅓")
    assert [(t.text, t.kind) for t in found] == [
        ("Dr.", "word"), ("cab's", "word"), ("3", "unspeakable"), ("FBC", "word"),
        ("&", "unspeakable"), ("café", "word"), (",", "punctuation"), ("⅓", "unspeakable"),
    ]  # fmt: skip
    assert [len(token.words) for token in found] == [1, 1, 1, 1, 0, 1, 0, 1]
    assert found[5].words[0] == Word("cafe", ("ʁK", "ʁAH", "ʁF", "ʁEY"), "model")


def test_a_model_that_reads_no_texts_of_one_language_says_so(g2p):
    many = with_symbols(g2p, source="language", languages={"deu": "ab", "fra": "c"})
    with pytest.raises(UserError, match="which language has .* or another of auto, deu, fra"):
        many.text("ab")
    with pytest.raises(UserError, match="this model spells: it reads phonemes, and no texts"):
        with_symbols(g2p, source="words", target="characters").text("K AE B")


def test_what_is_no_text_is_refused(g2p):
    with pytest.raises(TypeError, match="text must be of type str, found int: 7"):
        g2p.text(7)
    assert g2p.text("") == []


def written(g2p, lines: list[str], **options) -> tuple[str, str]:
    """What is written for the lines, and the report."""
    out, report = io.StringIO(), io.StringIO()
    texts = read_texts([f"{line}\n".encode() for line in lines])
    transcribe(g2p, texts, out, Options(**options), report=report, kind=TEXTS)
    return out.getvalue(), report.getvalue()


def test_lines_of_a_text_become_lines_of_tokens(g2p):
    found, report = written(g2p, ["\ufeffCab, word 🎉", "", "\tface"], report="x")
    assert found == (
        "Cab\tK AE B\tword\tmodel\n,\t\tpunctuation\t\n"
        f"word\t{g2p('word')}\tword\tmodel\n🎉\t\tunspeakable\t\n\n"
        "\n"
        "face\tF EY S\tword\tmodel\n\n"
    )
    rows = [row.split("\t") for row in report.splitlines()]
    assert [row[:3] for row in rows] == [["1", "word", "partly"], ["1", "🎉", "silent"]]
    with pytest.raises(UserError, match="line 1: '🎉' cannot be pronounced; leave --strict out"):
        written(g2p, ["🎉"], strict=True)


def test_lines_of_a_text_become_json_that_holds_all_of_it(g2p):
    lines = [" “Cab’s” 👍🏽\tback … ", "", "Face-bead\u2028"]
    found, _ = written(g2p, lines, format="jsonl")
    rows = [json.loads(row) for row in found.split("\n")[:-1]]
    assert [row["text"] for row in rows] == lines and [row["id"] for row in rows] == ["1", "2", "3"]
    for row in rows:
        whole = "".join(token["text"] + token["whitespace"] for token in row["tokens"])
        assert whole == row["text"]
        for token in row["tokens"]:
            assert row["text"][token["start"] : token["end"]] == token["text"]
    assert [word["phonemes"] for token in rows[2]["tokens"] for word in token["words"]] == [
        ["F", "EY", "S"], ["B", "IY", "D"],
    ]  # fmt: skip
