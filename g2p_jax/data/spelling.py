"""How a raw word becomes letters that a model knows."""

import functools
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from g2p_jax.data.normalise import DOTLESS, base_letters, normalise

SEPARATOR = re.compile(
    r"[\s/_\-\u2010-\u2015\u2212\u05be\ufe63\uff0d]"
)  # white space, hyphens, dashes, minus


@dataclass(frozen=True)
class Spelling:
    """The letters that are known, and the case and the normal form of words.

    words: the letters are words between spaces, as in a sentence to translate.
    """

    known: Collection[str]
    case: str
    unicode: str
    words: bool = False

    def normalise(self, word: str) -> str:
        """Returns the word as the training data would write it."""
        if self.case == "lower" and "ı" in self.known:  # Turkish: I is no capital i
            word = word.translate(DOTLESS)
        return normalise(word.strip(), self.case, self.unicode)

    def letters_of(self, word: str) -> tuple[list[str], list[str]]:
        """Splits a word into the letters to read and those that are not known.

        A letter that is not known is replaced by the base letters it is made of, é -> e, ﬁ -> f i,
        ’ -> ', if those are all known; a capital by its small letter, or a small letter by its
        capital; else it is left out. An unknown accent on its own, as in NFD, is left out without
        being counted as unknown.
        """
        tokens = self._split(self.normalise(word))
        known: list[str] = []
        unknown: list[str] = []
        for token in tokens:
            letters = self._known_letters(token)
            if letters is None:
                unknown.append(token)
            else:
                known.extend(letters)
        return known, unknown

    def parts(self, word: str) -> list[str]:
        """Cuts a word at separators that are not known: well-known -> well, known.

        Only where there are letters: in a sum 12-34 an unknown minus is no separator.
        """
        found = set(SEPARATOR.findall(word)) if self._has_letters else set()
        lacking = [char for char in found if self._known_letters(char) is None]
        return re.split("|".join(map(re.escape, lacking)), word) if lacking else [word]

    @functools.cached_property
    def _has_letters(self) -> bool:
        return not self.words and any(map(str.isalpha, self.known))

    def _split(self, text: str) -> list[str]:
        return text.split() if self.words else list(text)

    def _known_letters(self, token: str) -> list[str] | None:
        """Returns the token, or what may stand for it; None if nothing known does."""
        if token in self.known:
            return [token]
        for spelling in self._substitutes(token):
            letters = self._split(spelling)
            if all(letter in self.known for letter in letters):
                return letters
        return None

    def _substitutes(self, token: str) -> Iterator[str]:
        """Yields what may stand for a letter that is not known, the nearest first."""
        small = token.translate(DOTLESS) if "ı" in self.known else token
        for spelling in (small.lower(), token.upper(), base_letters(token)):
            yield normalise(spelling, self.case, self.unicode)
        yield normalise(base_letters(small.lower()), self.case, self.unicode)
        yield normalise(base_letters(token.upper()), self.case, self.unicode)
