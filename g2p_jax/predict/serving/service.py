"""The model behind the server: few programs, all compiled before the first request."""

import functools
from collections.abc import Sequence

from g2p_jax.data.arpabet import has_stress
from g2p_jax.predict.pronouncer import Pronouncer
from g2p_jax.predict.pronunciation import Answer
from g2p_jax.predict.serving.requests import NBEST, Options, to_json

MOST_PARTS = 500  # of the words of a batch; see `batcher`


class Service:
    """Answers lists of words as JSON.

    Whoever wants several pronunciations gets the first of NBEST: each width of the beam would be a
    program of its own.
    """

    def __init__(self, g2p: Pronouncer):
        self._g2p, self._learned = g2p, has_stress(g2p.symbols.phonemes.tokens)

    def pronounce(self, words: Sequence[str], options: Options) -> list[str]:
        """Returns the answer to each word as a JSON object."""
        nbest, alphabet, stress = options
        own = self._g2p.symbols.alphabet
        other = alphabet not in ("", own)
        model = self._g2p
        if stress is not None and not (other and not stress):
            model = self._with_stress(stress)
        elif other:
            model = model.stressed
        answers: list[Answer] = model.pronounce(words, nbest=1 if nbest == 1 else NBEST)
        if other:
            answers = [x.in_alphabet(own, alphabet, stress is not False) for x in answers]
        return [to_json(answer, nbest) for answer in answers]

    def _with_stress(self, stress: bool) -> Pronouncer:
        if stress:
            self._g2p.with_stress(True)  # raises UserError for a model that has learned none
        if not self._learned or stress == self._g2p.config.stress:
            return self._g2p
        return self._g2p.stressed if stress else self._unstressed

    @functools.cached_property
    def _unstressed(self) -> Pronouncer:
        return self._g2p.with_stress(False)

    def warm_up(self) -> None:
        """Compiles all that requests can need."""
        models = [self._g2p, *([self._g2p.stressed, self._unstressed] if self._learned else ())]
        for model in models:
            for nbest in (1, NBEST):
                model.warm_up(MOST_PARTS, nbest)
