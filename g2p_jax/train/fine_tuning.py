"""Fine-tuning: training begins with the weights of another model (config.train.init).

The run's symbols are those of that model, and after them those that only its own data have. So a
weight of the model keeps its place, and what stands behind it is as random as in any other run.
"""

import dataclasses
from typing import Any

import jax
import numpy as np
import optax

from g2p_jax.config import Config, settings
from g2p_jax.errors import ConfigError
from g2p_jax.predict import model_file
from g2p_jax.predict.model_file import Stored
from g2p_jax.train.step import State

# Settings that may differ: they do not change which weights there are.
FREE = "encoder_dropout", "decoder_dropout", "embedding_dropout", "init_normal"
SAME_DATA = "data.unicode", "data.source", "data.target", "data.stress", "data.spelling"


def initial_model(config: Config) -> Stored | None:
    """The model of config.train.init, or None; ModelError, ConfigError for other settings."""
    if not config.train.init:
        return None
    stored = model_file.read(config.train.init)
    theirs, ours = ({name: x for name, _, x in settings(c)} for c in (stored.config, config))
    needed = [
        f"--config.{name}={theirs[name]}"
        for name in theirs
        if (name.startswith("model.") and name.removeprefix("model.") not in FREE)
        or name in (*SAME_DATA, "ensemble")
        if theirs[name] != ours[name]
    ]
    if needed:
        raise ConfigError(
            f"config.train.init={config.train.init}: that model has other settings; give "
            f"{' '.join(needed)}, or use --config=configs/finetune.py"
        )
    return stored


def begin_with(
    model: Stored | None, start: State, optimizer: optax.GradientTransformation, members: int
) -> State:
    """The start of a run, with the weights of the model, if any, in place of the random ones."""
    if model is None:
        return start

    def place(new: Any, old: np.ndarray) -> np.ndarray:
        new = np.array(new)
        new[tuple(map(slice, old.shape))] = old
        return new

    params = jax.tree.map(place, start.params, model.params)
    init = optimizer.init if members == 1 else jax.vmap(optimizer.init)
    return dataclasses.replace(start, params=params, opt_state=jax.jit(init)(params))
