"""One ensemble of separate models: python -m g2p_jax join runs/a runs/b --output=runs/ab

The models must have the same settings of the network and the same symbols: trained by the same
config, on the same data, with different seeds. What is written answers with the mean of their
probabilities. --precision=float16 halves the file, also that of a single model.

With --ngram=8, which does for a single model, too, a joint n-gram model of spelling and sound is
learnt in half a minute from the training data of the first, or those of --data, and stored with
them: it weighs the answers (`joint.py`) of a beam search, which then is the default.
"""

from pathlib import Path

from absl import flags

from g2p_jax.errors import UserError

_OUTPUT = flags.DEFINE_string("output", None, "A folder for the ensemble.")
_PRECISION = flags.DEFINE_enum(
    "precision", "float32", ["float32", "float16"], "Of the weights in the file."
)
_DATA = flags.DEFINE_string("data", None, "A lexicon file for the n-gram model.")
_NGRAM = flags.DEFINE_integer("ngram", 0, "Units of its n-grams; 0: none.", lower_bound=0)
_TEMPERATURE = flags.DEFINE_float(
    "temperature", None, "Of its probabilities, as `calibrate` found it for a model like it.", 1e-3
)
_BEAM = flags.DEFINE_integer("beam", None, "Width of its search by default.", lower_bound=1)


def main(paths: list[str]) -> None:
    if not paths or _OUTPUT.value is None:
        raise UserError("which models, and where to? runs/a runs/b --output=runs/ab")
    from g2p_jax.data import splits
    from g2p_jax.predict import model_file
    from g2p_jax.predict.ensemble import join, with_joint
    from g2p_jax.predict.g2p import load

    model = join({path: load(path) for path in paths})
    if _NGRAM.value:
        pairs = splits.references(model.config.data, _DATA.value, "auto", "train")
        model = with_joint(model, pairs, _NGRAM.value)
    settings = {"temperature": _TEMPERATURE.value, "beam": _BEAM.value}
    model = model.with_settings(**{name: value for name, value in settings.items() if value})
    output = Path(_OUTPUT.value)
    output.mkdir(parents=True, exist_ok=True)
    model.save(output / model_file.NAME, _PRECISION.value)
    members = model.config.ensemble
    and_ngram = f" and {len(model.joint.codes):,} units" if model.joint else ""
    print(f"{members} member{'s' if members > 1 else ''}{and_ngram} in {output}")
