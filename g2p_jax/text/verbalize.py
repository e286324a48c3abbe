"""Text normalization: for each piece of a text, the words that are pronounced for it.

A word in capitals that is to be spelled comes back as single capital letters: TTS as T, T, S.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from fractions import Fraction

from g2p_jax.runtime import MARKS
from g2p_jax.text import amounts, numbers, tables
from g2p_jax.text.shadow import LOWER, UPPER, shadow
from g2p_jax.text.tokens import INVISIBLE, Piece

_CAPITALS = re.compile(r"([A-ZÄ]{2,}|[B-DF-HJ-NP-TV-Z](?='?s$))('?s|'S)?")
_CAMEL = re.compile(r"(?<=[a-zä])(?=[A-ZÄ])|(?<=[A-ZÄ])(?=[A-ZÄ][a-zä]{2})")
_ALTERNATING = re.compile("[^AEIOUY]?([AEIOUY][^AEIOUY])+[AEIOUY]?")
_HALF_DAY = re.compile(r"[ap]m|AM|PM")
_HOUR = re.compile(r"1?\d(?:[.:][0-5]\d|(?::[0-5]\d){2})?")
_OLD_YEAR = re.compile(r"\d{4}")
_PLURAL = re.compile("[a-zä]+[^s']s|people|men|women|children")
_BEFORE_YEARS = set("in since until till by from of to before after during around circa".split())
_GREEK = re.compile(r"GREEK (?:SMALL|CAPITAL) LETTER (\w+)|(OHM|MICRO) SIGN")
_POWER = re.compile("[⁺⁻⁰¹²³⁴-⁹]{2,}|[⁺⁻⁰¹⁴-⁹]")
_NUMERAL = re.compile("[IVX]{3,}|[IVXLCDM]{4,}")  # read as a number wherever it is
_NOTHING = Piece("", "", 0, "", "space")


class Verbalizer:
    """Finds the words for the pieces of a text; known: whether the lexicon has a word.

    is_cased: whether it has the word in its case, and another in small letters: Polish.
    """

    def __init__(
        self, known: Callable[[str], bool], is_cased: Callable[[str], bool] = lambda word: False
    ):
        self._known, self._is_cased = known, is_cased

    def words(self, pieces: Sequence[Piece]) -> list[list[str]]:
        """Returns the words of each piece; none for punctuation, and for what has no words."""
        around = [_NOTHING, _NOTHING, *pieces, _NOTHING, _NOTHING]
        return [self._words(around[i : i + 5]) for i in range(len(pieces))]

    def _words(self, window: Sequence[Piece]) -> list[str]:
        """Returns the words of the piece in the middle of five."""
        _, before, piece, after, _ = window
        match piece.kind:
            case "number":
                return self._number(before, piece, after)
            case "phone":
                return amounts.digits(piece.plain)
            case "address":
                return amounts.address(piece.plain, self._run)
            case "acronym":
                return self._acronym(piece.plain)
            case "abbreviation":
                return _abbreviation(before, piece, after)
            case "sign":
                return _sign(before, piece)
            case "word":
                return self._in_context(window) or self._word(piece.text, self._shouts(window))
        return []

    def _number(self, before: Piece, piece: Piece, after: Piece) -> list[str]:
        plain = piece.plain
        numeral = _compatible(piece.text).upper()
        if roman := numbers.roman(numeral):  # Ⅷ
            return _roman(before, numeral, after) or numbers.cardinal(roman)
        text = _in_digits(piece.text) if re.search("½|[²³]{2}", plain) else piece.text
        if LOWER in plain or UPPER in plain:
            return amounts.mixed(text, self._run)
        plain = shadow(text).translate(INVISIBLE)
        if before.whitespace or len(before.plain) != 1:  # the sign of a note, and no power
            plain = plain.removeprefix("^")
        follows = before.plain.lower().rstrip(".")
        if plain.isdecimal() and len(plain) < 3 and 0 < int(plain) < 32:
            month = tables.ABBREVIATIONS.get(follows, follows)
            if month in tables.MONTHS and before.capitalised:
                return numbers.ordinal(plain)
        if before.plain.isdecimal() and re.fullmatch(r"\d+/\d+", plain):
            one, *rest = amounts.read(plain, self._run)
            return ["and", "a" if one == "one" else one, *rest]
        if after.plain.lower().replace(".", "") in ("am", "pm") and _HOUR.fullmatch(plain):
            return amounts.read(f"{plain}am", self._run)[:-2]
        unit = amounts.unit(after.plain) and after.plain not in tables.ATTACHED
        counted = unit or _PLURAL.fullmatch(after.plain)
        dated = follows in _BEFORE_YEARS
        pattern = _OLD_YEAR if dated and not counted else amounts.YEAR
        is_year = bool(pattern.fullmatch(plain)) and (dated or not counted)
        if re.fullmatch(r"\d{5}", plain) and re.fullmatch("[A-Z]{2}", before.plain) and not counted:
            return numbers.each_digit(plain)  # the ZIP code after a state
        return amounts.read(plain, self._run, after.plain, is_year)

    def _acronym(self, plain: str) -> list[str]:
        word = plain.lower()
        return [word] if self._known(word) and len(plain) > 2 else _letters(plain)

    def _in_context(self, window: Sequence[Piece]) -> list[str]:
        """Returns the words of one that is read by what is around it; else nothing."""
        before_that, before, piece, after, after_that = window
        plain, numbered = piece.plain, before.kind == "number"
        unnamed = plain.lower() in tables.AFTER_A_NAME and not (before.capitalised or numbered)
        if plain in tables.WITHOUT_PERIOD and not unnamed:  # Elm Ave, but Ave Maria
            words = tables.WITHOUT_PERIOD[plain].split()
            return _saint(before, after) if plain == "St" else words
        if before.kind in ("number", "abbreviation") and re.search("[0-9½]$", before.plain):
            currency = amounts.currency(before.plain)
            if plain.lower() in tables.SCALES or (currency and plain in tables.MAGNITUDES):
                return [tables.MAGNITUDES.get(plain, plain.lower()), *currency]
            if (unit := amounts.unit(plain)) and plain not in tables.ATTACHED:
                return amounts.units(unit, amounts.is_one(before.plain)).split()
            if _HALF_DAY.fullmatch(plain):
                return list(plain.upper())
        if plain == "No" and before.kind == "word" and after.kind == "number":
            return ["number"]
        if date := _day_or_month(piece):
            sides = (before, before_that), (after, after_that)
            other_end = [end for between, end in sides if between.plain in ("-", "–")]
            counted = date in tables.MONTHS and (numbered or after.kind == "number")
            if counted or any(map(_day_or_month, other_end)):
                return [date]
        if before.plain.lower() in ("sq", "sq.") and plain in tables.UNITS:
            return amounts.units(tables.UNITS[plain]).split()
        if plain == "a" and before.plain in ("/", "&") and len(before_that.plain) == 1:
            return ["A"]  # n/a, Q&a
        if plain == "A":
            in_sentence = before.kind in ("word", "number") and "\n" not in before.whitespace
            in_sentence |= after.plain in tuple(":.),=/&+-#") or before.plain == "/"
            return ["A"] if in_sentence and not after.capitalised else ["a"]
        measured = numbered or before.plain in tables.UNITS
        if plain in ("x", "X") and measured and after.kind == "number":
            return ["by"]
        return _roman(before, plain, after) or self._numeral(plain)

    def _numeral(self, plain: str) -> list[str]:
        """Returns the words of a Roman numeral that stands alone, and is no word: MCMXCIV."""
        is_numeral = _NUMERAL.fullmatch(plain) and not self._known(plain.lower())
        number = numbers.roman(plain) if is_numeral else ""
        return amounts.read(number, self._run, is_year=len(number) == 4) if number else []

    def _shouts(self, window: Sequence[Piece]) -> bool:
        """Returns whether the words around the one in the middle are in capitals, as it may be."""
        around = [p.plain for p in (*window[:2], *window[3:]) if p.kind == "word"]
        evidence = (x for x in around if len(x) > 3 or x.lower() in tables.SHORT_WORDS)
        return all(map(str.isupper, around)) and any(self._known(x.lower()) for x in evidence)

    def _word(self, text: str, shouts: bool = False) -> list[str]:
        """Returns the words of a word: itself, its letters, or its parts."""
        text = unicodedata.normalize("NFC", text.translate(MARKS)).translate(INVISIBLE)
        if len(text) == 1:
            return [text.lower()] if text in "aI" else [_letter(text)]
        if self._is_cased(text):
            return [text]
        text = _compatible(text)
        plain, word = shadow(text), text.lower()
        if match := _CAPITALS.fullmatch(plain):
            return self._capitals(word, match[1], match[2] or "", shouts)
        if self._known(word):
            return [word]
        if re.search("[-&/]", plain):
            return self._parts(text)
        if re.search(r"\d", plain):
            return amounts.mixed(text, self._run)
        camel = _camel(text, plain)
        if len(camel) > 1 and all(self._known(x.lower()) or x.isupper() for x in camel):
            return [word for part in camel for word in self._word(part)]
        is_word = re.search("[aeiouyä']", plain.lower()) or len(plain) > 5
        return [word] if is_word else _letters(plain)

    def _parts(self, text: str) -> list[str]:
        """Returns the words of a compound; days or months in it are a range: Mon-Fri."""
        parts = list(filter(None, re.split("[-&/]", text)))
        if "&" in text:
            short = re.compile("[A-Z]{1,2}")
            each = [_letters(p) if short.fullmatch(p) else self._word(p) for p in parts]
            return [*each[0], *(word for words in each[1:] for word in ("and", *words))]
        dates = [tables.ABBREVIATIONS.get(part.lower(), "") for part in parts if part[0].isupper()]
        if len(dates) == len(parts) == 2 and set(dates) <= {*tables.DAYS, *tables.MONTHS}:
            return [dates[0], "to", dates[1]]
        prefix = ["re-"] if parts[0].lower() == "re" else []
        return prefix + amounts.in_parts("-".join(parts[len(prefix) :]), self._run)

    def _capitals(self, word: str, capitals: str, ending: str, shouts: bool) -> list[str]:
        """Returns the words of a word in capitals: itself, or its letters."""
        lower = capitals.lower()
        if shouts and ending != "s":
            is_word = self._known(word) or (len(lower) > 3 and re.search("[AEIOUY]", capitals))
        elif capitals in tables.SPELLED or (len(lower) == 2 and lower not in tables.SHORT_WORDS):
            is_word = False
        else:
            pronounceable = len(lower) > 3 and _ALTERNATING.fullmatch(capitals)
            is_word = self._known(lower) or self._known(word) or pronounceable
        if is_word or not capitals.isascii():
            return [f"{lower}'s" if ending else word]
        return _letters(f"{capitals}'s" if ending else capitals)

    def _run(self, run: str) -> list[str]:
        """Returns the words of letters that touch digits or are in an address."""
        if run in ("st", "nd", "rd", "th", "s", "'s"):
            return [run.strip("'").upper()]
        if run.isupper() and len(run) < 3:
            return _letters(run)
        return [_letter(run)] if len(run) == 1 else self._word(run)


def _in_digits(text: str) -> str:
    """Returns a number without numerals of one character: 2½ as 2 1/2, ⑫ as 12, 10⁻³ as 10^-3."""
    text = _POWER.sub(lambda power: "^" + _compatible(power[0]), text)
    each = (f" {_fraction(char)}" if shadow(char) == "½" else char for char in text)
    return re.sub(r"(?<!\d) ", "", "".join(each))


def _compatible(text: str) -> str:
    """Returns a text in ordinary letters and digits: those of mathematics, subscripts, ﬁ."""
    return unicodedata.normalize("NFKC", text)


def _fraction(char: str) -> Fraction:
    return Fraction(unicodedata.numeric(char)).limit_denominator(1000)


def _camel(text: str, plain: str) -> list[str]:
    """Returns the parts of a word such as JavaScript."""
    ends = [match.start() for match in _CAMEL.finditer(plain)]
    return [text[a:b] for a, b in zip([0, *ends], [*ends, len(text)], strict=True)]


def _letters(plain: str) -> list[str]:
    """Returns the letters of an acronym, which may be a possessive: T.T.S.'s as T, T, S's."""
    bare = plain.removesuffix("'s")
    *letters, last = filter(str.isalpha, bare.upper())
    return [*letters, last + plain[len(bare) :]]


def _letter(char: str) -> str:
    """Returns a single letter in capitals, and that of another alphabet by its name."""
    base = shadow(char)
    if base.isascii():
        return base.upper()
    name = _GREEK.match(unicodedata.name(char, ""))
    return (name[1] or name[2]).lower() if name else char


def _abbreviation(before: Piece, piece: Piece, after: Piece) -> list[str]:
    key = piece.plain.lower().rstrip(".")
    if before.kind == "number" and key in tables.UNITS_WITH_PERIOD:
        return amounts.units(tables.UNITS[key], amounts.is_one(before.plain)).split()
    if key == "st":
        return _saint(before, after)
    if key == "dr" and before.capitalised and not after.capitalised:
        return ["drive"]
    return tables.ABBREVIATIONS[key].split()


def _saint(before: Piece, after: Piece) -> list[str]:
    """Returns what St. is short for: street after a name, unless one follows."""
    in_name = before.capitalised and before.plain.lower() not in tables.FUNCTION_WORDS
    is_street = in_name or before.kind == "number" or not after.capitalised
    return ["street" if is_street else "saint"]


def _day_or_month(piece: Piece) -> str:
    """Returns the name of a day or month that is short for it, without a period; else nothing."""
    name = tables.ABBREVIATIONS.get(piece.plain.lower(), "") if piece.capitalised else ""
    return name if name in (*tables.DAYS, *tables.MONTHS) else ""


def _roman(before: Piece, numeral: str, after: Piece) -> list[str]:
    """Returns what a Roman numeral after a name or a noun is read as; nothing for what is none."""
    if numeral.endswith("'s"):
        *words, last = _roman(before, numeral[:-2], after) or [""]
        return [*words, last + "'s"] if last else []
    if after.plain.lower() in ("century", "centuries") and (number := numbers.roman(numeral)):
        return numbers.ordinal(number)
    name = before.plain.lower().rstrip(".")
    name = tables.ABBREVIATIONS.get(name, name)
    counted = name in tables.COUNTED and (before.capitalised or numeral != "I")
    if not re.fullmatch("[IVXL]+", numeral) or not (counted or before.capitalised):
        return []
    number, is_long = numbers.roman(numeral), len(numeral) > (2 if "L" in numeral else 1)
    if number and name in tables.MONARCHS and numeral != "I":
        return ["the", *numbers.ordinal(number)]
    return numbers.cardinal(number) if number and (counted or is_long) else []


def _sign(before: Piece, piece: Piece) -> list[str]:
    if piece.plain == "#":
        return ["sharp" if len(before.plain) == 1 and not before.whitespace else "number"]
    return (tables.SIGNS | tables.IN_FORMULAS)[piece.plain].split()
