"""Lexicons of the contest: the alternatives of a word stand in one line, between spaces.

'A AH EY' has two alternatives, of one phoneme each.
"""

from collections.abc import Iterator

from g2p_jax.data.textfile import TextFile

EXAMPLE = "'WORD P_H_O_N [P_H_O_N ...]'"


def read(file: TextFile) -> Iterator[tuple[int, str, list[list[str]]]]:
    for number, line in file.lines():
        word, *pronunciations = line.split()
        yield number, word, [phonemes.split("_") for phonemes in pronunciations]
