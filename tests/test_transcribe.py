"""Word lists in, lines out: one for each word, in order, also after an interruption."""

import dataclasses
import io
import logging

import numpy as np
import pytest

from g2p_jax.data.formats.writers import WRITERS
from g2p_jax.data.merging import LexiconFile
from g2p_jax.errors import UserError
from g2p_jax.predict.merging import merge
from g2p_jax.predict.transcribe import Options, Tally, transcribe, transcribe_file
from tests.tiny_model import lexicon_first


def lines(g2p, words, chunk=8192, **options) -> list[str]:
    out, words = io.StringIO(), [(str(n), word) for n, word in enumerate(words, 1)]
    transcribe(g2p, words, out, Options(**options), chunk=chunk)
    return out.getvalue().splitlines()


def test_answers_are_lines_of_any_format_and_alphabet(g2p):
    words = ["cab", " back\t", "..."]
    assert lines(g2p, words, format="cmudict") == ["cab K AE B", "back B AE K"]
    (*rows,) = lines(g2p, words, format="csv", alphabet="ipa")
    assert rows[0] == "word,pronunciation,probability" and len(rows) == 3
    assert rows[1].startswith("cab,k æ b,")
    tokens = frozenset("kæbˈ")
    assert lines(g2p, ["cab"], format="sherpa", alphabet="ipa", tokens=tokens) == ["cab k æ b"]
    with pytest.raises(UserError, match="'K' is not a token of the voice"):
        lines(g2p, ["cab"], format="sherpa", tokens=tokens)
    with pytest.raises(UserError, match="the word 'New York' has white space"):
        lines(g2p, ["New York"], format="kaldi")


def test_a_lexicon_has_each_word_once_also_when_it_is_continued(g2p):
    words = ["cab", "back", " cab", "Cab", "back", "cab"]
    for chunk in (1, 2, 8192):
        for format in WRITERS:
            (*found,) = lines(g2p, words, chunk, format=format)
            expected = ["cab", "back"] if format == "sherpa" else ["cab", "back", "Cab"]
            assert found == lines(g2p, expected, format=format)
    assert len(lines(g2p, words)) == 6
    out, numbered, tallies = io.StringIO(), [(word, word) for word in words], []
    note = lambda tally, now: tallies.append(dataclasses.replace(tally))
    for _ in range(2):
        tally, some = (tallies or [None])[-1], numbered if tallies else numbered[:3]
        transcribe(g2p, some, out, Options(format="kaldi"), tally=tally, mark=note)
    assert [line.split()[0] for line in out.getvalue().splitlines()] == ["cab", "back", "Cab"]


def test_a_lexicon_gets_the_words_that_it_lacks(g2p, tmp_path, caplog):
    path = tmp_path / "lexicon.txt"
    path.write_text("bad b ˈæ d\nzoo z uː\n")
    words = ["cab", "bad", "cab", "deaf", "...", "f😀ad"]
    lexicon = LexiconFile(path)
    with caplog.at_level(logging.WARNING):
        merged = merge(g2p, lexicon, words, Options(alphabet=lexicon.alphabet))
    assert merged.decode().splitlines() == [
        *("bad b ˈæ d", "cab k æ b", "deaf d ɛ f", "f😀ad f æ d", "zoo z uː")
    ]
    partly, silent, lacking = (record.message for record in caplog.records)
    assert partly == "1 word answered in part only: " + (
        "'f😀ad' holds '😀', which the model does not know"
    )
    assert "left out 1 word without phonemes" in silent and "ɛ (deaf)" in lacking
    caplog.clear()
    with caplog.at_level(logging.INFO):
        merge(g2p, lexicon, ["cab", "..."], Options(alphabet="ipa"))
    assert "new words: 1 'cab'" in caplog.messages
    with pytest.raises(
        UserError, match="holds '😀', which the model does not know; leave --strict"
    ):
        merge(g2p, lexicon, words[-1:], Options(strict=True, alphabet="ipa"))


def test_a_lexicon_that_changes_meanwhile_stays_as_it_is(g2p, tmp_path):
    path = tmp_path / "lexicon.txt"
    path.write_text("bad B AE D\n")
    lexicon = LexiconFile(path)
    path.write_text("bad B AE D\ndeaf D EH F\n")
    with pytest.raises(UserError, match="has been changed meanwhile; fix: start again"):
        merge(g2p, lexicon, ["cab"], Options())


