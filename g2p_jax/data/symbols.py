"""Symbols and their numbers: vocabularies, and how a raw word becomes graphemes."""

import dataclasses
import functools
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from g2p_jax.config import SOURCES, TARGETS
from g2p_jax.data.alphabets import alphabet_of, check_alphabet
from g2p_jax.data.language_lexicons import letters_of_languages
from g2p_jax.data.language_names import AUTO, find_language, split_language
from g2p_jax.data.normalise import CASES, FORMS, normal_form, normalise
from g2p_jax.data.pairs import Pair, Pairs, texts
from g2p_jax.data.phones import cut_into_phones
from g2p_jax.data.ragged import Ragged, narrow
from g2p_jax.data.textfile import shorten
from g2p_jax.errors import DataError, UserError
from g2p_jax.runtime import Spelling

PAD, BOS, EOS, UNK = 0, 1, 2, 3
# But a text has tabs, line breaks, and NEL, which is one of them.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
SPECIALS = "<pad>", "<bos>", "<eos>", "<unk>"


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

    def known_form(self, token: str) -> str:
        """Returns the token; or one that is known and differs in its normal form only."""
        return token if token in self.ids else self._composed.get(normal_form(token, "NFC"), token)

    @functools.cached_property
    def _composed(self) -> dict[str, str]:
        return {normal_form(token, "NFC"): token for token in self.tokens}

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
      spaces. A phoneme is such a word; a sentence to translate is made of either. A source with
      its "language" is deu:Haus, and "deu:" its first grapheme; an "ipa" target is made of phones.
    languages: the letters of each language, where the source names it.
    language: that of words which do not name it; "auto": it is guessed.
    """

    graphemes: Vocabulary
    phonemes: Vocabulary
    case: str
    unicode: str
    source: str = "characters"
    target: str = "words"
    languages: Mapping[str, str] = field(default_factory=dict)
    language: str = ""

    def __post_init__(self) -> None:
        choices_of = {"case": CASES, "unicode": FORMS, "source": SOURCES, "target": TARGETS}
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
        pairs, languages = Pairs.of(pairs), self.languages
        words: Iterable[str] = map(chr, np.unique(pairs.words.ids))
        split: Callable[[str], Iterable[str]] = list
        if self.source == "words":
            words, split = pairs.each_word(), str.split
        letters = {x for word in words for x in split(normalise(word, self.case, self.unicode))}
        if self.source == "language":
            languages = letters_of_languages(pairs.each_word(), languages)
            letters = {f"{language}:" for language in languages}.union(*languages.values())
        phonemes = [pairs.phonemes[id] for id in np.unique(pairs.pronunciations.ids)]
        targets = {token for phoneme in phonemes for token in self.target_tokens([phoneme])}
        if self.target == "characters":
            targets.add(" ")  # between two phonemes
        more = self.graphemes.extended(letters), self.phonemes.extended(targets)
        return dataclasses.replace(self, graphemes=more[0], phonemes=more[1], languages=languages)

    def normalise(self, word: str) -> str:
        """Returns the word as the training data would write it."""
        language, word = self.named(word)
        word = self._spellings[language].normalise(word)
        return f"{language}:{word}" if language else word

    def graphemes_of(self, word: str) -> tuple[list[str], list[str]]:
        """Returns the graphemes of a word and unknown letters; see `Spelling.letters_of`.

        UserError for a word without a language that needs one.
        """
        language, word = self.named(word)
        known, unknown = self._spellings[language].letters_of(word)
        return ([f"{language}:", *known] if language else known), unknown

    def parts(self, word: str) -> list[str]:
        """Returns the parts of a word, well-known -> well, known; see `Spelling.parts`."""
        language, word = self.named(word)
        parts = self._spellings[language].parts(word)
        return [f"{language}:{part}" for part in parts] if language else parts

    @property
    def spells(self) -> bool:
        """Whether sources are phonemes and targets spellings: config.data.direction="p2g"."""
        return (self.source, self.target) == ("words", "characters")

    @functools.cached_property
    def alphabet(self) -> str:
        """The alphabet of the phonemes: "arpabet", English "xsampa", or "ipa" for all others."""
        return alphabet_of(self.phonemes.tokens[len(SPECIALS) :])

    def in_language(self, language: str) -> "Symbols":
        """Returns the symbols for words of one language; UserError for an unknown one."""
        if not self.languages:
            raise UserError(f"language {language!r}: this model knows one language only: give none")
        known = language if language == AUTO else find_language(language, self.languages)
        return dataclasses.replace(self, language=known)

    def encode_letters(self, words: Iterable[str]) -> Ragged:
        """Returns the ids of the letters of words whose languages are not known."""
        spelling = Spelling(self.graphemes.ids, self.case, self.unicode)
        spelling.dotless = {}  # I is ı in Turkish only
        letters = [spelling.letters_of(word)[0] for word in words]
        return Ragged.from_lists(letters, self.graphemes.ids.__getitem__)

    @functools.cached_property
    def _spellings(self) -> dict[str, Spelling]:
        """The letters of each language, or of all words where they have none."""
        of = lambda known: Spelling(known, self.case, self.unicode, self.source == "words")
        if self.source == "language":
            return {language: of(frozenset(known)) for language, known in self.languages.items()}
        return {"": of(self.graphemes.ids)}

    def named(self, word: str) -> tuple[str, str]:
        """Returns the language of a word, "" in a model of one, and the word without it."""
        if self.source != "language":
            return "", word
        language, word = split_language(word, self.languages, self.language)
        if language == AUTO:
            fix = "fix: write it as in deu:Haus, or give the language of all words"
            raise UserError(f"{shorten(word)} needs a language that is not to be guessed; {fix}")
        return language, word

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
        """Returns the tokens of a pronunciation, by which errors are counted, too.

        Of IPA these are phones, in the normal form (NFC or NFD) in which the model knows them.
        """
        if self.target == "ipa":
            known = self.phonemes.known_form
            return tuple(known(phone) for phoneme in phonemes for phone in cut_into_phones(phoneme))
        return tuple(phonemes if self.target == "words" else " ".join(phonemes))

    def encode_target(self, phonemes: Iterable[str]) -> list[int]:
        """Returns the ids of a pronunciation, UNK for what is unknown."""
        return self.phonemes.encode(self.target_tokens(phonemes))

    def encode_targets(self, pairs: Pairs) -> Ragged:
        """Returns the ids of every pronunciation, with EOS at its end."""
        if self.target != "words":
            each = (phonemes for pair in pairs for phonemes in pair.pronunciations)
            return Ragged.from_lists([[*self.encode_target(phonemes), EOS] for phonemes in each])
        table = narrow(np.array(self.phonemes.encode(pairs.phonemes), int))

        def encoded(block: Ragged) -> Ragged:
            ids = np.insert(table[block.ids], block.starts[1:], EOS)
            return Ragged(ids, block.starts + np.arange(len(block) + 1))

        return Ragged.concatenate(map(encoded, pairs.pronunciations.blocks()))

    def decode_target(self, ids: Iterable[int]) -> tuple[str, ...]:
        """Returns the phonemes that `encode_target` encodes so, up to the first EOS."""
        return self.phonemes_of(self.phonemes.decode(ids))

    def phonemes_of(self, tokens: Iterable[str]) -> tuple[str, ...]:
        """Returns the phonemes of a target's tokens: where those are characters, between spaces."""
        return tuple("".join(tokens).split() if self.target == "characters" else tokens)

    def to_json(self) -> dict[str, Any]:
        """Returns a plain dict that json.dump takes and from_json takes back."""
        graphemes, phonemes = list(self.graphemes.tokens), list(self.phonemes.tokens)
        others = {name: getattr(self, name) for name in ("case", "unicode", "source", "target")}
        others |= {"languages": dict(self.languages)} if self.languages else {}
        return {"graphemes": graphemes, "phonemes": phonemes} | others

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


def check_can_write(symbols: Symbols, alphabet: str) -> None:
    """Raises UserError for an alphabet that phonemes cannot be written in; "": their own."""
    check_alphabet(alphabet or symbols.alphabet)
    if symbols.languages and alphabet not in ("", "ipa", "xsampa"):
        raise UserError(
            f"alphabet {alphabet!r} is of English: this model writes ipa, which can become "
            "xsampa only"
        )
