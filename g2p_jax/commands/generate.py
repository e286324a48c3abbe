"""What a language model invents: python -m g2p_jax generate --ckpt=runs/phoneme_lm

With --score, arguments (or the lines of standard input) are scored instead: bits for each symbol,
perplexity, -log P in nats, and the sequence; a last line sums them up.
"""

import sys

from absl import flags

from g2p_jax.commands import shared
from g2p_jax.errors import UserError

_CKPT = flags.DEFINE_string("ckpt", None, "A folder that train.py wrote, or a model file.")
_COUNT = flags.DEFINE_integer("count", 10, "How many to invent; of a text: 1.", lower_bound=1)
_TEMPERATURE = flags.DEFINE_float("temperature", 0.8, "Below 1: more probable.", lower_bound=0.01)
_SEED = flags.DEFINE_integer("seed", 0, "Another one invents something else.")
_PROMPT = flags.DEFINE_string("prompt", "", "What each begins with: phonemes, or text.")
_LENGTH = flags.DEFINE_integer("length", 0, "Symbols at most; 0: 40, or 1000 of text.")
_SCORE = flags.DEFINE_bool("score", False, "Score the arguments instead.")


def main(sequences: list[str]) -> None:
    if _CKPT.value is None:
        raise UserError("which model? Give --ckpt=runs/phoneme_lm, a folder that train.py wrote")
    if sequences and not _SCORE.value:
        raise UserError(
            f"{sequences[0]!r}: give --score to score it, --prompt=... to begin with it"
        )
    shared.use_compilation_cache()
    from g2p_jax.predict.language_model import LONGEST, LanguageModel, Likelihood

    lm = LanguageModel.load(_CKPT.value)
    if _SCORE.value:
        lines = sequences or [line.rstrip("\r\n") for line in sys.stdin]
        found = lm.score_all(lm.tokens(line) for line in lines)
        total = sum(found, Likelihood(0.0, 0))
        print("bits\tperplexity\tnats\tsequence")
        for likelihood, line in zip([*found, total], [*lines, "all"], strict=True):
            columns = likelihood.bits, likelihood.perplexity, likelihood.nats
            print(*(f"{number:.3f}" for number in columns), line, sep="\t")
        return
    length = _LENGTH.value or (1000 if lm.text else LONGEST)
    count = 1 if lm.text and not flags.FLAGS["count"].present else _COUNT.value
    for text in lm.sample(count, _TEMPERATURE.value, _SEED.value, _PROMPT.value, length):
        print(text)
