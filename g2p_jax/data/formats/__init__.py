"""Formats of pronunciation lexicons.

A file is JSON, or a table of lines. How a table is laid out is decided by evidence from all of its
lines (`evidence.py`); `table.py` reads any layout. To add a format, add its name to config.FORMATS,
its example here, and what tells it from the others to `evidence.layout_of`.

Readers yield an `Entry`, or a DataError for a line that cannot be read.
"""

from collections.abc import Iterable

from g2p_jax.data.formats import evidence, jsonl, table
from g2p_jax.data.formats.layout import Entry, Layout
from g2p_jax.data.textfile import TextFile
from g2p_jax.errors import DataError

EXAMPLES = {
    "contest": "'WORD P_H_O_N [P_H_O_N ...]'",
    "tsv": "'word<TAB>P H O N'",
    "cmudict": "'word P H O N' or 'word(2) P H O N'",
    "kaldi": "'word P H O N' or 'word 0.9 P H O N'",
    "mfa": "'word P H O N' or 'word 0.99 0.1 1.0 1.0 P H O N'",
    "sphinx": "'word<TAB>P H O N' or 'word(2)<TAB>P H O N'",
    "csv": "'word,P H O N'",
    "jsonl": '{"word": "...", "sounds": ["P", "H", "O", "N"]}',
}
NAMES = {
    "contest": "contest lexicon",
    "tsv": "tab-separated lexicon",
    "cmudict": "dictionary",
    "kaldi": "Kaldi lexicon",
    "mfa": "MFA dictionary",
    "sphinx": "Sphinx dictionary",
    "csv": "CSV lexicon",
    "jsonl": "JSON lexicon",
}


def read(file: TextFile, format: str) -> tuple[Layout, Iterable[Entry | DataError]]:
    """Returns the layout and the entries of a file; format: a name in EXAMPLES, or "auto"."""
    if format == "jsonl" or (format == "auto" and jsonl.recognised(file)):
        return Layout("jsonl"), jsonl.read(file)
    layout = evidence.layout_of(file, format)
    return layout, table.read(file, layout, EXAMPLES[layout.format])
