"""Gives a lexicon the stress that it lacks, from a lexicon that has it."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from g2p_jax.data.arpabet import has_stress, is_vowel, strip_stress
from g2p_jax.data.formats.writers import columns
from g2p_jax.data.lexicon import read_lexicon
from g2p_jax.data.pairs import Phonemes
from g2p_jax.errors import UserError
from g2p_jax.files import atomic_write


def restress(
    lexicons: Sequence[str],
    source: str,
    output: Path,
    format: str = "auto",
    skip_bad_lines: bool = False,
) -> tuple[int, int]:
    """Writes lexicons as one file of lines word<TAB>P H O N, with stress.

    Of donors that differ in case, the one that is written as the word comes first. Words and
    phonemes stay as they are but for their stress. Returns how many words there are, and how many
    of them `source` has. UserError for a source without stress.
    """
    donors = read_lexicon(source, skip_bad_lines=skip_bad_lines)
    if not has_stress(donors.phonemes):
        raise UserError(f"{source} has no stress, such as AH0: give another --source")
    known: dict[str, tuple[Phonemes, ...]] = {}
    for word, pronunciations in donors:
        known[word.casefold()] = known.get(word.casefold(), ()) + pronunciations
    exact = dict(donors)
    words = borrowed = 0
    with atomic_write(output) as file:
        for path in lexicons:
            for word, pronunciations in read_lexicon(path, format, False, "NFC", skip_bad_lines):
                models = exact.get(word) or known.get(word.casefold(), ())
                stressed = [(borrow_stress(p, models), 1.0) for p in pronunciations]
                file.writelines(f"{line}\n" for line in columns(word, stressed))
                words, borrowed = words + 1, borrowed + bool(models)
    return words, borrowed


def borrow_stress(phonemes: Phonemes, models: Sequence[Phonemes]) -> Phonemes:
    """Returns the phonemes with the stress of the most similar model, vowel by vowel.

    Only models with as many vowels count; without any the first vowel is stressed.
    """
    vowels = list(map(is_vowel, phonemes))
    similar = [model for model in models if sum(map(is_vowel, model)) == sum(vowels)]
    ratio = lambda model: difflib.SequenceMatcher(
        None, [*map(strip_stress, model)], phonemes
    ).ratio()
    digits = iter("1" + "0" * len(phonemes))
    if similar:
        best = max(similar, key=ratio)
        digits = iter([p[-1] if p[-1].isdigit() else "0" for p in best if is_vowel(p)])
    both = zip(phonemes, vowels, strict=True)
    return tuple(p + next(digits) if vowel else p for p, vowel in both)
