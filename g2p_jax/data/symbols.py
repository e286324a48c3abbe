"""Symbols and their numbers: vocabularies, and how a raw word becomes graphemes."""

import dataclasses
import functools
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from g2p_jax.config import TOKENS
from g2p_jax.data.alphabets import alphabet_of
from g2p_jax.data.normalise import CASES, DOTLESS, FORMS, base_letters, normalise
from g2p_jax.data.pairs import Pair, Pairs, texts
from g2p_jax.data.ragged import Ragged, narrow
from g2p_jax.errors import DataError

PAD, BOS, EOS, UNK = 0, 1, 2, 3
# But a text has tabs, line breaks, and NEL, which is one of them.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
SPECIALS = "<pad>", "<bos>", "<eos>", "<unk>"
SEPARATOR = re.compile(
    r"[\s/_\-\u2010-\u2015\u2212\u05be\ufe63\uff0d]"
)  # white space, hyphens, dashes, minus


@dataclass(frozen=True)
class Vocabulary:
    """Tokens in the order of their ids; the four specials come first."""

    tokens: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.tokens[: len(SPECIALS)] != SPECIALS:
            raise ValueError(f"a vocabulary must start with {SPECIALS}, not {self.tokens[:4]}")
        if not all(isinstance(token, str) and token for token in self.tokens):
            raise ValueError("a vocabulary must hold texts, none of them empty")
        if len(set(self.tokens)) < len(self.tokens):
            raise ValueError("a vocabulary must not hold a token twice")

    @classmethod
    def from_tokens(cls, tokens: Iterable[str]) -> "Vocabulary":
        """Returns a vocabulary of the different tokens, in the order of their code points.

        Raises DataError for a special.
        """
        return cls(SPECIALS).extended(tokens)

    def extended(self, tokens: Iterable[str]) -> "Vocabulary":
        """Returns this vocabulary, and after it the tokens that it lacks, as in `from_tokens`."""
        tokens = set(tokens)
        for token in tokens.intersection(SPECIALS):
            raise DataError(f"the data holds {token}, which the model needs itself: rename it")
        return Vocabulary((*self.tokens, *sorted(tokens.difference(self.tokens))))

    @functools.cached_property
    def ids(self) -> dict[str, int]:
        return {token: id for id, token in enumerate(self.tokens)}

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Returns the id of each token, UNK for an unknown one."""
        return [self.ids.get(token, UNK) for token in tokens]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Returns the tokens before the first EOS, without other specials."""
        ids, tokens = list(ids), self.tokens
        end = ids.index(EOS) if EOS in ids else None
        return [tokens[id] for id in ids[:end] if id >= len(SPECIALS)]

    def __len__(self) -> int:
        return len(self.tokens)


