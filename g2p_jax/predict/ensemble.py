"""New models of trained ones: ensembles, and models with a joint n-gram model."""

import dataclasses
from collections.abc import Iterable, Mapping

import jax
import numpy as np

from g2p_jax.data.pairs import Pair
from g2p_jax.errors import UserError
from g2p_jax.joint import storage
from g2p_jax.predict.g2p import G2P


def join(models: Mapping[str, G2P]) -> G2P:
    """Returns one ensemble of all members of the models, with the joint n-gram model they share.

    UserError, with the name, for a model that differs from the first in more than its weights, or
    from another in its n-gram model.
    """
    first, *_ = models
    for name, model in models.items():
        for what, value in _same(model).items():
            if value != _same(models[first])[what]:
                raise UserError(f"{name} has other {what} than {first}: train them alike")
    if len(models) == 1:
        return models[first]
    joints = {name: model.joint for name, model in models.items() if model.joint}
    chosen = next(iter(joints), first)
    for name, joint in joints.items():
        if not storage.equal(joint, joints[chosen]):
            raise UserError(
                f"{name} has another joint n-gram model than {chosen}: --ngram=8 counts a new one"
            )
    trees = [
        jax.tree.map(lambda w: np.asarray(w)[None], model.params)
        if model.config.ensemble == 1
        else jax.device_get(model.params)
        for model in models.values()
    ]
    params = jax.tree.map(lambda *ws: np.concatenate(ws), *trees)
    count = sum(model.config.ensemble for model in models.values())
    ngram = models[chosen].config.ngram
    config = dataclasses.replace(models[first].config, ensemble=count, ngram=ngram, temperature=1.0)
    of_chosen = models[chosen].joint
    return dataclasses.replace(models[first], config=config, params=params, joint=of_chosen)


def _same(model: G2P) -> dict[str, object]:
    """Properties that all models of an ensemble share."""
    return {
        "settings of the network": model.config.model,
        "label smoothing": model.config.train.label_smoothing,
        "symbols": model.symbols,
    }


def with_joint(g2p: G2P, pairs: Iterable[Pair], order: int) -> G2P:
    """Returns the model with a joint n-gram model that is fitted to the pairs."""
    joint = storage.fit(pairs, g2p.symbols, order)
    config = dataclasses.replace(g2p.config, ngram=order, temperature=1.0)
    return dataclasses.replace(g2p, config=config, joint=joint)
