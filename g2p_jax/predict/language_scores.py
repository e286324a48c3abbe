"""Scores of each language of a model that knows many, and their means."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from g2p_jax.data.pairs import Pair
from g2p_jax.data.ragged import Array
from g2p_jax.data.symbols import Symbols
from g2p_jax.predict.pronunciation import Answer
from g2p_jax.scoring import Score, edit_distance

COLUMNS = "WER", "PER", "first WER", "characters"
HEADER = f"{'language':10s} {'words':>6s} " + " ".join(f"{name:>10s}" for name in COLUMNS)
SAMPLES = 1000  # of the bootstrap


def language_table(
    pairs: Iterable[Pair], answers: Iterable[Answer], scores: Iterable[Score], symbols: Symbols
) -> list[str]:
    """Returns a line for each language, and one for the means of all with 95 % intervals.

    WER and PER, over phones, are against the nearest reference. The last two columns are against
    the first reference, as in Zhu, Zhang and Jurgens, "ByT5 model for massively multilingual
    grapheme-to-phoneme conversion", 2022: its PER is an edit distance of characters. Intervals are
    those of a bootstrap over the words of each language.
    """
    counts: dict[str, list[list[int]]] = defaultdict(list)
    for pair, answer, one in zip(pairs, answers, scores, strict=True):
        language, first = symbols.named(pair.word)[0], "".join(pair.pronunciations[0])
        distance = edit_distance("".join(answer.best.phonemes), first)
        errors = one.word_errors, one.phoneme_errors, int(distance > 0), distance
        counts[language].append([*errors, 1, one.phonemes, 1, len(first)])
    lines, random, samples = [HEADER], np.random.default_rng(0), []
    for language in sorted(counts):
        count_WxC = np.array(counts[language])
        words = len(count_WxC)
        weight_NxW = random.multinomial(words, np.full(words, 1 / words), SAMPLES)
        samples.append(_rates(weight_NxW @ count_WxC))
        lines.append(_line(language, words, _rates(count_WxC.sum(axis=0))))
    total = sum(map(len, counts.values()))
    rates_LxC = [_rates(np.sum(counts[language], axis=0)) for language in counts]
    low, high = np.percentile(np.mean(samples, axis=0), (2.5, 97.5), axis=0)
    means = [_line("mean", total, np.mean(rates_LxC, axis=0))]
    return [*lines, *means, _line("from", total, low), _line("to", total, high)]


def _rates(counts: Array) -> Array:
    """Errors [..., 4], and of how many [..., 4], as rates [..., 4]."""
    return counts[..., :4] / np.maximum(counts[..., 4:], 1)


def _line(name: str, words: int, rates: Array) -> str:
    return f"{name:10s} {words:6,d} " + " ".join(f"{rate:10.2%}" for rate in rates)
