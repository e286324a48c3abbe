"""Gives a lexicon the stress that it lacks: python -m g2p_jax restress train.txt --output=FILE

For benchmarks that left stress out, such as CMUdict 2007. Of what --source, a lexicon with stress,
has for a word, the pronunciation that is most like each given one lends its stress, vowel by vowel;
where none has as many vowels, the first is stressed. No word and no phoneme is added, and none is
changed but for its stress. Then train with --config.data.stress=True; see `stress.py`.
"""

from pathlib import Path

from absl import flags

from g2p_jax.data.arpabet import is_vowel
from g2p_jax.data.lexicon import read_lexicon
from g2p_jax.errors import UserError
from g2p_jax.files import atomic_write
from g2p_jax.predict.stress import stressed

_OUTPUT = flags.DEFINE_string("output", None, "Where to write: lines WORD P_H_O_N [P_H_O_N ...].")
_SOURCE = flags.DEFINE_string("source", "cmudict", "A lexicon with stress.")


def main(paths: list[str]) -> None:
    if len(paths) != 1 or _OUTPUT.value is None:
        raise UserError("which lexicon, and where to? train.txt --output=stressed.txt")
    source = read_lexicon(_SOURCE.value)
    if all(map(str.isalpha, filter(is_vowel, source.phonemes))):
        raise UserError(f"{_SOURCE.value} has no stress, such as AH0: give another --source")
    known = {word.casefold(): spoken for word, spoken in source}
    words = borrowed = 0
    with atomic_write(Path(_OUTPUT.value)) as file:
        for word, spoken in read_lexicon(paths[0], stress=False):
            models = known.get(word.casefold(), ())
            each = dict.fromkeys("_".join(stressed(phonemes, models)) for phonemes in spoken)
            file.write(" ".join([word, *each]) + "\n")
            words, borrowed = words + 1, borrowed + bool(models)
    print(f"{words:,} words in {_OUTPUT.value}, {borrowed:,} of them with stress from the source")
