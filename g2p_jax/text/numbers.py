"""Whole numbers in English words: 21 -> twenty one, twenty first, nineteen eighty four."""

import re

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = [
    (10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"),
    (100, "hundred"),
]  # fmt: skip
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth",
    "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip
_ROMAN = re.compile("M{0,3}(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})")
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def cardinal(digits: str) -> list[str]:
    """Returns the words of a number; digit by digit if it begins with 0, or has no name."""
    if len(digits) > 15 or (digits[0] == "0" and len(digits) > 1):
        return each_digit(digits)
    return _words(int(digits))


def each_digit(digits: str) -> list[str]:
    """Returns the word of each digit."""
    return [_SMALL[int(digit)] for digit in digits]


def ordinal(digits: str) -> list[str]:
    """Returns the words of an ordinal: 21 -> twenty first."""
    *before, last = cardinal(digits.lstrip("0") or "0")
    if last in _ORDINALS:
        return [*before, _ORDINALS[last]]
    return [*before, last[:-1] + "ieth" if last.endswith("y") else last.removesuffix("t") + "th"]


def year(digits: str) -> list[str]:
    """Returns a year as it is read: nineteen oh five, two thousand nine, twenty ten."""
    century, rest = int(digits[:-2] or "0"), int(digits[-2:])
    if century < 10 or century % 10 == 0 and rest < 10:
        return cardinal(digits)
    return [*_words(century), *(_after_oh(rest) if rest else ["hundred"])]


def clock(hours: str, minutes: str) -> list[str]:
    """Returns a time of day: three oh five; three o'clock."""
    late = int(hours) > 12 or hours.startswith("0")
    if int(minutes):
        return [*_words(int(hours)), *_after_oh(int(minutes))]
    return [*_words(int(hours)), *(["hundred"] if late and int(hours) else ["o'clock"])]


def fraction(numerator: str, denominator: str) -> list[str]:
    """Returns three quarters for 3 and 4."""
    one, words = numerator == "1", cardinal(numerator)
    special = {"2": ("half", "halves"), "4": ("quarter", "quarters")}
    if denominator in special:
        return [*words, special[denominator][not one]]
    *before, last = ordinal(denominator)
    before = before if before[:1] != ["one"] else before[1:]  # one hundredth
    return [*words, *before, last if one else last + "s"]


def plural(words: list[str]) -> list[str]:
    """Returns the words of several such numbers: nineties, hundreds, sixes."""
    *before, last = words
    if before == ["one"]:  # hundreds
        before = []
    if last.endswith("y"):
        return [*before, last[:-1] + "ies"]
    return [*before, last + ("es" if last.endswith("x") else "s")]


def roman(numeral: str) -> str:
    """Returns the digits of a Roman numeral; empty for what is none."""
    if not numeral or not _ROMAN.fullmatch(numeral):
        return ""
    values = [_VALUES[letter] for letter in numeral]
    return str(sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True)))


def _words(number: int) -> list[str]:
    """Returns the words of a number below a quadrillion."""
    for value, name in _SCALES:
        if number >= value:
            rest = number % value
            return [*_words(number // value), name, *(_words(rest) if rest else [])]
    if number < 20:
        return [_SMALL[number]]
    return [_TENS[number // 10], *([_SMALL[number % 10]] if number % 10 else [])]


def _after_oh(number: int) -> list[str]:
    """Returns the words of a number below 100 after another: oh five."""
    return (["oh"] if number < 10 else []) + _words(number)
