"""A joint n-gram model for each language of a model that knows many.

The first grapheme of a word names its language. Each language has numbers of its own for its
letters and phonemes, from 1 on in the order of the model's numbers: PAD is 0, and the number after
them all stands for those that its training data lack.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np

from g2p_jax.data.batches import Examples
from g2p_jax.data.language_names import AUTO, split_language
from g2p_jax.data.ragged import Array, Ragged
from g2p_jax.data.symbols import Symbols
from g2p_jax.errors import UserError
from g2p_jax.joint.guess import Guesser
from g2p_jax.joint.model import JointNgram
from g2p_jax.joint.ngram import Floats, find

MOST_NGRAMS = 140_000  # of a language: with more words than make so many, they are shorter
ROOM = 64  # numbers are rounded up to a multiple of it: languages share compiled programs


@dataclass(frozen=True, eq=False)
class Language:
    """The model of one language, and the graphemes and phonemes that it numbers, rising."""

    letters: Array
    phonemes: Array
    model: JointNgram

    @classmethod
    def fit(cls, source: Ragged, target: Ragged, order: int) -> "Language":
        """Learns from graphemes without the language's own and phonemes without EOS."""
        of = lambda ids: np.unique(ids) if len(ids) else np.zeros(1, int)
        letters, phonemes = of(source.ids), of(target.ids)
        local = numbered(source, letters), numbered(target, phonemes)
        model = JointNgram.fit(*local, room(letters), room(phonemes), order, MOST_NGRAMS)
        return cls(letters, phonemes, model)

    def score(self, source: Ragged, target: Ragged) -> Callable[[], Floats]:
        """See `JointNgram.score`."""
        return self.model.score(numbered(source, self.letters), numbered(target, self.phonemes))


@dataclass(frozen=True, eq=False)
class LanguageJoint:
    """Models of many languages.

    names: of the languages, by their graphemes.
    model: returns the model of a language, which is read when it is needed first.
    guesser: tells languages apart.
    """

    names: Mapping[int, str]
    model: Callable[[str], Language]
    guesser: Guesser

    def prepare(self, longest: int, pairs: int) -> list[Future]:
        """Starts to compile what rescores words of the first language, and so of most."""
        return self.model(next(iter(self.names.values()))).model.prepare(longest, pairs)

    def score(self, source: Ragged, target: Ragged) -> Callable[[], Floats]:
        """See `JointNgram.score`; words of several languages may be mixed."""
        language, words = source.first, source.rest
        waiting = []
        for grapheme in np.unique(language):
            rows = np.flatnonzero(language == grapheme)
            model = self.model(self.names[int(grapheme)])
            waiting.append((rows, model.score(words.take(rows), target.take(rows))))

        def log_probs() -> Floats:
            log_p = np.zeros(len(source))
            for rows, wait in waiting:
                log_p[rows] = wait()
            return log_p

        return log_probs


def names_of(symbols: Symbols) -> dict[int, str]:
    """Returns the languages of a model by their graphemes, which rise."""
    ids = symbols.graphemes.ids
    return dict(sorted((ids[f"{name}:"], name) for name in symbols.languages))


def fit(
    examples: Examples, names: Mapping[int, str], order: int, before: LanguageJoint | None = None
) -> LanguageJoint:
    """Learns a model of each language from examples whose targets have no EOS.

    before: where the models of languages without examples come from.
    """
    language, words, models = examples.source.first, examples.source.rest, {}
    for grapheme, name in names.items():
        rows = np.flatnonzero(language == grapheme)
        if len(rows) == 0 and before and name in before.names.values():
            models[name] = before.model(name)
        else:
            models[name] = Language.fit(words.take(rows), examples.target.take(rows), order)
    numbers = np.searchsorted(list(names), language)
    guesser = Guesser.fit(words, numbers, [*names.values()], before.guesser if before else None)
    return LanguageJoint(names, models.__getitem__, guesser)


def in_language(words: Sequence[str], symbols: Symbols, joint: object) -> Sequence[str]:
    """Returns words such as deu:Haus where their languages are to be guessed, else the words.

    A word that names its language is of that language.
    """
    if symbols.language != AUTO:
        return words
    named = [split_language(word, symbols.languages, AUTO) for word in words]
    guessed = iter(guess_languages([rest for name, rest in named if name == AUTO], symbols, joint))
    return [f"{next(guessed) if name == AUTO else name}:{rest}" for name, rest in named]


def guess_languages(words: Sequence[str], symbols: Symbols, joint: object) -> list[str]:
    """Returns the most probable language of each word, from its letters."""
    if not isinstance(joint, LanguageJoint):
        fix = "name the language, or train with --config.ngram=5"
        raise UserError(f"language {AUTO!r}: this model has no n-grams to guess by; fix: {fix}")
    ids = symbols.graphemes.ids
    alphabets = {name: [ids[x] for x in letters] for name, letters in symbols.languages.items()}
    return joint.guesser.guess(symbols.encode_letters(words), alphabets)


def numbered(sequences: Ragged, symbols: Array) -> Ragged:
    """Returns the numbers of these symbols in a language that has only some."""
    place = find(symbols, sequences.ids)
    numbers = np.where(place < 0, len(symbols), place) + 1
    return Ragged(numbers.astype(np.uint16), sequences.starts)


def room(symbols: Array) -> int:
    """Returns how many numbers a language with these symbols has."""
    return -(-(len(symbols) + 2) // ROOM) * ROOM
