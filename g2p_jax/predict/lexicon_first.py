"""A lexicon before a model: known words get their pronunciations there."""

import itertools
from collections.abc import Iterable, Iterator

from absl import logging

from g2p_jax.data.alphabets import alphabet_of, convert
from g2p_jax.data.normalise import MARKS
from g2p_jax.data.pairs import Pair, Pairs, Phonemes
from g2p_jax.predict.g2p import CHUNK, G2P
from g2p_jax.predict.pronunciation import (
    Answer,
    Pronunciation,
    batched,
    check_options,
    check_words,
    concatenate,
    up_to_mass,
)

Part = Answer | str  # of a word: from the lexicon, or left to the model


class LexiconFirst:
    """Answers the words of a lexicon with all their pronunciations there; a model does the rest.

    The lexicon says nothing about probabilities: each of n pronunciations has 1 / n. A word that it
    lacks is looked up as the model reads it (café as cafe), then part by part.
    """

    def __init__(self, lexicon: Iterable[Pair], model: G2P):
        self._model = model
        self.attention, self.inspect, self.symbols = model.attention, model.inspect, model.symbols
        known: dict[str, dict[Phonemes, None]] = {}  # entries that are normalised alike are one
        for word, pronunciations in lexicon:
            known.setdefault(self._key(word), {}).update(dict.fromkeys(pronunciations))
        self._known = {
            word: tuple(Pronunciation(p, 1 / len(each)) for p in each)
            for word, each in known.items()
        }

    def pronounce(
        self, words: Iterable[str], nbest: int = 1, beam: int = 0, mass: float = 1.0
    ) -> list[Answer]:
        """Returns one answer for each word, in order; the options are those of the model."""
        chunks = self.pronounce_each(batched(check_words(words), CHUNK), nbest, beam, mass)
        return list(itertools.chain.from_iterable(chunks))

    def pronounce_each(
        self, chunks: Iterable[Iterable[str]], nbest: int = 1, beam: int = 0, mass: float = 1.0
    ) -> Iterator[list[Answer]]:
        """Yields the answers for each chunk of a long list; see `G2P.pronounce_each`."""
        check_options(nbest, beam, mass)
        looked_up = ([(w, self._look_up(w)) for w in check_words(chunk)] for chunk in chunks)
        ours, theirs = itertools.tee(looked_up)
        unknown = ([p for _, parts in each for p in parts if isinstance(p, str)] for each in theirs)
        for answers in self._model.pronounce_each(unknown, nbest, beam):
            rest = iter(answers)
            yield [_answer(word, parts, rest, nbest, mass) for word, parts in next(ours)]

    def _key(self, word: str) -> str:
        return self._model.symbols.normalise(word).translate(MARKS)

    def _exact(self, word: str) -> Answer | None:
        found = self._known.get(self._key(word))
        return Answer(word, found, (), known=True) if found else None

    def _as_read(self, word: str) -> Answer | None:
        """Returns the entry of the word as the model reads it, without unknown marks: "hello,"."""
        letters, unknown = self._model.symbols.graphemes_of(word)
        found = self._known.get("".join(letters))
        if found is None or any(map(str.isalnum, unknown)):
            return None
        return Answer(word, found, tuple(unknown), known=True)

    def _look_up(self, word: str) -> list[Part]:
        """Returns the whole word if the lexicon has it or none of its parts, else its parts."""
        if whole := self._exact(word):
            return [whole]
        parts = filter(str.strip, self._model.symbols.parts(word))
        found = [self._exact(part) or self._as_read(part) or part for part in parts]
        return found if any(isinstance(part, Answer) for part in found) else [word]


def in_alphabet_of(model: G2P, lexicon: Pairs) -> Iterable[Pair]:
    """Returns an English lexicon with its phonemes in the model's alphabet, ARPAbet or IPA.

    Other lexicons are returned as they are. Raises DataError for a symbol that is not English.
    """
    source, own = alphabet_of(lexicon.phonemes), model.symbols.alphabet
    tokens = model.symbols.phonemes.tokens
    ipa = lexicon.phonemes if source == "ipa" else tokens
    if source == own or "".join(ipa).isascii():  # what is all ASCII is no IPA
        return lexicon
    stress = "ˈ" in "".join(tokens) or (own == "arpabet" and model.config.reference_data.stress)
    logging.info("the lexicon is converted from %s to %s, the model's alphabet", source, own)
    return (
        Pair(word, tuple(convert(phonemes, source, own, stress) for phonemes in each))
        for word, each in lexicon
    )


def _answer(
    word: str, parts: list[Part], answers: Iterator[Answer], nbest: int, mass: float
) -> Answer:
    """Returns the answer for a word; takes those of the model to its parts from `answers`."""
    each = [next(answers) if isinstance(part, str) else part for part in parts]
    if len(each) == 1 and each[0].known:
        return each[0]._replace(word=word)
    best = concatenate([answer.pronunciations for answer in each], nbest)
    unknown = tuple(itertools.chain.from_iterable(answer.unknown for answer in each))
    return Answer(word, up_to_mass(best, mass), unknown, all(answer.known for answer in each))
