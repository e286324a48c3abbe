"""`python -m g2p_jax compare`: differences of two files, phoneme confusions, and who is right."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
A = "Id,Transcription\n1,R_IY_D\n2,K_AE_T\n3,TH_R_UW\n4,\n"
B = "Id,Transcription\n1,R_EH_D\n2,K_AE_T\n3,TH_R_OW\n4,AH\n"


def compare(folder: Path, *arguments: str, status: int = 0) -> subprocess.CompletedProcess:
    done = subprocess.run(
        [sys.executable, "-m", "g2p_jax", "compare", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def files(tmp_path) -> Path:
    for name, text in {
        "a.csv": A,
        "b.csv": B,
        "words.csv": "Id,Word\n1,read\n2,cat\n3,through\n4,a\n",
        "lexicon.txt": "read\tR EH D\nread\tR IY D\ncat\tK AE T\nthrough\tTH R UW\n",
    }.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_differences_and_confusions(files):
    lines = compare(files, "a.csv", "b.csv").stdout.splitlines()
    assert lines[0] == "3 of 4 answers differ (75.00%)"
    assert sorted(line.split() for line in lines[1:4]) == [
        ["-", "AH", "1", "time"],
        ["IY", "EH", "1", "time"],
        ["UW", "OW", "1", "time"],
    ]
    assert (files / "differences.tsv").read_text() == (
        "word\ta.csv\tb.csv\n1\tR IY D\tR EH D\n3\tTH R UW\tTH R OW\n4\t\tAH\n"
    )


def test_with_references_it_says_who_is_right(files):
    out = compare(
        files, "a.csv", "b.csv", "--references=lexicon.txt", "--words=words.csv"
    ).stdout.splitlines()
    assert "a.csv: WER 0.00%" in out[4]
    assert "b.csv: WER 33.33%" in out[5]
    assert out[6] == "both right 2, only a.csv 1, only b.csv 0, none 0; McNemar's p = 1"


def test_references_in_ipa_need_no_spaces(files):
    for name, text in {
        "c.tsv": "ota\tɔ t a\nato\ta t͡s o\nc\u0327u\u0308\tc\u0327 y\n",  # NFD
        "d.tsv": "ota\to t a\nato\ta t s o\nc\u0327u\u0308\tc\u0327 i\n",
        "ipa.tsv": "ota\tɔta\nato\tat͡so\nçü\tçy\n",
    }.items():
        (files / name).write_text(text)
    out = compare(files, "c.tsv", "d.tsv", "--references=ipa.tsv").stdout
    assert "c.tsv: WER 0.00%" in out and "d.tsv: WER 100.00%" in out and "3 words" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a.csv",), "two files to compare, found 1"),
        (("a.csv", "lexicon.txt"), "answer 1 is to '1' in a.csv, 'read' in lexicon.txt"),
        (("a.csv", "short.csv"), "a.csv has 4 answers, short.csv 1"),
        (("a.csv", "nothing.csv"), "nothing.csv: expected a readable file"),
        (("a.csv", "b.csv", "--references=lexicon.txt"), "none of the answered words"),
    ],
)
def test_what_cannot_be_compared_is_one_line(files, arguments, message):
    (files / "short.csv").write_text("Id,Transcription\n1,R\n")
    *log, error = compare(files, *arguments, status=1 + (len(arguments) == 1)).stderr.splitlines()
    assert error.startswith("g2p-jax compare: ") and message in error
    assert all(": tab-separated lexicon, 3 words" in line for line in log)


def test_answers_in_another_alphabet_are_warned_of(files):
    (files / "ipa.csv").write_text("Id,Transcription\n1,ɹ_iː_d\n2,k_æ_t\n3,θ_ɹ_uː\n4,ə\n")
    done = compare(files, "a.csv", "ipa.csv", "--references=lexicon.txt", "--words=words.csv")
    warning = "ipa.csv has no phoneme of --references: it is in another alphabet"
    assert [line for line in done.stderr.splitlines() if "alphabet" in line][0].endswith(warning)
    assert "a.csv has no" not in done.stderr.replace("ipa.csv", "")
