"""Scores of pronunciations against references: WER, PER and their uncertainty.

A word is wrong if it equals none of its references. Phoneme errors are counted against the nearest
reference, as Toshniwal and Livescu do ("Jointly learning to align and convert graphemes to
phonemes", 2016). Figures of different dictionaries, editions, or with and without stress cannot be
compared.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Examination(NamedTuple):
    """What a model in training can do."""

    metrics: dict[str, float]  # with "wer", by which the best epoch is chosen, if it answers words
    summary: str
    answers: str  # some, to be read


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


def alignment(a: Sequence[str], b: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of symbols that turn `a` into `b` with the fewest edits; "" stands for no symbol.

    Of equally short ways it takes substitutions before insertions and deletions.
    """
    best: dict[tuple[int, int], int] = {}  # [i, j]: distance of a[:i] and b[:j]
    for i in range(len(a) + 1):
        for j in range(len(b) + 1):
            best[i, j] = i + j
            if i and j:
                substituted = best[i - 1, j - 1] + (a[i - 1] != b[j - 1])
                best[i, j] = min(substituted, best[i - 1, j] + 1, best[i, j - 1] + 1)
    pairs, i, j = [], len(a), len(b)
    while i or j:
        if i and j and best[i, j] == best[i - 1, j - 1] + (a[i - 1] != b[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((a[i], b[j]))
        elif i and best[i, j] == best[i - 1, j] + 1:
            i -= 1
            pairs.append((a[i], ""))
        else:
            j -= 1
            pairs.append(("", b[j]))
    return pairs[::-1]


def mcnemar(only_a: int, only_b: int) -> float:
    """The probability that a fair coin parts the words that one system alone has right so unevenly.

    McNemar's test (1947), exact and two-sided, of systems that answered the same words.
    """
    n = only_a + only_b
    tail = sum(math.comb(n, k) for k in range(min(only_a, only_b) + 1))
    return min(1.0, 2 * tail / 2**n)


def reliability(
    probabilities: Sequence[float], right: Sequence[bool], bins: int = 10
) -> list[tuple[int, float, float]]:
    """For bins of equal width: how many answers, their mean probability, the share that is right.

    Bins without answers are left out.
    """
    grouped: dict[int, list[tuple[float, bool]]] = {}
    for p, is_right in zip(probabilities, right, strict=True):
        grouped.setdefault(min(int(p * bins), bins - 1), []).append((p, is_right))
    counted = []
    for _, members in sorted(grouped.items()):
        p, hits = (math.fsum(values) / len(members) for values in zip(*members, strict=True))
        counted.append((len(members), p, hits))
    return counted


def calibration_error(
    probabilities: Sequence[float], right: Sequence[bool], bins: int = 10
) -> float:
    """The mean difference between an answer's probability and the share of such that is right.

    The expected calibration error of Naeini et al. (2015): over bins of equal width, weighted by
    the answers in them.
    """
    counted = reliability(probabilities, right, bins)
    return sum(n * abs(p - hits) for n, p, hits in counted) / sum(n for n, _, _ in counted)


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
