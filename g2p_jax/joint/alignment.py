"""Which letters became which phonemes: many-to-many alignment by expectation maximisation.

A word and its pronunciation are read as a row of units, each of them one letter that became 0, 1 or
2 phonemes, or two letters that became one (Jiampojamarn et al., "Applying many-to-many alignments
and hidden Markov models to letter-to-phoneme conversion", 2007). All rows of units that fit are
summed by a forward algorithm over the letters x and phonemes p,

    a[i+1, j] = a[i, j] u(x) + a[i, j-1] u(x, p) + a[i, j-2] u(x, pp) + a[i-1, j-1] u(xx, p)

in logarithms. How often a unit is expected is its derivative, that of log Z with respect to log u;
where the best way counts instead of the sum, the ways that were best lead back along the best row.

Letters of shapes: B pairs, S letters, T phonemes, G and V the inventories of both.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.export
import jax.numpy as jnp
import numpy as np

from g2p_jax.data.ragged import Array, Ints, Ragged, borders
from g2p_jax.data.symbols import PAD
from g2p_jax.devices.programs import CachedProgram

ROUNDS = 8  # of expectation maximisation
LARGE = -3.0  # at first, log P of a unit of three letters and phonemes; the others: 0
UNSEEN = 1e-4  # how often any unit is thought to have been seen, beside what is counted
NEVER = -1e9
SILENT, SINGLE, DOUBLE, PAIR = range(4)  # kinds, in the order of `Units`
SAID = 0, 1, 2, 1  # phonemes of each kind
SHAPES = 8, 12, 18, 24, 32, 64, 128  # letters and phonemes of a batch; each is compiled once
ROWS = 8, 64, 512
FEW = 2048  # pairs, for which one shape is to do


class Units(NamedTuple):
    """Something for each unit: its log probability, or how often it is expected.

    In a batch for each place where one can begin: [S, B], and three of [S, B, T].
    """

    silent: Any  # [G] a letter that became nothing
    single: Any  # [G, V]
    double: Any  # [G, V, V] a letter that became two phonemes
    pair: Any  # [G, G, V] two letters that became one

    @classmethod
    def full(cls, letters: int, phonemes: int, value: float) -> "Units":
        shapes = (), (phonemes,), (phonemes, phonemes), (letters, phonemes)
        return cls(*(np.full((letters, *shape), value, np.float32) for shape in shapes))


jax.export.register_namedtuple_serialization(Units, serialized_name="g2p_jax.alignment.Units")


def at(units: Units, source_BxS: jax.Array, target_BxT: jax.Array) -> Units:
    """Those of each place in a batch."""
    x, p = source_BxS.T[:, :, None], target_BxT[None]
    next_x, next_p = jnp.roll(x, -1, axis=0), jnp.roll(p, -1, axis=2)
    silent, single, double, pair = units
    return Units(silent[source_BxS.T], single[x, p], double[x, p, next_p], pair[x, next_x, p])


def total(places: Units, source_BxS: jax.Array, target_BxT: jax.Array, join: Callable) -> jax.Array:
    """log Z [B]: of all rows of units where jnp.logaddexp joins ways, jnp.maximum: of the best row.

    Near NEVER where there is no such row.
    """

    def joined(*ways: jax.Array) -> tuple[jax.Array, None]:
        return functools.reduce(join, ways), None

    return _forward(places, source_BxS, target_BxT, joined)[0]


def _forward(
    places: Units, source_BxS: jax.Array, target_BxT: jax.Array, joined: Callable
) -> tuple[jax.Array, Any]:
    """The end of a [B], and what `joined` leaves behind at each letter, stacked over letters.

    joined: makes of the four ways to get on, by kind of unit, [B, T + 1] each, the new a.
    """

    def onward(a_BxT1: jax.Array, phonemes: int, u_BxT: jax.Array) -> jax.Array:
        """On by so many phonemes, of which u is at the first."""
        ends = a_BxT1.shape[1] - phonemes
        a = a_BxT1[:, :ends] + u_BxT[:, :ends]
        return jnp.pad(a, ((0, 0), (phonemes, 0)), constant_values=NEVER)

    def letter(carry, now):
        a_BxT1, before_BxT1, pair_BxT = carry
        x_B, u = now
        ways = a_BxT1 + u.silent[:, None], onward(a_BxT1, 1, u.single), onward(a_BxT1, 2, u.double)
        new_BxT1, left = joined(*ways, onward(before_BxT1, 1, pair_BxT))
        return (jnp.where(x_B[:, None] == PAD, a_BxT1, new_BxT1), a_BxT1, u.pair), left

    nothing_BxT1 = jnp.full((target_BxT.shape[0], target_BxT.shape[1] + 1), NEVER)
    start = nothing_BxT1.at[:, 0].set(0.0), nothing_BxT1, nothing_BxT1[:, 1:]
    (end_BxT1, _, _), left = jax.lax.scan(letter, start, (source_BxS.T, places))
    length_B = jnp.sum(target_BxT != PAD, axis=1)
    return jnp.take_along_axis(end_BxT1, length_B[:, None], axis=1)[:, 0], left


@jax.jit
def expected(units: Units, source_BxS: jax.Array, target_BxT: jax.Array) -> Units:
    """How often each unit is expected in a batch; pairs that no row fits do not count."""

    def log_likelihood(units: Units) -> jax.Array:
        log_z_B = total(at(units, source_BxS, target_BxT), source_BxS, target_BxT, jnp.logaddexp)
        return jnp.sum(jnp.where(log_z_B > NEVER / 2, log_z_B, 0.0))

    return jax.grad(log_likelihood)(units)


def best(units: Units, source_BxS: jax.Array, target_BxT: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The best row: the letters and the phonemes of the unit that begins at each letter, [B, S].

    Letters x and y are the number x G + y, phonemes p V + q, with PAD for what a unit lacks; -1
    where none begins.
    """
    places = at(units, source_BxS, target_BxT)
    # Of two like letters, the second is silent.
    later_Sx1 = 1e-3 * jnp.arange(source_BxS.shape[1])[:, None]
    places = places._replace(silent=places.silent + later_Sx1)

    def chosen(*ways: jax.Array) -> tuple[jax.Array, jax.Array]:
        every = jnp.stack(ways)
        return jnp.max(every, axis=0), jnp.argmax(every, axis=0)

    log_z_B, way_SxBxT1 = _forward(places, source_BxS, target_BxT, chosen)
    fits_B = log_z_B > NEVER / 2

    def back(carry, now):
        phoneme_B, first_B = carry  # how many phonemes are before; whether a pair begins here
        x_B, way_BxT1 = now
        ends_B = (x_B != PAD) & fits_B & ~first_B
        way_B = jnp.take_along_axis(way_BxT1, phoneme_B[:, None], axis=1)[:, 0]
        phoneme_B -= jnp.where(ends_B, jnp.array(SAID)[way_B], 0)
        second_B = ends_B & (way_B == PAIR)
        kind_B = jnp.where(first_B, PAIR, jnp.where(ends_B & ~second_B, way_B, -1))
        return (phoneme_B, second_B), (kind_B, phoneme_B)

    start = jnp.sum(target_BxT != PAD, axis=1), jnp.zeros_like(fits_B)
    found = jax.lax.scan(back, start, (source_BxS.T, way_SxBxT1), reverse=True)[1]
    kind_BxS, place_BxS = jax.tree.map(jnp.transpose, found)

    inventory, phonemes = units.single.shape
    said = lambda later: jnp.take_along_axis(target_BxT, place_BxS + later, axis=1, mode="clip")
    next_BxS = jnp.where(kind_BxS == PAIR, jnp.roll(source_BxS, -1, axis=1), PAD)
    p_BxS = jnp.where(kind_BxS != SILENT, said(0), PAD)
    q_BxS = jnp.where(kind_BxS == DOUBLE, said(1), PAD)
    begins_BxS = kind_BxS >= 0
    letters_BxS = jnp.where(begins_BxS, source_BxS * inventory + next_BxS, -1)
    return letters_BxS, jnp.where(begins_BxS, p_BxS * phonemes + q_BxS, -1)


