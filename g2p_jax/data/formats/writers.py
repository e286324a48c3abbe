"""Lexicons out: the lines that a tool reads for a word and its pronunciations, best first.

A word without phonemes has no line: tools refuse it, and so does read_lexicon. A word or a phoneme
that a format cannot hold raises DataError.
"""

import csv
import functools
import io
import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Sequence

from g2p_jax.data.pairs import Phonemes
from g2p_jax.data.textfile import TextFile, shorten
from g2p_jax.errors import DataError

Answers = Sequence[tuple[Phonemes, float]]  # (phonemes, probability)
Writer = Callable[..., list[str]]  # of a word and its answers

HEADERS = {"csv": "word,pronunciation,probability"}  # the first line of a file, if it has one
BREAKS = re.compile(r"[\t\n\r]")  # a space in their place keeps one line a line
_STRESS = "ˈˌ"


def columns(word: str, answers: Answers) -> list[str]:
    """Returns `word<TAB>p h o n` for each pronunciation: WikiPron."""
    word = BREAKS.sub(" ", word)
    return [f"{word}\t{' '.join(phonemes)}" for phonemes, _ in distinct(answers)]


def kaldi(word: str, answers: Answers) -> list[str]:
    """Returns `word P H O N` for each pronunciation: Kaldi's lexicon.txt."""
    return [f"{token(word)} {' '.join(phonemes)}" for phonemes, _ in distinct(answers)]


def kaldi_prob(word: str, answers: Answers) -> list[str]:
    """Returns `word 1.0 P H O N`, the best with 1.0: Kaldi's lexiconp.txt."""
    return [f"{token(word)} {p} {' '.join(phonemes)}" for phonemes, p in scaled(answers, 0.0001)]


def mfa(word: str, answers: Answers) -> list[str]:
    """Returns `word<TAB>1.0<TAB>P H O N`, the best with 1.0, none below 0.01: MFA dictionaries."""
    return [f"{token(word)}\t{p}\t{' '.join(each)}" for each, p in scaled(answers, 0.01)]


def cmudict(word: str, answers: Answers, between: str = " ") -> list[str]:
    """Returns `word P H O N`, `word(2) P H O N`, ...; between: what follows the word."""
    return [
        f"{token(word)}{f'({n})' if n > 1 else ''}{between}{' '.join(phonemes)}"
        for n, (phonemes, _) in enumerate(distinct(answers), 1)
    ]


def sherpa(word: str, answers: Answers, tokens: Collection[str] = ()) -> list[str]:
    """Returns `word p h o n` of the best pronunciation, in the symbols of a sherpa-onnx voice.

    The word is in lower case, and has one line, as sherpa-onnx reads no other. Symbols are
    characters, as in voices of Kokoro and Piper, where a phoneme is no ASCII and no token.

    Args:
      tokens: of the voice; a symbol that is none raises DataError. None: they are not checked.
    """
    symbols = [
        s for phonemes, _ in distinct(answers)[:1] for p in phonemes for s in _cut(p, tokens)
    ]
    if tokens and (lacking := [symbol for symbol in symbols if symbol not in tokens]):
        raise DataError(
            f"{shorten(word)}: {lacking[0]!r} is not a token of the voice; fix: choose its "
            "alphabet, such as --alphabet=kokoro, or give the tokens.txt of another voice"
        )
    return [f"{token(word).lower()} {' '.join(symbols)}"] if symbols else []


def jsonl(word: str, answers: Answers, language: str | None = None) -> list[str]:
    """Returns one JSON object: the word, its pronunciations and their probabilities.

    language: another field, for a model of many.
    """
    each = distinct(answers)
    sounds, probabilities = [p for p, _ in each], [round(p, 6) for _, p in each]
    row: dict[str, object] = {} if language is None else {"language": language}
    row |= {"word": word, "sounds": sounds, "probabilities": probabilities}
    return [json.dumps(row, ensure_ascii=False)] if each else []


def csv_rows(word: str, answers: Answers, language: str | None = None) -> list[str]:
    """Returns a row for each pronunciation; a header goes before them.

    language: the first column, for a model of many.
    """
    first = [BREAKS.sub(" ", word)] if language is None else [language, BREAKS.sub(" ", word)]
    return [csv_cells([*first, " ".join(p), f"{q:.4g}"]) for p, q in distinct(answers)]


def csv_cells(cells: Sequence[str], separator: str = ",") -> str:
    row = io.StringIO()
    csv.writer(row, delimiter=separator, lineterminator="").writerow(cells)
    return row.getvalue()


WRITERS: dict[str, Writer] = {
    "wikipron": columns,
    "cmudict": cmudict,
    "sphinx": functools.partial(cmudict, between="\t"),
    "kaldi": kaldi,
    "kaldi-prob": kaldi_prob,
    "mfa": mfa,
    "sherpa": sherpa,
    "jsonl": jsonl,
    "csv": csv_rows,
}
WITH_LANGUAGE = "jsonl", "csv"  # have a field for the language of a word


def read_tokens(path: str | os.PathLike[str]) -> frozenset[str]:
    """Returns the symbols of a tokens.txt of sherpa-onnx: lines `symbol number`."""
    file, tokens = TextFile(path), set()
    for number, line in file.lines():
        symbol, _, id = line.rpartition(" ")
        if not id.isdecimal():
            fix = "give the tokens.txt that comes with the voice"
            raise file.error(number, "'symbol number'", shorten(line), fix)
        tokens.add(symbol or " ")
    return frozenset(tokens)


def token(word: str) -> str:
    """Returns the word; raises DataError if white space would end it."""
    if word.split() != [word]:
        fix = "leave it out, or choose a format with columns: wikipron, jsonl, csv"
        raise DataError(
            f"the word {shorten(word)} has white space, which ends a word there; fix: {fix}"
        )
    return word


def distinct(answers: Answers) -> Answers:
    """Returns the different pronunciations that have phonemes."""
    best: dict[Phonemes, float] = {}
    for phonemes, probability in answers:
        if phonemes:
            best.setdefault(tuple(phonemes), probability)
    return list(best.items())


def scaled(answers: Answers, least: float) -> Iterable[tuple[Phonemes, float]]:
    """Yields pronunciations with probabilities of which the highest is 1, and none is below."""
    each = distinct(answers)
    best = max((probability for _, probability in each), default=1.0) or 1.0
    for phonemes, probability in each:
        yield phonemes, max(round(probability / best, 4), least)


def _cut(phoneme: str, tokens: Collection[str]) -> list[str]:
    if phoneme.isascii() or phoneme in tokens:
        return [phoneme]
    if phoneme[0] in _STRESS and phoneme[1:] in tokens:
        return [phoneme[0], phoneme[1:]]
    return list(phoneme)
