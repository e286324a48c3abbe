"""A user's lexicon, with pronunciations of the words that it lacks."""

from collections.abc import Iterable
from typing import IO

from absl import logging

from g2p_jax.data.alphabets import ALPHABETS
from g2p_jax.data.language_names import AUTO, split_language
from g2p_jax.data.merging import LexiconFile
from g2p_jax.data.symbols import Symbols
from g2p_jax.data.textfile import listed, shorten
from g2p_jax.errors import UsageError, UserError, counted
from g2p_jax.predict.notation import others
from g2p_jax.predict.problems import complaint, problems_of, show
from g2p_jax.predict.pronouncer import Pronouncer
from g2p_jax.predict.transcribe import Options

_SAME_SIGNS = {"": ALPHABETS, "ipa": ("ipa", "espeak", "kokoro")}  # a lexicon does not tell which


def notation_of(
    lexicon: LexiconFile, alphabet: str, stress: bool | None
) -> tuple[str, bool | None]:
    """Returns the alphabet of a lexicon, and whether it has stress; or those that are given.

    UsageError for given ones that the lexicon does not have: it would be in two alphabets.
    """
    own = lexicon.alphabet
    if alphabet and alphabet not in _SAME_SIGNS.get(own, [own]):
        what = f"--alphabet={alphabet} cannot be given with --merge: the lexicon is in {own}"
        raise UsageError(f"{what}: leave it out")
    if stress == (not lexicon.stress) and own == "arpabet":
        has = "stress" if lexicon.stress else "no stress"
        flag = "--stress" if stress else "--nostress"
        raise UsageError(
            f"{flag} cannot be given with --merge: the lexicon has {has}: leave it out"
        )
    return alphabet or own, lexicon.stress if stress is None else stress


def check_phonemes(g2p: Pronouncer, lexicon: LexiconFile) -> None:
    """Raises UserError for a lexicon in an alphabet of its own that the model does not write."""
    cases = lambda phoneme: (phoneme, phoneme.upper(), phoneme.lower())
    other = [p for p in lexicon.phonemes if len(others(g2p.symbols, cases(p))) == len(cases(p))]
    if 50 * sum(lexicon.phonemes[phoneme] for phoneme in other) > lexicon.phonemes.total():
        fix = "give a model that is trained on it, with --ckpt, or name its --alphabet"
        what = f"the lexicon has phonemes that the model does not write: {listed(other)}"
        raise UserError(f"{what}; fix: {fix}")


def named_as_in(lexicon: LexiconFile, symbols: Symbols, words: Iterable[str]) -> list[str]:
    """Returns words for a model of many languages as the lexicon has them: deu:Haus, or Haus.

    UserError for a word of another language where the lexicon names none.
    """
    own = symbols.language
    if own == AUTO:
        fix = "give one language, and other words as deu:Haus"
        raise UsageError(f"--language={AUTO} cannot be given with --merge: {fix}")
    if not (own or lexicon.names_languages):
        fix = "give that of its words, as --language=deu"
        raise UsageError(f"--merge: the lexicon does not name languages; fix: {fix}")
    named = [split_language(word, symbols.languages, own) for word in words]
    if lexicon.names_languages:
        return [":".join(one) for one in named if one[1].strip()]
    if other := [":".join(one) for one in named if one[0] != own]:
        fix = "leave it out, or give the lexicon a column named language"
        raise UserError(f"{shorten(other[0])}: the words of the lexicon are {own}; fix: {fix}")
    return [word for _, word in named]


def merge(
    g2p: Pronouncer,
    lexicon: LexiconFile,
    words: Iterable[str],
    options: Options,
    report: IO[str] | None = None,
) -> bytes:
    """Returns the lexicon with the words that it lacks, in its own format, order and line ends.

    Unknown characters are left out; one warning counts such words. UserError if they are to be
    errors. report: gets a row for each new word that a person should see; see `transcribe`.
    """
    symbols = g2p.symbols
    if not options.alphabet:
        check_phonemes(g2p, lexicon)
    if symbols.languages:
        words = named_as_in(lexicon, symbols, words)
    missing = lexicon.missing(words)
    answers = g2p.pronounce(missing, options.nbest, options.beam, options.mass)
    numbered = [(str(number), word) for number, word in enumerate(missing, 1)]
    for number, problem in enumerate(problems_of(g2p, numbered, answers, options), 1):
        if report:
            report.write(str(problem))
        else:
            show(problem, number)
    partly = [answer for answer in answers if answer.unknown and answer.best.phonemes]
    if partly:
        how = f"{counted(len(partly), 'word')} answered in part only: {complaint(partly[0])}"
        logging.warning("%s", how)
    new = [answer.word for answer in answers if answer.best.phonemes]
    logging.info("new words: %d %s", len(new), listed(new))
    own = g2p.symbols.alphabet
    entries = (a.in_alphabet(own, options.alphabet, options.stress) for a in answers)
    return lexicon.with_words((answer.word, answer.scored) for answer in entries)
