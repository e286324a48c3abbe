"""Matrix products with operands in one type and sums in float32.

Operands of half the width double the speed of the matrix units of TPUs, GPUs and recent CPUs; sums,
states, softmax and loss stay in float32, where small differences survive.
"""

import functools

import jax
import jax.numpy as jnp

from g2p_jax.devices import cpu
from g2p_jax.kernels.rounding import to_bfloat16
from g2p_jax.kernels.scan import shared

Weights = tuple[jax.Array, jax.Array]  # a matrix and a bias


def operand_dtype(name: str = "auto") -> jnp.dtype:
    """The type of matmul operands: "float32", "bfloat16", or "auto".

    "auto" is bfloat16 where the hardware multiplies it faster than float32: TPU, GPU, some CPUs.
    """
    if name != "auto":
        return jnp.dtype(name)
    fast = jax.default_backend() != "cpu" or cpu.multiplies_bfloat16()
    return jnp.dtype("bfloat16" if fast else "float32")


def reference(x: jax.Array, w: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """Rounds both operands to `dtype` and multiplies them in float32."""
    x, w = (operand.astype(dtype).astype(jnp.float32) for operand in (x, w))
    return jnp.dot(x, w)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def matmul(x: jax.Array, w: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """x[..., i] w[i, o] -> [..., o] with operands in `dtype`, summed and returned in float32.

    The derivative keeps to that: autodiff would multiply a float32 cotangent by a bfloat16
    operand, which no matrix unit does.
    """
    return product(x, w, ((x.ndim - 1,), (0,)), dtype)


def matmul_transposed(y: jax.Array, w: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """y[..., o] w[i, o] -> [..., i], as `matmul`."""
    return product(y, w, ((y.ndim - 1,), (1,)), dtype)


def _matmul_forward(x, w, dtype):
    return matmul(x, w, dtype), (x, w)


def _matmul_backward(dtype, residuals, dy):
    # Contractions are spelled out, not transposed: XLA's CPU backend has fast bfloat16 kernels for
    # these forms, but computes `dy @ w.T` and `x.T @ dy` in float32.
    x, w = residuals
    leading = tuple(range(x.ndim - 1))
    dw = product(x, dy, (leading, leading), dtype)
    return matmul_transposed(dy, w, dtype).astype(x.dtype), dw.astype(w.dtype)


matmul.defvjp(_matmul_forward, _matmul_backward)


def product(x: jax.Array, y: jax.Array, contract: tuple, dtype: jnp.dtype) -> jax.Array:
    """The product that sums over these axes of x and of y."""
    x, y = _operand(x, dtype), _operand(y, dtype)
    return jax.lax.dot_general(x, y, (contract, ((), ())), preferred_element_type=jnp.float32)


def _operand(x: jax.Array, dtype: jnp.dtype) -> jax.Array:
    if x.dtype != jnp.float32 or dtype != jnp.bfloat16:
        return x.astype(dtype)
    return jax.lax.bitcast_convert_type(to_bfloat16(x), jnp.bfloat16)


def affine(weights: Weights, x: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """x W + b over the last axis of x."""
    w, b = weights
    return matmul(x, w, dtype) + jnp.expand_dims(b, tuple(range(x.ndim - 1)))


linear = shared(affine)