def test_one_line_for_each_line_and_one_warning(g2p, caplog):
    with caplog.at_level(logging.WARNING):
        answered = lines(g2p, ["cab", "", "c😀ab", "back", "b😀"], chunk=2)
    assert answered[:4] == ["cab\tK AE B", "\t", "c😀ab\tK AE B", "back\tB AE K"]
    assert len(answered) == 5
    (record,) = caplog.records
    assert (
        "of 5 words 2 were answered in part only, 1 was not answered at all; unknown"
        in record.message
    )
    assert "'😀' 2x; --report=FILE lists them" in record.message


def test_csv_and_nbest_lines(g2p):
    assert lines(g2p, ["cab", "ace"], format="submission") == [
        "Id,Transcription",
        "1,K_AE_B",
        "2,EY_S",
    ]
    three = lines(g2p, ["cab"], nbest=3)
    assert len(three) == 3
    word, phonemes, probability = three[0].split("\t")
    assert (word, phonemes) == ("cab", "K AE B") and 0 < float(probability) <= 1


def test_what_a_pipe_holds_is_answered_before_more_is_awaited(g2p):
    out, answered_before = io.StringIO(), []
    lists = [["cab"], ["back", "fad"], ["ace"]]
    waiting = sum(lists, [])

    def words():
        for some in lists:
            answered_before.append(out.getvalue().count("\n"))
            for word in some:
                waiting.remove(word)
                yield word, word

    ready = lambda: any(some[-1] in waiting and some[0] not in waiting for some in lists)
    transcribe(g2p, words(), out, ready=ready)
    assert answered_before == [0, 1, 3]
    assert [line.split("\t")[0] for line in out.getvalue().splitlines()] == sum(lists, [])


def test_strict_makes_an_unknown_character_an_error(g2p):
    assert lines(g2p, ["cab"], strict=True) == ["cab\tK AE B"]
    with pytest.raises(UserError, match="line 2: 'b😀' holds '😀'"):
        lines(g2p, ["cab", "b😀"], strict=True)
    with pytest.raises(UserError, match="nothing to pronounce"):
        lines(g2p, [""], strict=True)


def test_an_interrupted_list_is_continued_where_it_was(g2p):
    words = [(str(n), word) for n, word in enumerate(["cab", "c😀b", "", "back", "fad"], 1)]
    whole, report, text, seen = io.StringIO(), io.StringIO(), "", []
    transcribe(g2p, words, whole, Options(nbest=2), report=report)
    assert report.getvalue() == "2\tc😀b\tpartly\t😀\n3\t\tsilent\t\n"
    for count in (2, 4, 5):
        out, tally = io.StringIO(), Tally(**seen[-1]) if seen else Tally()
        note = lambda tally, now: seen.append(dataclasses.asdict(tally))
        transcribe(g2p, words[:count], out, Options(nbest=2), chunk=2, tally=tally, mark=note)
        seen.append(dataclasses.asdict(tally))
        text += out.getvalue()
    assert text == whole.getvalue()
    assert (
        seen[-1]["words"] == 5
        and seen[-1]["partly"] == seen[-1]["silent"] == 1
        and seen[-1]["unknown"] == {"😀": 1}
    )
    with pytest.raises(UserError, match="does not begin with the 5 words that"):
        transcribe(g2p, words[:4] + [("5", "face")], whole, tally=Tally(**seen[-1]))


def test_aligned_answers_have_two_more_columns(g2p):
    out = io.StringIO()
    words = (("1", "back"), ("2", "face"), ("3", "😀"))
    transcribe(g2p, words, out, Options(aligned=True, nbest=2, marked=True))
    rows = [line.split("\t") for line in out.getvalue().splitlines()]
    assert [len(row) for row in rows] == [6] * 5
    assert rows[4] == ["😀", "", "0", "", "", "silent"]
    for word, phonemes, probability, letters, each, _ in rows[:4]:
        assert set("".join(letters.split())) <= set(word)
        assert len(letters.split()) == len(each.split()) == len(phonemes.split())
        assert np.prod([float(p) for p in each.split()]) >= float(probability) - 0.05


def test_a_picture_for_each_word_that_has_letters(g2p, tmp_path):
    words = (("1", "back"), ("2", "😀"), ("3", "../face"))
    transcribe(g2p, words, io.StringIO(), Options(pictures=tmp_path / "maps"))
    files = sorted((tmp_path / "maps").iterdir())
    assert [file.name for file in files] == ["0001-back.png", "0003-___face.png"]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)


