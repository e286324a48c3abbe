"""Unrolls a recurrent step over time, with one fast derivative for every recurrence.

Backpropagation through time by plain autodiff of `lax.scan` adds each step's share of the weight
gradients inside the loop: a small matmul, and a read and a write of the whole gradient, for every
letter. But the gradient of a weight that all steps share is one sum over time,

    dW = sum_t  x_t^T dy_t        for every product  y_t = x_t W  in the step,

so the loop only has to leave x_t and dy_t behind, and one large matmul does the rest. Therefore a
step does not touch the weights: it calls `apply(name, x_t)`, and `scan` decides when the product,
and when its derivative, is computed. Nor is a product computed again on the way back: the forward
loop keeps y_t.

What is left behind takes more time than the mathematics of a cell. So there is little of it: in
bfloat16 if the products are, of a sum y_t + a_t the sum alone, and, on the way back, derivatives
are written over what they were computed from.
"""

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from g2p_jax.kernels.matmul import to_bfloat16, to_float32

Tree = Any
Map = Callable[[Tree, Tree], Tree]
Apply = Callable[..., Tree]
Step = Callable[[Apply, Tree, Tree], tuple[Tree, Tree]]


class Rounded(NamedTuple):
    """An array that was rounded to bfloat16."""

    half: jax.Array


def scan(
    step: Step,
    maps: Mapping[str, Map],
    shared: Mapping[str, Tree],
    carry: Tree,
    xs: Tree,
    reverse: bool = False,
    dtype: Any = jnp.float32,
) -> tuple[Tree, Tree]:
    """`lax.scan` of `carry, out = step(apply, carry, x)`, whose weight gradients are one matmul.

    Args:
      step: may use `shared` only through `apply(name, v)`, once per name, which gives
        `maps[name](shared[name], v)`, or with `apply(name, v, addends)` their sum as `plus` gives
        it; it must not close over traced arrays.
      maps: for each name a pure function of (shared, v) that accepts one more leading axis on v:
        the gradient of `shared` is taken of all time steps in one call.
      shared: what every time step reads: weights, or an encoded word that attention looks at.
      carry: the state before the first step.
      xs: the inputs of each step, time first.
      reverse: run from the last time step to the first.
      dtype: float32, or bfloat16 to round to it all float32 arrays over time: xs, outs, their
        derivatives, and what the loop leaves behind for them. Steps compute in float32.

    Returns:
      The last carry and the outs stacked over time: what `jax.lax.scan` returns, with the same
      derivatives (first derivatives only).
    """
    return _scan(step, tuple(maps.items()), reverse, dtype, dict(shared), carry, xs)


def plus(ys: Tree, addends: Sequence[jax.Array | None] | None, add: Callable = jnp.add) -> Tree:
    """The sums y + a, a tuple; y where there is no addend, and all ys as they are without any."""
    if addends is None:
        return ys
    return tuple(y if a is None else add(y, a) for y, a in zip(ys, addends, strict=True))


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1, 2, 3))
def _scan(step, maps, reverse, dtype, shared, carry, xs):
    functions = dict(maps)

    def apply(name, v, addends=None):
        return plus(functions[name](shared[name], v), addends)

    body = functools.partial(step, apply)
    last, outs = _loop(body, carry, _keep(xs, dtype), reverse, dtype)
    return last, _read(outs)


def _scan_forward(step, maps, reverse, dtype, shared, carry, xs):
    functions, xs = dict(maps), _keep(xs, dtype)

    def body(carry, x):
        inputs, sums = {}, {}

        def apply(name, v, addends=None):
            inputs[name], sums[name] = v, plus(functions[name](shared[name], v), addends)
            return sums[name]

        new, out = step(apply, carry, x)
        return new, (out, carry, inputs, sums)

    last, (outs, *left) = _loop(body, carry, xs, reverse, dtype)
    return (last, _read(outs)), (shared, xs, *left)


def _scan_backward(step, maps, reverse, dtype, residuals, cotangents):
    shared, xs, carries, inputs, sums = residuals
    functions = dict(maps)
    dlast, douts = cotangents

    def body(dcarry, at):
        carry, x, sums, dout = at

        def replay(carry, x, sums):
            def apply(name, v, addends=None):
                y = _recall(functions[name], shared[name], v, sums[name])
                return plus(y, addends, _recall_sum)

            return step(apply, carry, x)

        _, pull_back = jax.vjp(replay, carry, x, sums)
        dcarry, dx, dsums = pull_back((dcarry, dout))
        return dcarry, (dx, dsums)

    at = carries, xs, sums, _keep(douts, dtype)
    # One from each in turn, since XLA copies a whole array in each step where several operations
    # may read it: that is the last gate of a GRU, but neither of the first two.
    pairs = itertools.zip_longest(jax.tree.leaves(sums), jax.tree.leaves(xs))
    spent = [array for pair in pairs for array in pair if array is not None]
    dcarry, found = _loop(body, dlast, at, not reverse, dtype, spent)
    dxs, dsums = _read(found)
    dshared = {}
    for name, v in _read(inputs).items():
        _, pull_back = jax.vjp(functools.partial(_swapped, functions[name], v), shared[name])
        (dshared[name],) = pull_back(dsums[name])
    return dshared, dcarry, dxs


