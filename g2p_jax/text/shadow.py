"""A copy of a text, of the same length, in few characters: what patterns have to know.

Each character is replaced by one that patterns treat alike, so that a place in the copy is the same
place in the text: é is e, a curly apostrophe is a straight one, an emoji is SYMBOL.
"""

import unicodedata

from g2p_jax.runtime import base

LOWER, UPPER = "ä", "Ä"  # letters without a base letter in ASCII, as of other scripts
MARK = "\u0301"  # combining marks, and what is invisible: soft hyphen, joiners
SYMBOL = "☺"  # what cannot be pronounced
LETTERS = f"A-Za-zµ{LOWER}{UPPER}"
CURRENCIES = "$£€¥₹₩₽₪₺¢"
_AS_THEY_ARE = set(CURRENCIES + "°²³½µ…–—×÷±≈≠≤≥§©®™№‰")
_ALIKE = {"’": "'", "‘": "'", "ʼ": "'", "′": "'", "´": "'", "‐": "-", "‑": "-", "−": "-"}
_ALIKE |= {"\u00ad": MARK, "\u200b": MARK, "\u200c": MARK, "\u200d": MARK, "\u2060": MARK}
_ALIKE |= {"٪": "%", "٫": ".", "٬": ",", "⁄": "/", "μ": "µ", "\ufeff": MARK}
_ALIKE |= {"ª": LOWER, "º": "°", "‒": "–", "―": "—"}
_SUPERSCRIPT = "⁺⁻"
_KINDS = {"M": MARK, "P": '"', "N": SYMBOL, "S": SYMBOL, "C": SYMBOL, "Z": " "}


def _alike(char: str) -> str:
    """Returns the character that stands for this one in a shadow."""
    if char.isspace():
        return char if char in "\n\r\t " else " "
    if char in _AS_THEY_ARE or (char.isascii() and char.isprintable()):
        return char
    if char in _ALIKE:
        return _ALIKE[char]
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if "₀" <= char <= "₉":
        return str(unicodedata.digit(char))
    if char in _SUPERSCRIPT or category in ("No", "Nl"):
        return "½"
    plain = unicodedata.normalize("NFKC", char)
    if len(plain) == 1 and plain != char and category[0] != "L":  # full width: ％
        return _alike(plain)
    if "\U0001f3fb" <= char <= "\U0001f3ff":  # the colour of the skin in the emoji before it
        return MARK
    if category[0] == "L":
        plain = base(char)
        if len(plain) == 1 and plain.isascii() and plain.isalpha():
            return plain
        return UPPER if char.isupper() else LOWER
    return _KINDS[category[0]]


class _Table(dict[int, str]):
    """The characters met so far; `str.translate` asks for the others."""

    def __missing__(self, code: int) -> str:
        self[code] = found = _alike(chr(code))
        return found


_TABLE = _Table()


def shadow(text: str) -> str:
    """Returns a text of the same length in the characters that patterns know."""
    return text.translate(_TABLE)
