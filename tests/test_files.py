import os
import re
from pathlib import Path

import pytest

from g2p_jax.data.resumable import ResumableFiles
from g2p_jax.errors import reason
from g2p_jax.files import atomic_write, check_folder, lock, make_folder


def test_a_file_is_replaced_only_when_complete(tmp_path):
    path = tmp_path / "out.tsv"
    with atomic_write(path) as file:
        file.write("né\n")
        file.flush()
        assert not path.exists()
    assert path.read_bytes() == "né\n".encode()

    with pytest.raises(RuntimeError), atomic_write(path) as file:
        file.write("the beginning")
        raise RuntimeError
    assert path.read_text("utf-8") == "né\n"
    assert os.listdir(tmp_path) == ["out.tsv"]


def test_a_new_file_has_the_permissions_of_the_umask_and_a_link_stays_a_link(tmp_path):
    old = os.umask(0o022)
    try:
        target, link = tmp_path / "target", tmp_path / "link"
        link.symlink_to(target)
        with atomic_write(link) as file:
            file.write("x")
    finally:
        os.umask(old)
    assert link.is_symlink() and Path(target).read_text() == "x"
    assert target.stat().st_mode & 0o777 == 0o644


def test_bytes_are_written_as_they_are(tmp_path):
    with atomic_write(tmp_path / "model", "wb") as file:
        file.write(b"\x00\r\n\xff")
    assert (tmp_path / "model").read_bytes() == b"\x00\r\n\xff"


def test_a_pipe_is_written_directly_and_stays_a_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with atomic_write(path) as file:
            file.write("through\n")
        assert os.read(reader, 100) == b"through\n"
    finally:
        os.close(reader)
    assert path.is_fifo()


def test_a_link_in_the_place_of_the_unfinished_file_is_not_followed(tmp_path):
    path, secret = tmp_path / "out.tsv", tmp_path / "secret"
    secret.write_text("kept")
    path.with_name(f".out.tsv.{os.getpid()}").symlink_to(secret)
    with atomic_write(path) as file:
        file.write("x")
    assert (path.read_text(), secret.read_text()) == ("x", "kept")


def test_why_the_system_refuses_is_one_clear_line(tmp_path):
    file, there = tmp_path / "file", "there is a file where a folder should be; choose another name"
    file.touch()
    for what, path, why in (
        (Path.mkdir, file, there),
        (Path.mkdir, file / "new", there),
        (Path.read_bytes, tmp_path, "Is a directory"),
        (Path.read_bytes, tmp_path / "no", "No such file or directory"),
    ):
        with pytest.raises(OSError) as caught:
            what(path)
        assert reason(caught.value) == f"{path}: {why}"


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder; name a file"), atomic_write(tmp_path):
        pass


@pytest.mark.parametrize("folder", ["/proc", "/sys", "/dev/null", "/nowhere"])
def test_a_folder_that_takes_no_files_is_named(folder):
    new = Path(folder, "new")
    for write in (
        lambda: atomic_write(new).__enter__(),
        lambda: lock(new).__enter__(),
        lambda: ResumableFiles([new], {}).__enter__(),
        lambda: make_folder(new / "run") if folder != "/nowhere" else check_folder(new.parent),
    ):
        with pytest.raises(OSError) as caught:
            write()
        why = r"(cannot be written to.*; choose another|a folder should be; .*|no such folder; .*)"
        assert re.fullmatch(rf"{folder}(/new/run)?: .*{why}", reason(caught.value))
