"""How long a step of data-parallel training takes on many chips: a model, not a measurement.

Seconds of one step, for W words on each of n chips and a network of P parameters:

  compute     W x FLOPs per word / achieved FLOP/s
  loops       time steps that wait for each other x overhead of one
  update      32 P bytes / memory bandwidth: clipping reads the gradient (4 P bytes); AdamW reads
              it, too, and reads and writes weights and two moments (28 P)
  all-reduce  2 (n - 1) / n x 4 P bytes / link + hops x latency of one
  input       W words for each chip of a host, 8 at most / words per second of one core

The devices do the first four one after the other; every host makes its rows of the next batch
meanwhile, so a step takes the longer of the two.

Chips are as their makers specify them. What no specification says are assumptions, to be given:
the share of the peak FLOP/s that is achieved, and the overhead of one step of a loop. `step_time`
measured on one chip (benchmarks/scaling.py) would replace compute, loops and update.
"""

from collections.abc import Iterator
from typing import NamedTuple

A_HOST = 8  # chips, at most


class Chip(NamedTuple):
    """One chip and its network. Bandwidths are of one chip and one direction, in bytes/s."""

    flops: float  # peak of bfloat16, dense
    memory: float
    link: float  # to its neighbours, over all its links
    hop: float  # seconds
    most: int  # chips that these links join
    axes: int = 1  # of the torus; 1: a ring
    far_link: float = 0.0  # to a chip that they do not join; 0: none
    far_hop: float = 0.0


# TPUs: docs.cloud.google.com/tpu/docs/v5e and v5p (inter-chip interconnect of 1600 and 4800 Gbit/s;
# a v5e slice ends at 256 chips); 1 us a hop: jax-ml.github.io/scaling-book/sharding.
# H100: data sheet of the SXM module (NVLink 900 GB/s in both directions) and 400 Gbit/s InfiniBand
# for each GPU, as in a DGX H100; hops: the latencies that NCCL assumes (src/graph/tuning.cc, ring).
CHIPS = {
    "TPU v5e": Chip(197e12, 819e9, 200e9, 1e-6, most=256, axes=2),
    "TPU v5p": Chip(459e12, 2765e9, 600e9, 1e-6, most=8960, axes=3),
    "H100 SXM": Chip(989e12, 3350e9, 450e9, 3.4e-6, most=8, far_link=50e9, far_hop=14e-6),
}


class Work(NamedTuple):
    """What a step has to do."""

    parameters: int
    flops: float  # of a word
    loops: float  # time steps, one after the other: of all layers, forward and backward


class StepTime(NamedTuple):
    """Seconds of a step."""

    compute: float
    loops: float
    update: float
    all_reduce: float
    input: float

    @property
    def devices(self) -> float:
        return self.compute + self.loops + self.update + self.all_reduce

    @property
    def total(self) -> float:
        return max(self.devices, self.input)


def ring(size: float, chips: int, link: float, hop: float, axes: int = 1) -> float:
    """Seconds to sum `size` bytes over a ring, or over each axis of a torus in turn."""
    hops = 2 * axes * (chips ** (1 / axes) - 1)
    return 2 * (chips - 1) / chips * size / link + hops * hop


def all_reduce(size: float, chips: int, chip: Chip) -> float:
    """Seconds to sum `size` bytes over all chips: among neighbours, then each one's part afar."""
    near = min(chips, chip.most)
    seconds = ring(size, near, chip.link, chip.hop, chip.axes)
    if chips > near:
        if not chip.far_link:
            raise ValueError(f"{chips} chips, but the network ends at {chip.most}")
        seconds += ring(size / near, chips // near, chip.far_link, chip.far_hop)
    return seconds


def step_time(
    work: Work,
    words: float,
    chips: int,
    chip: Chip,
    *,
    utilisation: float,
    overhead: float,
    input_speed: float,
) -> StepTime:
    """A step with so many words on each chip.

    utilisation: share of the peak FLOP/s that is achieved.
    overhead: seconds of one time step of a loop, whatever its arithmetic.
    input_speed: words/s that a host makes batches of.
    """
    return StepTime(
        compute=words * work.flops / (chip.flops * utilisation),
        loops=work.loops * overhead,
        update=32 * work.parameters / chip.memory,
        all_reduce=all_reduce(4 * work.parameters, chips, chip),
        input=min(chips, A_HOST) * words / input_speed,
    )


def table(
    works: dict[str, Work],
    counts: list[int],
    words: int,
    fixed: int,
    examples: int,
    **assumed: float,
) -> Iterator[str]:
    """Markdown: a row for each network, kind of chip and number of chips.

    words: on each chip, however many there are. fixed: over all chips together. Efficiency is the
    speed over n times that of one chip. examples: of an epoch.
    """
    yield (
        f"| network | chip | n | all-reduce, ms | {words} words a chip: devices, ms | input, ms | "
        f"words/s | efficiency | steps an epoch | {fixed:,} words together: step, ms | efficiency |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for name, work in works.items():
        for kind, chip in CHIPS.items():
            for n in counts:
                if n > chip.most and not chip.far_link:
                    continue
                weak, one = (step_time(work, words, m, chip, **assumed) for m in (n, 1))
                share = step_time(work, fixed / n, n, chip, **assumed)
                alone = step_time(work, fixed, 1, chip, **assumed).total
                yield (
                    f"| {name} | {kind} | {n} | {1e3 * weak.all_reduce:.2f} | "
                    f"{1e3 * weak.devices:.2f} | {1e3 * weak.input:.2f} | "
                    f"{n * words / weak.total:,.0f} | {one.total / weak.total:.0%} | "
                    f"{examples / (n * words):,.0f} | "
                    f"{1e3 * share.total:.2f} | {alone / (n * share.total):.0%} |"
                )


def limits(works: dict[str, Work], sizes: list[int], **assumed: float) -> Iterator[str]:
    """Markdown: for batches of these sizes, the most chips with an efficiency of 50 % or more.

    Of the powers of two up to 512, and no more than words.
    """
    yield "| network | chip | " + " | ".join(f"{size:,} words" for size in sizes) + " |"
    yield "|---|---|" + "---|" * len(sizes)
    for name, work in works.items():
        for kind, chip in CHIPS.items():
            row = [name, kind]
            for size in sizes:
                alone, most = step_time(work, size, 1, chip, **assumed).total, 1
                for n in (2**power for power in range(1, 10)):
                    if n <= size and (n <= chip.most or chip.far_link):
                        shared = step_time(work, size / n, n, chip, **assumed).total
                        most = n if alone / (n * shared) >= 0.5 else most
                row.append(str(most))
            yield f"| {' | '.join(row)} |"
