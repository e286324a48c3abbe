"""IPA strings as phones: t͡ɕʰɪ̀ɴ is t͡ɕʰ, ɪ̀ and ɴ.

A phone is a letter with its diacritics and its length. A tie bar binds the next letter to it. The
contour of a tone, such as ˥˩, is a phone of its own, and so are a stress mark and a syllable's dot:
WikiPron, whose dictionaries are cut into phones, does the same.
"""

import re

TONES = "˥-˩꜈-꜖"  # ˥ to ˩, also reversed and dotted
TIES = "\u035c\u0361\u0362"  # below and above two letters
MARKS = "ˈˌ꜀-꜇ꜜꜛ"  # spacing modifiers that stand alone: stress, downstep, upstep
MODIFIERS = (
    "\u02b0-\u02c7\u02c9-\u02cb\u02cd-\u02e4\u02ec-\u02ff"  # ʰ ʲ ː ˀ, without ˈ ˌ and the tones
    "\u0300-\u035b\u035d-\u0360\u0363-\u036f\u1ab0-\u1aff\u1dc0-\u1dff"  # diacritics
    "\u1d2c-\u1d6a\u1d78\u1d9b-\u1dbf\u2070-\u207f\ua71b-\ua71d\U00010780-\U000107ba"  # ᵝ ᶣ ⁿ
)
_LETTER = f"[^{TONES}{MARKS}\\s]"
PHONE = re.compile(
    f"[{TONES}]+(?:[{MODIFIERS}]+[{TONES}]+)*|[{MARKS}]|\\s"
    f"|{_LETTER}[{MODIFIERS}]*(?:[{TIES}][{MODIFIERS}]*(?:\\w[{MODIFIERS}]*)?)*"
)


def cut_into_phones(text: str) -> tuple[str, ...]:
    """Returns the phones of an IPA string; joined, they are the string again."""
    return tuple(PHONE.findall(text))
