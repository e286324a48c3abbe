"""Makes a model's probabilities true: fits one temperature and stores it in the model file.

  g2p-jax calibrate --ckpt=runs/gru
  g2p-jax calibrate --ckpt=runs/gru/model.safetensors
  g2p-jax calibrate --ckpt=runs/gru --data=dev.txt

Of the answers to which a calibrated model gives 80 %, 80 % are right. Best answers stay the same,
but for a few of a beam search. Without --data it takes the dev words of the model's training. It
draws calibration.png in the folder of the model: the share of right answers over their probability.
"""

from absl import flags

from g2p_jax import scoring
from g2p_jax.commands import shared
from g2p_jax.data import splits

_CKPT = flags.DEFINE_string("ckpt", None, "Folder of a run, or a model file.")
_DATA = flags.DEFINE_string("data", None, "Lexicon to calibrate on; default: dev.")
_READING = shared.define_reading()


def main(words: list[str]) -> None:
    shared.no_words(words)
    g2p = shared.load_model(_CKPT.value)
    from g2p_jax.predict import model_file, plots
    from g2p_jax.predict.calibration import calibrate

    pairs = splits.references(g2p.config.reference_data, _DATA.value, "dev", **_READING())
    calibrated, before, after, right = calibrate(g2p, pairs)
    file = model_file.locate(str(_CKPT.value))
    calibrated.save(file, model_file.precision(file))
    errors = [scoring.calibration_error(p, right) for p in (before, after)]
    print(f"temperature {calibrated.config.temperature:.3f}, stored in {file}")
    print(
        f"expected calibration error {errors[0]:.2%} before, {errors[1]:.2%} now, over "
        f"{len(pairs):,} words"
    )
    plots.reliability(after, right, file.with_name("calibration.png"))
