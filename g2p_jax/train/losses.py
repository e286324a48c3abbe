"""Losses as (sum, count): the one division comes after the sum over devices and batches."""

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike


def cross_entropy(
    logits_BxTxV: jax.Array, target_BxT: ArrayLike, weight_BxT: ArrayLike, smoothing: float = 0.0
) -> tuple[jax.Array, jax.Array]:
    """Summed cross entropy in nats, and the sum of the weights.

    With `smoothing` s the target is 1 - s for the true token plus s / V for each of the V
    (Szegedy et al. 2016, section 7).
    """
    loss_BxT = optax.softmax_cross_entropy_with_integer_labels(logits_BxTxV, target_BxT)
    if smoothing:
        uniform_BxT = -jax.nn.log_softmax(logits_BxTxV).mean(axis=-1)
        loss_BxT = (1 - smoothing) * loss_BxT + smoothing * uniform_BxT
    return jnp.sum(loss_BxT * weight_BxT), jnp.sum(weight_BxT)


def soft_cross_entropy(
    logits_BxTxV: jax.Array, teacher_BxTxV: ArrayLike, weight_BxT: ArrayLike
) -> jax.Array:
    """Summed cross entropy in nats with a teacher's probabilities (Hinton et al. 2015)."""
    teacher_BxTxV = jnp.asarray(teacher_BxTxV, logits_BxTxV.dtype)
    return jnp.sum(optax.softmax_cross_entropy(logits_BxTxV, teacher_BxTxV) * weight_BxT)
