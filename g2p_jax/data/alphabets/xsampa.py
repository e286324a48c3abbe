"""IPA and X-SAMPA, of every language, symbol by symbol."""

import functools
import itertools
import unicodedata

from g2p_jax.data.alphabets.table import Symbols, rows

SEPARATOR = "-"  # stands for nothing: keeps two codes apart that would be read as one
LIGATURES = str.maketrans({"ʧ": "t͡ʃ", "ʤ": "d͡ʒ", "ʦ": "t͡s", "ʣ": "d͡z", "ʨ": "t͡ɕ", "ʥ": "d͡ʑ"})

_ROWS = rows("xsampa.tsv")
_CODES = {spelling: codes for ipa, codes in _ROWS for spelling in ipa}
_IPA = {code: ipa[0] for ipa, codes in _ROWS for code in codes} | {SEPARATOR: ""}
_IPA_SYMBOLS = Symbols("ipa", _CODES)
_XSAMPA_SYMBOLS = Symbols("xsampa", _IPA)
_LONGEST = max(map(len, _IPA))


@functools.lru_cache(100_000)
def to_ipa(phoneme: str) -> str:
    """Returns the IPA of a phoneme in X-SAMPA, as NFC; raises DataError for an unknown symbol."""
    codes = _XSAMPA_SYMBOLS.cut(phoneme)
    return unicodedata.normalize("NFC", "".join(_IPA[code] for code in codes))


@functools.lru_cache(100_000)
def to_xsampa(phoneme: str) -> str:
    """Returns the X-SAMPA of a phoneme in IPA; raises DataError for an unknown symbol.

    `to_ipa` reads it back: no two codes are written that would be read as one.
    """
    written: list[str] = []
    before: list[str] = [""]  # how the symbol before may be written
    for symbol in _IPA_SYMBOLS.cut(phoneme.translate(LIGATURES)):
        codes = [*_CODES[symbol], *(SEPARATOR + code for code in _CODES[symbol])]
        tail = "".join(written[-_LONGEST:-1])  # what is before it cannot merge with the next code
        wanted = [*_read("".join(written[-_LONGEST:])), _IPA[codes[0]]]
        pairs = itertools.product(before, codes)
        written[-1:] = next(pair for pair in pairs if _read(tail + "".join(pair)) == wanted)
        before = codes
    return "".join(written)


def _read(text: str) -> list[str]:
    """Returns the IPA symbols that the codes of a text would be read as."""
    codes = _XSAMPA_SYMBOLS.split(text)
    return [symbol for code in codes if (symbol := _IPA.get(code, code))]
