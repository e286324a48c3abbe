"""Random sequences from a step function."""

import jax
import jax.numpy as jnp

from g2p_jax.data.symbols import EOS, PAD
from g2p_jax.search.hypotheses import State, Step, log_probs


def sample(
    step: Step,
    state: State,
    token_B: jax.Array,
    key: jax.Array,
    length: int,
    temperature: jax.Array | float = 1.0,
    endless: bool = False,
) -> jax.Array:
    """Draws sequences [B, T] of at most `length` tokens, padded with PAD after EOS.

    Args:
      token_B: the last token before them.
      temperature: each token is drawn from P^(1 / temperature).
      endless: for running text, which has no EOS: every sequence has `length` tokens.
    """

    def body(carry, key):
        state, token_B, done_B = carry
        state, logits_BxV = step(state, token_B)
        log_probs_BxV = log_probs(logits_BxV)
        if endless:
            log_probs_BxV = log_probs_BxV.at[:, EOS].set(-jnp.inf)
        token_B = jax.random.categorical(key, log_probs_BxV / temperature).astype(token_B.dtype)
        done_B |= token_B == EOS
        return (state, token_B, done_B), jnp.where(done_B, PAD, token_B)

    carry = state, token_B, jnp.zeros(token_B.shape, bool)
    return jax.lax.scan(body, carry, jax.random.split(key, length))[1].T
