"""Data parallelism measured: training steps on one device and on several, and ensembles.

    python benchmarks/scaling.py                            # minutes
    python benchmarks/scaling.py --rounds=1 --batches=2 --config=configs/gru.py:tiny --output=/tmp
    python benchmarks/scaling.py --draw                     # the picture and the tables again
    python benchmarks/scaling.py --plan                     # calculated: 8 to 512 chips

Steps are those of train.py with that config, on the first batches of an epoch of its data, from the
batch on the host to the new state. CPU devices are forced ones: a process for each number of
devices, that sees as many cores. GPUs or TPUs, where there are any, are measured beside them, in
one process. The processes are started and compiled once; then all configurations take turns, each
round from another beginning, and what is reported is the median over the rounds.

Writes scaling.jsonl (again after every round) and scaling.png into --output, and prints tables. A
line for each configuration; its `series`:
  strong: the config's batch, shared by the devices.
  weak: the config's batch on each device.
  all cores: one device that may use all cores: XLA's own threads.
  share: what each device has in `strong`, on one device alone: what it would take without the sum.
  ensemble: `members` networks in one program (config.ensemble), whose rows as many devices as cores
    share; ensemble apart: they share its members, as train.py does where their number allows it.
  all-reduce: the sum of the gradients alone, `bytes` = 4 x parameters.
  input: batches made on the host by one core, without any device.
`milliseconds` are of a step, of the sum, or of a batch; `words_per_second` are of the batch's
pronunciations, of an ensemble for each member; `over_one` is the median over the rounds of the
speed over that of one device of the same platform (CPU: on one core) in the same round, with its
lowest and highest.
"""

import dataclasses
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
from absl import flags

sys.path.insert(0, str(Path(__file__).parents[1]))  # a script of a folder that is not installed

from benchmarks import plan, steps
from benchmarks.processes import Process, say
from g2p_jax import config as config_lib
from g2p_jax.commands import config_files, run
from g2p_jax.commands import shared as cli
from g2p_jax.data.batches import Batch, Batches
from g2p_jax.data.symbols import Symbols
from g2p_jax.devices import parallel
from g2p_jax.devices.cpu import cpu_cores
from g2p_jax.errors import UserError
from g2p_jax.files import atomic_write
from g2p_jax.kernels.matmul import operand_dtype
from g2p_jax.predict import plots as pictures
from g2p_jax.predict.model_file import network

_CONFIG = config_files.define_config("configs/gru.py")
_ROUNDS = flags.DEFINE_integer("rounds", 5, "Times that each is measured.", lower_bound=1)
_BATCHES = flags.DEFINE_integer("batches", 16, "Of the epoch that are measured.", lower_bound=1)
_DEVICES = flags.DEFINE_list("devices", ["1", "2", "4"], "CPU devices, as far as there are cores.")
_MEMBERS = flags.DEFINE_list("members", ["1", "2", "4", "8"], "Sizes of ensembles.")
_OUTPUT = flags.DEFINE_string("output", "docs", "A folder for the lines and the picture.")
_DRAW = flags.DEFINE_bool("draw", False, "Measure nothing: draw and print what is in --output.")
_PLAN = flags.DEFINE_bool("plan", False, "Measure nothing: calculate steps on many chips.")
_CHIPS = flags.DEFINE_list("chips", ["8", "32", "128", "512"], "For --plan.")
_UTILISATION = flags.DEFINE_float("utilisation", 0.1, "For --plan: share of peak FLOP/s.", 0.0, 1.0)
_OVERHEAD = flags.DEFINE_float("overhead", 5.0, "For --plan: microseconds of a loop's step.", 0.0)
_INPUT = flags.DEFINE_float("input", 0.0, "For --plan: words/s of a host; 0: as measured.", 0.0)

Measure = Callable[[], tuple[float, float]]  # seconds and words of one step
Row = dict[str, Any]
WEAK_BATCH, FIXED_BATCH = 64, 1024  # of the plan
LARGE = 640  # units of the plan's larger network: 20 M parameters


