"""How every command runs: flags, help, errors as one line, readable logs."""

import contextlib
import difflib
import itertools
import logging as std_logging
import math
import os
import re
import signal
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from absl import flags, logging

from g2p_jax.config import Config, settings
from g2p_jax.data.lexicon import SKIP
from g2p_jax.data.plausibility import FORMAT
from g2p_jax.errors import UsageError, UserError, cut, printable, reason
from g2p_jax.files import naming
from g2p_jax.runtime import OR_FOR_ALL

HELP = {"--help", "-h"}
SIGNAL = 128  # plus the number of a signal: the exit status after it


def run(main: Callable[[list[str]], int | None]) -> NoReturn:
    """Runs `main(words)`, given what is no flag on the command line, and ends the process.

    A UserError is shown as one line, with exit status 1: data, a file or a model is not as it must
    be. A wrong command line, UsageError, has status 2, Ctrl-C 130, SIGTERM 143. `--help` shows the
    docstring and the flags of the module of `main`.
    """
    set_up_logging()
    if HELP & set(before_words(sys.argv)):
        show(help_text(main.__module__))
    with ending():
        words = parse(sys.argv, main.__module__)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, interrupt)
        if hasattr(signal, "pthread_sigmask"):  # shared.use_huge_pages has blocked it
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        status = main(words)
        sys.stdout.flush()
        if status and status > SIGNAL:
            leave(status)
        sys.exit(status)
    raise AssertionError("sys.exit has ended the process")


def show(text: str) -> NoReturn:
    """Prints a text, and ends the process."""
    with ending():
        print(text, flush=True)
    sys.exit(0)


def open_streams() -> None:
    """Makes standard output and error UTF-8, whatever the terminal has.

    Instead of one that was closed, no file that is opened later is read or written: to read input
    and to write output fails, and messages are lost.
    """
    modes = {"stdin": os.O_WRONLY, "stdout": os.O_RDONLY, "stderr": os.O_WRONLY}
    for number, (name, mode) in enumerate(modes.items()):
        if getattr(sys, name) is None:
            os.open(os.devnull, mode)  # takes the lowest number that is free: its own
            if number:
                setattr(sys, name, open(number, "w", closefd=False))
        if number:
            getattr(sys, name).reconfigure(encoding="utf-8")


@contextlib.contextmanager
def ending() -> Iterator[None]:
    """Ends the process after an error of the user or the system, or a signal; see `run`."""
    try:
        with naming("standard output"):
            yield
    except BrokenPipeError:  # as in `predict.py ... | head`
        flush()
        sys.exit(0)
    except (UserError, OSError) as error:
        print(f"{program()}: {one_line(error)}", file=sys.stderr)
        flush()
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except KeyboardInterrupt as error:
        leave(SIGNAL + (error.args or (signal.SIGINT,))[0])


def flush() -> None:
    """Writes what standard output still holds; drops it where that fails, or Python would try."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """Raises KeyboardInterrupt; or ends the process where that may crash, or would be ignored.

    It may crash within an import, and is ignored where Python collects garbage.
    """
    while frame:
        code = frame.f_code
        collects = code.co_name in ("_xla_gc_callback", "__del__")
        if collects or code.co_filename.startswith("<frozen importlib"):
            os._exit(SIGNAL + number)
        frame = frame.f_back
    raise KeyboardInterrupt(number)


def leave(status: int) -> NoReturn:
    """Ends the process now: Python's way out would wait for programs that are being compiled."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    os._exit(status)


def before_words(arguments: list[str]) -> list[str]:
    """Returns the arguments before --, after which all are words."""
    return list(itertools.takewhile("--".__ne__, arguments))


def normal(argument: str) -> str:
    """Returns an argument with _ for - in the name of a flag, and with the home folder for ~."""
    name, value = re.fullmatch(r"(?s)(--[^=]+=?|)(.*)", argument).groups()  # type: ignore[union-attr]
    path = os.path.expanduser(value) if value == "~" or value.startswith("~/") else value
    return name[:2] + name[2:].replace("-", "_") + path


