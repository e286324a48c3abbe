"""Word lists in, answers out: one line for every line, in order, in constant memory."""

import contextlib
import dataclasses
import gc
import io
import itertools
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

import jax
from absl import logging

from g2p_jax.data.answers import CSV_HEADER, csv_line, tsv_lines
from g2p_jax.data.resumable import ResumableFile
from g2p_jax.devices import hosts
from g2p_jax.errors import UserError
from g2p_jax.predict.g2p import G2P, Answer, LexiconFirst
from g2p_jax.predict.plots import attention_map, file_name

CHUNK = 8192  # words that are answered at once, and kept in memory
COLLECT = 16  # chunks, after which Python looks for garbage in cycles: there is hardly any

Words = Iterable[tuple[str, str]]  # (id, word)
Part = list[tuple[str, str]]


@dataclasses.dataclass(frozen=True)
class Options:
    """What to ask, and how to write it."""

    nbest: int = 1  # with more than 1, so many lines for each word, and a column: probability
    beam: int = 0  # width of the search; 1: greedy; 0: what suits the model
    mass: float = 1.0  # of the nbest only as many as have this probability together
    marked: bool = False  # a last column says who answered, "lexicon" or "model"
    csv: bool = False  # the contest's `Id,Transcription` rather than `word<TAB>P H O N`
    aligned: bool = False  # two columns: the letters of each phoneme, and its probability
    strict: bool = False  # a word that holds what the model has never seen is a UserError
    pictures: Path | None = None  # a folder for attention maps, NUMBER-WORD.png

    @property
    def search(self) -> tuple[int, int, float]:
        """What `pronounce` is told."""
        return self.nbest, self.beam, self.mass


