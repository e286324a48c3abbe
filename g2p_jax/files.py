"""Writes a file that appears complete, or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str], mode: str = "w") -> Iterator[IO[Any]]:
    """Opens a file, of text ("w") or bytes ("wb"), that replaces `path` when it is complete.

    After an exception or a crash the old file is as it was. A link stays a link. A device or a pipe
    cannot be replaced; it is written directly.
    """
    encoding, newline = (None, None) if "b" in mode else ("utf-8", "\n")
    if Path(path).exists() and not Path(path).is_file():
        with open(path, mode, encoding=encoding, newline=newline) as file:
            yield file
        return
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with open(temporary, mode, encoding=encoding, newline=newline) as file:
            yield file
            sync(file)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def sync(file: IO[Any]) -> None:
    """Returns when the disk holds all that was written to the file."""
    file.flush()
    os.fsync(file.fileno())
