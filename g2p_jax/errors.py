"""Errors that a user can mend: shown as one line, without a traceback."""


class UserError(ValueError):
    """The message names what is wrong, where, and what to do."""


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
