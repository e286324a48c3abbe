"""One spelling of a word among those that look alike: case, Unicode form, and base letters."""

import unicodedata
from typing import Any, cast

CASES = "lower", "upper", "keep"
FORMS = "NFC", "NFD"
DOTLESS = str.maketrans("Iİ", "ıi")  # small letters where the alphabet has a dotless i

# What people type for a letter or mark, and Unicode does not decompose.
MARKS = str.maketrans(dict.fromkeys("’‘ʼ′´`", "'") | dict.fromkeys("‐‑‒–—―−", "-"))
_BASE = MARKS | str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d"}
    | {"Æ": "AE", "Œ": "OE", "Ø": "O", "Ł": "L", "Đ": "D"}
)


def normal_form(text: str, unicode: str) -> str:
    """Returns the text in a Unicode normal form; raises ValueError if there is none of the name."""
    return unicodedata.normalize(cast(Any, unicode), text)


def normalise(word: str, case: str, unicode: str) -> str:
    """Returns the word in a case ("lower", "upper", or "keep" its own) and a normal form."""
    if case != "keep":
        word = word.lower() if case == "lower" else word.upper()
    return word if word.isascii() else normal_form(word, unicode)  # last: case can undo the form


def base_letters(char: str) -> str:
    """Returns the plain letters that a character is made of: é -> e, ﬁ -> fi, ’ -> '."""
    decomposed = unicodedata.normalize("NFKD", char.translate(_BASE))
    return "".join(c for c in decomposed if not unicodedata.combining(c))
