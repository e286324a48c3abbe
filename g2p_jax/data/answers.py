"""Answers as text: `word<TAB>P H O N`, or a contest submission, `Id,P_H_O_N`."""

import itertools
import os

from g2p_jax.data.formats.writers import BREAKS, Answers, csv_cells
from g2p_jax.data.pairs import Phonemes
from g2p_jax.data.textfile import TextFile, csv_row, shorten
from g2p_jax.errors import DataError, counted

CSV_HEADER = "Id,Transcription"


def tsv_lines(word: str, answers: Answers, probability: bool = False) -> list[str]:
    """Returns a line for each answer, with its probability as third column if that is wanted.

    Without it read_lexicon takes them back. No answer gives a line without phonemes, so that
    every word has a line.
    """
    word = BREAKS.sub(" ", word)
    lines = [
        f"{word}\t{' '.join(phonemes)}" + (f"\t{p:.4g}" if probability else "")
        for phonemes, p in answers
    ]
    return lines or [f"{word}\t"]


def csv_line(id: str, answers: Answers) -> str:
    """Returns the row of a submission, which holds the best answer only.

    Raises DataError for a phoneme that holds the _ between phonemes.
    """
    best = answers[0][0] if answers else ()
    if unclear := next((phoneme for phoneme in best if "_" in phoneme), ""):
        fix = "write a .tsv, or name another --format"
        raise DataError(f"a submission cannot hold the phoneme {unclear!r} with its _; fix: {fix}")
    return csv_cells([BREAKS.sub(" ", id), "_".join(best)])


def read_answers(path: str | os.PathLike[str]) -> list[tuple[str, Phonemes]]:
    """Returns (id or word, phonemes) for each line that predict.py wrote, in either form.

    A word may have no phonemes. Raises DataError, with file and line, for other files.
    """
    file = TextFile(path)
    lines, answers = file.lines(), []
    first = next(lines, (0, CSV_HEADER))
    if first[1].lower() != CSV_HEADER.lower():
        return [_answer(file, number, line) for number, line in itertools.chain([first], lines)]
    for number, line in lines:
        row = csv_row(f"{path}:{number}", line)
        if len(row) != 2:
            found, fix = counted(len(row), "column"), "write one id and one transcription"
            raise file.error(number, "'Id,P_H_O_N'", found, fix)
        answers.append((row[0], tuple(filter(None, row[1].split("_")))))
    return answers


def _answer(file: TextFile, number: int, line: str) -> tuple[str, Phonemes]:
    columns = line.split("\t")
    if len(columns) != 2:
        found = f"{counted(len(columns) - 1, 'tab')} in {shorten(line)}"
        fix = "write the word and its best pronunciation only, with one tab between"
        raise file.error(number, "'word<TAB>P H O N'", found, fix)
    return columns[0], tuple(columns[1].split())
