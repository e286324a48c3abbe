"""The interfaces of g2p_en, phonemizer and misaki's fallback: programs need only a new import.

>>> from g2p_jax.compat import G2p
>>> G2p()("Hello, world!")
['HH', 'AH0', 'L', 'OW1', ' ', ',', ' ', 'W', 'ER1', 'L', 'D', ' ', '!']
"""

import functools
import itertools
import logging
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from g2p_jax import runtime
from g2p_jax.data.language_names import AUTO
from g2p_jax.data.pairs import Phonemes
from g2p_jax.errors import UserError, checked, counted
from g2p_jax.predict.lexicon_first import load
from g2p_jax.predict.pronouncer import Pronouncer
from g2p_jax.predict.pronunciation import check_words
from g2p_jax.text.reading import LEXICON, PUNCTUATION, UNSPEAKABLE, Token, read

LOG = logging.getLogger("g2p_jax")  # of Python's own: a program decides what becomes of it
LANGUAGES = "en-us", "en", "en-us-x-espeak"
SUPPORTED = {  # language_switch is without meaning for one language
    "backend": ("espeak",),
    "language_switch": ("keep-flags", "remove-flags", "remove-utterance"),
    "words_mismatch": ("ignore",),
}
MARKS = ';:,.!?¡¿—…"«»“”(){}[]'
_DIPHTHONG = re.compile("([^ːˈˌ])([^ːˈˌ])")


class G2p:
    """Texts to ARPAbet, as `g2p_en.G2p`: a flat list, stress on vowels, ' ' between words.

    g2p: the model, of ARPAbet and stress; None: `english`, with CMUdict before it.
    """

    @checked
    def __init__(self, g2p: Pronouncer | None = None):
        self._g2p = (g2p or _english()).with_stress(True)

    @checked
    def __call__(self, text: str) -> list[str]:
        """Returns the phonemes of all words, and the marks . , ? ! - as items of their own."""
        items = list[str]()
        for token in _tokens(self._g2p, [text])[0]:
            marks = re.findall(r"\.+|[,?!-]", token.text) if token.kind == PUNCTUATION else []
            for part in (*written_words(token), *((mark,) for mark in marks)):
                items += [*part, " "]
        return items[:-1]

    @checked
    def predict(self, word: str) -> list[str]:
        """Returns the phonemes of a word that no dictionary has."""
        return list(self._g2p.pronounce([word])[0].best.phonemes)


class Separator(NamedTuple):
    """The texts between words and between phonemes, as `phonemizer.separator.Separator`."""

    word: str = " "
    syllable: str = ""  # espeak knows no syllables
    phone: str = ""


@checked
def phonemize(
    text: str | Iterable[str],
    language: str = "en-us",
    backend: str = "espeak",
    separator: Any = Separator(),  # noqa: B008
    strip: bool = False,
    prepend_text: bool = False,
    preserve_empty_lines: bool = False,
    preserve_punctuation: bool = False,
    punctuation_marks: str | re.Pattern[str] = MARKS,
    with_stress: bool = False,
    tie: bool | str = False,
    language_switch: str = "keep-flags",
    words_mismatch: str = "ignore",
    njobs: int = 1,
    logger: Any = None,
    g2p: Pronouncer | None = None,
) -> Any:
    """Returns the IPA of a text, or of each in a list, as `phonemizer.phonemize` with espeak.

    Args:
      separator: anything with the texts `word` and `phone`; phonemizer's own is one.
      njobs: is of no use, and warned of.
      logger: anything with `warning`; None: Python's, named g2p_jax.
      g2p: the model; None: `english`, with CMUdict before it.

    Raises UserError for another backend, for another language than the model's, and for what espeak
    does and this does not: words_mismatch, and a tie together with separated phonemes.
    """
    chosen = {"backend": backend, "language_switch": language_switch}
    for name, value in {**chosen, "words_mismatch": words_mismatch}.items():
        if value not in SUPPORTED[name]:
            raise UserError(f"{name} {value!r}: is not supported; {', '.join(SUPPORTED[name])} is")
    _check_language(language, g2p)
    warning = _warning(logger, separator, tie, njobs)
    if isinstance(text, str):
        lines = text.splitlines()
    else:
        lines = [" ".join(line.splitlines()) for line in check_words(text)]
    if not preserve_empty_lines:
        lines = [line for line in lines if line.strip()]
    is_mark = _mark_finder(punctuation_marks if preserve_punctuation else "")
    tie = "͡" if tie is True else tie or ""
    write = functools.partial(_line, separator=separator, strip=strip, tie=tie, is_mark=is_mark)
    model = g2p or _english()
    alphabet = "espeak" if model.symbols.alphabet == "arpabet" else "ipa"
    found = [write(tokens) for tokens in _tokens(model, lines, alphabet, with_stress, warning)]
    if prepend_text:
        return list(zip(lines, found, strict=True))
    return "\n".join(found) if isinstance(text, str) else found