def program() -> str:
    """The name of the command in messages: "predict.py", or "g2p-jax predict"."""
    return Path(sys.argv[0]).name.replace("__main__.py", "g2p-jax")


def parse(argv: list[str], module: str) -> list[str]:
    """Sets the flags, and returns the arguments that are none."""
    with usage_errors():
        try:
            words = flags.FLAGS(argv)[1:]
        except flags.UnrecognizedFlagError as error:
            names = [f"--{flag.name}" for flag in own_flags(module)]
            flag, listed = f"--{error.flagname}", f"{program()} --help"
            is_flag = any(argument.startswith(flag) for argument in before_words(argv))
            fix = "" if is_flag else f"; a word comes after --: {program()} -- {flag[1:]}"
            raise UserError(unknown("flag", flag, names, listed) + fix) from error
        except flags.IllegalFlagValueError as error:
            raise UsageError(bad_value(str(error))) from error
        for own in map(flags.FLAGS.__getitem__, flags.FLAGS):
            is_setting = own.name.startswith("config.")  # of which scripts append another value
            if own.present > 1 and not is_setting:
                as_list = ", with commas" * isinstance(own.parser, flags.ListParser)
                raise UserError(f"--{own.name} is given twice: give it once{as_list}")
        for own in own_flags(module):
            empty = own.value == "" != own.default or (own.value == [] and not own.default)
            if own.present and empty:
                raise UserError(f"--{own.name} is empty: give it a value, or leave it out")
            if isinstance(own.value, float) and not math.isfinite(own.value):  # no bound stops nan
                raise UserError(f"--{own.name}={own.value}: must be a finite number")
        return words


def bad_value(message: str) -> str:
    """A message about a flag's value: what is expected, in place of what Python says of it."""
    first, *_, last = message.strip().splitlines() * 2  # a traceback may be between
    message = first if first == last else f"{first} {last}"
    found = re.match(r"flag --([\w.]+)=(.*?): (.*)", message)
    if not found:
        return message
    name, value, reason = found.groups()
    flag = flags.FLAGS[name] if name in flags.FLAGS else None
    kind = getattr(flag, "parser", None)
    expected: str | None = {
        flags.BooleanParser: "true or false",
        flags.EnumParser: "one of " + ", ".join(getattr(kind, "enum_values", ())),
        flags.IntegerParser: "a whole number" + _bounds(kind),
        flags.FloatParser: "a number" + _bounds(kind),
    }.get(type(kind))  # type: ignore[call-overload]
    reason = reason.replace("Error whilst parsing config file: ", "").removeprefix("ValueError: ")
    return f"--{name}={value}: " + (f"expected {expected}" if expected else reason)


def _bounds(parser: Any) -> str:
    low, high = (getattr(parser, f"{side}_bound", None) for side in ("lower", "upper"))
    if low is None or high is None:
        return "" if low is None else f" of at least {low:g}"
    return f" from {low:g} to {high:g}"


def unknown(kind: str, name: str, names: Iterable[str], listed: str) -> str:
    """A message about a misspelt name: the names with the nearest last word, and where all are."""
    last = lambda name: re.findall(r"(\w*)(?:\.py)?$", name)[0]
    by_last = {last(each): each for each in names}
    near = [by_last[each] for each in difflib.get_close_matches(last(name), by_last)]
    question = f": did you mean {' or '.join(near)}?" if near else "."
    return f"no {kind} {name!r}{question} All are listed in {listed}"


@contextlib.contextmanager
def usage_errors() -> Iterator[None]:
    """Ends the process with one line and status 2 where a flag, config or setting is wrong."""
    try:
        yield
    except Exception as error:
        print(f"{program()}: {one_line(error)}", file=sys.stderr)
        sys.exit(2)


