"""English in several alphabets: phonemes by a table, and stress as digits or as marks.

In ARPAbet a digit follows each vowel. In the others a mark is before stressed syllables (IPA) or
before their vowels (espeak, kokoro).
"""

import functools
from collections.abc import Iterable, Sequence

from g2p_jax.data.alphabets.table import Symbols, rows
from g2p_jax.data.arpabet import is_vowel, strip_stress
from g2p_jax.errors import DataError

MARKS = {"1": "ˈ", "2": "ˌ"}
DIGITS = {mark: digit for digit, mark in MARKS.items()}
_NO_MARKS = str.maketrans(dict.fromkeys(DIGITS, ""))
SYLLABLE_BREAK = "."  # has no counterpart in ARPAbet, and is left out

# Clusters that may begin a syllable, as may each single consonant but NG.
ONSETS = set(
    "P L,P R,P Y,B L,B R,B Y,T R,T W,T Y,D R,D W,D Y,K L,K R,K W,K Y,G L,G R,G W,G Y,F L,F R,F Y,"
    "TH R,TH W,SH R,V Y,M Y,N Y,HH W,HH Y,S P,S T,S K,S M,S N,S F,S L,S W,S P L,S P R,S P Y,S T R,"
    "S T Y,S K L,S K R,S K W,S K Y".split(",")
)

_ROWS = [
    dict(zip(("arpabet", "ipa", "espeak", "kokoro", "also"), row, strict=False))
    for row in rows("english.tsv")
]
_SPELLINGS = {  # of each phoneme
    name: {row["arpabet"][0]: row[name][0] for row in _ROWS if len(row["arpabet"]) == 1}
    for name in ("ipa", "espeak", "kokoro")
}
_PHONEMES = {  # of each spelling, without stress
    name: {
        spelling: [strip_stress(phoneme) for phoneme in row["arpabet"]]
        for column in ("also", name)
        for row in _ROWS
        for spelling in row.get(column, ())
        if spelling
    }
    for name in _SPELLINGS
}
_SYMBOLS = {
    name: Symbols(name, [*phonemes, *DIGITS, SYLLABLE_BREAK])
    for name, phonemes in _PHONEMES.items()
}


def is_arpabet(phoneme: str) -> bool:
    """Returns whether it is a phoneme of CMUdict, a vowel with a stress digit or without.

    It may be in lower case, as in lexicons of Kaldi.
    """
    return strip_stress(phoneme.upper()) in _SPELLINGS["ipa"]


def to_arpabet(phonemes: Iterable[str], alphabet: str) -> tuple[str, ...]:
    """Returns the phonemes in ARPAbet, each vowel with a digit: 0 where no mark is before it.

    Raises DataError for what the table lacks, and for a mark that no vowel follows.
    """
    found, digit, phonemes = list[str](), "0", tuple(phonemes)
    for symbol in (symbol for phoneme in phonemes for symbol in _cut(phoneme, alphabet)):
        digit = DIGITS.get(symbol, digit)
        for phoneme in _PHONEMES[alphabet].get(symbol, ()):
            if is_vowel(phoneme):
                phoneme, digit = phoneme + digit, "0"
            found.append(phoneme)
    if digit != "0":
        where = " ".join(phonemes)
        raise DataError(f"no vowel follows {MARKS[digit]!r} in {where!r}; fix: remove the mark")
    return tuple(found)


def from_arpabet(phonemes: Sequence[str], alphabet: str) -> tuple[str, ...]:
    """Returns a spelling for each phoneme, with the mark of stress where one is before it.

    Vowels without digits have no mark. Raises DataError for what is no ARPAbet.
    """
    written = [_spelling(phoneme, alphabet) for phoneme in phonemes]
    phonemes = tuple(map(str.upper, phonemes))
    for place, phoneme in enumerate(phonemes):
        if mark := MARKS.get(phoneme[-1:]):
            if alphabet == "ipa":
                place = _onset(phonemes, place)
            written[place] = mark + written[place]
    return tuple(written)


def without_stress(phonemes: Iterable[str], alphabet: str) -> tuple[str, ...]:
    """Returns the phonemes without digits of stress, or without its marks."""
    if alphabet == "arpabet":
        return tuple(map(strip_stress, phonemes))
    return tuple(filter(None, (phoneme.translate(_NO_MARKS) for phoneme in phonemes)))


@functools.lru_cache(10_000)
def _cut(phoneme: str, alphabet: str) -> list[str]:
    try:
        return _SYMBOLS[alphabet].cut(phoneme)
    except DataError as error:
        if alphabet != "ipa":
            raise
        what = str(error).partition(" of the alphabet")[0]
        fix = "replace it, or choose ipa or xsampa: IPA of another language becomes no other"
        raise DataError(f"{what} of English; fix: {fix}") from error


@functools.lru_cache(1000)
def _spelling(phoneme: str, alphabet: str) -> str:
    if not is_arpabet(phoneme):
        fix = "leave the phonemes as they are, or name the alphabet that they are in"
        raise DataError(f"{phoneme!r} is not a phoneme of ARPAbet; fix: {fix}")
    spellings, phoneme = _SPELLINGS[alphabet], phoneme.upper()
    return spellings.get(phoneme) or spellings[strip_stress(phoneme)]


def _onset(phonemes: Sequence[str], vowel: int) -> int:
    """Returns where the syllable of a vowel begins: it has the longest onset that is legal."""
    start = vowel
    while start and not is_vowel(phonemes[start - 1]):
        start -= 1
    if start:  # consonants between two vowels; those before the first are all in its onset
        while vowel - start > 1 and " ".join(phonemes[start:vowel]) not in ONSETS:
            start += 1
        if start < vowel and phonemes[start] == "NG":
            start += 1
    return start
