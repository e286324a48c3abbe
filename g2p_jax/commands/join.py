"""Makes an ensemble of several models, or adds a joint n-gram model to one.

  g2p-jax join runs/a runs/b --output=runs/ab
  g2p-jax join runs/gru --ngram=8 --output=runs/better
  g2p-jax join runs/gru --precision=float16 --output=runs/smaller

Models of an ensemble have the same settings and symbols: they were trained by the same config on
the same data, with different seeds. The ensemble answers with the mean of their probabilities. The
joint n-gram model of letters and phonemes is counted in half a minute, and rescores what a beam
search finds.
"""

import dataclasses
from pathlib import Path

from absl import flags

from g2p_jax.commands import shared
from g2p_jax.config import MOST_BEAM
from g2p_jax.errors import UsageError, counted
from g2p_jax.files import make_folder

_OUTPUT = shared.define_output("Folder for the new model.", folder=True)
_PRECISION = flags.DEFINE_enum(
    "precision", "float32", ["float32", "float16"], "Weights in the file; float16 halves it."
)
_DATA = flags.DEFINE_string(
    "data", None, "Lexicon for the n-gram model; default: the first model's."
)
_READING = shared.define_reading()
_NGRAM = flags.DEFINE_integer("ngram", 0, "Order of the n-gram model; 0: none.", 0, 16)
_TEMPERATURE = flags.DEFINE_float(
    "temperature", None, "Temperature, as `calibrate` found it.", 1e-3, 1e3
)
_OVERWRITE = shared.define_overwrite()
_BEAM = flags.DEFINE_integer("beam", None, "Default beam width of the new model.", 1, MOST_BEAM)


def main(paths: list[str]) -> None:
    if not paths or _OUTPUT.value is None:
        raise UsageError("which models, and where to? runs/a runs/b --output=runs/ab")
    twice = [path for path in paths if list(map(Path, paths)).count(Path(path)) > 1]
    if twice:
        raise UsageError(f"{twice[0]} is named twice: an ensemble has models of different seeds")
    output = Path(_OUTPUT.value) / "model.safetensors"
    shared.check_new(output, _OVERWRITE.value)
    from g2p_jax.predict.ensemble import join, with_joint
    from g2p_jax.predict.g2p import load
    from g2p_jax.predict.notation import references

    models = {path: load(path) for path in paths}
    if _NGRAM.value:
        models = {path: dataclasses.replace(x, joint=None) for path, x in models.items()}
    model = join(models)
    if _NGRAM.value:
        data = model.config.data
        pairs = references(model.symbols, data, _DATA.value, "train", **_READING())
        model = with_joint(model, pairs, _NGRAM.value)
    settings = {"temperature": _TEMPERATURE.value, "beam": _BEAM.value}
    model = model.with_settings(**{name: value for name, value in settings.items() if value})
    make_folder(output.parent)
    model.save(output, _PRECISION.value)
    members = model.config.ensemble
    and_ngram = f" and a joint {model.config.ngram}-gram model" if model.joint else ""
    print(f"{counted(members, 'member')}{and_ngram} in {output.parent}")
