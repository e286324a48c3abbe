"""Numbers as people write them, in words: amounts, times, dates, ranges, units, decades."""

import re
from collections.abc import Callable

from g2p_jax.text import dates, numbers
from g2p_jax.text.dates import Words
from g2p_jax.text.numbers import cardinal, each_digit
from g2p_jax.text.shadow import CURRENCIES
from g2p_jax.text.tables import (
    ATTACHED,
    CURRENCY,
    EACH,
    IN_ADDRESSES,
    MAGNITUDES,
    ONE_FORM,
    PLURALS,
    SCALES,
    SIGNS,
    UNITS,
)  # fmt: skip

_NUMBER = r"(?:\d{1,3}(?:,\d\d\d?)*,\d{3}(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
_UNIT = "|".join(map(re.escape, sorted(UNITS, key=len, reverse=True)))
_SUFFIX = rf"(?:{_UNIT}|{'|'.join(MAGNITUDES)})"
_SIGN = {"-": ["minus"], "+": ["plus"], "±": ["plus", "or", "minus"]}
YEAR = re.compile(r"1[1-9]\d\d|20\d\d")
_PLAIN = re.compile(r"\d{4}")
_FRACTIONS = {"2", "3", "4", "5", "6", "7", "8", "9", "10", "16", "32", "100", "1000"}
_CENTS = {"£": ("penny", "pence")}
Word = Callable[[str], list[str]]
_FRACTION = re.compile(r"(?:(\d{1,9})[ -])?(\d{1,4})/(\d{1,4})")
_EUROPEAN = re.compile(r"(?<![\d.])\d{1,3}(?:(?:\.\d{3})+,\d+|(?:\.\d{3}){2}(?:\.000)*)(?![\d.])")
_RUNS = re.compile(r"[²³]|\d+(?:st|nd|rd|th)\b|\d+|'?[sS]\b|[^\W\d_²³]+(?:'s)?|[^\w\s]|_")


def read(text: str, word: Word, after: str = "", is_year: bool = False) -> list[str]:
    """Returns the words of a number.

    Args:
      text: of a piece of the kind "number", in plain characters.
      word: how letters in it are read.
      after: what is after it; before "million" a currency is left out, which follows that.
      is_year: how four digits are read.
    """
    text = _as_in_english(text, after)
    if text[0] in _SIGN:
        return _SIGN[text[0]] + (read(text[1:], word, after) if text[1:] else [])
    for sign, between in ("^", "to the"), ("x", "by"), ("×", "times"):
        product = rf"[\d ./]*(?:{re.escape(sign)}[-+]?\d[^{sign}]*)+"
        if re.fullmatch(product, text) and text[:2] != "0x":
            each = [_factor(part, word, after) for part in text.split(sign)]
            return [*each[0], *(x for words in each[1:] for x in (*between.split(), *words))]
    for pattern, words in _PATTERNS:
        if match := pattern.fullmatch(text):
            if (found := words(*match.groups(""))) is not None:
                return found
    if match := _AMOUNT.fullmatch(text):
        if (found := _amount(*match.groups(""), after=after, is_year=is_year)) is not None:
            return found
    if (match := _RANGE.fullmatch(text)) and all(re.search(r"\d", side) for side in match.groups()):
        return _range(*match.groups(), word=word, after=after)
    return in_parts(text, word) if re.search("[-/]", text) else mixed(text, word)


def _factor(text: str, word: Word, after: str) -> list[str]:
    if re.fullmatch(r"\d{1,2}s|", text):  # 4x4s; nothing is before a power alone
        return mixed(text, word)
    return read(text, word, after)


def _as_in_english(text: str, after: str) -> str:
    """Returns a number with its signs as in English: 1 000 000, 1.000,50, €1,50 and $-5."""
    text, spaces = re.subn(r"(?<=\d)[ '_](?=\d{3})", ",", text)
    text = re.sub(rf"^([A-Z]*[{CURRENCIES}] ?)([-+])", r"\2\1", text)
    text = _EUROPEAN.sub(lambda number: number[0].translate(str.maketrans(".,", ",.")), text)
    if "€" in text:
        text = re.sub(r"(?<![\d.,])(\d{1,3})\.(?=\d{3}(?!\d))", r"\1,", text)
    counts = re.search(rf"[{CURRENCIES}]|(?:{_UNIT})$", text) or unit(after)
    if spaces or counts or after.lower() in SCALES:
        text = re.sub(r"(?<=\d),(?=\d\d?(?!\d))", ".", text)
    return text


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


def unit(name: str) -> str:
    """Returns what a unit is called: kilometer per hour for km/h; empty for what is none."""
    over, slash, under = name.partition("/")
    if slash and over in UNITS:
        return f"{UNITS[over]} per {UNITS.get(under, under)}"
    return UNITS.get(name, "")


def is_one(number: str) -> bool:
    """Returns whether what is counted is in the singular: 1 mile, 1/2 mile."""
    return number in ("1", "½") or bool(re.fullmatch(r"\d+/\d+", number))


def in_parts(text: str, word: Word) -> list[str]:
    """Returns the parts between hyphens or slashes: 3-year-old, $20-a-day, 1st/2nd."""
    words = list[str]()
    for part in filter(None, text.split("-" if "-" in text else "/")):
        if re.match(rf"[.{CURRENCIES}]?\d", part):
            counted = words and re.fullmatch(r"\d{0,2}[1-9]s", part)  # B-52s
            is_year = bool(YEAR.fullmatch(part))
            words += mixed(part, word) if counted else read(part, word, is_year=is_year)
        else:
            words += ["a"] if part == "a" else word(part)
    return words


