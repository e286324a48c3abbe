"""Names of languages, and which language a word such as deu:Haus is of."""

import re
from collections.abc import Iterable

from g2p_jax.data.textfile import shorten
from g2p_jax.errors import UserError, cut

AUTO = "auto"  # for a language: it is guessed
LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]+)*")
_NAMED = re.compile(LANGUAGE.pattern + ":")
# ISO 639 codes of files that are named otherwise; `find_language` needs no others of two letters.
ISO = {
    "arm-e": "hye arm hy", "bul": "bg", "bur": "mya my", "cat": "ca", "cze": "ces cs", "dan": "da",
    "deu": "ger de", "dut": "nld nl", "fas": "per fa", "fra": "fre fr", "geo": "kat ka",
    "gle": "ga", "glg": "gl", "gre": "ell el", "hbs-latn": "hbs sh hrv hr bos bs srp sr",
    "hin": "hi", "hun": "hu", "ice": "isl is", "ita": "it", "jpn": "ja", "kor": "ko",
    "lat-clas": "lat la", "lit": "lt", "mac": "mkd mk", "pol": "pl", "por-bz": "por pt",
    "ron": "rum ro", "slv": "sl", "spa": "es", "swe": "sv", "tgl": "tl fil", "tha": "th",
    "tur": "tr", "ukr": "uk", "vie": "vi", "wel-nw": "cym wel cy",
}  # fmt: skip


def split_language(word: str, languages: Iterable[str], default: str = "") -> tuple[str, str]:
    """Returns the language of a word such as deu:Haus, and the word.

    default: the language of words that name none. UserError for a word that needs one.
    """
    name, colon, rest = word.partition(":")
    if colon and (language := _known_as(name, languages)):
        return language, rest
    if default:
        return default, word
    if colon:
        return find_language(name, languages), rest
    known, fix = ", ".join(languages), f"such as {cut(f'deu:{word}', 80)} or --language=deu"
    raise UserError(f"{shorten(word)} needs a language, {fix}; the model knows {known}")


def find_language(name: str, languages: Iterable[str]) -> str:
    """Returns the language of a name or an ISO code; UserError if the model knows none."""
    name = name.strip().lower()
    for code in (name, name.partition("-")[0]):  # de-AT: de
        if language := _known_as(code, languages):
            return language
    raise UserError(f"no language {name!r}: the model knows {', '.join(languages)}")


def _known_as(name: str, languages: Iterable[str]) -> str | None:
    codes = ((language, (language, *ISO.get(language, "").split())) for language in languages)
    return next((language for language, known in codes if name in known), None)


def names_language(word: str) -> bool:
    """Whether a word names its language, as deu:Haus does."""
    return _NAMED.match(word) is not None
