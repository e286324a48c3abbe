"""Answers: words with their pronunciations; what has several parts is pronounced part by part."""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from g2p_jax.config import MOST_BEAM
from g2p_jax.data.alphabets import convert
from g2p_jax.data.pairs import Phonemes
from g2p_jax.data.symbols import Symbols
from g2p_jax.data.textfile import shorten
from g2p_jax.errors import UsageError, checked

if TYPE_CHECKING:
    from g2p_jax.predict.inspection import Inspection

T = TypeVar("T")
LEXICON, MODEL, SILENT = "lexicon", "model", "silent"  # where a pronunciation is from


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Pronunciation:
    """One pronunciation of a word.

    >>> best = g2p_jax.load().pronounce(["knight"], align=True)[0].best
    >>> best
    Pronunciation('N AY T', 1, 'lexicon')
    >>> best.phonemes, best.letters
    (('N', 'AY', 'T'), ('KN', 'IGH', 'T'))
    """

    phonemes: Phonemes
    probability: float
    source: str = MODEL  # or LEXICON; SILENT: there are no phonemes, and the probability is 0
    letters: tuple[str, ...] = ()  # of each phoneme, where they were asked for: `align`
    confidence: tuple[float, ...] = ()  # the model's, in each phoneme after those before; `align`

    def __post_init__(self) -> None:
        if isinstance(self.phonemes, str):
            raise TypeError(f"phonemes must be a tuple, found a text: {self.phonemes!r}")

    def __str__(self) -> str:
        return " ".join(self.phonemes)

    def __repr__(self) -> str:
        return f"Pronunciation({str(self)!r}, {self.probability:.4g}, {self.source!r})"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """How one word is pronounced.

    A pronunciation has one probability, however many are wanted: of a lexicon, its share of what
    the lexicon gives the word, or 1 / n of n pronunciations; of a model, as follows. The best
    pronunciation, with its probability, is what the search for one finds. The others share the
    rest, in the proportions that a wider search gives them, and none is more probable than those
    before it. Another `beam`, other members and settings are another model.

    >>> g2p_jax.load().pronounce(["tomato"], nbest=2)[0]
    Answer('tomato': 'T AH M EY T OW' 0.5, 'T AH M AA T OW' 0.5; lexicon)
    """

    word: str
    pronunciations: tuple[Pronunciation, ...]  # best first; never empty
    unknown: tuple[str, ...] = ()  # what the model does not know: left out, or read as é -> e
    language: str = ""  # which the word names or is guessed to be of, of a model of many

    def __post_init__(self) -> None:
        if not self.pronunciations:
            raise ValueError(f"{self.word!r}: an answer has at least one pronunciation, found none")

    @classmethod
    def of(
        cls,
        word: str,
        best: Sequence[Pronunciation],
        unknown: tuple[str, ...] = (),
        mass: float = 1.0,
        language: str = "",
    ) -> "Answer":
        """Returns the answer with the first pronunciations that have that probability together."""
        silent = (Pronunciation((), 0.0, SILENT),)
        pronunciations = up_to_mass(best, mass) if best[0].phonemes else silent
        return cls(word, pronunciations, unknown, language)

    @property
    def best(self) -> Pronunciation:
        return self.pronunciations[0]

    @property
    def source(self) -> str:
        """Where the answer is from: "lexicon"; "model" if a part of it is; or "silent"."""
        return self.best.source

    @property
    def scored(self) -> list[tuple[Phonemes, float]]:
        """The phonemes and the probability of each pronunciation."""
        return [(one.phonemes, one.probability) for one in self.pronunciations]

    @checked
    def first(self, nbest: int) -> "Answer":
        """Returns the answer with the first pronunciations only."""
        check_options(nbest)
        return dataclasses.replace(self, pronunciations=self.pronunciations[:nbest])

    def aligned(self, inspections: "Iterator[Inspection]") -> "Answer":
        """Returns the answer with letters and confidences; each pronunciation takes the next."""
        each = (
            dataclasses.replace(one, letters=seen.spelled, confidence=tuple(p.tolist()))
            if len(seen.phonemes) == len(one.phonemes)
            else one  # has phonemes that the model does not know
            for one, seen in zip(self.pronunciations, inspections, strict=False)
            for p in [seen.probabilities[:-1]]
        )
        return dataclasses.replace(self, pronunciations=tuple(each))

    def in_alphabet(self, source: str, target: str, stress: bool = True) -> "Answer":
        """Returns the answer with its phonemes in another alphabet; see `alphabets.convert`.

        Of pronunciations that are written alike there only the first is kept.
        target: "" stands for the source.
        """
        target = target or source
        if source == target and stress:
            return self
        found: dict[Phonemes, Pronunciation] = {}
        for one in self.pronunciations:
            phonemes = convert(one.phonemes, source, target, stress)
            found.setdefault(phonemes, dataclasses.replace(one, phonemes=phonemes))
        return dataclasses.replace(self, pronunciations=tuple(found.values()))

    def __repr__(self) -> str:
        each = ", ".join(f"{str(one)!r} {one.probability:.4g}" for one in self.pronunciations)
        unknown = f"; unknown: {' '.join(map(repr, self.unknown))}" if self.unknown else ""
        return f"Answer({self.word!r}: {each}; {self.source}{unknown})"


