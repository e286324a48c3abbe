"""Writes a model as StableHLO, which XLA compiles anywhere, with the batch and length open."""

import dataclasses
from pathlib import Path

import jax
import jax.export
import jax.numpy as jnp

from g2p_jax.data.symbols import PAD
from g2p_jax.files import atomic_write
from g2p_jax.network.ensemble import OutputTransform, step_functions
from g2p_jax.network.monotonic import LIKELY
from g2p_jax.network.seq2seq import Seq2Seq
from g2p_jax.predict import model_file
from g2p_jax.predict.searching import phoneme_limit
from g2p_jax.search.greedy import greedy

PLATFORMS = "cpu", "cuda", "tpu"
README = """# A pronunciation model as StableHLO

`greedy.jax` is a program of `jax.export`, for {platforms}. It needs JAX, but not g2p_jax:

```python
import jax
import jax.export
import numpy as np

with open("greedy.jax", "rb") as file:
    program = jax.export.deserialize(bytearray(file.read()))
letters = np.zeros((words, longest), np.int32)  # numbers of letters.txt; 0 fills up short words
phonemes, log_prob = program.call(letters)  # numbers of phonemes.txt, 0 behind them; log P
```

The number of words is open, and that of letters from {least} on. A word without letters has no
phonemes. `greedy.mlir` is the same as a
portable artifact of StableHLO, for other compilers of XLA's kind.

Written by JAX {jax}. JAX promises that later versions read it for six months, and versions that are
at most three weeks older, too: https://docs.jax.dev/en/latest/export/export.html. Keep the model
file, and export it again.

The phonemes are those of greedy search by the network alone, in float32: the joint n-gram model,
beam search and spelling rules are those of g2p_jax.
"""


def write(model: Path, folder: Path) -> None:
    """Writes greedy.jax, greedy.mlir, and a README into the folder."""
    stored = model_file.read(model)
    config = stored.config
    config = dataclasses.replace(config, train=dataclasses.replace(config.train, dtype="float32"))
    transform = OutputTransform.of(config)
    if stored.joint:  # the temperature is that of both models together
        transform = transform._replace(temperature=1.0)
    net = model_file.network(config, stored.symbols)
    params = jax.tree.map(jnp.asarray, stored.params)

    def pronounce(letters_BxS: jax.Array) -> tuple[jax.Array, jax.Array]:
        assert isinstance(net, Seq2Seq)
        functions = step_functions(net, params, transform)
        memory, start = functions.start(letters_BxS)
        limit_B = phoneme_limit(jnp.sum(letters_BxS != PAD, axis=1))
        step = lambda state, token_B: functions.step(memory, state, token_B)
        found = greedy(step, start, limit_B, phoneme_limit(letters_BxS.shape[1]))
        some_B = (letters_BxS != PAD).any(axis=1)  # a row of padding has no phonemes
        tokens_BxT = jnp.where(some_B[:, None], found.tokens_BxNxT[:, 0], PAD)
        return tokens_BxT, jnp.where(tokens_BxT[:, 0] != PAD, found.log_prob_BxN[:, 0], -jnp.inf)

    shape = jax.export.symbolic_shape("words, letters", constraints=[f"letters >= {LIKELY}"])
    exported = jax.export.export(jax.jit(pronounce), platforms=PLATFORMS)(
        jax.ShapeDtypeStruct(shape, jnp.int32)
    )
    with atomic_write(folder / "greedy.jax", "wb") as file:
        file.write(exported.serialize())
    with atomic_write(folder / "greedy.mlir", "wb") as file:
        file.write(exported.mlir_module_serialized)
    about = {"platforms": ", ".join(PLATFORMS), "jax": jax.__version__, "least": LIKELY}
    with atomic_write(folder / "README.md") as file:
        file.write(README.format(**about))
