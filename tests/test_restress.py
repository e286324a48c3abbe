"""A lexicon gets the stress of another."""

import subprocess
import sys
from pathlib import Path

import pytest

from g2p_jax.data.lexicon import read_lexicon
from g2p_jax.errors import DataError
from g2p_jax.predict.restress import borrow_stress, restress


@pytest.mark.parametrize(
    ("phonemes", "models", "wanted"),
    [
        ("R EH K ER D", ["R AH0 K AO1 R D", "R EH1 K ER0 D"], "R EH1 K ER0 D"),
        ("R IH K AO R D", ["R EH1 K ER0 D", "R AH0 K AO1 R D"], "R IH0 K AO1 R D"),  # more alike
        ("K AE B", ["K AE1 B IY0"], "K AE1 B"),  # not as many vowels
        ("K AE B IY", [], "K AE1 B IY0"),
        ("SH", ["SH"], "SH"),
        ("k ae b iy0", ["K AE0 B IY1"], "k ae0 b iy1"),
        ("K_B AE_I B_I IY1_E", ["K AE0 B IY1"], "K_B AE0_I B_I IY1_E"),
        ("ow_S", [], "ow1_S"),
        ("K AE B", ["K AE B"], "K AE1 B"),  # has no stress to lend
    ],
)
def test_stress_is_lent_by_what_is_most_alike(phonemes, models, wanted):
    found = borrow_stress(tuple(phonemes.split()), [tuple(m.split()) for m in models])
    assert " ".join(found) == wanted


def test_what_is_written_is_read_back_with_words_of_several_parts(write, tmp_path):
    source = write("new york\tN UW1 Y AO1 R K\nPolish\tP OW1 L IH0 SH\npolish\tP AA1 L IH0 SH\n")
    rows = "New York\tN UW Y AO R K\npolish\tP AA L IH SH\nPolish\tP AA L IH SH\nI\tAY\n"
    (tmp_path / "plain.tsv").write_text(rows)
    assert restress([tmp_path / "plain.tsv"], source, tmp_path / "out.txt") == (4, 3)
    found = {word: " ".join(each[0]) for word, each in read_lexicon(tmp_path / "out.txt")}
    assert found == {
        "New York": "N UW1 Y AO1 R K", "polish": "P AA1 L IH0 SH",
        "Polish": "P AA1 L IH0 SH", "I": "AY1",
    }  # fmt: skip


def test_the_count_is_of_words_that_got_stress_from_the_source(write, tmp_path):
    source = write("cab\tk ae0 b\nshh\tSH\nable\tEY1_B B_I AH0_I L_E\n")
    for rows, count in [
        ("cab K_B AE_I B_E\nable EY_B B_E\n", (2, 1)),  # the other has more vowels
        ("cab\tk ae b\nshh\tsh\nable\tey b ax l ah\n", (3, 2)),
    ]:
        (tmp_path / "plain.txt").write_text(rows)
        assert restress([tmp_path / "plain.txt"], source, tmp_path / "out.txt") == count
        first, *_ = (tmp_path / "out.txt").read_text().splitlines()
        assert first.upper().replace("_I", "").split()[2] == "AE0"
    for rows in "cab\tk æ b\nable\tEY B L\n", "cab\tk { b\n":
        (tmp_path / "plain.txt").write_text(rows)
        with pytest.raises(
            DataError, match=r"plain.txt: expected ARPAbet, found the phonemes [æ{]"
        ):
            restress([tmp_path / "plain.txt"], source, tmp_path / "none.txt")
        assert not (tmp_path / "none.txt").exists()


def test_a_lexicon_gets_its_stress_and_nothing_else(tmp_path):
    (tmp_path / "source.tsv").write_text(
        "Cab\tK AE1 B\ncAB\tK AA0 B\nupon\tAH0 P AA1 N\nother\tAH1 DH ER0\n"
    )
    (tmp_path / "lexicon.txt").write_text("CAB K_AE_B K_AA_B\nUPON AH_P_AA_N AH0_P_AA_N\nB B_IY\n")

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "g2p_jax", "restress", *arguments],
            cwd=tmp_path,
            env={"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": ""},
            capture_output=True,
            text=True,
        )

    done = run("lexicon.txt", "--source=source.tsv", "--output=stressed.txt")
    assert done.stdout == "3 words in stressed.txt, 2 of them with stress from the source\n"
    assert (tmp_path / "stressed.txt").read_text() == (
        "CAB\tK AE1 B\nCAB\tK AA0 B\nUPON\tAH0 P AA1 N\nB\tB IY1\n"
    )
    done = run("lexicon.txt")
    assert done.returncode == 2 and done.stderr.splitlines()[-1].endswith("--output=stressed.txt")
    done = run("lexicon.txt", "--source=lexicon.txt", "--output=again.txt")
    assert done.returncode == 0  # one vowel has it
    (tmp_path / "bare.txt").write_text("CAB K_AE_B\n")
    done = run("lexicon.txt", "--source=bare.txt", "--output=none.txt")
    assert done.returncode == 1 and "bare.txt has no stress" in done.stderr
    assert not (tmp_path / "none.txt").exists() and "Traceback" not in done.stderr