def one_line(error: Exception) -> str:
    """The first and the last line of a message; ml_collections puts a traceback between."""
    text = error.args[0] if isinstance(error, KeyError) and error.args else error
    text = printable(reason(error)) if isinstance(error, OSError) else text
    first, *_, last = [line.strip() for line in (str(text) or repr(error)).splitlines()] * 2
    line = first if first == last else f"{first} {last}"
    setting = "config.data.skip_bad_lines=True" if "config" in flags.FLAGS else "skip_bad_lines"
    format = "config.data.format" if "config" in flags.FLAGS else "format"
    format = "lexicon_format" if "lexicon_format" in flags.FLAGS else format
    line = cut(line).replace(SKIP, f"--{setting}").replace(FORMAT, f"--{format}")
    line = line if "language" in flags.FLAGS else line.replace(OR_FOR_ALL, "")
    return line.replace('language="deu"', "--language=deu")


def own_flags(module: str) -> list[flags.Flag]:
    """The flags that a module defines, and --config if there is one, sorted by name."""
    defined = flags.FLAGS.flags_by_module_dict()
    own = defined[sys.argv[0] if module == "__main__" else module]  # absl calls the latter so
    own += [flags.FLAGS["config"]] if "config" in flags.FLAGS else []
    return sorted(own, key=lambda flag: flag.name)


def help_text(module: str) -> str:
    """The docstring of a command, its flags, and the settings of a config if it has one."""
    paragraphs = [str(sys.modules[module].__doc__)]
    for flag in own_flags(module):
        name = f"[no]{flag.name}" if flag.boolean else flag.name
        paragraphs.append(described(name, flag.help, flag.default))
    if "config" in flags.FLAGS:
        from g2p_jax.commands import config_files

        paragraphs.append("\nConfigs:\n\n" + "\n".join(config_files.described()))
        paragraphs.append("\nSettings, with their values where the config does not change them:\n")
        for name, field, value in settings(Config()):
            valid = field.metadata["valid"]
            choices = f" One of {', '.join(valid)}." if valid and isinstance(valid, tuple) else ""
            paragraphs.append(described(f"config.{name}", field.metadata["help"] + choices, value))
    return "\n".join(paragraphs)


def described(name: str, help: str, default: Any) -> str:
    """A flag in the help of a command."""
    shown = isinstance(default, str | int | float) and default != "" and default is not False
    text = f"  --{name}: {help}" + (f" (default: {default})" if shown else "")
    return textwrap.fill(text, 100, subsequent_indent="      ")


def set_up_logging() -> None:
    """Log lines are a time and a message; of other libraries only warnings are shown."""
    logging.use_absl_handler()
    logging.set_verbosity(logging.INFO)
    handler = logging.get_absl_handler()
    handler.setFormatter(std_logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    # What Orbax cannot do it raises, after a traceback for each of its threads.
    handler.addFilter(lambda record: not re.search(r"[/\\]orbax[/\\]", record.pathname))
    handler.addFilter(_shorten)
    handler.addFilter(
        lambda record: (
            record.levelno > std_logging.INFO
            or not re.search(r"[/\\](jax|flax)[/\\]", record.pathname)
        )
    )
    # A damaged checkpoint is reported in one line. Without these, asyncio and TensorStore print a
    # traceback for every array that fails after the first.
    std_logging.getLogger("asyncio").setLevel(std_logging.CRITICAL)
    std_logging.getLogger("matplotlib").setLevel(std_logging.ERROR)  # where its cache is
    sys.unraisablehook = _unless_too_late


def _shorten(record: std_logging.LogRecord) -> bool:
    """Cuts a message that a user's data made long; returns that it is to be shown."""
    record.msg, record.args = cut(record.getMessage()), ()
    return True


def _unless_too_late(unraisable: Any) -> None:
    """Python's own hook, but not for a read that fails when nobody waits for it any more."""
    if str(unraisable.exc_value) != "Event loop is closed":
        sys.__unraisablehook__(unraisable)
