"""Writes a file that appears complete, or not at all."""

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

REFUSED = errno.ENOENT, errno.EACCES, errno.EPERM, errno.EROFS
FULL = errno.ENOSPC, errno.EDQUOT, errno.EFBIG


@contextlib.contextmanager
def naming(path: object) -> Iterator[None]:
    """Adds the name of the file to the error of a disk that is full, which has none."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno in FULL:
            error.filename = str(path)
        raise


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str], mode: str = "w") -> Iterator[IO[Any]]:
    """Opens a file, of text ("w") or bytes ("wb"), that replaces `path` when it is complete.

    After an exception or a crash the old file is as it was. A link stays a link, and a file keeps
    its permissions. A device or a pipe cannot be replaced; it is written directly.
    """
    encoding, newline = (None, None) if "b" in mode else ("utf-8", "\n")
    if Path(path).is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder; name a file in it", str(path))
    if Path(path).exists() and not Path(path).is_file():
        with naming(path), open(path, mode, encoding=encoding, newline=newline) as file:
            yield file
        return
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    _remove(temporary)
    mode = mode.replace("w", "x")
    try:
        with naming(path), make(temporary, mode, encoding=encoding, newline=newline) as file:
            yield file
            sync(file)
        if target.exists():
            os.chmod(temporary, target.stat().st_mode)
        os.replace(temporary, target)
    finally:
        _remove(temporary)


@contextlib.contextmanager
def lock(path: str | os.PathLike[str]) -> Iterator[IO[str]]:
    """Opens a small text file to read and write, which no other process can open so meanwhile.

    BlockingIOError if another process has it. One that has died does not. Where the system knows no
    such locks, nothing is locked.
    """
    with make(Path(path), "a+", encoding="utf-8") as file:
        if fcntl:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise
            except OSError:  # some file systems of networks
                pass
        yield file


def make(path: Path, mode: str, **how: Any) -> IO[Any]:
    """Opens a file that may be new; an OSError names its folder if that is what cannot be used."""
    check_folder(path.parent)
    try:
        return open(path, mode, **how)
    except OSError as error:
        raise _of_folder(error) from error


def make_folder(path: Path) -> None:
    """Makes a folder, and those around it, unless it is there; see `make`."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _of_folder(error) from error


def check_folder(path: Path) -> None:
    """Raises NotADirectoryError if there is no such folder."""
    if not path.is_dir():
        why = os.strerror(errno.ENOTDIR) if path.exists() else "no such folder; make it first"
        raise NotADirectoryError(errno.ENOTDIR, why, str(path))


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):  # a folder that cannot be written to has none
        path.unlink(missing_ok=True)


def _of_folder(error: OSError) -> OSError:
    """Returns an error about a new file as one about its folder, if that takes no files."""
    if error.errno not in REFUSED or os.path.exists(error.filename):
        return error
    # Some, such as /proc, have no file of the name, and say so of a new one, too.
    detail = "" if error.errno == errno.ENOENT else f" ({error.strerror})"
    why = f"this folder cannot be written to{detail}; choose another"
    return PermissionError(errno.EACCES, why, os.path.dirname(error.filename) or ".")


def digest(path: str | os.PathLike[str]) -> str:
    """Tells the content of one file from others; empty if there is no such file."""
    if not os.path.isfile(path):
        return ""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(file: IO[Any]) -> None:
    """Returns when the disk holds all that was written to the file."""
    with naming(file.name):
        file.flush()
        os.fsync(file.fileno())