def test_a_column_says_who_answered(g2p):
    both = lexicon_first({"Back": ["B AE K", "B EH K"]}, g2p)
    found = lines(both, ["back", "cab"], marked=True)
    assert found == ["back\tB AE K\tlexicon", "cab\tK AE B\tmodel"]
    assert lines(both, ["back"], marked=True, nbest=2) == [
        "back\tB AE K\t0.5\tlexicon", "back\tB EH K\t0.5\tlexicon",
    ]  # fmt: skip


def test_doubtful_words_are_marked_and_reported_with_alternatives(g2p, caplog):
    cab, back = (answer.best.probability for answer in g2p.pronounce(["cab", "back"]))
    low, high = ("cab", "back") if cab < back else ("back", "cab")
    both, words = lexicon_first({"ace": ["EY S", "AE K"]}, g2p), [high, low, "ace", "...", low]
    (four,) = both.pronounce([low], nbest=4, alphabet="ipa")
    wanted = " | ".join(f"{one} {one.probability:.2f}" for one in four.pronunciations)
    doubtful = {"min_confidence": (cab + back) / 2, "marked": True, "alphabet": "ipa"}
    with caplog.at_level(logging.INFO):
        found = [line.split("\t") for line in lines(both, words, **doubtful)]
    assert [row[-1] for row in found] == ["model", "doubtful", "lexicon", "silent", "doubtful"]
    assert [row[1] for row in found] == [both(word, "ipa") for word in words]
    assert caplog.messages[:2] == [f"doubtful: {low}: {wanted}"] * 2
    assert "of 5 words 2 are doubtful" in caplog.messages
    report, rows = io.StringIO(), [(str(n), word) for n, word in enumerate(words)]
    transcribe(both, rows, io.StringIO(), Options(**doubtful, report="r"), report=report)
    row = f"{low}\tdoubtful\t{wanted}\n"
    assert report.getvalue() == f"1\t{row}3\t...\tsilent\t.\n4\t{row}"


def test_a_merged_lexicon_has_a_report_too(g2p, write):
    lexicon, report = LexiconFile(write("bad B AE D\ndeaf D EH F\n")), io.StringIO()
    merged = merge(g2p, lexicon, ["fee", "bad"], Options(min_confidence=1.0), report)
    assert len(merged.splitlines()) == 3
    assert report.getvalue().startswith("1\tfee\tdoubtful\t" + g2p("fee"))


def test_a_report_lists_what_is_not_wholly_answered(g2p):
    lexicon = lexicon_first({"b4": ["B"], "cab": ["K"]}, g2p)
    words = ["cab", "cab7", "77", " ", "b4", "cab-\u200bc", "-", "a\tb8", "cab!!"]
    for answerer in (g2p, lexicon):
        report, rows = io.StringIO(), [(f"id{n}", word) for n, word in enumerate(words)]
        transcribe(answerer, rows, io.StringIO(), report=report)
        listed = [line.split("\t") for line in report.getvalue().splitlines()]
        assert listed == [
            ["id1", "cab7", "partly", "7"],
            ["id2", "77", "silent", "7"],
            ["id3", " ", "silent", ""],
            *([["id4", "b4", "partly", "4"]] if answerer is g2p else []),
            ["id5", "cab-\u200bc", "partly", "\\u200b"],
            ["id6", "-", "silent", ""],
            ["id7", "a b8", "partly", "8"],
            ["id8", "cab!!", "partly", "!"],
        ]


def test_a_complete_file_answers_the_words_that_it_is_asked_for(g2p, tmp_path):
    """Words that come from a pipe or as arguments are no file whose digest would tell."""
    path, words = tmp_path / "out.tsv", [("1", "cab"), ("2", "dab")]
    write = lambda words, **how: transcribe_file(g2p, words, str(path), Options(), {}, **how)
    write(words)
    write(words, resume=True)
    with pytest.raises(UserError, match="does not begin with the 2 words that the output answers"):
        write([("1", "cab"), ("2", "fee")], resume=True)
    with pytest.raises(UserError, match="has no answer to 'fee'; leave out --resume"):
        write([*words, ("3", "fee")], resume=True)
    assert len(path.read_text().splitlines()) == 2
