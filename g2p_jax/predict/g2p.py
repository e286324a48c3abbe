"""Words in, pronunciations out: `load` a trained model and call it."""

import dataclasses
import functools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from g2p_jax import config as config_lib
from g2p_jax.config import MOST_BEAM, Config
from g2p_jax.data.arpabet import has_stress, strip_stress
from g2p_jax.data.language_names import AUTO
from g2p_jax.data.ragged import Array, Ints, Ragged
from g2p_jax.data.symbols import Symbols
from g2p_jax.errors import ModelError, checked
from g2p_jax.joint import model as joint_lib
from g2p_jax.joint.per_language import in_language
from g2p_jax.joint.storage import Joint
from g2p_jax.network.ensemble import OutputTransform
from g2p_jax.predict import model_file
from g2p_jax.predict.candidates import Candidates
from g2p_jax.predict.header import Header
from g2p_jax.predict.inspection import Inspection, Scorer, inspect, score_pairs
from g2p_jax.predict.model_file import Params, Stored
from g2p_jax.predict.pronouncer import CHUNK, Pronouncer
from g2p_jax.predict.pronunciation import (
    Answer,
    Pronunciation,
    add_alternatives,
    batched,
    check_options,
    check_words,
    concatenate,
    spell,
)
from g2p_jax.predict.runner import Runner
from g2p_jax.predict.searching import SearchSettings
from g2p_jax.predict.stress import StressFolding
from g2p_jax.search.hypotheses import Hypotheses

PRUNE_THRESHOLD = 3.0  # of log P, for the best answer alone: what is further behind cannot win
SEVERAL = 10  # pronunciations of a word that the search for more than one is to find

Rescored = list[Callable[[], Candidates]]  # of one search, batch by batch
Pronunciations = list[Pronunciation]


class Word(NamedTuple):
    """A word to be pronounced."""

    text: str
    language: str  # "" in a model of one
    pieces: list[int]  # its spellings in a chunk: one for each part, more for a very long part
    unknown: tuple[str, ...]


