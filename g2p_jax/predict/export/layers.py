"""The network as ONNX nodes: the same equations as in `g2p_jax/network`, of padded words.

Names of values carry the axes of the arrays, as arrays do elsewhere.
"""

from typing import Any

import numpy as np

from g2p_jax.predict.export.graph import QUANTIZE, ZERO_POINT, Array, Graph, quantized
from g2p_jax.runtime import LIKELY, TINY

GATES = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2), "gru_before": (1, 0, 2), "elman": (0,)}  # order
NEVER = -1e9  # a score whose softmax is zero
Weights = dict[str, Any]


def encoder_layer(
    g: Graph, cell: str, weights: list[Weights], direction: str, x_SxBxI: str, length_B: str
) -> tuple[str, list[str]]:
    """Outputs [S, D, B, H] and last states [D, B, H] of a layer, with D directions."""
    reordered = [_reordered(cell, w) for w in weights]
    w, u, b = (np.stack(each) for each in zip(*reordered, strict=True))
    hidden, states = w.shape[1] // len(GATES[cell]), 2 if cell == "lstm" else 1
    options: Any = {"hidden_size": hidden, "direction": direction}
    if cell == "lstm" and g.precision == "int8":
        parts = [_quantized_gates(each) for each in (w, u)]
        (w_q, w_scale), (u_q, u_scale) = parts
        zero = g.constant(np.full(w_scale.shape, ZERO_POINT), np.uint8)
        inputs = [x_SxBxI, g.constant(w_q), g.constant(u_q), g.constant(b), length_B, "", "", ""]
        inputs += [g.constant(w_scale), zero, g.constant(u_scale), zero]
        outputs = g.ops("DynamicQuantizeLSTM", inputs, 3, domain=QUANTIZE[0], **options)
    else:
        kind = {"elman": "RNN", "lstm": "LSTM"}.get(cell, "GRU")
        options |= {"linear_before_reset": int(cell == "gru")} if kind == "GRU" else {}
        inputs = [x_SxBxI, g.weight(w), g.weight(u), g.constant(b), length_B]
        outputs = g.ops(kind, inputs, 1 + states, **options)
    return outputs[0], outputs[1:]


def _reordered(cell: str, w: Weights) -> tuple[Array, Array, Array]:
    """Returns W, U and both biases with the gates in the order of ONNX, transposed."""
    u, c = w["u_h"], w["c_h"]
    if cell == "gru_before":
        u, c = np.concatenate([u, w["u_rh"]], 1), np.concatenate([c, w["c_rh"]])
    order = list(GATES[cell])
    gates = lambda x: np.concatenate([np.split(x.T, len(order))[place] for place in order])
    return gates(w["w"]), gates(u), np.concatenate([gates(w["b"]), gates(c)])


def _quantized_gates(w_DxGxI: Array) -> tuple[Array, Array]:
    """Returns matrices as DynamicQuantizeLSTM reads them: [D, I, G], and scales [D, G]."""
    each = [quantized(w_GxI.T) for w_GxI in w_DxGxI]
    return np.stack([w for w, _ in each]), np.stack([scale for _, scale in each])


def cell_step(g: Graph, cell: str, x_RxG: str, w: Weights, states: list[str]) -> list[str]:
    """The new states; x is W x + b of the input."""
    h = states[0]
    split = lambda x, count: g.ops("Split", [x], count, axis=-1)
    recur = lambda name, x: g.op("Add", g.matmul(x, w[f"u_{name}"]), g.constant(w[f"c_{name}"]))
    sigmoid, tanh = (lambda x, kind=kind: g.op(kind, x) for kind in ("Sigmoid", "Tanh"))
    add, mul = (lambda x, y, kind=kind: g.op(kind, x, y) for kind in ("Add", "Mul"))
    if cell == "elman":
        return [tanh(add(x_RxG, recur("h", h)))]
    if cell == "lstm":
        i, f, candidate, o = split(add(x_RxG, recur("h", h)), 4)
        c = add(mul(sigmoid(f), states[1]), mul(sigmoid(i), tanh(candidate)))
        return [mul(sigmoid(o), tanh(c)), c]
    xr, xz, xn = split(x_RxG, 3)
    hr, hz, *hn = split(recur("h", h), 3 if cell == "gru" else 2)
    r, z = sigmoid(add(xr, hr)), sigmoid(add(xz, hz))
    n = tanh(add(xn, mul(r, hn[0]) if hn else recur("rh", mul(r, h))))
    return [add(n, mul(z, g.op("Sub", h, n)))]  # (1 - z) n + z h


