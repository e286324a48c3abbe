"""Unrolls a recurrent step over time, with one fast derivative for every recurrence.

Backpropagation through time by plain autodiff of `lax.scan` adds each step's share of the weight
gradients inside the loop: a small matmul, and a read and a write of the whole gradient, for every
letter. But the gradient of a weight that all steps share is one sum over time,

    dW = sum_t  x_t^T dy_t        for every product  y_t = x_t W  in the step,

so the loop only has to leave x_t and dy_t behind, and one large matmul does the rest. Therefore a
step does not touch the weights: it calls `apply(name, x_t)`, and `scan` decides when the product,
and when its derivative, is computed. Nor is a product computed again on the way back: the forward
loop keeps y_t.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax

Tree = Any
Map = Callable[[Tree, Tree], Tree]
Apply = Callable[[str, Tree], Tree]
Step = Callable[[Apply, Tree, Tree], tuple[Tree, Tree]]


def scan(
    step: Step,
    maps: Mapping[str, Map],
    shared: Mapping[str, Tree],
    carry: Tree,
    xs: Tree,
    reverse: bool = False,
) -> tuple[Tree, Tree]:
    """`lax.scan` of `carry, out = step(apply, carry, x)`, whose weight gradients are one matmul.

    Args:
      step: may use `shared` only through `apply(name, v)`, once per name, which gives
        `maps[name](shared[name], v)`; it must not close over traced arrays.
      maps: for each name a pure function of (shared, v) that accepts one more leading axis on v:
        the gradient of `shared` is taken of all time steps in one call.
      shared: what every time step reads: weights, or an encoded word that attention looks at.
      carry: the state before the first step.
      xs: the inputs of each step, time first.
      reverse: run from the last time step to the first.

    Returns:
      The last carry and the outs stacked over time: what `jax.lax.scan` returns, with the same
      derivatives (first derivatives only).
    """
    return _scan(step, tuple(maps.items()), reverse, dict(shared), carry, xs)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1, 2))
def _scan(step, maps, reverse, shared, carry, xs):
    functions = dict(maps)

    def body(carry, x):
        return step(lambda name, v: functions[name](shared[name], v), carry, x)

    return jax.lax.scan(body, carry, xs, reverse=reverse)


def _scan_forward(step, maps, reverse, shared, carry, xs):
    functions = dict(maps)

    def body(carry, x):
        tape = {}

        def apply(name, v):
            y = functions[name](shared[name], v)
            tape[name] = v, y
            return y

        new, out = step(apply, carry, x)
        return new, (out, carry, tape)

    last, (outs, carries, tape) = _scan_once(body, carry, xs, reverse)
    return (last, outs), (shared, carries, xs, tape)


def _scan_once(body: Callable, carry: Tree, xs: Tree, reverse: bool) -> tuple[Tree, Tree]:
    """`jax.lax.scan` of a body that may return an array several times: it is stacked once.

    A state is often what a product reads, too, and two gates often have the same derivative.
    """
    structure: list[Any] = []

    def once(carry, x):
        carry, outs = body(carry, x)
        leaves, tree = jax.tree.flatten(outs)
        different = {id(leaf): leaf for leaf in leaves}
        structure[:] = tree, [list(different).index(id(leaf)) for leaf in leaves]
        return carry, list(different.values())

    last, stacked = jax.lax.scan(once, carry, xs, reverse=reverse)
    tree, places = structure
    return last, jax.tree.unflatten(tree, [stacked[place] for place in places])


def _scan_backward(step, maps, reverse, residuals, cotangents):
    shared, carries, xs, tape = residuals
    functions = dict(maps)
    dlast, douts = cotangents

    def body(dcarry, inputs):
        carry, x, tape, dout = inputs

        def replay(carry, x, products):
            def apply(name, v):
                return _recall(functions[name], shared[name], v, products[name])

            return step(apply, carry, x)

        products = {name: y for name, (_, y) in tape.items()}
        _, pull_back = jax.vjp(replay, carry, x, products)
        dcarry, dx, dproducts = pull_back((dcarry, dout))
        return dcarry, (dx, dproducts)

    steps = carries, xs, tape, douts
    dcarry, (dxs, dproducts) = _scan_once(body, dlast, steps, not reverse)
    dshared = {}
    for name, (vs, _) in tape.items():
        _, pull_back = jax.vjp(functools.partial(_swapped, functions[name], vs), shared[name])
        (dshared[name],) = pull_back(dproducts[name])
    return dshared, dcarry, dxs


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


_scan.defvjp(_scan_forward, _scan_backward)
_recall.defvjp(_recall_forward, _recall_backward)
