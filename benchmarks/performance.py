"""The tables and the picture of docs/performance.md, of what two other benchmarks printed.

python benchmarks/train_step.py --batches=8,64,256,1024 > docs/train_step.jsonl
python benchmarks/predict.py --lexicon=train.txt > docs/predict.jsonl
python benchmarks/performance.py
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from absl import flags

sys.path.insert(0, str(Path(__file__).parents[1]))  # a script of a folder that is not installed

from g2p_jax.commands import run
from g2p_jax.errors import UserError
from g2p_jax.predict import plots as pictures

_FOLDER = flags.DEFINE_string("folder", "docs", "Where the lines are, and the picture will be.")

Row = dict[str, Any]
PRECISIONS = ("float32", "bfloat16")


def speed(row: Row) -> float:
    return row["words_per_second"]


def best(rows: list[Row], **conditions: Any) -> Row | None:
    """The fastest of those that are so."""
    found = [row for row in rows if conditions.items() <= row.items() and "skipped" not in row]
    return max(found, key=speed, default=None)


def limits(rows: list[Row]) -> dict[str, float]:
    """GFLOP/s of a matrix product in each precision, ours."""
    return {
        row["precision"]: row["gflops"]
        for row in rows
        if row.get("model") == "matmul" and row["system"] == "jax"
    }


def training(rows: list[Row]) -> Iterator[str]:
    """A line for each model and batch size: what is fastest in each precision, and by how much."""
    most, steps = limits(rows), [row for row in rows if "batch" in row and "over_any" not in row]
    yield "<!-- training table -->"
    yield (
        "| model | batch | MFLOP a word | ours, float32 | PyTorch, float32 | ours, bfloat16 | "
        "PyTorch, bfloat16 | ours over PyTorch: float32 | best of any | share of the limit |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for model, batch in dict.fromkeys((row["model"], row["batch"]) for row in steps):
        mine, theirs = [], []
        for precision in PRECISIONS:
            same = {"model": model, "batch": batch, "precision": precision}
            mine.append(best(steps, system="g2p_jax", **same))
            rivals = [row for row in steps if row["system"] != "g2p_jax"]
            theirs.append(best(rivals, **same))
        fastest = max(filter(None, mine), key=speed)
        shown = lambda row: f"{speed(row):,.0f}" if row else ""
        named = lambda row: f"{speed(row):,.0f} ({row['system'][8:]})" if row else ""
        ratio = lambda a, b: f"{speed(a) / speed(b):.2f}" if a and b else ""
        rival = max(filter(None, theirs), key=speed, default=None)
        share = fastest["gflops"] / most[fastest["precision"]]
        yield (
            f"| {model} | {batch:,} | {fastest['flops_per_word'] / 1e6:,.0f} | {shown(mine[0])} | "
            f"{named(theirs[0])} | {shown(mine[1])} | {named(theirs[1])} | "
            f"{ratio(mine[0], theirs[0])} | {ratio(fastest, rival)} | {share:.0%} |"
        )
    yield "\n<!-- limit table -->"
    yield "| matrix product, GFLOP/s | float32 | bfloat16 |"
    yield "|---|---|---|"
    for system in ("jax", "pytorch"):
        cells = (
            row["gflops"]
            for precision in PRECISIONS
            for row in rows
            if (row.get("model"), row["system"], row["precision"]) == ("matmul", system, precision)
        )
        yield f"| {system} | {' | '.join(f'{cell:,.0f}' for cell in cells)} |"


def prediction(rows: list[Row]) -> Iterator[str]:
    """A line for each system."""
    columns = ("words_per_second", "p50_ms", "p99_ms", "start_s", "peak_mb")
    yield "<!-- prediction table -->"
    yield "| | words/s | a word: median, ms | 99 of 100, ms | start to answer, s | peak MB |"
    yield "|---|---|---|---|---|---|"
    for row in rows:
        cells = [f"{row[name]:,.4g}" if name in row else "" for name in columns]
        if "words_per_second" in row:
            cells[0] = f"{speed(row):,.0f}"
        yield (
            f"| {row['system']} | "
            + " | ".join(
                cells if "skipped" not in row else [f"not measured: {row['skipped']}", *cells[1:]]
            )
            + " |"
        )


def draw(steps: list[Row], answers: list[Row], path: Path) -> None:
    """Words per second in training, at the batch size next to 256, and in prediction."""
    figure, (left, right) = pictures.subplots(1, 2, (11, 4))
    steps = [row for row in steps if "batch" in row and "over_any" not in row]
    batch = min({row["batch"] for row in steps}, key=lambda batch: abs(batch - 256))
    models = list(dict.fromkeys(row["model"] for row in steps if row["batch"] == batch))
    rivals = [row for row in steps if row["system"] != "g2p_jax"]
    sides = {"g2p_jax": [r for r in steps if r["system"] == "g2p_jax"], "PyTorch": rivals}
    for place, (name, rows) in enumerate(sides.items()):
        for number, precision in enumerate(PRECISIONS):
            found = [best(rows, model=m, batch=batch, precision=precision) for m in models]
            at = [n + 0.2 * (2 * place + number) - 0.3 for n in range(len(models))]
            heights = [speed(row) if row else 0 for row in found]
            color, alpha = ("C0", "C1")[place], (0.5, 1.0)[number]
            left.bar(at, heights, 0.2, color=color, alpha=alpha, label=f"{name}, {precision}")
    left.set_xticks(range(len(models)), models)
    left.set_ylabel(f"words/s of a training step, batch {batch}")
    left.legend(fontsize="small")
    shown = sorted((row for row in answers if "words_per_second" in row), key=speed)
    right.barh([row["system"] for row in shown], [speed(row) for row in shown])
    right.set_xscale("log")
    right.set_xlabel("words/s pronounced")
    for axis in (left, right):
        axis.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def read(path: Path) -> list[Row]:
    if not path.exists():
        raise UserError(f"{path}: not there; {path.stem}.py prints it, see --help")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def main(words: list[str]) -> None:
    if words:
        raise UserError(f"flags only, found {words[0]!r}")
    folder = Path(_FOLDER.value)
    steps, answers = (read(folder / f"{name}.jsonl") for name in ("train_step", "predict"))
    draw(steps, answers, folder / "performance.png")
    print(*training(steps), "", *prediction(answers), sep="\n")


if __name__ == "__main__":
    run.run(main)
