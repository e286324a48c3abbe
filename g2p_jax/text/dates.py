"""Dates and times as people write them, in words: 12/25/2024, 3:45pm, 1:30:45, 1990s."""

import datetime
from collections.abc import Callable

from g2p_jax.text import numbers
from g2p_jax.text.numbers import cardinal
from g2p_jax.text.tables import MONTHS

Words = Callable[..., list[str] | None]  # None: what a pattern has found is none of its kind


def _time(hours: str, minutes: str, seconds: str, half: str) -> list[str] | None:
    if int(hours) > 24 or int(minutes) > 59 or int(seconds or 0) > 59:
        return None
    words = numbers.clock(hours, minutes)
    if half and not int(minutes):
        words = cardinal(str(int(hours)))
    if int(seconds or 0):
        words += ["and", *cardinal(str(int(seconds))), "seconds"]
    return [*words, *half.upper()]


def _duration(hours: str, minutes: str, seconds: str) -> list[str] | None:
    """Returns one hour thirty minutes and five seconds for 1, 30 and 05."""
    if int(minutes) > 59 or int(seconds) > 59:
        return None
    each = [
        [*cardinal(str(number)), name + "s" * (number != 1)]
        for number, name in zip(
            map(int, (hours, minutes, seconds)), ("hour", "minute", "second"), strict=True
        )
        if number
    ]
    *others, last = each or [["zero", "seconds"]]
    return [word for words in (*others, ["and"] * bool(others), last) for word in words]


def _hour(hours: str, half: str) -> list[str]:
    return [*cardinal(hours), *half.upper()]


def _date(year: str, month: str, day: str) -> list[str] | None:
    year = year if len(year) == 4 else ("19" if int(year) > 50 else "20") + year
    try:
        datetime.date(int(year), int(month), int(day))
    except ValueError:
        return None
    return [MONTHS[int(month) - 1], *numbers.ordinal(day), *numbers.year(year)]


def _day_and_month(first: str, sign: str, second: str, year: str) -> list[str] | None:
    """Returns the words of a date in the order of America, with periods in that of Europe."""
    if sign == ".":
        first, second = second, first
    return _date(year, first, second) or _date(year, second, first)


def _moment(date: str, hours: str, minutes: str, seconds: str, zone: str) -> list[str] | None:
    """Returns the words of a date and time as computers write them."""
    day, clock = _date(*date.split("-")), _time(hours, minutes, seconds, "")
    return day and clock and [*day, *clock, *zone]


def _decade(number: str) -> list[str]:
    number = number.replace(",", "")
    return numbers.plural(numbers.year(number) if len(number) == 4 else cardinal(number))


FORMS: list[tuple[str, Words]] = [
    (r"(\d{4})([-/])(\d\d?)\2(\d\d?)", lambda y, _, m, d: _date(y, m, d)),
    (r"(\d{4}-\d\d-\d\d)T(\d\d):(\d\d)(?::(\d\d))?(Z|)", _moment),
    (r"(\d\d?)([-/.])(\d\d?)\2(\d{4})", _day_and_month),
    (r"(\d\d?)(/)(\d\d?)/(\d\d)", _day_and_month),
    (r"(\d{1,3}):(\d\d):(\d\d)", _duration),
    (r"(\d\d?):(\d\d)(?::(\d\d))?([ap]m|[AP]M|)", _time),
    (r"(\d\d?)h ?(\d\d?)(?:m|min)?", lambda h, m: _duration(h, m, "0")),
    (r"(\d\d?)([ap]m|[AP]M)", _hour),
    (r"(\d\d?)\.([0-5]\d)([ap]m|[AP]M)", lambda h, m, half: _time(h, m, "", half)),
    (r"'?(\d0|\d{3,}|\d[\d,]*,000)'?s", _decade),
    (r"'(\d\d)", lambda number: numbers.year("19" + number)[1:]),
]  # fmt: skip
