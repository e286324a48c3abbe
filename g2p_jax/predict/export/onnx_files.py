"""Writes a model as ONNX graphs, with what a program needs to use them."""

import json
from pathlib import Path
from typing import Any

import onnx

from g2p_jax import runtime
from g2p_jax.files import atomic_write
from g2p_jax.predict.export.graph import FLOAT, INT, Graph
from g2p_jax.predict.export.network import Ensemble, Network

EXAMPLES = Path(__file__).parent / "examples"


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
    for example in EXAMPLES.iterdir():
        if example.is_file():
            with atomic_write(folder / example.name, "wb") as file:
                file.write(example.read_bytes())


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
