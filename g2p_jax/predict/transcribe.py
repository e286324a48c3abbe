"""Word lists in, answers out: in order, in constant memory.

A list of answers has at least one line for every line; a lexicon has each word once."""

import contextlib
import dataclasses
import functools
import io
import itertools
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from absl import logging

from g2p_jax.data.answers import CSV_HEADER, csv_line, tsv_lines
from g2p_jax.data.formats import writers
from g2p_jax.data.formats.writers import WITH_LANGUAGE, WRITERS, sherpa
from g2p_jax.data.language_names import AUTO, split_language
from g2p_jax.data.resumable import ResumableFiles
from g2p_jax.data.textfile import as_they_come
from g2p_jax.errors import UserError, counted, cut
from g2p_jax.predict.plots import draw
from g2p_jax.predict.problems import DOUBTFUL, PARTLY, SILENT, SPACES, Problem, problems_of, show
from g2p_jax.predict.pronouncer import Pronouncer
from g2p_jax.predict.pronunciation import Answer, Pronunciation, batched

CHUNK = 8192  # words that are read, answered and written together
HEADERS = writers.HEADERS | {"submission": CSV_HEADER}
SAVE_EVERY, LOG_EVERY = 1, 10  # seconds

Words = Iterable[tuple[str, str]]  # (id, word)
Chunk = list[tuple[str, str]]


@dataclasses.dataclass(frozen=True)
class Options:
    """What to answer, and how to write it."""

    nbest: int = 1  # with more than 1, so many lines for each word, and a column: probability
    beam: int = 0  # width of the search; 1: greedy; 0: that of the model
    mass: float = 1.0  # of the nbest only as many as have this probability together
    min_confidence: float = 0.0  # answers of the model with less probability are doubtful
    marked: bool = False  # a last column says who answered: "lexicon", "model"; or "doubtful"
    format: str = "tsv"  # word<TAB>P H O N; "submission": Id,P_H_O_N; or that of a lexicon
    tokens: frozenset[str] = frozenset()  # of the voice that "sherpa" is for; none: not checked
    alphabet: str = ""  # of the phonemes; "": that of the model
    stress: bool = True  # with the marks of an alphabet for it, or the digits
    aligned: bool = False  # two columns: the letters of each phoneme, and its probability
    strict: bool = False  # a word with unknown characters is a UserError
    pictures: Path | None = None  # a folder for attention maps, NUMBER-WORD.png
    report: str = ""  # a file with a row for each word that a person should see


@dataclasses.dataclass(frozen=True)
class Share:
    """Which of several processes this one is, and how they exchange JSON values."""

    index: int = 0
    count: int = 1
    exchange: Callable[[Any], list[Any]] = lambda value: [value]


class Kind(NamedTuple):
    """What the lines of a list are: how chunks of them are answered, and the answers written."""

    noun: str
    answer: Callable[[Pronouncer, Iterable[list[str]], Options], Iterator[list[Any]]]
    write: Callable[[Pronouncer, Chunk, list[Any], Options, int], dict[str, Any]]


