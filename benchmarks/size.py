"""How much data fits: time and memory to learn from N pairs, and to pronounce N words.

    python benchmarks/size.py --pairs=100000,1000000
    python benchmarks/size.py --pairs=10000000 --train      # 2 minutes, 320 MB of disk
    python benchmarks/size.py --pairs= --words=1000000,10000000 --ckpt=runs/gru-tiny

Invents pronounceable words, all different, and writes them as a lexicon, word<TAB>P H O N. A fresh
process does all that train.py does before its first step: it reads the file, splits it, finds the
symbols, encodes, and draws the order of the first epoch. With --train another one is train.py
itself, which is stopped after its first progress lines.

For --words, predict.py pronounces as many of these words from a file, greedily. Then it does so
once more, is killed (SIGKILL) at a random time and continued with --resume; `identical` says
whether the output is the same to the last byte.

Prints one JSON line for each. Linux only.
"""

import filecmp
import gc
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from absl import app, flags

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # a script of a folder that is not installed

from benchmarks.invented import entries
from g2p_jax import config
from g2p_jax.data import splits
from g2p_jax.data.batches import Batches, Examples
from g2p_jax.data.buckets import choose_buckets
from g2p_jax.data.symbols import Symbols

_PAIRS = flags.DEFINE_list("pairs", ["100000", "1000000"], "How many; one data set for each.")
_TRAIN = flags.DEFINE_bool("train", False, "Also begin to train.")
_WORDS = flags.DEFINE_list("words", [], "How many to pronounce; one file for each.")
_CKPT = flags.DEFINE_string("ckpt", "english", "The model that pronounces them.")
_PREPARE = flags.DEFINE_string("prepare", None, "Only prepare this file, in this process.")


def resident() -> int:
    """Bytes of memory that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def prepare(path: str) -> dict[str, float]:
    """What Run does before the first step; train.py's own settings."""
    settings, before = config.Config(), resident()
    started, cpu = time.perf_counter(), time.process_time()
    settings.data.train = path
    data = splits.load(settings.data)
    symbols = Symbols.from_pairs(data.train)
    examples = Examples.from_pairs(data.train, symbols)
    buckets = choose_buckets(examples.lengths, settings.train.buckets)
    batches = Batches(examples, buckets, settings.train.batch_size)
    order = batches.epoch(0)
    next(order)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    pairs = sum(map(len, data))
    gc.collect()
    return {
        "pairs": pairs,
        "seconds": round(seconds, 2),
        "pairs per second": round(pairs / seconds),
        "pairs per CPU second": round(pairs / cpu),  # what a busy machine says of a quiet one
        "bytes per pair that stay": round((resident() - before) / pairs, 1),
        "peak MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def train(path: Path, folder: Path) -> dict[str, float]:
    """Runs train.py until its third progress line; the seconds are those to the first."""
    command = [sys.executable, str(ROOT / "train.py"), "--config=configs/gru.py:tiny"]
    settings = [f"--config.data.train={path}", "--config.data.limit=0", f"--workdir={folder}"]
    started, progress = time.perf_counter(), []
    run = subprocess.Popen([*command, *settings], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert run.stderr
    for line in run.stderr:
        if "words/s" in line:
            progress.append(time.perf_counter() - started)
            if len(progress) == 3:
                run.send_signal(signal.SIGTERM)
    _, status, usage = os.wait4(run.pid, 0)
    if status or len(progress) < 3:
        raise RuntimeError(f"train.py ended with {status} before its third progress line")
    return {
        "seconds to train": round(progress[0], 1),
        "peak MB of train.py": round(usage.ru_maxrss / 1024),
    }


def pronounce(count: int, folder: Path) -> dict[str, Any]:
    """Runs predict.py on so many words, undisturbed, and killed and continued."""
    words, whole, parts = (folder / name for name in ("words.txt", "whole.tsv", "parts.tsv"))
    with words.open("w") as file:
        for lines in entries(count):
            file.writelines(line.split("\t", 1)[0] + "\n" for line in lines.splitlines())
    command = [sys.executable, str(ROOT / "predict.py"), f"--ckpt={_CKPT.value}"]
    command += [f"--input={words}", "--beam=1", "--lexicon=none"]

    def run(output: Path, *more: str) -> subprocess.Popen:
        log = (folder / "log").open("w")
        return subprocess.Popen([*command, f"--output={output}", *more], cwd=ROOT, stderr=log)

    def end(process: subprocess.Popen) -> int:
        """Its peak memory in KiB."""
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise RuntimeError((folder / "log").read_text())
        return usage.ru_maxrss

    started = time.perf_counter()
    peak = end(run(whole))
    seconds = time.perf_counter() - started
    killed = random.uniform(0.1, 0.9) * seconds
    process = run(parts)
    time.sleep(killed)
    process.kill()
    process.wait()
    end(run(parts, "--resume"))
    return {
        "words": count,
        "seconds": round(seconds, 1),
        "words per second": round(count / seconds),
        "peak MB of predict.py": round(peak / 1024),
        "killed after seconds": round(killed, 1),
        "identical": filecmp.cmp(whole, parts, shallow=False),
    }


def main(_: list[str]) -> None:
    if _PREPARE.value:
        print(json.dumps(prepare(_PREPARE.value)))
        return
    for count in map(int, _WORDS.value):
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(pronounce(count, Path(folder))), flush=True)
    for count in map(int, filter(None, _PAIRS.value)):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "lexicon.tsv")
            with path.open("w") as file:
                file.writelines(entries(count))
            subprocess.run([sys.executable, __file__, f"--prepare={path}"], check=True)
            if _TRAIN.value:
                print(json.dumps({"pairs": count} | train(path, Path(folder, "run"))), flush=True)


if __name__ == "__main__":
    app.run(main)
