"""What one runs: `g2p-jax NAME`, which is `python -m g2p_jax NAME`; one module for each command."""

import difflib
import importlib
import sys

import g2p_jax
from g2p_jax.commands import shared

COMMANDS = {
    "train": "train a model on a lexicon",
    "predict": "pronounce words",
    "evaluate": "score a model on a lexicon",
    "compare": "compare two sets of answers",
    "calibrate": "make a model's probabilities true",
    "join": "make an ensemble of models, or add a joint n-gram model",
    "generate": "sample from a language model, or score with it",
    "restress": "give a lexicon the stress that it lacks",
    "gradients": "measure how far gradients reach back in time",
}


def main() -> None:
    """Runs the command that the first argument names."""
    program, *arguments = sys.argv
    program = "g2p-jax"
    name = arguments[0] if arguments else "--help"
    if name in ("--help", "-h", "help"):
        print(f"usage: {program} COMMAND [--help] ...\n")
        for command, purpose in COMMANDS.items():
            print(f"  {command:10} {purpose}")
    elif name == "--version":
        print(g2p_jax.__version__)
    elif name in COMMANDS:
        sys.argv = [f"{program} {name}", *arguments[1:]]
        module = importlib.import_module(f"g2p_jax.commands.{name}")
        shared.run(module.main)
    else:
        near = difflib.get_close_matches(name, COMMANDS, n=3) or COMMANDS
        print(f"{program}: no command {name!r}; there is {', '.join(near)}", file=sys.stderr)
        sys.exit(2)
