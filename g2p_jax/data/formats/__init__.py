"""Formats of pronunciation lexicons: one module each, for each name in config.FORMATS.

A module has an EXAMPLE of a line, for error messages, and a function `read(file)`, which yields
(place, word, pronunciations): the place is a line's number, or what else names it in an error.
"""

import importlib
import itertools

from g2p_jax.config import FORMATS
from g2p_jax.data.textfile import TextFile

MODULES = {name: importlib.import_module(f"{__name__}.{name}") for name in FORMATS}


def recognise(file: TextFile) -> str:
    """Returns the name of the format that the file is most likely in."""
    lines = (line for _, line in file.lines())
    first = next(lines, "").lstrip()
    if file.path.suffix in (".json", ".jsonl") or first[:1] in ("{", "["):
        return "jsonl"
    if "\t" in first:
        return "tsv"
    # The whole file counts: a contest file may well begin with one-phoneme lines, 'A AH EY'.
    for line in itertools.chain([first], lines):
        if "_" in line and any("_" in field for field in line.split()[1:]):
            return "contest"
    return "cmudict"
