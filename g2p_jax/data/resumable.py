"""Output files that take hours to write: a crash loses none of them.

Each grows as `NAME.part` and takes its name when all are complete. Beside the first,
`NAME.part.json` says how many bytes of each are certain, and what they stand for; what a killed
process wrote after them is cut off, and written again.
"""

import contextlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from absl import logging

from g2p_jax.errors import UserError
from g2p_jax.files import atomic_write, sync


class ResumableFiles:
    """A context that gives text files, to be continued if they were left unfinished.

    After an exception, or a kill, what is certain stays to be continued; if nothing is, nothing
    stays.

    Args:
      about: what the content depends on, as JSON values; UserError if it was begun with others.
      resume: go on with what there is; else it begins anew.
    """

    def __init__(
        self, paths: Sequence[str | os.PathLike[str]], about: dict[str, Any], resume: bool = False
    ):
        self.paths = [Path(os.path.realpath(path)) for path in paths]  # a link stays a link
        self.parts = [path.with_name(path.name + ".part") for path in self.paths]
        self._notes = self.paths[0].with_name(self.paths[0].name + ".part.json")
        self._about, self._sizes = about, [0] * len(paths)
        self.done: Any = None  # what `mark` was given last; None: nothing is certain yet
        if resume and self._notes.exists() and all(part.exists() for part in self.parts):
            notes = json.loads(self._notes.read_text(encoding="utf-8"))
            for key, value in about.items():
                if (before := notes["about"].get(key)) != value:
                    raise UserError(
                        f"{self.parts[0]} was begun with {key} {before}, now it is {value}; leave "
                        "out --resume to begin anew"
                    )
            sizes = [part.stat().st_size for part in self.parts]
            if all(map(int.__ge__, sizes, notes["sizes"])):  # else they are not what they were
                self.done, self._sizes = notes["done"], notes["sizes"]

    @property
    def complete(self) -> bool:
        """Whether the files are there, and nothing to go on with."""
        return all(path.exists() for path in self.paths) and not self._notes.exists()

    def __enter__(self) -> Sequence[TextIO]:
        if self.done is None:
            self._notes.unlink(missing_ok=True)
        with contextlib.ExitStack() as stack:
            self._files = [
                stack.enter_context(part.open("a", encoding="utf-8", newline="\n"))
                for part in self.parts
            ]
            for file, size in zip(self._files, self._sizes, strict=True):
                file.truncate(size)
            self._stack = stack.pop_all()
        return self._files

    def mark(self, done: Any) -> None:
        """Makes certain all that has been written; it stands for `done`, a JSON value."""
        for file in self._files:
            sync(file)
        sizes = [os.fstat(file.fileno()).st_size for file in self._files]
        with atomic_write(self._notes) as notes:
            json.dump({"about": self._about, "done": done, "sizes": sizes}, notes)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._stack:
            for file in self._files:
                sync(file)
        if kind is None:
            for part, path in zip(self.parts[::-1], self.paths[::-1], strict=True):
                os.replace(part, path)
            self._notes.unlink(missing_ok=True)
        elif self._notes.exists():
            logging.info("%s is kept; --resume continues it", self.parts[0])
        else:
            for part in self.parts:
                part.unlink()
