"""What the benchmarks measure is what they say; not how fast it is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from benchmarks import plan, steps
from benchmarks.processes import Process, memory
from configs import gru
from g2p_jax import config
from g2p_jax.data.batches import Batch
from g2p_jax.devices.cpu import cpu_cores
from g2p_jax.network import seq2seq as models

ROOT = Path(__file__).parents[1]


def run(*arguments, code=0):
    command = [sys.executable, *map(str, arguments)]
    cache = jax.config.jax_compilation_cache_dir
    own = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1", "JAX_COMPILATION_CACHE_DIR": cache}
    environment = os.environ | own
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == code, ended.stderr
    return ended.stdout or ended.stderr


def look():
    return len(jax.devices()), cpu_cores(), memory(), os.getpid()


def test_a_process_has_its_own_cores_devices_and_memory():
    with Process(cores=1, devices=3) as process:
        devices, seen, (now, peak), number = process.call(look)
        again = process.prepare(square, 3)
        assert again() == again() == (9, number)  # what was made stays in that process
    assert (devices, seen) == (3, 1) and number != os.getpid()
    assert 10 < now <= peak


def square(x):
    return lambda: (x * x, os.getpid())


def test_the_time_of_an_all_reduce_is_that_of_its_messages():
    """A ring, message by message: each chip sends a part to the next, 2 (n - 1) times."""
    size, n, link, hop = 24e6, 8, 5e9, 3e-6
    seconds = 0.0
    for _ in ("add up", "hand on"):
        for _ in range(n - 1):
            seconds += size / n / link + hop
    chip = plan.Chip(1.0, 1.0, link, hop, most=8, far_link=1e9, far_hop=1e-5)
    assert plan.all_reduce(size, n, chip) == pytest.approx(seconds)
    far = 2 * 3 * (size / n / 4 / 1e9 + 1e-5)  # four groups: each chip sums its eighth with three
    assert plan.all_reduce(size, 4 * n, chip) == pytest.approx(seconds + far)
    assert plan.all_reduce(size, 1, chip) == 0
    with pytest.raises(ValueError, match="ends at 8"):
        plan.all_reduce(size, 16, chip._replace(far_link=0.0))


def test_a_step_takes_as_long_as_the_slower_of_devices_and_host():
    chip = plan.Chip(flops=1e12, memory=1e11, link=1e10, hop=0.0, most=512)
    work = plan.Work(parameters=1_000_000, flops=1e8, loops=100)
    settings = {"utilisation": 0.5, "overhead": 2e-6, "input_speed": 1e5}
    step = plan.step_time(work, 50, 2, chip, **settings)
    assert step[:4] == pytest.approx((0.01, 2e-4, 3.2e-4, 4e-4))
    assert step.total == pytest.approx(0.01092) and step.input == pytest.approx(1e-3)
    settings["input_speed"] = 1e4
    assert plan.step_time(work, 50, 64, chip, **settings).total == pytest.approx(8 * 50 / 1e4)


def test_flops_are_those_that_xla_counts():
    """For one time step: XLA counts what is in a loop once, however often it runs.

    One step looks phonemes up in a table of products: as many of them as words, for a fair count.
    """
    settings = gru.get_config().model
    net = models.Seq2Seq(settings, 33, 4, np.dtype("float32"))
    token = np.ones((4, 1), np.int32)
    lowered = jax.jit(net.apply).lower({"params": steps.parameters_of(net)}, token, token)
    forward = lowered.cost_analysis()["flops"] / len(token)
    assert steps.flops_per_word(net, 1) / 3 == pytest.approx(forward, rel=0.05)


def test_batches_of_other_sizes_hold_the_same_words():
    batch = Batch(np.arange(6).reshape(3, 2), np.arange(9).reshape(3, 3), np.arange(3.0))
    twice = steps.resized(batch, 6)
    for x, y in zip(batch[:3], twice[:3], strict=True):
        np.testing.assert_array_equal(y, np.concatenate([x, x]))
    np.testing.assert_array_equal(steps.resized(batch, 2).target_BxT, batch.target_BxT[:2])
    assert steps.resized(batch, 3, members=4).source_BxS.shape == (4, 3, 2)


def test_a_measured_step_is_a_step_of_training():
    made = gru.get_config("tiny")
    made.data.limit, made.train.buckets, made.model.decoder_layers = 300, 1, 1
    symbols, examples = steps.load(config.validate(made))
    batches = steps.sample(steps.batches_of(examples, made.train), 3)
    net = steps.float32_network(made, symbols)
    step = steps.TrainStep(made, net, jax.local_devices()[:2])
    assert step.run(batches) > 0 and int(step.state.step) == 3
    assert step.parameters == sum(x.size for x in jax.tree.leaves(steps.parameters_of(net)))
    twice = [steps.resized(batch, 8, members=2) for batch in batches[:1]]
    apart = steps.TrainStep(made, net, jax.local_devices()[:2], members=2, apart=True)
    assert apart.run(twice) > 0 and apart.parameters == step.parameters
    one, other = (np.asarray(x) for x in apart.state.params["decoder"]["output"]["w"])
    assert np.abs(one - other).max() > 0  # a member on each device


def test_cost_goes_on_where_it_was_stopped_and_fits_exponents(tmp_path):
    grids = [f"--{name}=" for name in ("letters", "hidden", "symbols", "words")]
    command = ["benchmarks/cost.py", *grids, f"--output={tmp_path}", "--rounds=1"]
    run(*command, "--entries=300")
    run(*command, "--entries=300,60000")
    rows = [json.loads(line) for line in (tmp_path / "cost.jsonl").read_text().splitlines()]
    assert [row["x"] for row in rows] == [300, 60_000]
    assert rows[1]["peak_mb"] > rows[0]["peak_mb"] > 0
    for row in rows:  # another law: time ~ x^1.5
        row["milliseconds"] = row["x"] ** 1.5
    (tmp_path / "cost.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert "| entries | 300 | 60,000 | 1.50 | 1.50 |" in run(*command, "--draw")
    assert (tmp_path / "cost.png").stat().st_size > 10_000


def test_plan_needs_no_measurement_but_that_of_the_input(tmp_path):
    command = "benchmarks/scaling.py", "--plan", f"--output={tmp_path}"
    assert "give --input" in run(*command, code=1)
    text = run(*command, "--input=2e6", "--chips=8,512")
    assert text.count("| TPU v5p | 512 |") == 2 and "TPU v5e | 512" not in text
    assert "nothing measured yet" in run(command[0], "--draw", command[2], code=1)


def test_the_time_to_each_word_error_rate():
    command = ["benchmarks/time_to_accuracy.py", "--", "--config=configs/gru.py:tiny"]
    command += ["--config.data.limit=300", "--config.train.epochs=1", "--config.train.buckets=1"]
    command += ["--config.model.cell=elman", "--config.model.decoder_layers=1"]
    rows = [
        json.loads(line) for line in run(*command[:1], "--wer=0,100", *command[1:]).splitlines()
    ]
    assert [row["wer"] for row in rows] == [100, 0]
    assert rows[0]["epoch"] == 1 and rows[0]["seconds"] > 1 and rows[1]["seconds"] is None


def test_performance_compares_the_fastest_of_each_side(tmp_path):
    steps = [
        {"model": "default", "batch": 8, "system": system, "precision": precision}
        | {"words_per_second": speed, "flops_per_word": 2_000_000, "gflops": speed / 500}
        for system, precision, speed in (
            ("g2p_jax", "float32", 300),
            ("g2p_jax", "bfloat16", 600),
            ("pytorch-loop", "float32", 100),
            ("pytorch-layers", "float32", 200),
            ("pytorch-layers", "bfloat16", 400),
        )
    ]
    steps += [
        {"model": "matmul", "system": system, "precision": precision, "gflops": 4}
        for system in ("jax", "pytorch")
        for precision in ("float32", "bfloat16")
    ]
    answers = [
        {"system": "g2p_jax", "words_per_second": 3000.0, "p50_ms": 2.5},
        {"system": "rival", "skipped": "not installed"},
    ]
    for name, rows in (("train_step", steps), ("predict", answers)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    text = run("benchmarks/performance.py", f"--folder={tmp_path}")
    wanted = "| default | 8 | 2 | 300 | 200 (layers) | 600 | 400 (layers) | 1.50 | 1.50 | 30% |"
    assert wanted in text and "| g2p_jax | 3,000 | 2.5 |" in text
    assert "| rival | not measured: not installed |" in text
    assert (tmp_path / "performance.png").stat().st_size > 10_000
    nothing = run("benchmarks/performance.py", f"--folder={tmp_path / 'none'}", code=1)
    assert "train_step.jsonl: not there" in nothing


@pytest.mark.parametrize("mode", [[], ["wrong"]])
def test_languages_names_its_modes(mode):
    shown = run("benchmarks/languages.py", *mode, "--data=none", code=1)
    assert "one of alone, small, guess and samples" in shown
