"""How time and memory grow: with long words, large layers, many symbols, large dictionaries.

    python benchmarks/cost.py                                # minutes
    python benchmarks/cost.py --ckpt=runs/gru                # words pronounced by a trained model
    python benchmarks/cost.py --config=configs/gru.py:tiny --letters=4,8 --hidden=16,32 \
        --symbols=50,100 --entries=100,200 --words=10,20 --rounds=1 --output=/tmp
    python benchmarks/cost.py --draw                         # the picture and the table again

Each point is measured in a process of its own, which sees all cores, with a device for each as
train.py has them, and is at once in cost.jsonl in --output: the same command goes on where it was
stopped; --fresh measures its points again. A line for each point; its `series` and what `x` is:
  letters: a training step with words of so many letters, and as many phonemes.
  hidden: a training step with layers of so many units.
  symbols: a training step with so many phonemes to choose from.
  entries: a dictionary of so many words: read, encoded, made batches of for one epoch; no device.
  words: so many words pronounced, greedily. Without --ckpt by an untrained network, which seldom
    ends a word before its limit: an upper bound.
The config's batch size, 10 letters, and its own layers and symbols where nothing else is said.
`milliseconds` are of a step, or of all the words: the median over the rounds, after compilation.
`peak_mb` is what the process held at most, compilation included, `empty_mb` what it held before:
with JAX begun, of `words` with the network loaded. `program_mb` is what XLA plans for a training
step on one device: arguments, results and temporary arrays.

Then a table, and cost.png: a column for each series, with the exponent a of the line x^a through
its points, and of the last two alone: where a cost is a sum, its largest part shows only there.
"""

import dataclasses
import json
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

sys.path.insert(0, str(Path(__file__).parents[1]))  # a script of a folder that is not installed

from benchmarks import steps
from benchmarks.processes import Process, memory, say
from g2p_jax import config as config_lib
from g2p_jax.commands import config_files, run
from g2p_jax.commands import shared as cli
from g2p_jax.data import splits
from g2p_jax.data.batches import Batch
from g2p_jax.data.symbols import EOS, SPECIALS, Symbols
from g2p_jax.devices.cpu import cpu_cores, devices_for
from g2p_jax.errors import UserError
from g2p_jax.files import atomic_write
from g2p_jax.kernels.matmul import operand_dtype
from g2p_jax.network import seq2seq as models
from g2p_jax.predict import plots as pictures

GRIDS = {
    "letters": ["4", "8", "16", "32", "64"],
    "hidden": ["64", "128", "256", "512", "1024"],
    "symbols": ["50", "200", "1000", "5000"],
    "entries": ["1000", "10000", "100000", "400000"],
    "words": ["10", "100", "1000", "10000"],
}
LABELS = {
    "letters": "letters of a word",
    "hidden": "units of a layer",
    "symbols": "phonemes to choose from",
    "entries": "words of the dictionary",
    "words": "words to pronounce",
}
_CONFIG = config_files.define_config("configs/gru.py")
_GRIDS = {
    name: flags.DEFINE_list(name, grid, f"{LABELS[name].capitalize()}; empty: leave out.")
    for name, grid in GRIDS.items()
}
_ROUNDS = flags.DEFINE_integer("rounds", 5, "Times that each is measured.", lower_bound=1)
_SECONDS = flags.DEFINE_float("seconds", 10.0, "No further round after so long.", 0.0)
_CKPT = flags.DEFINE_string("ckpt", "", "The model that pronounces words; empty: untrained.")
_OUTPUT = flags.DEFINE_string("output", "docs", "A folder for the lines and the picture.")
_FRESH = flags.DEFINE_bool("fresh", False, "Measure again what has been measured.")
_DRAW = flags.DEFINE_bool("draw", False, "Measure nothing: draw and print what is in --output.")

LETTERS, STEPS = 10, 3  # of a word; of each measurement
MEASURED = ("milliseconds", "peak_mb", "program_mb")  # what is drawn
Row = dict[str, Any]


def repeated(run: Callable[[], Any], rounds: int, seconds: float, parts: int = 1) -> Row:
    """The median time of a part of `run`; no further round when `seconds` have passed."""
    times: list[float] = []
    while len(times) < rounds and sum(times) <= seconds:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return {"milliseconds": 1e3 * statistics.median(times) / parts, "rounds": len(times)}


def begun() -> float:
    """MB that the process holds once JAX has compiled something."""
    import jax

    jax.block_until_ready(jax.jit(lambda x: x + 1)(np.ones(8)))
    return memory()[0]


def full_batch(random: np.random.Generator, rows: int, letters: int, sizes: list[int]) -> Batch:
    """Random words without padding, of symbols up to these sizes of the two vocabularies."""
    source, target = (random.integers(len(SPECIALS), size, (rows, letters)) for size in sizes)
    target[:, -1] = EOS
    weight = np.ones(rows, np.float32)
    return Batch(source.astype(np.int32), target.astype(np.int32), weight)