@dataclasses.dataclass
class Entry:
    """One configuration; `row` is what its line says, apart from the result."""

    row: Row
    measure: Measure
    seconds: list[float] = dataclasses.field(default_factory=list)  # of a step, for each round
    words: float = 0.0  # of a step

    def result(self, one: "Entry") -> Row:
        speeds = [self.words / s for s in self.seconds]
        result = {"milliseconds": 1e3 * statistics.median(self.seconds)}
        if self.words:
            result["words_per_second"] = statistics.median(speeds)
        if self.words and self.row["series"] != "input":
            pairs = zip(speeds, one.seconds, strict=True)
            ratios = [speed * second / one.words for speed, second in pairs]
            result["over_one"] = statistics.median(ratios)
            result["lowest"], result["highest"] = min(ratios), max(ratios)
        result = {name: float(f"{value:.4g}") for name, value in result.items()}
        return self.row | result | {"rounds": len(self.seconds)}


def step(
    config: config_lib.Config,
    symbols: Symbols,
    batches: list[Batch],
    devices: int,
    members: int,
    apart: bool = False,
) -> Measure:
    """In a process: training steps on so many devices."""
    net, few = network(config, symbols), jax.local_devices()[:devices]
    run = steps.TrainStep(config, net, few, members, apart)
    words = sum(float(batch.weight_B.sum()) for batch in batches) / len(batches) / members
    return lambda: (run.run(batches) / len(batches), words)


def reduction(config: config_lib.Config, symbols: Symbols, devices: int) -> Measure:
    """In a process: the sum of gradients over so many devices, nothing else."""
    few, shapes = jax.local_devices()[:devices], steps.parameters_of(network(config, symbols))
    send = jax.pmap(lambda tree: tree, devices=few)
    gradients = send(jax.tree.map(lambda x: np.ones((devices, *x.shape), np.float32), shapes))
    add = jax.pmap(parallel.sum_over_devices, parallel.AXIS, out_axes=None, devices=few)

    def measure() -> tuple[float, float]:
        start, times = time.perf_counter(), 10
        for _ in range(times):
            jax.block_until_ready(add(gradients))
        return (time.perf_counter() - start) / times, 0.0

    return measure


def host_input(batches: Batches) -> Measure:
    """In a process: an epoch of batches, or the first second of it."""

    def measure() -> tuple[float, float]:
        start, count, words = time.perf_counter(), 0, 0.0
        for batch in batches.epoch(0):
            count, words = count + 1, words + float(batch.weight_B.sum())
            if time.perf_counter() - start > 1:
                break
        return (time.perf_counter() - start) / count, words / count

    return measure


def found() -> Row:
    """In a process: what JAX finds there."""
    device = jax.local_devices()[0]
    return {
        "platform": device.platform,
        "chip": device.device_kind,
        "available": jax.local_device_count(),
        "dtype": str(operand_dtype()),
    }


