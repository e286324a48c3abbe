"""Names of the columns of a table, in its first line."""

import re

from g2p_jax.data.textfile import TextFile, csv_row

SIGNS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar", " ": "space"}
WORD, PRONUNCIATION, PROBABILITY = "word", "pronunciation", "probability"
_NAMES = {
    WORD: "words grapheme graphemes orthography orth spelling headword lemma entry term wort mot",
    "language": "lang sprache langue idioma",
    PROBABILITY: "prob probabilities pron_prob",
    PRONUNCIATION: "pronunciations phoneme phonemes phones transcription transcriptions sounds "
    "sound ipa arpabet xsampa x-sampa sampa pron prons phonetic phonetics phonemic lautschrift "
    "aussprache prononciation",
}
_OTHER_NAMES = {name: known for known, names in _NAMES.items() for name in names.split()}
_VARIETIES = {"us", "uk", "gb", "en", "american", "british", "broad", "narrow", ""}
HEADING = re.compile("[A-Za-z]{4,}")
NO_ENTRY = re.compile(r"\s*(?:;;;|#\s)|sep=.$")  # a comment, or what tells Excel the separator
FIX = "name the columns word and pronunciation (or headword, spelling; ipa, phonemes) in line 1"
CSV = ",;|"  # what separates the columns of CSV; Excel writes ; where , is in numbers


def column_names(cells: list[str]) -> tuple[str, ...]:
    """Returns the names in lower case; WORD, PRONUNCIATION and PROBABILITY have many names."""
    names = [re.sub(r"\([^()]*\)|\[[^][]*\]", "", cell.lower()).strip(' "') for cell in cells]
    return tuple(name if (known := _known(name)) in names else known for name in names)


def _known(name: str) -> str:
    if _OTHER_NAMES.get(name, name) == PRONUNCIATION:
        return PRONUNCIATION
    kinds = {_OTHER_NAMES.get(part, part) for part in re.split(r"[\W_]+", name)} - _VARIETIES
    return PRONUNCIATION if kinds == {PRONUNCIATION} else _OTHER_NAMES.get(name, name)


def header_of(file: TextFile, separator: str) -> tuple[str, ...]:
    """Returns the names of the columns, () where the first line is an entry as the others.

    Of two columns it is enough that one name is known.
    """
    lines = (one for one in file.lines() if not NO_ENTRY.match(one[1]))
    number, first = next(lines, (1, ""))
    cells = cells_of(f"{file.path}:{number}", first, separator)
    names = column_names(cells)
    if {WORD, PRONUNCIATION} <= set(names):
        return names
    two = len(cells) == 2 and HEADING.fullmatch(cells[1].strip())
    if two and {WORD, PRONUNCIATION} & set(names) and separator != " ":
        return (WORD, PRONUNCIATION) if names[1] != WORD else (PRONUNCIATION, WORD)
    return ()


def cells_of(where: str, line: str, separator: str) -> list[str]:
    """Returns the columns of a line; raises DataError for a quote that CSV does not close."""
    if separator in CSV:
        return csv_row(where, line, separator)
    return line.split("\t") if separator == "\t" else line.split()
