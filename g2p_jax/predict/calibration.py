"""Calibration: one temperature that makes probabilities true.

Of the answers to which a calibrated model gives 80 %, 80 % are right. One number does it, the
temperature T in P(phoneme) = softmax(logits / T) (Guo et al., "On calibration of modern neural
networks", 2017), chosen for the likelihood of what was right and what was wrong. Beside a joint
n-gram model T divides the logarithms of whole answers' probabilities.
"""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from g2p_jax.data.pairs import Pair
from g2p_jax.errors import UserError, counted
from g2p_jax.joint.ngram import Floats
from g2p_jax.predict.g2p import G2P
from g2p_jax.predict.inspection import Inspection

MORE = "take more words, which training did not see"
TEMPERATURES = np.geomspace(0.2, 5, 300)


class Calibration(NamedTuple):
    """A calibrated model, and the probabilities of its best answers."""

    g2p: G2P
    before: list[float]
    after: list[float]
    right: list[bool]  # which answers are

    def check(self) -> None:
        """Raises UserError where no temperature fits, as where all answers are right."""
        if self.g2p.config.temperature in (TEMPERATURES[0], TEMPERATURES[-1]):
            share = f"{sum(self.right)} of {counted(len(self.right), 'answer')} are right"
            raise UserError(
                f"no temperature from 0.2 to 5 makes probabilities true: {share}; {MORE}"
            )


def calibrate(g2p: G2P, pairs: Sequence[Pair]) -> Calibration:
    """Chooses the temperature for the answers to these words, and gives it to the model."""
    cold = g2p.with_settings(temperature=1.0)
    found = cold.candidates(pair.word for pair in pairs)
    best = [each[0].phonemes for each in found]
    tokens = g2p.symbols.target_tokens  # of IPA without spaces they are its phones
    right = [
        tokens(phonemes) in map(tokens, pair.pronunciations)
        for pair, phonemes in zip(pairs, best, strict=True)
    ]
    probabilities: Callable[[float], Floats]
    if g2p.joint:
        p_WxN = np.zeros((len(found), max(map(len, found))))
        for row, each in zip(p_WxN, found, strict=True):
            row[: len(each)] = [one.probability for one in each]
        probabilities = functools.partial(of_best, p_WxN)
    else:
        words = (pair.word for pair in pairs)
        inspections = cold.inspect(zip(words, best, strict=True))
        probabilities = functools.partial(of_pronunciations, inspections)
    temperature = fit_temperature(probabilities, right)
    before, after = (probabilities(t).tolist() for t in (g2p.config.temperature, temperature))
    return Calibration(g2p.with_settings(temperature=temperature), before, after, right)


def of_pronunciations(inspections: Sequence[Inspection], temperature: float) -> Floats:
    """Returns the probability of each pronunciation at that temperature; they were seen at 1."""
    log_probs = np.concatenate([one.log_probs for one in inspections]) / temperature
    ids = np.concatenate([one.ids for one in inspections])
    log_p = log_probs[np.arange(len(ids)), ids] - np.logaddexp.reduce(log_probs, axis=1)
    ends = np.cumsum([len(one.ids) for one in inspections])
    return np.exp(np.add.reduceat(log_p, np.concatenate([[0], ends[:-1]])))


def of_best(p_WxN: Floats, temperature: float) -> Floats:
    """Returns the probability of each word's best answer, given those of its N best at 1."""
    heated_WxN = (p_WxN / p_WxN[:, :1]) ** (1 / temperature)
    return p_WxN.sum(axis=1) / heated_WxN.sum(axis=1)


def fit_temperature(probabilities: Callable[[float], Floats], right: Sequence[bool]) -> float:
    """Returns the temperature at which it is most likely that just these answers are right."""

    def likelihood(temperature: float) -> float:
        p = np.clip(probabilities(temperature), 1e-6, 1 - 1e-6)
        return float(np.log(np.where(right, p, 1 - p)).sum())

    return float(max(TEMPERATURES, key=likelihood))
