"""Word lists in, answers out: one line for every line, in order, in constant memory."""

import dataclasses
import itertools
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TextIO

from absl import logging

from g2p_jax.data.lexicon import CSV_HEADER, csv_line, tsv_lines
from g2p_jax.errors import UserError
from g2p_jax.pictures import attention_map, file_name
from g2p_jax.pronounce import G2P, Answer, LexiconFirst

CHUNK = 8192  # words whose answers are kept in memory

Words = Iterable[tuple[str, str]]  # (id, word)


@dataclasses.dataclass
class Tally:
    """What has been answered so far, as JSON values."""

    words: int = 0
    checksum: int = 0  # of the words
    strange: int = 0  # words that are empty or hold what the model has never seen
    unknown: dict[str, int] = dataclasses.field(default_factory=dict)  # how often each character

    def add(self, part: list[tuple[str, str]], answers: list[Answer]) -> None:
        self.words += len(part)
        self.checksum = _checksum(part, self.checksum)
        strange = [answer for answer in answers if _is_strange(answer)]
        self.strange += len(strange)
        found = (character for answer in strange for character in answer.unknown)
        self.unknown = dict(Counter(self.unknown) + Counter(found))

    def skip(self, words: Words) -> Iterator[tuple[str, str]]:
        """The words after those that are answered; UserError if those have become others."""
        words, checksum = iter(words), 0
        for part in _chunks(itertools.islice(words, self.words), CHUNK):
            checksum = _checksum(part, checksum)
        if checksum != self.checksum:
            raise UserError(
                f"the first {self.words} words are not those that are answered already; leave out "
                "--resume to begin anew"
            )
        return words


def transcribe(
    g2p: G2P | LexiconFirst,
    words: Words,
    out: TextIO,
    *,
    csv: bool = False,
    nbest: int = 1,
    beam: int = 1,
    mass: float = 1.0,
    marked: bool = False,
    strict: bool = False,
    pictures: Path | None = None,
    chunk: int = CHUNK,
    tally: Tally | None = None,
    mark: Callable[[Tally], None] = lambda tally: None,
    total: int = 0,
) -> None:
    """Writes the pronunciation of each (id, word).

    A word that holds what the model has never seen is answered without it; one warning counts such
    words at the end, or with `strict` the first one is a UserError.

    Args:
      csv: write the contest's `Id,Transcription` rather than `word<TAB>P H O N`.
      nbest: with more than 1, so many lines for each word, and a third column: probability.
      mass: of these lines only as many as have this probability together.
      marked: a last column says who answered, "lexicon" or "model".
      pictures: a folder for an attention map of each word that has letters, NUMBER-WORD.png.
      chunk: how many words are read before their answers are written.
      tally: of what `out` holds already: those words are not answered again.
      mark: is told the tally about once a second, when `out` holds just the answers to that.
      total: how many words there will be, to say how much time is left; 0: unknown.
    """
    tally = tally or Tally()
    words, before = tally.skip(words), tally.words
    if csv and not tally.words:
        out.write(CSV_HEADER + "\n")
    started = saved = reported = time.monotonic()
    for part in _chunks(words, chunk):
        answers = g2p.pronounce((word for _, word in part), nbest, beam, mass)
        if strict:
            _check(part, answers)
        if pictures:
            draw_attention(g2p, answers, pictures, tally.words)
        for (id, word), answer in zip(part, answers, strict=True):
            options = [(p.phonemes, p.probability) for p in answer.pronunciations]
            if csv:
                out.write(csv_line(id, options) + "\n")
            else:
                lines = tsv_lines(word.replace("\t", " "), options, probability=nbest > 1)
                end = ("\tlexicon" if answer.known else "\tmodel") if marked else ""
                out.writelines(line + end + "\n" for line in lines)
        out.flush()
        tally.add(part, answers)
        now = time.monotonic()
        if now - saved > 1:
            mark(tally)
            saved = now
        if now - reported > 10:
            speed = (tally.words - before) / (now - started)
            left = f", {(total - tally.words) / speed / 60:.1f} minutes left" if total else ""
            logging.info("%d words, %.0f words/s%s", tally.words, speed, left)
            reported = now
    if tally.strange:
        common = ", ".join(f"{char!r} {n}x" for char, n in Counter(tally.unknown).most_common(5))
        logging.warning(
            "%d of %d lines are empty or hold characters that the model does not know%s: answered "
            "without them; --strict makes them an error",
            tally.strange,
            tally.words,
            f" ({common})" if common else "",
        )


def draw_attention(
    g2p: G2P | LexiconFirst, answers: list[Answer], folder: Path, first: int = 0
) -> None:
    """Attention maps of the best pronunciations, numbered from first + 1."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, answer in enumerate(answers, first + 1):
        if best := answer.pronunciations[0].phonemes:
            seen = g2p.attention(answer.word, best)
            attention_map(seen, folder / file_name(number, answer.word))


def _is_strange(answer: Answer) -> bool:
    return bool(answer.unknown) or not answer.word.strip()


def _check(part: list[tuple[str, str]], answers: list[Answer]) -> None:
    """UserError for the first strange word."""
    for (id, _), answer in zip(part, answers, strict=True):
        if _is_strange(answer):
            raise UserError(f"line {id}: {_complaint(answer)}; leave --strict out to go on")


def _complaint(answer: Answer) -> str:
    if answer.unknown:
        unknown = ", ".join(map(repr, answer.unknown))
        return f"{answer.word!r} holds {unknown}, which the model does not know"
    return f"{answer.word!r} holds nothing to pronounce"


def _checksum(part: list[tuple[str, str]], before: int) -> int:
    text = "".join(word + "\n" for _, word in part)
    return zlib.crc32(text.encode(), before)


def _chunks(words: Words, size: int) -> Iterator[list[tuple[str, str]]]:
    words = iter(words)
    while part := list(itertools.islice(words, size)):
        yield part
