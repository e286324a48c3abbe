"""Word lists in, answers out: one line for every line, in order, in constant memory."""

import itertools
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from absl import logging

from g2p_jax.data.lexicon import CSV_HEADER, csv_line, tsv_lines
from g2p_jax.errors import UserError
from g2p_jax.pictures import attention_map, file_name
from g2p_jax.pronounce import G2P, Answer

CHUNK = 8192  # words whose answers are kept in memory


def transcribe(
    g2p: G2P,
    words: Iterable[tuple[str, str]],
    out: TextIO,
    *,
    csv: bool = False,
    nbest: int = 1,
    beam: int = 1,
    strict: bool = False,
    pictures: Path | None = None,
    chunk: int = CHUNK,
) -> None:
    """Writes the pronunciation of each (id, word).

    A word that holds what the model has never seen is answered without it; one warning counts such
    words at the end, or with `strict` the first one is a UserError.

    Args:
      csv: write the contest's `Id,Transcription` rather than `word<TAB>P H O N`.
      nbest: with more than 1, that many lines for each word, and a third column: probability.
      pictures: a folder for an attention map of each word that has letters, NUMBER-WORD.png.
      chunk: how many words are read before their answers are written.
    """
    if csv:
        out.write(CSV_HEADER + "\n")
    strange, characters, count, started = 0, Counter[str](), 0, time.monotonic()
    reported = started
    for part in _chunks(words, chunk):
        answers = g2p.pronounce((word for _, word in part), nbest, beam)
        if pictures:
            draw_attention(g2p, answers, pictures, count)
        for (id, word), answer in zip(part, answers, strict=True):
            if answer.unknown or not answer.word.strip():
                strange += 1
                characters.update(answer.unknown)
                if strict:
                    raise UserError(f"line {id}: {_complaint(answer)}; leave --strict out to go on")
            options = [(p.phonemes, p.probability) for p in answer.pronunciations]
            if csv:
                out.write(csv_line(id, options) + "\n")
            else:
                lines = tsv_lines(word.replace("\t", " "), options, probability=nbest > 1)
                out.writelines(line + "\n" for line in lines)
        out.flush()
        count += len(part)
        now = time.monotonic()
        if now - reported > 10:
            logging.info("%d words, %.0f words/s", count, count / (now - started))
            reported = now
    if strange:
        common = ", ".join(f"{char!r} {times}x" for char, times in characters.most_common(5))
        logging.warning(
            "%d of %d lines are empty or hold characters that the model does not know%s: answered "
            "without them; --strict makes them an error",
            strange,
            count,
            f" ({common})" if common else "",
        )


def draw_attention(g2p: G2P, answers: list[Answer], folder: Path, first: int = 0) -> None:
    """Attention maps of the best pronunciations, numbered from first + 1."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, answer in enumerate(answers, first + 1):
        if best := answer.pronunciations[0].phonemes:
            seen = g2p.attention(answer.word, best)
            attention_map(seen, folder / file_name(number, answer.word))


def _complaint(answer: Answer) -> str:
    if answer.unknown:
        unknown = ", ".join(map(repr, answer.unknown))
        return f"{answer.word!r} holds {unknown}, which the model does not know"
    return f"{answer.word!r} holds nothing to pronounce"


def _chunks(words: Iterable[tuple[str, str]], size: int) -> Iterator[list[tuple[str, str]]]:
    words = iter(words)
    while part := list(itertools.islice(words, size)):
        yield part