def context(g: Graph, weights_RxS: str, values_RxSxE: str) -> str:
    """c = sum_s alpha_s m_s."""
    one = g.constant([1])
    row_Rx1xS = g.op("Unsqueeze", weights_RxS, one)
    return g.op("Squeeze", g.op("MatMul", row_Rx1xS, values_RxSxE), one)


def dot_scores(g: Graph, keys_RxSxH: str, bias_RxS: str, h_RxH: str) -> str:
    last = g.constant([2])
    products = g.op("MatMul", keys_RxSxH, g.op("Unsqueeze", h_RxH, last))
    return g.op("Add", g.op("Squeeze", products, last), bias_RxS)


def additive_scores(g: Graph, keys_RxSxH: str, decoder: Weights, h_RxH: str, kind: str) -> str:
    query = g.op("Unsqueeze", g.affine(h_RxH, decoder["query"]), g.constant([1]))
    activation = "Relu" if kind == "additive_relu" else "Tanh"
    active = g.op(activation, g.op("Add", query, keys_RxSxH))
    scores = g.op("MatMul", active, g.constant(decoder["v"][:, None]))
    return g.op("Squeeze", scores, g.constant([2]))


def masked_softmax(g: Graph, scores: str, real: str) -> str:
    return g.op("Softmax", g.op("Where", real, scores, g.constant(NEVER)), axis=-1)


def monotonic(
    g: Graph,
    scores_RxS: str,
    mask_RxS: str,
    jump_J: Array,
    place_RxL: str,
    joint_RxLxV: str,
    token_R: str,
) -> tuple[str, str, str]:
    """P(at letter s) [R, L] of the likely letters, these letters, and all as [R, L, 1] places.

    See `MonotonicDecoder.step`.
    """
    one, two = g.constant([1]), g.constant([2])
    shape_L = g.op("Shape", place_RxL)
    token_RxLx1 = g.op("Unsqueeze", token_R, g.constant([1, 2]))
    token_RxLx1 = g.op("Expand", token_RxLx1, g.op("Concat", shape_L, one, axis=0))
    before_RxL = g.op("Squeeze", g.op("GatherElements", joint_RxLxV, token_RxLx1, axis=2), two)
    before_RxL = g.op("Add", before_RxL, g.constant(TINY))
    total = g.op("ReduceSum", before_RxL, one, keepdims=1)
    letters = g.op("Squeeze", g.op("Shape", scores_RxS, start=1), g.constant([0]))
    every_S = g.op("Range", g.constant(0), letters, g.constant(1))
    apart_RxLxS = g.op("Sub", every_S, g.op("Unsqueeze", place_RxL, two))
    zero, last = g.constant(0), g.constant(len(jump_J) - 1)
    near = g.op("Min", g.op("Max", apart_RxLxS, zero), last)
    jump = g.op("Gather", g.constant(jump_J), near)
    scores = g.op("Add", g.op("Unsqueeze", scores_RxS, one), jump)
    onward = g.op("GreaterOrEqual", apart_RxLxS, zero)
    onward = g.op("And", onward, g.op("Unsqueeze", mask_RxS, one))
    prior_RxS = context(g, g.op("Div", before_RxL, total), masked_softmax(g, scores, onward))
    most = g.op("Min", g.op("Shape", scores_RxS, start=1), g.constant([LIKELY]))
    likely_RxL, place_RxL = g.ops("TopK", [prior_RxS, most], 2, axis=1)
    return likely_RxL, place_RxL, g.op("Unsqueeze", place_RxL, two)


def at_places(g: Graph, values_RxSxE: str, place_RxLx1: str) -> str:
    """The rows [R, L, E] of the letters at these places."""
    return g.op("GatherND", values_RxSxE, place_RxLx1, batch_dims=1)
