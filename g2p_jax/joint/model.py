"""A joint n-gram model of spelling and sound, by which a network's answers are weighed.

A word and its pronunciation are a row of units, a letter or two with what became of them
(`alignment`), and an n-gram model says how likely that row is (`ngram`): Bisani and Ney,
"Joint-sequence models for grapheme-to-phoneme conversion", 2008. It remembers long pieces of the
words it learnt from, where a network has found rules, and together they are right more often than
either. Of the answers y that a search has found for x,

    P(y | x) ~ P_network(y | x)^(1 - s) P_joint(x, y)^s
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from g2p_jax.data.batches import Examples
from g2p_jax.data.pairs import Pair
from g2p_jax.data.ragged import Array, Ragged, borders, narrow
from g2p_jax.data.symbols import EOS, Symbols
from g2p_jax.joint import alignment
from g2p_jax.joint.alignment import Asked, Units
from g2p_jax.joint.ngram import Floats, Level, Ngram

SHARE, OF_ENSEMBLE = 0.4, 1 / 3  # s, beside one network or several: docs/results.md
BEAM = 4  # hypotheses that are weighed
MOST = 1 << 18  # pronunciations to learn from; of more, every second, third, ...
NO_ROW = -200.0  # log P of what no row of units fits
STEP = -1 / 16  # logarithms are stored as multiples of this, in a byte: as good as more digits


@dataclass(frozen=True, eq=False)
class JointNgram:
    """The tokens of the n-gram model are the places of units among `codes`."""

    units: Units
    codes: Array  # of the units that were seen, as `alignment.align` numbers them; they rise
    ngram: Ngram

    @classmethod
    def fit(cls, pairs: Iterable[Pair], symbols: Symbols, order: int) -> "JointNgram":
        """Learns from training data, with n-grams of at most `order` units."""
        examples = Examples.from_pairs(pairs, symbols)
        chosen = np.arange(0, len(examples), -(-len(examples) // MOST))
        source, target = examples.source.take(chosen), examples.target.take(chosen)
        target = Ragged(target.ids[target.ids != EOS], borders(target.lengths - 1))
        units = alignment.fit(source, target, len(symbols.graphemes), len(symbols.phonemes))
        rows = alignment.align(units, alignment.ask(units, source, target))
        codes, tokens = np.unique(rows.ids, return_inverse=True)
        rows = Ragged(tokens, rows.starts).take(np.flatnonzero(rows.lengths))
        return cls(units, codes, Ngram.fit(rows, len(codes), order))

    def ask(self, source: Ragged, target: Ragged) -> Asked:
        """Begins to rate spellings and pronunciations, ids without EOS; `log_probs` ends it."""
        return alignment.ask(self.units, source, target)

    def log_probs(self, asked: Asked) -> Array:
        """log P(x, y) of each pair."""
        rows = alignment.align(self.units, asked)
        place = np.searchsorted(self.codes, rows.ids).clip(max=len(self.codes) - 1)
        tokens = np.where(self.codes[place] == rows.ids, place, self.ngram.size)
        log_p = self.ngram.log_probs(Ragged(tokens, rows.starts))
        return np.where(rows.lengths > 0, log_p, NO_ROW)

    def arrays(self) -> dict[str, Array]:
        """What `from_arrays` needs."""
        found = {f"units/{kind}": np.asarray(of) for kind, of in self.units._asdict().items()}
        found["codes"] = self.codes
        histories = 1
        for n, level in enumerate(self.ngram.levels, 1):
            history, token = np.divmod(level.keys, self.ngram.size)
            found[f"{n}/counts"] = narrow(np.bincount(history, minlength=histories))
            found[f"{n}/tokens"] = narrow(token)
            found[f"{n}/log_prob"] = _stored(level.log_prob)
            if n < len(self.ngram.levels):  # the longest n-grams are no history of others
                found[f"{n}/log_backoff"] = _stored(level.log_backoff)
            histories = len(level.keys)
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], symbols: Symbols) -> "JointNgram":
        """Raises ValueError, or KeyError, for arrays that cannot be of such a model."""
        letters, phonemes = len(symbols.graphemes), len(symbols.phonemes)
        wanted = Units.full(letters, phonemes, 0.0)
        units = Units(*(arrays[f"units/{kind}"].astype(np.float32) for kind in Units._fields))
        codes = arrays["codes"].astype(np.int64)
        good = [u.shape for u in units] == [w.shape for w in wanted] and _rising(codes)
        good = good and all(np.isfinite(u).all() for u in units)
        size, histories, levels = len(codes) + 2, 1, list[Level]()
        while good and ((n := len(levels) + 1) == 1 or f"{n}/counts" in arrays):
            names = "counts", "tokens", "log_prob"
            counts, tokens, log_prob = (arrays[f"{n}/{name}"] for name in names)
            last = f"{n + 1}/counts" not in arrays
            backoff = np.zeros_like(log_prob) if last else arrays[f"{n}/log_backoff"]
            good = log_prob.dtype == backoff.dtype == np.uint8
            good = good and all(
                x.dtype.kind == "u" and x.dtype.itemsize <= 4 for x in (counts, tokens)
            )
            good = good and tokens.shape == log_prob.shape == backoff.shape == (counts.sum(),)
            good = good and len(counts) == histories and tokens.max(initial=0) < size
            if good:
                keys = np.repeat(np.arange(histories), counts) * size + tokens
                good, histories = _rising(keys), len(keys)
                levels.append(Level(keys, _restored(log_prob), _restored(backoff)))
        if not good or len(levels[0].keys) != size:
            raise ValueError("its joint n-gram model does not fit together")
        return cls(units, codes, Ngram(tuple(levels)))


def rescore(
    network_WxN: Floats, joint_WxN: Floats, members: int = 1, temperature: float = 1.0
) -> Floats:
    """log P of N answers for each word that both models give, of the log P that each of them gives.

    All answers for a word together keep what the network gives them.
    """
    share = SHARE if members == 1 else OF_ENSEMBLE
    both_WxN = ((1 - share) * network_WxN + share * joint_WxN) / temperature
    total = lambda log_p: np.logaddexp.reduce(log_p, axis=1, keepdims=True)
    return both_WxN - total(both_WxN) + total(network_WxN)


def _stored(logs: Floats) -> Array:
    return np.rint(logs / STEP).clip(0, 255).astype(np.uint8)


def _restored(stored: Array) -> Floats:
    return stored.astype(np.float32) * STEP


def _rising(numbers: Array) -> bool:
    """Whether these are numbers from 0 on, each larger than that before it."""
    return len(numbers) > 0 and numbers[0] >= 0 and bool((np.diff(numbers) > 0).all())
