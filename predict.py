"""Pronounces words: python predict.py --ckpt=runs/gru hello world

Words come as arguments, from --input, or from standard input, one on each line; the answers go to
standard output or --output as `word<TAB>P H O N`. Where the output's name ends in .csv they are a
contest submission: `Id,Transcription`, phonemes joined by _.
"""

import contextlib
import sys
from pathlib import Path

from absl import flags

from g2p_jax import cli
from g2p_jax.data.lexicon import atomic_write, read_words
from g2p_jax.errors import UserError

_CKPT = flags.DEFINE_string("ckpt", None, "A folder that train.py wrote, or a model file.")
_INPUT = flags.DEFINE_string("input", None, "A word list; or CSV with a column Word, and Id.")
_OUTPUT = flags.DEFINE_string("output", None, "Where to write; .csv: a contest submission.")
_NBEST = flags.DEFINE_integer("nbest", 1, "Pronunciations of each word.", lower_bound=1)
_MEMBERS = flags.DEFINE_list("members", [], "Of an ensemble: 0,2; default: all.")
_BEAM = flags.DEFINE_integer("beam", 1, "Width of the search; 1: greedy.", lower_bound=1)
_ATTENTION = flags.DEFINE_string("attention", None, "A folder for a picture of each word's.")
_STRICT = flags.DEFINE_bool("strict", False, "Unknown characters are an error.")


def main(words: list[str]) -> None:
    if _CKPT.value is None:
        raise UserError("which model? Give --ckpt=runs/gru, a folder that train.py wrote")
    if words and _INPUT.value:
        raise UserError(f"words as arguments ({words[0]!r} ...) or --input, not both")
    cli.use_compilation_cache()
    from g2p_jax import parallel
    from g2p_jax.pronounce import MOST_ROWS, load
    from g2p_jax.transcribe import CHUNK, transcribe

    parallel.use_cpu_cores(MOST_ROWS)
    g2p = load(_CKPT.value)
    if _MEMBERS.value:
        g2p = g2p.members(cli.numbers("members", _MEMBERS.value))
    source = read_words(words or _INPUT.value or sys.stdin.buffer)
    to_file = atomic_write(_OUTPUT.value) if _OUTPUT.value else contextlib.nullcontext(sys.stdout)
    with to_file as out:
        transcribe(
            g2p,
            source,
            out,
            csv=(_OUTPUT.value or "").endswith(".csv"),
            nbest=_NBEST.value,
            beam=_BEAM.value,
            strict=_STRICT.value,
            pictures=Path(_ATTENTION.value) if _ATTENTION.value else None,
            chunk=1 if not (words or _INPUT.value) and sys.stdin.isatty() else CHUNK,
        )


if __name__ == "__main__":
    cli.run(main)