class Chunk(NamedTuple):
    """Words that are searched together; devices are at work on their spellings."""

    words: list[Word]
    spellings: Ragged  # all different
    searches: list[list[tuple[Array, Hypotheses]]]  # which spellings, and what is found for them


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class G2P(Pronouncer):
    """A trained model, which never changes.

    >>> g2p = g2p_jax.load("english-small", lexicon="none")
    >>> g2p("rebuilt")
    'R IY B IH L T'
    """

    config: Config
    symbols: Symbols
    params: Params  # of an ensemble with a leading axis of members
    joint: Joint | None = None

    def __new__(cls, *args: Any, **kwargs: Any) -> "G2P":
        if args and not isinstance(args[0], Config):
            raise TypeError(f"G2P is made of weights; g2p_jax.load({args[0]!r}) reads a model")
        return super().__new__(cls)

    def pronounce_each(
        self, chunks: Iterable[Iterable[str]], nbest: int = 1, beam: int = 0, mass: float = 1.0
    ) -> Iterator[list[Answer]]:
        check_options(nbest, beam, mass)
        searches, waiting = self._searches(nbest, beam), None
        for words in chunks:
            chunk = self._search(words, searches)
            if waiting:
                yield self._answer(*waiting, nbest, mass)
            waiting = chunk.words, self._rescore(chunk)
        if waiting:
            yield self._answer(*waiting, nbest, mass)

    def candidates(self, words: Iterable[str]) -> list[Pronunciations]:
        """Returns all that the search for the best pronunciation of each word finds."""
        found = []
        for some in batched(words, CHUNK):
            chunk = self._search(some, self._searches(nbest=1))
            each = self._ranked(self._rescore(chunk)[0])
            found += [
                concatenate([each[p] for p in word.pieces], MOST_BEAM) for word in chunk.words
            ]
        return found

    def inspect(self, pairs: Iterable[tuple[str, Sequence[str]]]) -> list[Inspection]:
        encode: Callable[[Sequence[str]], list[int]] = self.symbols.encode_target
        score: Scorer = functools.partial(score_pairs, self._runner.forced_scores)
        if folding := self._folding:
            encode, score = folding.encode, functools.partial(folding.score, score)
        pairs = list(pairs)
        words = in_language([word for word, _ in pairs], self.symbols, self.joint)
        targets = [encode(phonemes) for _, phonemes in pairs]
        return inspect(words, targets, self.symbols, score, self._shown)

    def forced_probabilities(self, source_BxS: Ints, target_BxT: Ints) -> NDArray[np.float32]:
        """Returns P(phoneme) [B, T, V] at each place of the targets, given those before it.

        Rows are ids and PAD; the devices share them.
        """
        return np.exp(self._runner.forced_scores(source_BxS, target_BxT).log_probs_TxV)

    def members(self, chosen: Sequence[int]) -> "G2P":
        count = self.config.ensemble
        if not chosen or not all(0 <= member < count for member in chosen):
            have = f"members 0 to {count - 1}" if count > 1 else "only one member, 0"
            raise ModelError(f"members {','.join(map(str, chosen))}: this model has {have}")
        if count == 1:
            return self
        pick = np.array(chosen) if len(chosen) > 1 else chosen[0]
        params = jax.tree.map(lambda w: w[pick], self.params)
        config = dataclasses.replace(self.config, ensemble=len(chosen))
        return dataclasses.replace(self, config=config, params=params)

    def with_language(self, language: str) -> "G2P":
        return dataclasses.replace(self, symbols=self.symbols.in_language(language))

    def with_settings(self, **settings: Any) -> "G2P":
        return dataclasses.replace(self, config=config_lib.changed(self.config, settings))

    @checked
    def save(self, path: str | Path, dtype: str = "float32") -> None:
        """Writes the model as one file, which appears at once or not at all."""
        stored = Stored(self.config, self.symbols, self.params, self.joint)
        model_file.write(Path(path), stored, dtype)

    def warm_up(self, words: int = 6, nbest: int = 1) -> "G2P":
        check_options(nbest)
        longest, programs = self.config.data.longest, []
        for settings in self._searches(nbest, beam=0):
            programs += self._runner.prepare(longest, settings, words)
            if self.joint:
                pairs = words * max(settings.width, settings.alternatives + 1)
                programs += self.joint.prepare(longest, pairs)
        for program in programs:
            program.result()
        return self

    __getstate__ = model_file.to_pickle

    def _searches(self, nbest: int, beam: int = 0) -> list[SearchSettings]:
        """Returns the search for the best pronunciation, and those for the others.

        Their widths do not depend on nbest, so that a pronunciation has one probability.
        """
        rescored = joint_lib.BEAM if self.joint else 1
        width = beam or self.config.beam or rescored
        several = SEVERAL * (2 if self._folding else 1)
        rounds = ((nbest - 1) // SEVERAL).bit_length() + 1 if nbest > 1 else 0
        widths = [max(width, several << n) for n in range(rounds)]
        wider = [SearchSettings(most, math.inf, rescored - 1) for most in widths]
        return [SearchSettings(width, PRUNE_THRESHOLD, rescored - 1), *wider]

    def _search(self, words: Iterable[str], searches: Sequence[SearchSettings]) -> Chunk:
        """Spells the words and starts the searches on the devices."""
        numbers: dict[tuple[str, ...], int] = {}
        spelled, longest = [], self.config.data.longest
        words = list(check_words(words))
        named = in_language(words, self.symbols, self.joint)
        for word, full in zip(words, named, strict=True):
            language, pieces, unknown = spell(full, self.symbols, longest)
            ids = [numbers.setdefault(piece, len(numbers)) for piece in pieces]
            if self.symbols.language == AUTO and not ids:  # nothing tells the language
                language = ""
            spelled.append(Word(word, language, ids, unknown))
        spellings = Ragged.from_lists(list(numbers), self.symbols.graphemes.ids.__getitem__)
        found = [self._runner.search(spellings, longest, settings) for settings in searches]
        return Chunk(spelled, spellings, found)

    def _rescore(self, chunk: Chunk) -> list[Rescored]:
        """Reads what each search has found, and starts to rescore it; the functions wait for it."""
        how = self.joint, chunk.spellings, self.config.ensemble, self.config.temperature
        return [
            [Candidates.read(*batch).start_rescoring(*how) for batch in batches]
            for batches in chunk.searches
        ]

    def _ranked(self, rescored: Rescored, most: int | None = None) -> dict[int, Pronunciations]:
        """Returns the pronunciations of each spelling that one search has found, best first."""
        found: dict[int, Pronunciations] = {}
        for wait in rescored:
            found.update(wait().pronunciations(self._names, self.symbols.phonemes_of, most))
        return found

    def _answer(
        self, words: list[Word], rescored: list[Rescored], nbest: int, mass: float
    ) -> list[Answer]:
        """Ranks the pronunciations of all spellings, and makes those of the words of them."""
        first, *others = rescored
        best = self._ranked(first, 1)
        for search in others:
            wider = self._ranked(search)
            best = {piece: add_alternatives(best[piece], wider[piece]) for piece in best}
        return [
            Answer.of(word, concatenate([best[p] for p in pieces], nbest), unknown, mass, language)
            for word, language, pieces, unknown in words
        ]

    def _shown(self, phonemes: Iterable[str]) -> tuple[str, ...]:
        return tuple(map(strip_stress, phonemes) if self._folding else phonemes)

    @functools.cached_property
    def _runner(self) -> Runner:
        transform = OutputTransform.of(self.config)
        if self.joint:  # the temperature is that of both models together
            transform = transform._replace(temperature=1.0)
        net = model_file.network(self.config, self.symbols)
        return Runner(net, transform, self.params)  # type: ignore[arg-type]

    @functools.cached_property
    def _folding(self) -> StressFolding | None:
        phonemes = self.symbols.phonemes
        fold = not self.config.stress and has_stress(phonemes.tokens)
        return StressFolding(phonemes) if fold else None

    @functools.cached_property
    def _names(self) -> Array:
        return np.array(self._shown(self.symbols.phonemes.tokens), object)


def load(path: str | Path = "english", warm_up: bool = False) -> G2P:
    """Reads a model: the file, the folder that `train.py` wrote, or the name of one of ours.

    Raises ModelError. JAX starts when the model is used first: until then a process may fork.

    warm_up: compile what single words need, so that no answer has to wait for it.
    """
    stored = model_file.read(path)
    Header(stored.config, stored.symbols).check_reads_words(path)
    g2p = G2P(*stored)
    return g2p.warm_up() if warm_up else g2p
