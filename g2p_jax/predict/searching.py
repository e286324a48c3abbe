"""Spellings of similar length as one batch, and the search of it: compiled once for each shape."""

import collections
import functools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

import jax
import jax.export
import jax.numpy as jnp
import numpy as np

from g2p_jax.data.ragged import Array, Ints, Ragged
from g2p_jax.data.symbols import PAD
from g2p_jax.devices import parallel
from g2p_jax.devices.programs import CachedProgram
from g2p_jax.network import ensemble as ensembles
from g2p_jax.network import seq2seq as models
from g2p_jax.network.ensemble import OutputTransform
from g2p_jax.predict.model_file import Params
from g2p_jax.search.beam import beam
from g2p_jax.search.greedy import greedy
from g2p_jax.search.hypotheses import Hypotheses

MOST_ROWS = 256
AHEAD = 8  # batches
PRUNE_THRESHOLD = 3.0  # from the best log P, where one answer is asked for: what may still win
PART = 64  # rows of a search that a CPU computes together, where there are more than two parts
# Shapes of batches, each compiled once, by how many words are asked at once: (at most, rows,
# letters). For a few words the first answer should come soon: few shapes. For many, little should
# be padding.
SHAPES = (
    (1, 1, (8, 12, 16, 32)),
    (8, 8, (8, 16, 32)),
    (512, 64, (8, 16, 32)),
    (None, MOST_ROWS, (6, 7, 8, 10, 13, 22, 32)),
)
SENTENCES = (48, 64, 96, 128, 192, 256)  # more lengths, for models that read longer sources

Devices = tuple[jax.Device, ...]
Batch = TypeVar("Batch")


class Search(NamedTuple):
    """How to search."""

    beam: int
    prune_threshold: float  # see `decoding`
    alternatives: int  # see `decoding.greedy`


def batches(source: Ragged, longest: int, beam: int) -> Iterator[tuple[Array, Ints]]:
    """All spellings: which they are, and their letters as rows, PAD behind, with rows of PAD."""
    rows, lengths = next((r, n) for most, r, n in SHAPES if most is None or len(source) <= most)
    rows = max(rows, 2 // beam)  # products with a single row take longer than with two
    lengths = *(n for n in (*lengths, *SENTENCES) if n < longest), longest
    order = np.argsort(source.lengths, kind="stable")
    for start in range(0, len(order), rows):
        which_W = order[start : start + rows]
        length = lengths[np.searchsorted(lengths, source.lengths[which_W[-1]])]
        filled_B = np.pad(which_W, (0, rows - len(which_W)), constant_values=-1)
        yield which_W, source.padded(filled_B, length)


def ahead(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The same, each when AHEAD more have begun: the devices work on while one is read."""
    waiting: collections.deque[Batch] = collections.deque()
    for batch in batches:
        waiting.append(batch)
        if len(waiting) > AHEAD:
            yield waiting.popleft()
    yield from waiting


def phoneme_limit(letters: Any) -> Any:
    """The most phonemes that so many letters may have: acronyms ("www") have seven a letter."""
    return 3 * letters + 12


@functools.cache
def searcher(
    net: models.Seq2Seq, transform: OutputTransform, how: Search, devices: Devices
) -> CachedProgram:
    """`search` of rows shared by the devices, each of which ends with its own last word."""
    local = functools.partial(search, net, transform, how)
    return parallel.map_rows(local, devices, "search", net, transform, how)


def search(
    net: models.Seq2Seq,
    transform: OutputTransform,
    how: Search,
    params: Params,
    source_BxS: jax.Array,
) -> Hypotheses:
    """The `beam` best pronunciations of a batch of spellings; of 1, some like it, too."""
    width, prune_threshold, alternatives = how
    step_functions = ensembles.step_functions(net, params, transform)
    memory = step_functions.encode(source_BxS)
    letters_B = jnp.sum(source_BxS != PAD, axis=1)
    limit_B, length = phoneme_limit(letters_B), phoneme_limit(source_BxS.shape[1])
    states = step_functions.start(memory)
    memory = step_functions.ready(memory)
    step = functools.partial(step_functions.step, memory)
    if width == 1:
        return greedy(step, states, limit_B, length, alternatives, prune_threshold)

    def step_of(state, token_R, word_R=None):
        read = memory if word_R is None else step_functions.of(memory, word_R)
        return step_functions.step(read, state, token_R)

    few = len(source_BxS) * width <= 2 * PART
    part = 0 if few or jax.default_backend() != "cpu" else PART
    return beam(step_of, states, limit_B, length, width, prune_threshold, part)