_best = CachedProgram(best, "best")


def fit(source: Ragged, target: Ragged, letters: int, phonemes: int) -> Units:
    """Log probabilities of units, with which the pairs are most likely.

    Args:
      source, target: ids of letters and of phonemes, without BOS and EOS.
      letters, phonemes: how many ids there are.
    """
    units, large = (Units.full(letters, phonemes, log_p) for log_p in (0.0, LARGE))
    units = units._replace(double=large.double, pair=large.pair)
    batches = list(_batches(source, target))
    for _ in range(ROUNDS):
        seen = Units.full(letters, phonemes, UNSEEN)
        for _, *batch in batches:
            seen = jax.tree.map(jnp.add, seen, expected(units, *batch))
        every = sum(map(jnp.sum, seen))
        units = Units(*(jnp.log(count / every) for count in seen))
    return units


class Asked(NamedTuple):
    """Pairs whose best rows a device looks for, and perhaps has found by now."""

    pairs: int
    batches: list[Any]  # which pairs, and what `best` gives


def ask(units: Units, source: Ragged, target: Ragged) -> Asked:
    """Begins what `align` ends."""
    batches = _batches(source, target)
    return Asked(len(source), [(chosen, _best(units, *both)) for chosen, *both in batches])


def align(units: Units, asked: Asked) -> Ragged:
    """The units of each pair in its best row; none where no row fits.

    A unit is the number ((x G + y) V + p) V + q, with PAD for what it lacks of two letters and two
    phonemes.
    """
    phonemes = units.single.shape[1]
    owners, codes, lengths = [], [], [np.zeros(1, np.int64)]
    for chosen, found in asked.batches:
        pairs = np.count_nonzero(chosen >= 0)
        letters_BxS, said_BxS = (np.asarray(of)[:pairs] for of in found)
        begins_BxS = letters_BxS >= 0
        owners.append(chosen[:pairs])
        lengths.append(begins_BxS.sum(axis=1))
        codes.append(letters_BxS[begins_BxS].astype(np.int64) * phonemes**2 + said_BxS[begins_BxS])
    # The first row is empty: that of pairs in no batch.
    rows = Ragged(np.concatenate([np.zeros(0, np.int64), *codes]), borders(np.concatenate(lengths)))
    where = np.zeros(asked.pairs, np.int64)
    where[np.concatenate(owners)] = 1 + np.arange(len(rows) - 1)
    return rows.take(where)


def _batches(source: Ragged, target: Ragged) -> Iterator[tuple[Array, Ints, Ints]]:
    """Pairs of similar length: which they are, -1 behind them; letters and phonemes, padded.

    Pairs that are longer than any shape are left out.
    """
    shape = np.searchsorted(SHAPES, np.maximum(source.lengths, target.lengths))
    fits = shape < len(SHAPES)
    if len(shape) <= FEW:
        shape[fits] = shape[fits].max(initial=0)
    for s, length in enumerate(SHAPES):
        which = np.flatnonzero(shape == s)
        size = next((n for n in ROWS if len(which) <= n), ROWS[-1])
        for start in range(0, len(which), size):
            chosen = np.full(size, -1)
            part = which[start : start + size]
            chosen[: len(part)] = part
            yield chosen, source.padded(chosen, length), target.padded(chosen, length)
