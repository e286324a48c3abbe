"""Output files that take hours to write: a crash loses none of them, and nothing else is replaced.

Each grows as `NAME.part` and takes its name when all are complete. `NAME.part.json`, next to the
first and there from the start, names the parts, how many bytes of each are certain, and what they
stand for; what a killed process wrote after them is cut off, and written again. When all are
complete, `.NAME.json` says how they were written. Files and parts that neither describes were made
by somebody else.
"""

import contextlib
import json
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from absl import logging

from g2p_jax.errors import UserError
from g2p_jax.files import atomic_write, check_folder, digest, lock, naming, sync


class ResumableFiles:
    """A context that gives text files, to be continued if they were left unfinished.

    After an exception, or a kill, what is certain stays to be continued; if nothing is, nothing
    stays. Devices and pipes among them are written as they are.

    Args:
      about: what the content depends on, as JSON values; UserError if it was begun with others.
      resume: go on with what there is; else it begins anew.
      overwrite: replace files that were not written this way; else UserError.
    """

    def __init__(
        self,
        paths: Sequence[str | os.PathLike[str]],
        about: dict[str, Any],
        resume: bool = False,
        overwrite: bool = False,
    ):
        self._all = [Path(os.path.realpath(path)) for path in paths]  # a link stays a link
        self.paths = [path for path in self._all if path.is_file() or not path.exists()]
        self._about, self._sizes = about, [0] * len(self.paths)
        self.done: Any = None  # what `mark` was given last; None: nothing is certain yet
        self.complete = False  # whether the files are there, and nothing to go on with
        for path in self._all:
            if path.is_dir():
                raise UserError(f"{path} is a folder: name a file in it")
            check_folder(path.parent)
        self.parts = [path.with_name(f"{path.name}.part") for path in self.paths]
        if not self.paths:
            return
        first = self.paths[0]
        self._notes = first.with_name(f"{first.name}.part.json")
        self._record = first.with_name(f".{first.name}.json")
        found = [digest(path) for path in self.paths]
        notes = _read(self._notes) or {"about": {}, "done": None, "parts": []}
        record = _read(self._record) or {"about": {}, "digests": [], "replaced": []}
        self._check_parts(notes["parts"])
        unknown = [
            path
            for path, before in zip(self.paths, found, strict=True)
            if before and before not in record["digests"] + record["replaced"]
        ]
        self._replaced, self._before = found, notes["done"]
        written, begun = found == record["digests"], self._notes.exists()
        if resume and written and (not begun or record["about"] == about):
            self._compare(first, "was written", record["about"])
            self.complete, self.done = True, record.get("done")
        elif resume and begun:
            self._continue(notes)
        elif resume and all(found):
            raise UserError(
                f"{first} was not written by this command, or has changed since: --overwrite "
                "without --resume replaces it"
            )
        if unknown and not overwrite:
            raise UserError(
                f"{unknown[0]} exists, and this command did not write it: --overwrite replaces it"
            )

    def _check_parts(self, known: list[str]) -> None:
        """Raises UserError for a part that is none of `known` and would be lost, or a link."""
        for part in self.parts:
            _check_no_link(part)
            if part.name not in known and part.exists() and part.stat().st_size:
                fix = "move it, or choose another name for the output"
                raise UserError(f"{part} would be replaced, and is not of this command: {fix}")

    def _continue(self, notes: dict[str, Any]) -> None:
        """Takes over how far the parts were written."""
        self._compare(self.parts[0], "was begun", notes["about"])
        sizes = [part.stat().st_size if part.exists() else 0 for part in self.parts]
        if all(map(int.__ge__, sizes, notes["sizes"])):  # else they are not what they were
            self.done, self._sizes = notes["done"], notes["sizes"]

    def _compare(self, path: Path, what: str, about: dict[str, Any]) -> None:
        for key, value in self._about.items():
            if (before := about.get(key)) != value:
                changed = f"{key} {before}, now it is {value}"
                changed = f"other {key[4:]}" if key.startswith("the ") else changed
                fix = "leave out --resume to begin anew"
                raise UserError(f"{path} {what} with {changed}; {fix}")

    def __enter__(self) -> Sequence[IO[str]]:
        with contextlib.ExitStack() as stack:
            files = dict[Path, IO[str]]()
            for path in set(self._all) - set(self.paths):  # devices and pipes
                stack.enter_context(naming(path))
                files[path] = stack.enter_context(path.open("w", encoding="utf-8", newline="\n"))
            self._files = [self._open(part, stack) for part in self.parts]
            files |= dict(zip(self.paths, self._files, strict=True))
            if self.paths and self.done is None and self._before is not None:
                logging.info("%s is begun anew; --resume would continue it", self.parts[0])
            self._note(self.done)
            self._save()
            for file, size in zip(self._files, self._sizes, strict=True):
                file.truncate(size)
            self._stack = stack.pop_all()
        return [files[path] for path in self._all]

    def _open(self, part: Path, stack: contextlib.ExitStack) -> IO[str]:
        """Opens a part that no other process writes."""
        stack.enter_context(naming(part))
        with contextlib.suppress(BlockingIOError):
            file = stack.enter_context(lock(part))
            with contextlib.suppress(FileNotFoundError):  # it was finished
                if os.path.samestat(os.fstat(file.fileno()), os.stat(part)):
                    return file
        raise UserError(f"{part}: another process is writing it; wait until it has ended")

    def mark(self, done: Any, now: bool = True) -> None:
        """Notes that all that has been written stands for `done`, a JSON value.

        now: makes that certain at once, also against a kill; else when the context ends.
        """
        for file in self._files:
            with naming(file.name):
                file.flush()
        self._sizes = [os.fstat(file.fileno()).st_size for file in self._files]
        self._note(done)
        if now:
            self._save()

    def _note(self, done: Any) -> None:
        parts = [part.name for part in self.parts]
        self._latest = {"about": self._about, "done": done, "sizes": self._sizes, "parts": parts}

    def _save(self) -> None:
        for file in self._files:
            sync(file)
        if self.paths:
            _write(self._notes, self._latest)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._stack:
            if not self.paths:
                return
            self._save()
            if kind is None:
                digests = list(map(digest, self.parts))
                record = {"about": self._about, "done": self._latest["done"]}
                record |= {"digests": digests, "replaced": self._replaced}
                _write(self._record, record)  # first: a kill must leave no file without a record
                for part, path in zip(self.parts, self.paths, strict=True):
                    os.replace(part, path)
                self._notes.unlink(missing_ok=True)
            elif self._latest["done"] is not None:
                logging.info("%s is kept; --resume continues it", self.parts[0])
            else:
                for path in (*self.parts, self._notes):
                    path.unlink(missing_ok=True)
                if kind is KeyboardInterrupt:
                    logging.info("stopped before anything was complete; nothing is kept")


def _write(path: Path, values: dict[str, Any]) -> None:
    """Writes values as JSON, with a checksum."""
    text = json.dumps(values)
    with atomic_write(path) as file:
        file.write(f"{zlib.crc32(text.encode()):08x} {text}\n")


def _read(path: Path) -> dict[str, Any] | None:
    """Returns what `_write` wrote, None if there is nothing; UserError for anything else."""
    _check_no_link(path)
    with contextlib.suppress(FileNotFoundError, ValueError):
        checksum, _, text = path.read_text(encoding="utf-8").rstrip("\n").partition(" ")
        if int(checksum, 16) == zlib.crc32(text.encode()):
            return json.loads(text)
    if path.exists():
        raise UserError(f"{path} is damaged, or of another program: remove it, or move it")
    return None


def _check_no_link(path: Path) -> None:
    if path.is_symlink():  # which somebody planted
        raise UserError(f"{path} is a link: remove it")
