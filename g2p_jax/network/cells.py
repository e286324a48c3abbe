"""Recurrent cells as pure functions: what happens in one time step.

A cell sees the letter through `gates`, W x + b, which one matmul computes for all time steps before
the loop, and its own past through `recur(name, h)`, U h + c with the recurrent weights of that
name. Both are tuples with an array [B, H] for each gate. Products with `*` are elementwise.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.nn import sigmoid

State = tuple[jax.Array, ...]
Gates = tuple[jax.Array, ...]
Recur = Callable[[str, jax.Array], Gates]


def elman(gates: Gates, recur: Recur, state: State) -> State:
    """Simple recurrent network (Elman, "Finding structure in time", 1990).

    h' = tanh(W x + b + U h + c)
    """
    (h,) = state
    (a,) = gates
    (u,) = recur("h", h)
    return (jnp.tanh(a + u),)


def lstm(gates: Gates, recur: Recur, state: State) -> State:
    """Long short-term memory with forget gate (Hochreiter and Schmidhuber 1997; Gers et al. 2000).

    i, f, o = sigmoid(W x + b + U h + c)     gates in the order i, f, g, o
    g       = tanh(W_g x + b_g + U_g h + c_g)
    c'      = f * c + i * g
    h'      = o * tanh(c')
    """
    h, c = state
    i, f, g, o = (x + u for x, u in zip(gates, recur("h", h), strict=True))
    c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g)
    return sigmoid(o) * jnp.tanh(c), c


def gru(gates: Gates, recur: Recur, state: State) -> State:
    """Gated recurrent unit, reset gate after the matmul, as in cuDNN and PyTorch (Cho et al. 2014).

    r, z = sigmoid(W x + b + U h + c)        gates in the order r, z, n
    n    = tanh(W_n x + b_n + r * (U_n h + c_n))
    h'   = (1 - z) * n + z * h
    """
    (h,) = state
    xr, xz, xn = gates
    hr, hz, hn = recur("h", h)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    n = jnp.tanh(xn + r * hn)
    return ((1 - z) * n + z * h,)


def gru_before(gates: Gates, recur: Recur, state: State) -> State:
    """Gated recurrent unit, reset gate before the matmul: the equation as printed in the lecture.

    r, z = sigmoid(W x + b + U h + c)        gates in the order r, z, n
    n    = tanh(W_n x + b_n + U_n (r * h) + c_n)
    h'   = (1 - z) * n + z * h
    """
    (h,) = state
    xr, xz, xn = gates
    hr, hz = recur("h", h)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    (hn,) = recur("rh", r * h)
    n = jnp.tanh(xn + hn)
    return ((1 - z) * n + z * h,)


class Cell(NamedTuple):
    """A cell, and the sizes of what it needs in units of H."""

    step: Callable[[Gates, Recur, State], State]
    gates: int
    recurrent: dict[str, int]  # gates of each recurrent product
    states: int  # arrays of shape [B, H] in the state; the first is the output


CELLS = {
    "elman": Cell(elman, gates=1, recurrent={"h": 1}, states=1),
    "lstm": Cell(lstm, gates=4, recurrent={"h": 4}, states=2),
    "gru": Cell(gru, gates=3, recurrent={"h": 3}, states=1),
    "gru_before": Cell(gru_before, gates=3, recurrent={"h": 2, "rh": 1}, states=1),
}
