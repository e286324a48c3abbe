"""Recurrence: a cell in all time steps of a sequence, in one direction."""

import functools
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from g2p_jax.kernels.gates import Embedded, gates
from g2p_jax.kernels.parameters import weight
from g2p_jax.kernels.scan import scan
from g2p_jax.network.cells import CELLS, Cell, Gates, State

CellStep = Callable[[Gates, State], State]


def cell_step(cell: Cell, dtype: Any, u: dict[str, Any], gates_BxH: Gates, state: State) -> State:
    """One step of a cell with these recurrent weights."""

    def recur(name: str, h: jax.Array) -> Gates:
        return gates(u[name], h, count=cell.recurrent[name], dtype=dtype)

    return cell.step(gates_BxH, recur, state)


def masked(step: CellStep, state: State, x: tuple[Gates, Any]) -> tuple[State, jax.Array]:
    """One step of a loop: the new state, and its output; a padded step copies its state through.

    So right-padded words need no flipping for the reverse direction.
    """
    gates_BxH, mask_Bx1 = x
    new = step(gates_BxH, state)
    if mask_Bx1 is not None:
        new = jax.tree.map(lambda n, s: jnp.where(mask_Bx1, n, s), new, state)
    return new, new[0]


class Recurrent(nn.Module):
    """One recurrent layer in one direction."""

    cell: str
    inputs: int
    hidden: int
    dtype: Any
    kernel_init: Any = nn.initializers.glorot_uniform()
    recurrent_init: Any = nn.initializers.orthogonal()

    def setup(self) -> None:
        cell, zeros = CELLS[self.cell], nn.initializers.zeros
        self.w = weight(self, "w", self.kernel_init, (self.inputs, cell.gates * self.hidden))
        self.b = weight(self, "b", zeros, (cell.gates * self.hidden,))
        self.u = {
            name: (
                weight(self, f"u_{name}", self.recurrent_init, (self.hidden, width * self.hidden)),
                weight(self, f"c_{name}", zeros, (width * self.hidden,)),
            )
            for name, width in cell.recurrent.items()
        }

    def gates(self, x: jax.Array | Embedded) -> Gates:
        """W x + b of all time steps. Inputs that x leaves out, at its end, count as zero."""
        width = (x.table_VxI if isinstance(x, Embedded) else x).shape[-1]
        weights = self.w[:width], self.b
        return gates(weights, x, count=CELLS[self.cell].gates, dtype=self.dtype)

    @property
    def step(self) -> CellStep:
        """(gates, state) -> state: a pure function with this layer's weights."""
        return Partial(functools.partial(cell_step, CELLS[self.cell], self.dtype), self.u)

    def unroll(
        self,
        gates_TxBxH: Gates,
        state: State | None = None,
        mask_TxB: jax.Array | None = None,
        reverse: bool = False,
    ) -> tuple[State, jax.Array]:
        """The last state, and the outputs [T, B, H]; without a state it starts from zeros."""
        if state is None:
            zeros = jnp.zeros((gates_TxBxH[0].shape[1], self.hidden))
            state = (zeros,) * CELLS[self.cell].states
        xs = gates_TxBxH, None if mask_TxB is None else mask_TxB[..., None]
        return scan(Partial(masked, self.step), state, xs, reverse, self.dtype)

    def __call__(self, x_TxBxI: jax.Array | Embedded, *args: Any, **kwargs: Any) -> Any:
        """`unroll`, given the inputs."""
        return self.unroll(self.gates(x_TxBxI), *args, **kwargs)
