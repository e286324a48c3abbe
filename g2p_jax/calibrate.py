"""Makes a model's probabilities true: python -m g2p_jax.calibrate --ckpt=runs/gru

Of the answers to which a calibrated model gives 80 %, 80 % are right. One number does it: the
temperature T in P(phoneme) = softmax(logits / T) (Guo et al., "On calibration of modern neural
networks", 2017), chosen for the likelihood of what was right and what was wrong. It is stored in
the model file, and predict.py uses it. Best answers do not change by it, except those of a beam.

Without --data: the dev words of the model's own split. Writes the picture calibration.png beside
the model: how many of the answers are right, by the probability that they were given.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from absl import flags

from g2p_jax import cli, scoring
from g2p_jax.data import splits

if TYPE_CHECKING:
    from g2p_jax.inspection import Inspection

TEMPERATURES = np.geomspace(0.2, 5, 300)

_CKPT = flags.DEFINE_string("ckpt", None, "A folder that train.py wrote, or a model file.")
_DATA = flags.DEFINE_string("data", None, "A lexicon file to calibrate on.")
_FORMAT = flags.DEFINE_string("format", "auto", "Its format; see g2p_jax/data/lexicon.py.")


def probabilities(seen: "Sequence[Inspection]", temperature: float) -> np.ndarray:
    """Of each pronunciation, as a model of that temperature gives it; `seen` is one of 1."""
    log_probs = np.concatenate([one.log_probs for one in seen]) / temperature
    ids = np.concatenate([one.ids for one in seen])
    said = log_probs[np.arange(len(ids)), ids] - np.logaddexp.reduce(log_probs, axis=1)
    ends = np.cumsum([len(one.ids) for one in seen])
    return np.exp(np.add.reduceat(said, np.concatenate([[0], ends[:-1]])))


def fit(seen: "Sequence[Inspection]", right: Sequence[bool]) -> float:
    """The temperature by which it is most likely that just these answers are right."""

    def likelihood(temperature: float) -> float:
        p = np.clip(probabilities(seen, temperature), 1e-6, 1 - 1e-6)
        return float(np.log(np.where(right, p, 1 - p)).sum())

    return float(max(TEMPERATURES, key=likelihood))


def main(words: list[str]) -> None:
    stored = cli.asked_model(words, _CKPT.value)
    from g2p_jax import model_file, pictures
    from g2p_jax.pronounce import G2P

    g2p = G2P(replace(stored.config, temperature=1.0), stored.symbols, stored.params)
    pairs = splits.references(g2p.config.data, _DATA.value, _FORMAT.value, "dev")
    best = [answer.pronunciations[0].phonemes for answer in g2p.pronounce(p.word for p in pairs)]
    seen = g2p.inspect((pair.word, phonemes) for pair, phonemes in zip(pairs, best, strict=True))
    right = [phonemes in pair.pronunciations for pair, phonemes in zip(pairs, best, strict=True)]
    temperature = fit(seen, right)

    file = model_file.locate(str(_CKPT.value))
    g2p.config = replace(g2p.config, temperature=temperature)
    g2p.save(file, model_file.precision(file))
    before = probabilities(seen, stored.config.temperature).tolist()
    after = probabilities(seen, temperature).tolist()
    errors = [scoring.calibration_error(p, right) for p in (before, after)]
    print(f"temperature {temperature:.3f}, stored in {file}")
    print(
        f"expected calibration error {errors[0]:.2%} before, {errors[1]:.2%} now, over "
        f"{len(pairs):,} words"
    )
    pictures.reliability(after, right, file.with_name("calibration.png"))


if __name__ == "__main__":
    cli.run(main)
