"""Wall time from the command to a dev WER: python benchmarks/time_to_accuracy.py -- FLAGS

    python benchmarks/time_to_accuracy.py --wer=25,23,22 -- --config=configs/gru.py \
        --config.data.train=train.txt --config.data.dev=dev.txt --config.data.test_share=0.0

Starts train.py as a user does, with these flags, an empty compilation cache and a new folder, and
reads what it reports after each epoch; stops it when the lowest of the rates is reached. Prints one
JSON line for each rate: seconds since the command, or null where the run ended without it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from absl import app, flags

ROOT = Path(__file__).parents[1]

_WER = flags.DEFINE_list("wer", ["25", "23", "22"], "Dev word error rates, in %.")


def epochs(process: subprocess.Popen, metrics: Path) -> Iterator[dict]:
    """The reports of epochs, as they are written, until the process has ended."""
    read = 0
    while True:
        ended = process.poll() is not None
        lines = metrics.read_text().splitlines(keepends=True) if metrics.exists() else []
        whole = [line for line in lines if line.endswith("\n")]
        yield from (r for r in map(json.loads, whole[read:]) if "epoch" in r)
        read = len(whole)
        if ended:
            return
        time.sleep(0.2)


def main(arguments: list[str]) -> int:
    missing = sorted({float(rate) for rate in _WER.value}, reverse=True)
    with tempfile.TemporaryDirectory() as folder:
        run, cache = Path(folder) / "run", Path(folder) / "cache"
        command = [sys.executable, "train.py", *arguments[1:], f"--workdir={run}"]
        environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": os.fspath(cache)}
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, env=environment)
        try:
            for report in epochs(process, run / "metrics.jsonl"):
                while missing and 100 * report["dev_wer"] <= missing[0]:
                    write(missing.pop(0), report, time.perf_counter() - start)
                if not missing:
                    break
        finally:
            process.terminate()
            process.wait()
    for rate in missing:
        write(rate, {}, None)
    return 1 if process.returncode else 0


def write(rate: float, report: dict, seconds: float | None) -> None:
    row = {"wer": rate, "seconds": seconds and round(seconds, 1)}
    row |= {key: report.get(key) for key in ("epoch", "dev_wer")}
    print(json.dumps(row), flush=True)


if __name__ == "__main__":
    app.run(main)
