"""Phonetic alphabets, and how a pronunciation in one is written in another.

Of English: ARPAbet, IPA, X-SAMPA, and the IPA that espeak writes and Kokoro reads. Of every
language: IPA and X-SAMPA. The tables are english.tsv and xsampa.tsv in this folder.
"""

import contextlib
from collections.abc import Iterable

from g2p_jax.data.alphabets import english, xsampa
from g2p_jax.errors import DataError

_XSAMPA_SIGNS = set('@{:`\\"%')  # that letters of other alphabets are not
ALPHABETS = "arpabet", "ipa", "xsampa", "espeak", "kokoro"


def check_alphabet(alphabet: str) -> None:
    """Raises DataError for what is no alphabet."""
    if alphabet not in ALPHABETS:
        raise DataError(f"alphabet must be one of {', '.join(ALPHABETS)}; found {alphabet!r}")


def alphabet_of(phonemes: Iterable[str]) -> str:
    """Returns "arpabet" if all phonemes are those of CMUdict, "xsampa" if English, else "ipa"."""
    phonemes = tuple(phonemes)
    if all(map(english.is_arpabet, phonemes)):
        return "arpabet"
    return "xsampa" if is_xsampa(phonemes) else "ipa"


def is_xsampa(phonemes: Iterable[str], target: str = "arpabet") -> bool:
    """Returns whether phonemes are in X-SAMPA: they have its signs, and all have a `target`.

    Stress does not count: the vowel that its mark is of may be in another phoneme.
    """
    phonemes = tuple(phonemes)
    text = "".join(phonemes)
    with contextlib.suppress(DataError):
        return (
            text.isascii()
            and not _XSAMPA_SIGNS.isdisjoint(text)
            and bool(convert(convert(phonemes, "xsampa", "ipa", stress=False), "ipa", target))
        )
    return False


def is_kokoro(phonemes: Iterable[str]) -> bool:
    """Returns whether phonemes are English for Kokoro, which has capitals that IPA lacks."""
    phonemes = tuple(phonemes)
    with contextlib.suppress(DataError):
        capitals = not set("AIOWY").isdisjoint("".join(phonemes))
        return capitals and bool(convert(phonemes, "kokoro", "arpabet", stress=False))
    return False


def convert(
    phonemes: Iterable[str], source: str, target: str, stress: bool = True
) -> tuple[str, ...]:
    """Returns a pronunciation of one alphabet in another: ("OW1",) -> ("ˈoʊ",).

    From ARPAbet each phoneme becomes one item. Items of the others may hold several phonemes, as
    far as `"həˈloʊ"`. Letters and marks that differ in Unicode only are the same; IPA is NFC.

    Args:
      stress: False leaves out digits or marks of stress; vowels stay those of their stress.

    Raises DataError for a symbol that the source has not, or the target cannot write, and for
    another alphabet.
    """
    check_alphabet(source)
    check_alphabet(target)
    phonemes = tuple(phonemes)
    if source == "xsampa":
        source, phonemes = "ipa", tuple(filter(None, map(xsampa.to_ipa, phonemes)))
    if target == "xsampa":
        return tuple(map(xsampa.to_xsampa, convert(phonemes, source, "ipa", stress)))
    if source != target:
        if source != "arpabet":
            phonemes = english.to_arpabet(phonemes, source)
        if target != "arpabet":
            phonemes = english.from_arpabet(phonemes, target)
    return phonemes if stress else english.without_stress(phonemes, target)
