"""One spelling of a word among those that look alike: case and Unicode form."""

import unicodedata
from typing import Any, cast

CASES = "lower", "upper", "keep"
FORMS = "NFC", "NFD"


def normal_form(text: str, unicode: str) -> str:
    """Returns the text in a Unicode normal form; raises ValueError if there is none of the name."""
    return unicodedata.normalize(cast(Any, unicode), text)


def normalise(word: str, case: str, unicode: str) -> str:
    """Returns the word in a case ("lower", "upper", or "keep" its own) and a normal form."""
    if case != "keep":
        word = word.lower() if case == "lower" else word.upper()
    return word if word.isascii() else normal_form(word, unicode)  # last: case can undo the form
