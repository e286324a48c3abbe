"""One ensemble of separate models: python -m g2p_jax.join runs/a runs/b --output=runs/ab

The models must have the same settings of the network and the same symbols: trained by the same
config, on the same data, with different seeds. What is written answers with the mean of their
probabilities. --precision=float16 halves the file, also that of a single model.
"""

from pathlib import Path

from absl import flags

from g2p_jax import cli
from g2p_jax.errors import UserError

_OUTPUT = flags.DEFINE_string("output", None, "A folder for the ensemble.")
_PRECISION = flags.DEFINE_enum(
    "precision", "float32", ["float32", "float16"], "Of the weights in the file."
)


def main(paths: list[str]) -> None:
    if not paths or _OUTPUT.value is None:
        raise UserError("which models, and where to? runs/a runs/b --output=runs/ab")
    from g2p_jax import model_file
    from g2p_jax.pronounce import join, load

    output = Path(_OUTPUT.value)
    models = [load(path) for path in paths]
    for path, model in zip(paths, models, strict=True):
        for what, of in (
            ("settings of the network", lambda m: m.config.model),
            ("label smoothing", lambda m: m.config.train.label_smoothing),
            ("symbols", lambda m: m.symbols),
        ):
            if of(model) != of(models[0]):
                raise UserError(f"{path} has other {what} than {paths[0]}: train them alike")
    model = join(models) if len(models) > 1 else models[0]
    output.mkdir(parents=True, exist_ok=True)
    model.save(output / model_file.NAME, _PRECISION.value)
    members = model.config.ensemble
    print(f"{members} member{'s' if members > 1 else ''} in {output}")


if __name__ == "__main__":
    cli.run(main)
