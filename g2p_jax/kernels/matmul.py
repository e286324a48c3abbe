"""Matrix products with operands in one type and sums in float32.

Half-width operands double the speed of the matrix units of TPUs, GPUs and recent CPUs; sums,
states, softmax and loss stay in float32, where small differences survive.
"""

import functools
import platform
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from g2p_jax.devices.versions import CPU_MULTIPLIES_BFLOAT16


def operand_dtype(name: str = "auto") -> jnp.dtype:
    """The type of matmul operands: "float32", "bfloat16", or "auto".

    "auto" is bfloat16 where the hardware multiplies it faster than float32: TPU, GPU, and x86 CPUs
    with AMX, or of AMD with AVX-512 BF16. Intel's without AMX have those instructions, too, but
    there a step of training takes 1.4 times as long as in float32; elsewhere they are emulated.
    """
    if name != "auto":
        return jnp.dtype(name)
    cpu_is_fast = CPU_MULTIPLIES_BFLOAT16 and _cpu_multiplies_bfloat16()
    fast = jax.default_backend() != "cpu" or cpu_is_fast
    return jnp.dtype("bfloat16" if fast else "float32")


@functools.cache
def _cpu_multiplies_bfloat16() -> bool:
    if platform.system() != "Linux":
        return False
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        about = dict(
            line.split("\t", 1) for line in file if line.startswith(("vendor_id", "flags"))
        )
    flags = about.get("flags", "").split()
    amd = "AuthenticAMD" in about.get("vendor_id", "")
    return "amx_bf16" in flags or (amd and "avx512_bf16" in flags)


def to_bfloat16(x: jax.Array) -> jax.Array:
    """A float32 array in bfloat16, to be kept; on a CPU as integers of the same 16 bits.

    XLA's CPU backend knows bfloat16 in matrix products only, and elsewhere, even where an array is
    merely moved, goes by way of float32: a loop that leaves such arrays behind takes three times
    as long as with these integers (jax 0.10). The rounding is that of `astype`: to the nearest,
    ties to even.
    """
    if jax.default_backend() != "cpu":
        return x.astype(jnp.bfloat16)
    bits = jax.lax.bitcast_convert_type(x, jnp.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(jnp.uint16)


def to_float32(x: jax.Array) -> jax.Array:
    """What `half` made, in float32."""
    if x.dtype == jnp.bfloat16:
        return x.astype(jnp.float32)
    return jax.lax.bitcast_convert_type(x.astype(jnp.uint32) << 16, jnp.float32)


def concatenate(xs: Sequence[jax.Array], dtype: Any = jnp.float32) -> jax.Array:
    """Arrays side by side, rounded to `dtype`: in bfloat16 there are half the bytes to move."""
    if dtype != jnp.bfloat16:
        return jnp.concatenate(xs, axis=-1)
    return _rounded_concatenate(tuple(x.shape[-1] for x in xs), tuple(xs))


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _rounded_concatenate(widths: tuple[int, ...], xs: tuple[jax.Array, ...]) -> jax.Array:
    return to_float32(jnp.concatenate([to_bfloat16(x) for x in xs], axis=-1))


def _rounded_concatenate_forward(widths, xs):
    return _rounded_concatenate(widths, xs), None


def _rounded_concatenate_backward(widths, _, dy):
    return (tuple(jnp.split(dy, np.cumsum(widths)[:-1], axis=-1)),)


_rounded_concatenate.defvjp(_rounded_concatenate_forward, _rounded_concatenate_backward)


def _operand(x: jax.Array, dtype: jnp.dtype) -> jax.Array:
    if x.dtype != jnp.float32 or dtype != jnp.bfloat16:
        return x.astype(dtype)
    return jax.lax.bitcast_convert_type(to_bfloat16(x), jnp.bfloat16)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def matmul(x: jax.Array, w: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """x[..., i] w[i, o] -> [..., o] with operands in `dtype`, summed and returned in float32.

    The derivative keeps to that: autodiff would multiply a float32 cotangent by a bfloat16
    operand, which no matrix unit does.
    """
    return jnp.dot(_operand(x, dtype), _operand(w, dtype), preferred_element_type=jnp.float32)


def _matmul_forward(x, w, dtype):
    return matmul(x, w, dtype), (x, w)


def _matmul_backward(dtype, residuals, dy):
    # Contractions are spelled out, not transposed: XLA's CPU backend has fast bfloat16 kernels for
    # these forms, but computes `dy @ w.T` and `x.T @ dy` in float32.
    x, w = residuals
    leading = tuple(range(x.ndim - 1))
    dw = jax.lax.dot_general(
        _operand(x, dtype),
        _operand(dy, dtype),
        ((leading, leading), ((), ())),
        preferred_element_type=jnp.float32,
    )
    return matmul_back(dy, w, dtype).astype(x.dtype), dw.astype(w.dtype)


matmul.defvjp(_matmul_forward, _matmul_backward)


def matmul_back(y: jax.Array, w: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """y[..., o] w[i, o] -> [..., i], as `matmul`."""
    contract = ((y.ndim - 1,), (1,)), ((), ())
    return jax.lax.dot_general(
        _operand(y, dtype), _operand(w, dtype), contract, preferred_element_type=jnp.float32
    )


def linear(x: jax.Array, w: jax.Array, b: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """x W + b over the last axis of x."""
    return matmul(x, w, dtype) + jnp.expand_dims(b, tuple(range(x.ndim - 1)))


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def gates(
    x: jax.Array, w: jax.Array, b: jax.Array, count: int, dtype: jnp.dtype
) -> tuple[jax.Array, ...]:
    """x W + b, cut into `count` arrays: a loop reads them faster than slices of one array."""
    return tuple(jnp.split(linear(x, w, b, dtype), count, axis=-1))


def _gates_forward(x, w, b, count, dtype):
    return gates(x, w, b, count, dtype), (x, w)


def _gates_backward(count, dtype, residuals, dys):
    db = jnp.concatenate([dy.sum(tuple(range(dy.ndim - 1))) for dy in dys])
    return *_matmul_backward(dtype, residuals, concatenate(dys, dtype)), db


gates.defvjp(_gates_forward, _gates_backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def look_up(table_VxI: jax.Array, tokens: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """The table's rows of the tokens [...]: [..., I].

    Its derivative adds rows up by a matmul with operands in `dtype`, as one-hot rows times dy:
    for the few symbols of an alphabet that is faster than to add one row after the other.
    """
    return jnp.take(table_VxI, tokens, axis=0, mode="clip")


def _look_up_forward(table_VxI, tokens, dtype):
    return look_up(table_VxI, tokens, dtype), (tokens, len(table_VxI))


def _look_up_backward(dtype, residuals, dy):
    tokens, rows = residuals
    leading = tuple(range(tokens.ndim))
    which = jax.nn.one_hot(tokens, rows, dtype=dtype)
    contract = ((leading, leading), ((), ()))
    total = jax.lax.dot_general(
        which, _operand(dy, dtype), contract, preferred_element_type=jnp.float32
    )
    return total.astype(dy.dtype), None


look_up.defvjp(_look_up_forward, _look_up_backward)
