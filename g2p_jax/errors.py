"""Errors that a user can mend: shown as one line, without a traceback."""

import errno
import os


def printable(text: str) -> str:
    """Returns the text with escapes for line breaks, terminal codes and other invisible characters.

    They may come from a file that somebody else made.
    """
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def cut(text: str, most: int = 1000) -> str:
    """Returns the text, or its beginning and its end."""
    return text if len(text) <= most else f"{text[: most - most // 4]} … {text[-most // 4 + 3 :]}"


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
