"""`jax.lax.scan` with a faster derivative for recurrent networks.

Automatic differentiation adds up the gradient of a weight in the loop: in every step a small
matmul, and a read and a write of the whole gradient. But all steps share the weight, so its
gradient is one sum over time,

    dW = sum_t  x_t^T dy_t        for every product  y_t = x_t W  in the step.

Here the loop only leaves x_t, y_t and dy_t behind, and one large matmul follows it. No product is
computed again on the way back.

To move these arrays takes more time than the mathematics of a cell. So they are rounded to bfloat16
if the products are, one that occurs twice is kept once, and on the way back derivatives are written
over what they were computed from.
"""

import contextvars
import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from g2p_jax.kernels.rounding import to_bfloat16, to_float32

Tree = Any
Step = Callable[[Tree, Tree], tuple[Tree, Tree]]

_call: contextvars.ContextVar[Callable] = contextvars.ContextVar(
    "call", default=lambda function, weights, x: function(weights, x)
)


def reference(
    step: Step, carry: Tree, xs: Tree, reverse: bool = False, dtype: Any = None
) -> tuple[Tree, Tree]:
    """Runs `carry, out = step(carry, x)` over time; returns the last carry and the stacked outs."""
    return jax.lax.scan(step, carry, xs, reverse=reverse)


def shared(function: Callable) -> Callable:
    """Marks a function(weights, x, **options) of weights that all time steps share.

    In a step of `scan`, the gradient of `weights` is computed after the loop, in one call for all
    time steps: so the function accepts one more leading axis of `x`. Elsewhere the mark has no
    effect.
    """

    @functools.wraps(function)
    def marked(weights: Tree, x: Tree, **options: Any) -> Tree:
        return _call.get()(functools.partial(function, **options), weights, x)

    return marked


def scan(
    step: Partial, carry: Tree, xs: Tree, reverse: bool = False, dtype: Any = jnp.float32
) -> tuple[Tree, Tree]:
    """Computes what `reference` does, and its first derivatives.

    Args:
      step: a function with the arrays that all time steps share, weights or an encoded word. It
        uses them only as first arguments of functions that are marked as `shared`.
      dtype: float32, or bfloat16 to round to it all float32 arrays over time. A step computes in
        float32.
    """
    if jax.tree.leaves(xs)[0].shape[0] != 1:
        return _scan(step, carry, xs, reverse, dtype)
    carry, out = step(carry, jax.tree.map(lambda x: x[0], xs))
    return carry, jax.tree.map(lambda x: x[None], out)


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _scan(step, carry, xs, reverse, dtype):
    last, outs = _loop(step, carry, _round(xs, dtype), reverse, dtype)
    return last, _read(outs)


def _scan_forward(step, carry, xs, reverse, dtype):
    xs = _round(xs, dtype)

    def body(carry, x):
        inputs, products = [], []

        def call(function, weights, v):
            inputs.append(v)
            products.append(function(weights, v))
            return products[-1]

        new, out = _run(call, step, carry, x)
        return new, (out, carry, inputs, products)

    last, (outs, *left) = _loop(body, carry, xs, reverse, dtype)
    return (last, _read(outs)), (step, xs, *left)


def _scan_backward(reverse, dtype, residuals, cotangents):
    step, xs, carries, inputs, products = residuals
    dlast, douts = cotangents
    calls: list[Any] = []

    def body(dcarry, at):
        carry, x, products, dout = at

        def replay(carry, x, products):
            known, calls[:] = iter(products), []

            def call(function, weights, v):
                calls.append((function, weights))
                return _recall(function, weights, next(known), v)

            return _run(call, step, carry, x)

        _, pull_back = jax.vjp(replay, carry, x, products)
        dcarry, dx, dproducts = pull_back((dcarry, dout))
        return dcarry, (dx, dproducts)

    # The xs come first. XLA copies an array in each step where several operations may read it; with
    # the products first, it would copy some of a GRU's.
    spent = jax.tree.leaves((xs, products)) if jax.default_backend() == "cpu" else ()
    at = carries, xs, products, _round(douts, dtype)
    dcarry, outs = _loop(body, dlast, at, not reverse, dtype, spent)
    dxs, dproducts = _read(outs)
    return _weight_gradients(step, calls, _read(inputs), dproducts), dcarry, dxs


_scan.defvjp(_scan_forward, _scan_backward)


