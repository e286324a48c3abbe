"""Dropout (Srivastava et al. 2014): in training, parts of what a layer passes on become zero."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from g2p_jax import config
from g2p_jax.kernels import gates
from g2p_jax.kernels.random_bits import random_bits
from g2p_jax.network.layers import memory_width

Masks = Mapping[str, jax.Array]  # [time, B, width], by place; empty: no dropout


def drop(masks: Masks, place: str, x: jax.Array) -> jax.Array:
    """Dropout with the mask of that place, if there is one."""
    return x * masks[place] if place in masks else x


def decoder_masks(masks: Masks) -> Masks:
    """The masks of the decoder, which have its time steps."""
    return {place: m for place, m in masks.items() if place.startswith(("decoder", "phonemes"))}


def embed(
    table_VxI: jax.Array, tokens: jax.Array, masks: Masks, place: str
) -> jax.Array | gates.Embedded:
    """The vectors of tokens [..., I], with dropout of that place."""
    if place in masks:
        return drop(masks, place, jnp.take(table_VxI, tokens, axis=0))
    return gates.embed(table_VxI, tokens)


def draw_masks(
    settings: config.Model,
    letters: int,
    phonemes: int,
    batch: int,
    key: jax.Array,
    first_row: jax.Array | int = 0,
) -> Masks:
    """Masks for one batch: 0, or 1 / (1 - rate) so that means stay.

    A device that has the rows from `first_row` on of a larger batch draws what one device would
    draw for them.
    """
    masks = {}
    for number, (place, (steps, width, rate)) in enumerate(_places(settings, letters, phonemes)):
        if rate > 0:
            shape = steps, batch, width
            bits = random_bits(jax.random.fold_in(key, number), shape, first_row)
            masks[place] = jnp.where(bits >= np.uint32(rate * 2**32), 1 / (1 - rate), 0.0)
    return masks


def _places(
    settings: config.Model, letters: int, phonemes: int
) -> list[tuple[str, tuple[int, int, float]]]:
    """Where there is dropout: time steps, width and rate."""
    encoder, decoder = settings.encoder_dropout, settings.decoder_dropout
    places = {"phonemes": (phonemes, settings.embedding, settings.embedding_dropout)}
    if settings.encoder_layers:
        places["letters"] = letters, settings.embedding, settings.embedding_dropout
        places["summary"] = 1, memory_width(settings), encoder
    for layer in range(settings.encoder_layers):
        places[f"encoder_{layer}"] = letters, memory_width(settings, layer), encoder
    for layer in range(settings.decoder_layers):
        places[f"decoder_{layer}"] = phonemes, settings.hidden, decoder
    return list(places.items())
