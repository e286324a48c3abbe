"""A lexicon before a model: known words get their pronunciations there. It needs no JAX."""

import dataclasses
import functools
import itertools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from g2p_jax.config import Config
from g2p_jax.data import splits
from g2p_jax.data.alphabets import convert
from g2p_jax.data.arpabet import has_stress, marks_stress, strip_stress
from g2p_jax.data.cmudict import Cmudict, cmudict
from g2p_jax.data.language_names import AUTO
from g2p_jax.data.normalise import normal_form
from g2p_jax.data.pairs import Pair, Pairs, Phonemes
from g2p_jax.data.symbols import Symbols
from g2p_jax.errors import UsageError, checked
from g2p_jax.predict import header
from g2p_jax.predict.header import Header
from g2p_jax.predict.notation import in_alphabet_of
from g2p_jax.predict.on_demand import OnDemand
from g2p_jax.predict.pronouncer import Pronouncer
from g2p_jax.predict.pronunciation import (
    LEXICON,
    Answer,
    Pronunciation,
    check_options,
    check_words,
    concatenate,
)
from g2p_jax.runtime import MARKS

if TYPE_CHECKING:
    from g2p_jax.predict.g2p import G2P
    from g2p_jax.predict.inspection import Inspection

_ENCLOSED = re.compile(r"""\s*[(\[{<"'“”‘’«»„‚](.+)[)\]}>"'“”‘’«»]\s*""")
Names = str | Path | Sequence[str | Path] | None  # of lexicons; see `load`
Part = Answer | str  # of a word: from the lexicon, or left to the model