@dataclasses.dataclass
class Tally:
    """What has been answered so far, as JSON values."""

    words: int = 0  # or lines of a text
    checksum: int = 0  # of the words
    partly: int = 0  # words with characters that the model does not know
    silent: int = 0  # words without an answer: empty, or of unknown characters only
    doubtful: int = 0  # words whose answer has a small probability
    unknown: dict[str, int] = dataclasses.field(default_factory=dict)  # how often each character

    def add(self, words: Chunk) -> None:
        text = "".join(f"{id}\t{word}\n" for id, word in words)
        self.words += len(words)
        self.checksum = zlib.crc32(text.encode(), self.checksum)

    def skip(self, words: Words, new: Callable[[Chunk], Chunk] = list) -> Iterator[tuple[str, str]]:
        """Returns the words after those that are answered, which `new` gets to know.

        UserError if those have changed.
        """
        words, again = iter(words), Tally()
        for chunk in batched(itertools.islice(words, self.words), CHUNK):
            again.add(chunk)
            new(chunk)
        if again.checksum != self.checksum:
            raise UserError(
                f"the list does not begin with the {counted(self.words, 'word')} that the output "
                "answers; leave out --resume to begin anew"
            )
        return words

    def add_problem(self, problem: Problem) -> None:
        self.partly += problem.how == PARTLY
        self.silent += problem.how == SILENT
        self.doubtful += problem.how == DOUBTFUL
        self.unknown = dict(Counter(self.unknown) + Counter(problem.unknown))

    def warn(self, noun: str, report: str) -> None:
        """Logs how many words were not wholly answered, or doubtful, if any."""
        all_of = counted(self.words, noun.removesuffix("s"))
        if self.doubtful:
            are = "is" if self.doubtful == 1 else "are"
            logging.info("of %s %d %s doubtful", all_of, self.doubtful, are)
        if self.partly + self.silent:
            common = (f"{char!r} {n}x" for char, n in Counter(self.unknown).most_common(5))
            is_letters = max(map(len, self.unknown), default=1) == 1
            what = "unknown characters" if is_letters else f"{SPACES}; unknown"
            characters = f"; {what}: {', '.join(common)}" if self.unknown else ""
            of = "" if noun == "words" else "the words of "
            hows = (self.partly, "answered in part only"), (self.silent, "not answered at all")
            each = [f"{n} {'was' if n == 1 else 'were'} {how}" for n, how in hows if n]
            logging.warning(
                f"of {of}{all_of} {', '.join(each)}{characters}; {report or '--report=FILE'} lists "
                "them, --strict makes them an error"
            )


class _New(set[str]):
    """Called with words, returns those that it did not get before: a lexicon has each word once."""

    def __init__(self, format: str):
        self._case = str.lower if format == "sherpa" else str

    def __call__(self, words: Chunk) -> Chunk:
        new = []
        for id, word in words:
            if (key := self._case(word.strip())) not in self:
                self.add(key)
                new.append((id, word))
        return new


def transcribe(
    g2p: Pronouncer,
    words: Words,
    out: IO[str],
    options: Options = Options(),  # noqa: B008
    *,
    report: IO[str] | None = None,
    chunk: int = CHUNK,
    ready: Callable[[], bool] = lambda: True,
    tally: Tally | None = None,
    mark: Callable[[Tally, bool], None] = lambda tally, now: None,
    total: int = 0,
    share: Share = Share(),  # noqa: B008
    kind: Kind | None = None,
) -> None:
    """Writes the pronunciation of each (id, word).

    Unknown characters are left out; one warning counts such words at the end. Of several processes
    each answers its part of the words; the first writes.

    Args:
      report: gets a row for each word that a person should see; see `Problem`.
      chunk: how many words each process reads before their answers are written.
      ready: whether another word can be read at once; if not, those before it are answered first.
      tally: of what `out` holds already: those words are not answered again.
      mark: is told the tally when `out` holds just the answers to that; each second: with True.
      total: how many words there will be, to say how much time is left; 0: unknown.
      share: of this process, where several answer the words together.
      kind: what is in the lines; None: words.
    """
    noun, answer, write = kind or WORDS
    tally = tally or Tally()
    new = _New(options.format) if options.format in WRITERS else list
    words, before, first = tally.skip(words, new), tally.words, chunk * share.index
    if options.format in HEADERS and not before and not share.index:
        named = options.format in WITH_LANGUAGE and len(g2p.symbols.languages) > 0
        out.write("language," * named + HEADERS[options.format] + "\n")
    started = saved = logged = time.monotonic()
    each = as_they_come(words, chunk * share.count, ready)
    chunks, again = itertools.tee((some, new(some)[first : first + chunk]) for some in each)
    mine = ([word for _, word in part] for _, part in again)
    for (some, part), answers in zip(chunks, answer(g2p, mine, options), strict=True):
        for written in share.exchange(write(g2p, part, answers, options, tally.words + first)):
            if not share.index:
                out.write(written["text"])
            for problem in itertools.starmap(Problem, written["problems"]):
                tally.add_problem(problem)
                if report and not share.index:
                    report.write(str(problem))
                elif not options.report:
                    show(problem, tally.doubtful)
        out.flush()
        tally.add(some)
        now = time.monotonic()
        mark(tally, now - saved > SAVE_EVERY)
        saved = now if now - saved > SAVE_EVERY else saved
        if now - logged > LOG_EVERY:
            _log_speed(tally.words, (tally.words - before) / (now - started), noun, total)
            logged = now
    tally.warn(noun, options.report)


