"""The flag --config: config files by name or path, from any folder."""

import ast
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path

from absl import flags
from ml_collections import config_flags

import g2p_jax
from g2p_jax.commands import run
from g2p_jax.config import Config, settings
from g2p_jax.errors import UserError

PACKAGE = Path(g2p_jax.__file__).parent
# In the package where it is installed from a wheel, next to it in a clone.
OURS = next(path for path in (PACKAGE / "configs", PACKAGE.parent / "configs") if path.is_dir())
HELP = (
    "Config, and after a colon its options: the name of one of ours, as in gru:tiny, or a file; "
    "default: {}."
)


def define_config(default: str) -> flags.FlagHolder:
    """Defines --config=NAME or FILE.py, and --config.a.b=VALUE for each of its settings."""
    with run.usage_errors():  # the command line is read when this flag is defined
        if not run.HELP & set(run.before_words(sys.argv)):
            _check_settings()
            default = _locate_on_command_line(default)
        return config_flags.DEFINE_config_file("config", default, HELP.format(default))


def locate(config: str) -> str:
    """Returns FILE.py or FILE.py:OPTIONS for a config by name or path; UserError if there is none.

    `from configs import ...` finds in that file what is next to it, in ./configs, or ours.
    """
    name, colon, chosen = config.partition(":")
    path = Path(name)
    if path.suffix != ".py":
        path = Path("configs", f"{name.replace('-', '_')}.py")
    if not path.is_file() and path.parent == Path("configs"):
        path = OURS / path.name
    if not path.is_file():
        raise UserError(run.unknown("config", name, names(), f"{run.program()} --help"))
    configs = types.ModuleType("configs")
    configs.__path__ = [str(folder) for folder in (path.parent, Path("configs"), OURS)]
    sys.modules["configs"] = configs
    return f"{path}{colon}{chosen}"


def names() -> list[str]:
    """The names of our configs."""
    return sorted({path.stem for path in OURS.glob("*.py")} - {"sizes"})


def described() -> Iterator[str]:
    """Yields a line for each of our configs: its name, and what it is."""
    for name in names():
        about = ast.get_docstring(ast.parse((OURS / f"{name}.py").read_text("utf-8"))) or ""
        yield f"  {name:14} {about.partition(chr(10))[0]}"


def _check_settings() -> None:
    """Raises UserError if a setting on the command line does not exist."""
    known = [f"--config.{name}" for name, *_ in settings(Config())]
    for argument in run.before_words(sys.argv)[1:]:
        name = argument.partition("=")[0]
        if name.startswith("--config.") and name not in known:
            raise UserError(run.unknown("setting", name, known, f"{run.program()} --help"))


def _locate_on_command_line(default: str) -> str:
    """Puts the file of --config into the command line; returns the default's."""
    chosen, arguments = None, run.before_words(sys.argv)
    if sum(re.match("--config(=|$)", argument) is not None for argument in arguments) > 1:
        raise UserError("--config is given twice: give it once")
    for place, argument in enumerate(arguments[1:], 1):
        if argument.startswith("--config="):
            chosen = locate(argument.partition("=")[2])
            sys.argv[place] = f"--config={chosen}"
        elif argument == "--config" and place + 1 < len(arguments):
            sys.argv[place + 1] = chosen = locate(sys.argv[place + 1])
    return chosen or locate(default)