class Fallback:
    """Pronounces unknown words for misaki's English: `en.G2P(fallback=Fallback())`.

    g2p: the model, of ARPAbet; None: `english`, with CMUdict before it.
    """

    @checked
    def __init__(self, g2p: Pronouncer | None = None, british: bool = False):
        if british:
            raise UserError("british=True: the model is of American English; leave british out")
        self._g2p = g2p or _english()

    def __call__(self, token: Any) -> tuple[str, int] | tuple[None, None]:
        """Returns (phonemes of Kokoro, rating) for a token with a `text`; (None, None): silent.

        The rating is 3, of misaki's second dictionary, for words of the lexicon; 2 for others.
        """
        text = getattr(token, "text", None)
        if not isinstance(text, str):
            raise TypeError(f"a token of misaki is expected, with its text, found {token!r}")
        tokens = read(self._g2p, [text], "kokoro")[0]
        words = ["".join(phonemes) for one in tokens for phonemes in written_words(one)]
        if not words:
            return None, None
        return " ".join(words), 3 if {one.source for one in tokens} <= {LEXICON, ""} else 2


def _check_language(name: str, g2p: Pronouncer | None) -> None:
    """Raises UserError for a language that is not the model's; a model of ARPAbet is English.

    name: that of espeak's voice, such as pt-br, or an ISO 639 code. The language of a model of one
      language in IPA is not known, and not compared.
    """
    is_own, own = name.lower() in LANGUAGES, "en-us"
    if g2p is not None:
        own = g2p.symbols.language or "eng" * (g2p.symbols.alphabet == "arpabet")
        is_own = own in ("", AUTO) or runtime.find_language(name, [own]) is not None
    if is_own:
        return
    fix = "a model that you train on its lexicon, g2p=g2p_jax.load(...)"
    if (language := runtime.find_language(name, runtime.LANGUAGES.values())) not in (None, "eng"):
        fix = f'g2p=g2p_jax.load("world", language="{language}")'
    raise UserError(
        f"language {name!r}: the model is of {own}; fix: give language={own!r}, or {fix}"
    )


def written_words(token: Token) -> list[Phonemes]:
    """Returns the phonemes of each word of a token; of a compound or acronym together.

    That is, "3:45" is three words; "well-known" and "TTS" are one, as they are written.
    """
    words = [word for word in token.words if word.phonemes]
    letters = "".join(word.text for word in words).replace("-", "").replace("'", "")
    if letters.lower() == re.sub(r"[\W\d_]", "", token.text).lower():
        return [token.phonemes] if words else []
    return [word.phonemes for word in words]


def _tokens(
    g2p: Pronouncer,
    texts: list[str],
    alphabet: str = "",
    stress: bool = True,
    warning: Callable[..., object] = LOG.warning,
) -> list[list[Token]]:
    """Returns the tokens of texts; warns of what cannot be pronounced."""
    found = read(g2p, texts, alphabet, stress)
    silent = [token.text for each in found for token in each if token.kind == UNSPEAKABLE]
    if silent:
        shown = ", ".join(map(repr, dict.fromkeys(silent[:5])))
        count = counted(len(silent), "token")
        warning("%s without a pronunciation left out: %s", count, shown)
    return found


def _warning(logger: Any, separator: Any, tie: bool | str, njobs: int) -> Callable[..., object]:
    """Returns the function that warns, and warns of what has no effect.

    Raises TypeError or UserError for a separator, or a tie, that cannot be.
    """
    warning = getattr(logger or LOG, "warning", None)
    if warning is None:
        raise TypeError(f"logger must have the method warning, found {logger!r}")
    word, phone = (getattr(separator, name, 0) for name in ("word", "phone"))
    if not all(text is None or isinstance(text, str) for text in (word, phone)):
        raise TypeError(
            "separator must have the texts word and phone, as Separator(word=' ', phone='') has; "
            f"found {type(separator).__name__}: {separator!r}"
        )
    if phone and phone == word:
        raise UserError(f"separator: word and phone are both {word!r}, and must be different")
    if isinstance(tie, str) and len(tie) > 1:
        raise UserError(f"tie is {tie!r}: must be one character, or True")
    if tie and phone:
        raise UserError(f"tie and the phone separator {phone!r} exclude each other")
    if njobs != 1:
        warning("njobs=%d has no effect: one process pronounces all", njobs)
    if getattr(separator, "syllable", ""):
        warning("separator: syllable has no effect, as with espeak")
    return warning


def _mark_finder(marks: str | re.Pattern[str]) -> Callable[[str], object]:
    """Returns a function that tells whether a token is one of the marks."""
    if isinstance(marks, re.Pattern):
        return marks.search
    return lambda text: bool(set(text) & set(marks))


class _Part(NamedTuple):
    """A word, or a mark of punctuation, of a line."""

    text: str
    is_word: bool
    space: bool = False  # after it


def _line(tokens: list[Token], separator: Any, strip: bool, tie: str, is_mark: Any) -> str:
    """Returns a line as phonemizer writes it."""
    phone, word = separator.phone or "", separator.word or ""
    parts = list[_Part]()
    for token in tokens:
        for phonemes in written_words(token):
            each = [_DIPHTHONG.sub(rf"\1{tie}\2", p) if tie else p for p in phonemes]
            parts.append(_Part(phone.join(each) + phone * (not strip), True))
        if token.kind == PUNCTUATION and is_mark(token.text):
            parts.append(_Part(token.text, False))
        if parts and token.whitespace:
            parts[-1] = parts[-1]._replace(space=True)
    pairs = itertools.pairwise([*parts, _Part("", False)])
    line = "".join(a.text + word * (a.space or (a.is_word and b.is_word)) for a, b in pairs)
    if strip or not any(part.is_word for part in parts):
        return line.removesuffix(word) if word else line
    return line if line.endswith(word) else line + word


@functools.cache
def _english() -> Any:
    return load()
