"""Pronounces words with the graph next to this file: python pronounce.py hello through

Without words it reads them from standard input, one a line.
"""

import io
import re
import sys
import unicodedata
from pathlib import Path

try:
    import numpy as np
    import onnxruntime
except ImportError as error:
    sys.exit(f"{error}: pip install onnxruntime")

FOLDER = Path(__file__).parent


def lines(name: str) -> list[str]:
    return (FOLDER / name).read_text(encoding="utf-8").split("\n")[:-1]


class Spelling:
    """What spelling.txt says: of each language the numbers of letters for each character."""

    def __init__(self) -> None:
        longest, *rows = lines("spelling.txt")
        self.letters = lines("letters.txt")
        self.longest, self.names = int(longest), dict[str, str]()
        self.tables = dict[str, dict[str, list[int]]]()
        for language, char, *numbers in map(str.split, rows):
            if char.isdecimal():
                table = self.tables.setdefault(language, {})
                table[chr(int(char))] = list(map(int, numbers))
            else:
                self.names[language] = char

    def spell(self, word: str) -> tuple[list[list[int]], str]:
        """Returns the numbers of the letters of each part of a word, and what is wrong."""
        name, _, rest = word.partition(":")
        codes = name.lower(), re.split("[-_]", name.lower())[0]  # German, DE, de-AT
        language = next((self.names[code] for code in codes if code in self.names), "")
        if not language or name == word:
            language, rest = "-", word
        if language not in self.tables:
            known = ", ".join(self.tables)
            return [], f"needs a language, as deu:Haus does; the model knows {known}"
        table, parts, unknown = self.tables[language], [list[int]()], ""
        for char in unicodedata.normalize("NFC", rest):
            numbers = table.get(char)
            if numbers == [0]:  # a hyphen or a space
                parts.append([])
            else:  # 3: the letter is read as another
                unknown += char * (numbers is None or 3 in numbers)
                parts[-1] += [number for number in numbers or () if number != 3]
        first = [n for n, letter in enumerate(self.letters) if letter == f"{language}:"]
        rows = list[list[int]]()
        for part in filter(None, parts):  # equal pieces, where it is too long
            size = -(-len(part) // -(-len(part) // self.longest))
            rows += [first + part[i : i + size] for i in range(0, len(part), size)]
        return rows, f"not known: {unknown}" if unknown else "" if rows else "no letters"


def main(words: list[str]) -> None:
    spelling, phonemes = Spelling(), lines("phonemes.txt")
    session = onnxruntime.InferenceSession(FOLDER / "greedy.onnx")
    for word in words or io.TextIOWrapper(sys.stdin.buffer, "utf-8-sig", "replace"):
        word, found, log_prob = word.strip(), list[str](), -np.inf
        rows, problem = spelling.spell(word)
        if rows:
            letters = np.zeros((len(rows), max(map(len, rows))), np.int64)  # 0 fills up short rows
            for row, numbers in zip(letters, rows, strict=True):
                row[: len(numbers)] = numbers
            numbers, log_probs = session.run(None, {"letters": letters})
            found = [phonemes[n] for n in numbers.flat if n]
            log_prob = log_probs.sum() if found else -np.inf
        shown = word.replace("\t", " ")
        print(shown, " ".join(found), f"{np.exp(log_prob):.3f}", sep="\t")
        if problem:
            print(f"{shown!r}: {problem}", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
