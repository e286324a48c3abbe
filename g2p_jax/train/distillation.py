"""Distillation: a student learns from what a teacher believes, and not from labels alone.

The teacher, most often an ensemble, is asked once, before training, for the probability of every
phoneme at every place of the training data. What a student is taught is a mixture of that and of
the labels (Hinton et al., "Distilling the knowledge in a neural network", 2015, at temperature 1).
"""

from typing import Any

import numpy as np

from g2p_jax.data.batches import Batches, DistillationBatch, Examples
from g2p_jax.data.buckets import choose_buckets
from g2p_jax.data.symbols import Symbols
from g2p_jax.errors import ConfigError
from g2p_jax.predict.g2p import load
from g2p_jax.predict.searching import MOST_ROWS

BUCKETS = 8


def teacher_probabilities(path: str, examples: Examples, symbols: Symbols) -> np.ndarray:
    """P(phoneme) [tokens, V], float16: a row for each of `examples.target.ids`.

    Raises ConfigError for a teacher whose symbols are not these, ModelError if there is none.
    """
    teacher = load(path)
    if teacher.symbols != symbols:
        raise ConfigError(
            f"config.train.teacher is {path!r}, which knows other letters or phonemes than the "
            "training data hold: train it on the same data"
        )
    table = np.zeros((len(examples.target.ids), len(symbols.phonemes)), np.float16)
    buckets = choose_buckets(examples.lengths, BUCKETS)
    batches = Batches(examples, buckets, MOST_ROWS)
    for rows, batch in zip(batches.numbers_in_order(), batches.in_order(), strict=True):
        p_BxTxV = teacher.forced_probabilities(batch.source_BxS, batch.target_BxT)[: len(rows)]
        real_BxT = batch.target_mask[: len(rows)]
        table[examples.target.places(rows, batch.target_BxT.shape[1])[real_BxT]] = p_BxTxV[real_BxT]
    return table


class DistillationBatches(Batches):
    """Batches of training, each with what the teacher believes; see `beliefs`."""

    def __init__(self, table: np.ndarray, *batches: Any):
        super().__init__(*batches)
        self._table = table

    def _batch(self, index_B: np.ndarray, length: int) -> DistillationBatch:
        places = self.examples.target.places(index_B[self.rows], length)
        beliefs = self._table.take(places, axis=0, mode="clip")  # of padding: anything
        return DistillationBatch(self._padded(index_B, length), beliefs)
