"""Forced decoding: how the model sees a pronunciation that it is given, its own or anyone's.

The decoder reads the true phonemes instead of its own choices, many words in one batch. This gives
the probability of every phoneme at every place, and where the model attends in the word.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from g2p_jax.data.buckets import padded_batches
from g2p_jax.data.ragged import Ragged
from g2p_jax.data.symbols import EOS, Symbols
from g2p_jax.joint.ngram import Floats
from g2p_jax.network.ensemble import OutputTransform
from g2p_jax.network.seq2seq import Seq2Seq, shift_right
from g2p_jax.search.hypotheses import log_probs

ROWS = 64
SHORTEST = 8  # lengths of batches are powers of two from here on
UNATTENDED = 1e-6  # attention to a letter that has none

Ids = Sequence[int]


class ForcedScores(NamedTuple):
    """Outputs of the decoder that reads a pronunciation; T phonemes, with EOS."""

    log_probs_TxV: Any  # of every phoneme at each place, given those before
    attention_TxS: Any  # weights of the letters


Scorer = Callable[[Sequence[Ids], Sequence[Ids]], list[ForcedScores]]


class Inspection(NamedTuple):
    """How a model sees one pronunciation of a word: a row for each phoneme, and one for the end.

    Phonemes are target tokens here: those of a model of characters are characters.
    """

    letters: tuple[str, ...]
    phonemes: tuple[str, ...]
    weights: Floats  # of attention [T, letters]; rows sum to 1, without attention to 0
    log_probs: Floats  # of everything that could have come next [T, V]
    ids: Ids  # of what did [T]

    @property
    def probabilities(self) -> Floats:
        """P(phoneme | the word, the phonemes before) [T]; their product is the answer's."""
        return np.exp(self.log_probs[np.arange(len(self.ids)), list(self.ids)])

    @property
    def spelled(self) -> tuple[str, ...]:
        """The letters of each phoneme."""
        return tuple("".join(self.letters[span]) for span in letter_spans(self.weights[:-1]))


def inspect(
    words: Sequence[str],
    targets: Sequence[Ids],
    symbols: Symbols,
    score: Scorer,
    shown: Callable[[Iterable[str]], tuple[str, ...]],
) -> list[Inspection]:
    """Returns how a model sees each word with the ids of a pronunciation.

    shown: returns the names of decoded phonemes, as answers have them.
    """
    letters = [tuple(symbols.graphemes_of(word)[0]) for word in words]
    scores = score(list(map(symbols.graphemes.encode, letters)), targets)
    return [
        Inspection(word, shown(symbols.phonemes.decode(ids)), weights, log_probs, (*ids, EOS))
        for word, ids, (log_probs, weights) in zip(letters, targets, scores, strict=True)
    ]


def letter_spans(weights_TxS: Floats) -> list[slice]:
    """Returns the letters of each phoneme, given its attention; together they are the whole word.

    Each phoneme is anchored at one letter, never before the last phoneme's, so that the product of
    the anchors' weights is the largest (Viterbi). It owns what comes before the next anchor, the
    first phoneme also what comes before its own. Phonemes of one anchor (x: K S) share its letters.
    """
    if not weights_TxS.size:
        return [slice(0)] * len(weights_TxS)
    scores_TxS = np.log(weights_TxS + UNATTENDED)
    best_S, index_S, backpointers = scores_TxS[0], np.arange(scores_TxS.shape[1]), []
    for score_S in scores_TxS[1:]:
        highest_S = np.maximum.accumulate(best_S)
        backpointers.append(np.maximum.accumulate(np.where(best_S == highest_S, index_S, 0)))
        best_S = highest_S + score_S
    anchors = [int(np.argmax(best_S))]
    for before_S in reversed(backpointers):
        anchors.insert(0, int(before_S[anchors[0]]))
    firsts = [0 if anchor == anchors[0] else anchor for anchor in anchors]
    starts = sorted(set(firsts))
    ends = dict(zip(starts, [*starts[1:], len(index_S)], strict=True))
    return [slice(first, ends[first]) for first in firsts]


def forced_scores(
    net: Seq2Seq, transform: OutputTransform, params: Any, rows: Any
) -> tuple[jax.Array, jax.Array]:
    """Returns log P [B, T, V] and attention weights [B, T, S] for (source_BxS, target_BxT)."""
    source_BxS, target_BxT = rows

    def unroll(net: Seq2Seq) -> tuple[jax.Array, jax.Array]:
        return net.decode(net.encode(source_BxS), shift_right(target_BxT))

    run = lambda params: net.apply({"params": params}, method=unroll)
    if transform.members == 1:
        logits, weights = run(params)
    else:
        logits, weights = jax.vmap(run)(params)
        weights = weights.mean(axis=0)
    return log_probs(transform(logits)).swapaxes(0, 1), weights.swapaxes(0, 1)


def score_pairs(
    run: Callable[..., ForcedScores], sources: Sequence[Ids], targets: Sequence[Ids]
) -> list[ForcedScores]:
    """Returns the scores of each pair of letters and phonemes, which are ids without EOS.

    run: makes arrays [B, ...] of padded rows, source_BxS and target_BxT.
    """
    source = Ragged.from_lists(sources)
    target = Ragged.from_lists([[*phonemes, EOS] for phonemes in targets])
    longest = int(np.concatenate([source.lengths, target.lengths]).max(initial=SHORTEST))
    buckets = [1 << n for n in range(3, longest.bit_length() + 1)]
    scores: dict[int, ForcedScores] = {}
    for index_B, *padded in padded_batches((source, target), buckets, ROWS):
        both = run(*padded)
        for row, i in enumerate(index_B[index_B >= 0].tolist()):
            steps, letters = target.lengths[i], source.lengths[i]
            log_probs_TxV, attention_TxS = (x[row, :steps] for x in both)
            scores[i] = ForcedScores(log_probs_TxV, attention_TxS[:, :letters])
    return [scores[i] for i in range(len(source))]
