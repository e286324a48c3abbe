"""Distillation: a student learns from the probabilities of a teacher, and not from labels alone.

The teacher, most often an ensemble, gives once, before training, the probability of every phoneme
at every place of the training data. The student's loss is a mixture of the cross entropy with these
and with the labels (Hinton et al., "Distilling the knowledge in a neural network", 2015, at
temperature 1): `losses.training_loss`.
"""

import numpy as np
from absl import logging

from g2p_jax.data.batches import Examples
from g2p_jax.data.buckets import choose_buckets, padded_batches
from g2p_jax.data.symbols import PAD, Symbols
from g2p_jax.errors import ConfigError
from g2p_jax.predict.g2p import load
from g2p_jax.predict.searching import MOST_ROWS

BUCKETS = 8


def teacher_probabilities(path: str, examples: Examples, symbols: Symbols) -> np.ndarray:
    """P(phoneme) [tokens, V], float16: a row for each of `examples.target.ids`.

    Raises ConfigError for a teacher of other symbols, ModelError if there is none at `path`.
    """
    teacher = load(path)
    if teacher.symbols != symbols:
        raise ConfigError(
            f"config.train.teacher is {path!r}, which knows other letters or phonemes than the "
            "training data hold: train it on the same data"
        )
    logging.info("computing the probabilities of the teacher %s", path)
    table = np.zeros((len(examples.target.ids), len(symbols.phonemes)), np.float16)
    buckets, pairs = choose_buckets(examples.lengths, BUCKETS), (examples.source, examples.target)
    for index_B, source_BxS, target_BxT in padded_batches(pairs, buckets, MOST_ROWS):
        p_BxTxV, real_BxT = teacher.forced_probabilities(source_BxS, target_BxT), target_BxT != PAD
        places_BxT = examples.target.places(index_B, target_BxT.shape[1])
        table[places_BxT[real_BxT]] = p_BxTxV[real_BxT]
    return table
