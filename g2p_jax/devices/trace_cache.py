"""Traced programs on disk, next to the compiled ones.

JAX looks up compiled programs by their traced text, so each process would trace them again, which
takes longer than reading the compiled program. Here the traced program is stored, too
(`jax.export`), and found by what it was made from: sources, versions, shapes of arguments.
"""

import contextlib
import functools
import hashlib
import os
from pathlib import Path
from typing import Any

import flax
import jax
import jax.export
import jaxlib

from g2p_jax.files import atomic_write

SETTINGS: Any = jax.config


def export(function: jax.stages.Wrapped, key: Any, shapes: tuple) -> jax.export.Exported | None:
    """The function traced for arguments of these shapes and types; None where nothing is cached.

    key: all that the program depends on besides sources and shapes; its `repr` is compared.
    """
    folder = _folder()
    if folder is None:
        return None
    digest = lambda data: hashlib.sha256(data).digest()
    file = folder / digest(repr((_sources(), key, shapes)).encode()).hex()
    with contextlib.suppress(OSError):
        data = file.read_bytes()
        if data[:32] == digest(data[32:]):  # else the file is damaged
            return jax.export.deserialize(bytearray(data[32:]))
    exported = jax.export.export(function)(*shapes)
    program = exported.serialize()
    with contextlib.suppress(OSError):  # if nothing can be written, the next process traces again
        with atomic_write(file, "wb") as opened:
            opened.write(digest(program) + program)
    return exported


def _folder() -> Path | None:
    """Returns where traced programs are cached, in JAX's compilation cache; None: nowhere.

    Only in a folder of this user's that nobody else can write to: to read a program is to trust it.
    """
    place = SETTINGS.jax_compilation_cache_dir
    if not place or "://" in place:
        return None
    folder = Path(place, "traced")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = folder.stat()
    except OSError:
        return None
    mine = os.name != "posix" or (about.st_uid == os.getuid() and not about.st_mode & 0o022)
    return folder if mine else None


@functools.cache
def _sources() -> tuple[Any, ...]:
    """Digest of our sources, versions of JAX and Flax, and JAX's settings."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(file.read_bytes())
    versions = jax.__version__, jaxlib.__version__, flax.__version__
    settings = SETTINGS.jax_enable_x64, SETTINGS.jax_default_matmul_precision
    return digest.hexdigest(), *versions, jax.default_backend(), *settings
