"""Lexicons in the notation of a model: its alphabet, its case, with stress or without."""

import dataclasses
from collections.abc import Container, Iterable
from typing import Any

from absl import logging

from g2p_jax.config import Data
from g2p_jax.data import splits
from g2p_jax.data.alphabets import alphabet_of, convert, is_kokoro, is_xsampa
from g2p_jax.data.arpabet import marks_stress, strip_stress
from g2p_jax.data.merging import POSITION
from g2p_jax.data.pairs import Pair, Pairs
from g2p_jax.data.symbols import SPECIALS, Symbols
from g2p_jax.errors import DataError, UserError

SYLLABLES = frozenset(".-|")  # signs between syllables
OTHER = "the lexicon is not in the notation of the model, and is not converted; the lexicon has %s"
NONE = "no phoneme of the lexicon is one of the model's; the lexicon has %s"


def references(symbols: Symbols, data: Data, path: str | None, split: str, **reading: Any) -> Pairs:
    """Returns the words of a file in the notation of a model; None: its own, see `splits`."""
    pairs = splits.references(data, path, split, **reading)
    if not path or symbols.source == "words" or symbols.target == "characters":
        return pairs
    try:
        for word in pairs.each_word() if symbols.languages else ():
            symbols.named(word)
    except UserError as error:  # of a language that the model does not know
        raise DataError(f"{path}: {error}, or leave such words out") from error
    pairs = Pairs.of(in_alphabet_of(symbols, pairs))
    if not data.stress and marks_stress(pairs.phonemes):
        pairs = pairs.map_phonemes(strip_stress).merged()
    return pairs


def in_alphabet_of(symbols: Symbols, lexicon: Pairs) -> Iterable[Pair]:
    """Returns a lexicon of English with its phonemes in a model's alphabet, ARPAbet or IPA.

    X-SAMPA is recognised by its signs. ARPAbet gets the case of the model's; Kaldi's positions in a
    word, and signs between syllables, are left out. Other lexicons are returned as they are. Raises
    DataError for a symbol that is not English.
    """
    own, tokens = symbols.alphabet, symbols.phonemes.tokens[len(SPECIALS) :]
    if all(map(POSITION.search, lexicon.phonemes)) and not any(map(POSITION.search, tokens)):
        lexicon = lexicon.map_phonemes(lambda phoneme: POSITION.sub("", phoneme))
    if (signs := SYLLABLES.intersection(lexicon.phonemes)) and not SYLLABLES.intersection(tokens):
        lexicon = _without(signs, lexicon)
    if symbols.target == "ipa":
        _warn_of_others(symbols, lexicon)
        return (Pair(word, tuple(map(symbols.target_tokens, each))) for word, each in lexicon)
    source = alphabet_of(lexicon.phonemes)
    if not "".join(tokens).isascii() and is_xsampa(lexicon.phonemes, own):  # of any language
        source = "xsampa"
    if source == own == "arpabet":
        case = str.upper if "".join(tokens).isupper() else str.lower
        return lexicon.map_phonemes(case)
    is_ascii = "".join(lexicon.phonemes if source == "ipa" else tokens).isascii()
    if source == own or (is_ascii and source != "xsampa"):  # what is all ASCII is no IPA
        _warn_of_others(symbols, lexicon)
        return lexicon
    source = "kokoro" if source == "ipa" and is_kokoro(lexicon.phonemes) else source
    stress = own == "arpabet" or not {"ˈ", '"'}.isdisjoint("".join(tokens))
    logging.info("the lexicon is converted from %s to %s, the model's alphabet", source, own)
    return (
        Pair(word, tuple(convert(phonemes, source, own, stress) for phonemes in each))
        for word, each in lexicon
    )


def _without(signs: Container[str], lexicon: Pairs) -> Pairs:
    """Returns the lexicon without these phonemes, but for pronunciations of nothing else."""
    rest = lambda phonemes: tuple(p for p in phonemes if p not in signs) or phonemes
    pairs = Pairs.of(Pair(word, tuple(map(rest, each))) for word, each in lexicon)
    return dataclasses.replace(pairs, weights=lexicon.weights)


def _warn_of_others(symbols: Symbols, lexicon: Pairs) -> None:
    """Logs a line where most phonemes are none of the model's."""
    other = others(symbols, lexicon.phonemes)
    if 2 * len(other) > len(lexicon.phonemes):
        line = NONE if len(other) == len(lexicon.phonemes) else OTHER
        logging.warning(line, ", ".join(other[:3]))


def others(symbols: Symbols, phonemes: Iterable[str]) -> list[str]:
    """Returns the phonemes that a model does not write, with stress or without."""
    known = symbols.phonemes.ids.keys()
    is_known = lambda p: {p, strip_stress(p)} & known or known >= {*symbols.target_tokens([p])}
    return [phoneme for phoneme in phonemes if not is_known(phoneme)]
