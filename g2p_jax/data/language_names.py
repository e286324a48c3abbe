"""Names of languages, and which language a word such as deu:Haus is of; see `runtime.LANGUAGES`."""

import difflib
import re
from collections.abc import Iterable

from g2p_jax import runtime
from g2p_jax.errors import UserError

AUTO = "auto"  # for a language: it is guessed
LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]+)*")


def split_language(word: str, languages: Iterable[str], default: str = "") -> tuple[str, str]:
    """Returns the language of a word, deu:Haus or German:Haus, and the word without it.

    default: of a word that names none. UserError for a word that needs one, or names another.
    """
    try:
        return runtime.split_language(word, languages, default)
    except ValueError as error:
        raise UserError(str(error)) from error


def find_language(name: str, languages: Iterable[str]) -> str:
    """Returns the language of a name or an ISO code; UserError if the model knows none."""
    if language := runtime.find_language(name, languages):
        return language
    own = {x: runtime.find_language(x, languages) for x in runtime.LANGUAGES if len(x) > 3}
    near = difflib.get_close_matches(name.lower(), filter(own.get, own), 1, 0.85)
    question = f"did you mean {own[near[0]]} ({near[0]})? The" if near else "the"
    fix = "fix: give one of these"
    if runtime.find_language(name, ["eng"]):
        fix += "; the models english and english-small know English"
    raise UserError(f"no language {name!r}: {question} model knows {', '.join(languages)}; {fix}")


def names_language(word: str) -> bool:
    """Whether a word names its language, as deu:Haus does."""
    name, _, rest = word.partition(":")
    known = LANGUAGE.fullmatch(name.lower()) or runtime.find_language(name, runtime.LANGUAGES)
    return bool(rest and known)
