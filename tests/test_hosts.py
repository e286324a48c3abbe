"""Several processes as one job: real processes on this machine, real signals, real kills."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest

from g2p_jax.data.batches import Batches, Examples
from g2p_jax.data.chunks import Chunks
from g2p_jax.data.pairs import Pair
from g2p_jax.data.symbols import Symbols
from g2p_jax.devices import hosts
from tests.forked import Forked
from tests.runs import latest_state

ROOT = Path(__file__).parents[1]
EPOCHS = 6
TINY = (
    "model.cell=elman model.encoder_layers=1 model.decoder_layers=1 model.embedding=4 "
    "model.hidden=8 model.readout=4 model.encoder_dropout=0.3 model.decoder_dropout=0.3 "
    f"train.epochs={EPOCHS} train.batch_size=16 train.buckets=1 train.watch=() "
    "train.checkpoint_every=1 train.log_every=5 train.dtype=float32 data.dev_share=0.2 "
    "data.test_share=0.0"
)
LONG = 600  # seconds: on a busy machine all takes its time


SERVERS: dict[int, Forked] = {}  # by the number of devices that their processes have


def server(devices: int) -> Forked:
    own = {
        "JAX_NUM_CPU_DEVICES": str(devices),
        "JAX_PLATFORMS": "cpu",
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        "JAX_COMPILATION_CACHE_DIR": jax.config.jax_compilation_cache_dir,
    }
    if devices not in SERVERS:
        SERVERS[devices] = Forked(os.environ | own)
    return SERVERS[devices]


@pytest.fixture(scope="module", autouse=True)
def _servers_end():
    yield
    while SERVERS:
        SERVERS.popitem()[1].close()


class Job:
    """A command in so many processes, each with so many devices; none outlives the block.

    Without a command of its own: training with these settings, by SGD unless `train` is given.
    """

    def __init__(
        self,
        folder: Path,
        processes: int,
        devices: int,
        *settings: str,
        train=("-m", "tests.train_with_sgd"),
        config="gru",
        command=(),
    ):
        with socket.socket() as free:
            free.bind(("localhost", 0))
            address = f"localhost:{free.getsockname()[1]}"
        train = [*train, f"--config=configs/{config}.py:tiny", f"--workdir={folder}"]
        train += [f"--config.{setting}" for setting in settings]
        command = [*(command or train), *["--distributed"] * (processes > 1)]
        self.logs = [folder.with_name(f"{folder.name}.{n}.log") for n in range(processes)]
        self.processes = []
        for number, log in enumerate(self.logs):
            job = {
                "JAX_COORDINATOR_ADDRESS": address,
                "JAX_NUM_PROCESSES": str(processes),
                "JAX_PROCESS_ID": str(number),
            }
            log.write_text("")
            streams = os.devnull, os.devnull, log
            self.processes.append(server(devices).start(command, ROOT, streams, job))

    def __enter__(self) -> "Job":
        return self

    def __exit__(self, *_) -> None:
        for process in self.processes:
            process.kill()
            process.wait()

    def until(self, text: str) -> "Job":
        """Waits until process 0 has written it."""
        deadline = time.monotonic() + LONG
        while text not in self.said(0):
            assert self.processes[0].poll() is None and time.monotonic() < deadline, self.said(0)
            time.sleep(0.05)
        return self

    def said(self, number: int) -> str:
        return self.logs[number].read_text()

    def ends(self, status: int, seconds: float = LONG) -> "Job":
        """Waits until all processes have ended, those that were not killed with this status."""
        deadline = time.monotonic() + seconds
        for number, process in enumerate(self.processes):
            found = process.wait(max(deadline - time.monotonic(), 0))
            assert found in (status, -signal.SIGKILL), self.said(number)
        return self


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> list[str]:
    random = np.random.default_rng(0)
    words = {"".join(random.choice(list("abcde"), random.integers(2, 8))) for _ in range(120)}
    lexicon = tmp_path_factory.mktemp("data") / "lexicon.txt"
    lexicon.write_text("".join(f"{w} {'_'.join(w.upper())}\n" for w in sorted(words)))
    return [*TINY.split(), f"data.train={lexicon}"]


@pytest.fixture(scope="module")
def one(tiny, tmp_path_factory) -> Path:
    """What one process with one device does, undisturbed."""
    folder = tmp_path_factory.mktemp("runs") / "one"
    with Job(folder, 1, 1, *tiny) as job:
        job.ends(0)
    return folder


def parameters(folder: Path) -> dict[str, np.ndarray]:
    assert reports(folder)[-1]["epoch"] == EPOCHS
    return {name: x for name, x in latest_state(folder).items() if name.startswith("['params']")}


def reports(folder: Path) -> list[dict]:
    return [json.loads(x) for x in (folder / "metrics.jsonl").read_text().splitlines()]


def losses(folder: Path) -> list[float]:
    return [report["dev_loss"] for report in reports(folder) if "epoch" in report]


def assert_close(a: Path, b: Path) -> None:
    """SGD: small differences stay small."""
    same = lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-5)
    jax.tree.map(same, parameters(a), parameters(b))
    same(losses(a), losses(b))


def test_rows_are_shared_out(monkeypatch):
    pairs = [Pair(w, (tuple(w),)) for w in ("ab", "ba", "aab", "b", "bb", "a")]
    examples = Examples.from_pairs(pairs, Symbols.from_pairs(pairs))
    whole = next(Batches(examples, [4], 8).epoch(0))
    ids = np.arange(4, 40, dtype=np.int32)
    text = next(Chunks(ids, 3, 8).epoch(0))
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    for number in range(2):
        monkeypatch.setattr(jax, "process_index", lambda number=number: number)
        rows = hosts.rows(8)
        part = next(Batches(examples, [4], 8, rows=rows).epoch(0))
        for mine, all in zip(part[:3], whole[:3], strict=True):
            np.testing.assert_array_equal(mine, all[4 * number : 4 * number + 4])
        part = next(Chunks(ids, 3, 8, rows).epoch(0))
        np.testing.assert_array_equal(part.target_BxT, text.target_BxT[rows])
        assert Chunks(ids, 3, 8, rows).fingerprint == Chunks(ids, 3, 8).fingerprint


def test_a_lost_process_ends_the_others_and_any_number_continues(one, tiny, tmp_path):
    """Four processes, two, one: together they do what one alone does."""
    folder, lost = tmp_path / "run", "train.py: another process of this job was lost; start"
    with Job(folder, 4, 1, *tiny) as job:
        job.until("epoch 2/6 in").processes[2].kill()
        job.ends(1, 60)
        assert [job.said(n).count(lost) for n in range(4)] == [1, 1, 0, 1]
        assert [len(job.said(n).splitlines()) for n in (1, 3)] == [1, 1]
    with Job(folder, 2, 2, *tiny) as job:
        job.until("continuing").until("epoch 4/6 in").processes[0].kill()
        job.ends(1, 60)
        assert lost in job.said(1).splitlines()[-1]
    with Job(folder, 1, 1, *tiny) as job:
        assert "continuing" in job.ends(0).said(0)
    assert_close(one, folder)


def test_a_stop_signal_to_one_or_all_stops_all_at_the_same_step(one, tiny, tmp_path):
    """And the same command continues bit for bit. Two processes do what one does."""
    folder, two = tmp_path / "run", tmp_path / "two"
    with Job(two, 2, 2, *tiny) as job:
        assert not job.ends(0).said(1)
    assert_close(one, two)
    with Job(folder, 2, 2, *tiny) as job:
        job.until("epoch 2/6 in").processes[1].send_signal(signal.SIGTERM)
        assert "the same command continues" in job.ends(143, 30).said(0)
    with Job(folder, 2, 2, *tiny) as job:
        job.until("epoch 4/6 in")
        for process in job.processes:
            process.send_signal(signal.SIGINT)
        job.ends(130, 60)
    with Job(folder, 2, 2, *tiny) as job:
        assert "continuing" in job.ends(0).said(0)
    jax.tree.map(np.testing.assert_array_equal, parameters(two), parameters(folder))
    assert losses(two) == losses(folder)


def test_a_text_goes_on_in_the_rows_of_all_processes(tmp_path):
    """With RMSprop, where small differences grow."""
    (tmp_path / "rhyme.txt").write_text("one two three four five\n" * 400)
    settings = f"data.train={tmp_path}/rhyme.txt data.chunk=10 train.batch_size=16 train.epochs=2"
    settings += " model.hidden=8 model.embedding=4 train.optimizer=rmsprop train.dtype=float32"
    text = {"train": ["train.py"], "config": "char_rnn"}
    for name, processes in (("whole", 1), ("run", 2)):
        with Job(tmp_path / name, processes, 2, *settings.split(), **text) as job:
            if name == "run":
                job.until("step 10").processes[1].send_signal(signal.SIGTERM)
            job.ends(143 if name == "run" else 0)
    with Job(tmp_path / "run", 1, 1, *settings.split(), **text) as job:
        assert "continuing" in job.ends(0).said(0)
    np.testing.assert_allclose(losses(tmp_path / "whole"), losses(tmp_path / "run"), rtol=1e-3)


def test_what_is_wrong_is_said_in_one_line(tiny, tmp_path):
    with Job(tmp_path / "run", 2, 2, *tiny, "train.batch_size=18") as job:
        job.ends(1)
        for number in range(2):
            message = job.said(number).splitlines()[-1]
            assert "config.train.batch_size is 18: must be a multiple of the 4 devices" in message
    lone = [sys.executable, "train.py", "--distributed"]
    done = subprocess.run(lone, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "no job to join" in done.stderr
    assert "JAX_COORDINATOR_ADDRESS=HOST0:PORT" in done.stderr.splitlines()[-1]


def test_several_processes_answer_one_list_in_order(one, tmp_path):
    """The same bytes as one process writes; killed, one goes on where two have been."""
    random, words = np.random.default_rng(3), tmp_path / "words.txt"
    lines = ("".join(random.choice(list("abcdexä"), n)) for n in random.integers(0, 9, 50_000))
    words.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def predict(name: str, processes: int, *flags: str) -> Job:
        output = f"--output={tmp_path / name}", f"--report={tmp_path / 'report'}-{name}"
        command = ["predict.py", f"--ckpt={one}", f"--input={words}", *output, *flags]
        return Job(tmp_path / name, processes, 1, command=command)

    with predict("alone.tsv", 1) as alone, predict("both.tsv", 2) as both:
        alone.ends(0)
        both.ends(0)
    warned = [re.findall("of 50,000 words .* at all", job.said(0)) for job in (alone, both)]
    assert warned[0] == warned[1] and len(warned[0]) == 1
    reports = [(tmp_path / f"report-{name}").read_text() for name in ("alone.tsv", "both.tsv")]
    assert reports[0] == reports[1] and "\tsilent\t" in reports[0]
    expected = (tmp_path / "alone.tsv").read_bytes()
    assert expected.count(b"\n") == 50_000 and (tmp_path / "both.tsv").read_bytes() == expected

    with predict("killed.tsv", 2) as job:
        notes = tmp_path / "killed.tsv.part.json"
        while not notes.exists() or '"done": null' in notes.read_text():
            assert job.processes[0].poll() is None, job.said(0)
            time.sleep(0.02)
    with predict("killed.tsv", 1, "--resume") as again:
        again.ends(0)
    assert "continuing" in again.said(0)
    assert (tmp_path / "killed.tsv").read_bytes() == expected
    assert (tmp_path / "report-killed.tsv").read_text() == reports[0]
