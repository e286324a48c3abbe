"""Recurrent cells as pure functions: what happens in one time step.

A cell sees the letter through `gates`, W x + b, which one matmul computes for all time steps
before the loop, and its own past through `recur(name, h, gates)`, which multiplies by the recurrent
weights U, and adds those of the gates that are not None. All states and gates are float32 arrays
[B, H] of batch and hidden units. Products with `*` are elementwise.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

State = tuple[jax.Array, ...]
Gates = tuple[jax.Array, ...]
Recur = Callable[[str, jax.Array, tuple[jax.Array | None, ...]], Gates]


def sigmoid(x: jax.Array) -> jax.Array:
    """1 / (1 + exp(-x)), by a tanh: XLA's takes three quarters of the time on a CPU."""
    return 0.5 * jnp.tanh(0.5 * x) + 0.5


def elman(recur: Recur, gates: Gates, state: State) -> State:
    """h' = tanh(W x + b + U h)   (Elman, "Finding structure in time", 1990)."""
    (h,) = state
    (a,) = recur("h", h, gates)
    return (jnp.tanh(a),)


def lstm(recur: Recur, gates: Gates, state: State) -> State:
    """Long short-term memory with forget gate (Hochreiter and Schmidhuber 1997; Gers et al. 2000).

    i, f, o = sigmoid(W x + b + U h)     gates in the order i, f, g, o
    g       = tanh(W_g x + b_g + U_g h)
    c'      = f * c + i * g
    h'      = o * tanh(c')
    """
    h, c = state
    i, f, g, o = recur("h", h, gates)
    c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g)
    return sigmoid(o) * jnp.tanh(c), c


def gru(recur: Recur, gates: Gates, state: State) -> State:
    """Gated recurrent unit, reset gate after the matmul, as in cuDNN and PyTorch (Cho et al. 2014).

    r, z = sigmoid(W x + b + U h)        gates in the order r, z, n
    n    = tanh(W_n x + b_n + r * (U_n h + c_n))
    h'   = (1 - z) * n + z * h
    """
    (h,) = state
    xr, xz, xn = gates
    r, z, hn = recur("h", h, (xr, xz, None))
    r, z = map(sigmoid, (r, z))
    n = jnp.tanh(xn + r * hn)
    return (n + z * (h - n),)


def gru_before(recur: Recur, gates: Gates, state: State) -> State:
    """Gated recurrent unit, reset gate before the matmul: the equation as printed in the lecture.

    r, z = sigmoid(W x + b + U h)        gates in the order r, z, n
    n    = tanh(W_n x + b_n + U_n (r * h))
    h'   = (1 - z) * n + z * h
    """
    (h,) = state
    xr, xz, xn = gates
    r, z = map(sigmoid, recur("h", h, (xr, xz)))
    (n,) = map(jnp.tanh, recur("rh", r * h, (xn,)))
    return (n + z * (h - n),)


class Cell(NamedTuple):
    """A cell, and the sizes of what it needs in units of H."""

    step: Callable[[Recur, Gates, State], State]
    gates: int  # width of gx
    recurrent: dict[str, int]  # width of each recurrent product
    states: int  # arrays of shape [B, H] in the state; the first is the output


CELLS = {
    "elman": Cell(elman, 1, {"h": 1}, 1),
    "lstm": Cell(lstm, 4, {"h": 4}, 2),
    "gru": Cell(gru, 3, {"h": 3}, 1),
    "gru_before": Cell(gru_before, 3, {"h": 2, "rh": 1}, 1),
}
