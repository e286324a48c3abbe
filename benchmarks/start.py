"""Seconds from a command to its answer, and seconds of CPU, in a process that begins with nothing.

    python benchmarks/start.py              # one line for each command, as docs/performance.md has
    python benchmarks/start.py --times=20

Each command runs once before it is measured, so that files and compiled programs are in the caches.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
PREDICT = [sys.executable, "predict.py"]
COMMANDS = {
    "Python alone": [sys.executable, "-c", ""],
    "import g2p_jax": [sys.executable, "-c", "import g2p_jax"],
    "a known word": [*PREDICT, "hello"],
    "a known word in IPA": [*PREDICT, "--alphabet=ipa", "hello"],
    "a known word with stress, for Kaldi": [*PREDICT, "--stress", "--format=kaldi-prob", "hello"],
    "an unknown word": [*PREDICT, "rebuiltest"],
    "a word of the model alone": [*PREDICT, "--lexicon=none", "hello"],
    "help": [*PREDICT, "--help"],
}


def seconds(command: list[str]) -> tuple[float, float]:
    """On the clock, and of CPU."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=9)
    times = parser.parse_args().times
    for name, command in COMMANDS.items():
        seconds(command)
        clocks, cpu = zip(*(seconds(command) for _ in range(times)), strict=True)
        print(
            f"{name:38} {statistics.median(clocks):.2f} s, the least {min(clocks):.2f} s; "
            f"{statistics.median(cpu):.2f} s of CPU",
            flush=True,
        )


if __name__ == "__main__":
    main()