def _run(call: Callable, step: Step, carry: Tree, x: Tree) -> tuple[Tree, Tree]:
    """One step, whose calls of marked functions become `call(function, weights, x)`."""
    token = _call.set(call)
    try:
        return step(carry, x)
    finally:
        _call.reset(token)


def _weight_gradients(step: Tree, calls: list, inputs: list, dproducts: list) -> Tree:
    """The gradients of what all time steps share, a product of all time steps for each call."""
    arrays, tree = jax.tree.flatten(step)
    gradients: list[Any] = [None] * len(arrays)
    for (function, weights), v, dy in zip(calls, inputs, dproducts, strict=True):
        _, pull_back = jax.vjp(lambda weights: function(weights, v), weights)  # noqa: B023
        for array, gradient in zip(*map(jax.tree.leaves, (weights, *pull_back(dy))), strict=True):
            place = next(n for n, other in enumerate(arrays) if other is array)
            old = gradients[place]
            gradients[place] = gradient if old is None else old + gradient
    return jax.tree.unflatten(tree, gradients)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _recall(function, weights, y, v):
    """`function(weights, v)`, known to be `y`: not computed again, and differentiable in v and y.

    The gradient of the weights is computed from that of y, after the loop.
    """
    return y


def _recall_forward(function, weights, y, v):
    return y, (weights, v)


def _recall_backward(function, residuals, dy):
    weights, v = residuals
    _, pull_back = jax.vjp(functools.partial(function, weights), v)
    return None, dy, *pull_back(dy)


_recall.defvjp(_recall_forward, _recall_backward)


def _loop(
    body: Step,
    carry: Tree,
    xs: Tree,
    reverse: bool,
    dtype: Any,
    spent: Sequence[jax.Array] = (),
) -> tuple[Tree, Tree]:
    """`jax.lax.scan` of rounded arrays; an out that `body` returns several times is kept once.

    spent: those of the xs, in order of preference, that outs of the same shape are written over; an
      array of its own would have to be filled with zeros first.
    """
    arrays, tree = jax.tree.flatten(xs)
    length = arrays[0].shape[0]
    layout: list[Any] = []

    def distinct(carry, at):
        carry, outs = body(carry, _read(jax.tree.unflatten(tree, at)))
        leaves, outs_tree = jax.tree.flatten(outs)
        different = {id(leaf): leaf for leaf in leaves}
        layout[:] = outs_tree, [list(different).index(id(leaf)) for leaf in leaves]
        return carry, _round(list(different.values()), dtype)

    slices = [jax.ShapeDtypeStruct(x.shape[1:], x.dtype) for x in arrays]
    buffers, places = list(arrays), []  # over time: the xs, and the outs in these places
    free = [next(n for n, x in enumerate(arrays) if x is array) for array in spent]
    for out in jax.eval_shape(distinct, carry, slices)[1]:
        fits = (n for n in free if (slices[n].shape, slices[n].dtype) == (out.shape, out.dtype))
        places.append(next(fits, len(buffers)))
        if places[-1] in free:
            free.remove(places[-1])
        else:
            buffers.append(jnp.zeros((length, *out.shape), out.dtype))

    def step(number, state):
        carry, buffers = state
        time = length - 1 - number if reverse else number
        at = [jax.lax.dynamic_index_in_dim(x, time, keepdims=False) for x in buffers]
        carry, outs = distinct(carry, at[: len(arrays)])
        for place, out in zip(places, outs, strict=True):
            buffers[place] = jax.lax.dynamic_update_index_in_dim(buffers[place], out, time, 0)
        return carry, buffers

    carry, buffers = jax.lax.fori_loop(0, length, step, (carry, buffers))
    outs_tree, numbers = layout
    return carry, jax.tree.unflatten(outs_tree, [buffers[places[n]] for n in numbers])


def _round(tree: Tree, dtype: Any) -> Tree:
    """Rounds float32 arrays if `dtype` is bfloat16."""
    wide = lambda x: dtype == jnp.bfloat16 and x.dtype == jnp.float32
    return jax.tree.map(lambda x: to_bfloat16(x) if wide(x) else x, tree)


def _read(tree: Tree) -> Tree:
    """Gives rounded arrays as float32."""
    rounded = lambda x: x.dtype in (jnp.bfloat16, jnp.uint16)
    return jax.tree.map(lambda x: to_float32(x) if rounded(x) else x, tree)
