"""An output file that takes hours to write: a crash loses none of it.

It grows as `NAME.part` and takes its name when it is complete. Beside it, `NAME.part.json` says how
many bytes of it are certain, and what they stand for; what a killed process wrote after them is cut
off, and written again.
"""

import json
import os
from pathlib import Path
from typing import Any, TextIO

from absl import logging

from g2p_jax.errors import UserError
from g2p_jax.files import atomic_write, sync


class ResumableFile:
    """A context that gives a text file, to be continued if it was left unfinished.

    After an exception, or a kill, what is certain stays to be continued; if nothing is, nothing
    stays.

    Args:
      about: what the content depends on, as JSON values; UserError if it was begun with others.
      resume: go on with what there is; else it begins anew.
    """

    def __init__(self, path: str | os.PathLike[str], about: dict[str, Any], resume: bool = False):
        self.path = Path(os.path.realpath(path))  # a link stays a link
        self.part = self.path.with_name(self.path.name + ".part")
        self._notes = self.path.with_name(self.path.name + ".part.json")
        self._about, self._size = about, 0
        self.done: Any = None  # what `mark` was given last; None: nothing is certain yet
        if resume and self._notes.exists() and self.part.exists():
            notes = json.loads(self._notes.read_text(encoding="utf-8"))
            if self.part.stat().st_size >= notes["bytes"]:  # else it is not the file it was
                self.done, self._size = notes["done"], notes["bytes"]
            for key, value in about.items():
                if (before := notes["about"].get(key)) != value:
                    raise UserError(
                        f"{self.part} was begun with {key} {before}, now it is {value}; leave out "
                        "--resume to begin anew"
                    )

    @property
    def complete(self) -> bool:
        """Whether the file is there, and nothing to go on with."""
        return self.path.exists() and not self._notes.exists()

    def __enter__(self) -> TextIO:
        if not self._size:
            self._notes.unlink(missing_ok=True)
        self._file = self.part.open("a", encoding="utf-8", newline="\n")
        self._file.truncate(self._size)
        return self._file

    def mark(self, done: Any) -> None:
        """Makes certain all that has been written; it stands for `done`, a JSON value."""
        sync(self._file)
        size = os.fstat(self._file.fileno()).st_size
        with atomic_write(self._notes) as file:
            json.dump({"about": self._about, "done": done, "bytes": size}, file)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._file:
            sync(self._file)
        if kind is None:
            os.replace(self.part, self.path)
            self._notes.unlink(missing_ok=True)
        elif self._notes.exists():
            logging.info("%s is kept; --resume continues it", self.part)
        else:
            self.part.unlink()
