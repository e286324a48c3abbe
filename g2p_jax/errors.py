"""Errors that a user can mend: shown as one line, without a traceback."""


def printable(text: str) -> str:
    """Returns the text with escapes for line breaks, terminal codes and other invisible characters.

    They may come from a file that somebody else made.
    """
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


class UserError(ValueError):
    """The message names what is wrong, where, and what to do: one line, safe for a terminal."""

    def __init__(self, message: str):
        super().__init__(printable(message))


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
