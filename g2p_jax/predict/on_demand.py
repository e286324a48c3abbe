"""A model that is read when a word needs it first; a handful of words is left to NumPy.

To import JAX and to read its programs takes longer than to pronounce dozens of words without it.
"""

import contextlib
import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from g2p_jax import config as config_lib
from g2p_jax import runtime
from g2p_jax.config import Config
from g2p_jax.data.arpabet import has_stress
from g2p_jax.data.language_names import AUTO
from g2p_jax.data.symbols import Symbols
from g2p_jax.errors import UserError
from g2p_jax.predict.pronouncer import Pronouncer
from g2p_jax.predict.pronunciation import Answer, Pronunciation, check_options

if TYPE_CHECKING:
    from g2p_jax.predict.g2p import G2P
    from g2p_jax.predict.inspection import Inspection

FEW = 32  # words that NumPy pronounces before JAX has paid off


class OnDemand(Pronouncer):
    """A model of which only the header has been read."""

    def __init__(self, config: Config, symbols: Symbols, load: Callable[[], "G2P"], file: Path):
        """load: reads the model, which gets the config and the symbols that are given here."""
        self.config, self.symbols, self._load, self._file = config, symbols, load, file
        self._left = FEW

    @functools.cached_property
    def model(self) -> "G2P":
        return dataclasses.replace(self._load(), config=self.config, symbols=self.symbols)

    def pronounce_each(
        self, chunks: Iterable[Iterable[str]], nbest: int = 1, beam: int = 0, mass: float = 1.0
    ) -> Iterator[list[Answer]]:
        check_options(nbest, beam, mass)
        chunks = iter(chunks)
        for words in map(list, chunks):
            answers = self._without_jax(words, nbest, beam, mass)
            if answers is None:
                rest = itertools.chain([words], chunks)
                yield from self.model.pronounce_each(rest, nbest, beam, mass)
            else:
                yield answers

    def _without_jax(
        self, words: list[str], nbest: int, beam: int, mass: float
    ) -> list[Answer] | None:
        """Returns the answers of NumPy; None if JAX is there, or is needed for so many words."""
        if not words:
            return []
        self._left -= len(words)
        if "model" in self.__dict__ or self._left < 0 or self._small is None:
            return None
        try:
            languages = [self._small.named(word)[0] for word in words]
        except ValueError as error:  # of a word that needs a language
            raise UserError(str(error)) from error
        found = self._small.pronounce_all(words, nbest, beam)
        if self.symbols.language == AUTO:  # nothing tells the language without letters
            languages = [
                x if each[0][0] else "" for x, (each, _) in zip(languages, found, strict=True)
            ]
        return [
            Answer.of(word, [Pronunciation(*one) for one in each], unknown, mass, language)
            for word, language, (each, unknown) in zip(words, languages, found, strict=True)
        ]

    @functools.cached_property
    def _small(self) -> runtime.G2P | None:
        """The same model in NumPy; None where the settings, or the file, leave it to JAX."""
        settings = {name: getattr(self.config, name) for name in ("stress", "beam", "temperature")}
        settings["stress"] &= has_stress(self.symbols.phonemes.tokens)
        settings["language"] = self.symbols.language
        if self.config.train.dtype == "bfloat16":
            return None
        with contextlib.suppress(ValueError, LookupError):  # JAX reads it again, and says why
            return runtime.load(self._file, **settings)
        return None

    def inspect(self, pairs: Iterable[tuple[str, Sequence[str]]]) -> "list[Inspection]":
        return self.model.inspect(pairs)

    def members(self, chosen: Sequence[int]) -> "G2P":
        return self.model.members(chosen)

    def with_language(self, language: str) -> "OnDemand":
        return self._changed(self.config, self.symbols.in_language(language))

    def with_settings(self, **settings: Any) -> "OnDemand":
        return self._changed(config_lib.changed(self.config, settings), self.symbols)

    def _changed(self, config: Config, symbols: Symbols) -> "OnDemand":
        load = functools.partial(getattr, self, "model")  # the same weights
        return OnDemand(config, symbols, load, self._file)

    def warm_up(self, words: int = 6, nbest: int = 1) -> "OnDemand":
        self.model.warm_up(words, nbest)
        return self
