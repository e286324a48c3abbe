"""The search of a batch of spellings."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from g2p_jax.data.buckets import padded_batches
from g2p_jax.data.ragged import Array, Ragged
from g2p_jax.data.symbols import PAD
from g2p_jax.network.ensemble import OutputTransform, step_functions
from g2p_jax.network.seq2seq import Seq2Seq
from g2p_jax.search.beam import beam
from g2p_jax.search.greedy import greedy
from g2p_jax.search.hypotheses import Hypotheses

MOST_ROWS = 256
CHUNK_ROWS = 64  # rows of a beam that a CPU computes together, where there are more than two chunks
# Shapes of batches by the number of words: (at most, rows, letters). For a few words the first
# answer should come soon: few shapes. For many, little should be padding.
SHAPES = (
    (1, 1, (8, 12, 16, 32)),
    (8, 8, (8, 16, 32)),
    (512, 64, (8, 16, 32)),
    (None, MOST_ROWS, (6, 7, 8, 10, 13, 22, 32)),
)
SENTENCES = (48, 64, 96, 128, 192, 256)  # more lengths, for models that read longer sources


class SearchSettings(NamedTuple):
    width: int  # of the beam; 1: greedy search
    prune_threshold: float  # how much less probable than the best, in log P, hypotheses may be
    alternatives: int  # how many more pronunciations greedy search returns


def batches(source: Ragged, longest: int, width: int) -> list[tuple[Array, ...]]:
    """Returns (index_B, source_BxS) of batches that hold all spellings; index -1: a padding row."""
    count = len(source)
    rows, lengths = next((rows, n) for most, rows, n in SHAPES if most is None or count <= most)
    rows = max(rows, 2 // width)  # products with a single row take longer than with two
    return list(padded_batches([source], up_to(longest, lengths), rows))


def shapes(most: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yields the fewest words, and the lengths, of each shape for at most so many words."""
    least = 1
    for largest, _, lengths in SHAPES:
        if least <= most:
            yield least, lengths
        least = (largest or most) + 1


def up_to(longest: int, lengths: tuple[int, ...]) -> list[int]:
    """Returns the lengths of batches where no spelling is longer than `longest`."""
    return [*(n for n in (*lengths, *SENTENCES) if n < longest), longest]


def phoneme_limit(letters: Any) -> Any:
    """The most phonemes that so many letters may have: acronyms ("www") have seven a letter."""
    return 3 * letters + 12


def search(
    net: Seq2Seq,
    transform: OutputTransform,
    settings: SearchSettings,
    params: Any,
    source_BxS: jax.Array,
) -> Hypotheses:
    """Returns the best pronunciations of a batch of spellings."""
    functions = step_functions(net, params, transform)
    memory, start = functions.start(source_BxS)
    limit_B = phoneme_limit(jnp.sum(source_BxS != PAD, axis=1))
    length = phoneme_limit(source_BxS.shape[1])

    def step(state, token_R, word_R=None):
        read = memory if word_R is None else functions.of(memory, word_R)
        return functions.step(read, state, token_R)

    width, prune_threshold, alternatives = settings
    if width == 1:
        return greedy(step, start, limit_B, length, alternatives, prune_threshold)
    few = len(source_BxS) * width <= 2 * CHUNK_ROWS
    chunk = 0 if few or jax.default_backend() != "cpu" else CHUNK_ROWS
    return beam(step, start, limit_B, length, width, prune_threshold, chunk)
