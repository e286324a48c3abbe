"""Gives a lexicon the stress that it lacks, from a lexicon that has it."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from g2p_jax.data.alphabets import alphabet_of
from g2p_jax.data.arpabet import has_stress, is_vowel, strip_stress
from g2p_jax.data.formats.writers import columns
from g2p_jax.data.lexicon import read_lexicon
from g2p_jax.data.merging import POSITION
from g2p_jax.data.pairs import Phonemes
from g2p_jax.errors import DataError, UserError
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
    phonemes stay as they are but for their stress: in their case, and with Kaldi's positions.
    Returns how many words there are, and how many of them got the stress of `source`. UserError for
    a source without stress, and for a lexicon that is not in ARPAbet.
    """
    donors = read_lexicon(source, skip_bad_lines=skip_bad_lines).map_phonemes(_arpabet)
    if not has_stress(donors.phonemes):
        raise UserError(f"{source} has no stress, such as AH0: give another --source")
    known: dict[str, tuple[Phonemes, ...]] = {}
    for word, pronunciations in donors:
        known[word.casefold()] = known.get(word.casefold(), ()) + pronunciations
    exact = dict(donors)
    words = borrowed = 0
    with atomic_write(output) as file:
        for path in lexicons:
            lexicon = read_lexicon(path, format, False, "NFC", skip_bad_lines)
            _check_arpabet(path, lexicon.phonemes)
            for word, pronunciations in lexicon:
                models = exact.get(word) or known.get(word.casefold(), ())
                stressed = [(borrow_stress(p, models), 1.0) for p in pronunciations]
                file.writelines(f"{line}\n" for line in columns(word, stressed))
                words += 1
                borrowed += any(_similar(p, models) for p in pronunciations)
    return words, borrowed


def borrow_stress(phonemes: Phonemes, models: Sequence[Phonemes]) -> Phonemes:
    """Returns the phonemes with the stress of the most similar model, vowel by vowel.

    Only models with as many vowels and some stress count; without any the first vowel is stressed.
    They are in upper case, without positions.
    """
    plain = [strip_stress(_arpabet(phoneme)) for phoneme in phonemes]
    ratio = lambda model: difflib.SequenceMatcher(None, [*map(strip_stress, model)], plain).ratio()
    digits = iter("1" + "0" * len(phonemes))
    if similar := _similar(phonemes, models):
        best = max(similar, key=ratio)
        digits = iter([p[-1] if p[-1].isdigit() else "0" for p in best if is_vowel(p)])
    return tuple(
        p[: len(name)] + next(digits) + "".join(POSITION.findall(p)) if is_vowel(name) else p
        for p, name in zip(phonemes, plain, strict=True)
    )


def _arpabet(phoneme: str) -> str:
    """Returns the phoneme in upper case, without its position in the word: ah0_B -> AH0."""
    return POSITION.sub("", phoneme).upper()


def _similar(phonemes: Phonemes, models: Sequence[Phonemes]) -> list[Phonemes]:
    """Returns the models that can lend their stress: they have some, and as many vowels."""
    vowels = sum(is_vowel(_arpabet(phoneme)) for phoneme in phonemes)
    return [m for m in models if has_stress(m) and sum(map(is_vowel, m)) == vowels]


def _check_arpabet(path: str, phonemes: Sequence[str]) -> None:
    """Raises DataError for another alphabet, in which vowels would get no stress."""
    names = list(map(_arpabet, phonemes))
    other = [p for p, name in zip(phonemes, names, strict=True) if alphabet_of([name]) != "arpabet"]
    if other and not ("".join(other).isascii() and any(map(is_vowel, names))):
        found, fix = f"the phonemes {', '.join(other[:3])}", "write it in ARPAbet, as in TH R UW"
        raise DataError.at(path, "ARPAbet", found, fix)