def train(config: config_lib.Config, letters: int, sizes: list[int], *limits: Any) -> Row:
    """In a process: a training step."""
    import jax

    empty = begun()
    net = models.Seq2Seq(config.model, *sizes, operand_dtype(config.train.dtype))
    step = steps.TrainStep(config, net, jax.local_devices())
    batch = full_batch(np.random.default_rng(0), config.train.batch_size, letters, sizes)
    step.run([batch])
    result = repeated(lambda: step.run([batch] * STEPS), *limits, STEPS)
    _, peak = memory()
    plan = step.step.lower(step.state, step.shard(batch)).compile().memory_analysis()
    kinds = "argument_size_in_bytes output_size_in_bytes temp_size_in_bytes".split()
    program = sum(getattr(plan, kind) for kind in kinds) - plan.alias_size_in_bytes
    about = {"parameters": step.parameters, "program_mb": program / 1e6}
    return result | about | {"empty_mb": empty, "peak_mb": peak}


def read(config: config_lib.Config, path: Path, *limits: Any) -> Row:
    """In a process: a dictionary from its file to the last batch of an epoch."""
    empty, _ = memory()
    data = dataclasses.replace(config.data, train=str(path), dev_share=0.0, test_share=0.0)
    config = dataclasses.replace(config, data=data)

    def run() -> None:
        _, examples = steps.load(config)
        for _ in steps.batches_of(examples, config.train).epoch(0):
            pass

    result = repeated(run, *limits)
    return result | {"empty_mb": empty, "peak_mb": memory()[1]}


def pronounce(config: config_lib.Config, ckpt: str, words: list[str], *limits: Any) -> Row:
    """In a process: words pronounced, to nowhere."""
    from g2p_jax.predict.g2p import G2P, load
    from g2p_jax.predict.transcribe import Options, transcribe

    if ckpt:
        model = load(ckpt)
    else:
        import jax

        symbols, _ = steps.load(config)
        net, token = steps.float32_network(config, symbols), np.ones((1, 1), np.int32)
        params = jax.jit(net.init)(jax.random.key(0), token, token)["params"]
        model = G2P(config, symbols, params)
    empty = begun()
    numbered = [(str(number), word) for number, word in enumerate(words)]
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        run = lambda: transcribe(model, numbered, nowhere, Options(beam=1))
        run()
        result = repeated(run, *limits)
    trained = "trained" if ckpt else "untrained"
    return result | {"model": trained, "empty_mb": empty, "peak_mb": memory()[1]}


def found() -> Row:
    """In a process: what JAX finds there."""
    import jax

    device = jax.local_devices()[0]
    return {"platform": device.platform, "chip": device.device_kind, "cores": cpu_cores()}


def place(row: Row) -> tuple[str, int]:
    return row["series"], row["x"]


