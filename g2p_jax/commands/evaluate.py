"""Scores a model: python -m g2p_jax evaluate --ckpt=runs/gru --data=test.txt

Prints word and phoneme error rates, and writes every error with its word, the model's answer and
the references. Without --data: the dev or test words of the model's own split (--split).
"""

from pathlib import Path

from absl import flags

from g2p_jax import scoring
from g2p_jax.commands import shared
from g2p_jax.data import splits
from g2p_jax.files import atomic_write

_CKPT = flags.DEFINE_string("ckpt", None, "A folder that train.py wrote, or a model file.")
_DATA = flags.DEFINE_string("data", None, "A lexicon file to score on.")
_FORMAT = flags.DEFINE_string("format", "auto", "Its format; see g2p_jax/data/lexicon.py.")
_SPLIT = flags.DEFINE_enum("split", "dev", ["train", "dev", "test"], "Without --data: which words.")
_MEMBERS = flags.DEFINE_list("members", [], "Of an ensemble: 0,2; default: all.")
_BEAM = flags.DEFINE_integer("beam", 0, "Width of the search; 1: greedy; 0: what suits.", 0)
_STRESS = flags.DEFINE_bool("stress", None, "Vowels' stress counts; default: as the model answers.")
_ERRORS = flags.DEFINE_string("errors", None, "Where to write the errors; default: errors.tsv.")


def main(words: list[str]) -> None:
    g2p = shared.asked_model(words, _CKPT.value)
    if _MEMBERS.value:
        g2p = g2p.members(shared.numbers("members", _MEMBERS.value))
    if _STRESS.value is not None:
        g2p = g2p.with_stress(_STRESS.value)
    pairs = splits.references(g2p.config.reference_data, _DATA.value, _FORMAT.value, _SPLIT.value)
    answers = g2p.pronounce((pair.word for pair in pairs), beam=_BEAM.value)
    total, errors = scoring.Score(), Path(_ERRORS.value or "errors.tsv")
    with atomic_write(errors) as file:
        file.write("word\tanswer\treferences\tphoneme errors\n")
        for pair, answer in zip(pairs, answers, strict=True):
            best = answer.pronunciations[0]
            one = scoring.score(best.phonemes, pair.pronunciations)
            total += one
            if one.word_errors:
                references = " | ".join(map(" ".join, pair.pronunciations))
                file.write(f"{pair.word}\t{best}\t{references}\t{one.phoneme_errors}\n")
    print(total)
    print(f"{total.word_errors} errors in {errors}")
