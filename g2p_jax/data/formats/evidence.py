"""How a table of words and pronunciations is laid out, by evidence from all of its lines.

Each function answers one question about the whole text. The patterns look for the first line that
speaks against, so most answers come after a line or two.
"""

import re

from g2p_jax.data.formats.header import CSV, header_of
from g2p_jax.data.formats.layout import Layout
from g2p_jax.data.textfile import TextFile
from g2p_jax.errors import DataError

SEPARATORS = {" ": r"[ \t]+", "\t": r"\t"} | {sign: rf"[ \t]*[{sign}][ \t]*" for sign in CSV}
WORDS = {" ": r"[ \t]*\S+", "\t": r"[^\t\n]*"} | {
    sign: rf'(?:"[^"\n]*"|[^{sign}"\n]{"+" if sign == "|" else "*"})' for sign in CSV
}
NUMBER = r"(?:\d*\.\d+(?:[eE][-+]?\d+)?|[01])"
ANY_NUMBER = r"[-+]?(?:(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+]?\d+)?|(?i:nan|inf))"  # of a bad line, too
_MARKS_ONLY = re.compile(r"[^_]+(?:_(?:\d+|[hjwvd0^~=+>/\\-][^_]*))+")
SOURCES = {"lexicon", "model", "silent", "doubtful"}  # what predict.py writes into its last column
SPACE_FORMATS = "contest", "cmudict", "kaldi"
MOST_PROBABILITIES = 4  # MFA and Kaldi's lexiconp_silprob.txt


def layout_of(file: TextFile, format: str = "auto", tokens: bool = False) -> Layout:
    """Returns the layout of a file that is no JSON; a format that is named is taken for granted.

    tokens: of any kind, such as words with commas, instead of phonemes.
    """
    text = re.sub(r"(?m)^[ \t]*;;;.*$|\Asep=.$", "", file.text())
    named = format if format != "auto" or file.path.suffix.lower() != ".csv" else ""
    separator = _separator(re.sub(r"\A(?:#[ \t].*\n)+", "", text), named)
    if format == "auto" and separator == " ":
        _check_signs(file, text)
    comments, disambiguation = _hash_signs(text)
    if comments:
        text = re.sub(r"(?m)(^|\s)#.*$", "", text)
    header = header_of(file, separator)
    body = text.lstrip().partition("\n")[2] if header else text
    numbers = _probabilities(body, separator)
    joins, positions = _underscores(body)
    joined = format == "contest" or (format == "auto" and joins)
    enclosed = _enclosed(body, separator)
    return Layout(
        format if format != "auto" else _name(body, separator, numbers, joined, positions),
        separator,
        0 if joined or header else numbers,
        joined,
        comments,
        disambiguation or format == "kaldi",
        enclosed,
        "" if enclosed or joined or tokens else _between(body, separator),
        separator == "\t" and not joined and _extra_columns(file, numbers, bool(header)),
        header,
    )


def _every_line(text: str, pattern: str) -> bool:
    """Returns whether all lines that are not empty begin with the pattern."""
    return re.search(rf"(?m)^(?!{pattern})[^\n]*\S", text) is None


def _separator(text: str, format: str) -> str:
    """Returns what is between columns; format: "" where a file is called .csv."""
    if format in SPACE_FORMATS:
        return " "
    if format == "tsv":
        return "\t"
    tabs = 0 if format == "csv" else len(re.findall(r"(?m)^[^\t\n]*\t", text))
    if tabs and 2 * tabs >= len(re.findall(r"(?m)^[^\n]*\S", text)):
        return "\t"
    if format == "auto" and _every_line(text, rf'[ \t]*[^\s"{CSV}]+[ \t]+[^\s{CSV}]'):
        return " "
    signs = [sign for sign in CSV if sign in text and _every_line(text, rf"{WORDS[sign]}[{sign}]")]
    # Of several, the first in a line: others are in numbers, or between pronunciations.
    word = rf'(?m)^(?:"[^"\n]*"|[^"\n{CSV}]*)'
    often = {sign: len(re.findall(rf"{word}[{sign}]", text)) for sign in signs}
    return max(signs, key=often.__getitem__, default="," if format == "csv" else " ")


def _check_signs(file: TextFile, text: str) -> None:
    """Raises DataError where a sign that separates no columns follows the word in every line."""
    pattern = r"[ \t]*[^\s;|:=]+([;|:=])"
    if (sign := re.search(f"(?m)^{pattern}", text)) and _every_line(text, pattern):
        fix = "put a tab in its place, or a comma"
        raise DataError.at(file.path, "tabs, commas or spaces", f"{sign[1]!r} after words", fix)


def _between(text: str, separator: str) -> str:
    """Returns the sign between several pronunciations of a word, "" where each has its line.

    They are about equally long. A sign that belongs to phonemes cuts off parts of all lengths.
    """
    for sign in ";,":
        if sign in text:
            columns = rf"(?m)^{WORDS[separator]}{SEPARATORS[separator]}"
            cell = rf'"[^"\n]*{sign}[^"\n]*"' if sign == separator else rf".*{sign}.*$"
            rows = re.findall(rf"{columns}({cell})", text)
            each = [[len(part.strip(' "')) for part in row.split(sign)] for row in rows]
            if separator == " " and any(re.search(rf"{sign}\S", row) for row in rows):
                continue  # words with spaces, and the sign behind them
            if each and all(2 * min(lengths) >= max(lengths) for lengths in each):
                return sign
    return ""


