"""A small corpus for translation: numbers in English and in German."""

import heapq
import random

from g2p_jax.data.pairs import Pair
from g2p_jax.data.sums import read_options

PREFIX = "numbers:"
_DEFAULTS = {"count": 20_000, "seed": 0}

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


def read_numbers(name: str) -> list[Pair]:
    """Different numbers below a million, drawn at random: "numbers:count=20000,seed=0".

    The share of a number n is as 1 / (n + 1), so that all lengths are there: drawn alike, 999 of
    1,000 would be above a thousand.
    123 is "one hundred and twenty-three" -> "ein hundert drei und zwanzig": German puts the last
    digit before the tens, which a model must learn to see. (German spelling joins the words.)
    """
    values = read_options(name, PREFIX, _DEFAULTS)
    wait = random.Random(values["seed"]).expovariate  # those that come first (Efraimidis 2006)
    numbers = heapq.nsmallest(values["count"], range(10**6), key=lambda n: wait(1 / (n + 1)))
    return [Pair(english(n), (tuple(german(n).split()),)) for n in numbers]


def english(n: int) -> str:
    """0 <= n < 1,000,000 in words."""
    if n < 20:
        return _ENGLISH[n]
    if n < 100:
        return _ENGLISH_TENS[n // 10] + (f"-{_ENGLISH[n % 10]}" if n % 10 else "")
    size, name = (1000, "thousand") if n >= 1000 else (100, "hundred")
    head, rest = f"{english(n // size)} {name}", n % size
    return f"{head} {'and ' if rest < 100 else ''}{english(rest)}" if rest else head


def german(n: int) -> str:
    """The same in German, each part a word of its own."""
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
