"""Scores of pronunciations against references: WER, PER and their uncertainty.

A word is wrong if it equals none of its references. Phoneme errors are counted against the nearest
reference, as in Toshniwal and Livescu ("Jointly learning to align and convert graphemes to
phonemes", 2016). Scores on different dictionaries or editions, or with and without stress, cannot
be compared. SciPy's statistics take most of a second to import: only the comparison waits for them.
"""

import math
import operator
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from g2p_jax.errors import checked, counted


class Score(NamedTuple):
    """Counts that add up over words; the rates are fractions, and nan when nothing was counted."""

    words: int = 0
    word_errors: int = 0  # equal to no reference
    single_errors: int = 0  # not equal to the first reference
    phoneme_errors: int = 0  # edit distance to the nearest reference
    phonemes: int = 0  # of those nearest references

    @property
    def wer(self) -> float:
        """Word error rate against any reference: the field's headline figure."""
        return self.word_errors / self.words if self.words else math.nan

    @property
    def single_wer(self) -> float:
        """Word error rate against the first reference only."""
        return self.single_errors / self.words if self.words else math.nan

    @property
    def per(self) -> float:
        """Phoneme error rate against the nearest reference; can exceed 1."""
        return self.phoneme_errors / self.phonemes if self.phonemes else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the word error rate (Wilson 1927), for words drawn at random.

        It does not tell whether two systems differ on the same words: that needs a paired test.
        """
        n, errors, z = self.words, self.word_errors, NormalDist().inv_cdf(0.975)
        if not n:
            return 0.0, 1.0
        centre = (errors + z * z / 2) / (n + z * z)
        half = z / (n + z * z) * math.sqrt(errors * (n - errors) / n + z * z / 4)
        return max(centre - half, 0.0), min(centre + half, 1.0)

    def __add__(self, other: "Score") -> "Score":  # type: ignore[override]
        return Score(*map(operator.add, self, other))

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"WER {self.wer:.2%} ({low:.2%} to {high:.2%}), PER {self.per:.2%}, "
            f"first-reference WER {self.single_wer:.2%}, {counted(self.words, 'word')}"
        )


@checked
def score(hypothesis: str | Sequence[str], references: Iterable[str | Sequence[str]]) -> Score:
    """Scores one word; among equally near references the shortest counts.

    A pronunciation is a sequence of phonemes, or a string with spaces between them. Raises
    ValueError if there is no reference.
    """
    predicted, *known = (
        tuple(p.split() if isinstance(p, str) else p) for p in (hypothesis, *references)
    )
    if not known:
        raise ValueError("a word needs at least one reference pronunciation to be scored")
    if predicted in known:
        return Score(1, 0, int(predicted != known[0]), 0, len(predicted))
    errors, phonemes = min((edit_distance(predicted, each), len(each)) for each in known)
    return Score(1, 1, 1, errors, phonemes)


def score_each(
    hypotheses: Iterable[Sequence[str]], references: Iterable[Iterable[Sequence[str]]]
) -> list[Score]:
    """Scores words given in the order of their references; ValueError if the numbers differ."""
    return [score(*word) for word in zip(hypotheses, references, strict=True)]


def score_all(
    hypotheses: Iterable[Sequence[str]], references: Iterable[Iterable[Sequence[str]]]
) -> Score:
    """Returns the sum of the scores of all words; see `score_each`."""
    return sum(score_each(hypotheses, references), Score())


def both_right(a: Iterable[Score], b: Iterable[Score]) -> Counter[tuple[bool, bool]]:
    """Counts by whether two systems have a word right: (True, False) if only the first has."""
    return Counter((not x.word_errors, not y.word_errors) for x, y in zip(a, b, strict=True))


def mcnemar(only_a: int, only_b: int) -> float:
    """Returns the probability that equally good systems differ on as many words as unevenly.

    McNemar's test (1947), exact and two-sided, of the words that one of the systems alone has
    right.
    """
    from scipy.stats import binomtest

    n = only_a + only_b
    return float(binomtest(only_a, n).pvalue) if n else 1.0


def edit_distance(a: Sequence[object], b: Sequence[object]) -> int:
    """The least number of insertions, deletions and substitutions that turn `a` into `b`."""
    return _distances(a, b)[-1][-1]


def alignment(a: Sequence[str], b: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of symbols that turn `a` into `b` with the fewest edits; "" stands for no symbol.

    Where several alignments have as few, substitutions come before deletions and insertions, seen
    from the end.
    """
    distance = _distances(a, b)
    pairs, i, j = [], len(a), len(b)
    while i or j:
        if i and j and distance[i][j] == distance[i - 1][j - 1] + (a[i - 1] != b[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((a[i], b[j]))
        elif i and distance[i][j] == distance[i - 1][j] + 1:
            i -= 1
            pairs.append((a[i], ""))
        else:
            j -= 1
            pairs.append(("", b[j]))
    return pairs[::-1]


def confusions(a: Iterable[Sequence[str]], b: Iterable[Sequence[str]]) -> Counter[tuple[str, str]]:
    """How often a symbol of `a` is aligned with another one of `b`; "" stands for no symbol."""
    aligned = (pair for x, y in zip(a, b, strict=True) if x != y for pair in alignment(x, y))
    return Counter((x, y) for x, y in aligned if x != y)


def _distances(a: Sequence[object], b: Sequence[object]) -> list[list[int]]:
    """Edit distances of all prefixes: [i][j] is that of a[:i] and b[:j]."""
    rows = [list(range(len(b) + 1))]
    for i, x in enumerate(a, 1):
        above, row = rows[-1], [i]
        for j, y in enumerate(b, 1):
            row.append(min(above[j - 1] + (x != y), above[j] + 1, row[j - 1] + 1))
        rows.append(row)
    return rows


def reliability(
    probabilities: Sequence[float], right: Sequence[bool]
) -> list[tuple[int, float, float]]:
    """For ten bins of equal width: answers, mean probability, and share of right answers.

    Bins without answers are left out.
    """
    p, hits = np.asarray(probabilities), np.asarray(right)
    bin_of = np.minimum((p * 10).astype(int), 9)
    members = [bin_of == each for each in range(10)]
    return [(int(m.sum()), float(p[m].mean()), float(hits[m].mean())) for m in members if m.any()]


def calibration_error(probabilities: Sequence[float], right: Sequence[bool]) -> float:
    """Mean difference between the probability of answers and the share of them that is right.

    The expected calibration error of Naeini et al. (2015): over bins of equal width, weighted by
    the number of answers in them.
    """
    bins = reliability(probabilities, right)
    return sum(n * abs(p - hits) for n, p, hits in bins) / len(probabilities)
