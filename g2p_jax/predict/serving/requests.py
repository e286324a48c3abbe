"""Requests of the JSON API: what they may hold, and how answers are written."""

import json
from typing import Any, NamedTuple

from g2p_jax.data.alphabets import ALPHABETS
from g2p_jax.data.textfile import json_value
from g2p_jax.predict.pronunciation import Answer

MOST_BYTES = 1 << 16  # of a request
MOST_WORDS = 256  # of a request
MOST_LETTERS = 256  # of a word
MOST_NAME = 32  # characters of the name of a language
NBEST = 10  # pronunciations of a word, and hypotheses of the search for more than one


class HttpError(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, message: str, **headers: str):
        super().__init__(message)
        self.status, self.message = status, message
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Options(NamedTuple):
    """How words are answered."""

    nbest: int = 1
    alphabet: str = ""
    stress: bool | None = None
    language: str = ""  # of words that name none, for a model of many; auto: it is guessed


class Request(NamedTuple):
    words: list[str]
    options: Options


def parse(body: bytes) -> Request:
    """Returns the request of a body; raises HttpError with what is wrong, and how to mend it."""
    try:
        found = json_value(body.decode("utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HttpError(400, 'the body is not JSON: send {"words": ["through"]}') from error
    except ValueError as error:  # a name that comes twice, or a number of too many digits
        what = str(error).partition(";")[0]
        what = "a number of too many digits" if "digits" in what else what
        raise HttpError(400, f"the body has {what}") from error
    if not isinstance(found, dict):
        raise HttpError(400, 'the body is not an object: send {"words": ["through"]}')
    names = ("words", *Options._fields)
    if unknown := sorted(found.keys() - names):
        raise HttpError(400, f"no field {unknown[0][:40]!r}: there are {', '.join(names)}")
    options = Options(
        **{name: found[name] for name in Options._fields if found.get(name) is not None}
    )
    if type(options.nbest) is not int or not 1 <= options.nbest <= NBEST:
        raise HttpError(400, f"nbest: a whole number from 1 to {NBEST}")
    if options.alphabet not in ("", *ALPHABETS):
        raise HttpError(400, f"alphabet: one of {', '.join(ALPHABETS)}")
    if type(options.stress) not in (bool, type(None)):
        raise HttpError(400, "stress: true, false or null")
    if not isinstance(options.language, str) or len(options.language) > MOST_NAME:
        raise HttpError(400, "language: a text such as deu, auto, or null")
    return Request(_words(found.get("words")), options)


def _words(words: Any) -> list[str]:
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise HttpError(400, 'words: a list of texts, as in {"words": ["through"]}')
    if not words:
        raise HttpError(400, "words: at least one")
    if len(words) > MOST_WORDS:
        raise HttpError(413, f"at most {MOST_WORDS} words in a request: send several requests")
    if any(len(word) > MOST_LETTERS for word in words):
        raise HttpError(413, f"a word has at most {MOST_LETTERS} characters")
    if any("\ud800" <= char <= "\udfff" for word in words for char in word):
        raise HttpError(400, "words: a character is half a surrogate pair, which is not Unicode")
    return words


def to_json(answer: Answer, nbest: int) -> str:
    """Returns the answer to one word as a JSON object."""
    each = [
        {
            "phonemes": list(one.phonemes),
            "probability": round(one.probability, 6),
            "source": one.source,
        }
        for one in answer.pronunciations[:nbest]
    ]
    found = {"word": answer.word, "pronunciations": each, "unknown": list(answer.unknown)}
    found |= {"language": answer.language} if answer.language else {}
    return json.dumps(found, ensure_ascii=False)
