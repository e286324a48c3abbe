"""Pictures as PNG files."""

import re
from pathlib import Path
from typing import Any

from g2p_jax.pronounce import Attention


def subplots(rows: int, columns: int, size: tuple[float, float], **options: Any) -> tuple[Any, Any]:
    """A figure, drawn in memory only, and its axes."""
    from matplotlib.figure import Figure  # here: no other command should wait for it

    figure = Figure(size, layout="constrained")
    return figure, figure.subplots(rows, columns, **options)


def attention_map(seen: Attention, path: Path) -> None:
    """Letters across, phonemes down; the darker, the more of the phoneme's attention."""
    letters, phonemes = seen.letters, (*seen.phonemes, "end")
    size = 1.5 + 0.4 * len(letters), 1.2 + 0.4 * len(phonemes)
    figure, axis = subplots(1, 1, size)
    image = axis.imshow(seen.weights, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axis.set_xticks(range(len(letters)), letters)
    axis.set_yticks(range(len(phonemes)), phonemes)
    axis.set_xlabel("letters")
    axis.set_ylabel("phonemes")
    figure.colorbar(image, label="attention weight")
    figure.savefig(path, dpi=120)


def file_name(number: int, word: str) -> str:
    """A name for the picture of a word, whatever the word holds."""
    safe = re.sub(r"[^\w-]", "_", word)[:40]
    return f"{number:04}-{safe}.png"
