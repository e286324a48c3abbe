"""Words that a person should see: those that are not wholly answered, and doubtful ones."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from absl import logging

from g2p_jax.data.language_names import AUTO
from g2p_jax.data.textfile import listed, shorten
from g2p_jax.errors import UserError, cut
from g2p_jax.predict.pronouncer import Pronouncer
from g2p_jax.predict.pronunciation import MODEL, Answer

if TYPE_CHECKING:
    from g2p_jax.predict.transcribe import Chunk, Options

PARTLY, SILENT, DOUBTFUL, GUESSED = "partly", "silent", "doubtful", "guessed"
ALTERNATIVES = 4  # of a doubtful word, where --nbest is not more
SPACES = "phonemes need spaces between them"
SHOWN = 20  # doubtful words in the log, where no file gets them


class Problem(NamedTuple):
    """A row of a report: id, word, how it is answered, and unknown characters or alternatives."""

    id: str
    word: str
    how: str  # PARTLY, SILENT, DOUBTFUL, or GUESSED
    unknown: Sequence[str] = ()  # characters that the model does not know
    alternatives: str = ""  # of a doubtful word: "R IY D 0.55 | R EH D 0.43"; or its language

    def __str__(self) -> str:
        characters = " ".join(repr(char)[1:-1] for char in dict.fromkeys(self.unknown))
        word = self.word.replace("\t", " ")
        return f"{self.id}\t{word}\t{self.how}\t{self.alternatives or characters}\n"


def problems_of(
    g2p: Pronouncer, words: "Chunk", answers: Sequence[Answer], options: "Options"
) -> list[Problem]:
    """Returns what is wrong with the answers to (id, word), in their order.

    Raises UserError for unknown characters if they are to be errors.
    """
    doubts, found = doubtful(g2p, answers, options), []
    for (id, word), answer in zip(words, answers, strict=True):
        silent = not answer.best.phonemes
        if answer.unknown or silent:
            if options.strict:
                raise UserError(f"line {id}: {complaint(answer)}; leave --strict out to go on")
            found.append(Problem(id, word, SILENT if silent else PARTLY, answer.unknown))
        if answer.word in doubts:
            found.append(Problem(id, word, DOUBTFUL, (), doubts[answer.word]))
        if options.report and g2p.symbols.language == AUTO and answer.language:
            found.append(Problem(id, word, GUESSED, (), answer.language))
    return found


def doubtful(g2p: Pronouncer, answers: Sequence[Answer], options: "Options") -> dict[str, str]:
    """Returns the words whose answer has too small a probability, with their alternatives.

    A lexicon's answers are not doubtful.
    """
    words = [
        answer.word
        for answer in answers
        if answer.source == MODEL and answer.best.probability < options.min_confidence
        if answer.best.phonemes
    ]
    own = g2p.symbols.alphabet
    found = g2p.pronounce(dict.fromkeys(words), max(options.nbest, ALTERNATIVES), options.beam)
    shown = (answer.in_alphabet(own, options.alphabet, options.stress) for answer in found)
    return {
        answer.word: " | ".join(f"{one} {one.probability:.2f}" for one in answer.pronunciations)
        for answer in shown
    }


def complaint(answer: Answer) -> str:
    """Returns what keeps a word from being wholly answered."""
    if not answer.unknown:
        return f"{shorten(answer.word)} holds nothing to pronounce"
    spaces = f" ({SPACES})" * (max(map(len, answer.unknown)) > 1)  # words, and not letters
    which = f"which the model does not know{spaces}"
    return f"{shorten(answer.word)} holds {listed(answer.unknown)}, {which}"


def show(problem: Problem, number: int) -> None:
    """Logs a doubtful word; `number` counts them, and only the first are shown."""
    if problem.how == DOUBTFUL and number <= SHOWN:
        logging.info("doubtful: %s: %s", cut(problem.word, 80), cut(problem.alternatives))
    if problem.how == DOUBTFUL and number == SHOWN:
        logging.info("more doubtful words are not shown here; --report=FILE lists all")
