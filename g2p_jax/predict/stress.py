"""Answers without stress from a model that learnt to say it.

Stress tells a network why a vowel is reduced, so it is worth learning (van Esch et al., "Predicting
pronunciations with syllabification and stress with recurrent neural networks", 2016), even where it
is not asked for. What differs in nothing else is then one answer, and as probable as all of that
together.
"""

import difflib
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from g2p_jax.data.arpabet import is_vowel, strip_stress
from g2p_jax.data.pairs import Phonemes
from g2p_jax.data.ragged import Array
from g2p_jax.data.symbols import UNK, Vocabulary
from g2p_jax.joint.ngram import Floats

Spelt = tuple[list[int], list[int]]  # letters and phonemes
Look = Callable[[list[Spelt]], list[tuple[Floats, Array]]]  # log-probabilities [T, V], and more


def has_stress(phonemes: Vocabulary) -> bool:
    """Whether some of these phonemes differ in their stress only."""
    return len(set(map(strip_stress, phonemes.tokens))) < len(phonemes)


def plain(phonemes: Iterable[str]) -> Phonemes:
    """A pronunciation without its stress."""
    return tuple(map(strip_stress, phonemes))


def stressed(phonemes: Phonemes, models: Sequence[Phonemes]) -> Phonemes:
    """The phonemes, without stress, with that of the model that is most like them."""
    vowels = list(map(is_vowel, phonemes))
    alike = [model for model in models if sum(map(is_vowel, model)) == sum(vowels)]
    ratio = lambda model: difflib.SequenceMatcher(None, plain(model), phonemes).ratio()
    if alike:
        best = max(alike, key=ratio)
        digits = iter([p[-1] if p[-1].isdigit() else "0" for p in best if is_vowel(p)])
    else:
        digits = iter("1" + "0" * len(phonemes))
    return tuple(
        p + next(digits) if vowel else p for p, vowel in zip(phonemes, vowels, strict=True)
    )


class Plain:
    """The phonemes of a model without their stress: of those that are alike the first stands."""

    def __init__(self, phonemes: Vocabulary):
        self._ids: dict[str, int] = {}
        names = plain(phonemes.tokens)
        first = [self._ids.setdefault(name, id) for id, name in enumerate(names)]
        self._first = np.array(first)

    def encode(self, phonemes: Iterable[str]) -> list[int]:
        """The ids of phonemes without stress."""
        return [self._ids.get(phoneme, UNK) for phoneme in phonemes]

    def merged(self, tokens_WxNxT: Array, log_p_WxN: Floats) -> tuple[Array, Floats]:
        """N answers for each of W words without stress, and log P: that of all alike at the first.

        The others get -inf.
        """
        plain_WxNxT = self._first[tokens_WxNxT]
        alike_WxNxN = (plain_WxNxT[:, :, None] == plain_WxNxT[:, None]).all(axis=-1)
        of_alike_WxNxN = np.where(alike_WxNxN, log_p_WxN[:, None], -np.inf)
        is_first_WxN = alike_WxNxN.argmax(axis=-1) == np.arange(log_p_WxN.shape[1])
        total_WxN = np.logaddexp.reduce(of_alike_WxNxN, axis=-1)
        return plain_WxNxT, np.where(is_first_WxN, total_WxN, -np.inf)

    def look(self, look: Look, asked: Sequence[Spelt]) -> list[tuple[Floats, Array]]:
        """How a model sees what is said without stress: as the stress that it would say itself.

        Of phonemes that are alike the first has the probability of all; the others have none.
        """
        _, seen = self._settled(look, asked)
        return [(self._summed(log_probs_TxV), more) for log_probs_TxV, more in seen]

    def stressed(self, look: Look, asked: Sequence[Spelt]) -> list[Spelt]:
        """The same with the stress that is most probable at each phoneme after those before it."""
        return self._settled(look, asked)[0]

    def _settled(
        self, look: Look, asked: Sequence[Spelt]
    ) -> tuple[list[Spelt], list[tuple[Floats, Array]]]:
        """What `stressed` gives, and how the model sees it."""
        found, seen, open_ = list(asked), dict[int, tuple[Floats, Array]](), list(range(len(asked)))
        while open_:  # each round settles at least one more phoneme of what is still open
            seen.update(zip(open_, look([found[number] for number in open_]), strict=True))
            changed = []
            for number in open_:
                (letters, ids), (log_probs_TxV, _) = found[number], seen[number]
                alike_TxV = self._first == self._first[np.array(ids, int)][:, None]
                best = np.where(alike_TxV, log_probs_TxV[: len(ids)], -np.inf).argmax(axis=1)
                if best.tolist() != ids:
                    found[number] = letters, best.tolist()
                    changed.append(number)
            open_ = changed
        return found, [seen[number] for number in range(len(asked))]

    def _summed(self, log_probs_TxV: Floats) -> Floats:
        summed_VxT = np.full_like(log_probs_TxV.T, -np.inf)
        np.logaddexp.at(summed_VxT, self._first, log_probs_TxV.T)
        return summed_VxT.T
