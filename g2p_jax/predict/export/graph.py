"""Builds an ONNX graph node by node."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import GraphProto, ModelProto, TensorProto, helper, numpy_helper

from g2p_jax import __version__

OPSET, IR = 17, 8  # onnxruntime 1.12 and later
FLOAT, BOOL = TensorProto.FLOAT, TensorProto.BOOL
INT, INT32 = TensorProto.INT64, TensorProto.INT32
QUANTIZE = "com.microsoft", 1  # operators of onnxruntime's own, for int8
ZERO_POINT = 128  # of weights in 8 bits, unsigned: all CPUs multiply these without saturation

Array = np.ndarray[Any, Any]


class Graph:
    """A graph, or the body of a loop in one; names are given by it, and are the values.

    precision: of the weights: "float32"; "float16", stored in half the bytes and computed in
      float32; "int8", products with operands of 8 bits.
    """

    def __init__(self, precision: str = "float32", outer: "Graph | None" = None):
        self.precision, self.outer = precision, outer
        self.nodes, self.inputs, self.outputs = [], [], []  # type: ignore[var-annotated]
        self.initializers: list[TensorProto] = [] if outer is None else outer.initializers
        self._count: list[int] = [0] if outer is None else outer._count

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Adds a node with one output; returns the name of that."""
        return self.ops(kind, inputs, 1, **attributes)[0]

    def ops(self, kind: str, inputs: Sequence[str], count: int, **attributes: Any) -> list[str]:
        """Adds a node with `count` outputs."""
        names = [self._name(kind) for _ in range(count)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def constant(self, value: Any, dtype: Any = None) -> str:
        """Adds an array as it is; Python's numbers become int64 or float32."""
        array = np.asarray(value, dtype)
        if dtype is None and array.dtype == np.float64:
            array = array.astype(np.float32)
        name = self._name("constant")
        self.initializers.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def weight(self, array: Array) -> str:
        """Adds a float32 array in fewer bytes, unless the precision is float32."""
        if self.precision == "float32" or array.ndim < 2:
            return self.constant(array)
        half = self._root().constant(array, np.float16)
        return self._root().op("Cast", half, to=FLOAT)

    def matmul(self, x: str, w_IxO: Array) -> str:
        """x W, of x with any leading axes."""
        if self.precision != "int8":
            return self.op("MatMul", x, self.weight(w_IxO))
        w_u8, scale_O = quantized(w_IxO)
        x_u8, scale, zero = self.ops("DynamicQuantizeLinear", [x], 3)
        w = self.constant(w_u8), zero, self.constant(ZERO_POINT, np.uint8)
        product = self.op("Cast", self.op("MatMulInteger", x_u8, *w), to=FLOAT)
        return self.op("Mul", product, self.op("Mul", scale, self.constant(scale_O)))

    def affine(self, x: str, w: dict[str, Array], rows: slice = slice(None)) -> str:
        """x W + b, with these rows of W."""
        return self.op("Add", self.matmul(x, w["w"][rows]), self.constant(w["b"]))

    def input(self, name: str, dtype: int, shape: Sequence[int | str] | None) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        return name

    def output(self, name: str, value: str, dtype: int, shape: Sequence[int | str] | None) -> None:
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, dtype, shape))

    def proto(self, name: str) -> GraphProto:
        own = [] if self.outer else self.initializers
        return helper.make_graph(self.nodes, name, self.inputs, self.outputs, own)

    def model(self, name: str, about: dict[str, str]) -> ModelProto:
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(*QUANTIZE)]
        whole = helper.make_model(
            self.proto(name), opset_imports=opsets, ir_version=IR, producer_name="g2p_jax",
            producer_version=__version__,
        )  # fmt: skip
        helper.set_model_props(whole, about)
        return whole

    def _name(self, kind: str) -> str:
        self._count[0] += 1
        return f"{kind}_{self._count[0]}"

    def _root(self) -> "Graph":
        return self if self.outer is None else self.outer._root()


def quantized(w_IxO: Array) -> tuple[Array, Array]:
    """Returns a matrix in 8 bits around ZERO_POINT, and the scale of each column."""
    scale_O = np.maximum(np.abs(w_IxO).max(axis=0), 1e-8).astype(np.float32) / 127
    return (np.rint(w_IxO / scale_O) + ZERO_POINT).astype(np.uint8), scale_O
