"""What the shipped models answered before the library was rearranged, and what they answer now.

    python -m tests.references.golden            # compares, with both types of matrix operands
    python -m tests.references.golden --write    # records golden.tsv.gz again

The answers are those of commit 69026ed. Their probabilities were recorded again (jax 0.10.2, a Xeon
without AMX) when all searches left out empty pronunciations, which changed half of them by up to
0.014, and no answer. Each line has a model, the type of the operands, the search, a word, and its
pronunciations as `P H O N:probability`.
"""

import dataclasses
import gzip
import sys
from collections.abc import Iterator
from pathlib import Path

FILE = Path(__file__).parent / "golden.tsv.gz"
COUNT = 1000
SEARCHES = {"best": {}, "three": {"nbest": 3}, "stress": {}, "greedy": {"beam": 1}}
Pronunciations = list[tuple[str, float]]


def words() -> list[str]:
    """Dictionary words of all lengths; some in capitals, doubled, or reversed."""
    from g2p_jax.data.lexicon import read_lexicon

    every = [pair.word.replace("-", "") for pair in read_lexicon("cmudict")]
    change = {7: str.upper, 8: lambda word: word + word, 9: lambda word: word[::-1]}
    chosen = every[:: len(every) // COUNT][:COUNT]
    return [change.get(number % 10, str)(word) for number, word in enumerate(chosen)]


def recorded() -> dict[tuple[str, ...], dict[str, Pronunciations]]:
    """By model, operands and search: the pronunciations of each word."""
    found: dict[tuple[str, ...], dict[str, Pronunciations]] = {}
    for line in gzip.decompress(FILE.read_bytes()).decode().splitlines():
        model, dtype, search, word, *columns = line.split("\t")
        each = [column.rpartition(":") for column in columns]
        found.setdefault((model, dtype, search), {})[word] = [(p, float(x)) for p, _, x in each]
    return found


def answered(model: str, dtype: str, search: str, asked: list[str]) -> Iterator[Pronunciations]:
    """The same of the code that is here."""
    import g2p_jax

    shipped = g2p_jax.load(model, lexicon="none")
    train = dataclasses.replace(shipped.config.train, dtype=dtype)
    config = dataclasses.replace(shipped.config, train=train)
    g2p = g2p_jax.G2P(config, shipped.symbols, shipped.params, shipped.joint)
    g2p = g2p.with_stress(True) if search == "stress" else g2p
    for answer in g2p.pronounce(asked, **SEARCHES[search]):
        yield [(str(p), p.probability) for p in answer.pronunciations]


def compare(model: str, dtype: str, search: str) -> tuple[int, float]:
    """How many answers differ, and the largest difference of a probability in the others."""
    before = recorded()[model, dtype, search]
    different, most = 0, 0.0
    now = answered(model, dtype, search, list(before))
    for old, new in zip(before.values(), now, strict=True):
        if [p for p, _ in old] == [p for p, _ in new]:
            most = max([most, *(abs(x - y) for (_, x), (_, y) in zip(old, new, strict=True))])
        else:
            different += 1
    return different, most


def write() -> None:
    lines = []
    for model in ("english", "english-small"):
        for dtype in ("float32", "bfloat16"):
            for search in SEARCHES:
                if (model, search) == ("english-small", "stress"):
                    continue
                for word, each in zip(
                    words(), answered(model, dtype, search, words()), strict=True
                ):
                    columns = [f"{p}:{x:.7f}" for p, x in each]
                    lines.append("\t".join([model, dtype, search, word, *columns]) + "\n")
    FILE.write_bytes(gzip.compress("".join(lines).encode(), mtime=0))


if __name__ == "__main__":
    if "--write" in sys.argv:
        write()
    for kind in recorded():
        print(*kind, "{} answers differ, probabilities by up to {:.1e}".format(*compare(*kind)))
