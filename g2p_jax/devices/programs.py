"""Programs that JAX has traced, kept on disk beside those that XLA has compiled.

JAX asks its cache of compiled programs with the text of a program, so in every process Python
traces first, which takes longer than to read what was compiled. Here that text is kept, too
(`jax.export`), and found by what it was made from: sources, versions, shapes of arguments.

It is kept where JAX keeps what was compiled, in a folder `traced`, and only if there is such a
place.
"""

import contextlib
import functools
import hashlib
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import flax
import jax
import jax.export
import jaxlib

from g2p_jax.files import atomic_write

DIGEST = hashlib.sha256().digest_size  # bytes at the start of a file, of what follows
SETTINGS: Any = jax.config
_TRACING = threading.Lock()  # one program at a time is Python's work, what XLA does is not


class CachedProgram:
    """A function of arrays, as one program for each of their shapes.

    Args:
      about: beside sources and shapes all that the program depends on, with the same `repr` in
        each process.
      kwargs: of `jax.jit`.
    """

    def __init__(self, function: Callable, *about: Any, **kwargs: Any):
        self._jit = functools.partial(jax.jit, **kwargs)
        self._function, self._about = self._jit(function), about
        self._programs: dict[Any, Callable] = {}
        self._begun: dict[Any, Future[Callable]] = {}

    def __call__(self, *args: Any) -> Any:
        asked = shapes(args)
        if asked not in self._programs:
            begun = self._begun.pop(asked, None)
            self._programs[asked] = begun.result() if begun else self._program(args)
        return self._programs[asked](*args)

    def prepare(self, many: Iterable[tuple]) -> None:
        """Begins to make the programs for such arguments, in threads."""
        for args in many:
            asked = shapes(args)
            if asked not in self._programs and asked not in self._begun:
                self._begun[asked] = _threads().submit(self._program, args)

    def _program(self, args: tuple) -> Callable:
        described = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), args)
        with _TRACING:
            lowered = self._traced(described).lower(*described)
        return lowered.compile()

    def _traced(self, described: tuple) -> jax.stages.Wrapped:
        folder = _folder()
        if not folder:
            return self._function
        made_from = repr((_sources(), self._about, described))
        file = folder / hashlib.sha256(made_from.encode()).hexdigest()
        exported = _read(file)
        if exported is None:
            exported = jax.export.export(self._function)(*described)
            _write(file, exported)
        return self._jit(exported.call)


def shapes(tree: Any) -> tuple[tuple[int, ...], ...]:
    """Those of its arrays."""
    return tuple(x.shape for x in jax.tree.leaves(tree))


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor()


def _folder() -> Path | None:
    """Where to keep programs, if anywhere."""
    place = SETTINGS.jax_compilation_cache_dir
    return Path(place, "traced") if place and "://" not in place else None


@functools.cache
def _sources() -> tuple[Any, ...]:
    """What traces: our modules, as a digest, JAX and Flax, and how JAX is set."""
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
    """Where nothing can be written, the next process traces, too."""
    program = exported.serialize()
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(file, "wb") as opened:
            opened.write(hashlib.sha256(program).digest() + program)