def _hash_signs(text: str) -> tuple[bool, bool]:
    """Returns whether "#" begins comments, and whether "#1" disambiguates pronunciations.

    It is a phoneme where what follows it is, in other lines, a phoneme, too.
    """
    if "#" not in text or not re.search(r"(?m)(^|\s)#", text):
        return False, False
    if not re.search(r"(?m)(?:^#|[ \t]#)(?!\d+[ \t\r]*$)", text):
        return False, True
    after, phonemes = list[str](), set[str]()
    for line in text.splitlines():
        before, sign, rest = re.sub(r"^#", " #", line).partition(" #")
        after += rest.split() if sign else []
        phonemes.update(before.split()[1:])
    known = sum(token in phonemes for token in after)
    return bool(after) and 2 * known < len(after), False


def _probabilities(text: str, separator: str) -> int:
    """Returns how many columns after the word hold a probability in every line.

    "1" and "2" may be phonemes: in one line at least each column must have a decimal point, or a
    negative exponent. What is a number but no probability is an error of its line.
    """
    word, between = WORDS[separator], SEPARATORS[separator]
    number = ANY_NUMBER.replace("[.,]", "[.]") if separator == "," else ANY_NUMBER
    for count in range(MOST_PROBABILITIES):
        columns = rf"{word}{between}(?:{number}{between}){{{count}}}"
        is_number = _every_line(text, rf"{columns}{number}{between}")
        decimal = rf"(?m)^{columns}[-+]?(?:\d*[.,]\d|\d+[eE]-\d)"
        if not is_number or not re.search(decimal, text):
            return count
    return MOST_PROBABILITIES


def _underscores(text: str) -> tuple[bool, bool]:
    """Returns whether "_" joins phonemes, and whether it marks positions, as in B_B AH_I L_E.

    Where it joins them, most fields have one, or most lines have one field only; and what follows
    it is, in some field, no mark of a position, of a tone as in i_3, or of X-SAMPA as in t_h.
    """
    if "_" not in text:
        return False, False
    rows = [re.split(rf"[\s{CSV}]+", line.strip())[1:] for line in text.splitlines()]
    fields = [field for row in rows for field in row if "_" in field]
    positions = sum(re.search(r".+_[BIES]$", field) is not None for field in fields)
    marks_positions = positions >= 0.9 * len(fields) > 0
    marks = all(map(_MARKS_ONLY.fullmatch, fields))
    most = 2 * len(fields) >= sum(map(len, rows))
    alone = 2 * sum(len(row) == 1 for row in rows) >= sum(len(row) > 0 for row in rows)
    return bool(fields) and not (marks_positions or marks) and (most or alone), marks_positions


def _enclosed(text: str, separator: str) -> bool:
    """Returns whether all pronunciations stand between slashes, brackets or quotes."""
    columns = rf"(?:{WORDS[separator]}{SEPARATORS[separator]})"
    begins = columns if separator == " " else columns + "+"
    between = r"(?:/[^\n]*/|\[[^\n]*\]|\{[^\n]*\}|<[^\n]*>)"
    quotes = '"?' if separator in CSV else ""  # around cells
    if not quotes:
        between = rf'(?:{between}|"[^"\n]*")'
    return _every_line(text, rf"{begins}{quotes}{between}{quotes}[ \t\r]*$")


def _extra_columns(file: TextFile, numbers: int, header: bool) -> bool:
    """Returns whether columns follow the pronunciation that predict.py writes there.

    These are, each if it was asked for: a probability; the letters of each phoneme and their
    probabilities; one of SOURCES.
    """
    rows = [line.split("\t") for _, line in file.lines()][1 if header else 0 :]
    if not rows or {len(row) for row in rows} != {len(rows[0])} or len(rows[0]) < 3 + numbers:
        return False
    lengths = [len(row[1 + numbers].split()) for row in rows]
    for column in range(2 + numbers, len(rows[0])):
        values = [row[column] for row in rows]
        numeric = all(re.fullmatch(rf"(?:{NUMBER} ?)*|\d+(?:\.\d+)?e-\d+", v) for v in values)
        letters = all(len(v.split()) == n for v, n in zip(values, lengths, strict=True))
        if not (numeric or letters or set(values) <= SOURCES):
            return False
    return True


def _name(text: str, separator: str, numbers: int, joined: bool, positions: bool) -> str:
    """Returns the name of the format that has this layout."""
    if joined:
        return "contest"
    if separator in CSV:
        return "csv"
    if numbers == MOST_PROBABILITIES or (numbers and separator == "\t"):
        return "mfa"
    if separator == "\t":
        return "sphinx" if re.search(r"(?m)^[^\s(]+\(\d+\)\t", text) else "tsv"
    special = re.search(r"(?m)^[ \t]*(?:<\S+>|!SIL)[ \t]", text)
    return "kaldi" if numbers or special or positions else "cmudict"