@dataclass(frozen=True)
class Symbols:
    """Everything that turns a word into a model's input, and its output into phonemes.

    case: "lower" or "upper" when the model knows words in that case only, else "keep".
    unicode: the normal form of words, as in read_lexicon.
    source, target: what the graphemes and the phonemes are: "characters", or "words" between
      spaces. A phoneme is such a word; a sentence to translate is made of either.
    """

    graphemes: Vocabulary
    phonemes: Vocabulary
    case: str
    unicode: str
    source: str = "characters"
    target: str = "words"

    def __post_init__(self) -> None:
        choices_of = {"case": CASES, "unicode": FORMS, "source": TOKENS, "target": TOKENS}
        for name, choices in choices_of.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be one of {choices}, not {getattr(self, name)!r}")
        if control := _CONTROL.search("".join(self.phonemes.tokens)):
            raise DataError(
                f"phonemes, or a text, must not hold control characters: {control[0]!r}"
            )

    @classmethod
    def from_pairs(
        cls,
        pairs: Iterable[Pair],
        unicode: str = "NFC",
        source: str = "characters",
        target: str = "words",
    ) -> "Symbols":
        """Returns the symbols of training data, the words of which are in the normal form.

        The case is that of all words, if they have one.
        """
        pairs = Pairs.of(pairs)
        letters = "".join(map(chr, np.unique(pairs.words.ids)))
        lower, upper = letters == letters.lower(), letters == letters.upper()
        case = "lower" if lower else "upper" if upper else "keep"
        none = Vocabulary(SPECIALS)
        return cls(none, none, case, unicode, source, target).extended(pairs)

    def extended(self, pairs: Iterable[Pair]) -> "Symbols":
        """Returns these symbols, and after them those that only the pairs have."""
        pairs = Pairs.of(pairs)
        words: Iterable[str] = map(chr, np.unique(pairs.words.ids))
        split: Callable[[str], Iterable[str]] = list
        if self.source == "words":
            words, split = pairs.each_word(), str.split
        letters = {x for word in words for x in split(normalise(word, self.case, self.unicode))}
        phonemes = [pairs.phonemes[id] for id in np.unique(pairs.pronunciations.ids)]
        targets = phonemes if self.target == "words" else "".join([*phonemes, " "])
        more = self.graphemes.extended(letters), self.phonemes.extended(targets)
        return dataclasses.replace(self, graphemes=more[0], phonemes=more[1])

    def normalise(self, word: str) -> str:
        """Returns the word as the training data would write it."""
        if self.case == "lower" and "ı" in self.graphemes.ids:  # Turkish: I is no capital i
            word = word.translate(DOTLESS)
        return normalise(word.strip(), self.case, self.unicode)

    def graphemes_of(self, word: str) -> tuple[list[str], list[str]]:
        """Splits a word into the graphemes to feed and the tokens that the model does not know.

        A token that is not in the vocabulary is replaced by the base letters it is made of,
        é -> e, ﬁ -> f i, ’ -> ', if those are all known; a capital by its small letter, or a small
        letter by its capital; else it is left out. An unknown accent on its own, as in NFD, is left
        out without being counted as unknown.
        """
        tokens = self._split(self.normalise(word))
        if self.graphemes.ids.keys() >= set(tokens):
            return tokens, []
        known: list[str] = []
        unknown: list[str] = []
        for token in tokens:
            letters = self._known_letters(token)
            if letters is None:
                unknown.append(token)
            else:
                known.extend(letters)
        return known, unknown

    def parts(self, word: str) -> list[str]:
        """Cuts a word at separators that the vocabulary lacks: well-known -> well, known.

        Only where graphemes are letters: in a sum 12-34 an unknown minus is no separator.
        """
        found = set(SEPARATOR.findall(word)) if self._has_letters else set()
        lacking = [char for char in found if self._known_letters(char) is None]
        return re.split("|".join(map(re.escape, lacking)), word) if lacking else [word]

    @functools.cached_property
    def alphabet(self) -> str:
        """The alphabet of the phonemes: "arpabet", or "ipa" for all others."""
        return alphabet_of(self.phonemes.tokens[len(SPECIALS) :])

    @functools.cached_property
    def _has_letters(self) -> bool:
        letters = self.graphemes.tokens[len(SPECIALS) :]
        return self.source == "characters" and any(map(str.isalpha, letters))

    def _split(self, text: str) -> list[str]:
        return text.split() if self.source == "words" else list(text)

    def _known_letters(self, token: str) -> list[str] | None:
        """Returns the token, or what may stand for it; None if the vocabulary has nothing."""
        for spelling in (token, *self._substitutes(token)):
            letters = self._split(spelling)
            if all(letter in self.graphemes.ids for letter in letters):
                return letters
        return None

    def _substitutes(self, token: str) -> Iterator[str]:
        """Yields what may stand for a token that is not in the vocabulary, the nearest first."""
        small = token.translate(DOTLESS) if "ı" in self.graphemes.ids else token
        for spelling in (small.lower(), token.upper(), base_letters(token)):
            yield normalise(spelling, self.case, self.unicode)
        yield normalise(base_letters(small.lower()), self.case, self.unicode)
        yield normalise(base_letters(token.upper()), self.case, self.unicode)

    def encode_words(self, words: Ragged) -> Ragged:
        """Returns the ids of the graphemes of words, given as code points."""
        table = np.full(sys.maxunicode + 1, PAD, np.min_scalar_type(len(self.graphemes)))
        if self.source == "characters":
            for token, id in self.graphemes.ids.items():
                if len(token) == 1:
                    table[ord(token)] = id

        def encoded(block: Ragged) -> Ragged:
            ids = table[block.ids]
            if ids.all():  # no character is unknown
                return Ragged(ids, block.starts)
            graphemes = [self.graphemes_of(word)[0] for word in texts(block)]
            return Ragged.from_lists(graphemes, self.graphemes.ids.__getitem__)

        return Ragged.concatenate(map(encoded, words.blocks()))

    def target_tokens(self, phonemes: Iterable[str]) -> tuple[str, ...]:
        """Returns the tokens of a pronunciation, by which errors are counted, too."""
        return tuple(phonemes if self.target == "words" else " ".join(phonemes))

    def encode_target(self, phonemes: Iterable[str]) -> list[int]:
        """Returns the ids of a pronunciation, UNK for what is unknown."""
        return self.phonemes.encode(self.target_tokens(phonemes))

    def encode_targets(self, pairs: Pairs) -> Ragged:
        """Returns the ids of every pronunciation, with EOS at its end."""
        if self.target == "characters":
            each = (phonemes for pair in pairs for phonemes in pair.pronunciations)
            return Ragged.from_lists([[*self.encode_target(phonemes), EOS] for phonemes in each])
        table = narrow(np.array(self.phonemes.encode(pairs.phonemes), int))

        def encoded(block: Ragged) -> Ragged:
            ids = np.insert(table[block.ids], block.starts[1:], EOS)
            return Ragged(ids, block.starts + np.arange(len(block) + 1))

        return Ragged.concatenate(map(encoded, pairs.pronunciations.blocks()))

    def decode_target(self, ids: Iterable[int]) -> tuple[str, ...]:
        """Returns the phonemes that `encode_target` encodes so, up to the first EOS."""
        tokens = self.phonemes.decode(ids)
        return tuple(tokens if self.target == "words" else "".join(tokens).split())

    def to_json(self) -> dict[str, Any]:
        """Returns a plain dict that json.dump takes and from_json takes back."""
        graphemes, phonemes = list(self.graphemes.tokens), list(self.phonemes.tokens)
        texts = {name: getattr(self, name) for name in ("case", "unicode", "source", "target")}
        return {"graphemes": graphemes, "phonemes": phonemes} | texts

    @classmethod
    def from_json(cls, data: Any) -> "Symbols":
        """The inverse of to_json. Raises ValueError for anything that to_json does not make."""
        try:
            vocabularies = {
                name: Vocabulary(tuple(data[name])) for name in ("graphemes", "phonemes")
            }
            return cls(**data | vocabularies)
        except (TypeError, KeyError) as error:
            raise ValueError(f"damaged symbols ({error!r}): {repr(data)[:80]}") from error
