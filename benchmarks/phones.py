"""Cuts every pronunciation of a folder into phones, and compares with other cuts of the same.

python benchmarks/phones.py world

Counts lines whose phones, joined, are not the line again; lines that the dictionary itself cuts
into phones otherwise; and, where the `segments` package is installed, lines that it cuts otherwise.
Phones are compared in the normal form NFD, which that package returns.
"""

import sys
import unicodedata
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from g2p_jax.data.phones import cut_into_phones

try:
    from segments import Tokenizer
except ImportError:
    Tokenizer = None


def main(folder: str) -> None:
    counts, examples = Counter[str](), dict[str, str]()
    other = Tokenizer() if Tokenizer else None
    for path in sorted(Path(folder).rglob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            given = line.split("\t")[1]
            text = given.replace(" ", "")
            phones = cut_into_phones(text)
            counts["lines"] += 1
            counts["lost"] += "".join(phones) != text
            cuts = {"the dictionary": given.split()} if " " in given else {}
            if other:
                cuts["segments"] = other(text, ipa=True).split()
            for name, expected in cuts.items():
                counts[f"cut by {name}"] += 1
                if [unicodedata.normalize("NFD", x) for x in phones] != [
                    unicodedata.normalize("NFD", x) for x in expected
                ]:
                    counts[f"unlike {name}"] += 1
                    examples[f"{name} in {path.stem}"] = (
                        f"{' '.join(phones)} | {' '.join(expected)}"
                    )
    print("\n".join(f"{name}: {count:,}" for name, count in counts.items()))
    print("\n".join(f"{name}: {example}" for name, example in examples.items()))


if __name__ == "__main__":
    main(sys.argv[1])
