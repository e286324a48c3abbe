"""Errors that a user can mend: shown as one line, without a traceback.

`checked` finds arguments of public functions that are of another type, before anything is done.
"""

import errno
import functools
import inspect
import numbers
import os
import re
import reprlib
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
_NUMBERS: dict[Any, type] = {int: numbers.Integral, float: numbers.Real}
_LISTS = Iterable, Sequence, tuple


def printable(text: str) -> str:
    """Returns the text with escapes for line breaks, terminal codes and other invisible characters.

    They may come from a file that somebody else made.
    """
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def cut(text: str, most: int = 1000) -> str:
    """Returns the text, or its beginning and its end."""
    return text if len(text) <= most else f"{text[: most - most // 4]} … {text[-most // 4 + 3 :]}"


def counted(number: int, noun: str) -> str:
    """Returns `1 word`, `2,000 words`; noun: of one."""
    return f"{number:,} {noun}" + "s" * (number != 1)


def missing(what: str, *packages: str) -> str:
    """Returns the message about packages that are not installed; the first is named as missing."""
    return f"{what} {packages[0]}, which is not installed: pip install {' '.join(packages)}"


def reason(error: OSError) -> str:
    """Returns `path: why` for what the system has refused."""
    why = error.strerror or str(error)
    if why in map(os.strerror, (errno.EEXIST, errno.ENOTDIR)):
        why = "there is a file where a folder should be; choose another name"
    if error.errno == errno.EBADF:
        why = "standard input or output is closed; name a file"
    return ": ".join(filter(None, [os.fsdecode(error.filename or ""), why]))


class UserError(ValueError):
    """The message names what is wrong, where, and what to do: one line, safe for a terminal."""

    def __init__(self, message: str):
        super().__init__(printable(cut(message)))


class UsageError(UserError):
    """The command line is wrong: a flag, its value, or what is given together; exit status 2."""


class DataError(UserError):
    """Data that cannot be used."""

    @classmethod
    def at(cls, where: object, expected: str, found: str, fix: str) -> "DataError":
        """Returns the error `where: expected ..., found ...; fix: ...`; where: path, path:line."""
        return cls(f"{where}: expected {expected}, found {found}; fix: {fix}")


class ConfigError(UserError):
    """A setting is not valid."""


class ModelError(UserError):
    """A model cannot be read."""


class TrainingError(UserError):
    """Training cannot go on."""


def checked(function: F) -> F:
    """Returns the function; it raises TypeError, in one line, for an argument of another type.

    A text is no list, and True is no number. The items of lists are checked, those of iterators are
    not. Nothing is known of annotations in quotes.
    """
    parameters = inspect.signature(function).parameters
    kinds = {
        name: parameter.annotation
        for name, parameter in parameters.items()
        if not (parameter.annotation is parameter.empty or isinstance(parameter.annotation, str))
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }
    tests = {name: _test(kind) for name, kind in kinds.items()}
    where = re.sub(r"\.__\w+__$|^Pronouncer\.(?!_)", "", function.__qualname__)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        for name, value in (*zip(parameters, args, strict=False), *kwargs.items()):
            if name in tests and not tests[name](value):
                raise TypeError(f"{where}: {name} {_complaint(value, kinds[name])}")
        return function(*args, **kwargs)

    return typing.cast(F, call)


@functools.cache
def _test(kind: Any) -> Callable[[Any], bool]:
    """Returns a function that tells whether a value is of a type."""
    origin, each = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return lambda value: True
    if origin in (types.UnionType, typing.Union):
        tests = list(map(_test, each))
        return lambda value: any(test(value) for test in tests)
    if origin is tuple and each[1:] != (...,):
        tests = list(map(_test, each))
        return lambda value: (
            isinstance(value, tuple | list)
            and len(value) == len(tests)
            and all(test(item) for test, item in zip(tests, value, strict=True))
        )
    if origin in _LISTS:
        test = _test(each[0])
        return lambda value: (
            isinstance(value, origin)
            and not isinstance(value, str | bytes)
            and (not isinstance(value, list | tuple) or all(map(test, value)))
        )
    if kind in _NUMBERS:
        return lambda value: isinstance(value, _NUMBERS[kind]) and not isinstance(value, bool)
    return lambda value: isinstance(value, origin or kind)


def _complaint(value: Any, kind: Any) -> str:
    """Returns what is wrong with a value, or with an item of it."""
    expected = "must be of type " + re.sub(r"\b(?:\w+\.)+", "", inspect.formatannotation(kind))
    is_list = typing.get_origin(kind) in _LISTS
    if is_list and isinstance(value, list):
        wrong = next(item for item in value if not _test(typing.get_args(kind)[0])(item))
        return f"{expected}, and has {_shown(wrong)}"
    advice = "; give a list" if is_list and isinstance(value, str) else ""
    return f"{expected}, found {_shown(value)}{advice}"


def _shown(value: Any) -> str:
    return f"{type(value).__name__}: {printable(reprlib.repr(value))}"