def entries(
    config: config_lib.Config, processes: dict[tuple[int, int], Process], counts: list[int]
) -> Iterator[Entry]:
    """All that is measured on one platform; `processes` by their cores and devices."""
    symbols, examples = steps.load(config)
    batches = steps.sample(steps.batches_of(examples, config.train), _BATCHES.value)
    rows = config.train.batch_size
    about = next(iter(processes.values())).call(found)
    del about["available"]
    about["dtype"] = about["dtype"] if config.train.dtype == "auto" else config.train.dtype
    net = steps.float32_network(config, symbols)
    about["parameters"] = sum(x.size for x in jax.tree.leaves(steps.parameters_of(net)))

    def entry(series: str, place: tuple[int, int], devices: int, rows: int, members: int) -> Entry:
        say(f"compiling: {series}, {devices} devices, {rows} rows, {members} members")
        mine = [steps.resized(batch, rows, members) for batch in batches]
        apart = series == "ensemble apart"
        measure = processes[place].prepare(step, config, symbols, mine, devices, members, apart)
        measure()
        row = {"series": series, "cores": place[0], "devices": devices, "rows": rows}
        return Entry(about | row | {"members": members}, measure)

    def place(devices: int) -> tuple[int, int]:
        return next(p for p in processes if p[1] in (0, devices) and p[0] in (0, devices))

    most = max(counts)
    yield entry("strong", place(1), 1, rows, 1)
    for count in counts[1:]:
        yield entry("strong", place(count), count, rows, 1)
        yield entry("weak", place(count), count, rows * count, 1)
        yield entry("share", place(1), 1, rows // count, 1)
        measure = processes[place(count)].prepare(reduction, config, symbols, count)
        measure()
        size = {"bytes": 4 * about["parameters"]}
        row = {"series": "all-reduce", "cores": place(count)[0], "devices": count}
        yield Entry(about | row | size, measure)
    for cores_, devices in processes:
        if devices == 1 and cores_ > 1:
            yield entry("all cores", (cores_, 1), 1, rows, 1)
    for members in cli.numbers("members", _MEMBERS.value):
        yield entry("ensemble", place(most), most, rows, members)
        if most > 1 and members % most == 0:
            yield entry("ensemble apart", place(most), most, rows, members)
    if about["platform"] == "cpu":
        for size in (rows, 64 * rows):
            made = steps.batches_of(examples, config.train, size)
            row = {"series": "input", "cores": 1, "devices": 0, "rows": size}
            yield Entry(about | row, processes[place(1)].prepare(host_input, made))


def measure(groups: list[list[Entry]], path: Path) -> None:
    """Round after round; the lines so far are written after each."""
    turns = list(itertools.chain(*groups))
    for number in range(_ROUNDS.value):
        say(f"round {number + 1} of {_ROUNDS.value}")
        first = number * len(turns) // _ROUNDS.value
        for entry in turns[first:] + turns[:first]:
            seconds, entry.words = entry.measure()
            entry.seconds.append(seconds)
        with atomic_write(path) as file:
            for group in groups:
                file.writelines(json.dumps(entry.result(group[0])) + "\n" for entry in group)


def select(rows: list[Row], /, **wanted: Any) -> list[Row]:
    return [row for row in rows if wanted.items() <= row.items()]


def tables(rows: list[Row]) -> Iterator[str]:
    """The lines as markdown."""
    yield "<!-- scaling table -->"
    yield "| | cores | devices | rows | ms a step | words/s | over one device | lowest to highest |"
    yield "|---|---|---|---|---|---|---|---|"
    for series in ("strong", "weak", "all cores", "share"):
        for row in select(rows, series=series):
            yield (
                f"| {row['platform']}, {series} | {row['cores'] or ''} | {row['devices']} | "
                f"{row['rows']} | {row['milliseconds']:.1f} | {row['words_per_second']:,.0f} | "
                f"{row['over_one']:.2f} | {row['lowest']:.2f} to {row['highest']:.2f} |"
            )
    yield "\n<!-- ensemble table -->"
    yield "| | members | devices | shared | ms a step | words/s of each member | of all together |"
    yield "|---|---|---|---|---|---|---|"
    for row in select(rows, series="ensemble") + select(rows, series="ensemble apart"):
        speed, shared = row["words_per_second"], "members" if "apart" in row["series"] else "rows"
        yield (
            f"| {row['platform']} | {row['members']} | {row['devices']} | {shared} | "
            f"{row['milliseconds']:.1f} | {speed:,.0f} | {row['members'] * speed:,.0f} |"
        )
    yield "\n<!-- parts table -->"
    yield "| | devices | | ms | |\n|---|---|---|---|---|"
    for row in select(rows, series="all-reduce"):
        speed = row["bytes"] / row["milliseconds"] / 1e6
        yield (
            f"| {row['platform']}, all-reduce | {row['devices']} | {row['bytes'] / 1e6:.1f} MB | "
            f"{row['milliseconds']:.2f} | {speed:.1f} GB/s |"
        )
    for row in select(rows, series="input"):
        yield (
            f"| input, one core | | {row['rows']} rows | {row['milliseconds']:.3f} | "
            f"{row['words_per_second']:,.0f} words/s |"
        )
    yield "\n<!-- check table -->"
    yield "| | devices | rows | predicted: one device's share + all-reduce, ms | measured, ms | |"
    yield "|---|---|---|---|---|---|"
    for row in select(rows, series="all-reduce"):
        same = {"platform": row["platform"], "devices": row["devices"]}
        for series, alone in (("strong", "share"), ("weak", "strong")):
            [whole] = select(rows, series=series, **same)
            share = whole["rows"] // row["devices"]
            [part] = select(rows, series=alone, rows=share, platform=row["platform"], devices=1)
            predicted = part["milliseconds"] + row["milliseconds"]
            yield (
                f"| {row['platform']}, {series} | {row['devices']} | {whole['rows']} | "
                f"{part['milliseconds']:.1f} + {row['milliseconds']:.1f} = {predicted:.1f} | "
                f"{whole['milliseconds']:.1f} | {whole['milliseconds'] / predicted:.2f} x |"
            )


def draw(rows: list[Row], path: Path) -> None:
    """Left: speed over the devices. Right: the time of a step over the members of an ensemble."""
    figure, (left, right) = pictures.subplots(1, 2, (10, 4))
    for platform in dict.fromkeys(row["platform"] for row in rows):
        mine = select(rows, platform=platform)
        for series, mark in (("strong", "o-"), ("weak", "s--")):
            line = select(mine, series="strong", devices=1) + [
                row for row in select(mine, series=series) if row["devices"] > 1
            ]
            x, y = ([row[key] for row in line] for key in ("devices", "over_one"))
            label = f"{platform}, {line[0]['rows']} words " + (
                "shared" if series == "strong" else "on each"
            )
            spread = [[row["over_one"] - row["lowest"] for row in line]]
            spread.append([row["highest"] - row["over_one"] for row in line])
            left.errorbar(x, y, spread, fmt=mark, capsize=3, label=label)
        for row in select(mine, series="all cores"):
            label = f"{platform}, one device on {row['cores']} cores"
            left.plot([1], [row["over_one"]], "x", label=label)
        for series, shared in (("ensemble apart", "members"), ("ensemble", "rows")):
            line = select(mine, series=series)
            x, y = ([row[key] for row in line] for key in ("members", "milliseconds"))
            if line:
                label = f"{platform}, {line[0]['devices']} devices share the {shared}"
                right.plot(x, y, "o-", label=label)
        right.plot(x, [y[0] * n / x[0] for n in x], ":", color="gray", label="one after the other")
    counts = sorted({row["devices"] for row in select(rows, series="strong")})
    left.plot(counts, counts, ":", color="gray", label="n times one")
    left.set_xticks(counts)
    left.set_xlabel("devices")
    left.set_ylabel("words/s over those of one device")
    left.set_ylim(bottom=0)
    members = sorted({row["members"] for row in select(rows, series="ensemble")})
    right.set_xticks(members)
    right.set_xlabel("members of the ensemble")
    right.set_ylabel("time of a training step (ms)")
    right.set_ylim(bottom=0)
    for axis in (left, right):
        axis.grid(alpha=0.3)
        axis.legend(fontsize="small")
    figure.savefig(path, dpi=120)


def calculated(config: config_lib.Config, rows: list[Row]) -> Iterator[str]:
    """The plan as markdown, with what it assumes."""
    symbols, examples = steps.load(config)
    batches = steps.batches_of(examples, config.train)
    lengths = [batch.source_BxS.shape[1] for batch in batches.epoch(0)]
    length, settings = statistics.fmean(lengths), config.model
    directions = 2 if settings.directions != "backward" else 1
    larger = dataclasses.replace(settings, hidden=LARGE, readout=LARGE)
    works = {}
    for model in (settings, larger):
        net = steps.float32_network(dataclasses.replace(config, model=model), symbols)
        count = sum(x.size for x in jax.tree.leaves(steps.parameters_of(net)))
        loops = 2 * length * (directions * model.encoder_layers + model.decoder_layers)
        flops = steps.flops_per_word(net, length)
        works[f"{count / 1e6:.1f} M"] = plan.Work(count, flops, loops)
    measured = [row["words_per_second"] for row in select(rows, series="input")]
    speed = _INPUT.value or max(measured, default=0.0)
    if not speed:
        raise UserError(f"no measured input in {_OUTPUT.value}/scaling.jsonl: give --input=WORDS/S")
    assumed = {
        "utilisation": _UTILISATION.value,
        "overhead": 1e-6 * _OVERHEAD.value,
        "input_speed": speed,
    }
    yield "<!-- plan table -->"
    yield (
        f"Calculated, for batches of {length:.1f} time steps on average, with "
        f"{_UTILISATION.value:.0%} of the peak FLOP/s and {_OVERHEAD.value:g} us for each time "
        f"step of a loop, both assumed, and {speed:,.0f} words/s of input from a core.\n"
    )
    yield "| network | MFLOP a word | time steps one after the other | MB to sum |"
    yield "|---|---|---|---|"
    for name, work in works.items():
        size = 4e-6 * work.parameters
        yield f"| {name} | {work.flops / 1e6:.0f} | {work.loops:.0f} | {size:.1f} |"
    yield ""
    counts, total = cli.numbers("chips", _CHIPS.value), len(examples)
    yield from plan.table(works, counts, WEAK_BATCH, FIXED_BATCH, total, **assumed)
    yield "\n<!-- limits table -->"
    yield from plan.limits(works, [64, 256, 1024, 4096], **assumed)


def main(words: list[str]) -> None:
    cli.use_huge_pages()  # as train.py does
    if words:
        raise UserError(f"flags only, found {words[0]!r}")
    jax.config.update("jax_platforms", "cpu")  # this process leaves all others to the measured ones
    output, config = Path(_OUTPUT.value), config_lib.validate(_CONFIG.value)
    path = output / "scaling.jsonl"
    if not (_DRAW.value or _PLAN.value):
        output.mkdir(parents=True, exist_ok=True)
        wanted, most = cli.numbers("devices", _DEVICES.value), cpu_cores()
        counts = [n for n in sorted({1, *wanted}) if n <= most]
        for count in counts:
            if count < 1 or config.train.batch_size % count:
                raise UserError(f"--devices={count}: must divide {config.train.batch_size} rows")
        places = [(n, n) for n in counts] + ([(most, 1)] if most > 1 else [])
        processes = {place: Process(*place) for place in places}
        groups = [list(entries(config, processes, counts))]
        real = Process()
        about = real.call(found)
        if about["platform"] != "cpu":
            rows = config.train.batch_size
            powers = (2**power for power in range(about["available"].bit_length()))
            groups.append(
                list(entries(config, {(0, 0): real}, [n for n in powers if rows % n == 0]))
            )
        else:
            real.close()
        measure(groups, path)
        for process in (*processes.values(), real):
            process.close()
    if not path.exists() and not _PLAN.value:
        raise UserError(f"{path}: nothing measured yet; run without --draw first")
    rows = [json.loads(x) for x in path.read_text().splitlines()] if path.exists() else []
    if _PLAN.value:
        print(*calculated(config, rows), sep="\n")
        return
    draw(rows, output / "scaling.png")
    print(*tables(rows), sep="\n")


if __name__ == "__main__":
    run.run(main)
