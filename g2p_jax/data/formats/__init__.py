"""Formats of pronunciation lexicons.

A file is JSON, or a table of lines. How a table is laid out is decided by evidence from all of its
lines (`evidence.layout_of`); `table.py` reads any layout. To add a format, add its name to
config.FORMATS, its row here, and what tells it from the others to `evidence._name`.

Readers yield an `Entry`, or a DataError for a line that cannot be read.
"""

from collections.abc import Iterable

from g2p_jax.data.formats import evidence, jsonl, table
from g2p_jax.data.formats.layout import Entry, Layout
from g2p_jax.data.textfile import TextFile
from g2p_jax.errors import DataError

FORMATS = {  # what a file is called in the log, and an example of its lines
    "contest": ("contest lexicon", "'WORD P_H_O_N [P_H_O_N ...]'"),
    "tsv": ("tab-separated lexicon", "'word<TAB>P H O N'"),
    "cmudict": ("dictionary", "'word P H O N' or 'word(2) P H O N'"),
    "kaldi": ("Kaldi lexicon", "'word P H O N' or 'word 0.9 P H O N'"),
    "mfa": ("MFA dictionary", "'word P H O N' or 'word 0.99 0.1 1.0 1.0 P H O N'"),
    "sphinx": ("Sphinx dictionary", "'word<TAB>P H O N' or 'word(2)<TAB>P H O N'"),
    "csv": ("CSV lexicon", "'word,P H O N'"),
    "jsonl": ("JSON lexicon", jsonl.EXAMPLE),
}


def read(
    file: TextFile, format: str, tokens: bool = False
) -> tuple[Layout, Iterable[Entry | DataError]]:
    """Returns the layout and the entries of a file.

    format: a name in FORMATS, or "auto". tokens: see `layout_of`.
    """
    if format == "jsonl" or (format == "auto" and jsonl.recognised(file)):
        return Layout("jsonl"), jsonl.read(file)
    layout = evidence.layout_of(file, format, tokens)
    return layout, table.read(file, layout, FORMATS[layout.format][1])
