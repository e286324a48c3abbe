"""Results of a search, on the host: pronunciations to be rescored and ranked."""

import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from g2p_jax.data.pairs import Phonemes
from g2p_jax.data.ragged import Array, Ragged, borders
from g2p_jax.data.symbols import PAD
from g2p_jax.devices import parallel
from g2p_jax.joint.model import rescore
from g2p_jax.joint.ngram import Floats
from g2p_jax.joint.storage import Joint
from g2p_jax.predict.pronunciation import Pronunciation
from g2p_jax.search.hypotheses import Hypotheses


class Candidates(NamedTuple):
    """At most N pronunciations for each of W spellings."""

    index_W: Array  # which spellings of a chunk
    log_p_WxN: Floats  # -inf: there is none
    tokens: Ragged  # of those that there are, spelling by spelling

    @classmethod
    def read(cls, index_B: Array, hypotheses: Hypotheses) -> "Candidates":
        """Waits for the devices' arrays [devices, rows, ...]; leaves out padding rows."""
        index_W = index_B[index_B >= 0]
        tokens_WxNxT, log_p_WxN = (x[: len(index_W)] for x in parallel.unshard(hypotheses))
        tokens_RxT = tokens_WxNxT[log_p_WxN > -np.inf]
        real_RxT = tokens_RxT != PAD
        tokens = Ragged(tokens_RxT[real_RxT], borders(np.count_nonzero(real_RxT, axis=1)))
        return cls(index_W, log_p_WxN.astype(float), tokens)

    def start_rescoring(
        self, joint: Joint | None, spellings: Ragged, members: int, temperature: float
    ) -> Callable[[], "Candidates"]:
        """Starts to align what the joint n-gram model is to rescore; the function waits for it.

        That is every pronunciation of spellings that have more than one.
        """
        found_WxN = self.log_p_WxN > -np.inf
        several_WxN = found_WxN & (found_WxN.sum(axis=1, keepdims=True) > 1)
        if joint is None or not several_WxN.any():
            return lambda: self
        words, rows = np.nonzero(several_WxN)[0], np.flatnonzero(several_WxN[found_WxN])
        wait = joint.score(spellings.take(self.index_W[words]), self.tokens.take(rows))

        def rescored() -> "Candidates":
            joint_WxN = np.zeros_like(self.log_p_WxN)
            joint_WxN[several_WxN] = wait()
            both_WxN = rescore(self.log_p_WxN, joint_WxN, members, temperature)
            return self._replace(log_p_WxN=both_WxN)

        return rescored

    def pronunciations(
        self, names: Array, join: Callable[[list[str]], Phonemes], nbest: int | None = None
    ) -> Iterator[tuple[int, list[Pronunciation]]]:
        """Yields the number of each spelling, and its pronunciations, at most `nbest`, best first.

        names: of the tokens, joined by `join`. What gets equal names is one pronunciation, as
          probable as all of it together.
        """
        found_WxN = self.log_p_WxN > -np.inf
        texts, p_R = names[self.tokens.ids].tolist(), np.exp(self.log_p_WxN[found_WxN]).tolist()
        spans = zip(itertools.pairwise(self.tokens.starts.tolist()), p_R, strict=True)
        counts = found_WxN.sum(axis=1).tolist()
        for number, count in zip(self.index_W.tolist(), counts, strict=True):
            best: dict[Phonemes, float] = {}
            for (start, end), p in itertools.islice(spans, count):
                phonemes = join(texts[start:end])
                best[phonemes] = best.get(phonemes, 0.0) + p
            ranked = sorted(best.items(), key=lambda one: -one[1]) if count > 1 else best.items()
            yield number, [Pronunciation(*one) for one in ranked][:nbest]
