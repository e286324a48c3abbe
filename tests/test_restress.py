"""A lexicon gets the stress of another."""

import subprocess
import sys
from pathlib import Path

import pytest

from g2p_jax.predict.restress import borrow_stress


@pytest.mark.parametrize(
    ("phonemes", "models", "wanted"),
    [
        ("R EH K ER D", ["R AH0 K AO1 R D", "R EH1 K ER0 D"], "R EH1 K ER0 D"),
        ("R IH K AO R D", ["R EH1 K ER0 D", "R AH0 K AO1 R D"], "R IH0 K AO1 R D"),  # more alike
        ("K AE B", ["K AE1 B IY0"], "K AE1 B"),  # not as many vowels
        ("K AE B IY", [], "K AE1 B IY0"),
        ("SH", ["SH"], "SH"),
    ],
)
def test_stress_is_lent_by_what_is_most_alike(phonemes, models, wanted):
    found = borrow_stress(tuple(phonemes.split()), [tuple(m.split()) for m in models])
    assert " ".join(found) == wanted


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
        "CAB K_AE1_B K_AA0_B\nUPON AH0_P_AA1_N\nB B_IY1\n"
    )
    done = run("lexicon.txt")
    assert done.returncode == 1 and done.stderr.splitlines()[-1].endswith("--output=stressed.txt")
    done = run("lexicon.txt", "--source=lexicon.txt", "--output=again.txt")
    assert done.returncode == 0  # one vowel has it
    (tmp_path / "bare.txt").write_text("CAB K_AE_B\n")
    done = run("lexicon.txt", "--source=bare.txt", "--output=none.txt")
    assert done.returncode == 1 and "bare.txt has no stress" in done.stderr
    assert not (tmp_path / "none.txt").exists() and "Traceback" not in done.stderr
