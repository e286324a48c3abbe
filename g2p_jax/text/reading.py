"""A text in, tokens with their pronunciations out: lexicons first, then rules, then the model."""

import dataclasses
import functools
from collections.abc import Iterable, Sequence

from g2p_jax.data.alphabets import convert
from g2p_jax.data.arpabet import strip_stress
from g2p_jax.data.language_names import AUTO
from g2p_jax.data.pairs import Phonemes
from g2p_jax.errors import UserError
from g2p_jax.predict.pronouncer import Pronouncer
from g2p_jax.predict.pronunciation import LEXICON, MODEL, Answer, check_words
from g2p_jax.text import inflections, tables
from g2p_jax.text.inflections import Stem
from g2p_jax.text.tokens import Piece, pieces
from g2p_jax.text.verbalize import Verbalizer

RULE = "rule"  # where a pronunciation is from; see `pronunciation.LEXICON`
WORD, NUMBER, PUNCTUATION = "word", "number", "punctuation"
UNSPEAKABLE, SPACE = "unspeakable", "space"
_KINDS = {"phone": NUMBER, NUMBER: NUMBER, PUNCTUATION: PUNCTUATION, SPACE: SPACE}


@dataclasses.dataclass(frozen=True, slots=True)
class Word:
    """A word that is pronounced, and how.

    It is written as it was read: "lodz" for "Łódź", "T" for a letter that is spelled.
    """

    text: str
    phonemes: Phonemes
    source: str  # LEXICON; RULE: an inflection of a word of the lexicon, or a letter; MODEL
    unknown: tuple[str, ...] = ()  # characters that the model does not know, and left out


@dataclasses.dataclass(frozen=True, slots=True)
class Token:
    """A word, number or mark of punctuation, in its place in the text.

    >>> token = g2p_jax.load().text("It's 3:45.")[1]
    >>> token.text, token.span, token.kind, [word.text for word in token.words]
    ('3:45', (5, 9), 'number', ['three', 'forty', 'five'])
    """

    text: str
    start: int
    whitespace: str  # after it
    kind: str  # WORD, NUMBER, PUNCTUATION; UNSPEAKABLE: without phonemes; SPACE: starts a text
    words: tuple[Word, ...] = ()  # three, forty and five for 3:45

    @property
    def span(self) -> tuple[int, int]:
        """Where the token starts and ends in the text."""
        return self.start, self.start + len(self.text)

    @property
    def phonemes(self) -> Phonemes:
        """The phonemes of all its words."""
        return tuple(phoneme for word in self.words for phoneme in word.phonemes)

    @property
    def source(self) -> str:
        """Where the least certain of its words is from; empty for a token without phonemes."""
        sources = {word.source for word in self.words if word.phonemes}
        return next((source for source in (MODEL, RULE, LEXICON) if source in sources), "")


def read(
    pronouncer: Pronouncer, texts: Iterable[str], alphabet: str = "", stress: bool = True
) -> list[list[Token]]:
    """Returns the tokens of each text; see `Pronouncer.text`.

    The model gets one list of all words that lexicons and rules do not answer.
    """
    texts, symbols = list(check_words(texts)), pronouncer.symbols
    source, own = pronouncer.for_alphabet(alphabet), symbols.alphabet
    if symbols.spells:
        raise UserError("this model spells: it reads phonemes, and no texts")
    if symbols.languages and not symbols.language:
        names = ", ".join((AUTO, *symbols.languages))
        raise UserError(f'which language has the text? Give language="deu", or another of {names}')
    is_other = alphabet not in ("", own)
    reader = _Reader(source, stress=is_other or source.config.reference_data.stress)
    found = [reader.words(list(pieces(text))) for text in texts]
    reader.answer_unknown()

    @functools.cache
    def word(text: str) -> Word:
        answer = reader.word(text)
        phonemes = convert(answer.phonemes, own, alphabet or own, stress)
        return dataclasses.replace(answer, phonemes=phonemes)

    return [[_token(piece, tuple(map(word, words))) for piece, words in each] for each in found]


class _Reader:
    """Pronounces the words of some texts; English rules only before models of ARPAbet."""

    def __init__(self, pronouncer: Pronouncer, stress: bool):
        """stress: letters and endings have it, as the answers of the pronouncer have."""
        self._pronouncer, self._symbols = pronouncer, pronouncer.symbols
        self._english = self._symbols.alphabet == "arpabet"
        self._letters = tables.LETTERS if self._english else {}
        self._stress = stress
        self._known = functools.cache(self._find)
        self._stem = functools.cache(self._find_stem)
        self._unknown: dict[str, None] = {}  # stems that the model has to answer
        self._answers: dict[str, Answer] = {}  # of the model

    def words(self, pieces: Sequence[Piece]) -> list[tuple[Piece, list[str]]]:
        """Returns the words of each piece, and remembers which of them the model has to answer."""
        if self._english:
            words = Verbalizer(self._is_known, self._is_cased).words(pieces)
        else:
            silent = PUNCTUATION, UNSPEAKABLE, SPACE, "sign"
            words = [[] if piece.kind in silent else [piece.text] for piece in pieces]
        for stem in map(self._stem, {text for each in words for text in each}):
            if not (stem.word in self._letters or self._known(stem.word)):
                self._unknown[stem.word] = None
        return list(zip(pieces, words, strict=True))

    def answer_unknown(self) -> None:
        """Lets the model answer all words that nothing else has answered."""
        self._answers = {x.word: x for x in self._pronouncer.pronounce(self._unknown)}

    def word(self, text: str) -> Word:
        """Returns how a word is pronounced."""
        stem, unknown = self._stem(text), tuple[str, ...]()
        if letter := self._letters.get(stem.word):
            phonemes, source = tuple(letter.split()), RULE
            phonemes = phonemes if self._stress else tuple(map(strip_stress, phonemes))
        elif known := self._known(stem.word):
            phonemes, source = known.best.phonemes, LEXICON if stem == Stem(text) else RULE
        else:
            answer = self._answers[stem.word]
            phonemes, source, unknown = answer.best.phonemes, MODEL, answer.unknown
        phonemes = stem.inflect(phonemes, self._stress) if phonemes else ()
        return Word(self._as_read(text), phonemes, source, unknown)

    def _find(self, word: str) -> Answer | None:
        """Returns the lexicons' answer to a word as it is written: L.A. is not la."""
        answer = self._pronouncer.known(word)
        return None if answer is None or answer.unknown else answer

    def _is_cased(self, word: str) -> bool:
        """Returns whether the lexicons answer a word otherwise than in small letters: Polish."""
        return word != word.lower() and self._known(word) != (
            (lower := self._known(word.lower())) and dataclasses.replace(lower, word=word)
        )

    def _find_stem(self, text: str) -> Stem:
        letter = text.removesuffix("'s")
        if letter in self._letters:
            return Stem(letter, ("'s",) * (letter != text))
        return inflections.stem(text, self._is_known) if self._english else Stem(text)

    def _is_known(self, word: str) -> bool:
        return self._known(word) is not None

    def _as_read(self, text: str) -> str:
        if text.isascii() or self._symbols.languages:
            return text
        letters, _ = self._symbols.graphemes_of(text)
        return "".join(letters).lower() or text


def _token(piece: Piece, words: tuple[Word, ...]) -> Token:
    kind = _KINDS.get(piece.kind, WORD)
    if kind in (WORD, NUMBER) and not any(word.phonemes for word in words):
        kind = UNSPEAKABLE
    return Token(piece.text, piece.start, piece.whitespace, kind, words)