class Lexicon:
    """The words of a lexicon as a model reads them, in its alphabet."""

    def __init__(self, pairs: Iterable[Pair], symbols: Symbols):
        pairs = Pairs.of(pairs)
        self.alphabet, self.marks_stress = symbols.alphabet, marks_stress(pairs.phonemes)
        self._entries: dict[str, list[tuple[str, Phonemes, float]]] = {}
        weights = itertools.repeat(math.nan) if pairs.weights is None else iter(pairs.weights)
        for word, pronunciations in in_alphabet_of(symbols, pairs):
            own = self._entries.setdefault(_key(symbols, word), [])
            form = _form(symbols.named(word)[1])
            own += ((form, *one) for one in zip(pronunciations, weights, strict=False))

    def find(self, word: str, spelling: str = "") -> list[tuple[Phonemes, float]]:
        """Returns the pronunciations of a word with their weights, in their order.

        word: as the model reads it, which many spellings may be: polish. spelling: Polish; entries
          that are written so come before all others.
        """
        entries = self._entries.get(word, [])
        exact = [entry for entry in entries if entry[0] == _form(spelling)]
        return [(phonemes, float(weight)) for _, phonemes, weight in exact or entries]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class LexiconFirst(Pronouncer):
    """Answers the words of lexicons with their pronunciations there; a model does the rest.

    The first lexicon that has a word answers it, with the probabilities that it gives there, scaled
    to sum to 1, or 1 / n for each of n pronunciations. Of entries that differ in case the one that
    is written as the word wins. A word that all lack is looked up as the model reads it (café as
    cafe), then part by part. An abbreviation that only CMUdict has (Dr.) is read as in a text.

    >>> g2p = g2p_jax.load()
    >>> g2p.known("it’s").best
    Pronunciation('IH T S', 1, 'lexicon')
    >>> g2p.known("g2pify") is None
    True
    """

    lexicons: Sequence[Cmudict | Lexicon]
    model: Pronouncer
    stress: bool = False  # in the lexicons' answers, also where those of the model have none

    @property
    def config(self) -> Config:  # type: ignore[override]
        return self.model.config

    @property
    def symbols(self) -> Symbols:  # type: ignore[override]
        return self.model.symbols

    def known(self, word: str) -> Answer | None:
        """Returns the answer of the lexicons with all pronunciations, None if they lack the word.

        The model is not needed for it.
        """
        is_one = len(self.symbols.parts(word)) == 1
        return self._exact(word) or (self._as_read(word) if is_one else None)

    def pronounce_each(
        self, chunks: Iterable[Iterable[str]], nbest: int = 1, beam: int = 0, mass: float = 1.0
    ) -> Iterator[list[Answer]]:
        check_options(nbest, beam, mass)
        looked_up = ([(w, self._look_up(w)) for w in check_words(chunk)] for chunk in chunks)
        ours, theirs = itertools.tee(looked_up)
        unknown = ([p for _, parts in each for p in parts if isinstance(p, str)] for each in theirs)
        for answers in self.model.pronounce_each(unknown, nbest, beam):
            rest = iter(answers)
            yield [_answer(word, parts, rest, nbest, mass) for word, parts in next(ours)]

    def inspect(self, pairs: Iterable[tuple[str, Sequence[str]]]) -> "list[Inspection]":
        if not has_stress(self.symbols.phonemes.tokens):
            pairs = ((word, tuple(map(strip_stress, phonemes))) for word, phonemes in pairs)
        return self.model.inspect(pairs)

    def members(self, chosen: Sequence[int]) -> "LexiconFirst":
        return LexiconFirst(self.lexicons, self.model.members(chosen))

    def with_language(self, language: str) -> "LexiconFirst":
        return dataclasses.replace(self, model=self.model.with_language(language))

    def with_settings(self, **settings: Any) -> "LexiconFirst":
        return LexiconFirst(self.lexicons, self.model.with_settings(**settings))

    @functools.cached_property
    def stressed(self) -> "LexiconFirst":
        """The same, with all stress that the lexicons have and the model has learned."""
        return LexiconFirst(self.lexicons, self.model.stressed, stress=True)

    def warm_up(self, words: int = 6, nbest: int = 1) -> "LexiconFirst":
        self.model.warm_up(words, nbest)
        return self

    @functools.cached_property
    def _has_stress(self) -> bool:
        return self.stress or self.config.reference_data.stress

    def _exact(self, word: str) -> Answer | None:
        return self._found(word, _key(self.symbols, word), self.symbols.named(word)[1], ())

    def _as_read(self, word: str) -> Answer | None:
        """Returns the entry of the word as the model reads it, without unknown marks: "hello,"."""
        letters, unknown = self.symbols.graphemes_of(word)
        if any(map(str.isalnum, unknown)):
            return None
        spelling = self.symbols.named(word)[1]
        bare = "".join(char for char in spelling if char not in unknown).strip()
        return self._found(word, "".join(letters), bare, tuple(unknown))

    def _found(self, word: str, key: str, spelling: str, unknown: tuple[str, ...]) -> Answer | None:
        for lexicon in self.lexicons:
            each: dict[Phonemes, float] = {}
            for phonemes, weight in lexicon.find(key, spelling):
                phonemes = self._spelled(phonemes, lexicon)
                each[phonemes] = each.get(phonemes, 0.0) + weight
            if each:
                total = sum(each.values())  # NaN where a pronunciation has no weight
                shares = {x: w / total if total > 0 else 1 / len(each) for x, w in each.items()}
                ranked = sorted(shares.items(), key=lambda one: -one[1])
                best = tuple(Pronunciation(*one, LEXICON) for one in ranked)
                return Answer(word, best, unknown, self.symbols.named(word)[0])
        return None

    def _spelled(self, phonemes: Phonemes, lexicon: Cmudict | Lexicon) -> Phonemes:
        """Returns phonemes in the alphabet of the model, with stress where its answers have it."""
        own = self.symbols.alphabet
        if lexicon.alphabet != own:
            marks = "ˈ" in "".join(self.symbols.phonemes.tokens)
            return convert(phonemes, lexicon.alphabet, own, marks)
        strips = lexicon.marks_stress and not self._has_stress
        return tuple(map(strip_stress, phonemes)) if strips else phonemes

    def _abbreviated(self, word: str) -> list[Part]:
        """Returns the parts of Dr. or vs, as in a text of nothing else, or an own lexicon's answer.

        Nothing for other words, and before a model of other phonemes than those of English.
        """
        from g2p_jax.text import tables  # of a room above, which looks up words here

        if self.symbols.alphabet != "arpabet" or not tables.is_abbreviation(word):
            return []
        words = [one.text for token in self.text(word) for one in token.words]
        own = [lexicon for lexicon in self.lexicons if not isinstance(lexicon, Cmudict)]
        whole = dataclasses.replace(self, lexicons=own)._exact(word)
        letter = lambda part: self.known(f"{part}.") if len(part) == 1 and part.isupper() else None
        return [whole] if whole else [letter(part) or self.known(part) or part for part in words]

    def _look_up(self, word: str) -> list[Part]:
        """Returns the whole word if a lexicon has it or none of its parts, else its parts.

        Quotes and brackets around it are left out.
        """
        if short := self._abbreviated(word):
            return short
        if whole := self._exact(word):
            return [whole]
        if enclosed := _ENCLOSED.fullmatch(word):
            return self._look_up(enclosed[1])
        found = list[Part]()
        for part in filter(str.strip, self.symbols.parts(word)):
            found += self._abbreviated(part) or [self.known(part) or part]
        return found if any(isinstance(part, Answer) for part in found) else [word]


