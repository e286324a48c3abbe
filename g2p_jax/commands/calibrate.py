"""Makes a model's probabilities true: python -m g2p_jax calibrate --ckpt=runs/gru

Of the answers to which a calibrated model gives 80 %, 80 % are right. One number does it: the
temperature T in P(phoneme) = softmax(logits / T) (Guo et al., "On calibration of modern neural
networks", 2017), chosen for the likelihood of what was right and what was wrong. It is stored in
the model file, and predict.py uses it. Best answers do not change by it, except those of a beam.
With a joint n-gram model (`joint.py`) T divides the logarithms of whole answers' probabilities.

Without --data: the dev words of the model's own split. Writes the picture calibration.png beside
the model: how many of the answers are right, by the probability that they were given.
"""

from absl import flags

from g2p_jax import scoring
from g2p_jax.commands import shared
from g2p_jax.data import splits

_CKPT = flags.DEFINE_string("ckpt", None, "A folder that train.py wrote, or a model file.")
_DATA = flags.DEFINE_string("data", None, "A lexicon file to calibrate on.")
_FORMAT = flags.DEFINE_string("format", "auto", "Its format; see g2p_jax/data/lexicon.py.")


def main(words: list[str]) -> None:
    g2p = shared.asked_model(words, _CKPT.value)
    from g2p_jax.predict import model_file, plots
    from g2p_jax.predict.calibration import calibrate

    pairs = splits.references(g2p.config.reference_data, _DATA.value, _FORMAT.value, "dev")
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
