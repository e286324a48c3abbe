"""One long text as batches for a language model: parallel rows, chunk after chunk."""

import sysconfig
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from g2p_jax.data.batches import ALL, Batch, fingerprint
from g2p_jax.data.lexicon import DataError, normal_form, read_text
from g2p_jax.data.pairs import Pair
from g2p_jax.data.ragged import Array
from g2p_jax.data.symbols import PAD


def read(path: str, unicode: str) -> Pair:
    """A text as the one target of an empty source: its characters. DataError if it is none.

    path: a file; or "python", the modules of Python's own library, one after the other.
    """
    if path == "python":
        files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    else:
        files = [Path(path)]
    text = normal_form("".join(map(read_text, files)), unicode)
    if not text:
        raise DataError(f"{path}: expected a text, found nothing; fix: check the path")
    return Pair("", (tuple(text),))


def cut(text: Pair, share: float) -> tuple[Pair, Pair]:
    """The text, and its last part of that share."""
    (characters,) = text.pronunciations
    end = round(len(characters) * (1 - share))
    return Pair("", (characters[:end],)), Pair("", (characters[end:],))


def beginning(text: Pair, most: int) -> Pair:
    """At most so many characters of it; 0: all."""
    (characters,) = text.pronunciations
    return Pair("", (characters[: most or None],))


class Chunks:
    """Cuts a text into `batch_size` rows that are read side by side, `chunk` characters at a time.

    Row i of a batch goes on where row i of the batch before it ended. The last characters of the
    last row may be PAD. `rows` are those that are built: the others are another process's.
    """

    unit, counted = "characters", "count"  # what the log counts, and its name among a step's sums

    def __init__(self, ids: Array, chunk: int, batch_size: int, rows: slice = ALL):
        if not len(ids):
            raise ValueError("a text without characters")
        self.buckets, self.batch_size = (chunk,), batch_size
        self.steps_per_epoch = -(-len(ids) // (batch_size * chunk))
        length = self.steps_per_epoch * chunk
        used = -(-len(ids) // batch_size)  # of each row; the rest is padding
        padded = np.full(batch_size * used, PAD, np.int32)
        padded[: len(ids)] = ids
        all_rows = np.pad(padded.reshape(batch_size, used), ((0, 0), (0, length - used)))
        self.fingerprint = fingerprint((all_rows, np.int32))
        self._rows = all_rows[rows]
        self._size = len(ids)

    def __len__(self) -> int:
        return self._size

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches from number `start` on; a text has one order."""
        (chunk,) = self.buckets
        rows = len(self._rows)
        nothing: NDArray[np.int32] = np.zeros((rows, 0), np.int32)
        for step in range(start, self.steps_per_epoch):
            target_BxT = self._rows[:, step * chunk : (step + 1) * chunk]
            yield Batch(nothing, target_BxT, np.ones(rows, np.float32))

    def in_order(self) -> Iterator[Batch]:
        return self.epoch(0)
