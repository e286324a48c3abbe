"""An output that grows for hours: killed anywhere it is continued, or refused in one clear line."""

import os
import random
import signal
import subprocess
import sys

import pytest

from g2p_jax.data.resumable import ResumableFiles
from g2p_jax.errors import UserError

LINES = [f"line {n} ä\n" for n in range(300)]

WRITER = """
import os, signal, sys
from g2p_jax.data.resumable import ResumableFiles
path, resume, kill, lines = sys.argv[1], sys.argv[2] == "1", int(sys.argv[3]), int(sys.argv[4])
output = ResumableFiles([path], {"--beam": 1}, resume)
start = output.done or 0
with output as (file,):
    for n in range(start, lines):
        if n - start == kill:
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        file.write(f"line {n} ä\\n")
        if n % 7 == 6:
            output.mark(n + 1)
"""


def write(path, resume: bool, kill: int = -1) -> int:
    arguments = [str(path), str(int(resume)), str(kill), str(len(LINES))]
    return subprocess.run([sys.executable, "-c", WRITER, *arguments], timeout=60).returncode


def test_killed_again_and_again_it_ends_the_same(tmp_path):
    path, dice = tmp_path / "out.tsv", random.Random(1)
    path.write_text("old\n")
    kills = 0
    while write(path, resume=True, kill=dice.randrange(90)):
        kills += 1
        assert path.read_text() == "old\n"
    assert kills >= 3
    assert path.read_text(encoding="utf-8") == "".join(LINES)
    assert list(tmp_path.iterdir()) == [path]
    assert ResumableFiles([path], {}, resume=True).complete


def test_without_resume_it_begins_anew(tmp_path):
    path = tmp_path / "out.tsv"
    assert write(path, resume=False, kill=100) == -signal.SIGKILL
    assert not ResumableFiles([path], {}).complete and ResumableFiles([path], {}).done is None
    assert write(path, resume=False) == 0
    assert path.read_text(encoding="utf-8") == "".join(LINES)


def test_an_exception_leaves_what_is_certain_or_nothing(tmp_path):
    path = tmp_path / "out.tsv"
    with pytest.raises(UserError), ResumableFiles([path], {}) as (file,):
        file.write("a")
        raise UserError("no")
    assert not list(tmp_path.iterdir())
    output = ResumableFiles([path], {})
    with pytest.raises(KeyboardInterrupt), output as (file,):
        file.write("a")
        output.mark([1])
        file.write("b")
        raise KeyboardInterrupt
    again = ResumableFiles([path], {}, resume=True)
    assert again.done == [1]
    with again as (file,):
        file.write("c")
    assert path.read_text() == "ac"


def test_what_cannot_be_continued_is_refused(tmp_path):
    path = tmp_path / "out.tsv"
    write(path, resume=False, kill=100)
    with pytest.raises(UserError, match="begun with --beam 1, now it is 4; leave out --resume"):
        ResumableFiles([path], {"--beam": 4}, resume=True)
    os.truncate(tmp_path / "out.tsv.part", 10)
    assert ResumableFiles([path], {"--beam": 1}, resume=True).done is None


def test_several_files_are_continued_together_or_begun_anew(tmp_path):
    paths = tmp_path / "out.tsv", tmp_path / "report.tsv"
    output = ResumableFiles(paths, {})
    with pytest.raises(KeyboardInterrupt), output as files:
        for file in files:
            file.write("a")
        output.mark([1])
        files[1].write("b")
        raise KeyboardInterrupt
    with ResumableFiles(paths, {}, resume=True) as files:
        for file in files:
            file.write("c")
    assert [path.read_text() for path in paths] == ["ac", "ac"]
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    assert ResumableFiles(paths, {}, resume=True).complete
    paths[1].unlink()
    again = ResumableFiles(paths, {}, resume=True)
    assert not again.complete and again.done is None
