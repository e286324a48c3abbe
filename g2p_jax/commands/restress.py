"""Gives a lexicon the stress that it lacks: python -m g2p_jax restress train.txt --output=FILE

For benchmarks that left stress out, such as CMUdict 2007. Of what --source, a lexicon with stress,
has for a word, the pronunciation that is most like each given one lends its stress, vowel by vowel;
where none has as many vowels, the first is stressed. No word and no phoneme is added, and none is
changed but for its stress. Then train with --config.data.stress=True; see `predict/stress.py`.
"""

from pathlib import Path

from absl import flags

from g2p_jax.errors import UserError
from g2p_jax.predict.restress import restress

_OUTPUT = flags.DEFINE_string("output", None, "Where to write: lines WORD P_H_O_N [P_H_O_N ...].")
_SOURCE = flags.DEFINE_string("source", "cmudict", "A lexicon with stress.")


def main(paths: list[str]) -> None:
    if len(paths) != 1 or _OUTPUT.value is None:
        raise UserError("which lexicon, and where to? train.txt --output=stressed.txt")
    words, borrowed = restress(paths, _SOURCE.value, Path(_OUTPUT.value))
    print(f"{words:,} words in {_OUTPUT.value}, {borrowed:,} of them with stress from the source")
