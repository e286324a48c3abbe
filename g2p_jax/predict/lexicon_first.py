"""A lexicon before a model: known words get their pronunciations there."""

import itertools
from collections.abc import Iterable, Iterator

from g2p_jax.data.pairs import Pair
from g2p_jax.predict.g2p import CHUNK, G2P
from g2p_jax.predict.pronunciation import Answer, Pronunciation, batched

Known = tuple[Pronunciation, ...] | None


class LexiconFirst:
    """Answers the words of a lexicon with all their pronunciations there; a model does the rest.

    The lexicon says nothing about probabilities: each of n pronunciations has 1 / n.
    """

    def __init__(self, lexicon: Iterable[Pair], model: G2P):
        self._model = model
        self.attention, self.inspect = model.attention, model.inspect
        self._known = {
            model.symbols.normalise(word): tuple(Pronunciation(p, 1 / len(each)) for p in each)
            for word, each in lexicon
        }

    def pronounce(
        self, words: Iterable[str], nbest: int = 1, beam: int = 0, mass: float = 1.0
    ) -> list[Answer]:
        """Returns one answer for each word, in order; the options are those of the model."""
        chunks = self.pronounce_each(batched(words, CHUNK), nbest, beam, mass)
        return list(itertools.chain.from_iterable(chunks))

    def pronounce_each(
        self, chunks: Iterable[Iterable[str]], nbest: int = 1, beam: int = 0, mass: float = 1.0
    ) -> Iterator[list[Answer]]:
        """Yields the answers for each chunk of a long list; see `G2P.pronounce_each`."""
        ours, theirs = itertools.tee(map(self._look_up, chunks))
        unknown = ([word for word, known in chunk if not known] for chunk in theirs)
        for answers in self._model.pronounce_each(unknown, nbest, beam, mass):
            rest = iter(answers)
            yield [
                Answer(word, known, (), known=True) if known else next(rest)
                for word, known in next(ours)
            ]

    def _look_up(self, words: Iterable[str]) -> list[tuple[str, Known]]:
        normalise = self._model.symbols.normalise
        return [(word, self._known.get(normalise(word))) for word in words]
