"""Words and their pronunciations: the data of every task, ten million of them in little memory."""

import dataclasses
import operator
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, pairwise
from typing import NamedTuple, overload

import numpy as np

from g2p_jax.data.ragged import BLOCK, Array, Ragged, borders, narrow

Phonemes = tuple[str, ...]


class Pair(NamedTuple):
    """A word and all its pronunciations: the source and target alternatives of every task."""

    word: str
    pronunciations: tuple[Phonemes, ...]


def spell(texts: Sequence[str]) -> Ragged:
    """Texts as code points, in one byte each where all are Latin, like Python's own."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le"), "<u4")
    return Ragged(narrow(codes), borders(np.fromiter(map(len, texts), np.int64, len(texts))))


def running_text(spelt: Ragged) -> str:
    """The inverse of `spell`, as one text without borders."""
    codec = {1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}[spelt.ids.itemsize]
    return spelt.ids.tobytes().decode(codec)


def texts(spelt: Ragged) -> list[str]:
    """The inverse of `spell`."""
    text = running_text(spelt)
    return [text[start:end] for start, end in pairwise(spelt.starts.tolist())]


class _Numbers(dict[str, int]):
    """Numbers phonemes as they come; those that are the same when clean get the same number."""

    def __init__(self, clean: Callable[[str], str]):
        self.clean = clean
        self.known: dict[str, int] = {}  # clean ones

    def __missing__(self, phoneme: str) -> int:
        self[phoneme] = self.known.setdefault(self.clean(phoneme), len(self.known))
        return self[phoneme]


@dataclasses.dataclass(frozen=True, eq=False)
class Pairs(Sequence[Pair]):
    """A sequence of Pair that keeps some thirty bytes for each, where objects need a thousand.

    Walk through it: each step is as cheap as in a list, while `pairs[i]` has to look things up.
    """

    words: Ragged  # code points
    sounds: Ragged  # each pronunciation of each word, as indices of `phonemes`
    starts: Array  # the pronunciations of word i are starts[i] to before starts[i + 1]
    phonemes: tuple[str, ...]  # all different

    @classmethod
    def of(
        cls,
        pairs: Iterable[tuple[str, Sequence[Sequence[str]]]],
        clean: Callable[[str], str] = str,
    ) -> "Pairs":
        """Packs (word, pronunciations) as they come; keeps what is packed already.

        clean: what to make of a phoneme; asked once for each different one.
        """
        if isinstance(pairs, Pairs):
            return pairs
        number = _Numbers(clean)
        letters, sounds = bytearray(), array("I")
        word_lengths, sound_lengths, counts = array("I"), array("I"), array("I")
        for word, pronunciations in pairs:  # lists of lists would keep the garbage collector busy
            letters += word.encode("utf-32-le")
            word_lengths.append(len(word))
            counts.append(len(pronunciations))
            for phonemes in pronunciations:
                sounds.extend(map(number.__getitem__, phonemes))
                sound_lengths.append(len(phonemes))
        return cls(
            Ragged(narrow(np.frombuffer(letters, "<u4")), borders(np.asarray(word_lengths))),
            Ragged(narrow(np.asarray(sounds)), borders(np.asarray(sound_lengths))),
            borders(np.asarray(counts)),
            tuple(number.known),
        )

    def __len__(self) -> int:
        return len(self.words)

    def __iter__(self) -> Iterator[Pair]:
        return chain.from_iterable(map(self._some, range(0, len(self), BLOCK)))

    @overload
    def __getitem__(self, index: int) -> Pair: ...
    @overload
    def __getitem__(self, index: slice) -> "Pairs": ...
    def __getitem__(self, index: int | slice) -> "Pair | Pairs":
        if isinstance(index, slice):
            return self.take(np.arange(len(self))[index])
        return next(self._some(range(len(self))[index], 1))

    def _some(self, start: int, size: int = BLOCK) -> Iterator[Pair]:
        starts = self.starts[start : start + size + 1]
        sounds = self.sounds.part(starts[0], starts[-1])
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
        """Only the pronunciations, as a language model learns them."""
        return dataclasses.replace(self, words=spell([""] * len(self)))

    def spelt_out(self) -> "Pairs":
        """Each word with its characters in place of phonemes, for a language model of spelling."""
        return Pairs.of((word, [tuple(word)]) for word in self.each_word())

    def take(self, indices: Array) -> "Pairs":
        """These pairs, in this order."""
        rows = Ragged(np.arange(len(self.sounds)), self.starts).take(indices)
        words, sounds = self.words.take(indices), self.sounds.take(rows.ids)
        return Pairs(words, sounds, rows.starts, self.phonemes)

    @property
    def owners(self) -> Array:
        """Which word each pronunciation is one of."""
        return np.repeat(np.arange(len(self), dtype=self.starts.dtype), np.diff(self.starts))

    def merged(self) -> "Pairs":
        """One pair for each word, where it came first, with all its different pronunciations.

        Words that come again are found by their hashes, but told apart by their letters: a dict of
        all words would need more memory than everything else.
        """
        owners = self.owners
        hashes = np.fromiter(map(hash, self.each_word()), np.int64, len(self))[owners]
        order = np.argsort(hashes, kind="stable")
        ranked = hashes[order]
        again = order[(ranked == np.roll(ranked, 1)) | (ranked == np.roll(ranked, -1))]
        if not len(again):
            return self
        first, kept = np.arange(len(order)), np.ones(len(order), bool)
        one_each = np.arange(len(again) + 1)
        several = Pairs(
            self.words.take(owners[again]), self.sounds.take(again), one_each, self.phonemes
        )
        seen: dict[object, int] = {}
        last = None
        for row, key, pair in zip(again, hashes[again], several, strict=True):
            if key != last:
                seen, last = {}, key
            first[row] = seen.setdefault(pair.word, row)
            kept[row] = seen.setdefault(pair, row) == row
        rows = np.flatnonzero(kept)
        rows = rows[np.argsort(first[rows], kind="stable")]
        leaders, counts = np.unique(first[rows], return_counts=True)
        words, sounds = self.words.take(owners[leaders]), self.sounds.take(rows)
        return Pairs(words, sounds, borders(counts), self.phonemes)
