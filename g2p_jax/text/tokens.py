"""A text cut into pieces: words, numbers, addresses, signs, punctuation; nothing is lost."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from g2p_jax.text import tables
from g2p_jax.text.shadow import CURRENCIES, LETTERS, MARK, SYMBOL, UPPER, shadow


class Piece(NamedTuple):
    """A piece of a text, and the white space after it."""

    text: str
    plain: str  # the same in plain characters, without marks; see `shadow`
    start: int
    whitespace: str
    kind: str  # the name of its pattern

    @property
    def capitalised(self) -> bool:
        return self.kind in ("word", "abbreviation") and self.plain[0].isupper()


# Each of these is bounded, or reads on only to take what it has read: time is linear.
_LETTER, _ANY = f"[{LETTERS}{MARK}]", rf"[\d{LETTERS}{MARK}]"
_MONEY = f"(?:(?:US|CA|AU|NZ|HK|[CA])?[{CURRENCIES}] ?)"
_THOUSANDS = (  # 1 000 000, 12 500: not lists, nor the groups of telephone numbers
    r"(?=\d\d |\d \d{3} \d{3}|\d{1,3}(?: \d{3}){0,3}?(?: 000| \d{3}[.,]\d))"
    r"[1-9]\d{0,2}(?: \d{3}){1,4}(?!\d| \d{3})"
)
_REST = r'[^\s"<>]*[\w/]'  # of an address
_DOMAIN = (
    "(?:com|org|net|edu|gov|mil|io|info|ai|app|dev|tv|uk|eu|de|fr|au|js|ts|py|txt|pdf|html?|css|md|"
    "jpe?g|png|gif|zip|csv|tsv|json|xml|ya?ml|exe|docx?|xlsx?|wav|mp[34])"
)
_UNIT = "|".join(map(re.escape, sorted(tables.UNITS, key=len, reverse=True)))
_PATTERNS = {
    "address": rf"(?:[a-z]{{2,10}}://|www\.)(?=\w){_REST}"
    r"|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"
    rf"|\w[\w-]{{0,62}}(?:\.[\w-]{{1,63}}){{0,4}}?\.{_DOMAIN}(?![\w-]|\.[a-z])(?:/{_REST})?"
    rf"|(?<!\S)(?:~?/|[A-Za-z]:[\\/])(?=\w){_REST}"
    rf"|@(?=[{LETTERS}])\w+|#(?=\d*[{LETTERS}])\w+",
    "phone": r"(?:\+?\d{1,3}[ .-]?)?\(\d{3}\)[ -]?\d{3}[ .-]\d{4}(?![\d-])"
    r"|(?:\+?\d{1,3}[ .-])?\d{3}(?P<between>[ .-])\d{3}(?P=between)\d{4}(?![\d-])"
    r"|\+\d[\d ()-]{5,19}\d(?![\d-])|0\d{1,4}(?: \d{2,4}){2,4}(?![\d-])",
    "number": r"\d{1,2}' ?\d{1,2}\""
    rf"|(?:(?<![\w.)%°'])[-+±])?(?:{_MONEY}[-+]?)?(?:{_THOUSANDS}|\.?\d|½)"
    rf"(?:\d|(?![ap]\.m\b){_LETTER}|[½°²³%‰{CURRENCIES}]|[.,:/×](?=\d)|/(?=[a-z]+[²³]?(?![\w/]))"
    rf"|-(?={_ANY})|[-–](?={_MONEY}?\d)|(?<=\d[eE])\+(?=\d)|{_MONEY}(?=\d)|'(?=s\b)|['_](?=\d{{3}}(?!\d))"
    rf"|(?<=\dh) (?=\d\d?m)"
    rf"|(?<=[\d½]) (?:(?:[%‰]|°[CF]?)(?!\w)|[{CURRENCIES}](?![\w{CURRENCIES}]| ?\d)))*"
    r"|(?<!\w)'\d\d(?:'?s)?\b",
    "acronym": rf"(?:[A-Za-z]\.){{2,}}(?:[A-Za-z](?![\w']))?(?:'s\b)?|[ap]\.m\b|(?:Ph|Ed)\.D\b\.?"
    rf"|[A-HJ-Z]\.(?=\s+[A-Z{UPPER}])",
    "word": r"(?<!/)(?:w/o?|b/c|c/o)(?![\w/])"
    rf"|(?:{_UNIT})/(?:{_UNIT}|{'|'.join(tables.EACH)})(?!\w)"
    rf"|(?:'(?=(?i:em|tis|twas|cause|til|bout|round|n|cuz)(?!\w)))?[{LETTERS}]"
    rf"(?:{_ANY}|'(?=[{LETTERS}])|-(?={_ANY})|(?<=\d)[./:](?=\d)|(?<=[A-Z])&(?=[A-Z])"
    rf"|(?<=[mts])[²³])*",
    "unspeakable": f"[{SYMBOL}{MARK}]+",
    "sign": r"°[CF](?!\w)|#(?=\d)|(?<=\b[A-G])#(?!\w)|(?<=\b[A-D])-(?![\w-])|(?<!\S)<3(?!\S)|!="
    rf"|(?<![-=])(?:[<>]=?(?=\.?\d)|[<>]=(?= \d))|(?<=\w )[<>]=?(?= \w)|~(?=[{CURRENCIES}]?\.?\d)"
    r"|(?<=\d)\*(?=\d)|(?<=\w)\*\*(?=\d)|(?<=\d )(?:\*\*?|/)(?= \d)|(?<=\d )-(?= [\d.]+ =)"
    r"|(?<=[\w)])\^(?=[\w(-])",
    "punctuation": r"(?P<same>.)(?P=same)*",
}
_SCANNER = re.compile(
    "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _PATTERNS.items()), re.DOTALL
)
_SPACE, _PERIOD = re.compile(r"\s*"), re.compile(r"\.(?!\w)")
_DIGIT = re.compile(r"\.\d")
_NUMBER_NEXT = re.compile(r"\.\s*(?:\d|[IVXL]{2,}\b|[VX]\b)")
_NAME_NEXT = re.compile(rf"\.\s+[A-Z{UPPER}]")
INVISIBLE = str.maketrans("", "", MARK)


def pieces(text: str) -> Iterator[Piece]:
    """Yields the pieces of a text; their texts and white spaces together are the text.

    White space at its start is a piece of its own, of the kind "space".
    """
    plain, before, quoted = shadow(text), None, False
    place = _end(_SPACE, plain, 0)
    if place:
        yield Piece(text[:place], "", 0, "", "space")
    while place < len(text):
        match = _SCANNER.match(plain, place)
        assert match and match.lastgroup
        kind, start, place = match.lastgroup, place, match.end()
        if kind == "word":
            kind, place = _with_mark(plain, start, place, before, quoted)
        elif kind == "punctuation":
            kind = "sign" if match[0] in tables.SIGNS else kind
            if match[0] == "'":  # opens a quotation if white space is before it, else closes it
                quoted = not (start and not plain[start - 1].isspace())
        end = _end(_SPACE, plain, place)
        before = Piece(
            text[start:place],
            plain[start:place].translate(INVISIBLE),
            start,
            text[place:end],
            kind,
        )
        yield before
        place = end


def _with_mark(
    plain: str, start: int, end: int, before: Piece | None, quoted: bool
) -> tuple[str, int]:
    """Returns the kind and end of a word: the period or apostrophe after it may belong to it."""
    word = plain[start:end]
    key = word.lower()
    joined = key in tables.BEFORE_A_NUMBER and _DIGIT.match(plain, end)
    if (joined or _PERIOD.match(plain, end)) and _is_abbreviated(word, plain, end, before):
        return "abbreviation", end + 1
    if plain.startswith("'", end) and not quoted and key.endswith(("s", "in")):
        return "word", end + 1
    return "word", end


def _is_abbreviated(word: str, plain: str, end: int, before: Piece | None) -> bool:
    """Returns whether the period that follows a word is that of an abbreviation."""
    key = word.lower()
    after_number = before is not None and before.kind == "number"
    if key in tables.UNITS_WITH_PERIOD and after_number:
        return key != "in" or not _NAME_NEXT.match(plain, end)
    if key not in tables.ABBREVIATIONS:
        return False
    dated = tables.ABBREVIATIONS[key] in (*tables.MONTHS, *tables.DAYS)
    if (dated or key in tables.IN_CAPITALS) and not word[0].isupper():
        return False
    conditions = [
        (tables.BEFORE_A_NUMBER, bool(_NUMBER_NEXT.match(plain, end))),
        (tables.BEFORE_A_NAME, bool(_NAME_NEXT.match(plain, end))),
        (tables.AFTER_A_NAME, before is not None and (before.capitalised or after_number)),
        ({"al"}, before is not None and before.plain == "et"),
    ]
    sets = [holds for some, holds in conditions if key in some]
    return any(sets) or not sets


def _end(pattern: re.Pattern[str], text: str, place: int) -> int:
    match = pattern.match(text, place)
    return match.end() if match else place
