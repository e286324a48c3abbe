"""Many-to-many alignment of letters and phonemes, learned by expectation maximisation.

A word and its pronunciation are a sequence of units. A unit is one letter with 0, 1 or 2 phonemes,
or two letters with one phoneme (Jiampojamarn et al., "Applying many-to-many alignments and hidden
Markov models to letter-to-phoneme conversion", 2007). The forward algorithm sums over all sequences
of units that make the pair; a[i, j] is the sum for its first i letters x and j phonemes p:

    a[i+1, j] = a[i, j] u(x) + a[i, j-1] u(x, p) + a[i, j-2] u(x, pp) + a[i-1, j-1] u(xx, p)

in logarithms. The expected count of a unit is the derivative of log Z, the end of a, by log u.
With the maximum in place of the sum (Viterbi), the choices lead back along the best sequence.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, NamedTuple

import jax
import jax.export
import jax.numpy as jnp
import numpy as np

from g2p_jax.data.buckets import padded_batches
from g2p_jax.data.ragged import Array, Ragged, borders
from g2p_jax.data.symbols import EOS, PAD
from g2p_jax.devices.programs import CachedProgram

ROUNDS = 8  # of expectation maximisation
LARGE_UNIT = -3.0  # first log probability of units of three symbols; others begin with 0
SMOOTHING = 1e-4  # added to the expected count of each unit
NEVER = -1e9  # log probability of what cannot be
SILENT, SINGLE, DOUBLE, PAIR = range(4)  # kinds of units, in the order of `Units`
PHONEMES = 0, 1, 2, 1, 0  # of each kind, and of none, -1
# Batches hold so many pairs, of so many letters and phonemes; each shape is compiled once.
ROWS = 8, 64, 512
LENGTHS = 8, 12, 18, 24, 36, 64, 128


class Units(NamedTuple):
    """A number for each unit: its log probability, or its expected count.

    Of a batch, a number for each place where a unit can begin: [S, B], and three of [S, B, T].
    """

    silent: Any  # [G] a letter without a phoneme
    single: Any  # [G, V] a letter and its phoneme
    double: Any  # [G, V, V] a letter and its two phonemes
    pair: Any  # [G, G, V] two letters and their phoneme

    @classmethod
    def shapes(cls, letters: int, phonemes: int) -> "Units":
        shapes = (), (phonemes,), (phonemes, phonemes), (letters, phonemes)
        return cls(*((letters, *shape) for shape in shapes))

    @classmethod
    def full(cls, letters: int, phonemes: int, value: float) -> "Units":
        shapes = cls.shapes(letters, phonemes)
        return cls(*(np.full(shape, value, np.float32) for shape in shapes))

    def at_places(self, source_BxS: jax.Array, target_BxT: jax.Array) -> "Units":
        """The numbers of the units that can begin at each place of a batch."""
        x, p = source_BxS.T[:, :, None], target_BxT[None]
        next_x, next_p = jnp.roll(x, -1, axis=0), jnp.roll(p, -1, axis=2)
        silent, single = self.silent[source_BxS.T], self.single[x, p]
        return Units(silent, single, self.double[x, p, next_p], self.pair[x, next_x, p])


jax.export.register_namedtuple_serialization(Units, serialized_name="g2p_jax.alignment.Units")


def forward(
    places: Units, source_BxS: jax.Array, target_BxT: jax.Array, combine: Callable
) -> tuple[jax.Array, Any]:
    """log Z [B], near NEVER for a pair that no sequence of units makes; and `combine`'s records.

    combine: takes [4, B, T + 1], log probabilities of reaching each phoneme with each kind of unit;
      returns the new a [B, T + 1], and a record of this letter.
    """

    def letter(carry, inputs):
        a_BxT1, pair_BxT1 = carry  # the pairs began with the letter before
        x_B, u = inputs

        def advance(phonemes: int, u_BxT: jax.Array) -> jax.Array:
            a = (a_BxT1[:, :-1] + u_BxT)[:, : a_BxT1.shape[1] - phonemes]
            return jnp.pad(a, ((0, 0), (phonemes, 0)), constant_values=NEVER)

        silent_BxT1 = a_BxT1 + u.silent[:, None]
        ways = silent_BxT1, advance(1, u.single), advance(2, u.double), pair_BxT1
        new_BxT1, record = combine(jnp.stack(ways))
        return (jnp.where(x_B[:, None] == PAD, a_BxT1, new_BxT1), advance(1, u.pair)), record

    never_BxT1 = jnp.full((target_BxT.shape[0], target_BxT.shape[1] + 1), NEVER)
    start = never_BxT1.at[:, 0].set(0.0), never_BxT1
    (end_BxT1, _), records = jax.lax.scan(letter, start, (source_BxS.T, places))
    length_B = jnp.sum(target_BxT != PAD, axis=1)
    return jnp.take_along_axis(end_BxT1, length_B[:, None], axis=1)[:, 0], records


@jax.jit
def expected_counts(units: Units, source_BxS: jax.Array, target_BxT: jax.Array) -> Units:
    """How often each unit is expected in a batch; pairs that no sequence makes do not count."""

    def log_likelihood(units: Units) -> jax.Array:
        add = lambda ways: (jax.nn.logsumexp(ways, axis=0), None)
        places = units.at_places(source_BxS, target_BxT)
        log_z_B, _ = forward(places, source_BxS, target_BxT, add)
        return jnp.sum(jnp.where(log_z_B > NEVER / 2, log_z_B, 0.0))

    return jax.grad(log_likelihood)(units)


def best_sequence(
    units: Units, source_BxS: jax.Array, target_BxT: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Letters and phonemes of the unit that ends with each letter, both [B, S]; -1 where none does.

    Letters x and y are the number x G + y, phonemes p and q p V + q; PAD stands for a missing one.
    """
    later_Sx1 = 1e-3 * jnp.arange(source_BxS.shape[1])[:, None]  # of two equal letters
    places = units.at_places(source_BxS, target_BxT)
    places = places._replace(silent=places.silent + later_Sx1)  # the second is silent
    choose = lambda ways: (jnp.max(ways, axis=0), jnp.argmax(ways, axis=0))
    log_z_B, kind_SxBxT1 = forward(places, source_BxS, target_BxT, choose)

    def back(carry, inputs):
        position_B, skip_B = carry  # phonemes so far; whether this letter is the first of a pair
        x_B, kind_BxT1 = inputs
        kind_B = jnp.take_along_axis(kind_BxT1, position_B[:, None], axis=1)[:, 0]
        kind_B = jnp.where((x_B == PAD) | skip_B | (log_z_B < NEVER / 2), -1, kind_B)
        position_B -= jnp.array(PHONEMES)[kind_B]
        return (position_B, kind_B == PAIR), (kind_B, position_B)

    end = jnp.sum(target_BxT != PAD, axis=1), jnp.zeros_like(log_z_B, bool)
    _, result = jax.lax.scan(back, end, (source_BxS.T, kind_SxBxT1), reverse=True)
    kind_BxS, position_BxS = jax.tree.map(jnp.transpose, result)
    x_BxS = jnp.where(kind_BxS == PAIR, jnp.roll(source_BxS, 1, axis=1), source_BxS)
    y_BxS = jnp.where(kind_BxS == PAIR, source_BxS, PAD)
    phoneme = lambda n: jnp.take_along_axis(target_BxT, position_BxS + n, axis=1, mode="clip")
    p_BxS = jnp.where(kind_BxS != SILENT, phoneme(0), PAD)
    q_BxS = jnp.where(kind_BxS == DOUBLE, phoneme(1), PAD)
    numbers = x_BxS * len(units.silent) + y_BxS, p_BxS * units.single.shape[1] + q_BxS
    return jax.tree.map(lambda number: jnp.where(kind_BxS >= 0, number, -1), numbers)