def _loop(
    body: Callable,
    carry: Tree,
    xs: Tree,
    reverse: bool,
    dtype: Any,
    spent: Sequence[jax.Array] = (),
) -> tuple[Tree, Tree]:
    """`jax.lax.scan`, whose xs and outs are kept in `dtype`.

    An array that `body` returns several times is stacked once: a state is often what a product
    reads, too, and two gates often have the same derivative.

    spent: those of the xs, in order of preference, that outs of the same shape may be written over.
      A stack of its own would have to be filled with zeros first.
    """
    arrays, tree = jax.tree.flatten(xs)
    structure: list[Any] = []

    def once(carry, at):
        carry, outs = body(carry, _read(jax.tree.unflatten(tree, at)))
        leaves, outs_tree = jax.tree.flatten(outs)
        different = {id(leaf): leaf for leaf in leaves}
        structure[:] = outs_tree, [list(different).index(id(leaf)) for leaf in leaves]
        return carry, _keep(list(different.values()), dtype)

    if spent and jax.default_backend() == "cpu":
        last, stacked = _scan_over(once, carry, arrays, reverse, spent)
    else:
        last, stacked = jax.lax.scan(once, carry, arrays, reverse=reverse)
    outs_tree, places = structure
    return last, jax.tree.unflatten(outs_tree, [stacked[place] for place in places])


def _scan_over(body, carry, arrays, reverse, spent):
    """`jax.lax.scan` of lists of arrays, which writes outs over `spent` ones of the arrays."""
    slices = [jax.ShapeDtypeStruct(x.shape[1:], x.dtype) for x in arrays]
    outs, outs_tree = jax.tree.flatten(jax.eval_shape(body, carry, slices)[1])
    numbers = {id(array): number for number, array in enumerate(arrays)}
    left = list(dict.fromkeys(numbers[id(x)] for x in spent))
    over: dict[int, int] = {}  # for an out the array that it is written over
    for number, out in enumerate(outs):
        for place in left:
            if (slices[place].shape, slices[place].dtype) == (out.shape, out.dtype):
                over[number] = place
                left.remove(place)
                break

    def step(state, x):
        (carry, buffers), (time, at) = state, x
        for place, buffer in buffers.items():
            at[place] = jax.lax.dynamic_index_in_dim(buffer, time, keepdims=False)
        carry, outs = body(carry, [at[place] for place in range(len(arrays))])
        outs = dict(enumerate(jax.tree.leaves(outs)))
        for number, place in over.items():
            out = outs.pop(number)
            buffers[place] = jax.lax.dynamic_update_index_in_dim(buffers[place], out, time, 0)
        return (carry, buffers), outs

    buffers = {place: arrays[place] for place in over.values()}
    rest = {place: array for place, array in enumerate(arrays) if place not in buffers}
    times = jnp.arange(len(arrays[0]))
    (carry, buffers), found = jax.lax.scan(step, (carry, buffers), (times, rest), reverse=reverse)
    found |= {number: buffers[place] for number, place in over.items()}
    return carry, jax.tree.unflatten(outs_tree, [found[number] for number in range(len(outs))])


def _keep(tree: Tree, dtype: Any) -> Tree:
    def keep(x: jax.Array) -> Any:
        return Rounded(to_bfloat16(x)) if dtype == jnp.bfloat16 and x.dtype == jnp.float32 else x

    return jax.tree.map(keep, tree)


def _read(tree: Tree) -> Tree:
    kept = lambda x: isinstance(x, Rounded)
    return jax.tree.map(lambda x: to_float32(x.half) if kept(x) else x, tree, is_leaf=kept)


def _swapped(function, v, shared):
    return function(shared, v)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _recall(function, shared, v, y):
    """`function(shared, v)`, known to be `y`: not computed again, and still differentiable in v."""
    return y


def _recall_forward(function, shared, v, y):
    return y, (shared, v)


def _recall_backward(function, residuals, dy):
    shared, v = residuals
    _, pull_back = jax.vjp(functools.partial(function, shared), v)
    return None, *pull_back(dy), dy  # `shared` gets its gradient from dy, after the loop


@jax.custom_vjp
def _recall_sum(y, addend):
    """A sum, known to be `y`, and differentiable in the addend, too."""
    return y


def _recall_sum_forward(y, addend):
    return y, None


def _recall_sum_backward(_, dy):
    return dy, dy


_scan.defvjp(_scan_forward, _scan_backward)
_recall.defvjp(_recall_forward, _recall_backward)
_recall_sum.defvjp(_recall_sum_forward, _recall_sum_backward)
