"""What all commands share: errors as one line, readable logs, the compilation cache."""

import contextlib
import logging as std_logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absl import app, flags, logging
from ml_collections import config_flags

from g2p_jax.errors import UserError

if TYPE_CHECKING:
    from g2p_jax.predict.g2p import G2P

MALLOC = "hugetlb=1", "mmap_threshold=1073741824", "trim_threshold=2147483648"  # bytes


def run(main: Callable[[list[str]], int | None]) -> None:
    """Runs `main(words)`, given what is no flag on the command line; ends with its exit status.

    A UserError is shown as one line, with exit status 1. `--help` shows the docstring and the flags
    of the module of `main`.
    """

    def guarded(argv: list[str]) -> int:
        name = _program(argv)
        try:
            if {"--help", "-h"} & set(argv):
                print(_help(main.__module__))
                return 0
            return main(argv[1:]) or 0
        except (UserError, OSError) as error:
            if isinstance(error, BrokenPipeError):  # as in `predict.py ... | head`
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                return 0
            print(f"{name}: {_one_line(error)}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130

    logging.set_verbosity(logging.INFO)
    # Of a damaged checkpoint, which is reported in one line, asyncio and TensorStore would print a
    # traceback for every array that fails after the first.
    std_logging.getLogger("asyncio").setLevel(std_logging.CRITICAL)
    sys.unraisablehook = _unless_too_late
    handler = logging.get_absl_handler()
    handler.setFormatter(_Lines("%(asctime)s %(message)s", "%H:%M:%S"))
    handler.addFilter(lambda record: record.levelno > std_logging.INFO or not _of_a_library(record))
    app.run(guarded, flags_parser=_parse)


def _program(argv: list[str]) -> str:
    """What the command is called in messages: predict.py, or g2p-jax predict."""
    return Path(argv[0]).name


def _help(module: str) -> str:
    """The docstring of a command, and its flags with their defaults."""
    program = sys.argv[0]  # as absl calls the module __main__
    mine = flags.FLAGS.flags_by_module_dict()[program if module == "__main__" else module]
    lines = [
        f"  --{flag.name}: {flag.help}"
        + (f" (default: {flag.default_as_str})" if flag.default not in (None, [], "") else "")
        for flag in sorted(mine, key=lambda flag: flag.name)
    ]
    return "\n".join([str(sys.modules[module].__doc__), *lines])


def _unless_too_late(unraisable: Any) -> None:
    """Python's own hook, but not for a read that fails when nobody waits for it any more."""
    if str(unraisable.exc_value) != "Event loop is closed":
        sys.__unraisablehook__(unraisable)


def define_config(default: str) -> flags.FlagHolder:
    """The flag --config=FILE.py, and --config.a.b=VALUE for each of its settings."""
    with _usage_errors(sys.argv):  # it reads the command line already when it is defined
        return config_flags.DEFINE_config_file("config", default, "What to train, on what.")


def asked_model(words: list[str], ckpt: str | None) -> "G2P":
    """The model of --ckpt, on all CPU cores, for a command that takes flags only."""
    if words:
        raise UserError(f"flags only, found {words[0]!r}")
    if ckpt is None:
        raise UserError("which model? Give --ckpt=runs/gru, a folder that train.py wrote")
    use_compilation_cache()
    from g2p_jax.devices.cpu import use_cpu_cores
    from g2p_jax.predict.g2p import load
    from g2p_jax.predict.searching import MOST_ROWS

    use_cpu_cores(MOST_ROWS)
    return load(ckpt)


def numbers(flag: str, values: list[str]) -> list[int]:
    """What a flag of numbers between commas says; UserError for anything else."""
    if not all(value.strip().isdecimal() for value in values):
        raise UserError(f"--{flag}={','.join(values)}: expected numbers, as in --{flag}=0,2")
    return [int(value) for value in values]


def _parse(argv: list[str]) -> list[str]:
    if {"--help", "-h"} & set(argv):
        return argv  # for `guarded`; no flag need be right
    with _usage_errors(argv):
        return flags.FLAGS(argv)


@contextlib.contextmanager
def _usage_errors(argv: list[str]) -> Iterator[None]:
    """A flag, config file or setting that does not exist is one line, too."""
    try:
        yield
    except Exception as error:
        print(f"{_program(argv)}: {_one_line(error)}\nTry --help.", file=sys.stderr)
        sys.exit(2)


def _one_line(error: Exception) -> str:
    """What the error says first and last; ml_collections puts a traceback between."""
    text = error.args[0] if isinstance(error, KeyError) and error.args else error
    first, *_, last = [line.strip() for line in (str(text) or repr(error)).splitlines()] * 2
    return first if first == last else f"{first} {last}"


class _Lines(logging.PythonFormatter):
    def format(self, record):
        return super(logging.PythonFormatter, self).format(record)


def _of_a_library(record) -> bool:
    """Orbax writes dozens of lines for each checkpoint."""
    return bool(re.search(r"[/\\](orbax|jax|flax)[/\\]", record.pathname))


def use_huge_pages() -> None:
    """Begins the command anew with memory in huge pages, and kept, if that has not been decided.

    XLA's CPU backend takes the memory of every step from malloc and gives it back; in pages of 4 kB
    a quarter of a training step goes into having the kernel clear them again. And what has been
    freed stays with the process. glibc (huge pages: from 2.35 on) reads these settings only when a
    process begins. Elsewhere nothing changes.
    """
    if sys.platform == "linux" and "GLIBC_TUNABLES" not in os.environ:
        os.environ["GLIBC_TUNABLES"] = ":".join(f"glibc.malloc.{name}" for name in MALLOC)
        os.execv(sys.executable, sys.orig_argv)


def use_compilation_cache() -> None:
    """Keeps compiled programs in the user's cache folder, so that only the first start compiles.

    JAX_COMPILATION_CACHE_DIR chooses another folder; empty: no cache.
    """
    import jax

    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
        jax.config.update("jax_compilation_cache_dir", str(home / "g2p_jax"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
