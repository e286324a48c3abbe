"""Training steps as train.py makes them, to be measured: the same batches, state and program."""

import time
from collections.abc import Sequence
from itertools import islice
from typing import Any

import jax
import numpy as np

from g2p_jax import config as config_lib
from g2p_jax.data import splits
from g2p_jax.data.batches import Batch, Batches, Examples
from g2p_jax.data.buckets import choose_buckets
from g2p_jax.data.symbols import Symbols
from g2p_jax.network.language_model import Network
from g2p_jax.network.layers import memory_width
from g2p_jax.predict.model_file import network
from g2p_jax.train.optimizer import make_optimizer
from g2p_jax.train.placement import Placement
from g2p_jax.train.step import init_state, make_train_step

STEPS = 10_000  # of the run that the measured steps are taken from: for the learning rate only


def load(config: config_lib.Config) -> tuple[Symbols, Examples]:
    """The training data of the config."""
    pairs, data = splits.load(config.data).train, config.data
    symbols = Symbols.from_pairs(pairs, data.unicode, data.source, data.target)
    return symbols, Examples.from_pairs(pairs, symbols)


def batches_of(examples: Examples, settings: config_lib.Train, rows: int = 0) -> Batches:
    """In buckets; of so many rows, 0: as the settings say."""
    lengths = choose_buckets(examples.lengths, settings.buckets)
    return Batches(examples, lengths, rows or settings.batch_size, settings.seed)


def sample(batches: Batches, count: int) -> list[Batch]:
    """The first of an epoch, in its order."""
    return list(islice(batches.epoch(0), count))


def resized(batch: Batch, rows: int, members: int = 1) -> Batch:
    """The first rows, or all of them again and again; for each member of an ensemble the same.

    So what differs in size still has the same words in the same shares, and as much padding.
    """
    batch = jax.tree.map(lambda x: np.resize(x, (rows, *x.shape[1:])), batch)
    if members == 1:
        return batch
    return jax.tree.map(lambda x: np.broadcast_to(x, (members, *x.shape)), batch)


class TrainStep:
    """The state of a run, and its step on these devices."""

    def __init__(
        self,
        config: config_lib.Config,
        net: Network,
        devices: Sequence[jax.Device],
        members: int = 1,
        apart: bool = False,
    ):
        """apart: the devices share an ensemble's members, not their rows."""
        optimizer, placement = (
            make_optimizer(config.train, STEPS),
            Placement(devices, members, apart),
        )
        state = init_state(net, optimizer, config.train.seed, members)
        self.parameters = sum(x.size for x in jax.tree.leaves(state.params)) // members
        self.state, self.shard = placement.put(state), placement.shard
        shared = placement.members, placement.share_members
        step = make_train_step(net, optimizer, config.train, *shared)
        self.step = placement.compile(step)

    def run(self, batches: Sequence[Batch]) -> float:
        """Seconds for these steps, from the batches on the host to the last state's end.

        The loss is fetched one step late, as the training loop does.
        """
        start, pending = time.perf_counter(), None
        for batch in batches:
            self.state, metrics = self.step(self.state, self.shard(batch))
            if pending is not None:
                float(pending)
            pending = metrics["loss"]
        jax.block_until_ready(self.state)
        return time.perf_counter() - start


def parameters_of(net: Network) -> Any:
    """The shapes of its weights; no device is touched."""
    token = np.ones((1, 1), np.int32)
    return jax.eval_shape(lambda: net.init(jax.random.key(0), token, token))["params"]


def float32_network(config: config_lib.Config, symbols: Symbols) -> Network:
    """The network without asking a device for its best type."""
    settings = config_lib.from_dict(config_lib.to_dict(config))
    settings.train.dtype = "float32"
    return network(settings, symbols)


def flops_per_word(net: Network, length: int) -> float:
    """Of the matmuls of a step: two for each weight and use, and the backward pass twice that."""
    uses, settings = 0, net.settings
    for path, weight in jax.tree_util.tree_leaves_with_path(parameters_of(net)):
        name = jax.tree_util.keystr(path)
        if weight.ndim == 2 and "embedding" not in name:
            uses += weight.size * (1 if "bridge" in name else length)
    if settings.attention != "none":
        uses += 2 * length**2 * memory_width(settings)  # scores and context
    return 3 * 2 * uses
