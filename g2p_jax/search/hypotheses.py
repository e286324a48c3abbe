"""Types that all searches share: the probability of the next phoneme, and the result."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.export
import jax.numpy as jnp

from g2p_jax.data.symbols import BOS, PAD, UNK

State = Any
Step = Callable[..., tuple[State, jax.Array]]


class Hypotheses(NamedTuple):
    """The N best pronunciations of each word, best first."""

    tokens_BxNxT: jax.Array  # without EOS, padded with PAD
    log_prob_BxN: jax.Array  # of the whole pronunciation and its end; -inf: there is none


jax.export.register_namedtuple_serialization(
    Hypotheses, serialized_name="g2p_jax.search.Hypotheses"
)


def log_probs(logits: jax.Array) -> jax.Array:
    """Returns log P of each next token [..., V]; PAD, BOS and UNK are impossible."""
    never = jnp.isin(jnp.arange(logits.shape[-1]), jnp.array([PAD, BOS, UNK]))
    never = jnp.expand_dims(never, tuple(range(logits.ndim - 1)))
    return jax.nn.log_softmax(jnp.where(never, -jnp.inf, logits))
