"""Models for other runtimes: ONNX, StableHLO, and NumPy alone."""

from pathlib import Path

from g2p_jax import runtime
from g2p_jax.errors import UserError
from g2p_jax.files import atomic_write


def write(model: Path, folder: Path, format: str, precision: str = "float32") -> None:
    """Writes a model file into a folder as "onnx", "stablehlo" or "numpy".

    precision: of the weights in "onnx": "float32", "float16" or "int8". UserError without the
    packages for it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if format != "numpy":
        _write_symbols(model, folder)
    if format == "numpy":
        for path in (model, Path(runtime.__file__)):
            with atomic_write(folder / path.name, "wb") as file:
                file.write(path.read_bytes())
    elif format == "stablehlo":
        from g2p_jax.predict.export import stablehlo

        stablehlo.write(model, folder)
    else:
        try:
            from g2p_jax.predict.export import onnx_files
        except ImportError as error:
            raise UserError("ONNX needs another package: pip install 'g2p_jax[onnx]'") from error
        onnx_files.write(model, folder, precision)


def _write_symbols(model: Path, folder: Path) -> None:
    """Writes letters.txt and phonemes.txt: the symbols in the order of their numbers."""
    _, symbols, _ = runtime.read(model)
    names = runtime.G2P(model).names  # without stress, where answers are to have none
    for name, tokens in {"letters": symbols["graphemes"], "phonemes": names}.items():
        with atomic_write(folder / f"{name}.txt") as file:
            file.write("".join(f"{token}\n" for token in tokens))
