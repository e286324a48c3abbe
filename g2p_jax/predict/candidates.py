"""What a search has found, on the host: pronunciations to be rescored and ranked."""

import dataclasses
import functools
from collections.abc import Callable, Iterator

import numpy as np

from g2p_jax.data.pairs import Phonemes
from g2p_jax.data.ragged import Array, Ragged, borders
from g2p_jax.data.symbols import PAD
from g2p_jax.devices import parallel
from g2p_jax.joint.ngram import Floats
from g2p_jax.predict.pronunciation import Pronunciation
from g2p_jax.search.hypotheses import Hypotheses


@dataclasses.dataclass(frozen=True, eq=False)
class Candidates:
    """N pronunciations for each of W spellings; there is none where log P is -inf."""

    index_W: Array  # which spellings of a chunk
    tokens_WxNxT: Array  # padded with PAD
    lengths_WxN: Array
    log_p_WxN: Floats

    @classmethod
    def read(cls, index_B: Array, hypotheses: Hypotheses) -> "Candidates":
        """Waits for the devices' arrays [devices, rows, ...]; leaves out padding rows."""
        index_W = index_B[index_B >= 0]
        tokens_WxNxT, log_p_WxN = (x[: len(index_W)] for x in parallel.unshard(hypotheses))
        real_WxNxT = (tokens_WxNxT != PAD) & (log_p_WxN > -np.inf)[..., None]
        return cls(index_W, tokens_WxNxT, real_WxNxT.sum(axis=-1), log_p_WxN.astype(float))

    @functools.cached_property
    def several_WxN(self) -> Array:
        """True for the pronunciations of spellings that have more than one."""
        found_WxN = self.log_p_WxN > -np.inf
        return found_WxN & (found_WxN.sum(axis=1, keepdims=True) > 1)

    def pairs(self, spellings: Ragged) -> tuple[Ragged, Ragged]:
        """Returns the letters and the phonemes of the pronunciations in `several_WxN`."""
        words, number = np.nonzero(self.several_WxN)
        lengths, tokens = self.lengths_WxN[words, number], self.tokens_WxNxT[words, number]
        real = np.arange(tokens.shape[1]) < lengths[:, None]
        return spellings.take(self.index_W[words]), Ragged(tokens[real], borders(lengths))

    def best(self, nbest: int) -> "Candidates":
        """Returns at most `nbest` for each spelling, the best first."""
        order_WxN = np.argsort(-self.log_p_WxN, axis=1, kind="stable")[:, :nbest]
        rows = np.arange(len(self.index_W))[:, None]
        lengths_WxN = self.lengths_WxN[rows, order_WxN]
        tokens_WxNxT = self.tokens_WxNxT[rows, order_WxN, : lengths_WxN.max(initial=0)]
        return Candidates(self.index_W, tokens_WxNxT, lengths_WxN, self.log_p_WxN[rows, order_WxN])

    def pronunciations(
        self, names_V: Array, join: Callable[[list[str]], Phonemes]
    ) -> Iterator[tuple[int, list[Pronunciation]]]:
        """Yields the number of each spelling, and its pronunciations, joined from target tokens."""
        names_WxNxT, p_WxN = names_V[self.tokens_WxNxT], np.exp(self.log_p_WxN)
        count_W = np.count_nonzero(p_WxN, axis=1)
        arrays = self.index_W, names_WxNxT, self.lengths_WxN, p_WxN, count_W
        each = (array.tolist() for array in arrays)  # lists are faster to read
        for number, names, lengths, p, count in zip(*each, strict=True):
            yield number, [Pronunciation(join(names[n][: lengths[n]]), p[n]) for n in range(count)]
