"""A user's lexicon, with pronunciations of the words that it lacks."""

from collections.abc import Iterable

from absl import logging

from g2p_jax.data.merging import LexiconFile
from g2p_jax.data.textfile import shorten
from g2p_jax.errors import UserError
from g2p_jax.predict.pronouncer import Pronouncer
from g2p_jax.predict.transcribe import Options, complaint


def merge(g2p: Pronouncer, lexicon: LexiconFile, words: Iterable[str], options: Options) -> bytes:
    """Returns the lexicon with the words that it lacks, in its own format, order and line ends.

    Unknown characters are left out; one warning counts such words. UserError if they are to be
    errors.
    """
    missing = lexicon.missing(words)
    answers = g2p.pronounce(missing, options.nbest, options.beam, options.mass)
    unknown = [answer for answer in answers if answer.unknown]
    if unknown and options.strict:
        raise UserError(f"{complaint(unknown[0])}; leave --strict out to go on")
    if partly := [answer for answer in unknown if answer.best.phonemes]:
        logging.warning("%d words are answered in part only: %s", len(partly), complaint(partly[0]))
    logging.info("new words: %d %s", len(missing), shorten(missing) if missing else "")
    own = g2p.symbols.alphabet
    entries = (a.in_alphabet(own, options.alphabet or own, options.stress) for a in answers)
    return lexicon.with_words((answer.word, answer.scored) for answer in entries)
