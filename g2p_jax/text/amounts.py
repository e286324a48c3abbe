"""Numbers as people write them, in words: amounts, times, dates, ranges, units, decades."""

import re
from collections.abc import Callable

from g2p_jax.text import numbers
from g2p_jax.text.numbers import cardinal, each_digit
from g2p_jax.text.shadow import CURRENCIES
from g2p_jax.text.tables import (
    CURRENCY,
    IN_ADDRESSES,
    MAGNITUDES,
    MONTHS,
    ONE_FORM,
    PLURALS,
    SCALES,
    SIGNS,
    UNITS,
)  # fmt: skip

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
_UNIT = "|".join(map(re.escape, sorted(UNITS, key=len, reverse=True)))
_SUFFIX = rf"(?:{_UNIT}|{'|'.join(MAGNITUDES)})"
_SIGN = {"-": ["minus"], "+": ["plus"], "±": ["plus", "or", "minus"], "": []}
YEAR = re.compile(r"1[1-9]\d\d|20\d\d")
_PLAIN = re.compile(r"\d{4}")
_FRACTIONS = {"2", "3", "4", "5", "6", "7", "8", "9", "10", "16", "32", "100", "1000"}
_CENTS = {"£": ("penny", "pence")}
Word = Callable[[str], list[str]]
_RUNS = re.compile(r"[²³]|\d+|'?[sS]\b|[^\W\d_²³]+(?:'s)?|[^\w\s]|_")


def read(text: str, word: Word, after: str = "", is_year: bool = False) -> list[str]:
    """Returns the words of a number.

    Args:
      text: of a piece of the kind "number", in plain characters.
      word: how letters in it are read.
      after: the word after it; before "million" a currency is left out, which follows that.
      is_year: how four digits are read.
    """
    if re.search(f"[{CURRENCIES}]", text):
        text = re.sub(r"(?<=\d),(?=\d\d(?!\d))", ".", text)  # €1,50
    for pattern, words in _FORMS:
        if match := pattern.fullmatch(text):
            if (found := words(*match.groups(""))) is not None:
                return found
    if match := _AMOUNT.fullmatch(text):
        return _amount(*match.groups(""), after=after, is_year=is_year)
    if (match := _RANGE.fullmatch(text)) and all(re.search(r"\d", side) for side in match.groups()):
        return _range(*match.groups(), word=word, after=after)
    return in_parts(text, word) if "-" in text else mixed(text, word)


def currency(text: str) -> list[str]:
    """Returns what the currency of an amount is called: dollars for $5; nothing without one."""
    match = re.search(f"[A-Z]*[{CURRENCIES}]", text)
    if not match or match[0] == "¢":
        return []
    return [*match[0][:-1], units(CURRENCY[match[0][-1]])]


def units(name: str, one: bool = False) -> str:
    """Returns a unit in the plural: miles per hour; or of one."""
    head, per, rest = name.partition(" per ")
    first, space, last = head.rpartition(" ")
    if first == "degree":
        return f"{units(first, one)} {last}"
    if one or last in ONE_FORM:
        return name
    return f"{first}{space}{PLURALS.get(last, last + 's')}{per}{rest}"


def in_parts(text: str, word: Word) -> list[str]:
    """Returns the parts between hyphens: 3-year-old, $20-a-day, post-9/11."""
    words = list[str]()
    for part in filter(None, text.split("-")):
        if re.match(rf"[.{CURRENCIES}]?\d", part):
            words += read(part, word, is_year=bool(YEAR.fullmatch(part)))
        else:
            words += ["a"] if part == "a" else word(part)
    return words


def mixed(text: str, word: Word) -> list[str]:
    """Returns letters and numbers as they follow each other: 3D, 4x4, 1.2.3."""
    words, runs = list[str](), _RUNS.findall(text)
    if runs[0] in CURRENCY:
        runs = [*runs[1:], runs[0]]
    for before, run, after in zip(["", *runs], runs, [*runs[1:], ""], strict=False):
        if run.isdecimal():
            words += each_digit(run) if len(run) > 9 else cardinal(run)
        elif run.lower() in ("s", "'s") and before.isdecimal():
            words[-1] += "'s"
        elif run == "." and before.isdecimal() and after.isdecimal():
            words.append("point")
        elif run in SIGNS:
            words += SIGNS[run].split()
        elif run[0].isalpha():
            words += word(run)
    return words


def address(text: str, word: Word) -> list[str]:
    """Returns the parts of an address, and its signs: w w w dot example dot com."""
    words = list[str]()
    camel = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    for run in re.findall(r"\d+|[^\W\d_]+|[^\w\s]|_", camel):
        if run.isdecimal():
            words += cardinal(run)
        else:
            words += word(run) if run.isalpha() else IN_ADDRESSES.get(run, "").split()
    return words


def digits(text: str) -> list[str]:
    """Returns the digits of a telephone number."""
    return (["plus"] if text.startswith("+") else []) + each_digit(re.sub(r"\D", "", text))


def _decimal(number: str) -> list[str]:
    whole, point, after = number.replace(",", "").partition(".")
    words = cardinal(whole) if whole else []
    return [*words, "point", *each_digit(after)] if point else words


