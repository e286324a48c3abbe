"""Ensembles: the members' weights are one tree of arrays with a leading axis.

`vmap` makes one program of all members in a search; for training see `for_each_member` in
train/step.py. Members differ in their first weights, their dropout and the order of their data. In
a search each phoneme has the mean of its probabilities in all members.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from g2p_jax.config import TEACHER_WEIGHT, Config
from g2p_jax.network import seq2seq as models

Params = Any
LEAST = 0.01  # share that a probability keeps at least when smoothing is undone


class OutputTransform(NamedTuple):
    """How the logits of a network, or of several, become probabilities."""

    members: int = 1
    smoothing: float = 0.0  # that its labels had in training
    temperature: float = 1.0

    @classmethod
    def of(cls, config: Config) -> "OutputTransform":
        labels = 1 - TEACHER_WEIGHT if config.train.teacher else 1  # their share of the loss
        return cls(config.ensemble, labels * config.train.label_smoothing, config.temperature)

    def __call__(self, logits: jax.Array) -> jax.Array:
        """[M, ..., V] -> [..., V], logits again; without the axis M of a single member.

        A network that learned with label smoothing s predicts q = (1 - s) p + s / V in place of
        p, so p = (q - s / V) / (1 - s). At least LEAST q is kept, which preserves the order.
        """
        if self.members > 1:
            log_probs = jax.nn.log_softmax(logits)
            logits = jax.nn.logsumexp(log_probs, axis=0) - jnp.log(self.members)
        if self.smoothing:
            q = jax.nn.softmax(logits)
            logits = jnp.log(jnp.maximum(q - self.smoothing / q.shape[-1], LEAST * q))
        return logits / self.temperature


class StepFunctions(NamedTuple):
    """A network with its weights, or several as one, as functions that a search calls."""

    start: Callable[[jax.Array], tuple[Any, Any]]  # source_BxS -> memory; states, rows first
    of: Callable[[Any, jax.Array], Any]  # memory, words -> the memory of these words
    step: Callable[[Any, Any, jax.Array], tuple[Any, jax.Array]]  # -> states, logits_BxV


def step_functions(
    net: models.Seq2Seq, params: Params, transform: OutputTransform
) -> StepFunctions:
    """The network with these weights; with a leading axis of the weights, all members as one."""
    if transform.members == 1:
        apply = functools.partial(net.apply, {"params": params})

        def one_step(memory, states, token_B):
            states, logits_BxV, _ = apply(memory, states, token_B, method="step")
            return states, transform(logits_BxV)

        return StepFunctions(
            start=functools.partial(apply, method="start"),
            of=lambda memory, words: memory.of(words),
            step=one_step,
        )

    def each(method: str, in_axes: Sequence[int | None], out_axes: Any = 0) -> Callable:
        run = lambda params, *args: net.apply({"params": params}, *args, method=method)
        return functools.partial(jax.vmap(run, (0, *in_axes), out_axes), params)

    def step(memory, states, token_B):
        states, logits_MxBxV, _ = each("step", (0, 1, None), (1, 0, 0))(memory, states, token_B)
        return states, transform(logits_MxBxV)

    return StepFunctions(
        start=each("start", (None,), (0, 1)),
        of=lambda memory, words: memory.of(words, axis=1),
        step=step,
    )