@checked
def load(
    path: str | Path = "english",
    warm_up: bool = False,
    lexicon: Names = None,
    language: str = "",
) -> "G2P | LexiconFirst":
    """Returns a model: of the file, of the folder that `train.py` wrote, or one of ours.

    >>> g2p = g2p_jax.load()
    >>> g2p("through"), g2p("through", "ipa")
    ('TH R UW', 'ˈθ ɹ u')

    Raises ModelError. JAX starts when the model is needed first: until then a process may fork.

    Args:
      warm_up: compile what single words need, so that no answer has to wait for it.
      lexicon: what answers before the model: "cmudict", a lexicon file, several of them as a list
        or with commas between, in their order; "none": the model answers all words. None: "cmudict"
        for our models of English, "none" for others. A file alone replaces "cmudict".
      language: of the words, for a model of many; see `Pronouncer.with_language`.
    """
    found = header.read(path).in_language(language)
    found.check_reads_words(path)
    file = header.locate(path).resolve()
    model = OnDemand(*found, functools.partial(_load, file), file)
    lexicons = read_lexicons(names(lexicon, path), found)
    g2p = LexiconFirst(lexicons, model) if lexicons else model.model
    return g2p.warm_up() if warm_up else g2p


def names(lexicon: Names, path: str | Path) -> list[str]:
    """Returns which lexicons answer before the model of that path; see `load`."""
    if lexicon is None:
        english = header.is_shipped(path) and not header.read(path).symbols.languages
        return ["cmudict"] if english else []
    each = str(lexicon).split(",") if isinstance(lexicon, str | Path) else map(str, lexicon)
    chosen = [name for name in each if name]
    if "none" in chosen and len(chosen) > 1:
        raise UsageError(f"--lexicon={','.join(chosen)}: none excludes the others: leave it out")
    return [name for name in chosen if name != "none"]


def read_lexicons(names: Iterable[str], model: Header, **reading: Any) -> list[Cmudict | Lexicon]:
    """Returns lexicons for a model; reading: how files are read, as in `splits.references`."""
    data, symbols = dataclasses.replace(model.config.data, stress=True), model.symbols
    names = list(names)
    if symbols.languages and "cmudict" in names:
        raise UsageError("--lexicon=cmudict: CMUdict is English, the model is not: leave it out")
    reading["language"] = symbols.language.replace(AUTO, "")
    reading["phones"] = symbols.target == "words"
    read = lambda name: Lexicon(splits.references(data, name, "", **reading), symbols)
    return [cmudict() if name == "cmudict" else read(name) for name in names]


def _load(path: Path) -> "G2P":
    from g2p_jax.predict import g2p  # which imports JAX

    return g2p.load(path)


def _form(word: str) -> str:
    """Returns the word in its case, with the marks and the accents of its letters as most write."""
    return normal_form(word.strip(), "NFC").translate(MARKS)


def _key(symbols: Symbols, word: str) -> str:
    return symbols.normalise(word).translate(MARKS)


def _answer(
    word: str, parts: list[Part], answers: Iterator[Answer], nbest: int, mass: float
) -> Answer:
    """Returns the answer for a word; takes those of the model to its parts from `answers`."""
    each = [next(answers) if isinstance(part, str) else part for part in parts]
    joined = concatenate([answer.pronunciations for answer in each], nbest)
    unknown = tuple(itertools.chain.from_iterable(answer.unknown for answer in each))
    return Answer.of(word, joined, unknown, mass, each[0].language if each else "")