def _amount(
    sign: str, country: str, symbol: str, number: str, suffix: str, *, after: str, is_year: bool
) -> list[str]:
    """Returns the words of a number with what it counts: $3.50, 10kg, 20%, £5m."""
    scale = [MAGNITUDES[suffix]] if symbol and suffix in MAGNITUDES else []
    words, one = _decimal(number), number == "1"
    if not (sign or symbol or suffix):
        if is_year and _PLAIN.fullmatch(number):
            return numbers.year(number)
        return each_digit(number) if number.isdecimal() and len(number) > 9 else words
    if symbol:
        name, (whole, _, cents) = CURRENCY[symbol], number.partition(".")
        if after in SCALES:
            pass
        elif len(cents) == 2 and not scale and symbol != "¢":
            words = _money(whole.replace(",", ""), cents, name, symbol)
        else:
            words += [*scale, *country, units(name, one and not scale)]
    elif suffix in CURRENCY:
        words.append(units(CURRENCY[suffix], one))
    elif suffix in UNITS:
        words += units(UNITS[suffix], one).split()
    elif suffix:
        words.append(suffix.upper() if len(suffix) == 1 else MAGNITUDES[suffix])  # 4K, 10k
    return _SIGN[sign] + words


def _money(whole: str, cents: str, name: str, symbol: str) -> list[str]:
    penny, pence = _CENTS.get(symbol, ("cent", "cents"))
    words = [*cardinal(whole or "0"), units(name, whole == "1")]
    if not int(cents):
        return words
    small = [*cardinal(str(int(cents))), penny if int(cents) == 1 else pence]
    return [*words, "and", *small] if whole.strip("0") else small


def _time(hours: str, minutes: str, seconds: str, half: str) -> list[str] | None:
    if int(hours) > 24 or int(minutes) > 59:
        return None
    words = numbers.clock(hours, minutes)
    if half and not int(minutes):
        words = cardinal(str(int(hours)))
    if seconds:
        words += ["and", *cardinal(str(int(seconds))), "seconds"]
    return words + [letter.upper() for letter in half if letter.isalpha()]


def _hour(hours: str, half: str) -> list[str]:
    return [*cardinal(hours), *(letter.upper() for letter in half if letter.isalpha())]


def _date(year: str, month: str, day: str) -> list[str] | None:
    if not (0 < int(month) < 13 and 0 < int(day) < 32):
        return None
    year = year if len(year) == 4 else ("19" if int(year) > 50 else "20") + year
    return [MONTHS[int(month) - 1], *numbers.ordinal(day), *numbers.year(year)]


def _slashed(first: str, second: str, year: str) -> list[str] | None:
    month, day = (second, first) if int(first) > 12 else (first, second)  # America's order
    return _date(year, month, day)


def _decade(number: str) -> list[str]:
    return numbers.plural(numbers.year(number) if len(number) == 4 else cardinal(number))


def _fraction(whole: str, above: str, below: str) -> list[str]:
    if below not in _FRACTIONS or int(above) >= int(below):
        return [word for part in (whole, above, below) if part for word in cardinal(part)]
    words = numbers.fraction(above, below)
    if not whole:
        return words
    return [*cardinal(whole), "and", "a" if above == "1" else words[0], *words[1:]]


def _range(low: str, high: str, *, word: Word, after: str) -> list[str]:
    if low[0] in CURRENCIES and high[0] not in CURRENCIES:  # $5-10
        low, high = low[1:], low[0] + high
    years = bool(_PLAIN.fullmatch(low))
    return [*read(low, word, after, years), "to", *read(high, word, after, years)]


_AMOUNT = re.compile(
    rf"([-+±]?)([A-Z]*)([{CURRENCIES}]?) ?({_NUMBER})-?({_SUFFIX}|[{CURRENCIES}])?"
)
_RANGE = re.compile(r"([^-–]+)[-–]([^-–]+)")
_Words = Callable[..., list[str] | None]
_FORMS: list[tuple[re.Pattern[str], _Words]] = [
    (re.compile(pattern), words)
    for pattern, words in (
        ("(911)", each_digit),
        (r"((?:\d{3}|\d{5})-\d{4})", digits),
        (r"(\d\d?)'(\d\d?)\"", lambda a, b: [*cardinal(a), "feet", *cardinal(b), "inches"]),
        (r"(\d+(?:-\d+){2,})", lambda text: None if re.match(r"\d{4}-", text) else digits(text)),
        (r"(\d{4})([-/])(\d\d?)\2(\d\d?)", lambda y, _, m, d: _date(y, m, d)),
        (r"(\d\d?)/(\d\d?)/(\d{4}|\d\d)", _slashed),
        (r"(\d\d?):(\d\d)(?::(\d\d))?([ap]m|[AP]M|)", _time),
        (r"(\d\d?)([ap]m|[AP]M)", _hour),
        (r"(\d\d?)\.([0-5]\d)([ap]m|[AP]M)", lambda h, m, half: _time(h, m, "", half)),
        (r"(\d+):(\d+)", lambda a, b: [*cardinal(a), "to", *cardinal(b)]),
        (r"'?(\d0|\d{3,})'?s", _decade),
        (r"'(\d\d)", lambda number: numbers.year("19" + number)[1:]),
        (r"(\d[\d,]*)(?i:st|nd|rd|th)", lambda n: numbers.ordinal(n.replace(",", ""))),
        (r"(\d+)x(\d+)", lambda a, b: [*cardinal(a), "by", *cardinal(b)]),
        (r"(?:(\d{1,9}) )?(\d{1,4})/(\d{1,4})", _fraction),
    )
]  # fmt: skip
