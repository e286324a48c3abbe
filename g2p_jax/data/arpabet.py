"""ARPAbet, the phonemes of CMUdict: its vowels, and the digits that mark their stress."""

import functools
import re
from collections.abc import Iterable

_TONE = re.compile(r"[A-Z]{2}[3-9]")
_VOWEL = re.compile(r"(AA|AE|AH|AO|AW|AY|EH|ER|EY|IH|IY|OW|OY|UH|UW)([0-2]?)")


def is_vowel(phoneme: str) -> bool:
    """Returns whether the phoneme is a vowel, with a stress digit or without."""
    return _VOWEL.fullmatch(phoneme) is not None


@functools.lru_cache(1000)
def strip_stress(phoneme: str) -> str:
    """Returns the phoneme without the stress digit of a vowel: AH0 -> AH."""
    vowel = _VOWEL.fullmatch(phoneme)
    return vowel[1] if vowel else phoneme


def marks_stress(phonemes: Iterable[str]) -> bool:
    """Returns whether digits behind vowels are stress, 0 to 2, and not tones."""
    return not any(map(_TONE.fullmatch, phonemes))


def has_stress(phonemes: Iterable[str]) -> bool:
    """Returns whether some of the phonemes are vowels with a stress digit."""
    return any(strip_stress(phoneme) != phoneme for phoneme in phonemes)
