"""Makes a model's probabilities true: python -m g2p_jax calibrate --ckpt=runs/gru

Of the answers to which a calibrated model gives 80 %, 80 % are right. One number does it: the
temperature T in P(phoneme) = softmax(logits / T) (Guo et al., "On calibration of modern neural
networks", 2017), chosen for the likelihood of what was right and what was wrong. It is stored in
the model file, and predict.py uses it. Best answers do not change by it, except those of a beam.
With a joint n-gram model (`joint.py`) T divides the logarithms of whole answers' probabilities.

Without --data: the dev words of the model's own split. Writes the picture calibration.png beside
the model: how many of the answers are right, by the probability that they were given.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from absl import flags

from g2p_jax import scoring
from g2p_jax.commands import shared
from g2p_jax.data import splits

if TYPE_CHECKING:
    from g2p_jax.predict.inspection import Inspection

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


def of_best(p_WxN: np.ndarray, temperature: float) -> np.ndarray:
    """Of the best answer for each word; given those of all N that were found, best first, at 1."""
    heated = (p_WxN / p_WxN[:, :1]) ** (1 / temperature)
    return p_WxN.sum(axis=1) / heated.sum(axis=1)


def fit(probabilities: Callable[[float], np.ndarray], right: Sequence[bool]) -> float:
    """The temperature at which it is most likely that just these answers are right."""

    def likelihood(temperature: float) -> float:
        p = np.clip(probabilities(temperature), 1e-6, 1 - 1e-6)
        return float(np.log(np.where(right, p, 1 - p)).sum())

    return float(max(TEMPERATURES, key=likelihood))


def main(words: list[str]) -> None:
    stored = shared.asked_model(words, _CKPT.value)
    from g2p_jax.joint.model import BEAM
    from g2p_jax.predict import model_file
    from g2p_jax.predict import plots as pictures
    from g2p_jax.predict.g2p import G2P

    cold = replace(stored.config, temperature=1.0)
    g2p = G2P(cold, stored.symbols, stored.params, stored.joint)
    pairs = splits.references(g2p.config.reference_data, _DATA.value, _FORMAT.value, "dev")
    answers = g2p.pronounce((pair.word for pair in pairs), nbest=BEAM if g2p.joint else 1)
    best = [answer.pronunciations[0].phonemes for answer in answers]
    right = [phonemes in pair.pronunciations for pair, phonemes in zip(pairs, best, strict=True)]
    if g2p.joint:
        p_WxN = np.zeros((len(answers), BEAM))
        for row, answer in zip(p_WxN, answers, strict=True):
            row[: len(answer.pronunciations)] = [p for _, p in answer.pronunciations]
        at = functools.partial(of_best, p_WxN)
    else:
        asked = ((pair.word, phonemes) for pair, phonemes in zip(pairs, best, strict=True))
        at = functools.partial(probabilities, g2p.inspect(asked))
    temperature = fit(at, right)

    file = model_file.locate(str(_CKPT.value))
    g2p.config = replace(g2p.config, temperature=temperature)
    g2p.save(file, model_file.precision(file))
    before, after = (at(t).tolist() for t in (stored.config.temperature, temperature))
    errors = [scoring.calibration_error(p, right) for p in (before, after)]
    print(f"temperature {temperature:.3f}, stored in {file}")
    print(
        f"expected calibration error {errors[0]:.2%} before, {errors[1]:.2%} now, over "
        f"{len(pairs):,} words"
    )
    pictures.reliability(after, right, file.with_name("calibration.png"))
