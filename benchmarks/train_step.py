"""Words per second of a whole training step, ours against PyTorch's, on one machine.

    pip install -r benchmarks/requirements.txt
    python benchmarks/train_step.py                         # minutes
    python benchmarks/train_step.py --models=attention --batches=64 --systems=g2p_jax,pytorch-loop
    python benchmarks/train_step.py --platform=gpu          # both on the first GPU

A step is forward, backward, clipping and RMSprop's update, with teacher forcing and no dropout. All
systems get the same batches of random words. They take turns, round after round, so that what else
the machine does meets all of them; the result is the median over the rounds.

Models:
  attention: the lecture's (configs/attention.py), additive attention with input feeding.
  default: that of configs/gru.py, dot attention outside the loops.
  seq2seq: stacked LSTMs without attention (configs/seq2seq.py); phoneme_lm: the decoder alone.

Systems, each with float32 and bfloat16 matmuls (PyTorch: autocast):
  g2p_jax: as train.py runs it, on a device for each core, with 32 rows of the batch at least.
  pytorch-loop: the decoder's loop as a notebook writes it.
  pytorch-loop-hoisted: the same with every product that can be taken out of the loop.
  pytorch-layers: for the other models, which need no loop: nn.GRU or nn.LSTM.
  pytorch-compile: torch.compile of the last of these. It leaves nn.GRU and packing as they are, so
    in the default model little is left to compile.

Output: a JSON line for each model, system, precision and batch size; `gflops` counts the matmuls of
the padded batch, as if no system left any out. Then the matmul limit, a product of two square
matrices (1024 on a CPU, 8192 on a GPU); then our speed over that of the fastest PyTorch system.
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
import jax.numpy as jnp
import numpy as np
import torch
from absl import app, flags, logging

sys.path.insert(0, str(Path(__file__).parents[1]))  # a script of a folder that is not installed

from benchmarks import torch_models
from benchmarks.steps import flops_per_word
from configs import attention, gru, phoneme_lm, seq2seq
from g2p_jax import config
from g2p_jax.commands import shared as cli
from g2p_jax.data.batches import Batch
from g2p_jax.data.symbols import EOS, PAD, SPECIALS
from g2p_jax.devices.cpu import devices_for, use_cpu_cores
from g2p_jax.network import seq2seq as models
from g2p_jax.network.language_model import DecoderOnly, Network
from g2p_jax.train import losses
from g2p_jax.train.optimizer import make_optimizer
from g2p_jax.train.placement import Placement
from g2p_jax.train.step import init_state, make_train_step

_MODELS = flags.DEFINE_list(
    "models", ["attention", "default", "seq2seq", "phoneme_lm"], "What to train."
)
_BATCHES = flags.DEFINE_list("batches", ["256"], "Batch sizes.")
_SYSTEMS = flags.DEFINE_list("systems", [], "Only these; default: all.")
_ROUNDS = flags.DEFINE_integer("rounds", 5, "Times that each system is measured.", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 4, "Steps of each measurement.", lower_bound=1)
_PLATFORM = flags.DEFINE_enum("platform", "cpu", ["cpu", "gpu"], "Where.")
_LENGTH = flags.DEFINE_integer("length", 10, "Letters and phonemes of a batch.", lower_bound=4)

GRAPHEMES, PHONEMES = 32, 43
PRECISIONS = ("float32", "bfloat16")
TRAIN = config.Train(
    optimizer="rmsprop",
    learning_rate=1e-3,
    schedule="constant",
    warmup_steps=0,
    clip=1.0,
    label_smoothing=0.0,
)
NO_DROPOUT = {"encoder_dropout": 0.0, "decoder_dropout": 0.0, "embedding_dropout": 0.0}
SETTINGS = {
    "attention": dataclasses.replace(attention.get_config().model, **NO_DROPOUT),
    "default": dataclasses.replace(gru.get_config().model, **NO_DROPOUT),
    "seq2seq": dataclasses.replace(seq2seq.get_config().model, **NO_DROPOUT),
    "phoneme_lm": dataclasses.replace(phoneme_lm.get_config().model, **NO_DROPOUT),
}
TORCH = {
    "attention": {
        "pytorch-loop": torch_models.Attention,
        "pytorch-loop-hoisted": torch_models.HoistedAttention,
        "pytorch-compile": torch_models.HoistedAttention,
    },
    "default": {
        "pytorch-layers": torch_models.Luong,
        "pytorch-compile": torch_models.Luong,
    },
    "seq2seq": {"pytorch-layers": torch_models.EncoderDecoder},
    "phoneme_lm": {"pytorch-layers": torch_models.LanguageModel},
}

Run = Callable[[int], None]  # so many steps, to their very end


@dataclasses.dataclass
class Entry:
    """One system to measure; `row` is what its line says, apart from the result."""

    row: dict[str, Any]
    run: Run
    flops: float  # of a step
    words: int = 0  # of a step
    seconds: list[float] = dataclasses.field(default_factory=list)  # of a step, for each round

    def measure(self, steps: int) -> None:
        start = time.perf_counter()
        self.run(steps)
        self.seconds.append((time.perf_counter() - start) / steps)

    def result(self) -> dict[str, Any]:
        seconds = statistics.median(self.seconds)
        gflops = {"gflops": round(self.flops / seconds / 1e9, 1)}
        if not self.words:
            return self.row | gflops
        words = {
            "words_per_second": round(self.words / seconds, 1),
            "flops_per_word": round(self.flops / self.words),
        }
        return self.row | words | gflops


def random_batch(random: np.random.Generator, size: int, length: int) -> Batch:
    """Words of 4 letters or more, with 85 phonemes for 100 letters, as in CMUdict."""
    letters = random.integers(4, length + 1, (size, 1))
    phonemes = np.round(0.85 * letters).astype(int)
    column, first = np.arange(length), len(SPECIALS)
    source = random.integers(first, GRAPHEMES, (size, length))
    target = random.integers(first, PHONEMES, (size, length))
    target = np.where(column == phonemes, EOS, target)
    return Batch(
        np.where(column < letters, source, PAD).astype(np.int32),
        np.where(column <= phonemes, target, PAD).astype(np.int32),
        np.ones(size, np.float32),
    )


def network(settings: config.Model, precision: str) -> Network:
    if settings.encoder_layers == 0:
        return DecoderOnly(settings, PHONEMES, jnp.dtype(precision))
    return models.Seq2Seq(settings, GRAPHEMES, PHONEMES, jnp.dtype(precision))


def ours(settings: config.Model, precision: str, batches: list[Batch]) -> Run:
    net, optimizer = network(settings, precision), make_optimizer(TRAIN, steps=1)
    count = devices_for(len(batches[0].weight_B), jax.local_device_count())
    placement = Placement(jax.local_devices()[:count])
    step = placement.compile(make_train_step(net, optimizer, TRAIN))
    state = placement.put(init_state(net, optimizer, TRAIN.seed))
    queue = itertools.cycle([placement.shard(batch) for batch in batches])

    def run(steps: int) -> None:
        nonlocal state
        for batch in itertools.islice(queue, steps):
            state, _ = step(state, batch)
        jax.block_until_ready(state)

    return run


def theirs(net: torch_models.Net, precision: str, batches: list[Batch], compiled: bool) -> Run:
    loss = torch.compile(net.loss) if compiled else net.loss
    optimizer = torch.optim.RMSprop(net.parameters(), lr=TRAIN.learning_rate)
    autocast = torch.autocast(torch_device(), torch.bfloat16, enabled=precision == "bfloat16")
    queue = itertools.cycle([torch_batch(batch) for batch in batches])

    def run(steps: int) -> None:
        for batch in itertools.islice(queue, steps):
            optimizer.zero_grad()
            with autocast:
                value = loss(*batch)
            value.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), TRAIN.clip)
            optimizer.step()
        wait()

    return run


def torch_device() -> str:
    return "cuda" if _PLATFORM.value == "gpu" else "cpu"


def wait() -> None:
    """Until PyTorch's device has done what it was asked."""
    if _PLATFORM.value == "gpu":
        torch.cuda.synchronize()


