"""One long text as batches for a language model: parallel rows, chunk after chunk."""

from collections.abc import Iterator

import numpy as np

from g2p_jax.data.batches import ALL, Batch, fingerprint
from g2p_jax.data.ragged import Array
from g2p_jax.data.symbols import PAD


class Chunks:
    """Cuts a text into `batch_size` rows that are read side by side, `chunk` characters at a time.

    Row i of a batch goes on where row i of the batch before it ended. The last characters of the
    last row may be PAD.

    Args:
      ids: the characters of the text.
      rows: those of each batch to build; other processes build the others.
    """

    unit, counted = "characters", "count"  # what the log counts, and its name among a step's sums

    def __init__(self, ids: Array, chunk: int, batch_size: int, rows: slice = ALL):
        if not len(ids):
            raise ValueError("a text without characters")
        self.buckets, self.batch_size, self._size = (chunk,), batch_size, len(ids)
        self.steps_per_epoch = -(-len(ids) // (batch_size * chunk))
        used = -(-len(ids) // batch_size)  # of each row; the rest is padding
        text = np.pad(ids.astype(np.int32), (0, batch_size * used - len(ids)), constant_values=PAD)
        padding = (0, 0), (0, self.steps_per_epoch * chunk - used)
        all_rows = np.pad(text.reshape(batch_size, used), padding, constant_values=PAD)
        self.fingerprint = fingerprint(all_rows)
        self._rows = all_rows[rows]

    def __len__(self) -> int:
        return self._size

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yields the batches from number `start` on; a text has one order."""
        (chunk,), rows = self.buckets, len(self._rows)
        no_source_BxS = np.zeros((rows, 0), np.int32)
        for step in range(start, self.steps_per_epoch):
            target_BxT = self._rows[:, step * chunk : (step + 1) * chunk]
            yield Batch(no_source_BxS, target_BxT, np.ones(rows, np.float32))

    def in_order(self) -> Iterator[Batch]:
        return self.epoch(0)
