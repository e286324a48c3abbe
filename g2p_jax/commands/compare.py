"""Compares two sets of answers: python -m g2p_jax compare a.csv b.csv

Both are what predict.py wrote for the same words: contest submissions or `word<TAB>P H O N`. Prints
how many answers differ and which phonemes are taken for which, and writes every difference. With a
lexicon, --references, it says who is right, too; for a submission whose ids are numbers that needs
the word list that it answers, --words.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from g2p_jax import scoring
from g2p_jax.data.answers import read_answers
from g2p_jax.data.lexicon import read_lexicon
from g2p_jax.data.pairs import Phonemes
from g2p_jax.data.word_lists import read_words
from g2p_jax.errors import DataError, UserError
from g2p_jax.files import atomic_write

_REFERENCES = flags.DEFINE_string("references", None, "A lexicon with the right pronunciations.")
_STRESS = flags.DEFINE_bool("stress", False, "Its stress digits count.")
_WORDS = flags.DEFINE_string(
    "words", None, "The word list of a submission; see predict.py --input."
)
_DIFFERENCES = flags.DEFINE_string("differences", "differences.tsv", "Where to write them.")
_CONFUSIONS = flags.DEFINE_integer("confusions", 10, "How many to print.", lower_bound=0)

Answers = Sequence[tuple[str, Phonemes]]


def main(paths: list[str]) -> None:
    if len(paths) != 2:
        raise UserError(f"two files to compare, found {len(paths)}: python -m g2p_jax compare A B")
    a, b = map(read_answers, paths)
    ids = same_rows(paths, a, b)
    different = [row for row in range(len(ids)) if a[row][1] != b[row][1]]
    share = len(different) / len(ids)
    print(f"{len(different):,} of {len(ids):,} answers differ ({share:.2%})")
    confused = Counter(
        pair
        for row in different
        for pair in scoring.alignment(a[row][1], b[row][1])
        if pair[0] != pair[1]
    )
    for (x, y), times in confused.most_common(_CONFUSIONS.value):
        print(f"  {x or '-':>4}  {y or '-':<4} {times:,} times")
    references = {}
    if _REFERENCES.value:
        lexicon = read_lexicon(_REFERENCES.value, stress=_STRESS.value)
        references = {pair.word: pair.pronunciations for pair in lexicon}
        words = dict(read_words(_WORDS.value)) if _WORDS.value else {}
        who_is_right(paths, a, b, [references.get(words.get(id, id)) for id in ids])
    with atomic_write(Path(_DIFFERENCES.value)) as file:
        file.write("\t".join(["word", *paths]) + "\n")
        for row in different:
            file.write("\t".join([ids[row], " ".join(a[row][1]), " ".join(b[row][1])]) + "\n")
    print(f"all differences in {_DIFFERENCES.value}")


def same_rows(paths: list[str], a: Answers, b: Answers) -> list[str]:
    """The ids, in order; DataError unless both files answer the same."""
    for number, (x, y) in enumerate(zip(a, b, strict=False), 1):
        if x[0] != y[0]:
            raise DataError(f"answer {number} is to {x[0]!r} in {paths[0]}, {y[0]!r} in {paths[1]}")
    if len(a) != len(b):
        raise DataError(f"{paths[0]} has {len(a)} answers, {paths[1]} {len(b)}")
    if not a:
        raise DataError(f"{paths[0]} holds no answer")
    return [id for id, _ in a]


def who_is_right(
    paths: list[str], a: Answers, b: Answers, references: Sequence[Sequence[Phonemes] | None]
) -> None:
    """Prints both scores, and whether the difference can be chance."""
    scores = [scoring.Score(), scoring.Score()]
    right: Counter[tuple[bool, bool]] = Counter()
    for (_, x), (_, y), known in zip(a, b, references, strict=True):
        if known:
            both = scoring.score(x, known), scoring.score(y, known)
            scores = [total + one for total, one in zip(scores, both, strict=True)]
            right[not both[0].word_errors, not both[1].word_errors] += 1
    if not right:
        raise UserError(
            "none of the answered words is in --references; where ids are numbers, give --words"
        )
    for path, total in zip(paths, scores, strict=True):
        print(f"{path}: {total}")
    only_a, only_b = right[True, False], right[False, True]
    print(
        f"both right {right[True, True]:,}, only {paths[0]} {only_a:,}, only {paths[1]} {only_b:,},"
        f" none {right[False, False]:,}; McNemar's p = {scoring.mcnemar(only_a, only_b):.2g}"
    )
