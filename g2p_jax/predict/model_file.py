"""A trained model as one file: weights, and in its header config and symbols as JSON.

To read one never runs code from it.
"""

import dataclasses
import functools
import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import flax.traverse_util
import jax
import numpy as np
import safetensors
import safetensors.numpy

from g2p_jax import config as config_lib
from g2p_jax.config import Config
from g2p_jax.data.symbols import Symbols
from g2p_jax.errors import ModelError, UserError
from g2p_jax.files import atomic_write
from g2p_jax.joint import storage
from g2p_jax.joint.storage import Joint
from g2p_jax.kernels.matmul import operand_dtype
from g2p_jax.kernels.parameters import set_up
from g2p_jax.network.language_model import DecoderOnly, Network
from g2p_jax.network.seq2seq import Seq2Seq
from g2p_jax.predict import header
from g2p_jax.predict.header import FORMAT, locate

DTYPES = "float32", "float16"  # of weights in a file
JOINT = "joint/"  # what the names of the joint n-gram model's arrays begin with
Params = Any
Arrays = dict[str, np.ndarray]
UNREADABLE = safetensors.SafetensorError, *header.UNREADABLE


class Stored(NamedTuple):
    """The content of a model file."""

    config: Config
    symbols: Symbols
    params: Params
    joint: Joint | None = None


def network(config: Config, symbols: Symbols) -> Network:
    """Returns the module that config and symbols describe."""
    dtype = operand_dtype(config.train.dtype)
    if config.model.encoder_layers == 0:
        return DecoderOnly(config.model, len(symbols.phonemes), dtype)
    return Seq2Seq(config.model, len(symbols.graphemes), len(symbols.phonemes), dtype)


def to_pickle(model: Any) -> dict[str, Any]:
    """Returns the fields of a model, weights on the host, without what was compiled for it."""
    fields = {field.name: getattr(model, field.name) for field in dataclasses.fields(model)}
    return fields | {"params": jax.device_get(model.params)}


def write(path: Path, model: Stored, dtype: str = "float32") -> None:
    """Writes the model; the file appears at once or not at all."""
    if dtype not in DTYPES:
        raise UserError(f"dtype is {dtype!r}: must be one of {', '.join(DTYPES)}")
    about = {
        "format": FORMAT,
        "config": json.dumps(config_lib.to_dict(model.config)),
        "symbols": json.dumps(model.symbols.to_json(), ensure_ascii=False),
    }
    weights = flax.traverse_util.flatten_dict(model.params, sep="/")
    arrays = {name: np.asarray(w, dtype) for name, w in weights.items()}
    if model.joint:
        arrays |= {JOINT + name: array for name, array in storage.to_arrays(model.joint).items()}
    with atomic_write(path, "wb") as file:
        file.write(_packed(arrays, about))


def precision(file: Path) -> str:
    """Returns the type of the weights in a model file: "float32" or "float16"."""
    with safetensors.safe_open(file, framework="numpy") as opened:
        name = next(name for name in opened.keys() if not name.startswith(JOINT))
        return str(opened.get_tensor(name).dtype)


def read(path: str | Path) -> Stored:
    """Reads a model from what `locate` finds. Raises ModelError, whatever the file may hold."""
    file = locate(path)
    try:
        about, arrays = _open(file)
        config, symbols = header.parse(file, about)
        names = [name for name in arrays if name.startswith(JOINT)]
        ngram = {name.removeprefix(JOINT): arrays.pop(name) for name in names}
        joint = storage.from_arrays(ngram, symbols) if ngram else None
    except ModelError:
        raise
    except UNREADABLE as error:
        raise header.unreadable(file, error) from error
    _check(file, config, symbols, arrays)
    params = {name: w.astype(np.float32) for name, w in arrays.items()}
    return Stored(config, symbols, flax.traverse_util.unflatten_dict(params, sep="/"), joint)


def _packed(arrays: Arrays, about: dict[str, str]) -> bytes:
    """The bytes of a file: the same for the same model, with their own digest in the header."""
    header, tensors = _unpacked(safetensors.numpy.save(arrays, about))
    header["__metadata__"]["sha256"] = _digest(header, tensors)
    text = json.dumps(header, sort_keys=True).encode()
    text += b" " * (-len(text) % 8)  # so that the tensors begin at a multiple of 8
    return len(text).to_bytes(8, "little") + text + tensors


def _unpacked(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The header of a safetensors file, and the bytes of its tensors."""
    end = 8 + int.from_bytes(data[:8], "little")
    return json.loads(data[8:end]), data[end:]


def _digest(header: dict[str, Any], tensors: bytes) -> str:
    """SHA-256 of the tensors, and of all that the header says but the digest itself."""
    about = {name: x for name, x in header["__metadata__"].items() if name != "sha256"}
    text = json.dumps(header | {"__metadata__": about}, sort_keys=True).encode()
    return hashlib.sha256(text + tensors).hexdigest()


def _open(file: Path) -> tuple[dict[str, str], Arrays]:
    """Metadata and arrays; ValueError if they are not those that were written."""
    data = file.read_bytes()
    arrays = safetensors.numpy.load(data)
    header, tensors = _unpacked(data)
    about = header.get("__metadata__", {})
    if about.get("sha256") not in (None, _digest(header, tensors)):
        raise ValueError("wrong checksum")
    return about, arrays


def _check(file: Path, config: Config, symbols: Symbols, weights: Arrays) -> None:
    """Raises ModelError unless the weights are those of the network, and numbers."""
    if config.model.encoder_layers + config.model.decoder_layers > len(weights):
        raise ModelError(f"{file}: damaged: its config asks for more layers than it has weights")
    # Shapes are the same in each dtype. To choose one would start JAX, which then survives no fork.
    train = dataclasses.replace(config.train, dtype="float32")
    net = network(dataclasses.replace(config, train=train), symbols)
    init = functools.partial(net.init, method=set_up)
    shapes = jax.eval_shape(init, jax.eval_shape(jax.random.key, 0))["params"]
    needed = flax.traverse_util.flatten_dict(shapes, sep="/")
    members = () if config.ensemble == 1 else (config.ensemble,)
    need = {name: (*members, *array.shape) for name, array in needed.items()}
    have = {name: array.shape for name, array in weights.items()}
    for name in sorted(need.keys() | have.keys()):
        if need.get(name) != have.get(name):
            asks = f"its config asks for {name} of shape {need.get(name)}, it has {have.get(name)}"
            raise ModelError(f"{file}: damaged: {asks}")
        if not np.isfinite(weights[name]).all():
            raise ModelError(f"{file}: damaged: {name} holds what is no number; train it again")
