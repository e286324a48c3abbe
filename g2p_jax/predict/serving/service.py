"""The model behind the server: few programs, all compiled before the first request."""

import dataclasses
from collections.abc import Sequence

from g2p_jax import runtime
from g2p_jax.data.arpabet import has_stress
from g2p_jax.data.language_names import split_language
from g2p_jax.data.symbols import check_can_write
from g2p_jax.errors import UserError
from g2p_jax.joint.per_language import in_language
from g2p_jax.predict.lexicon_first import LexiconFirst
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
        self._g2p = g2p
        learned = has_stress(g2p.symbols.phonemes.tokens)
        self._models = {g2p.config.stress: g2p}  # by whether answers have the stress that is known
        if learned:
            self._models[not g2p.config.stress] = g2p.with_stress(not g2p.config.stress)

    def pronounce(self, words: Sequence[str], options: Options) -> list[str]:
        """Returns the answer to each word as a JSON object.

        UserError for stress or a language that the model does not know, and for a word such as
        deu:Haus in a model of one language.
        """
        nbest, alphabet, stress, language = options
        check_can_write(self._g2p.symbols, alphabet)
        own = self._g2p.symbols.alphabet
        other = alphabet not in ("", own)
        if stress:
            self._g2p.with_stress(True)  # raises UserError for a model that has learned none
        wanted = True if other else self._g2p.config.stress if stress is None else stress
        model = self._models.get(wanted, self._g2p)
        if not self._g2p.symbols.languages:
            _check_unnamed(words)
        named = self._named(words, language) if language else words
        answers: list[Answer] = model.pronounce(named, nbest=1 if nbest == 1 else NBEST)
        if other:
            answers = [x.in_alphabet(own, alphabet, stress is not False) for x in answers]
        each = zip(answers, words, strict=True)
        return [to_json(dataclasses.replace(answer, word=word), nbest) for answer, word in each]

    def _named(self, words: Sequence[str], language: str) -> list[str]:
        """Returns words such as deu:Haus; those that name their language keep it."""
        base = self._g2p.model if isinstance(self._g2p, LexiconFirst) else self._g2p
        symbols = self._g2p.symbols.in_language(language)
        guessed = in_language(words, symbols, getattr(base, "joint", None))
        split = (split_language(word, symbols.languages, symbols.language) for word in guessed)
        return [":".join(one) for one in split]

    def warm_up(self) -> None:
        """Compiles all that requests can need."""
        for model in self._models.values():
            for nbest in (1, NBEST):
                model.warm_up(MOST_PARTS, nbest)


def _check_unnamed(words: Sequence[str]) -> None:
    for word in words:
        name, colon, _ = word.partition(":")
        if colon and runtime.find_language(name, runtime.LANGUAGES):
            fix = "fix: leave it out, or serve a model of many, as --ckpt=world"
            raise UserError(f"{word[:60]!r} names a language: the model knows one only; {fix}")
