"""A joint n-gram model as named arrays of a model file.

The n-grams of one length are stored by history: how many tokens follow each, and which. A logarithm
takes one byte.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from g2p_jax.data.pairs import Pair
from g2p_jax.data.ragged import Array, narrow
from g2p_jax.data.symbols import Symbols
from g2p_jax.joint.alignment import Units
from g2p_jax.joint.model import JointNgram
from g2p_jax.joint.ngram import Level, Ngram

STEP = -1 / 16  # logarithms are stored as multiples of it; more digits answer no better


def fit(pairs: Iterable[Pair], symbols: Symbols, order: int) -> JointNgram:
    """The model of training data, as it is read again: it answers the same before it is stored."""
    return from_arrays(to_arrays(JointNgram.fit(pairs, symbols, order)), symbols)


def to_arrays(model: JointNgram) -> dict[str, Array]:
    """The arrays of a model, by name."""
    arrays = {f"units/{kind}": np.asarray(u) for kind, u in model.units._asdict().items()}
    arrays["codes"] = model.codes
    to_bytes = lambda logs: np.rint(logs / STEP).clip(0, 255).astype(np.uint8)
    histories = 1
    for n, level in enumerate(model.ngram.levels, 1):
        history, token = np.divmod(level.keys, model.ngram.size)
        arrays[f"{n}/counts"] = narrow(np.bincount(history, minlength=histories))
        arrays[f"{n}/tokens"] = narrow(token)
        arrays[f"{n}/log_prob"] = to_bytes(level.log_prob)
        if n < len(model.ngram.levels):  # the longest n-grams are no histories
            arrays[f"{n}/log_backoff"] = to_bytes(level.log_backoff)
        histories = len(level.keys)
    return arrays


def equal(a: JointNgram, b: JointNgram) -> bool:
    """Whether two models are stored alike."""
    first, second = to_arrays(a), to_arrays(b)
    same = first.keys() == second.keys()
    return same and all(np.array_equal(first[name], second[name]) for name in first)


def from_arrays(arrays: Mapping[str, Array], symbols: Symbols) -> JointNgram:
    """The model of these arrays; ValueError or KeyError if they do not fit together."""
    units = Units(*(arrays[f"units/{kind}"].astype(np.float32) for kind in Units._fields))
    codes = arrays["codes"].astype(np.int64)
    expected = Units.shapes(len(symbols.graphemes), len(symbols.phonemes))
    _require([u.shape for u in units] == list(expected))
    _require(all(np.isfinite(u).all() for u in units) and _rising(codes))
    levels, histories, size = list[Level](), 1, len(codes) + 2
    while not levels or f"{len(levels) + 1}/counts" in arrays:
        levels.append(_level(arrays, len(levels) + 1, histories, size))
        histories = len(levels[-1].keys)
    _require(len(levels[0].keys) == size)
    return JointNgram(units, codes, Ngram(tuple(levels)))


def _level(arrays: Mapping[str, Array], n: int, histories: int, size: int) -> Level:
    """The n-grams of one length, of `size` tokens and so many histories."""
    counts, tokens, log_prob = (arrays[f"{n}/{name}"] for name in ("counts", "tokens", "log_prob"))
    longest = f"{n + 1}/counts" not in arrays
    log_backoff = np.zeros_like(log_prob) if longest else arrays[f"{n}/log_backoff"]
    _require(log_prob.dtype == log_backoff.dtype == np.uint8)
    _require(all(x.dtype.kind == "u" and x.dtype.itemsize <= 4 for x in (counts, tokens)))
    _require(len(counts) == histories and tokens.max(initial=0) < size)
    _require(tokens.shape == log_prob.shape == log_backoff.shape == (counts.sum(),))
    keys = np.repeat(np.arange(histories), counts) * size + tokens
    _require(_rising(keys))
    return Level(keys, *(x.astype(np.float32) * STEP for x in (log_prob, log_backoff)))


def _rising(numbers: Array) -> bool:
    """Whether there are numbers from 0 on, each larger than the one before it."""
    return len(numbers) > 0 and numbers[0] >= 0 and bool((np.diff(numbers) > 0).all())


def _require(fits: bool) -> None:
    if not fits:
        raise ValueError("its joint n-gram model does not fit together")
