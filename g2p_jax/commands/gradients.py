"""Measures how far gradients reach back in time, for several recurrent cells.

  g2p-jax gradients
  g2p-jax gradients --cells=elman,lstm --steps=150 --letters=12
  g2p-jax gradients --config=seq2seq --config.data.limit=20000 --output=docs

For every cell, before and after some training, with and without clipping, it measures how far
gradients reach back in a word. Writes gradients.tsv and gradients.png into --output;
g2p_jax/train/gradients.py says what they show.
"""

from pathlib import Path

from absl import flags

from g2p_jax.commands import config_files, shared
from g2p_jax.config import CELLS
from g2p_jax.errors import UsageError
from g2p_jax.files import atomic_write, make_folder

_CONFIG = config_files.define_config("seq2seq")
_CELLS = flags.DEFINE_list("cells", ["elman", "gru", "lstm"], "Cells to compare.")
_STEPS = flags.DEFINE_integer("steps", 500, "Steps of training.", lower_bound=1)
_LETTERS = flags.DEFINE_integer("letters", 14, "Length of the words to measure.", lower_bound=2)
_WORDS = flags.DEFINE_integer("words", 8, "Number of the words to measure.", lower_bound=1)
_OUTPUT = shared.define_output(
    "Folder for the figure and the numbers.", default="gradients", folder=True
)


def main(words: list[str]) -> None:
    shared.no_words(words)
    config = _CONFIG.value
    if config.model.attention != "none" or config.model.directions != "backward":
        raise UsageError(
            "gradients pass through one state only where config.model.attention is 'none' and "
            "directions is 'backward', as in configs/seq2seq.py"
        )
    if unknown := set(_CELLS.value) - set(CELLS):
        raise UsageError(f"--cells: {', '.join(unknown)}: choose of {', '.join(CELLS)}")
    shared.use_compilation_cache()
    from g2p_jax.predict import plots
    from g2p_jax.train import gradients

    plots.require()
    folder = Path(_OUTPUT.value)
    make_folder(folder)
    options = _CELLS.value, _STEPS.value, _LETTERS.value, _WORDS.value
    measured = list(gradients.measure(config, *options))
    with atomic_write(folder / "gradients.tsv") as file:
        file.write("cell\twhen\tlag\tgradient\tfactor\n")
        for cell, when, reach in measured:
            for lag, (gradient, factor) in enumerate(zip(*reach, strict=True)):
                file.write(f"{cell}\t{when}\t{lag}\t{gradient:.4g}\t{factor:.4g}\n")
    gradients.draw(measured, folder / "gradients.png")
    print(f"{folder / 'gradients.png'} and {folder / 'gradients.tsv'}")
