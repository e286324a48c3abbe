"""One ensemble of separate models: python -m g2p_jax.join runs/a runs/b --output=runs/ab

The models must have the same settings of the network and the same symbols: trained by the same
config, on the same data, with different seeds. What is written answers with the mean of their
probabilities.
"""

from pathlib import Path

from absl import flags

from g2p_jax import cli
from g2p_jax.errors import UserError

_OUTPUT = flags.DEFINE_string("output", None, "A folder for the ensemble.")


def main(paths: list[str]) -> None:
    if len(paths) < 2 or _OUTPUT.value is None:
        raise UserError("two models or more, and where to: runs/a runs/b --output=runs/ab")
    from g2p_jax import model_file
    from g2p_jax.pronounce import join, load

    output = Path(_OUTPUT.value)
    models = [load(path) for path in paths]
    for path, model in zip(paths, models, strict=True):
        for what, mine, first in (
            ("settings of the network", model.config.model, models[0].config.model),
            ("symbols", model.symbols, models[0].symbols),
        ):
            if mine != first:
                raise UserError(f"{path} has other {what} than {paths[0]}: train them alike")
    ensemble = join(models)
    output.mkdir(parents=True, exist_ok=True)
    ensemble.save(output / model_file.NAME)
    print(f"{ensemble.config.ensemble} members in {output}")


if __name__ == "__main__":
    cli.run(main)
