"""The interface of what pronounces words: a model, or a lexicon before one. It needs no JAX."""

import abc
import functools
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

from g2p_jax.config import Config
from g2p_jax.data.arpabet import has_stress
from g2p_jax.data.symbols import Symbols, check_can_write
from g2p_jax.data.textfile import shorten
from g2p_jax.errors import ModelError, UserError, checked
from g2p_jax.predict.pronunciation import Answer, batched, check_words

if TYPE_CHECKING:
    from g2p_jax.predict.inspection import Inspection
    from g2p_jax.text.reading import Token

CHUNK = 4096  # words of a list that are answered together


class Pronouncer(abc.ABC):
    """Words in, pronunciations out."""

    config: Config
    symbols: Symbols

    def __init_subclass__(cls) -> None:
        for name in vars(Pronouncer).keys() & vars(cls).keys():
            if not name.startswith("_") and callable(vars(cls)[name]):
                setattr(cls, name, checked(vars(cls)[name]))

    @checked
    def __call__(self, word: str, alphabet: str = "") -> str:
        """Returns the most probable pronunciation, phonemes joined by spaces; see `pronounce`."""
        return str(self.pronounce([word], alphabet=alphabet)[0].best)

    @checked
    def pronounce(
        self,
        words: Iterable[str],
        nbest: int = 1,
        beam: int = 0,
        mass: float = 1.0,
        alphabet: str = "",
        align: bool = False,
    ) -> list[Answer]:
        """Returns one answer for each word, in order, whatever the word holds.

        Words such as "well-known" and "New York" are pronounced part by part. Characters that the
        model does not know are left out, or read without an accent; a word of nothing else is
        silent: no phonemes. Words longer than any to be expected are pronounced piece by piece.

        Args:
          nbest: how many pronunciations; those after the best are found by a wider search, and
            `Answer` says how probable they are.
          beam: width of beam search; 1 (with nbest 1): greedy search, of which a joint n-gram model
            rescores the answer and some that differ in one phoneme; 0: config.beam, or as wide as
            the joint n-gram model needs, 1 where there is none.
          mass: of the nbest only so many, best first, as have this probability together.
          alphabet: of the phonemes: "arpabet", "ipa", "xsampa", "espeak" or "kokoro", with marks of
            stress where the model has learned stress; "": as the model has learned them.
          align: add the letters of each phoneme, and the model's confidence in it.

        Raises TypeError for arguments of another type, UserError for options that cannot be.
        """
        source, own = self.for_alphabet(alphabet), self.symbols.alphabet
        chunks = source.pronounce_each(batched(check_words(words), CHUNK), nbest, beam, mass)
        found = list(itertools.chain.from_iterable(chunks))
        found = source.aligned(found) if align else found
        return [answer.in_alphabet(own, alphabet) for answer in found]

    @checked
    def text(self, text: str, alphabet: str = "") -> "list[Token]":
        """Returns the tokens of a text with their pronunciations; together they are the text.

        Words are pronounced by the lexicons first, then by rule (possessives, plurals, acronyms),
        then by the model; numbers, abbreviations and signs are put into words. What cannot be
        pronounced, such as an emoji, is a token of the kind "unspeakable". The rules are those of
        American English: before a model of other phonemes than ARPAbet they are not used. Words
        with several pronunciations (live, read) have the first, whatever is around them.

        alphabet: of the phonemes; see `pronounce`.
        """
        from g2p_jax.text.reading import read

        return read(self, [text], alphabet)[0]

    @checked
    def known(self, word: str) -> Answer | None:
        """Returns the answer of the lexicons, None where they lack the word or there are none."""
        return None

    @abc.abstractmethod
    def pronounce_each(
        self, chunks: Iterable[Iterable[str]], nbest: int = 1, beam: int = 0, mass: float = 1.0
    ) -> Iterator[list[Answer]]:
        """Yields the answers for each chunk of a long list; see `pronounce`.

        One chunk ahead: the devices search the next chunk while this one is answered.
        """

    @abc.abstractmethod
    def inspect(self, pairs: Iterable[tuple[str, Sequence[str]]]) -> "list[Inspection]":
        """Returns how the model sees each (word, phonemes): attention and probabilities."""

    @checked
    def attention(self, word: str, phonemes: Sequence[str] | None = None) -> "Inspection":
        """Returns where the model attends in the word for each phoneme; None: of its own answer.

        ModelError for a model without attention; UserError for a word without known letters.
        """
        if self.config.model.attention == "none":
            raise ModelError("this model has no attention: it carries the whole word in one state")
        if phonemes is None:
            phonemes = self.pronounce([word])[0].best.phonemes
        (inspection,) = self.inspect([(word, phonemes)])
        if len(inspection.phonemes) < len(phonemes):
            known = " ".join(inspection.phonemes) or "none"
            raise UserError(f"{word!r}: of {' '.join(phonemes)} the model knows only {known}")
        if not inspection.letters:
            raise UserError(f"{shorten(word)} holds no letter that the model knows")
        return inspection

    @abc.abstractmethod
    def members(self, chosen: Sequence[int]) -> "Pronouncer":
        """Returns the ensemble of these members only, counted from 0; ModelError if one is not."""

    @abc.abstractmethod
    def with_language(self, language: str) -> Self:
        """Returns the same model for words of one language; UserError for one it does not know.

        language: a name in `symbols.languages`, its ISO 639 code, or in English: "deu", "de" or
          "German"; "auto": that of each word is guessed from its letters.
        """

    @abc.abstractmethod
    def with_settings(self, **settings: Any) -> Self:
        """Returns the same model with other settings of its config, such as beam=4."""

    @abc.abstractmethod
    def warm_up(self, words: int = 6, nbest: int = 1) -> Self:
        """Compiles what lists of at most so many words need, of any length; returns the model.

        A word of several parts counts as so many words.
        """

    @checked
    def with_stress(self, stress: bool) -> Self:
        """Returns the same model, with the stress of vowels in its answers, or without.

        ModelError for a model that has learned none.
        """
        if stress and not has_stress(self.symbols.phonemes.tokens):
            raise ModelError(
                "this model has learned no stress: train one with --config.data.stress=True"
            )
        return self.with_settings(stress=stress)

    @functools.cached_property
    def stressed(self) -> Self:
        """The same model, with stress in its answers if it has learned stress."""
        return self.with_stress(True) if has_stress(self.symbols.phonemes.tokens) else self

    def for_alphabet(self, alphabet: str) -> Self:
        """Returns the same model, with stress where its answers are written in another alphabet.

        UserError for an alphabet in which they cannot be written; "": their own.
        """
        check_can_write(self.symbols, alphabet)
        return self if alphabet in ("", self.symbols.alphabet) else self.stressed

    @checked
    def aligned(self, answers: Iterable[Answer]) -> list[Answer]:
        """Returns the answers with the letters of each phoneme, and the confidence in it."""
        answers = list(answers)
        pairs = [(answer.word, one.phonemes) for answer in answers for one in answer.pronunciations]
        inspections = iter(self.inspect(pairs))
        return [answer.aligned(inspections) for answer in answers]
