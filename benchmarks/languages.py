"""One model of many languages, against a network for each, and as a start for small languages.

python benchmarks/languages.py alone --data=world/wikipron --ckpt=world --languages=deu,fra
python benchmarks/languages.py small --data=sigmorphon_2020 --ckpt=runs/others --languages=fre,gre
python benchmarks/languages.py guess --data=world
python benchmarks/languages.py samples --data=world --output=docs/samples.md

alone: trains a network of the same kind on each language alone. Both are scored on the dev file,
deu_dev.tsv, which neither has seen; the best epoch of the network alone is chosen on other words.

small: trains on 100, 500 and 2,000 words of a language, from the weights of the model and from
nothing (configs/sigmorphon.py, a single network). Only a model that has not learnt the language
shows what it gives to a new one.

guess: how many dev words are given their own language by --language=auto, for each language.

samples: ten dev words of each language, what the model answers, and what the dictionary has.

Output of the first two: lines of a TSV file, PER and WER of the dev words. Languages that it has
are not measured again.
"""

import dataclasses
import hashlib
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from absl import app, flags, logging

HERE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HERE))

_DATA = flags.DEFINE_string("data", None, "Folder of lexicons.", required=True)
_CKPT = flags.DEFINE_string("ckpt", "world", "The model of many languages.")
_LANGUAGES = flags.DEFINE_list("languages", [], "Which of them.")
_RUNS = flags.DEFINE_string("runs", "runs/languages", "Folder for what is trained.")
_OUTPUT = flags.DEFINE_string("output", "languages.tsv", "File for the scores.")

FEW = 10_000  # words: a language with fewer is trained for more epochs
SAMPLES = """# Samples of `world`

Ten words of each language that the model has not learnt, drawn by a hash, as
`python benchmarks/languages.py samples` writes them. Words and pronunciations are from Wiktionary,
CC BY-SA 4.0."""
SIZES = 100, 500, 2000
ALONE = "batch_size=128", "warmup_steps=300", "average=0.999"  # tens of thousands of words
ALONE_FEW = "batch_size=64", "warmup_steps=300", "average=0.998"
# Few words: many epochs, small batches, and weights that stay near those of the start.
CONTINUED = "batch_size=16", "warmup_steps=20", "average=0.98", "learning_rate=5e-4", "buckets=3"


def train(config: str, run: Path, *settings: str) -> None:
    """Trains in a process of its own; --config.data and --config.train as name=value."""
    flags = [f"--config.{setting}" for setting in settings]
    command = [sys.executable, "train.py", f"--config={config}", f"--workdir={run}", *flags]
    subprocess.run(command, cwd=HERE, check=True, stderr=subprocess.DEVNULL)


def rates(model: str, pairs, prefix: str = "") -> tuple[float, float]:
    """PER and WER of a model on words; prefix: their language, where the model is to be told."""
    from g2p_jax import load
    from g2p_jax.scoring import Score, score

    g2p = load(model, lexicon="none")
    total, tokens = Score(), g2p.symbols.target_tokens
    answers = g2p.pronounce(prefix + pair.word for pair in pairs)
    for pair, answer in zip(pairs, answers, strict=True):
        best = answer.pronunciations[0].phonemes
        total += score(tokens(best), map(tokens, pair.pronunciations))
    return total.per, total.wer


def alone(language: str, runs: Path) -> Iterator[tuple]:
    """Scores of the model and of a network that learns this language only."""
    from g2p_jax.config import Data
    from g2p_jax.data import splits

    folder, run = runs / "data" / language, runs / language
    folder.mkdir(parents=True, exist_ok=True)
    source = Path(_DATA.value) / f"{language}_train.tsv"
    shutil.copyfile(source, folder / source.name)
    few = source.read_bytes().count(b"\n") < FEW
    chosen = (*ALONE_FEW, "epochs=30") if few else (*ALONE, "epochs=10")
    settings = (f"train.{setting}" for setting in chosen)
    train(f"configs/world.py:folder={folder}", run, *settings)
    file = Path(_DATA.value) / f"{language}_dev.tsv"
    data = Data(source="language", target="ipa", unicode="NFD")
    dev = splits.read(str(file), data, language=language)
    yield "alone", language, *rates(str(run), dev)
    yield "one model", language, *rates(_CKPT.value, dev)


