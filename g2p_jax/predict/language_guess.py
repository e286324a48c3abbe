"""Words of a model that knows many languages: the language of each is given, or guessed."""

from collections.abc import Sequence

from g2p_jax.data.language_names import AUTO, split_language
from g2p_jax.data.symbols import Symbols
from g2p_jax.errors import UserError
from g2p_jax.joint.per_language import LanguageJoint
from g2p_jax.joint.storage import Joint


def in_language(words: Sequence[str], symbols: Symbols, joint: Joint | None) -> Sequence[str]:
    """Returns words such as deu:Haus where their languages are to be guessed, else the words.

    A word that names its language is of that language.
    """
    if symbols.language != AUTO:
        return words
    named = [split_language(word, symbols.languages, AUTO) for word in words]
    guessed = iter(guess_languages([rest for name, rest in named if name == AUTO], symbols, joint))
    return [f"{next(guessed) if name == AUTO else name}:{rest}" for name, rest in named]


def guess_languages(words: Sequence[str], symbols: Symbols, joint: Joint | None) -> list[str]:
    """Returns the most probable language of each word, from its letters."""
    if not isinstance(joint, LanguageJoint):
        raise UserError(f"language {AUTO!r}: this model has no n-grams (config.ngram) to guess by")
    return joint.guesser.guess(symbols.encode_letters(words))
