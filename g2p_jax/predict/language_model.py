"""A trained language model: how probable is a pronunciation, or a text, and what it invents."""

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from g2p_jax import config as config_lib
from g2p_jax.data.pairs import Pair
from g2p_jax.data.symbols import EOS, PAD, Symbols
from g2p_jax.errors import ModelError, UserError
from g2p_jax.network import seq2seq as models
from g2p_jax.predict import model_file
from g2p_jax.predict.model_file import Params
from g2p_jax.scoring import Examination
from g2p_jax.search.sampling import sample

ROWS, CHUNK = 64, 32  # of what is scored at once; longer sequences go on from chunk to chunk
LONGEST = 40  # phonemes of an invented pronunciation
MOST_ROWS = 4096  # that are drawn together


class Likelihood(NamedTuple):
    """How probable a sequence is, its end included unless it is text."""

    nats: float  # -log P
    tokens: int

    @property
    def perplexity(self) -> float:
        return math.exp(self.nats / max(self.tokens, 1))

    @property
    def bits(self) -> float:
        """For each token."""
        return self.nats / max(self.tokens, 1) / math.log(2)

    def __add__(self, other: Any) -> "Likelihood":
        return Likelihood(self.nats + other.nats, self.tokens + other.tokens)


class LanguageModel:
    """A trained language model.

    >>> lm = g2p_jax.language.load("runs/phoneme_lm")
    >>> lm.score("HH AH L OW").perplexity
    """

    use = "python -m g2p_jax generate --ckpt={}"

    def __init__(self, config: config_lib.Config, symbols: Symbols, params: Params):
        self.config, self.symbols, self.params = config, symbols, jax.device_put(params)
        self.text = config.data.format == "text"
        self.between = "" if self.text or config.data.spelling else " "

    def tokens(self, sequence: str) -> tuple[str, ...]:
        """Phonemes between spaces, or characters. UserError for unknown ones."""
        tokens = tuple(sequence.split() if self.between else sequence)
        for token in tokens:
            if token not in self.symbols.phonemes.ids:
                raise UserError(f"{token!r} in {sequence[:60]!r}: the model has never seen it")
        return tokens

    def score(self, sequence: str) -> Likelihood:
        return self.score_all([self.tokens(sequence)])[0]

    def score_all(self, sequences: Iterable[Sequence[str]]) -> list[Likelihood]:
        """The likelihood of each sequence of tokens; unknown ones count as one symbol, UNK."""
        end = [] if self.text else [EOS]
        ids = [[*self.symbols.phonemes.encode(tokens), *end] for tokens in sequences]
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        nats = np.zeros(len(ids))
        for start in range(0, len(ids), ROWS):
            part = order[start : start + ROWS]
            nats[part] = self._nats([ids[i] for i in part])
        return [Likelihood(float(n), len(row)) for n, row in zip(nats, ids, strict=True)]

    def _nats(self, ids: Sequence[Sequence[int]]) -> np.ndarray:
        """-log P of each of at most ROWS sequences."""
        length = -(-max(map(len, ids)) // CHUNK) * CHUNK
        target = np.full((ROWS, length), PAD, np.int32)
        for row, sequence in enumerate(ids):
            target[row, : len(sequence)] = sequence
        carry, nats = models.initial_carry(self.config.model, ROWS), np.zeros(ROWS)
        for start in range(0, length, CHUNK):
            part = target[:, start : start + CHUNK]
            more, carry = reader(self._network)(self.params, carry, part)
            nats += np.asarray(more)
        return nats[: len(ids)]

    def sample(
        self,
        count: int = 1,
        temperature: float = 1.0,
        seed: int = 0,
        prompt: str = "",
        length: int = LONGEST,
    ) -> list[str]:
        """Invents sequences that begin with `prompt`; phonemes are joined by spaces.

        Draws them `MOST_ROWS` at a time.

        Args:
          temperature: P^(1 / temperature): below 1 more probable, above 1 more surprising ones.
          length: the most tokens after the prompt; of a text, exactly so many.
        """
        begun = self.symbols.phonemes.encode(self.tokens(prompt))
        draw = sampler(self._network, min(count, MOST_ROWS), length, self.text)
        decode, drawn, key = self.symbols.phonemes.decode, [], jax.random.key(seed)
        for part in range(-(-count // MOST_ROWS)):
            key_of = jax.random.fold_in(key, part)
            rows = np.asarray(draw(self.params, np.array(begun, np.int32), key_of, temperature))
            drawn += [self.between.join(decode([*begun, *row[row != PAD]])) for row in rows]
        return drawn[:count]

    def examine(self, pairs: Sequence[Pair], watch: Sequence[str]) -> Examination:
        """What it invents after each epoch; of words there is nothing to score."""
        length = 200 if self.text else LONGEST
        invented = self.sample(1 if self.text else len(watch), 0.8, length=length)
        return Examination({}, "", "\n    ".join(map(str.strip, invented)))

    def save(self, path: Path, dtype: str = "float32") -> None:
        model_file.write(path, self.config, self.symbols, self.params, dtype)

    @property
    def _network(self) -> models.DecoderOnly:
        return model_file.network(self.config, self.symbols)  # type: ignore[return-value]


def load(path: str | Path) -> LanguageModel:
    """Reads a language model: the file, or the folder that `train.py` wrote; raises ModelError."""
    config, symbols, params, _ = model_file.read(path)
    if config.model.encoder_layers:
        raise ModelError(f"{path}: a model that reads words: python predict.py --ckpt={path} hello")
    return LanguageModel(config, symbols, params)


@functools.cache
def reader(net: models.DecoderOnly) -> Callable:
    """(params, carry, target_BxT) -> -log P of each row's tokens [B], carry."""

    @jax.jit
    def read(params, carry, target_BxT):
        source = jnp.zeros((len(target_BxT), 0), jnp.int32)
        logits, carry = net.apply(
            {"params": params, **carry}, source, target_BxT, mutable=list(carry)
        )
        nats_BxT = optax.softmax_cross_entropy_with_integer_labels(logits, target_BxT)
        return jnp.sum(nats_BxT * (target_BxT != PAD), axis=-1), carry

    return read


@functools.cache
def sampler(net: models.DecoderOnly, rows: int, length: int, endless: bool) -> Callable:
    """(params, prompt_P, key, temperature) -> tokens [B, T]."""

    @jax.jit
    def draw(params, prompt_P, key, temperature):
        ready = net.apply({"params": params}, rows, method="ready")

        def step(states, token_B):
            return net.apply({"params": params}, ready, states, token_B, method="step")

        def read(carry, token):
            states, before_B = carry
            return (step(states, before_B)[0], jnp.full(rows, token)), None

        begun = models.initial_carry(net.settings, rows)["carry"]["last"]
        (states, token_B), _ = jax.lax.scan(read, begun, prompt_P)
        return sample(step, states, token_B, key, length, temperature, endless)

    return draw
