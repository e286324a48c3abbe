"""The lecture's exercises 1 to 3: which cell learns to add and subtract?

    python benchmarks/addition.py                 # about an hour on one core; can be continued
    python benchmarks/addition.py --seeds=0 --cells=gru --digits=2

Trains configs/addition.py for each cell, number of digits, with and without minus, and seed, and
writes the share of problems of which every digit of the answer is right, among those kept out of
training, as addition.tsv and addition.png into --output.
"""

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from absl import app, flags

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # a script of a folder that is not installed

from configs import addition
from g2p_jax.files import atomic_write
from g2p_jax.predict import plots as pictures

_CELLS = flags.DEFINE_list("cells", ["elman", "gru", "lstm"], "Which to compare.")
_DIGITS = flags.DEFINE_list("digits", ["2", "3"], "Of each number, at most.")
_SEEDS = flags.DEFINE_list("seeds", ["0", "1", "2"], "One run for each.")
_RUNS = flags.DEFINE_string("runs", "runs/addition", "A folder for the runs.")
_OUTPUT = flags.DEFINE_string("output", "docs", "A folder for the table and the picture.")

Row = tuple[str, int, int, int, float, float]  # cell, digits, minus, seed, right, seconds


def measure(cell: str, digits: int, minus: int, seed: int) -> Row:
    """Trains one network, or continues, or reads what it reached.

    Each in a process of its own: XLA gives the memory of compiled programs back only at the end.
    """
    options = f"cell={cell},digits={digits},minus={minus},seed={seed}"
    config = addition.get_config(options)
    folder = Path(_RUNS.value).resolve() / config.name
    last = last_epoch(folder)
    if last.get("epoch") != config.train.epochs:
        train = "train.py", f"--config=configs/addition.py:{options}", f"--workdir={folder}"
        subprocess.run([sys.executable, *train, "--verbosity=-1"], cwd=ROOT, check=True)
        last = last_epoch(folder)
    return cell, digits, minus, seed, 1 - last["dev_wer"], last["seconds"]


def last_epoch(folder: Path) -> dict[str, Any]:
    """What a run has reported of its last complete epoch; {} if there is none."""
    file = folder / "metrics.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    return next((r for r in map(json.loads, reversed(lines)) if "epoch" in r), {})


def draw(rows: list[Row], path: Path) -> None:
    """A point for each run: tasks across, exact answers up."""
    tasks = sorted({(digits, minus) for _, digits, minus, *_ in rows})
    figure, axis = pictures.subplots(1, 1, (7, 4))
    for shift, cell in zip((-0.15, 0, 0.15), _CELLS.value, strict=False):
        mine = [row for row in rows if row[0] == cell]
        x = [tasks.index(row[1:3]) + shift for row in mine]
        axis.scatter(x, [100 * row[4] for row in mine], label=cell)
    names = [f"{digits} digits, {'+ and −' if minus else '+'}" for digits, minus in tasks]
    axis.set_xticks(range(len(tasks)), names)
    axis.set_ylabel("unseen problems solved (%)")
    axis.margins(0.08)
    axis.grid(axis="y", alpha=0.3)
    axis.legend(title="cell; a point for each seed", loc="lower left")
    figure.savefig(path, dpi=120)


def main(_: list[str]) -> None:
    rows, digits = [], map(int, _DIGITS.value)
    print("cell\tdigits\tminus\tseed\tright %\tseconds")
    for many, minus, cell, seed in itertools.product(
        digits, (0, 1), _CELLS.value, map(int, _SEEDS.value)
    ):
        rows.append(measure(cell, many, minus, seed))
        print(*rows[-1][:4], f"{100 * rows[-1][4]:.2f}", f"{rows[-1][5]:.0f}", sep="\t", flush=True)
    output = Path(_OUTPUT.value)
    output.mkdir(parents=True, exist_ok=True)
    with atomic_write(output / "addition.tsv") as file:
        file.write("cell\tdigits\tminus\tseed\tright\tseconds\n")
        for *task, right, seconds in rows:
            print(*task, f"{right:.4f}", f"{seconds:.0f}", sep="\t", file=file)
    draw(rows, output / "addition.png")


if __name__ == "__main__":
    app.run(main)
