"""A text in, tokens with their pronunciations out: lexicons first, then rules, then the model."""

import dataclasses
import functools
from collections.abc import Iterable, Sequence

from g2p_jax.data.alphabets import convert
from g2p_jax.data.arpabet import strip_stress
from g2p_jax.data.language_names import AUTO
from g2p_jax.data.pairs import Phonemes
from g2p_jax.data.symbols import check_can_write
from g2p_jax.errors import UserError
from g2p_jax.predict.pronouncer import Pronouncer
from g2p_jax.predict.pronunciation import LEXICON, MODEL, Answer, check_words
from g2p_jax.text import inflections, tables
from g2p_jax.text.inflections import Stem
from g2p_jax.text.tokens import Piece, pieces
from g2p_jax.text.verbalize import Verbalizer

RULE = "rule"  # where a pronunciation is from; see `pronunciation.LEXICON`
WORD, NUMBER, PUNCTUATION, UNSPEAKABLE, SPACE = (
    "word",
    "number",
    "punctuation",
    "unspeakable",
    "space",
)
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

    The model is asked once, for all words that lexicons and rules do not answer.
    """
    texts, symbols = list(check_words(texts)), pronouncer.symbols
    check_can_write(symbols, alphabet)
    if symbols.spells:
        raise UserError("this model spells: it reads phonemes, and no texts")
    if symbols.languages and not symbols.language:
        names = ", ".join((AUTO, *symbols.languages))
        raise UserError(f'which language has the text? Give language="deu", or another of {names}')
    own = symbols.alphabet
    is_other = alphabet not in ("", own)
    source = pronouncer.stressed if is_other else pronouncer
    reader = _Reader(source, stress=is_other or source.config.reference_data.stress)
    found = [reader.words(list(pieces(text))) for text in texts]
    reader.ask_model()

    def word(text: str) -> Word:
        answer = reader.word(text)
        phonemes = convert(answer.phonemes, own, alphabet or own, stress)
        return dataclasses.replace(answer, phonemes=phonemes)

    word = functools.cache(word)
    return [[_token(piece, tuple(map(word, words))) for piece, words in each] for each in found]


class _Reader:
    """Pronounces the words of some texts; English rules only before models of ARPAbet."""

    def __init__(self, pronouncer: Pronouncer, stress: bool):
        """stress: letters and endings have it, as the answers of the pronouncer have."""
        self._pronouncer, self._symbols = pronouncer, pronouncer.symbols
        self._english = self._symbols.alphabet == "arpabet"
        self._stress = stress
        self._known = functools.cache(self._find)
        self._stems = functools.cache(self._stem)
        self._answers: dict[str, Word] = {}  # of the model, to stems
        self._unknown: dict[str, None] = {}

    def words(self, pieces: Sequence[Piece]) -> list[tuple[Piece, list[str]]]:
        """Returns the words of each piece, and remembers which of them the model has to answer."""
        if self._english:
            known = lambda word: self._known(word) is not None
            words = Verbalizer(known, self._is_cased).words(pieces)
        else:
            silent = PUNCTUATION, UNSPEAKABLE, SPACE, "sign"
            words = [[] if piece.kind in silent else [piece.text] for piece in pieces]
        for text in {text for each in words for text in each}:
            stem = self._stems(text)
            if not (self._known(stem.word) or self._spelled(text)):
                self._unknown[stem.word] = None
        return list(zip(pieces, words, strict=True))

    def ask_model(self) -> None:
        """Lets the model answer all words that nothing else has answered."""
        for answer in self._pronouncer.pronounce(self._unknown):
            word = Word(answer.word, answer.best.phonemes, MODEL, answer.unknown)
            self._answers[answer.word] = word

    def word(self, text: str) -> Word:
        """Returns how a word is pronounced."""
        if letter := self._spelled(text):
            found, stem = (
                Word(text, tuple(letter.split()), RULE),
                Stem("", ("s",) * text.endswith("'s")),
            )
            if not self._stress:
                found = dataclasses.replace(
                    found, phonemes=tuple(map(strip_stress, found.phonemes))
                )
        else:
            stem = self._stems(text)
            if known := self._known(stem.word):
                source = LEXICON if stem == Stem(text) else RULE
                found = Word(text, known.best.phonemes, source, known.unknown)
            else:
                found = self._answers[stem.word]
        phonemes = stem.inflect(found.phonemes, self._stress) if found.phonemes else ()
        return dataclasses.replace(found, text=self._as_read(text), phonemes=phonemes)

    def _find(self, word: str) -> Answer | None:
        """Returns the lexicons' answer to a word as it is written: L.A. is not la."""
        answer = self._pronouncer.known(word)
        return None if answer is None or answer.unknown else answer

    def _is_cased(self, word: str) -> bool:
        """Returns whether the lexicons answer a word otherwise than in small letters: Polish."""
        return word != word.lower() and self._known(word) != (
            (lower := self._known(word.lower())) and dataclasses.replace(lower, word=word)
        )

    def _stem(self, text: str) -> Stem:
        if not self._english or self._spelled(text):
            return Stem(text)
        return inflections.stem(text, lambda word: self._known(word) is not None)

    def _spelled(self, text: str) -> str:
        """Returns the name of an English letter, in ARPAbet; empty for what is none."""
        return tables.LETTERS.get(text.removesuffix("'s"), "") if self._english else ""

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
