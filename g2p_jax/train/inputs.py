"""The training data of a run: words with pronunciations as batches, or one long text as chunks."""

import itertools
from typing import Any, NamedTuple

import numpy as np
from absl import logging

from g2p_jax.config import Config
from g2p_jax.data import splits
from g2p_jax.data.batches import Batches, Examples
from g2p_jax.data.buckets import choose_buckets
from g2p_jax.data.chunks import Chunks
from g2p_jax.data.language_lexicons import balanced, named_as
from g2p_jax.data.pairs import Pairs
from g2p_jax.data.symbols import Symbols
from g2p_jax.devices import hosts
from g2p_jax.errors import DataError, counted
from g2p_jax.network.language_model import initial_carry
from g2p_jax.predict.model_file import Stored
from g2p_jax.train.distillation import teacher_probabilities
from g2p_jax.train.fine_tuning import initial_model

DEV_BUCKETS = 2
ENOUGH = 100  # words of a lexicon, of which the default share makes dev words
MOST_DEV = 5000  # words to evaluate an epoch on, from all over the dev data
LONGEST = 1000  # tokens of an example: a batch is as long as its longest one, in all its arrays


class Inputs(NamedTuple):
    """The data of a run, encoded as batches; each process has its own rows of them."""

    splits: splits.Splits
    symbols: Symbols
    train: Batches | Chunks
    dev: Batches | Chunks
    initial: Stored | None  # the model whose weights training begins with
    carry: Any  # of a text: what a language model remembers before it; else empty


def load_inputs(config: Config) -> Inputs:
    """Reads the data that the config names; raises DataError, or ConfigError for its teacher."""
    logging.info("reading %s", config.data.train)
    data, settings, initial = splits.load(config.data), config.data, initial_model(config)
    if initial and initial.symbols.languages:
        data = splits.Splits(*named_as(initial.symbols.languages, data))
    if not data.dev:
        raise DataError(
            f"none of {counted(len(data.train), 'word')} is a dev word: take {ENOUGH} words or "
            "more, name a file of them (config.data.dev), or hold out a larger share "
            "(config.data.dev_share)"
        )
    if len(data.dev) > MOST_DEV:
        dev = splits.some(data.dev, MOST_DEV)
        logging.info("an epoch is evaluated on %d of %d dev words", len(dev), len(data.dev))
        data = data._replace(dev=dev)
    train = Pairs.of(itertools.chain(data.train, data.extra)) if data.extra else data.train
    if initial:
        symbols = initial.symbols.extended(train)
    else:
        symbols = Symbols.from_pairs(train, settings.unicode, *settings.tokens)
    text = settings.format == "text"
    return Inputs(
        data,
        symbols,
        train=_batches(config, symbols, train, training=True),
        dev=_batches(config, symbols, data.dev),
        initial=initial,
        carry=initial_carry(config.model, config.train.batch_size) if text else {},
    )


def _batches(
    config: Config, symbols: Symbols, pairs: Pairs, training: bool = False
) -> Batches | Chunks:
    settings, size = config.train, config.train.batch_size
    rows = hosts.rows(size)
    if config.data.format == "text":
        ids = symbols.encode_targets(pairs).ids[:-1]  # a text goes on: it has no EOS
        return Chunks(ids, config.data.chunk, size, rows)
    if not config.model.encoder_layers:  # a language model reads no words
        pairs = pairs.without_words()
    examples = _not_too_long(Examples.from_pairs(pairs, symbols), pairs)
    if training and config.data.source == "language":
        examples = examples.take(balanced(examples.source.first))
    lengths = choose_buckets(examples.lengths, settings.buckets if training else DEV_BUCKETS)
    taught = training and settings.teacher
    table = teacher_probabilities(settings.teacher, examples, symbols) if taught else None
    return Batches(examples, lengths, size, settings.seed, config.ensemble, rows, table)


def _not_too_long(examples: Examples, pairs: Pairs) -> Examples:
    """The examples without those longer than LONGEST, which are logged."""
    too_long = np.flatnonzero(examples.lengths > LONGEST)
    if not len(too_long):
        return examples
    word, count = pairs[pairs.owners[too_long[0]]].word, f"{len(too_long):,} of {len(examples):,}"
    if len(too_long) == len(examples):
        raise DataError(f"all {len(examples):,} examples are longer than {LONGEST:,} tokens")
    logging.warning("left out %s examples, longer than %d tokens: %.40r", count, LONGEST, word)
    return examples.take(np.flatnonzero(examples.lengths <= LONGEST))