@dataclasses.dataclass
class Tally:
    """What has been answered so far, as JSON values."""

    words: int = 0
    checksum: int = 0  # of the words
    strange: int = 0  # words that are empty or hold what the model has never seen
    unknown: dict[str, int] = dataclasses.field(default_factory=dict)  # how often each character

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

    def warn(self) -> None:
        """Says how many words were strange, if any."""
        if not self.strange:
            return
        common = ", ".join(f"{char!r} {n}x" for char, n in Counter(self.unknown).most_common(5))
        logging.warning(
            "%d of %d lines are empty or hold characters that the model does not know%s: answered "
            "without them; --strict makes them an error",
            self.strange,
            self.words,
            f" ({common})" if common else "",
        )


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """For what makes many objects, and hardly any garbage in cycles."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_no_garbage_collection()
def transcribe(
    g2p: G2P | LexiconFirst,
    words: Words,
    out: TextIO,
    options: Options = Options(),  # noqa: B008
    *,
    chunk: int = CHUNK,
    tally: Tally | None = None,
    mark: Callable[[Tally], None] = lambda tally: None,
    total: int = 0,
) -> None:
    """Writes the pronunciation of each (id, word).

    A word that holds what the model has never seen is answered without it; one warning counts such
    words at the end. Of several processes each answers its part of the words; the first writes.

    Args:
      chunk: how many words each process reads before their answers are written; of more than one
        the next are read and searched meanwhile.
      tally: of what `out` holds already: those words are not answered again.
      mark: is told the tally about once a second, when `out` holds just the answers to that.
      total: how many words there will be, to say how much time is left; 0: unknown.
    """
    tally = tally or Tally()
    words, before = tally.skip(words), tally.words
    if options.csv and not tally.words and hosts.is_first():
        out.write(CSV_HEADER + "\n")
    started = saved = reported = time.monotonic()
    first = chunk * jax.process_index()
    mine = slice(first, first + chunk)
    parts, asked = itertools.tee(_chunks(words, chunk * jax.process_count()))
    to_say, how = ([word for _, word in part[mine]] for part in asked), options.search
    one_by_one = (g2p.pronounce(some, *how) for some in to_say)
    answered = g2p.pronounce_each(to_say, *how) if chunk > 1 else one_by_one
    for number, part in enumerate(parts):
        answers = next(answered)
        written = _written(g2p, part[mine], answers, options, tally.words + first)
        for theirs in hosts.exchange(written):
            if hosts.is_first():
                out.write(theirs["text"])
            tally.strange += theirs["strange"]
            tally.unknown = dict(Counter(tally.unknown) + Counter(theirs["unknown"]))
        out.flush()
        if number == 0:
            gc.freeze()  # what is loaded by now stays: not to be searched for garbage again
        elif number % COLLECT == 0:
            gc.collect()
        tally.words += len(part)
        tally.checksum = _checksum(part, tally.checksum)
        now = time.monotonic()
        if now - saved > 1:
            mark(tally)
            saved = now
        if now - reported > 10:
            speed = (tally.words - before) / (now - started)
            left = f", {(total - tally.words) / speed / 60:.1f} minutes left" if total else ""
            logging.info("%d words, %.0f words/s%s", tally.words, speed, left)
            reported = now
    tally.warn()


def transcribe_file(
    g2p: G2P | LexiconFirst,
    words: Words,
    path: str,
    options: Options,
    about: dict[str, Any],
    *,
    resume: bool = False,
    total: int = 0,
) -> None:
    """`transcribe` into a file that takes its name when it is complete; see `data/resumable.py`.

    Args:
      about: what the answers depend on, as JSON values: only with the same can it be continued.
      resume: go on with what another process has left.
    """
    output = ResumableFile(path, about, resume) if hosts.is_first() else None
    complete, done = hosts.exchange(output and [resume and output.complete, output.done])[0]
    if complete:
        logging.info("%s is complete", path)
        return
    tally = Tally(**(done or {}))
    if tally.words:
        logging.info("continuing %s after %d words", path, tally.words)
    mark = lambda tally: output.mark(dataclasses.asdict(tally)) if output else None
    with output or io.StringIO() as out:
        transcribe(g2p, words, out, options, tally=tally, mark=mark, total=total)


def _written(
    g2p: G2P | LexiconFirst, part: Part, answers: list[Answer], options: Options, first: int
) -> dict[str, Any]:
    """The lines of these words, the first of which is number `first`, and how many are strange."""
    strange, unknown, lines = 0, Counter[str](), []
    columns = _alignments(g2p, answers) if options.aligned else itertools.repeat("")
    for (id, word), answer in zip(part, answers, strict=True):
        if answer.unknown or not answer.word.strip():
            strange += 1
            unknown.update(answer.unknown)
            if options.strict:
                raise UserError(f"line {id}: {_complaint(answer)}; leave --strict out to go on")
        found = [(p.phonemes, p.probability) for p in answer.pronunciations]
        if options.csv:
            lines.append(csv_line(id, found) + "\n")
        else:
            rows = tsv_lines(word.replace("\t", " "), found, probability=options.nbest > 1)
            end = ("\tlexicon" if answer.known else "\tmodel") if options.marked else ""
            lines.extend(row + next(columns) + end + "\n" for row in rows)
    if options.pictures:
        draw_attention(g2p, answers, options.pictures, first)
    return {"text": "".join(lines), "strange": strange, "unknown": unknown}


def _alignments(g2p: G2P | LexiconFirst, answers: list[Answer]) -> Iterator[str]:
    """For each pronunciation the letters of its phonemes, and how probable each of them is."""
    asked = [(a.word, p.phonemes) for a in answers for p in a.pronunciations]
    for seen in g2p.inspect(asked):
        letters = " ".join(part.replace(" ", "_") or "-" for part in seen.spelled)
        yield f"\t{letters}\t{' '.join(f'{p:.2f}' for p in seen.probabilities[:-1])}"


def draw_attention(
    g2p: G2P | LexiconFirst, answers: list[Answer], folder: Path, first: int = 0
) -> None:
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


def _checksum(part: Part, before: int) -> int:
    text = "".join(word + "\n" for _, word in part)
    return zlib.crc32(text.encode(), before)


def _chunks(words: Words, size: int) -> Iterator[Part]:
    words = iter(words)
    while part := list(itertools.islice(words, size)):
        yield part
