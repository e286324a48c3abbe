"""The lecture's sum problem as pairs: 12+345 -> 3 5 7."""

import random

from g2p_jax.data.lexicon import DataError
from g2p_jax.data.pairs import Pair

PREFIX = "sums:"
_DEFAULTS = {"digits": 2, "minus": 0, "count": 10_000, "seed": 0}


def read_options(name: str, prefix: str, defaults: dict[str, int]) -> dict[str, int]:
    """The numbers in "prefix:key=1,other=2", with defaults for the rest; DataError."""
    values = dict(defaults)
    for option in filter(None, name.removeprefix(prefix).split(",")):
        key, _, value = option.partition("=")
        if key not in values or not value.isdecimal():
            wanted = ", ".join(f"{key}={value}" for key, value in defaults.items())
            raise DataError(f"config.data: {name}: {option!r} is none of {wanted}")
        values[key] = int(value)
    return values


def read_sums(name: str) -> list[Pair]:
    """Different problems drawn at random: "sums:digits=3,minus=1,count=50000".

    digits: of each number, at most; minus: 1 for differences among them, which may be negative;
    count: how many problems, fewer if there are no more; seed: which.
    """
    values = read_options(name, PREFIX, _DEFAULTS)
    draw, limit = random.Random(values["seed"]), 10 ** values["digits"]
    signs = "+-" if values["minus"] else "+"
    problems = range(limit * limit * len(signs))
    pairs = []
    for number in draw.sample(problems, min(values["count"], len(problems))):
        rest, sign = divmod(number, len(signs))
        a, b = divmod(rest, limit)
        result = a + b if signs[sign] == "+" else a - b
        pairs.append(Pair(f"{a}{signs[sign]}{b}", (tuple(str(result)),)))
    return pairs
