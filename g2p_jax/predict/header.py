"""Where model files are, and what their headers say: config and symbols. It needs no JAX."""

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from g2p_jax import config as config_lib
from g2p_jax.config import Config
from g2p_jax.data.symbols import Symbols
from g2p_jax.errors import ModelError, reason

NAME = "model.safetensors"
FORMAT = "g2p_jax 2"  # in the header; goes up when settings or weights get other names
OLDER_FORMATS = ("g2p_jax 1",)
PRETRAINED = Path(__file__).parents[1] / "pretrained"  # one folder for each model that is shipped
UNREADABLE = OSError, KeyError, TypeError, ValueError, RecursionError, AttributeError


class Header(NamedTuple):
    """What a model file says about its weights."""

    config: Config
    symbols: Symbols

    def in_language(self, language: str) -> "Header":
        """Returns the header for words of one language, if it is not ""; see `Symbols`."""
        return self._replace(symbols=self.symbols.in_language(language)) if language else self

    def check_reads_words(self, path: str | Path) -> None:
        """Raises ModelError for a language model."""
        if self.config.model.encoder_layers == 0:
            raise ModelError(
                f"{path}: a language model, which reads no words: python -m g2p_jax generate "
                f"--ckpt={path}"
            )


def locate(path: str | Path) -> Path:
    """Returns the model file: itself, or in the folder that `train.py` wrote; or a shipped one.

    Raises ModelError if there is none.
    """
    given = path = Path(path)
    shipped = sorted(folder.name for folder in PRETRAINED.iterdir())
    try:
        if not path.exists() and str(path) in shipped:
            path = PRETRAINED / path
        file = path / NAME if path.is_dir() else path
        there = file.exists()
    except OSError as error:  # a folder that is closed to this user
        raise unreadable(path, error) from error
    if not there:
        if near := difflib.get_close_matches(str(given), shipped, 1):
            raise ModelError(f"{given}: no trained model here; did you mean {near[0]}?")
        raise ModelError(
            f"{given}: no trained model here; {NAME} appears after the first epoch of "
            f"python -m g2p_jax train --config=gru --workdir={given}; "
            f"g2p_jax comes with {', '.join(shipped)}"
        )
    return file


def is_shipped(path: str | Path) -> bool:
    """Returns whether the model comes with g2p_jax."""
    return locate(path).resolve().is_relative_to(PRETRAINED.resolve())


def read(path: str | Path) -> Header:
    """Reads the header of what `locate` finds. Raises ModelError, whatever the file may hold."""
    file = locate(path)
    try:
        with file.open("rb") as opened:
            size = min(int.from_bytes(opened.read(8), "little"), file.stat().st_size)
            return parse(file, json.loads(opened.read(size))["__metadata__"])
    except ModelError:
        raise
    except UNREADABLE as error:
        raise unreadable(file, error) from error


def parse(file: Path, about: Mapping[str, Any]) -> Header:
    """Returns what the metadata of a model file say; raises ModelError for an older version."""
    if about.get("format") in OLDER_FORMATS:
        raise ModelError(f"{file}: was written by an older version: train it again")
    config = config_lib.from_dict(json.loads(about["config"]))
    return Header(config, Symbols.from_json(json.loads(about["symbols"])))


def unreadable(file: Path, error: Exception) -> ModelError:
    """Returns the error for a file that cannot be read, one of another kind, or a damaged one."""
    if isinstance(error, OSError):
        return ModelError(f"{reason(error)}: the model cannot be read")
    why = str(error).partition("\n")[0]
    return ModelError(f"{file}: not a g2p_jax model, or damaged ({why}); train it again")
