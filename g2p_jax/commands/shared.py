"""What several commands need: the model of --ckpt, lists of numbers, how the process computes."""

import contextlib
import os
import re
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absl import flags, logging

from g2p_jax.config import FORMATS
from g2p_jax.data.textfile import shorten
from g2p_jax.errors import UsageError, UserError, cut
from g2p_jax.files import atomic_write

if TYPE_CHECKING:
    from g2p_jax.predict.g2p import G2P

flags.disclaim_key_flags()  # flags that are defined here belong to the command
STDOUT = "-", "/dev/stdout"
OTHER_FILES = ".gz .bz2 .xz .zst .zip .xlsx .xls .ods".split()  # which no command writes
MALLOC = "hugetlb=1", "mmap_threshold=1073741824", "trim_threshold=2147483648"  # bytes


def no_words(words: list[str]) -> None:
    """Raises UserError where a command that takes flags only was given something else."""
    if words:
        raise UsageError(f"this command takes flags only, not {shorten(words[0])}")


def load_model(ckpt: str | None, language: str = "") -> "G2P":
    """The model of --ckpt, on all CPU cores, for words of a language if it is not ""."""
    if ckpt is None:
        raise UsageError("which model? Give --ckpt=runs/gru, a folder that train.py wrote")
    use_compilation_cache()
    from g2p_jax.devices.cpu import use_cpu_cores
    from g2p_jax.predict.g2p import load
    from g2p_jax.predict.searching import MOST_ROWS

    use_cpu_cores(MOST_ROWS)
    return load(ckpt).with_language(language) if language else load(ckpt)


def check_other_file(
    written: flags.FlagHolder, read: Iterable[tuple[flags.FlagHolder, str | None]]
) -> None:
    """Raises UsageError if the file of a flag, which is to be written, is that of another flag."""
    file = Path(written.value or "")
    if file.exists() and not file.is_file():  # a device, or a folder
        return
    for flag, path in read:
        if written.value and path and file.resolve() == Path(path).resolve():
            both = f"--{written.name} and --{flag.name}"
            raise UsageError(f"{both} name the same file, {path}: choose another for one of them")


def numbers(flag: str, values: list[str]) -> list[int]:
    """The numbers of a flag, as in --members=0,2; UserError for anything else."""
    if not all(re.fullmatch(r"\s*\d{1,9}\s*", value) for value in values):
        found = cut(",".join(values), 80)
        raise UsageError(f"--{flag}={found}: expected numbers, as in --{flag}=0,2")
    return [int(value) for value in values]


def define_reading(name: str = "format") -> Callable[[], dict[str, Any]]:
    """Defines the flags that say how a lexicon is read; returns a function that gives them."""
    names = ["auto", *FORMATS]
    form = flags.DEFINE_enum(name, "auto", names, f"Format of the lexicon: {', '.join(names)}.")
    skip = flags.DEFINE_bool("skip_bad_lines", False, "Leave out lines that cannot be read.")
    return lambda: {"format": form.value, "skip_bad_lines": skip.value}


def define_output(
    help: str, name: str = "output", default: Any = None, folder: bool = False, stream: bool = False
) -> flags.FlagHolder[Any]:
    """Defines the flag of a file, or folder, to write; what cannot be one is refused at the start.

    Folders are made, those around a file are not. stream: may be standard output, see STDOUT.
    """

    def can_be_written(value: str | None) -> bool:
        if value in (None, "", default) or (stream and value in STDOUT):
            return True
        path, is_folder = Path(value), value.endswith(("/", os.sep)) or os.path.isdir(value)
        if value in STDOUT:
            raise flags.ValidationError(f"name a {'folder' if folder else 'file'}")
        if not folder and path.suffix.lower() in OTHER_FILES:
            raise flags.ValidationError(f"a text is written: leave out {path.suffix}")
        if folder and path.is_file():
            raise flags.ValidationError("is a file: name a folder")
        if is_folder and not folder:
            raise flags.ValidationError("is a folder: name a file in it")
        if not (folder or path.parent.is_dir()):
            raise flags.ValidationError("no such folder; make it first")
        return True

    flag = flags.DEFINE_string(name, default, help)
    flags.register_validator(flag, can_be_written)
    return flag


