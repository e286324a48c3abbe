"""Writes a model as ONNX graphs, with what a program needs to use them."""

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx

from g2p_jax import runtime
from g2p_jax.data.symbols import PAD, UNK
from g2p_jax.files import atomic_write
from g2p_jax.predict.export.graph import FLOAT, INT, Graph
from g2p_jax.predict.export.network import Ensemble, Network

EXAMPLES = Path(__file__).parent / "examples"
CHARACTERS = range(0x20000)  # what is beyond is ideographs, which nothing stands for


def write(model: Path, folder: Path, precision: str) -> None:
    """Writes encoder.onnx, step.onnx, greedy.onnx, their symbols, and programs that use them.

    precision: "float32", "float16", or "int8"; see `Graph`.
    """
    config, symbols, arrays = runtime.read(model)
    about = {"config": json.dumps(config), "symbols": json.dumps(symbols, ensure_ascii=False)}
    ensemble = _ensemble(config, arrays)
    graphs = {"encoder": Graph(precision), "step": Graph(precision), "greedy": Graph(precision)}
    _encoder_and_step(graphs["encoder"], graphs["step"], ensemble)
    phonemes, log_prob = ensemble.greedy(graphs["greedy"])
    graphs["greedy"].output("phonemes", phonemes, INT, ("rows", "steps"))
    graphs["greedy"].output("log_prob", log_prob, FLOAT, ("rows",))
    for name, graph in graphs.items():
        whole = graph.model(name, about)
        onnx.checker.check_model(whole)
        with atomic_write(folder / f"{name}.onnx", "wb") as file:
            file.write(whole.SerializeToString())
    with atomic_write(folder / "README.md") as file:
        file.write((EXAMPLES / "README.md").read_text("utf-8"))
    if symbols["source"] == "words":  # which the programs do not read
        return
    with atomic_write(folder / "spelling.txt") as file:
        file.writelines(spelling_lines(runtime.G2P(model)))
    for example in EXAMPLES.glob("pronounce.*"):
        with atomic_write(folder / example.name, "wb") as file:
            file.write(example.read_bytes())


def spelling_lines(g2p: runtime.G2P) -> Iterator[str]:
    """Yields the lines of spelling.txt: what the programs do with each character of a word.

    The first line is the number of letters that the model reads at once. The others are a language
    ("-" in a model of one), a code point, and the numbers of the letters that it stands for: none
    where it is left out, as an accent is; PAD for what parts words; UNK after those of a letter
    that is read without its accent, where others have one. The last lines are names of languages,
    and those that they have above.
    """
    yield f"{g2p.longest - ('' not in g2p.spellings)}\n"
    near = {char: _base(char) for char in map(chr, CHARACTERS) if _changes(char)}
    for language, spelling in g2p.spellings.items():
        name, known = language or "-", {letter for letter in spelling.known if len(letter) == 1}
        base = set().union(*map(_base, known))
        for char in sorted(known.union(x for x, some in near.items() if not some or some & base)):
            letters, unknown = spelling.letters_of(char)
            numbers = [g2p.ids[letter] for letter in letters] + [UNK] * len(unknown)
            if not numbers and char in known:  # a space: at the end of a word it is left out
                numbers = [g2p.ids[char]]
            elif spelling.has_letters and not letters and runtime.SEPARATOR.fullmatch(char):
                numbers = [PAD]
            if numbers != [UNK]:
                yield " ".join(map(str, (name, ord(char), *numbers))) + "\n"
    for name in dict.fromkeys((*g2p.spellings, *runtime.LANGUAGES)):
        if language := runtime.find_language(name, g2p.spellings):
            yield f"{name} {language}\n"


def _changes(char: str) -> bool:
    """Returns whether another letter may stand for a character, or it parts words."""
    texts = runtime.base(char), char.lower(), char.upper(), *_group(char)
    return any(text != char for text in texts) or bool(runtime.SEPARATOR.match(char))


def _group(char: str) -> str:
    """Returns the letters that stand for one another, of which this is one; "" if there is none."""
    plain = unicodedata.normalize("NFKC", char).lower()
    return next((group for group in runtime.ALIKE if plain in group), "")


def _base(char: str) -> set[str]:
    """Returns its base letters in both cases: letters without one in common are never alike.

    None of what is left out, or parts words.
    """
    if runtime.SEPARATOR.match(char) or not runtime.base(char):
        return set()
    base = runtime.base("".join([char, char.lower(), char.upper(), *_group(char)]))
    return {*base.lower(), *base.upper()}


def _encoder_and_step(encoder: Graph, step: Graph, ensemble: Ensemble) -> None:
    """The outputs of the encoder are the inputs of a step, but for its last phoneme."""
    memory, states = ensemble.encode(encoder)
    for value in (*memory, *states):
        encoder.output(value.name, value.value, value.dtype, value.axes)
        step.input(value.name, value.dtype, value.axes)
    token_R = step.input("phoneme", INT, ("rows",))
    read = {value.name: value.name for value in memory}
    log_probs, after = ensemble.step(step, read, [value.name for value in states], token_R)
    step.output("log_probs", log_probs, FLOAT, ("rows", ensemble.symbols))
    for value, new in zip(states, after, strict=True):
        axes = tuple("likely_next" if axis == "likely" else axis for axis in value.axes)
        step.output(f"{value.name}_next", new, value.dtype, axes)


def _ensemble(config: dict[str, Any], arrays: dict[str, Any]) -> Ensemble:
    count = config["ensemble"]
    networks = {name: arrays[name] for name in ("encoder", "decoder")}
    members = [
        Network(config["model"], runtime.member(networks, n), f"_member_{n}" if count > 1 else "")
        for n in (range(count) if count > 1 else [...])
    ]
    labels = 0.5 if config["train"]["teacher"] else 1.0
    # Where there is a joint n-gram model, the temperature is that of both together.
    temperature = 1.0 if "joint" in arrays else config["temperature"]
    return Ensemble(members, labels * config["train"]["label_smoothing"], temperature)
