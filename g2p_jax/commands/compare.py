"""Compares two sets of answers: how many differ, in which phonemes, and which set is better.

  g2p-jax compare a.tsv b.tsv
  g2p-jax compare a.tsv b.tsv --references=test.txt
  g2p-jax compare a.csv b.csv --references=test.txt --words=test.csv

Both files are what `g2p-jax predict --output` wrote for the same words. All differences are written
to differences.tsv. With a lexicon of references, the scores of both are printed, and whether their
difference can be chance. A contest submission has ids for words: --words names its word list.
"""

from itertools import chain

from absl import flags, logging

from g2p_jax import scoring
from g2p_jax.commands import shared
from g2p_jax.data.answers import read_answers
from g2p_jax.data.lexicon import read_lexicon
from g2p_jax.data.normalise import normal_form
from g2p_jax.data.pairs import Phonemes
from g2p_jax.data.word_lists import read_words
from g2p_jax.errors import DataError, UsageError, UserError, counted

_REFERENCES = flags.DEFINE_string("references", None, "Lexicon with the right pronunciations.")
_READING = shared.define_reading()
_STRESS = flags.DEFINE_bool("stress", False, "Keep the stress digits of the references.")
_WORDS = flags.DEFINE_string("words", None, "Word list, such as test.csv, that has the ids.")
_DIFFERENCES = shared.define_output("File for all differences.", "differences", "differences.tsv")
_CONFUSIONS = flags.DEFINE_integer("confusions", 10, "Number of confusions to print.", 0)


def main(paths: list[str]) -> None:
    if len(paths) != 2:
        raise UsageError(f"two files to compare, found {len(paths)}: g2p-jax compare a.tsv b.tsv")
    ids, a, b = read_both(*paths)
    rows = [(id, x, y) for id, x, y in zip(ids, a, b, strict=True) if x != y]
    print(f"{len(rows):,} of {counted(len(ids), 'answer')} differ ({len(rows) / len(ids):.2%})")
    for (phoneme_a, phoneme_b), times in scoring.confusions(a, b).most_common(_CONFUSIONS.value):
        print(f"  {phoneme_a or '-':>4}  {phoneme_b or '-':<4} {counted(times, 'time')}")
    if _REFERENCES.value:
        print_scores(_REFERENCES.value, paths, ids, a, b)
    table = [["word", *paths], *([id, " ".join(x), " ".join(y)] for id, x, y in rows)]
    shared.write_list(_DIFFERENCES, "all differences", ["\t".join(row) for row in table])


def read_both(path_a: str, path_b: str) -> tuple[list[str], list[Phonemes], list[Phonemes]]:
    """Ids and answers of two files; DataError unless both answer the same words, in one order."""
    a, b = read_answers(path_a), read_answers(path_b)
    for row, ((id_a, _), (id_b, _)) in enumerate(zip(a, b, strict=False), 1):
        if id_a != id_b:
            raise DataError(f"answer {row} is to {id_a!r} in {path_a}, {id_b!r} in {path_b}")
    if len(a) != len(b):
        raise DataError(f"{path_a} has {counted(len(a), 'answer')}, {path_b} {len(b)}")
    if not a:
        raise DataError(f"{path_a} holds no answer")
    return [id for id, _ in a], [composed(answer) for _, answer in a], [composed(x) for _, x in b]


def composed(phonemes: Phonemes) -> Phonemes:
    """Returns the phonemes in the normal form NFC: ç may be one character or two."""
    return tuple(normal_form(phoneme, "NFC") for phoneme in phonemes)


def print_scores(
    lexicon: str, paths: list[str], ids: list[str], a: list[Phonemes], b: list[Phonemes]
) -> None:
    """Prints the scores of both files on the words that are in the lexicon."""
    pairs = read_lexicon(lexicon, stress=_STRESS.value, phones=True, **_READING())
    references = {pair.word: [*map(composed, pair.pronunciations)] for pair in pairs}
    words = dict(read_words(_WORDS.value)) if _WORDS.value else {}
    rows = [
        (x, y, references[word])
        for id, x, y in zip(ids, a, b, strict=True)
        if (word := normal_form(words.get(id, id), "NFC")) in references
    ]
    if not rows:
        raise UserError(
            "none of the answered words is in --references; where ids are numbers, give --words"
        )
    known = {phoneme for *_, each in rows for phoneme in chain.from_iterable(each)}
    for path, answers in zip(paths, (a, b), strict=True):
        if known.isdisjoint(chain.from_iterable(answers)):
            logging.warning("%s has no phoneme of --references: it is in another alphabet", path)
    *both, known_pronunciations = zip(*rows, strict=True)
    scores = [scoring.score_each(answers, known_pronunciations) for answers in both]
    for path, each in zip(paths, scores, strict=True):
        print(f"{path}: {sum(each, scoring.Score())}")
    right = scoring.both_right(*scores)
    only_a, only_b = right[True, False], right[False, True]
    print(
        f"both right {right[True, True]:,}, only {paths[0]} {only_a:,}, only {paths[1]} "
        f"{only_b:,}, none {right[False, False]:,}; "
        f"McNemar's p = {scoring.mcnemar(only_a, only_b):.2g}"
    )
