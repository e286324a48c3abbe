"""Pictures as PNG files."""

import importlib.util
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from g2p_jax import scoring
from g2p_jax.errors import UserError, missing
from g2p_jax.files import atomic_write, make_folder

if TYPE_CHECKING:
    from g2p_jax.predict.inspection import Inspection
    from g2p_jax.predict.pronouncer import Pronouncer
    from g2p_jax.predict.pronunciation import Answer


def require() -> None:
    """Raises UserError where figures cannot be drawn."""
    if not importlib.util.find_spec("matplotlib"):
        raise UserError(missing("figures need", "matplotlib"))


def subplots(rows: int, columns: int, size: tuple[float, float], **options: Any) -> tuple[Any, Any]:
    """A figure, drawn in memory only, and its axes."""
    require()
    from matplotlib.figure import Figure  # here: no other command should wait for it

    figure = Figure(size, layout="constrained")
    return figure, figure.subplots(rows, columns, **options)


def save(figure: Any, path: Path) -> None:
    """Writes a figure as PNG."""
    with atomic_write(path, "wb") as file:
        figure.savefig(file, dpi=120)


def attention_map(seen: "Inspection", path: Path) -> None:
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
    save(figure, path)


def reliability(probabilities: Sequence[float], right: Sequence[bool], path: Path) -> None:
    """The share of right answers over their probability, on the diagonal if that is true."""
    counted = scoring.reliability(probabilities, right)
    figure, axis = subplots(1, 1, (4.5, 4))
    axis.plot([0, 1], [0, 1], color="gray", linestyle=":", label="perfect")
    axis.plot([p for _, p, _ in counted], [hits for _, _, hits in counted], "o-", label="model")
    for n, p, hits in counted:
        axis.annotate(f"{n:,}", (p, hits), (4, -10), textcoords="offset points", fontsize=7)
    axis.set_xlabel("probability of the answer")
    axis.set_ylabel("share that is right (with the number of answers)")
    axis.grid(alpha=0.3)
    axis.legend()
    save(figure, path)


def file_name(number: int, word: str) -> str:
    """A name for the picture of a word, whatever the word holds."""
    safe = re.sub(r"[^\w-]", "_", word)[:40]
    return f"{number:04}-{safe}.png"


def draw(g2p: "Pronouncer", answers: "Iterable[Answer]", folder: Path, first: int) -> None:
    """Writes attention maps of the best pronunciations, numbered from first + 1."""
    make_folder(folder)
    for number, answer in enumerate(answers, first + 1):
        if best := answer.best.phonemes:
            inspection = g2p.attention(answer.word, best)
            attention_map(inspection, folder / file_name(number, answer.word))
