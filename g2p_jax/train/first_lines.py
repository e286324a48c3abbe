"""What the log says of a run before its first step: its data, its size, its devices."""

from collections.abc import Iterator, Sequence

import jax

from g2p_jax.config import Config
from g2p_jax.data.symbols import SPECIALS
from g2p_jax.errors import counted
from g2p_jax.train.inputs import Inputs
from g2p_jax.train.step import State

FEW = 5000  # words, with which configs/sigmorphon.py makes fewer errors than the other configs


def first_lines(
    config: Config, inputs: Inputs, start: State, devices: Sequence[jax.Device]
) -> Iterator[str]:
    """Words, symbols, weights, steps, devices, cache; and a better config for few words."""
    symbols, train = inputs.symbols, inputs.train
    text, reads = config.data.format == "text", config.model.encoder_layers > 0
    counts = {name: len(pairs) for name, pairs in inputs.splits._asdict().items() if pairs}
    counts = {"train": len(train), "dev": len(inputs.dev)} if text else counts
    number = lambda vocabulary: f"{len(vocabulary) - len(SPECIALS):,}"
    known = f"{number(symbols.graphemes)} input and " if reads else ""
    yield (
        f"{'characters' if text else 'words'}: "
        + ", ".join(f"{count:,} {name}" for name, count in counts.items())
        + f"; {known}{number(symbols.phonemes)} output symbols"
    )
    weights = sum(leaf.size for leaf in jax.tree.leaves(start.params)) // config.ensemble
    networks = f"{config.ensemble} networks of " if config.ensemble > 1 else ""
    steps = f"{counted(config.train.epochs, 'epoch')} of {counted(train.steps_per_epoch, 'step')}"
    yield f"{networks}{weights:,} parameters; {steps}"
    if inputs.initial:
        old = inputs.initial.symbols
        new = (
            len(symbols.graphemes) - len(old.graphemes) + len(symbols.phonemes) - len(old.phonemes)
        )
        yield f"begins with the weights of {config.train.init}; {new} symbols are new"
    cache = jax.config.jax_compilation_cache_dir  # type: ignore[attr-defined]
    kind = devices[0].device_kind
    kind = "CPU" if kind.lower() == "cpu" else kind
    yield f"devices: {len(devices)} ({kind}); compiled programs are cached in {cache or 'memory'}"
    phonemes = config.data.source == "characters" and config.data.target == "words"
    whole = not config.data.limit and ":" not in config.data.train  # neither tiny nor generated
    single = reads and config.ensemble == 1 and not config.train.init
    if phonemes and whole and single and counts["train"] < FEW:
        words = counted(counts["train"], "word")
        yield f"for {words} --config=configs/sigmorphon.py makes fewer errors"
