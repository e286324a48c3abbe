"""An output that grows for hours: killed anywhere it is continued, or refused in one clear line."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from g2p_jax.data.resumable import ResumableFiles
from g2p_jax.errors import UserError

LINES = [f"line {n} ä\n" for n in range(300)]

WRITER = """
import os, signal, sys
from g2p_jax.data.resumable import ResumableFiles
path, resume, kill, lines = sys.argv[1], sys.argv[2] == "1", int(sys.argv[3]), int(sys.argv[4])
output = ResumableFiles([path], {"--beam": 1, "lines": lines}, resume)
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


def write(path, resume: bool, kill: int = -1, lines: int = len(LINES)) -> int:
    arguments = [str(path), str(int(resume)), str(kill), str(lines)]
    return subprocess.run([sys.executable, "-c", WRITER, *arguments], timeout=60).returncode


def test_killed_again_and_again_it_ends_the_same(tmp_path):
    path, dice = tmp_path / "out.tsv", random.Random(1)
    assert write(path, resume=False, lines=1) == 0
    kills = 0
    while write(path, resume=kills > 0, kill=dice.randrange(90)):
        kills += 1
        assert kills < 50
        assert path.read_text() == LINES[0]
    assert kills >= 3
    assert path.read_text(encoding="utf-8") == "".join(LINES)
    assert sorted(tmp_path.iterdir()) == [tmp_path / ".out.tsv.json", path]
    assert ResumableFiles([path], {}, resume=True).complete


def test_without_resume_it_begins_anew(tmp_path):
    path = tmp_path / "out.tsv"
    assert write(path, resume=False, kill=100) == -signal.SIGKILL
    assert not ResumableFiles([path], {}).complete and ResumableFiles([path], {}).done is None
    assert write(path, resume=False) == 0
    assert path.read_text(encoding="utf-8") == "".join(LINES)


def test_an_exception_leaves_what_is_certain_or_nothing(tmp_path, caplog):
    caplog.set_level("INFO")
    path = tmp_path / "out.tsv"
    for error in (UserError("no"), KeyboardInterrupt()):
        with pytest.raises(type(error)), ResumableFiles([path], {}) as (file,):
            file.write("a")
            raise error
        assert not list(tmp_path.iterdir())
    assert caplog.messages == ["stopped before anything was complete; nothing is kept"]
    output = ResumableFiles([path], {})
    with pytest.raises(KeyboardInterrupt), output as (file,):
        file.write("a")
        output.mark([1], now=False)
        file.write("b")
        raise KeyboardInterrupt
    assert "out.tsv.part is kept; --resume continues it" in caplog.text
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
    assert sorted(tmp_path.iterdir()) == [tmp_path / ".out.tsv.json", *paths]
    assert ResumableFiles(paths, {}, resume=True).complete
    paths[1].unlink()
    again = ResumableFiles(paths, {}, resume=True)
    assert not again.complete and again.done is None


def test_what_was_not_written_this_way_is_not_replaced(tmp_path):
    path = tmp_path / "out.tsv"
    path.write_text("of the user\n")
    with pytest.raises(UserError, match="this command did not write it: --overwrite replaces it"):
        ResumableFiles([path], {})
    with pytest.raises(UserError, match="was not written by this command, or has changed since"):
        ResumableFiles([path], {}, resume=True)
    with ResumableFiles([path], {}, overwrite=True) as (file,):
        file.write("new\n")
    with ResumableFiles([path], {}) as (file,):  # it knows what it has written
        file.write("newer\n")
    path.write_text("corrected by hand\n")
    with pytest.raises(UserError, match="did not write it"):
        ResumableFiles([path], {})
    with pytest.raises(UserError, match="is a folder: name a file in it"):
        ResumableFiles([tmp_path], {})


@pytest.mark.parametrize("name", ["a.part", "b.part", "a.part.json", ".a.json"])
def test_files_that_a_user_has_under_its_own_names_are_kept(name, tmp_path):
    paths, mine = [tmp_path / "a", tmp_path / "b"], tmp_path / name
    with pytest.raises(KeyboardInterrupt), ResumableFiles(paths[:1], {}) as (file,):
        raise KeyboardInterrupt
    mine.write_text("of the user\n")
    for flags in ({}, {"resume": True}, {"overwrite": True}):
        with pytest.raises(UserError, match=f"{name} (would be replaced|is damaged, or of)"):
            ResumableFiles(paths, {}, **flags)
    assert [mine] == list(tmp_path.iterdir()) and mine.read_text() == "of the user\n"
    mine.write_text("")  # as a kill leaves it before the notes are there
    if mine.suffix == ".part":
        with ResumableFiles(paths, {}) as files:
            assert (tmp_path / "a.part.json").exists() and len(files) == 2


def test_a_finished_file_of_other_flags_is_not_complete(tmp_path):
    path = tmp_path / "out.tsv"
    assert write(path, resume=False) == 0
    assert ResumableFiles([path], {"--beam": 1}, resume=True).complete
    with pytest.raises(UserError, match="was written with --beam 1, now it is 4"):
        ResumableFiles([path], {"--beam": 4}, resume=True)


def test_notes_that_somebody_changed_are_refused(tmp_path):
    path, notes = tmp_path / "out.tsv", tmp_path / "out.tsv.part.json"
    write(path, resume=False, kill=100)
    for damage in (lambda text: text.replace("98", "97"), lambda text: "{}", lambda text: "\x00"):
        text = notes.read_text()
        notes.write_text(damage(text))
        with pytest.raises(UserError, match="part.json is damaged, or of another program"):
            ResumableFiles([path], {"--beam": 1}, resume=True)
        notes.write_text(text)
    assert ResumableFiles([path], {"--beam": 1}, resume=True).done == 98


def test_two_processes_do_not_write_one_file(tmp_path):
    path = tmp_path / "out.tsv"
    with ResumableFiles([path], {}) as (file,):
        file.write("one\n")
        assert write(path, resume=False) == 1
    assert path.read_text() == "one\n"


def test_devices_pipes_and_links_stay_what_they_are(tmp_path):
    with ResumableFiles(["/dev/null"], {}) as (file,):
        file.write("gone\n")
    assert Path("/dev/null").is_char_device()
    pipe, secret, part = (tmp_path / name for name in ("pipe", "secret", "out.tsv.part"))
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE)
    with ResumableFiles([pipe], {}) as (file,):
        file.write("through\n")
    assert reader.communicate()[0] == b"through\n" and pipe.is_fifo()
    secret.write_text("kept\n")
    for link in (part, tmp_path / "out.tsv.part.json", tmp_path / ".out.tsv.json"):
        link.symlink_to(secret)
        with pytest.raises(UserError, match=f"{link.name} is a link: remove it"):
            ResumableFiles([tmp_path / "out.tsv"], {})
        link.unlink()
    assert secret.read_text() == "kept\n"


def test_a_file_next_to_a_device_is_as_safe_as_alone(tmp_path):
    path = tmp_path / "out.tsv"
    paths = "/dev/null", path, "/dev/full"
    path.write_text("of the user\n")
    with pytest.raises(UserError, match="this command did not write it"):
        ResumableFiles(paths, {})
    path.unlink()
    output = ResumableFiles(paths, {})
    with pytest.raises(KeyboardInterrupt), output as (_, file, _):
        file.write("a")
        output.mark([1])
        file.write("b")
        raise KeyboardInterrupt
    with ResumableFiles(paths, {}, resume=True) as (report, file, _):
        report.write("gone")
        file.write("c")
    assert path.read_text() == "ac"
    assert ResumableFiles(paths, {}, resume=True).complete
