"""JSON lines, or one JSON array, of objects with a `word`, its `sounds`, and `probabilities`.

Sounds are a list of phonemes or a text, 'P H O N' or 'P_H_O_N'; several pronunciations are a list
of such lists or texts. A list of texts without spaces is one pronunciation, unless another list in
the same file holds a text like 'P_H_O_N': then each text is a pronunciation.
"""

import json
import math
from collections.abc import Iterator
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
        found = "an object of several lines" if several else f"what is no JSON: {rest}"
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
