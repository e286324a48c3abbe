"""Words and their pronunciations: the data of every task, ten million of them in little memory."""

import dataclasses
import operator
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice, pairwise
from typing import Any, NamedTuple

import numpy as np

from g2p_jax.data.ragged import BLOCK, Array, Ragged, borders, narrow

FEW = 256  # pairs to pack at a time: more objects would keep the garbage collector busy

Phonemes = tuple[str, ...]


class Pair(NamedTuple):
    """A word and all its pronunciations: the source and target alternatives of every task."""

    word: str
    pronunciations: tuple[Phonemes, ...]


def texts(codes: Ragged) -> list[str]:
    """Returns the texts that are given as code points."""
    codec = {1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}[codes.ids.itemsize]
    text = codes.ids.tobytes().decode(codec)
    return [text[start:end] for start, end in pairwise(codes.starts.tolist())]


def code_points(texts: Sequence[str]) -> Ragged:
    """Returns texts as code points, of one byte each where all are Latin."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le"), "<u4")
    return Ragged(narrow(codes), borders(list(map(len, texts))))


@dataclasses.dataclass(frozen=True, eq=False)
class Pairs(Sequence[Pair]):
    """A sequence of Pair that keeps some thirty bytes for each, where objects need a thousand.

    A walk through it is as cheap as through a list, while `pairs[i]` has to look things up.
    """

    words: Ragged  # code points
    pronunciations: Ragged  # of all words, as indices into `phonemes`
    starts: Array  # word i has the pronunciations from starts[i] to before starts[i + 1]
    phonemes: tuple[str, ...]  # all different
    weights: Array | None = None  # of the pronunciations, where the data has them; NaN: not there

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, Sequence[Sequence[str]]]]) -> "Pairs":
        """Packs (word, pronunciations) in their order; returns Pairs as they are."""
        if isinstance(pairs, Pairs):
            return pairs
        index: defaultdict[str, int] = defaultdict(lambda: len(index))
        words, sounds, counts, rest = [], [], [np.zeros(0, int)], iter(pairs)
        while block := list(islice(rest, FEW)):
            several = [pronunciations for _, pronunciations in block]
            words.append(code_points([word for word, _ in block]))
            sounds.append(Ragged.from_lists(list(chain.from_iterable(several)), index.__getitem__))
            counts.append(narrow(np.array(list(map(len, several)))))
        starts = borders(np.concatenate(counts))
        return cls(Ragged.concatenate(words), Ragged.concatenate(sounds), starts, tuple(index))

    def __len__(self) -> int:
        return len(self.words)

    def __iter__(self) -> Iterator[Pair]:
        return chain.from_iterable(map(self._some, range(0, len(self), BLOCK)))

    def __getitem__(self, index: Any) -> Any:
        """Returns a Pair for a number, Pairs for a slice."""
        if isinstance(index, slice):
            return self.take(np.arange(len(self))[index])
        return next(self._some(range(len(self))[index], 1))

    def _some(self, start: int, size: int = BLOCK) -> Iterator[Pair]:
        """Yields `size` pairs from `start` on."""
        starts = self.starts[start : start + size + 1]
        sounds = self.pronunciations.part(starts[0], starts[-1])
        phonemes = [self.phonemes[id] for id in sounds.ids.tolist()]
        each = [tuple(phonemes[i:j]) for i, j in pairwise(sounds.starts.tolist())]
        words, own = texts(self.words.part(start, start + size)), (starts - starts[0]).tolist()
        for word, (i, j) in zip(words, pairwise(own), strict=True):
            yield Pair(word, tuple(each[i:j]))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(self) != len(other):
            return False
        return all(map(operator.eq, self, other))

    def each_word(self) -> Iterator[str]:
        return chain.from_iterable(map(texts, self.words.blocks()))

    def without_words(self) -> "Pairs":
        """Returns the pronunciations alone, as a language model learns them."""
        return dataclasses.replace(self, words=code_points([""] * len(self)))

    def with_words(self, words: Iterable[str]) -> "Pairs":
        """Returns the same pronunciations of other words."""
        parts = iter(words)
        blocks = iter(lambda: list(islice(parts, BLOCK)), [])
        return dataclasses.replace(self, words=Ragged.concatenate(map(code_points, blocks)))

    @classmethod
    def concatenate(cls, parts: Iterable["Pairs"]) -> "Pairs":
        """Returns the pairs of all parts, one after the other."""
        return cls.of(chain.from_iterable(parts))

    def map_phonemes(self, change: Callable[[str], str]) -> "Pairs":
        """Returns the pairs with each phoneme changed; `change` is called once for each."""
        index: defaultdict[str, int] = defaultdict(lambda: len(index))
        table = narrow(np.array([index[change(phoneme)] for phoneme in self.phonemes], int))
        changed = (Ragged(table[block.ids], block.starts) for block in self.pronunciations.blocks())
        pronunciations = Ragged.concatenate(changed)
        return dataclasses.replace(self, pronunciations=pronunciations, phonemes=tuple(index))

    def take(self, indices: Array) -> "Pairs":
        """Returns the pairs with these indices, in this order."""
        rows = Ragged(np.arange(len(self.pronunciations)), self.starts).take(indices)
        words, sounds = self.words.take(indices), self.pronunciations.take(rows.ids)
        return Pairs(words, sounds, rows.starts, self.phonemes, self._weights(rows.ids))

    def _weights(self, rows: Array) -> Array | None:
        return None if self.weights is None else self.weights[rows]

    @property
    def owners(self) -> Array:
        """Returns the index of the word of each pronunciation."""
        return np.repeat(np.arange(len(self), dtype=self.starts.dtype), np.diff(self.starts))

    def merged(self) -> "Pairs":
        """Returns one pair for each word, where it came first, with its different pronunciations.

        A dict of all words would need more memory than everything else: hashes, sorted, show which
        words may come again, and a dict of those tells them apart.
        """
        owners = self.owners
        hashes = np.fromiter(map(hash, self.each_word()), np.int64, len(self))[owners]
        ranked = np.sort(hashes)
        again = np.flatnonzero(np.isin(hashes, ranked[1:][ranked[1:] == ranked[:-1]]))
        if not len(again):
            return self
        first, kept = np.arange(len(owners)), np.ones(len(owners), bool)  # for each pronunciation
        one_each = np.arange(len(again) + 1)
        words, sounds = self.words.take(owners[again]), self.pronunciations.take(again)
        seen: dict[object, int] = {}
        for row, pair in zip(
            again.tolist(), Pairs(words, sounds, one_each, self.phonemes), strict=True
        ):
            first[row] = seen.setdefault(pair.word, row)
            kept[row] = seen.setdefault(pair, row) == row
        rows = np.flatnonzero(kept)
        rows = rows[np.argsort(first[rows], kind="stable")]
        leaders, counts = np.unique(first[rows], return_counts=True)
        words, sounds = self.words.take(owners[leaders]), self.pronunciations.take(rows)
        return Pairs(words, sounds, borders(counts), self.phonemes, self._weights(rows))
