"""JSON lines, or one JSON array, of objects with a `word`, its `sounds`, and `probabilities`.

Sounds are a list of phonemes or a text, 'P H O N' or 'P_H_O_N'; several pronunciations are a list
of such lists or texts. A list of texts without spaces is one pronunciation, unless another list in
the same file holds a text like 'P_H_O_N': then each text is a pronunciation.
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from g2p_jax.data.formats.layout import Entry
from g2p_jax.data.textfile import TextFile, json_value, shorten

EXAMPLE = '{"word": "...", "sounds": ["P", "H", "O", "N"]}'


def recognised(file: TextFile) -> bool:
    """Returns whether the file is JSON, by its name or its first character."""
    return file.path.suffix.lower() in (".json", ".jsonl") or file.text().lstrip()[:1] in ("{", "[")


def read(file: TextFile) -> Iterator[Entry]:
    underscores = "_" in file.text() and any(
        _is_texts(sounds) and any("_" in text for text in sounds)
        for *_, sounds, _ in _objects(file)
    )
    for place, language, word, sounds, weights in _objects(file):
        if isinstance(sounds, str):
            each = [_split(sounds)]
        elif not _is_texts(sounds):
            each = sounds
        elif underscores or any(" " in text for text in sounds):
            each = [_split(text) for text in sounds]
        else:
            each = [sounds]
        if weights is None:
            yield Entry(place, word, each, language)
            continue
        weights = weights if isinstance(weights, list) else [weights]
        if len(weights) != len(each) or not all(map(_is_weight, weights)):
            fix = "write one number from 0 to 1 for each pronunciation, or leave them out"
            raise file.error(place, "probabilities", shorten(weights), fix)
        yield Entry(place, word, each, language, weights)


def rows_like(
    example: str,
    space: str,
    escapes: bool,
    language: str,
    word: str,
    answers: Sequence[tuple[Sequence[str], float]],
) -> list[str]:
    """Returns objects with the keys and spaces of an example, and sounds as its texts or lists.

    Args:
      space: between phonemes in a text, unless the example has "_".
      escapes: whether characters that are not ASCII are written as \\u00e9.
    """
    pattern = json.loads(example)
    sounds = pattern["sounds"]
    is_list, is_flat = isinstance(sounds, list), isinstance(sounds, str) or _is_texts(sounds)
    sign = "_" if is_flat and "_" in "".join(sounds) else space
    are_texts = is_list and is_flat and any(sign in text for text in sounds if sign)
    unclear = any("_" in phoneme for phonemes, _ in answers for phoneme in phonemes)
    unclear |= are_texts and all(len(phonemes) == 1 for phonemes, _ in answers)
    one_each = is_flat and not (unclear or are_texts)
    comma = ", " if re.search(r'[^\\]", ', example) else ","
    between = comma, ": " if '": ' in example else ":"
    rows = []
    for some in [[one] for one in answers] if one_each else [answers] if answers else []:
        each, p = [x for x, _ in some], [round(p, 6) for _, p in some]
        written: Any = each
        if one_each:
            written = each[0] if is_list else sign.join(each[0])
        elif are_texts and not unclear:
            written = [sign.join(phonemes) for phonemes in each]
        own = {"word": word, "language": language, "sounds": written}
        own |= {"probabilities": p, "probability": p if len(p) > 1 else p[0]}
        row = {key: own.get(key) for key in pattern}
        rows.append(json.dumps(row, ensure_ascii=escapes, separators=between))
    return rows


def _objects(file: TextFile) -> Iterator[tuple[int | str, str, str, Any, Any]]:
    """Yields (place, language, word, sounds, probabilities), after a check of the first four."""
    for place, value in _values(file):
        match value:
            case {"word": str(word), "sounds": str() | list() as sounds} if (
                isinstance(sounds, str) or _is_texts(sounds) or all(map(_is_texts, sounds))
            ) and not any("\ud800" <= char <= "\udfff" for char in word):  # half a character
                language = value.get("language", "")
                weights = value.get("probabilities", value.get("probability"))
                yield place, language if isinstance(language, str) else "", word, sounds, weights
            case _:
                fix = "write the word as text and its sounds as a list of texts"
                raise file.error(place, EXAMPLE, shorten(value), fix)


def _values(file: TextFile) -> Iterator[tuple[int | str, Any]]:
    number, line, text = 1, "", file.text()
    try:
        if text.lstrip().startswith("["):
            for item, value in enumerate(json_value(text), 1):
                yield f" item {item}", value
        else:
            for number, line in file.lines():
                yield number, json_value(line)
    except json.JSONDecodeError as error:
        several = not text.lstrip().startswith("[") and line.strip() == "{"
        rest = shorten(error.doc[error.pos :].partition("\n")[0])
        found = "an object of several lines" if several else f"what is not JSON: {rest}"
        fix = "write one JSON object in each line, as jq -c . does, or one JSON array of objects"
        raise file.error(number + error.lineno - 1, EXAMPLE, found, fix) from error
    except (RecursionError, ValueError) as error:
        found = str(error).partition(";")[0]  # a name that comes twice
        found = "lists within lists, too deep" if isinstance(error, RecursionError) else found
        found = "a number of too many digits" if "integer string" in found else found
        fix = "write one object with a word and its sounds in each line"
        raise file.error(number, EXAMPLE, found, fix) from error


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _is_weight(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and value >= 0


def _split(phonemes: str) -> list[str]:
    return phonemes.strip().split("_") if "_" in phonemes else phonemes.split()
