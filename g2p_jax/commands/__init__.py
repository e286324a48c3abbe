"""The commands: `g2p-jax NAME`, which is `python -m g2p_jax NAME`; one module for each."""

import importlib
import os
import signal
import sys

import g2p_jax

COMMANDS = {
    "Pronounce words": {
        "predict": "pronounce words, lists and texts; write or complete a lexicon",
        "demo": "show a page in the browser that pronounces what you type",
        "serve": "answer requests over HTTP: a JSON API and the page",
    },
    "Train a model": {
        "train": "train a model on a lexicon; start it again to continue",
        "restress": "give a lexicon the stress that it lacks",
    },
    "Improve a trained model": {
        "join": "make an ensemble of several models, or add a joint n-gram model",
        "calibrate": "fit the temperature that makes probabilities true",
    },
    "Measure": {
        "evaluate": "score a model on a lexicon, and list its errors",
        "compare": "compare two sets of answers: what differs, and which is better",
        "gradients": "measure how far gradients reach back in time",
    },
    "Use a model elsewhere": {
        "export": "write a model as ONNX, StableHLO, or for NumPy alone",
    },
    "Use a language model": {
        "generate": "sample from a language model, or score with it",
    },
}


def main(name: str = "") -> None:
    """Runs the command of that name, or the one that the first argument names."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends the imports without a traceback
    # Threads of NumPy's products wait for each other longer than single words take.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from g2p_jax.commands import run

    run.open_streams()
    program, *arguments = sys.argv
    if not name:
        name, *arguments = arguments or ["--help"]
        program = f"g2p-jax {name}"
    names = [name for group in COMMANDS.values() for name in group]
    if name in ("--help", "-h", "help"):
        lines = ["usage: g2p-jax COMMAND ...; g2p-jax COMMAND --help explains one"]
        for group, commands in COMMANDS.items():
            lines += ["", group, *(f"  {name:10} {does}" for name, does in commands.items())]
        run.show("\n".join(lines))
    elif "--version" in (name, *arguments[:1]):
        run.show(g2p_jax.__version__)
    elif name in names:
        count = len(run.before_words(arguments))
        sys.argv = [program, *map(run.normal, arguments[:count]), *arguments[count:]]
        run.run(importlib.import_module(f"g2p_jax.commands.{name}").main)
    else:
        print("g2p-jax:", run.unknown("command", name, names, "g2p-jax --help"), file=sys.stderr)
        sys.exit(2)
