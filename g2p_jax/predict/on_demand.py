"""A model that is read when a word needs it first: until then JAX is not imported."""

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from g2p_jax.config import Config
from g2p_jax.data.symbols import Symbols
from g2p_jax.predict.pronouncer import Pronouncer
from g2p_jax.predict.pronunciation import Answer

if TYPE_CHECKING:
    from g2p_jax.predict.g2p import G2P
    from g2p_jax.predict.inspection import Inspection


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class OnDemand(Pronouncer):
    """A model of which only the header has been read."""

    config: Config
    symbols: Symbols
    load: Callable[[], "G2P"]

    @functools.cached_property
    def model(self) -> "G2P":
        return self.load()

    def pronounce_each(
        self, chunks: Iterable[Iterable[str]], nbest: int = 1, beam: int = 0, mass: float = 1.0
    ) -> Iterator[list[Answer]]:
        chunks = iter(chunks)
        for chunk in chunks:
            if words := list(chunk):
                rest = itertools.chain([words], chunks)
                yield from self.model.pronounce_each(rest, nbest, beam, mass)
            else:
                yield []

    def inspect(self, pairs: Iterable[tuple[str, Sequence[str]]]) -> "list[Inspection]":
        return self.model.inspect(pairs)

    def attention(self, word: str, phonemes: Sequence[str] | None = None) -> "Inspection":
        return self.model.attention(word, phonemes)

    def members(self, chosen: Sequence[int]) -> "G2P":
        return self.model.members(chosen)

    def with_settings(self, **settings: Any) -> "OnDemand":
        config = dataclasses.replace(self.config, **settings)
        return OnDemand(config, self.symbols, functools.partial(_with_settings, self, settings))

    def warm_up(self, words: int = 6, nbest: int = 1) -> "OnDemand":
        self.model.warm_up(words, nbest)
        return self


def _with_settings(stored: OnDemand, settings: dict[str, Any]) -> "G2P":
    return stored.model.with_settings(**settings)
