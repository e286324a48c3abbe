"""What several commands need: the model of --ckpt, lists of numbers, how the process computes."""

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from g2p_jax.errors import UserError

if TYPE_CHECKING:
    from g2p_jax.predict.g2p import G2P

MALLOC = "hugetlb=1", "mmap_threshold=1073741824", "trim_threshold=2147483648"  # bytes


def no_words(words: list[str]) -> None:
    """Raises UserError where a command that takes flags only was given something else."""
    if words:
        raise UserError(f"this command takes flags only, not {words[0]!r}")


def load_model(ckpt: str | None) -> "G2P":
    """The model of --ckpt, on all CPU cores."""
    if ckpt is None:
        raise UserError("which model? Give --ckpt=runs/gru, a folder that train.py wrote")
    use_compilation_cache()
    from g2p_jax.devices.cpu import use_cpu_cores
    from g2p_jax.predict.g2p import load
    from g2p_jax.predict.searching import MOST_ROWS

    use_cpu_cores(MOST_ROWS)
    return load(ckpt)


def numbers(flag: str, values: list[str]) -> list[int]:
    """The numbers of a flag, as in --members=0,2; UserError for anything else."""
    if not all(value.strip().isdecimal() for value in values):
        raise UserError(f"--{flag}={','.join(values)}: expected numbers, as in --{flag}=0,2")
    return [int(value) for value in values]


def use_huge_pages() -> None:
    """Begins the command anew with memory in huge pages, and kept, if that has not been decided.

    XLA's CPU backend takes the memory of every step from malloc and gives it back; in pages of 4 kB
    a quarter of a training step goes into having the kernel clear them again. And what has been
    freed stays with the process. glibc (huge pages: from 2.35 on) reads these settings only when a
    process begins. Elsewhere nothing changes.
    """
    if sys.platform == "linux" and "GLIBC_TUNABLES" not in os.environ:
        os.environ["GLIBC_TUNABLES"] = ":".join(f"glibc.malloc.{name}" for name in MALLOC)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # until Python has begun again
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
