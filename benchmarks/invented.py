"""Words that nobody says, with their pronunciations: as many as a measurement needs."""

from collections.abc import Iterator

import numpy as np

CONSONANTS = (
    "b B,d D,f F,g G,h HH,j JH,k K,l L,m M,n N,p P,r R,s S,t T,v V,w W,z Z,ch CH,sh SH,th TH,"
    "br B R,pl P L,st S T,tr T R"
).split(",")
VOWELS = "a AE,e EH,i IH,o AA,u AH,ai EY,ea IY,oo UW,ou AW,y AY".split(",")


def entries(count: int) -> Iterator[str]:
    """Lines word<TAB>phonemes, each word three syllables and a consonant; a few thousand at a time.

    Consonants and vowels take turns, so that a word can come about in one way only.
    """
    parts = [[part.split(" ", 1) for part in kind] for kind in (CONSONANTS, VOWELS)]
    kinds = [*parts, *parts, *parts, parts[0]]
    most = int(np.prod([len(kind) for kind in kinds]))
    if count > most:
        raise ValueError(f"there are only {most} words")
    for start in range(0, count, 10_000):
        # A walk through all numbers below `most`, with which the step has no divisor in common.
        rest = np.arange(start, min(start + 10_000, count)) * 123_456_791 % most
        spelt, sounds = [], []
        for kind in kinds:
            rest, which = np.divmod(rest, len(kind))
            spelt.append([kind[i][0] for i in which.tolist()])
            sounds.append([kind[i][1] for i in which.tolist()])
        lines = zip(zip(*spelt, strict=True), zip(*sounds, strict=True), strict=True)
        yield "".join(f"{''.join(word)}\t{' '.join(phonemes)}\n" for word, phonemes in lines)