_best_sequence = CachedProgram(best_sequence, "best sequence of units")


def fit(source: Ragged, target: Ragged, letters: int, phonemes: int) -> Units:
    """Log probabilities of units that make the pairs likely.

    source, target: ids below `letters` and `phonemes`, without BOS and EOS.
    """
    units, large = (Units.full(letters, phonemes, log_p) for log_p in (0.0, LARGE_UNIT))
    units = units._replace(double=large.double, pair=large.pair)
    batches = list(_batches(source, target))
    for _ in range(ROUNDS):
        counts = Units.full(letters, phonemes, SMOOTHING)
        for _, *pairs in batches:
            counts = jax.tree.map(jnp.add, counts, expected_counts(units, *pairs))
        total = sum(map(jnp.sum, counts))
        units = Units(*(jnp.log(count / total) for count in counts))
    return units


def align(units: Units, source: Ragged, target: Ragged) -> Callable[[], Ragged]:
    """Starts to align on the device; returns a function that waits for the best units of each pair.

    A unit is the number ((x G + y) V + p) V + q of its letters and phonemes, with PAD for a missing
    one. A pair that no sequence of units makes has none.
    """
    running = [
        (index_B, _best_sequence(units, *pairs)) for index_B, *pairs in _batches(source, target)
    ]

    def wait() -> Ragged:
        most = min(source.lengths.max(initial=0), LENGTHS[-1])
        code_PxS = np.full((len(source), most), -1, np.int64)
        for index_B, result in running:
            real_B = index_B >= 0
            letters_BxS, phonemes_BxS = (np.asarray(x, np.int64)[real_B, :most] for x in result)
            code_BxS = letters_BxS * units.single.shape[1] ** 2 + phonemes_BxS
            code_PxS[index_B[real_B], : code_BxS.shape[1]] = code_BxS
        ends_PxS = code_PxS >= 0
        return Ragged(code_PxS[ends_PxS], borders(ends_PxS.sum(axis=1)))

    return wait


def prepare(units: Units, longest: int, most: int) -> list[Future]:
    """Starts to compile what aligns so many answers to words of at most `longest` letters."""
    lengths = LENGTHS[: 1 + np.searchsorted(LENGTHS[:-1], longest)]
    every = ROWS[: 1 + np.searchsorted(ROWS[:-1], most)]
    pairs = [Ragged.from_lists([[EOS] * n] * rows) for rows in every for n in lengths]
    return _best_sequence.prepare(
        (units, *batch) for each in pairs for _, *batch in _batches(each, each)
    )


def _batches(source: Ragged, target: Ragged) -> Iterator[tuple[Array, ...]]:
    """Indices of pairs, -1 for padding, and their letters and phonemes, padded.

    Pairs longer than all LENGTHS are in no batch.
    """
    rows = next((n for n in ROWS if len(source) <= n), ROWS[-1])
    return padded_batches((source, target), LENGTHS, rows)
