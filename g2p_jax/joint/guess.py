"""Which language a word is of, from its letters: naive Bayes on letter n-grams.

    log P(language | word) ~ sum of log P(n-gram | language) over the n-grams of 1 to 4 letters

where the beginning and the end of a word are letters, too. N-grams are
hashed into a table, which is stored as bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from g2p_jax.data.ragged import Array, Ragged

ORDER = 4  # letters of the longest n-grams
BITS = 14
BUCKETS = 1 << BITS  # rows of the table
HASH = np.uint32(0x9E3779B1)  # 2^32 divided by the golden ratio
SMOOTHING = 0.02  # count of what was never seen
STEP = -1 / 8  # logarithms are stored as multiples of it
LACKING = 1e6  # for each letter that a language lacks: more than all n-grams of a word
EDGE = 1  # stands before and after a word


@dataclass(frozen=True, eq=False)
class Guesser:
    """log P of a hashed n-gram in each language, in steps [BUCKETS, languages]."""

    names: Sequence[str]
    steps: Array

    @classmethod
    def fit(
        cls, words: Ragged, language: Array, names: Sequence[str], before: "Guesser | None" = None
    ) -> "Guesser":
        """Counts the n-grams of words [ids of letters]; language: the number of that of each.

        before: what is known of languages without words; what no word is of is never guessed.
        """
        ngrams, owner = hashed_ngrams(words)
        count = np.full((BUCKETS, len(names)), SMOOTHING)
        np.add.at(count, (ngrams, language[owner]), 1)
        log_p = np.log(count / count.sum(axis=0))
        steps = np.rint(log_p / STEP).clip(0, 255).astype(np.uint8)
        for number in set(range(len(names))) - set(language.tolist()):
            steps[:, number] = 255
            if before and names[number] in before.names:
                steps[:, number] = before.steps[:, before.names.index(names[number])]
        return cls(names, steps)

    def guess(self, words: Ragged, alphabets: Mapping[str, Sequence[int]]) -> list[str]:
        """Returns the most probable language of each word, given as letter ids.

        alphabets: the letters of languages. Languages that lack fewer letters of a word come first.
        """
        ngrams, owner = hashed_ngrams(words)
        steps = np.zeros((len(words), len(self.names)))
        np.add.at(steps, owner, self.steps[ngrams])
        lacking_LxV = np.ones((len(self.names), 1 + words.ids.max(initial=0)), bool)
        for lacking_V, name in zip(lacking_LxV, self.names, strict=True):
            lacking_V[[id for id in alphabets[name] if id < len(lacking_V)]] = False
        owner = np.repeat(np.arange(len(words)), words.lengths)
        np.add.at(steps, owner, LACKING * lacking_LxV.T[words.ids])
        return [self.names[place] for place in np.argmin(steps, axis=1)]


def hashed_ngrams(words: Ragged) -> tuple[Array, Array]:
    """Returns the rows of all n-grams in the table, and the index of the word that each is from."""
    owner = np.repeat(np.arange(len(words)), words.lengths + 2)
    letters = np.full(len(owner), EDGE, np.uint32)
    before = 2 * np.repeat(np.arange(len(words)), words.lengths) + 1
    letters[np.arange(len(words.ids)) + before] = words.ids
    code, first = np.zeros_like(letters), np.arange(len(owner))
    rows, owners = list[Array](), list[Array]()
    for n in range(1, ORDER + 1):  # code: of the n letters from each place on
        last = np.minimum(first + n - 1, len(owner) - 1)
        code = (code + letters[last] + np.uint32(n)) * HASH
        whole = (first + n <= len(owner)) & (owner[last] == owner)
        rows.append(code[whole] >> np.uint32(32 - BITS))
        owners.append(owner[whole])
    return np.concatenate(rows).astype(int), np.concatenate(owners)
