"""Writes a model for other runtimes.

  g2p-jax export --ckpt=english-small --format=onnx --precision=float16 --output=small
  g2p-jax export --ckpt=runs/gru --format=stablehlo --output=gru
  g2p-jax export --ckpt=runs/gru --format=numpy --output=gru

onnx: the network as graphs for onnxruntime, which search greedily, with programs in Python, C++ and
JavaScript that use them. stablehlo: the same as programs of XLA. numpy: the model file, and one
Python file that answers as the library does and needs only NumPy. A README in the folder says what
each file is.
"""

from pathlib import Path

from absl import flags

from g2p_jax.commands import shared
from g2p_jax.errors import UsageError, UserError
from g2p_jax.predict import header

FORMATS = "onnx", "stablehlo", "numpy"
_CKPT = flags.DEFINE_string(
    "ckpt", "english", "Folder of a run, a model file, or an included model."
)
_FORMAT = flags.DEFINE_enum("format", "onnx", FORMATS, "What to write.")
_PRECISION = flags.DEFINE_enum(
    "precision",
    "float32",
    ["float32", "float16", "int8"],
    "Weights of onnx: float16 halves the files; int8 multiplies numbers of 8 bits.",
)
_OUTPUT = shared.define_output("Folder for the files.", folder=True)
_OVERWRITE = shared.define_overwrite()


def main(words: list[str]) -> None:
    if words or not _OUTPUT.value:
        raise UsageError("which folder? g2p-jax export --ckpt=english-small --output=FOLDER")
    if _PRECISION.present and _FORMAT.value != "onnx":
        raise UsageError(f"--precision cannot be given with --format={_FORMAT.value}: leave it out")
    found, model, folder = header.read(_CKPT.value), header.locate(_CKPT.value), Path(_OUTPUT.value)
    found.check_reads_words(_CKPT.value)
    if folder.is_dir() and any(folder.iterdir()) and not _OVERWRITE.value:
        fix = "choose another --output, or replace the files of an export in it with --overwrite"
        raise UserError(f"{folder} is not empty: {fix}")
    from g2p_jax.predict import export

    export.write(model, folder, _FORMAT.value, _PRECISION.value)
    files = sorted(path for path in folder.iterdir() if path.is_file())
    print("\n".join(f"{path}\t{path.stat().st_size:,} bytes" for path in files))
