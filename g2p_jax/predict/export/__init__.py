"""Models for other runtimes: ONNX, StableHLO, and NumPy alone."""

import importlib.util
from pathlib import Path

from g2p_jax import runtime
from g2p_jax.errors import UserError, missing
from g2p_jax.files import atomic_write, make_folder

NUMPY = """# A pronunciation model for NumPy

    import runtime
    g2p = runtime.load("{0}")
    g2p({1!r})
    g2p.pronounce({1!r}, nbest=3)  # phonemes and probability, the best first

`runtime.py` imports NumPy and the standard library; letters.txt and phonemes.txt list the symbols.
"""


def write(model: Path, folder: Path, format: str, precision: str = "float32") -> None:
    """Writes a model file into a folder as "onnx", "stablehlo" or "numpy".

    precision: of the weights in "onnx": "float32", "float16" or "int8". UserError for a model that
      the runtime cannot read, and without the packages for "onnx".
    """
    try:
        g2p = runtime.G2P(model)
    except (ValueError, LookupError) as error:
        raise UserError(str(error)) from error
    if format == "onnx" and not importlib.util.find_spec("onnx"):
        raise UserError(missing("ONNX needs", "onnx", "onnxruntime"))
    make_folder(folder)
    # Phonemes are without stress where answers are to have none.
    for name, tokens in {"letters": g2p.ids, "phonemes": g2p.names}.items():
        with atomic_write(folder / f"{name}.txt") as file:
            file.write("".join(f"{token}\n" for token in tokens))
    if format == "numpy":
        for path in (model, Path(runtime.__file__)):
            with atomic_write(folder / path.name, "wb") as file:
                file.write(path.read_bytes())
        language = next(iter(g2p.spellings))
        word = (
            "deu:Haus" if "deu" in g2p.spellings else f"{language}:WORD" if language else "through"
        )
        with atomic_write(folder / "README.md") as file:
            file.write(NUMPY.format(model.name, word))
    elif format == "stablehlo":
        from g2p_jax.predict.export import stablehlo

        stablehlo.write(model, folder)
    else:
        from g2p_jax.predict.export import onnx_files

        onnx_files.write(model, folder, precision)