def define_overwrite() -> flags.FlagHolder[bool]:
    """Defines the flag that lets a command replace a file; see `check_new`."""
    return flags.DEFINE_bool("overwrite", False, "Replace an --output that exists.")


def check_new(path: Path, overwrite: bool) -> None:
    """Raises UserError if a file exists that a command would replace without being told to."""
    if (path.is_file() or path.is_dir()) and not overwrite:  # a device or a pipe is not replaced
        raise UserError(f"{path} exists: choose another --output, or replace it with --overwrite")


def write_list(flag: flags.FlagHolder[str], title: str, lines: Sequence[str]) -> None:
    """Writes lines to the file of a flag, and prints where; a default file may be left out.

    Raises UserError for a file that has not the columns of the list, and would be lost.
    """
    path, columns = Path(flag.value), lines[0].split("\t")
    if path.is_file() and path.stat().st_size:
        with path.open(encoding="utf-8", errors="replace") as file:
            found = file.readline().rstrip("\n").split("\t")
        if (found[0], len(found)) != (columns[0], len(columns)):
            raise UserError(f"{path} is another file: choose another --{flag.name}, or remove it")
    try:
        with atomic_write(flag.value) as file:
            file.writelines(f"{line}\n" for line in lines)
        print(f"{title} in {flag.value}")
    except OSError as error:
        if flag.present:
            raise
        print(f"{title}, not listed: {flag.value} cannot be written ({error.strerror})")


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

    JAX_COMPILATION_CACHE_DIR chooses another folder; empty: no cache. Where nothing can be written,
    one line says so.
    """
    import jax

    if "JAX_COMPILATION_CACHE_DIR" in os.environ:
        folder = os.path.expanduser(os.environ["JAX_COMPILATION_CACHE_DIR"])
    else:
        choices = os.environ.get("XDG_CACHE_HOME", ""), os.path.expanduser("~/.cache")
        folder = next((f"{path}/g2p_jax" for path in choices if os.path.isabs(path)), "")
    warn = _CacheWarnings(folder)
    if not folder and "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        warn.not_kept("there is no home folder")
    elif folder and "://" not in folder:
        try:
            os.makedirs(folder, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(bytes(1 << 16))
        except OSError as error:
            warn.not_kept(f"{folder}: {error.strerror}")
            folder = folder if os.path.isdir(folder) else ""  # what is there can still be read
    jax.config.update("jax_compilation_cache_dir", folder or None)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


class _CacheWarnings:
    """Shows what JAX says about its compilation cache as one line; removes damaged programs.

    JAX reads a damaged program again and again, and does not write over it.
    """

    _PATTERN = re.compile(
        r"Error (read|writ)ing persistent compilation cache entry for '(.*)': (.*)"
    )

    def __init__(self, folder: str):
        self._folder, self._show, self._silent = folder, warnings.showwarning, False
        warnings.showwarning = self._shown

    def _shown(self, message: Warning | str, *about: Any, **more: Any) -> None:
        found = self._PATTERN.match(str(message))
        if not found:
            self._show(message, *about, **more)
        elif found[1] == "writ":
            self.not_kept(f"{self._folder}: {found[3]}")
        else:
            self._once(f"{self._folder}: a damaged program is compiled again ({found[3]})")
            for path in Path(self._folder).glob(f"{found[2]}-*"):
                with contextlib.suppress(OSError):
                    path.unlink()

    def not_kept(self, reason: str) -> None:
        self._once(
            f"compiled programs are not kept ({reason}); JAX_COMPILATION_CACHE_DIR=FOLDER names "
            "another folder"
        )

    def _once(self, message: str) -> None:
        if not self._silent:
            logging.warning("%s", message)
        self._silent = True
