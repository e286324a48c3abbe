"""Pairs that need no file: the lecture's sums, and numbers in English and German to translate."""

import heapq
import inspect
import random
from collections.abc import Callable

from g2p_jax import config
from g2p_jax.data.pairs import Pair
from g2p_jax.errors import DataError

_ENGLISH = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
_ENGLISH_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
_GERMAN = (
    "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn "
    "sechzehn siebzehn achtzehn neunzehn"
).split()
_GERMAN_TENS = "_ _ zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split()


def sums(digits: int = 2, minus: int = 0, count: int = 10_000, seed: int = 0) -> list[Pair]:
    """Returns `count` different problems, 12+345 -> 3 5 7, drawn at random, or all there are.

    digits: of each number, at most; minus: 1 for differences among them, which may be negative.
    """
    limit, signs = 10**digits, "+-" if minus else "+"
    problems = range(limit * limit * len(signs))
    pairs = []
    for number in random.Random(seed).sample(problems, min(count, len(problems))):
        rest, sign = divmod(number, len(signs))
        a, b = divmod(rest, limit)
        result = a + b if signs[sign] == "+" else a - b
        pairs.append(Pair(f"{a}{signs[sign]}{b}", (tuple(str(result)),)))
    return pairs


def numbers(count: int = 20_000, seed: int = 0) -> list[Pair]:
    """Returns `count` different numbers below a million, drawn at random, in English and German.

    A number n has a weight of 1 / (n + 1), so that all lengths are there: with equal weights, 999
    of 1,000 would be above a thousand.
    123 is "one hundred and twenty-three" -> "ein hundert drei und zwanzig": German puts the last
    digit before the tens, which a model must learn to see. (German spelling joins the words.)
    """
    wait = random.Random(seed).expovariate  # the first to come are drawn (Efraimidis 2006)
    drawn = heapq.nsmallest(count, range(10**6), key=lambda n: wait(1 / (n + 1)))
    return [Pair(english(n), (tuple(german(n).split()),)) for n in drawn]


def english(n: int) -> str:
    """Returns 0 <= n < 1,000,000 in words."""
    if n < 20:
        return _ENGLISH[n]
    if n < 100:
        return _ENGLISH_TENS[n // 10] + (f"-{_ENGLISH[n % 10]}" if n % 10 else "")
    size, name = (1000, "thousand") if n >= 1000 else (100, "hundred")
    head, rest = f"{english(n // size)} {name}", n % size
    return f"{head} {'and ' if rest < 100 else ''}{english(rest)}" if rest else head


def german(n: int) -> str:
    """Returns the same in German, each part a word of its own."""
    if n == 1:
        return "eins"
    if n < 20:
        return _GERMAN[n]
    if n < 100:
        tens = _GERMAN_TENS[n // 10]
        return f"{_GERMAN[n % 10]} und {tens}" if n % 10 else tens
    size, name = (1000, "tausend") if n >= 1000 else (100, "hundert")
    count = "ein" if n // size == 1 else german(n // size)
    count = count.removesuffix("s") if count.endswith("eins") else count
    return f"{count} {name}" + (f" {german(n % size)}" if n % size else "")


def generate(name: str) -> list[Pair] | None:
    """Returns the pairs of a name like "sums:digits=3,minus=1", None for other names; DataError."""
    kind, colon, options = name.partition(":")
    generators: dict[str, Callable[..., list[Pair]]] = {"sums": sums, "numbers": numbers}
    generator = generators.get(kind)
    if not colon or not generator:
        return None
    defaults = {key: p.default for key, p in inspect.signature(generator).parameters.items()}
    try:
        return generator(**config.options(options, **defaults))
    except ValueError as error:
        raise DataError(f"config.data: {name}: {error}") from error
