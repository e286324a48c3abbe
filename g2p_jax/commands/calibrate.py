"""Makes a model's probabilities true: fits one temperature and stores it in the model file.

  g2p-jax calibrate --ckpt=runs/gru
  g2p-jax calibrate --ckpt=runs/gru/model.safetensors
  g2p-jax calibrate --ckpt=english-small --data=dev.txt --output=calibrated

Of the answers to which a calibrated model gives 80 %, 80 % are right. Best answers stay the same,
but for a few of a beam search. Without --data it takes the dev words of the model's training. Take
200 words or more. It draws calibration.png in the folder of the model: the share of right answers
over their probability.
"""

from pathlib import Path

from absl import flags, logging

from g2p_jax import scoring
from g2p_jax.commands import shared
from g2p_jax.errors import UsageError, UserError, counted
from g2p_jax.files import make_folder

FEW = 200  # words, of which a share of right answers has a standard error of at most 3.5 %
_CKPT = flags.DEFINE_string("ckpt", None, "Folder of a run, or a model file.")
_OUTPUT = shared.define_output("Folder for a new model; default: --ckpt changes.", folder=True)
_OVERWRITE = shared.define_overwrite()
_DATA = flags.DEFINE_string("data", None, "Lexicon to calibrate on; default: dev.")
_READING = shared.define_reading()


def main(words: list[str]) -> None:
    shared.no_words(words)
    output = _OUTPUT.value and Path(_OUTPUT.value) / "model.safetensors"
    if output:
        shared.check_new(output, _OVERWRITE.value)
    g2p = shared.load_model(_CKPT.value)
    from g2p_jax.predict import header, model_file, plots
    from g2p_jax.predict.calibration import calibrate
    from g2p_jax.predict.notation import references

    file = header.locate(str(_CKPT.value))
    if not output and header.is_shipped(file):
        raise UsageError(
            f"{_CKPT.value} comes with g2p_jax and stays as it is: give --output=FOLDER"
        )
    output = output or file
    make_folder(output.parent)

    data = g2p.config.reference_data
    pairs = references(g2p.symbols, data, _DATA.value, "dev", **_READING())
    if len(pairs) < FEW:
        error = f"uncertain by {50 / len(pairs) ** 0.5:.0f} %; take {FEW} or more"
        logging.warning("of %s a share is %s", counted(len(pairs), "word"), error)
    calibrated, before, after, right = found = calibrate(g2p, pairs)
    found.check()
    calibrated.save(output, model_file.precision(file))
    errors = [scoring.calibration_error(p, right) for p in (before, after)]
    print(f"temperature {calibrated.config.temperature:.3f}, stored in {output}")
    print(
        f"expected calibration error {errors[0]:.2%} before, {errors[1]:.2%} now, over "
        + counted(len(pairs), "word")
    )
    try:
        plots.reliability(after, right, output.with_name("calibration.png"))
    except UserError as error:  # the result is stored
        print(f"no calibration.png: {error}")
