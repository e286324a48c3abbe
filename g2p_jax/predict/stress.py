"""Answers without stress from a model that has learned stress.

Stress tells a network why a vowel is reduced, so it is worth learning (van Esch et al., "Predicting
pronunciations with syllabification and stress with recurrent neural networks", 2016), even where
answers are to have none. Pronunciations that differ in their stress only are then one answer, which
is as probable as all of them together.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from g2p_jax.data.arpabet import strip_stress
from g2p_jax.data.symbols import UNK, Vocabulary
from g2p_jax.joint.ngram import Floats
from g2p_jax.predict.inspection import ForcedScores, Ids, Scorer


class StressFolding:
    """Maps phonemes that differ in their stress only to the first of them."""

    def __init__(self, phonemes: Vocabulary):
        self._ids: dict[str, int] = {}  # of phonemes without stress
        names = enumerate(map(strip_stress, phonemes.tokens))
        self._first_V = np.array([self._ids.setdefault(name, id) for id, name in names])

    def encode(self, phonemes: Iterable[str]) -> list[int]:
        """Returns the ids of phonemes without stress."""
        return [self._ids.get(phoneme, UNK) for phoneme in phonemes]

    def score(
        self, score: Scorer, sources: Sequence[Ids], targets: Sequence[Ids]
    ) -> list[ForcedScores]:
        """Returns the scores of folded targets with the stress that the model prefers.

        That is, of phonemes that differ in stress only, the most probable after those before it;
        the first of them has the probability of all.
        """
        chosen, scores = [list(ids) for ids in targets], dict[int, ForcedScores]()
        unsettled = list(range(len(targets)))
        while unsettled:  # each round settles at least one more phoneme of each target
            before = {i: chosen[i] for i in unsettled}
            found = score([sources[i] for i in unsettled], list(before.values()))
            for i, one in zip(unsettled, found, strict=True):
                scores[i], chosen[i] = one, self._prefer(one.log_probs_TxV, chosen[i])
            unsettled = [i for i, ids in before.items() if chosen[i] != ids]
        every = (scores[i] for i in range(len(targets)))
        return [one._replace(log_probs_TxV=self._fold(one.log_probs_TxV)) for one in every]

    def _prefer(self, log_probs_TxV: Floats, ids: list[int]) -> list[int]:
        """Returns the most probable of the phonemes that differ in stress only, at each place."""
        equal_TxV = self._first_V == self._first_V[np.array(ids, int)][:, None]
        return np.where(equal_TxV, log_probs_TxV[: len(ids)], -np.inf).argmax(axis=1).tolist()

    def _fold(self, log_probs_TxV: Floats) -> Floats:
        folded_VxT = np.full_like(log_probs_TxV.T, -np.inf)
        np.logaddexp.at(folded_VxT, self._first_V, log_probs_TxV.T)
        return folded_VxT.T
