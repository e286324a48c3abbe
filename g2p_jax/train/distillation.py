"""Distillation: a student learns from what a teacher believes, and not from labels alone.

The teacher, most often an ensemble, is asked once, before training, for the probability of every
phoneme at every place of the training data. What a student is taught is a mixture of that and of
the labels (Hinton et al., "Distilling the knowledge in a neural network", 2015, at temperature 1).
"""

import numpy as np

from g2p_jax.data.batches import Examples
from g2p_jax.data.buckets import choose_buckets, group_by_length
from g2p_jax.data.symbols import PAD, Symbols
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
    source, target, lengths = examples.source, examples.target, examples.lengths
    buckets = choose_buckets(lengths, BUCKETS)
    for index_B, length in group_by_length(lengths, buckets, MOST_ROWS):
        source_BxS, target_BxT = source.padded(index_B, length), target.padded(index_B, length)
        p_BxTxV, real_BxT = teacher.forced_probabilities(source_BxS, target_BxT), target_BxT != PAD
        table[target.places(index_B, length)[real_BxT]] = p_BxTxV[real_BxT]
    return table
