"""A second look at what was said: where the model looked, how sure it was, which letters spoke.

Search keeps a pronunciation and its probability. Here the decoder is given whole pronunciations,
its own or anyone's, many in one batch.

Letters of shapes: B pronunciations, S letters, T phonemes and the end, V phoneme inventory.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from g2p_jax.data.symbols import EOS, PAD
from g2p_jax.devices import parallel
from g2p_jax.network import seq2seq as models
from g2p_jax.network.ensemble import OutputTransform
from g2p_jax.search import hypotheses

ROWS = 64
SHORTEST = 8  # shapes of batches are powers of two from here on, each compiled once
NEVER_SEEN = 1e-6  # attention to a letter that has none


class Inspection(NamedTuple):
    """How a model sees one pronunciation of a word: a row for each phoneme, and one for the end.

    Phonemes are target tokens here: of a model of characters, characters.
    """

    letters: tuple[str, ...]
    phonemes: tuple[str, ...]
    weights: np.ndarray  # of attention [T, letters]; rows sum to 1, without attention to 0
    log_probs: np.ndarray  # of all that could have come next [T, V]
    ids: Sequence[int]  # of what did [T]

    @property
    def probabilities(self) -> np.ndarray:
        """P(phoneme | the word, the phonemes before) [T]; their product is the answer's."""
        return np.exp(self.log_probs[np.arange(len(self.ids)), list(self.ids)])

    @property
    def spelled(self) -> tuple[str, ...]:
        """For each phoneme the letters that it came from."""
        spans = align(self.weights[:-1])
        return tuple("".join(self.letters[span]) for span in spans)


def align(weights_TxS: np.ndarray) -> list[slice]:
    """The letters of each phoneme, given its attention; together they are the whole word.

    Each phoneme is anchored at one letter, never before the last phoneme's, so that the product of
    the anchors' weights is the largest (Viterbi). It owns what comes before the next anchor, the
    first phoneme also what comes before its own. Phonemes of one anchor (x: K S) share its letters.
    """
    if not weights_TxS.size:
        return [slice(0)] * len(weights_TxS)
    scores_TxS = np.log(weights_TxS + NEVER_SEEN)
    best_S, letters, before = scores_TxS[0], np.arange(scores_TxS.shape[1]), []
    for score_S in scores_TxS[1:]:
        so_far_S = np.maximum.accumulate(best_S)
        before.append(np.maximum.accumulate(np.where(best_S == so_far_S, letters, 0)))
        best_S = so_far_S + score_S
    anchors = [int(np.argmax(best_S))]
    for before_S in reversed(before):
        anchors.insert(0, int(before_S[anchors[0]]))
    firsts = [0 if anchor == anchors[0] else anchor for anchor in anchors]
    starts = sorted(set(firsts))
    ends = dict(zip(starts, [*starts[1:], len(letters)], strict=True))
    return [slice(first, ends[first]) for first in firsts]


def look(
    net: models.Seq2Seq, transform: OutputTransform, params: Any, rows: Any
) -> tuple[jax.Array, jax.Array]:
    """Log-probabilities [B, T, V] and attention [B, T, S], given (source_BxS, target_BxT)."""
    source_BxS, target_BxT = rows
    tokens_TxB = models.shift_right(target_BxT)

    def unrolled(net: models.Seq2Seq) -> tuple[jax.Array, jax.Array]:
        memory = net.encode(source_BxS)
        return net.decoder.unroll(memory, net.start(memory), tokens_TxB, {})[1:]

    run = lambda params: net.apply({"params": params}, method=unrolled)
    if transform.members == 1:
        logits, weights = run(params)
    else:
        logits, weights = jax.vmap(run)(params)
        weights = weights.mean(axis=0)
    log_probs = hypotheses.log_probs(transform(logits))
    return log_probs.swapaxes(0, 1), weights.swapaxes(0, 1)


@functools.cache
def looker(
    net: models.Seq2Seq, transform: OutputTransform, devices: tuple[jax.Device, ...]
) -> Callable:
    """`look` at rows shared by the devices."""
    local = functools.partial(look, net, transform)
    return parallel.map_rows(local, devices, "look", net, transform)


Look = Callable[[tuple[np.ndarray, np.ndarray]], tuple[jax.Array, jax.Array]]


def look_at(look: Look, pairs: Sequence[tuple[list[int], list[int]]]) -> list[tuple[Any, Any]]:
    """Log-probabilities [T, V] and attention [T, letters] of each (letters, phonemes), as ids.

    look: at a batch [ROWS, S], [ROWS, T]; gives arrays [devices, ROWS / devices, ...].
    """
    by_shape: dict[tuple[int, int], list[int]] = {}
    for number, (letters, phonemes) in enumerate(pairs):
        shape = _rounded(len(letters)), _rounded(len(phonemes) + 1)
        by_shape.setdefault(shape, []).append(number)
    found: dict[int, tuple[Any, Any]] = {}
    for (most_letters, most_phonemes), numbers in by_shape.items():
        for start in range(0, len(numbers), ROWS):
            part = numbers[start : start + ROWS]
            source = np.full((ROWS, most_letters), PAD, np.int32)
            target = np.full((ROWS, most_phonemes), PAD, np.int32)
            for row, number in enumerate(part):
                letters, phonemes = pairs[number]
                source[row, : len(letters)] = letters
                target[row, : len(phonemes) + 1] = [*phonemes, EOS]
            log_probs, weights = map(np.concatenate, look((source, target)))
            for row, number in enumerate(part):
                letters, phonemes = pairs[number]
                steps = len(phonemes) + 1
                found[number] = log_probs[row, :steps], weights[row, :steps, : len(letters)]
    return [found[number] for number in range(len(pairs))]


def _rounded(length: int) -> int:
    return max(SHORTEST, 1 << (length - 1).bit_length())
