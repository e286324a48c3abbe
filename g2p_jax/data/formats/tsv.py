"""Tab-separated lexicons, one pronunciation in a line: WikiPron, SIGMORPHON, and predict.py."""

from collections.abc import Iterator, Sequence

from g2p_jax.data.textfile import TextFile, shorten

EXAMPLE = "'word<TAB>P H O N'"


def read(file: TextFile) -> Iterator[tuple[int, str, list[list[str]]]]:
    for number, line in file.lines():
        word, *columns = line.split("\t")
        if len(columns) != 1:
            fix = "put one tab between word and phonemes; predict.py --nbest=1 does so"
            raise file.error(number, EXAMPLE, f"{len(columns)} tabs in {shorten(line)}", fix)
        yield number, word, [columns[0].split()]


def write(word: str, phonemes: Sequence[str]) -> str:
    """Returns the line of one pronunciation, without its end."""
    return f"{word}\t{' '.join(phonemes)}"
