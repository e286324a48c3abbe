"""Scores of pronunciations against references: WER, PER and their uncertainty.

A word is wrong if it equals none of its references. Phoneme errors are counted against the nearest
reference, as Toshniwal and Livescu do ("Jointly learning to align and convert graphemes to
phonemes", 2016). Figures of different dictionaries, editions, or with and without stress cannot be
compared.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


def edit_distance(a: Sequence[object], b: Sequence[object]) -> int:
    """The least number of insertions, deletions and substitutions that turn `a` into `b`."""
    row = list(range(len(b) + 1))  # row[j] = distance of the part of a so far and b[:j]
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            substituted = diagonal + (x != y)
            diagonal = row[j]
            row[j] = min(substituted, row[j] + 1, row[j - 1] + 1)
    return row[-1]


@dataclass(frozen=True)
class Score:
    """Counts that add up over words; the rates are fractions, and nan when nothing was counted."""

    words: int = 0
    word_errors: int = 0  # equal to no reference
    single_errors: int = 0  # not equal to the first reference
    phoneme_errors: int = 0  # edit distance to the nearest reference
    phonemes: int = 0  # in those nearest references

    @property
    def wer(self) -> float:
        """Word error rate against any reference: the field's headline figure."""
        return _ratio(self.word_errors, self.words)

    @property
    def single_wer(self) -> float:
        """Word error rate against the first reference only."""
        return _ratio(self.single_errors, self.words)

    @property
    def per(self) -> float:
        """Phoneme error rate against the nearest reference; can exceed 1."""
        return _ratio(self.phoneme_errors, self.phonemes)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the word error rate (Wilson 1927), for words drawn at random.

        It does not tell whether two systems differ on the same words: that needs a paired test.
        """
        if not self.words:
            return 0.0, 1.0
        z2, n, p = 1.959964**2, self.words, self.wer
        centre = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = math.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n))) / (1 + z2 / n)
        return max(0.0, centre - half), min(1.0, centre + half)

    def __add__(self, other: "Score") -> "Score":
        return Score(
            self.words + other.words,
            self.word_errors + other.word_errors,
            self.single_errors + other.single_errors,
            self.phoneme_errors + other.phoneme_errors,
            self.phonemes + other.phonemes,
        )

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"WER {self.wer:.2%} ({low:.2%} to {high:.2%}), PER {self.per:.2%}, "
            f"first-reference WER {self.single_wer:.2%}, {self.words:,} words"
        )


def score(hypothesis: Sequence[str], references: Sequence[Sequence[str]]) -> Score:
    """Scores one word; of equally near references the shorter counts.

    Raises ValueError if there is no reference.
    """
    if not references:
        raise ValueError("a word needs at least one reference pronunciation to be scored")
    hypothesis = tuple(hypothesis)
    answers = [tuple(reference) for reference in references]
    if hypothesis in answers:
        return Score(1, 0, int(hypothesis != answers[0]), 0, len(hypothesis))
    errors, phonemes = min((edit_distance(hypothesis, answer), len(answer)) for answer in answers)
    return Score(1, 1, 1, errors, phonemes)


def score_all(
    hypotheses: Iterable[Sequence[str]], references: Iterable[Sequence[Sequence[str]]]
) -> Score:
    """Scores words given in the order of their references; ValueError if the numbers differ."""
    return sum((score(*word) for word in zip(hypotheses, references, strict=True)), Score())


def _ratio(count: int, total: int) -> float:
    return count / total if total else math.nan