def _log_speed(done: int, speed: float, noun: str, total: int) -> None:
    left = f", {(total - done) / speed / 60:.1f} minutes left" if total else ""
    logging.info("%d %s, %.0f %s/s%s", done, noun, speed, noun, left)


def transcribe_file(
    g2p: Pronouncer,
    words: Words,
    path: str,
    options: Options,
    about: dict[str, Any],
    *,
    resume: bool = False,
    overwrite: bool = False,
    total: int = 0,
    share: Share = Share(),  # noqa: B008
    kind: Kind | None = None,
) -> None:
    """Transcribes into a file that takes its name when it is complete; see `ResumableFiles`.

    Args:
      about: what the answers depend on, as JSON values: only with the same can it be continued.
      resume: continues what another process has left.
      overwrite: replaces a file that was not written this way.
    """
    paths = [path, options.report] if options.report else [path]
    output = None if share.index else ResumableFiles(paths, about, resume, overwrite)
    complete, done = share.exchange(output and [output.complete, output.done])[0]
    if complete:
        if done and (more := next(Tally(**done).skip(words), None)):
            raise UserError(f"{path} has no answer to {cut(more[1], 80)!r}; leave out --resume")
        logging.info("%s is complete", path)
        return
    tally = Tally(**(done or {}))
    if tally.words:
        logging.info("continuing %s after %s", path, counted(tally.words, "word"))
    mark = lambda tally, now: output.mark(dataclasses.asdict(tally), now) if output else None
    how: Any = {"tally": tally, "mark": mark, "total": total, "share": share, "kind": kind}
    with output or contextlib.nullcontext([io.StringIO()]) as (out, *reports):
        report = reports[0] if reports else None
        transcribe(g2p, words, out, options, report=report, **how)


def _answer(
    g2p: Pronouncer, chunks: Iterable[list[str]], options: Options
) -> Iterator[list[Answer]]:
    return g2p.pronounce_each(chunks, options.nbest, options.beam, options.mass)


def _write(
    g2p: Pronouncer, words: Chunk, answers: list[Answer], options: Options, first: int
) -> dict[str, Any]:
    """Returns the lines of these words, and their problems, as JSON values."""
    lines, own = list[str](), g2p.symbols.alphabet
    problems = problems_of(g2p, words, answers, options)
    doubts = {problem.word for problem in problems if problem.how == DOUBTFUL}
    write = WRITERS.get(options.format, tsv_lines)
    if options.format == "sherpa":
        write = functools.partial(sherpa, tokens=options.tokens)
    answers = g2p.aligned(answers) if options.aligned else answers
    for (id, word), answer in zip(words, answers, strict=True):
        answer = answer.in_alphabet(own, options.alphabet, options.stress)
        if options.format == "submission":
            lines.append(csv_line(id, answer.scored))
        elif options.format != "tsv":
            text, more = word.strip(), {}
            if (languages := g2p.symbols.languages) and options.format in WITH_LANGUAGE:
                text, more = split_language(text, languages, AUTO)[1], {"language": answer.language}
            lines.extend(write(text, answer.scored, **more))
        else:
            source = "\t" + (DOUBTFUL if word in doubts else answer.source)
            rows = tsv_lines(word.replace("\t", " "), answer.scored, options.nbest > 1)
            columns = map(_columns, answer.pronunciations if options.aligned else ())
            each = itertools.zip_longest(rows, columns, fillvalue="")
            lines.extend(row + more + source * options.marked for row, more in each)
    if options.pictures:
        draw(g2p, answers, options.pictures, first)
    return {"text": "".join(f"{line}\n" for line in lines), "problems": problems}


WORDS = Kind("words", _answer, _write)


def _columns(pronunciation: Pronunciation) -> str:
    """Returns two columns: the letters of each phoneme, and the confidence in each."""
    letters = " ".join(part.replace(" ", "_") or "-" for part in pronunciation.letters)
    return f"\t{letters}\t{' '.join(f'{p:.2f}' for p in pronunciation.confidence)}"
