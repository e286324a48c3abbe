"""Traced programs on disk, beside those that XLA has compiled.

JAX looks up compiled programs by their traced text, so each process would trace them again, which
takes longer than reading the compiled program. Here the traced program is stored, too
(`jax.export`), and found by what it was made from: sources, versions, shapes of arguments.
"""

import contextlib
import functools
import hashlib
from pathlib import Path
from typing import Any

import flax
import jax
import jax.export
import jaxlib

from g2p_jax.files import atomic_write

DIGEST = hashlib.sha256().digest_size  # bytes at the start of a file: digest of the rest
SETTINGS: Any = jax.config


def export(function: jax.stages.Wrapped, key: Any, shapes: tuple) -> jax.export.Exported | None:
    """The function traced for arguments of these shapes and types; None where nothing is cached.

    key: all that the program depends on besides sources and shapes; its `repr` is compared.
    """
    folder = _folder()
    if folder is None:
        return None
    made_from = repr((_sources(), key, shapes))
    file = folder / hashlib.sha256(made_from.encode()).hexdigest()
    exported = _read(file)
    if exported is None:
        exported = jax.export.export(function)(*shapes)
        _write(file, exported)
    return exported


def _folder() -> Path | None:
    """Where traced programs are cached: beside JAX's compilation cache, or nowhere."""
    place = SETTINGS.jax_compilation_cache_dir
    return Path(place, "traced") if place and "://" not in place else None


@functools.cache
def _sources() -> tuple[Any, ...]:
    """Digest of our sources, versions of JAX and Flax, and JAX's settings."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(file.read_bytes())
    versions = jax.__version__, jaxlib.__version__, flax.__version__
    settings = SETTINGS.jax_enable_x64, SETTINGS.jax_default_matmul_precision
    return digest.hexdigest(), *versions, jax.default_backend(), *settings


def _read(file: Path) -> jax.export.Exported | None:
    """None if there is no such file, or it is damaged."""
    try:
        data = file.read_bytes()
    except OSError:
        return None
    digest, program = data[:DIGEST], data[DIGEST:]
    if digest != hashlib.sha256(program).digest():
        return None
    return jax.export.deserialize(bytearray(program))


def _write(file: Path, exported: jax.export.Exported) -> None:
    """Where nothing can be written, the next process traces again."""
    program = exported.serialize()
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(file, "wb") as opened:
            opened.write(hashlib.sha256(program).digest() + program)
