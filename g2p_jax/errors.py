"""What a user can mend: shown as one line, never as a traceback."""


class UserError(ValueError):
    """The message names what is wrong, where, and what to do."""


class ConfigError(UserError):
    """A setting that cannot be."""


class ModelError(UserError):
    """A model that cannot be read."""


class TrainingError(UserError):
    """Training cannot go on."""
