"""A joint n-gram model of letters and phonemes, which rescores a network's answers.

A word and its pronunciation are a sequence of units, one or two letters with their phonemes
(`alignment`). An n-gram model gives the probability of the sequence (`ngram`): Bisani and Ney,
"Joint-sequence models for grapheme-to-phoneme conversion", 2008. It remembers long pieces of its
training words, where a network has found rules; together they are right more often than either.
With interpolation weight w, of the answers y that a search has found for x

    P(y | x) ~ P_network(y | x)^(1 - w) P_joint(x, y)^w
"""

import math
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np

from g2p_jax.data.ragged import Array, Ragged, borders
from g2p_jax.data.symbols import EOS
from g2p_jax.errors import DataError
from g2p_jax.joint import alignment
from g2p_jax.joint.alignment import Units
from g2p_jax.joint.ngram import Floats, Ngram, find

WEIGHT, ENSEMBLE_WEIGHT = 0.4, 1 / 3  # w, for one network and for several: docs/results.md
BEAM = 4  # hypotheses of each word to rescore
MAX_PRONUNCIATIONS = 1 << 18  # pronunciations to learn from; of more, every second, third, ...
MOST_UNITS = 1 << 27  # that letters and phonemes can make: half a gigabyte for one number of each
NOT_ALIGNED = -200.0  # log P of a pair that no sequence of units makes


@dataclass(frozen=True, eq=False)
class JointNgram:
    """An n-gram model whose tokens are places of units among `codes`.

    turned: letters are the targets and phonemes the sources, for spelling from sound; units stay
      one or two letters with their phonemes, since it is letters that may be silent.
    """

    units: Units
    codes: Array  # of the units in the training data, numbered by `alignment.align`; rising
    ngram: Ngram
    turned: bool = False

    @classmethod
    def fit(
        cls,
        source: Ragged,
        target: Ragged,
        letters: int,
        phonemes: int,
        order: int,
        most: float = math.inf,
    ) -> "JointNgram":
        """Learns from training data, with at most `most` n-grams of at most `order` units.

        source, target: ids below `letters` and `phonemes`, without EOS. DataError where there are
        so many symbols that the numbers of all units need gigabytes.
        """
        if letters * phonemes * (letters + phonemes) > MOST_UNITS:
            raise DataError(
                f"a joint n-gram model (config.ngram) of {letters:,} input and {phonemes:,} output "
                "symbols would need gigabytes; leave it out"
            )
        chosen = np.arange(0, len(source), max(1, -(-len(source) // MAX_PRONUNCIATIONS)))
        source, target = source.take(chosen), target.take(chosen)
        units = alignment.fit(source, target, letters, phonemes)
        aligned = alignment.align(units, source, target)()
        codes, tokens = np.unique(aligned.ids, return_inverse=True)
        codes = codes if len(codes) else np.zeros(1, np.int64)  # no pair could be aligned
        sequences = Ragged(tokens, aligned.starts).take(np.flatnonzero(aligned.lengths))
        return cls(units, codes, Ngram.fit(sequences, len(codes), order, most))

    def prepare(self, longest: int, pairs: int) -> list[Future]:
        """Starts to compile what rescores so many pairs of at most `longest` letters."""
        return alignment.prepare(self.units, longest, pairs)

    def score(self, source: Ragged, target: Ragged) -> Callable[[], Floats]:
        """Starts to align ids without EOS; returns a function that waits for log P of each pair."""
        letters, phonemes = (target, source) if self.turned else (source, target)
        wait = alignment.align(self.units, letters, phonemes)

        def log_probs() -> Floats:
            aligned = wait()
            place = find(self.codes, aligned.ids)
            tokens = np.where(place < 0, self.ngram.size, place)
            log_p = self.ngram.log_probs(Ragged(tokens, aligned.starts))
            return np.where(aligned.lengths > 0, log_p, NOT_ALIGNED)

        return log_probs


def without_end(target: Ragged) -> Ragged:
    """Returns the ids of pronunciations without the EOS that ends each."""
    return Ragged(target.ids[target.ids != EOS], borders(target.lengths - 1))


def rescore(
    network_WxN: Floats, joint_WxN: Floats, members: int = 1, temperature: float = 1.0
) -> Floats:
    """Interpolated log P of N answers for each word, from the log P of both models.

    The total probability of a word's answers stays what the network gives them.
    """
    weight = WEIGHT if members == 1 else ENSEMBLE_WEIGHT
    both_WxN = ((1 - weight) * network_WxN + weight * joint_WxN) / temperature
    total = lambda log_p: np.logaddexp.reduce(log_p, axis=1, keepdims=True)
    return both_WxN - total(both_WxN) + total(network_WxN)
