"""A joint n-gram model as named arrays of a model file.

The n-grams of one length are stored by history: how many tokens follow each, and which. A logarithm
takes one byte.
"""

import functools
import math
from collections.abc import Iterable, Mapping

import numpy as np

from g2p_jax.data.batches import Examples
from g2p_jax.data.pairs import Pair
from g2p_jax.data.ragged import Array, narrow
from g2p_jax.data.symbols import Symbols
from g2p_jax.joint import per_language
from g2p_jax.joint.alignment import Units
from g2p_jax.joint.guess import BUCKETS, Guesser
from g2p_jax.joint.model import JointNgram, without_end
from g2p_jax.joint.ngram import Level, Ngram
from g2p_jax.joint.per_language import Language, LanguageJoint, names_of, room

Joint = JointNgram | LanguageJoint
LIKELY = 4.0  # units so much more likely than the rarest, in nats, are stored for a language
STEP = -1 / 16  # logarithms are stored as multiples of it; more digits answer no better


def fit(pairs: Iterable[Pair], symbols: Symbols, order: int, before: Joint | None = None) -> Joint:
    """The model of training data, as it is read again: it answers the same before it is stored.

    before: has the languages that these data have no words of.
    """
    examples = Examples.from_pairs(pairs, symbols)
    examples = Examples(examples.source, without_end(examples.target))
    if symbols.languages:
        known = before if isinstance(before, LanguageJoint) else None
        model = per_language.fit(examples, names_of(symbols), order, known)
        return from_arrays(to_arrays(model), symbols)
    pairs_of_ids, sizes = (examples.source, examples.target), _sizes(symbols)
    letters, phonemes = reversed(pairs_of_ids) if symbols.spells else pairs_of_ids
    return from_arrays(to_arrays(JointNgram.fit(letters, phonemes, *sizes, order)), symbols)


def to_arrays(model: Joint) -> dict[str, Array]:
    """The arrays of a model, by name; of many languages, each name begins with the language."""
    if isinstance(model, LanguageJoint):
        each = {name: _language_to_arrays(model.model(name)) for name in model.names.values()}
        arrays = {f"{name}/{key}": array for name in each for key, array in each[name].items()}
        return arrays | {"guesser": model.guesser.steps}
    units = {f"units/{kind}": np.asarray(u) for kind, u in model.units._asdict().items()}
    return units | _ngram_to_arrays(model)


def _language_to_arrays(language: Language) -> dict[str, Array]:
    """Only units that are at all likely are stored: all others are as likely as the rarest."""
    log_p = np.concatenate([np.ravel(kind) for kind in language.model.units])
    rarest = log_p.min()
    likely = np.flatnonzero(log_p > rarest + LIKELY)
    return _ngram_to_arrays(language.model) | {
        "letters": language.letters,
        "phonemes": language.phonemes,
        "units/places": likely.astype(np.uint32),
        "units/log_prob": np.append(log_p[likely], rarest).astype(np.float16),
    }


def _ngram_to_arrays(model: JointNgram) -> dict[str, Array]:
    arrays = {"codes": model.codes}
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


def equal(a: Joint, b: Joint) -> bool:
    """Whether two models are stored alike."""
    first, second = to_arrays(a), to_arrays(b)
    same = first.keys() == second.keys()
    return same and all(np.array_equal(first[name], second[name]) for name in first)


def from_arrays(arrays: Mapping[str, Array], symbols: Symbols) -> Joint:
    """The model of these arrays; ValueError or KeyError if they do not fit together.

    Of many languages each is read, and checked, when it is needed first.
    """
    if symbols.languages:
        own = {name: _of_language(arrays, name) for name in symbols.languages}
        read = functools.cache(lambda name: _language_from_arrays(own[name]))
        names = names_of(symbols)
        _require(arrays["guesser"].shape == (BUCKETS, len(names)))
        return LanguageJoint(names, read, Guesser([*names.values()], arrays["guesser"]))
    units = Units(*(arrays[f"units/{kind}"].astype(np.float32) for kind in Units._fields))
    _require([u.shape for u in units] == list(Units.shapes(*_sizes(symbols))))
    return _with_ngram(units, arrays, symbols.spells)


def _sizes(symbols: Symbols) -> tuple[int, int]:
    """How many letters and how many phonemes there are."""
    sources, targets = len(symbols.graphemes), len(symbols.phonemes)
    return (targets, sources) if symbols.spells else (sources, targets)


def _of_language(arrays: Mapping[str, Array], name: str) -> dict[str, Array]:
    prefix = f"{name}/"
    return {key.removeprefix(prefix): x for key, x in arrays.items() if key.startswith(prefix)}


def _language_from_arrays(arrays: Mapping[str, Array]) -> Language:
    letters, phonemes = (arrays[name].astype(int) for name in ("letters", "phonemes"))
    places, log_p = arrays["units/places"].astype(int), arrays["units/log_prob"].astype(np.float32)
    shapes = Units.shapes(room(letters), room(phonemes))
    borders = np.cumsum([math.prod(shape) for shape in shapes])
    _require(_rising(letters) and _rising(phonemes) and len(log_p) == len(places) + 1)
    flat = np.full(borders[-1], log_p[-1])
    flat[places] = log_p[:-1]
    kinds = zip(np.split(flat, borders[:-1]), shapes, strict=True)
    units = Units(*(kind.reshape(shape) for kind, shape in kinds))
    return Language(letters, phonemes, _with_ngram(units, arrays))


def _with_ngram(units: Units, arrays: Mapping[str, Array], turned: bool = False) -> JointNgram:
    codes = arrays["codes"].astype(np.int64)
    _require(all(np.isfinite(u).all() for u in units) and _rising(codes))
    levels, histories, size = list[Level](), 1, len(codes) + 2
    while not levels or f"{len(levels) + 1}/counts" in arrays:
        levels.append(_level(arrays, len(levels) + 1, histories, size))
        histories = len(levels[-1].keys)
    _require(len(levels[0].keys) == size)
    return JointNgram(units, codes, Ngram(tuple(levels)), turned)


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
