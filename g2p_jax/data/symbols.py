"""Symbols and their numbers: vocabularies, and how a raw word becomes graphemes."""

import functools
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from g2p_jax.config import CASES, TOKENS
from g2p_jax.data.lexicon import normal_form
from g2p_jax.data.pairs import Pair, Pairs, running_text, spell, texts
from g2p_jax.data.ragged import Ragged, narrow

PAD, BOS, EOS, UNK = 0, 1, 2, 3
SPECIALS = "<pad>", "<bos>", "<eos>", "<unk>"

FORMS = "NFC", "NFD", "NFKC", "NFKD"

# What people type for a letter or mark, and Unicode does not decompose.
_PLAIN = str.maketrans(
    {"’": "'", "‘": "'", "ʼ": "'", "′": "'", "´": "'", "`": "'", "–": "-", "ß": "ss"}
    | {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d"}
    | {"Æ": "AE", "Œ": "OE", "Ø": "O", "Ł": "L", "Đ": "D"}
)


@dataclass(frozen=True)
class Vocabulary:
    """Tokens in the order of their ids; the four specials come first."""

    tokens: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.tokens[: len(SPECIALS)] != SPECIALS:
            raise ValueError(f"a vocabulary must start with {SPECIALS}, not {self.tokens[:4]}")
        if len(set(self.tokens)) < len(self.tokens):
            raise ValueError("a vocabulary must not hold a token twice")

    @classmethod
    def from_sequences(cls, sequences: Iterable[Iterable[str]]) -> "Vocabulary":
        """All tokens of the sequences, in the order of their code points."""
        return cls(SPECIALS + tuple(sorted({token for tokens in sequences for token in tokens})))

    @functools.cached_property
    def ids(self) -> dict[str, int]:
        return {token: id for id, token in enumerate(self.tokens)}

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """The id of each token, UNK for an unknown one."""
        return [self.ids.get(token, UNK) for token in tokens]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The tokens before the first EOS, without other specials."""
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
        if self.case not in CASES:
            raise ValueError(f"case must be one of {CASES}, not {self.case!r}")
        if self.unicode not in FORMS:
            raise ValueError(f"unicode must be one of {FORMS}, not {self.unicode!r}")
        if self.source not in TOKENS or self.target not in TOKENS:
            raise ValueError(f"source and target must be of {TOKENS}")

    @classmethod
    def from_pairs(
        cls,
        pairs: Iterable[Pair],
        unicode: str = "NFC",
        source: str = "characters",
        target: str = "words",
    ) -> "Symbols":
        """The symbols of the training data, in the case that all characters of its words have."""
        pairs = Pairs.of(pairs)
        characters = list(map(chr, pairs.words.distinct()))
        if all(char == char.lower() for char in characters):
            case = "lower"
        elif all(char == char.upper() for char in characters):
            case = "upper"
        else:
            case = "keep"
        sources: Iterable[Iterable[str]]
        if source == "characters":
            blocks = _normalised(pairs.words, case, unicode)
            sources = (map(chr, block.distinct()) for block in blocks)
        else:
            sources = (_normalise(word, case, unicode).split() for word in pairs.each_word())
        used = [pairs.phonemes[id] for id in pairs.sounds.distinct()]
        between = " " if pairs.sounds.lengths.max(initial=0) > 1 else ""
        targets: Iterable[Iterable[str]] = [used] if target == "words" else [*used, between]
        vocabularies = Vocabulary.from_sequences(sources), Vocabulary.from_sequences(targets)
        return cls(*vocabularies, case, unicode, source, target)

    def normalise(self, word: str) -> str:
        """The word as the training data would write it."""
        return _normalise(word.strip(), self.case, self.unicode)

    @functools.cached_property
    def _letters(self) -> str:
        return "".join(token for token in self.graphemes.tokens if len(token) == 1)

    def graphemes_of(self, word: str) -> tuple[list[str], list[str]]:
        """Splits a word into the graphemes to feed and the characters the model does not know.

        A character that is not in the vocabulary is replaced by the base letters it is made of,
        é -> e, ﬁ -> f i, ’ -> ', if those are all known; else it is left out. An unknown accent
        on its own, as in NFD, is left out without being counted as unknown.
        """
        normal, vocabulary = self.normalise(word), self.graphemes.ids
        if self.source == "characters" and not normal.strip(self._letters):
            return list(normal), []
        tokens = normal.split() if self.source == "words" else list(normal)
        known: list[str] = []
        unknown: list[str] = []
        if self.source == "words":
            for token in tokens:
                (known if token in vocabulary else unknown).append(token)
            return known, unknown
        for char in tokens:
            if char in vocabulary:
                known.append(char)
                continue
            plain = unicodedata.normalize("NFKD", char.translate(_PLAIN))
            base = "".join(c for c in plain if not unicodedata.combining(c))
            letters = _normalise(base, self.case, self.unicode)
            if all(letter in vocabulary for letter in letters):
                known.extend(letters)
            else:
                unknown.append(char)
        return known, unknown

    def encode_words(self, words: Ragged) -> Ragged:
        """The ids of the graphemes of spelt words."""
        table = np.full(sys.maxunicode + 1, PAD, np.min_scalar_type(len(self.graphemes)))
        if self.source == "characters":
            for token, id in self.graphemes.ids.items():
                if len(token) == 1:
                    table[ord(token)] = id

        def encoded(block: Ragged, normalised: Ragged) -> Ragged:
            ids = table[normalised.ids]
            if ids.all():
                return Ragged(ids, normalised.starts)
            graphemes = (self.graphemes_of(word)[0] for word in texts(block))
            return Ragged.from_lists(list(map(self.graphemes.encode, graphemes)))

        normalised = _normalised(words, self.case, self.unicode)
        return Ragged.joined(map(encoded, words.blocks(), normalised))

    def encode_target(self, phonemes: Iterable[str]) -> list[int]:
        """The ids of a pronunciation, UNK for what is unknown."""
        return self.phonemes.encode(phonemes if self.target == "words" else " ".join(phonemes))

    def encode_targets(self, pairs: Pairs) -> Ragged:
        """The ids of every pronunciation, with EOS at its end."""
        if self.target == "characters":
            each = (phonemes for pair in pairs for phonemes in pair.pronunciations)
            return Ragged.from_lists([[*self.encode_target(phonemes), EOS] for phonemes in each])
        table = narrow(np.array(self.phonemes.encode(pairs.phonemes), np.uint32))

        def encoded(block: Ragged) -> Ragged:
            ids = np.insert(table[block.ids], block.starts[1:], EOS)
            return Ragged(ids, block.starts + np.arange(len(block) + 1))

        return Ragged.joined(map(encoded, pairs.sounds.blocks()))

    def decode_target(self, ids: Iterable[int]) -> tuple[str, ...]:
        """The inverse of `encode_target`, up to the first EOS."""
        tokens = self.phonemes.decode(ids)
        return tuple(tokens if self.target == "words" else "".join(tokens).split())

    def to_json(self) -> dict[str, Any]:
        """A plain dict that json.dump takes and from_json takes back."""
        return {
            "graphemes": list(self.graphemes.tokens),
            "phonemes": list(self.phonemes.tokens),
            "case": self.case,
            "unicode": self.unicode,
            "source": self.source,
            "target": self.target,
        }

    @classmethod
    def from_json(cls, data: Any) -> "Symbols":
        """The inverse of to_json. Raises ValueError for anything that to_json does not make."""
        match data:
            case {"graphemes": list(), "phonemes": list(), "case": str(), "unicode": str()}:
                graphemes, phonemes = tuple(data["graphemes"]), tuple(data["phonemes"])
                if all(isinstance(token, str) and token for token in graphemes + phonemes):
                    vocabularies = Vocabulary(graphemes), Vocabulary(phonemes)
                    names = ("case", "unicode", "source", "target")
                    return cls(*vocabularies, **{n: data[n] for n in names if n in data})
        raise ValueError(
            "damaged symbols: expected lists of texts `graphemes` and `phonemes`, "
            f"and texts `case` and `unicode`; found {repr(data)[:80]}"
        )


def _normalise(word: str, case: str, unicode: str) -> str:
    if case != "keep":
        word = word.lower() if case == "lower" else word.upper()
    # Last, since a new case can undo the form.
    return word if word.isascii() else normal_form(word, unicode)


def _normalised(words: Ragged, case: str, unicode: str) -> Iterator[Ragged]:
    """Spelt words as the model knows them, block by block."""
    for block in words.blocks():
        text = running_text(block)
        if _normalise(text, case, unicode) != text:  # else no part of it would change either
            block = spell([_normalise(word, case, unicode) for word in texts(block)])
        yield block
