"""A trained language model: the probability of a pronunciation or a text, and random samples."""

import dataclasses
import functools
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from g2p_jax.config import Config
from g2p_jax.data.buckets import padded_batches
from g2p_jax.data.ragged import Array, Ints, Ragged
from g2p_jax.data.symbols import EOS, PAD, Symbols
from g2p_jax.devices import forks
from g2p_jax.errors import ModelError, UserError, checked
from g2p_jax.network.language_model import DecoderOnly, initial_carry
from g2p_jax.predict import model_file
from g2p_jax.predict.model_file import Params, Stored
from g2p_jax.search.sampling import sample

ROWS, CHUNK = 64, 32  # of a batch to score; a longer sequence is read chunk after chunk
LONGEST = 40  # phonemes of a sample
MOST_ROWS = 4096  # samples that are drawn together


class Likelihood(NamedTuple):
    """How probable a sequence is, with its end unless it is running text."""

    nats: float  # -log P
    tokens: int

    @property
    def perplexity(self) -> float:
        return math.exp(self.nats / max(self.tokens, 1))

    @property
    def bits(self) -> float:
        """Bits per token."""
        return self.nats / max(self.tokens, 1) / math.log(2)

    def __add__(self, other: Any) -> "Likelihood":
        return Likelihood(self.nats + other.nats, self.tokens + other.tokens)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class LanguageModel:
    """A trained language model, which never changes.

    lm = g2p_jax.LanguageModel.load("runs/phoneme_lm")
    lm.score("HH AH L OW").perplexity
    """

    config: Config
    symbols: Symbols
    params: Params

    def __new__(cls, *args: Any, **kwargs: Any) -> "LanguageModel":
        if args and not isinstance(args[0], Config):
            raise TypeError(f"LanguageModel is made of weights; use .load({args[0]!r})")
        return super().__new__(cls)

    @classmethod
    @checked
    def load(cls, path: str | Path) -> "LanguageModel":
        """Reads the file, or the folder that `train.py` wrote; raises ModelError."""
        config, symbols, params, _ = model_file.read(path)
        if config.model.encoder_layers:
            raise ModelError(
                f"{path}: a model that reads words: python -m g2p_jax predict --ckpt={path} hello"
            )
        return cls(config, symbols, params)

    @property
    def text(self) -> bool:
        """Whether it models running text, which has no end, and not pronunciations or words."""
        return self.config.data.format == "text"

    @checked
    def tokens(self, sequence: str) -> tuple[str, ...]:
        """Splits a sequence: phonemes between spaces, or characters. UserError for unknown ones."""
        tokens = tuple(sequence.split() if self._separator else sequence)
        for token in tokens:
            if token not in self.symbols.phonemes.ids:
                raise UserError(f"{token!r} in {sequence[:60]!r}: the model has never seen it")
        return tokens

    @checked
    def score(self, sequence: str) -> Likelihood:
        """Returns the likelihood of a sequence; UserError for unknown tokens."""
        return self.score_all([self.tokens(sequence)])[0]

    @checked
    def score_all(self, sequences: Iterable[Sequence[str]]) -> list[Likelihood]:
        """Returns the likelihood of each sequence of tokens; unknown ones count as UNK."""
        end = [] if self.text else [EOS]
        encode = self.symbols.phonemes.encode
        rows = Ragged.from_lists([[*encode(tokens), *end] for tokens in sequences])
        longest, nats = int(rows.lengths.max(initial=1)), np.zeros(len(rows))
        buckets = range(CHUNK, longest + CHUNK, CHUNK)
        for index_B, target_BxT in padded_batches([rows], buckets, ROWS):
            chosen = index_B[index_B >= 0]
            nats[chosen] = self._nats(target_BxT)[: len(chosen)]
        return [Likelihood(*one) for one in zip(nats.tolist(), rows.lengths.tolist(), strict=True)]

    def _nats(self, target_BxT: Ints) -> Array:
        """Returns -log P of each row."""
        carry, nats_B = initial_carry(self.config.model, ROWS), np.zeros(ROWS)
        for start in range(0, target_BxT.shape[1], CHUNK):
            chunk_BxT = target_BxT[:, start : start + CHUNK]
            more_B, carry = reader(self._network)(self._placed, carry, chunk_BxT)
            nats_B += np.asarray(more_B)
        return nats_B

    @checked
    def sample(
        self,
        count: int = 1,
        temperature: float = 1.0,
        seed: int = 0,
        prompt: str = "",
        length: int = LONGEST,
    ) -> list[str]:
        """Draws sequences that begin with `prompt`; phonemes are joined by spaces.

        Args:
          temperature: P^(1 / temperature): below 1 more probable, above 1 more surprising ones.
          length: the most tokens after the prompt; of a text, exactly so many.
        """
        if count < 1 or length < 1 or not 0 < temperature < math.inf:
            found = f"count is {count}, length is {length}, temperature is {temperature}"
            raise UserError(f"{found}: must be at least 1, at least 1 and more than 0")
        start = self.symbols.phonemes.encode(self.tokens(prompt))
        draw = sampler(self._network, min(count, MOST_ROWS), length, self.text)
        decode, samples, key = self.symbols.phonemes.decode, list[str](), jax.random.key(seed)
        for number in range(-(-count // MOST_ROWS)):
            part_key = jax.random.fold_in(key, number)
            rows = np.asarray(draw(self._placed, np.array(start, np.int32), part_key, temperature))
            samples += (self._separator.join(decode([*start, *row[row != PAD]])) for row in rows)
        return samples[:count]

    @checked
    def save(self, path: str | Path, dtype: str = "float32") -> None:
        """Writes the model as one file, which appears at once or not at all."""
        model_file.write(Path(path), Stored(self.config, self.symbols, self.params), dtype)

    __getstate__ = model_file.to_pickle

    @property
    def _placed(self) -> Params:
        forks.check()
        return self._on_device

    @functools.cached_property
    def _on_device(self) -> Params:
        return jax.device_put(self.params)

    @property
    def _separator(self) -> str:
        return "" if self.text or self.config.data.spelling else " "

    @functools.cached_property
    def _network(self) -> DecoderOnly:
        return model_file.network(self.config, self.symbols)  # type: ignore[return-value]


@functools.cache
def reader(net: DecoderOnly) -> Callable:
    """Returns the program (params, carry, target_BxT) -> -log P of each row's tokens [B], carry."""

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
def sampler(net: DecoderOnly, rows: int, length: int, endless: bool) -> Callable:
    """Returns the program (params, prompt_T, key, temperature) -> tokens [B, length]."""

    @jax.jit
    def draw(params, prompt_T, key, temperature):
        memory = net.apply({"params": params}, rows, method="start")

        def step(states, token_B):
            return net.apply({"params": params}, memory, states, token_B, method="step")

        def read(carry, token):
            states, before_B = carry
            return (step(states, before_B)[0], jnp.full(rows, token)), None

        start = initial_carry(net.settings, rows)["carry"]["last"]
        (states, token_B), _ = jax.lax.scan(read, start, prompt_T)
        return sample(step, states, token_B, key, length, temperature, endless)

    return draw