def torch_batch(batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    source, target = (torch.from_numpy(x).long() for x in batch[:2])
    lengths = (source != PAD).sum(1)  # nn.utils.rnn packs by lengths on the CPU
    return source.to(torch_device()), lengths, target.to(torch_device())


def check(name: str) -> None:
    """Raises ValueError unless the same weights have the same loss in both frameworks."""
    settings, batch = SETTINGS[name], random_batch(np.random.default_rng(0), 8, 6)
    net = network(settings, "float32")
    for twin in dict.fromkeys(TORCH[name].values()):
        model = twin(settings, GRAPHEMES, PHONEMES)
        params = model.to_jax()
        with jax.default_matmul_precision("highest"):  # a GPU would round to TF32
            logits = net.apply({"params": params}, batch.source_BxS, batch.target_BxT)
        model.to(torch_device())
        total, count = losses.cross_entropy(logits, batch.target_BxT, batch.weight_BxT)
        loss = model.loss(*torch_batch(batch)).item()
        if abs(total / count - loss) > 1e-5:
            raise ValueError(f"{name}: our loss is {total / count}, {twin.__name__}'s is {loss}")


def systems(name: str, size: int) -> Iterator[Entry]:
    """Everything that trains this model with this batch size."""
    settings, random = SETTINGS[name], np.random.default_rng(0)
    batches = [random_batch(random, size, _LENGTH.value) for _ in range(4)]
    flops = size * flops_per_word(network(settings, "float32"), _LENGTH.value)
    for system, precision in itertools.product(["g2p_jax", *TORCH[name]], PRECISIONS):
        if _SYSTEMS.value and system not in _SYSTEMS.value:
            continue
        if system == "g2p_jax":
            run = ours(settings, precision, batches)
        else:
            net = TORCH[name][system](settings, GRAPHEMES, PHONEMES).to(torch_device())
            run = theirs(net, precision, batches, compiled=system == "pytorch-compile")
        row = {"model": name, "system": system, "precision": precision, "batch": size}
        yield Entry(row, run, flops, size)


def matmuls() -> Iterator[Entry]:
    """The speed limit: eight products of two square matrices."""
    side = 8192 if _PLATFORM.value == "gpu" else 1024
    for system, precision in itertools.product(("jax", "pytorch"), PRECISIONS):
        x = np.random.default_rng(0).standard_normal((side, side), np.float32)
        if system == "jax":
            x = jnp.asarray(x, precision)
            product = jax.jit(lambda x: jnp.dot(x, x, preferred_element_type=jnp.float32))
        else:
            x = torch.from_numpy(x).to(torch_device(), getattr(torch, precision))
            product = lambda x: x @ x

        def run(steps: int, x: Any = x, product: Callable = product) -> None:
            jax.block_until_ready([product(x) for _ in range(8 * steps)])
            wait()

        row = {"model": "matmul", "system": system, "precision": precision}
        yield Entry(row, run, flops=8 * 2 * side**3)


def works(entry: Entry) -> bool:
    """Compiles and warms up; prints a line that gives the reason if torch.compile cannot."""
    logging.info("warming up: %s", entry.row)
    try:
        entry.run(4)
    except Exception as error:
        if entry.row["system"] != "pytorch-compile":
            raise
        print(json.dumps(entry.row | {"skipped": str(error).strip().splitlines()[0]}), flush=True)
        return False
    return True


def ratios(results: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Our speed in each precision over that of the fastest PyTorch system."""
    for mine in results:
        key = {name: mine[name] for name in ("model", "batch")}
        rivals = [r for r in results if key.items() <= r.items() and r["system"] != "g2p_jax"]
        if mine["system"] != "g2p_jax" or all(r["precision"] != "float32" for r in rivals):
            continue
        speed = lambda row: row["words_per_second"]
        best = max(map(speed, rivals))
        best_float32 = max(speed(r) for r in rivals if r["precision"] == "float32")
        yield key | {
            "system": "ours / best pytorch",
            "precision": mine["precision"],
            "over_float32": round(speed(mine) / best_float32, 2),
            "over_any": round(speed(mine) / best, 2),
        }


def main(arguments: list[str]) -> None:
    if len(arguments) > 1:
        raise app.UsageError(f"flags only, found {arguments[1]!r}")
    known = {"g2p_jax"}.union(*TORCH.values())
    for flag, choices in ((_MODELS, set(SETTINGS)), (_SYSTEMS, known)):
        if unknown := set(flag.value) - choices:
            raise app.UsageError(f"--{flag.name}: {unknown} not among {sorted(choices)}")
    jax.config.update("jax_platforms", "cuda" if _PLATFORM.value == "gpu" else "cpu")
    use_cpu_cores(max(map(int, _BATCHES.value)))
    torch.manual_seed(0)
    for name in _MODELS.value:
        check(name)
    pairs = itertools.product(_MODELS.value, map(int, _BATCHES.value))
    entries = [entry for name, size in pairs for entry in systems(name, size)]
    entries = [entry for entry in [*entries, *matmuls()] if works(entry)]
    for number in range(_ROUNDS.value):
        logging.info("round %d of %d", number + 1, _ROUNDS.value)
        for entry in entries:
            entry.measure(_STEPS.value)
    results = [entry.result() for entry in entries]
    for row in itertools.chain(results, ratios([row for row in results if "batch" in row])):
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    cli.use_huge_pages()  # for PyTorch, too
    app.run(main)