def small(language: str, runs: Path) -> Iterator[tuple]:
    """Scores after few words, from the model's weights and from nothing."""
    from g2p_jax.data.lexicon import read_lexicon

    source, dev_file = (Path(_DATA.value) / f"{language}_{split}.tsv" for split in ("train", "dev"))
    dev = list(read_lexicon(str(dev_file), "tsv", unicode="NFD"))
    lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
    for size in SIZES:
        folder = runs / "data" / f"{language}{size}"
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / source.name
        some = (lines[n * len(lines) // size] for n in range(size))  # from all over the file
        part.write_text("".join(some), encoding="utf-8")
        shutil.copyfile(dev_file, folder / dev_file.name)
        files = f"data.train={part}", f"data.dev={dev_file}"
        run = runs / f"{language}{size}-nothing"
        train("configs/sigmorphon.py", run, *files, "data.format=tsv", "ensemble=1")
        yield f"{size} from nothing", language, *rates(str(run), dev)
        run = runs / f"{language}{size}-continued"
        init = f"train.init={_CKPT.value}", f"data.dev={folder}", f"train.epochs={epochs(size)}"
        settings = (f"train.{setting}" for setting in CONTINUED)
        train(f"configs/world.py:folder={folder}", run, *init, *settings)
        yield f"{size} continued", language, *rates(str(run), dev, f"{language}:")


def dev_words(most: int) -> dict[str, list]:
    """The first dev words of each language, in the order of their hashes."""
    from g2p_jax import load
    from g2p_jax.data import splits

    data = dataclasses.replace(load(_CKPT.value).config.data, train=_DATA.value)
    dev = sorted(
        splits.load(data).dev, key=lambda pair: hashlib.sha256(pair.word.encode()).digest()
    )
    words = defaultdict(list)
    for pair in dev:
        words[pair.word.partition(":")[0]].append(pair)
    return {language: words[language][:most] for language in sorted(words)}


def guess() -> None:
    """Prints which share of each language's words is taken for words of it, and the mean."""
    from g2p_jax import load
    from g2p_jax.joint.per_language import guess_languages

    g2p, shares = load(_CKPT.value), []
    for language, pairs in dev_words(1000).items():
        found = guess_languages(
            [pair.word.partition(":")[2] for pair in pairs], g2p.symbols, g2p.joint
        )
        shares.append(found.count(language) / len(found))
        print(f"{language}\t{len(found)}\t{shares[-1]:.1%}\t{Counter(found).most_common(3)}")
    print(f"mean\t\t{sum(shares) / len(shares):.1%}")


def samples() -> None:
    """Writes a table for each language: words, answers, and what the dictionary has instead."""
    from g2p_jax import load

    g2p = load(_CKPT.value)
    lines = [SAMPLES]
    for language, pairs in dev_words(10).items():
        lines += [
            f"\n## {language}\n",
            "| word | `world` | the dictionary, where it differs |",
            "|---|---|---|",
        ]
        answers = g2p.pronounce(pair.word for pair in pairs)
        for pair, answer in zip(pairs, answers, strict=True):
            found = "".join(answer.pronunciations[0].phonemes)
            known = ["".join(phonemes) for phonemes in pair.pronunciations]
            other = "" if found in known else ", ".join(known)
            lines.append(f"| {pair.word.partition(':')[2]} | {found} | {other} |")
    Path(_OUTPUT.value).write_text("\n".join(lines) + "\n", encoding="utf-8")


def epochs(size: int) -> int:
    return 40 if size < 1000 else 20


def main(argv: list[str]) -> None:
    logging.set_verbosity("error")
    if argv[1:] in (["guess"], ["samples"]):
        return {"guess": guess, "samples": samples}[argv[1]]()
    measure = {"alone": alone, "small": small}.get(" ".join(argv[1:]))
    if not measure:
        raise app.UsageError("one of alone, small, guess and samples, before the flags")
    output, runs = Path(_OUTPUT.value), Path(_RUNS.value).resolve()
    done = output.read_text() if output.exists() else ""
    for language in _LANGUAGES.value:
        if f"\t{language}\t" in done:
            continue
        lines = [f"{a}\t{b}\t{per:.2%}\t{wer:.2%}" for a, b, per, wer in measure(language, runs)]
        with output.open("a") as file:
            print("\n".join(lines), file=file, flush=True)
        print("\n".join(lines))


if __name__ == "__main__":
    app.run(main)
