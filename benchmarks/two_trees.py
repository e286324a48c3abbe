"""Speed of this checkout over that of another one, measured in turns.

    git worktree add ../old COMMIT
    python benchmarks/two_trees.py --other=../old

Each tree has a process of its own, which measures a task when it is told to; the two take turns,
round after round, so that what else the machine does meets both. Output: for each task the median
seconds of both, and the median of the rounds' ratios: above 1 this checkout is faster.

Tasks: training steps of two configs at two batch sizes, without dropout's randomness in the data;
lists and single words with both shipped models. The trees need the same `benchmarks/steps.py`.
"""

import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from absl import app, flags

_OTHER = flags.DEFINE_string("other", None, "The other checkout.")
_ROUNDS = flags.DEFINE_integer("rounds", 7, "Turns of each tree.", lower_bound=1)
_TASKS = flags.DEFINE_list("tasks", [], "Only these; default: all.")

HERE = Path(__file__).resolve().parents[1]
CORES = 2
STEPS = {8: 60, 256: 4}  # measured in a turn, by batch size


def train_task(config_name: str, rows: int) -> Callable[[], Any]:
    import importlib

    import jax

    from benchmarks import steps

    config = importlib.import_module(f"configs.{config_name}").get_config()
    symbols, examples = steps.load(config)
    batch = steps.resized(steps.sample(steps.batches_of(examples, config.train), 1)[0], rows)
    devices = jax.local_devices()[: 1 if rows < 64 else CORES]
    step = steps.TrainStep(config, steps.network(config, symbols), devices)
    return lambda: step.run([batch] * STEPS[rows])


def predict_task(model: str, count: int, alone: bool) -> Callable[[], Any]:
    from g2p_jax.data.lexicon import read_lexicon
    from g2p_jax.predict.g2p import load

    every = [pair.word for pair in read_lexicon("cmudict")]
    words, g2p = every[:: len(every) // count], load(model)
    chunks = [[word] for word in words] if alone else [words]
    return lambda: [g2p.pronounce(chunk) for chunk in chunks]


TASKS: dict[str, tuple[Callable, tuple]] = {
    **{
        f"train {name} {rows}": (train_task, (name, rows))
        for name, rows in itertools.product(["attention", "gru"], STEPS)
    },
    "english list": (predict_task, ("english", 2000, False)),
    "english word": (predict_task, ("english", 100, True)),
    "english-small list": (predict_task, ("english-small", 30_000, False)),
    "english-small word": (predict_task, ("english-small", 200, True)),
}


def work(tree: str) -> None:
    """Measures each task that standard input names; prints its seconds."""
    sys.path.insert(0, tree)
    import jax

    jax.config.update("jax_num_cpu_devices", CORES)
    ready: dict[str, Callable[[], Any]] = {}
    for name in map(str.strip, sys.stdin):
        if name not in ready:
            make, arguments = TASKS[name]
            ready[name] = make(*arguments)
            ready[name]()
        started = time.perf_counter()
        ready[name]()
        print("seconds", time.perf_counter() - started, flush=True)


def main(_: list[str]) -> None:
    trees = [HERE, Path(_OTHER.value).resolve()]
    workers = [
        subprocess.Popen(
            [sys.executable, __file__, "--worker", str(tree)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        for tree in trees
    ]  # fmt: skip

    def measure(worker: subprocess.Popen, name: str) -> float:
        assert worker.stdin and worker.stdout
        print(name, file=worker.stdin, flush=True)
        line = next(line for line in worker.stdout if line.startswith("seconds "))
        return float(line.split()[1])

    print("task: seconds here, there, ratio there / here (lowest to highest)")
    for name in _TASKS.value or TASKS:
        pairs = []
        for number in range(_ROUNDS.value + 1):  # the first one warms up
            order = workers if number % 2 else workers[::-1]
            seconds = {worker.pid: measure(worker, name) for worker in order}
            pairs.append([seconds[worker.pid] for worker in workers])
        here, there = zip(*pairs[1:], strict=True)
        ratios = sorted(b / a for a, b in pairs[1:])
        print(
            f"{name}: {statistics.median(here):.3f}, {statistics.median(there):.3f}, "
            f"{statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(sys.argv[2])
    else:
        app.run(main)