def mixed(text: str, word: Word) -> list[str]:
    """Returns letters and numbers as they follow each other: 3D, 4x4, 1.2.3."""
    words, runs = list[str](), _RUNS.findall(text)
    if runs and runs[0] in CURRENCY:
        runs = [*runs[1:], runs[0]]
    for before, run, after in zip(["", *runs], runs, [*runs[1:], ""], strict=False):
        if run.isdecimal():
            is_year = before.isalpha() and YEAR.fullmatch(run)
            words += numbers.year(run) if is_year else _whole(run)
        elif run[0].isdecimal():
            words += numbers.ordinal(run[:-2])
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


def _whole(number: str) -> list[str]:
    return each_digit(number) if len(number) > 9 else cardinal(number)


def _decimal(number: str) -> list[str]:
    whole, point, after = number.replace(",", "").partition(".")
    words = cardinal(whole) if whole else []
    return [*words, "point", *each_digit(after)] if point else words


def _amount(
    country: str, symbol: str, number: str, suffix: str, per: str, *, after: str, is_year: bool
) -> list[str] | None:
    """Returns the words of a number with what it counts: $3.50, 10kg, 20%, £5m, $20/month."""
    if per and not (symbol or suffix or per in {*UNITS, *EACH} - ATTACHED):
        return None  # 24/seven
    if not symbol and suffix in CURRENCY:
        symbol, suffix = suffix, ""
    scale = [MAGNITUDES[suffix]] if symbol and suffix in MAGNITUDES else []
    fraction = _FRACTION.fullmatch(number)
    words = _fraction(*fraction.groups("")) if fraction else _decimal(number)
    if words is None:
        return None
    one = is_one(number)
    if number.isdecimal() and not (symbol or suffix):
        is_year &= bool(_PLAIN.fullmatch(number))
        words = numbers.year(number) if is_year else _whole(number)
    if symbol:
        name, (whole, _, cents) = CURRENCY[symbol], number.partition(".")
        if after.lower() in SCALES or after in MAGNITUDES:
            pass
        elif len(cents) == 2 and not scale and symbol != "¢":
            words = _money(whole.replace(",", ""), cents, name, symbol)
        else:
            words += [*scale, *country, units(name, one and not scale)]
    elif suffix in UNITS:
        words += units(UNITS[suffix], one).split()
    elif suffix:
        words.append(suffix.upper() if len(suffix) == 1 else MAGNITUDES[suffix])  # 4K, 10k
    return [*words, "per", *UNITS.get(per, per).split()] if per else words


def _money(whole: str, cents: str, name: str, symbol: str) -> list[str]:
    penny, pence = _CENTS.get(symbol, ("cent", "cents"))
    words = [*cardinal(whole or "0"), units(name, whole == "1")]
    if not int(cents):
        return words
    small = [*cardinal(str(int(cents))), penny if int(cents) == 1 else pence]
    return [*words, "and", *small] if whole.strip("0") else small


def _ordinal(number: str, several: str) -> list[str]:
    *before, last = numbers.ordinal(number.replace(",", ""))
    return [*before, last + several]


def _scientific(number: str, sign: str, exponent: str) -> list[str]:
    return [*_decimal(number), "E", *_SIGN.get(sign, []), *cardinal(exponent)]


def _fraction(whole: str, above: str, below: str) -> list[str] | None:
    if below not in _FRACTIONS or int(above) >= int(below):
        return None
    words = numbers.fraction(above, below)
    if not whole:
        return words
    return [*cardinal(whole), "and", "a" if above == "1" else words[0], *words[1:]]


def _range(low: str, high: str, *, word: Word, after: str) -> list[str]:
    if low[0] in CURRENCIES and high[0] not in CURRENCIES:  # $5-10
        low, high = low[1:], low[0] + high
    years, between = bool(_PLAIN.fullmatch(low)), "minus" if after == "=" else "to"
    if years and re.fullmatch(r"\d\d", high):  # 1905-09
        return [*numbers.year(low), between, *numbers.year("19" + high)[1:]]
    return [*read(low, word, after, years), between, *read(high, word, after, years)]


_AMOUNT = re.compile(
    rf"([A-Z]*)([{CURRENCIES}]?) ?({_NUMBER}|(?:\d{{1,9}}[ -])?\d{{1,4}}/\d{{1,4}})"
    rf"[- ]?({_SUFFIX}|[{CURRENCIES}])?(?:/([a-z]+[²³]?))?"
)
_RANGE = re.compile(r"([^-–]+)[-–]([^-–]+)")
_FORMS: list[tuple[str, Words]] = [
    *dates.FORMS,
    ("(911)", each_digit),
    (r"((?:\d{3}|\d{5})-\d{4})", digits),
    (r"(\d\d?)' ?(\d\d?)\"", lambda a, b: [*cardinal(a), "feet", *cardinal(b), "inches"]),
    (r"(\d+(?:-\d+){2,})", lambda text: None if re.match(r"\d{4}-", text) else digits(text)),
    (r"(\d+):([1-9]\d*|0)", lambda a, b: [*cardinal(a), "to", *cardinal(b)]),
    (r"(\d[\d,]*)(?i:st|nd|rd|th)(s?)", _ordinal),
    (r"(\d+\.\d+)/(\d+)", lambda a, b: [*_decimal(a), "out", "of", *cardinal(b)]),
    (rf"({_NUMBER})[eE]([-+]?)(\d+)", _scientific),
    (_FRACTION.pattern + "(?:(?:nd|rd|th)s?)?", _fraction),
]
_PATTERNS = [(re.compile(pattern), words) for pattern, words in _FORMS]
