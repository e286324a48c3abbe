"""Writes a file that appears complete, or not at all."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str], mode: str = "w") -> Iterator[IO[Any]]:
    """Opens a file, of text ("w") or bytes ("wb"), that replaces `path` when it is complete.

    After an exception or a crash the old file is as it was. A link stays a link, and a file keeps
    its permissions. A device or a pipe cannot be replaced; it is written directly.
    """
    encoding, newline = (None, None) if "b" in mode else ("utf-8", "\n")
    if Path(path).exists() and not Path(path).is_file():
        with open(path, mode, encoding=encoding, newline=newline) as file:
            yield file
        return
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "no such folder; make it first", str(target.parent))
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        temporary.unlink(missing_ok=True)
        with open(temporary, mode.replace("w", "x"), encoding=encoding, newline=newline) as file:
            yield file
            sync(file)
        if target.exists():
            os.chmod(temporary, target.stat().st_mode)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def lock(path: str | os.PathLike[str]) -> Iterator[IO[str]]:
    """Opens a small text file to read and write, which no other process can open so meanwhile.

    BlockingIOError if another process has it. One that has died does not. Where the system knows no
    such locks, nothing is locked.
    """
    with open(path, "a+", encoding="utf-8") as file:
        if fcntl:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise
            except OSError:  # some file systems of networks
                pass
        yield file


def sync(file: IO[Any]) -> None:
    """Returns when the disk holds all that was written to the file."""
    file.flush()
    os.fsync(file.fileno())
