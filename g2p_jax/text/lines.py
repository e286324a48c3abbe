"""Lines of a text in, their tokens out as text: a line for each token, or JSON for each line."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from g2p_jax.data.answers import tsv_lines
from g2p_jax.data.textfile import shorten
from g2p_jax.errors import UserError
from g2p_jax.predict.problems import PARTLY, SILENT, Problem
from g2p_jax.predict.pronouncer import Pronouncer
from g2p_jax.predict.transcribe import Chunk, Kind, Options
from g2p_jax.text.reading import SPACE, UNSPEAKABLE, Token, read


def tsv(tokens: list[Token]) -> list[str]:
    """Returns `token<TAB>P H O N<TAB>kind<TAB>source` for each token, then an empty line."""
    shown = (token for token in tokens if token.kind != SPACE)
    rows = ((tsv_lines(token.text, [(token.phonemes, 1.0)]), token) for token in shown)
    return [*(f"{row}\t{token.kind}\t{token.source}" for (row,), token in rows), ""]


def jsonl(id: str, text: str, tokens: list[Token]) -> str:
    """Returns a line as one JSON object, with all that its tokens have."""
    each = [
        {
            "text": token.text,
            "start": token.start,
            "end": token.span[1],
            "whitespace": token.whitespace,
            "kind": token.kind,
            "source": token.source,
            "words": [
                {"text": word.text, "phonemes": word.phonemes, "source": word.source}
                for word in token.words
            ],
        }
        for token in tokens
    ]
    return json.dumps({"id": id, "text": text, "tokens": each}, ensure_ascii=False)


def _answer(
    g2p: Pronouncer, chunks: Iterable[list[str]], options: Options
) -> Iterator[list[list[Token]]]:
    return (read(g2p, chunk, options.alphabet, options.stress) for chunk in chunks)


def _write(
    g2p: Pronouncer, lines: Chunk, answers: list[list[Token]], options: Options, first: int
) -> dict[str, Any]:
    """Returns what is written for these lines, and which tokens are not wholly pronounced."""
    problems, written = [], list[str]()
    for (id, text), tokens in zip(lines, answers, strict=True):
        for token in tokens:
            unknown = [char for word in token.words for char in word.unknown]
            if unknown or token.kind == UNSPEAKABLE:
                if options.strict:
                    fix = "leave --strict out to go on"
                    raise UserError(f"line {id}: {shorten(token.text)} cannot be pronounced; {fix}")
                how = SILENT if token.kind == UNSPEAKABLE else PARTLY
                problems.append(Problem(id, token.text, how, unknown or list(token.text)))
        written += [jsonl(id, text, tokens)] if options.format == "jsonl" else tsv(tokens)
    return {"text": "".join(f"{line}\n" for line in written), "problems": problems}


TEXTS = Kind("lines", _answer, _write)