def check_words(words: Iterable[str]) -> Iterator[str]:
    """Yields the words; raises TypeError for a text instead of a list, and for what is no text."""
    if isinstance(words, str):
        raise TypeError(f"a list of words is expected, found a text: give [{shorten(words)}]")
    for word in words:
        if not isinstance(word, str):
            raise TypeError(f"a word is a text (str), found {type(word).__name__}: {shorten(word)}")
        yield word


def check_options(nbest: int, beam: int = 0, mass: float = 1.0) -> None:
    """Raises UserError, which is a ValueError, for options of `G2P.pronounce` that cannot be."""
    if not 1 <= nbest <= MOST_BEAM:
        raise UsageError(f"nbest is {nbest}: must be from 1 to {MOST_BEAM}")
    if not 0 <= beam <= MOST_BEAM:
        what = "the model's own width"
        raise UsageError(f"beam is {beam}: must be from 1 to {MOST_BEAM}, or 0 for {what}")
    if not 0 < mass <= 1:
        raise UsageError(f"mass is {mass}: must be more than 0, and at most 1")


def split(letters: tuple[str, ...], longest: int) -> list[tuple[str, ...]]:
    """Cuts a word into the fewest pieces of at most `longest` letters, of equal length."""
    if 0 < len(letters) <= longest:  # as nearly all words
        return [letters]
    count = max(-(-len(letters) // longest), 1)
    size = max(-(-len(letters) // count), 1)
    return [letters[start : start + size] for start in range(0, len(letters), size)]


def spell(
    word: str, symbols: Symbols, longest: int
) -> tuple[str, list[tuple[str, ...]], tuple[str, ...]]:
    """Returns the language of a word, its pieces, and the characters that the model does not know.

    A piece is the letters of a part of the word, at most `longest` with those of the language.
    """
    letters, unknown = symbols.graphemes_of(word)
    first = 1 if symbols.languages else 0  # grapheme of the language, which begins every piece
    language, parts = tuple(letters[:first]), [letters]
    if unknown:  # what is between parts is not
        each = [symbols.graphemes_of(part) for part in symbols.parts(word)]
        parts, unknown = [x for x, _ in each], [char for _, chars in each for char in chars]
    pieces = [
        language + piece for part in parts for piece in split(tuple(part[first:]), longest - first)
    ]
    return "".join(language).rstrip(":"), pieces, tuple(unknown)


def concatenate(pieces: Sequence[Sequence[Pronunciation]], nbest: int) -> list[Pronunciation]:
    """Returns the best pronunciations of a word, given those of its pieces."""
    if len(pieces) == 1:
        return list(pieces[0][:nbest])
    best: list[tuple[float, Any]] = [(1.0, None)]  # with a chain of pieces, the last one first
    for piece in pieces:
        both = [
            (p * tail.probability, (chain, tail.phonemes))
            for (p, chain), tail in itertools.product(best, piece)
        ]
        best = sorted(both, key=lambda one: -one[0])[:nbest]
    source = LEXICON if pieces and all(piece[0].source == LEXICON for piece in pieces) else MODEL
    return [Pronunciation(_joined(chain), p, source) for p, chain in best]


def add_alternatives(
    best: Sequence[Pronunciation], wider: Iterable[Pronunciation]
) -> list[Pronunciation]:
    """Returns pronunciations, and after them what a wider search has found; see `Answer`."""
    known, wider = {one.phonemes for one in best}, list(wider)
    left = max(1 - sum(one.probability for one in best), 0.0)
    others = 1 - sum(one.probability for one in wider if one.phonemes in known)
    share = left / others if others > 0 else 0.0
    return [
        *best,
        *(
            dataclasses.replace(one, probability=min(one.probability * share, best[-1].probability))
            for one in wider
            if one.phonemes not in known
        ),
    ]


def _joined(chain: Any) -> tuple[str, ...]:
    """Returns the phonemes of a chain (chain before, phonemes)."""
    parts = []
    while chain:
        chain, phonemes = chain
        parts.append(phonemes)
    return tuple(itertools.chain.from_iterable(reversed(parts)))


def up_to_mass(best: Sequence[Pronunciation], mass: float) -> tuple[Pronunciation, ...]:
    """Returns the first pronunciations that have the probability `mass` together."""
    before = itertools.accumulate((one.probability for one in best), initial=0.0)
    return tuple(best if mass == 1 else best[: sum(total < mass for total in before)])


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cuts a stream into lists of `size` items."""
    items = iter(items)
    while some := list(itertools.islice(items, size)):
        yield some
