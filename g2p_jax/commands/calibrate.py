"""Makes a model's probabilities true: fits one temperature and stores it in the model file.

  g2p-jax calibrate --ckpt=runs/gru
  g2p-jax calibrate --ckpt=runs/gru/model.safetensors
  g2p-jax calibrate --ckpt=english-small --data=dev.txt --output=calibrated

Of the answers to which a calibrated model gives 80 %, 80 % are right. Best answers stay the same,
but for a few of a beam search. Without --data it takes the dev words of the model's training. It
draws calibration.png in the folder of the model: the share of right answers over their probability.
"""

from pathlib import Path

from absl import flags

from g2p_jax import scoring
from g2p_jax.commands import shared
from g2p_jax.data import splits
from g2p_jax.errors import UsageError, UserError
from g2p_jax.files import make_folder

_CKPT = flags.DEFINE_string("ckpt", None, "Folder of a run, or a model file.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder for a new model; default: --ckpt changes.")
_OVERWRITE = shared.define_overwrite()
_DATA = flags.DEFINE_string("data", None, "Lexicon to calibrate on; default: dev.")
_READING = shared.define_reading()


def main(words: list[str]) -> None:
    shared.no_words(words)
    output = _OUTPUT.value and Path(_OUTPUT.value) / "model.safetensors"
    if output:
        shared.check_new(output, _OVERWRITE.value)
    g2p = shared.load_model(_CKPT.value)
    from g2p_jax.predict import model_file, plots
    from g2p_jax.predict.calibration import calibrate

    file = model_file.locate(str(_CKPT.value))
    if not output and file.is_relative_to(model_file.PRETRAINED):
        raise UsageError(
            f"{_CKPT.value} comes with g2p_jax and stays as it is: give --output=FOLDER"
        )
    output = output or file
    make_folder(output.parent)

    pairs = splits.references(g2p.config.reference_data, _DATA.value, "dev", **_READING())
    calibrated, before, after, right = calibrate(g2p, pairs)
    calibrated.save(output, model_file.precision(file))
    errors = [scoring.calibration_error(p, right) for p in (before, after)]
    print(f"temperature {calibrated.config.temperature:.3f}, stored in {output}")
    print(
        f"expected calibration error {errors[0]:.2%} before, {errors[1]:.2%} now, over "
        f"{len(pairs):,} words"
    )
    try:
        plots.reliability(after, right, output.with_name("calibration.png"))
    except UserError as error:  # the result is stored
        print(f"no calibration.png: {error}")