def write_dictionary(pairs: Sequence[Any], entries: int, path: Path) -> None:
    """The first words; if there are fewer, all again with a letter more at the end, and so on."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    with path.open("w", encoding="utf-8") as file:
        for number in range(entries):
            turn, index = divmod(number, len(pairs))
            end = ""
            while turn:
                turn, letter = divmod(turn - 1, len(letters))
                end += letters[letter]
            word, pronunciations = pairs[index]
            file.write(f"{word}{end}\t{' '.join(pronunciations[0])}\n")


def point(
    config: config_lib.Config,
    series: str,
    x: int,
    pairs: Sequence[Any],
    folder: Path,
    devices: int,
) -> Row:
    """One point, in a process of its own."""
    rows, limits = config.train.batch_size, (_ROUNDS.value, _SECONDS.value)
    symbols = Symbols.from_pairs(pairs)
    sizes = [len(symbols.graphemes), x if series == "symbols" else len(symbols.phonemes)]
    if series == "hidden":
        config = dataclasses.replace(config, model=dataclasses.replace(config.model, hidden=x))
    with Process(devices=devices) as process:
        match series:
            case "entries":
                path = folder / "dictionary.tsv"
                write_dictionary(pairs, x, path)
                result = process.call(read, config, path, *limits)
            case "words":
                words = [
                    pairs[i % len(pairs)].word for i in range(0, 7919 * x, 7919)
                ]  # from all over
                result = process.call(pronounce, config, _CKPT.value, words, *limits)
            case _:
                letters = x if series == "letters" else LETTERS
                result = process.call(train, config, letters, sizes, *limits)
    words = x if series in ("entries", "words") else rows
    result["microseconds_per_word"] = 1e3 * result["milliseconds"] / words
    shown = {k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in result.items()}
    return {"config": config.name, "series": series, "x": x} | shown


def slope(x: Any, y: Any) -> float:
    """The exponent a of y ~ x^a that fits best, in the squares of logarithms; nan for one point."""
    if len(x) < 2 or min(y) <= 0:
        return math.nan
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def points(rows: list[Row], series: str, name: str) -> tuple[list[int], list[float]]:
    """x and y of one line of the picture; memory is what the process held more than at first."""
    mine = sorted((r for r in rows if r["series"] == series and name in r), key=lambda r: r["x"])
    less = "empty_mb" if name == "peak_mb" else ""
    values = {row["x"]: row[name] - row.get(less, 0) for row in mine}
    seen = {x: y for x, y in values.items() if y > 0}  # all that a logarithm can show
    return list(seen), list(seen.values())


def table(rows: list[Row]) -> Iterator[str]:
    yield "<!-- cost table -->"
    yield "| series | x | time, ms | of a word, us | memory, MB | of the step's program, MB |"
    yield "|---|---|---|---|---|---|"
    for series in LABELS:
        for row in sorted((r for r in rows if r["series"] == series), key=lambda r: r["x"]):
            program = f"{row['program_mb']:,.0f}" if "program_mb" in row else ""
            yield (
                f"| {series} | {row['x']:,} | {row['milliseconds']:,.1f} | "
                f"{row['microseconds_per_word']:,.1f} | {row['peak_mb'] - row['empty_mb']:,.0f} | "
                f"{program} |"
            )
    yield "\n<!-- exponents table -->"
    heads = " | ".join(f"{name} | last two" for name in ("time", "memory", "program"))
    yield f"| series | from | to | {heads} |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for series in LABELS:
        cells = []
        for name in MEASURED:
            x, y = points(rows, series, name)
            for few in (slice(None), slice(-2, None)):
                value = slope(x[few], y[few])
                cells.append("" if math.isnan(value) else f"{value:.2f}")
        if x := points(rows, series, "milliseconds")[0]:
            yield f"| {series} | {x[0]:,} | {x[-1]:,} | {' | '.join(cells)} |"


def draw(rows: list[Row], path: Path) -> None:
    """A column for each series: time above, memory below."""
    present = [series for series in LABELS if any(row["series"] == series for row in rows)]
    figure, axes = pictures.subplots(2, len(present), (3.2 * len(present), 6), squeeze=False)
    for column, series in enumerate(present):
        for axis, name, label in zip(
            axes[[0, 1, 1], column], MEASURED, ("time", "process", "program"), strict=True
        ):
            x, y = points(rows, series, name)
            if not x:
                continue
            exponent, last = slope(x, y), slope(x[-2:], y[-2:])
            text = f"{label}: $x^{{{exponent:.2f}}}$, last two {last:.2f}"
            axis.loglog(x, y, "o-" if name != "program_mb" else "s--", label=text)
            axis.set_xticks(x, [f"{value:,}" for value in x], rotation=30)
            axis.set_xticks([], minor=True)
        axes[1, column].set_xlabel(LABELS[series])
        step = series in ("letters", "hidden", "symbols")
        axes[0, column].set_ylabel(f"time of {'a training step' if step else 'all words'} (ms)")
        axes[1, column].set_ylabel("memory (MB)")
        for axis in axes[:, column]:
            axis.grid(alpha=0.3)
            axis.legend(fontsize="small", loc="upper left")
            values = np.concatenate([line.get_ydata() for line in axis.lines])
            axis.set_ylim(values.min() / 2, 5 * values.max())  # room for the legend
    figure.savefig(path, dpi=120)


def main(words: list[str]) -> None:
    if words:
        raise UserError(f"flags only, found {words[0]!r}")
    output, config = Path(_OUTPUT.value), config_lib.validate(_CONFIG.value)
    if config.model.encoder_layers == 0:
        raise UserError("a language model reads no words: choose a config that does")
    path = output / "cost.jsonl"
    rows: list[Row] = []
    if path.exists():
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    if not _DRAW.value:
        output.mkdir(parents=True, exist_ok=True)
        pairs = splits.load(config.data).train
        grid = [
            (series, x)
            for series, flag in _GRIDS.items()
            for x in cli.numbers(series, list(filter(None, flag.value)))
        ]
        if _FRESH.value:
            rows = [r for r in rows if r["config"] != config.name or place(r) not in grid]
        done = {place(row) for row in rows if row["config"] == config.name}
        with Process() as process:
            about = process.call(found)
        forced = devices_for(config.train.batch_size, cpu_cores())
        devices = forced if about["platform"] == "cpu" else 0  # 0: those that there are
        with tempfile.TemporaryDirectory() as folder:
            for number, (series, x) in enumerate(grid, 1):
                if (series, x) in done:
                    continue
                say(f"point {number} of {len(grid)}: {series} {x}")
                result = point(config, series, x, pairs, Path(folder), devices)
                rows.append(result | about)
                with atomic_write(path) as file:
                    file.writelines(json.dumps(row) + "\n" for row in rows)
    mine = [row for row in rows if row["config"] == config.name]
    if not mine:
        raise UserError(f"{path}: nothing of {config.name} measured yet; run without --draw first")
    draw(mine, output / "cost.png")
    print(*table(mine), sep="\n")


if __name__ == "__main__":
    run.run(main)
