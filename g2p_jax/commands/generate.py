"""Samples from a language model, or scores sequences with it.

  g2p-jax generate --ckpt=runs/phoneme_lm --count=20
  g2p-jax generate --ckpt=runs/char_rnn --prompt="def " --length=500
  g2p-jax generate --ckpt=runs/phoneme_lm --score "HH AH L OW" "K AE T"

With --score it prints bits per symbol, perplexity and -log P in nats of each argument, or of each
line of standard input, and of all together.
"""

from typing import TYPE_CHECKING

from absl import flags

from g2p_jax.commands import shared
from g2p_jax.data.textfile import LineStream, as_they_come, shorten
from g2p_jax.data.word_lists import read_texts
from g2p_jax.errors import UsageError

if TYPE_CHECKING:
    from g2p_jax.predict.language_model import Likelihood

TOGETHER = 4096  # sequences that are scored together

_CKPT = flags.DEFINE_string("ckpt", None, "Folder of a run, or a model file.")
_COUNT = flags.DEFINE_integer("count", 10, "Number of samples; 1 of a text by default.", 1, 10**6)
_TEMPERATURE = flags.DEFINE_float(
    "temperature", 0.8, "Temperature; lower samples are more probable.", lower_bound=0.01
)
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the samples.", 0, 2**32 - 1)
_PROMPT = flags.DEFINE_string("prompt", "", "Beginning of every sample: phonemes, or text.")
_LENGTH = flags.DEFINE_integer(
    "length", 0, "Most symbols of a sample; 0: 40, or 1000 of text.", 0, 10**6
)
_SCORE = flags.DEFINE_bool("score", False, "Score sequences instead.")


def main(sequences: list[str]) -> None:
    if _CKPT.value is None:
        raise UsageError("which model? Give --ckpt=runs/phoneme_lm, a folder that train.py wrote")
    if sequences and not _SCORE.value:
        raise UsageError(
            f"{shorten(sequences[0])}: give --score to score it, --prompt=... to begin with it"
        )
    shared.use_compilation_cache()
    from g2p_jax.predict.language_model import LONGEST, LanguageModel, Likelihood

    lm = LanguageModel.load(_CKPT.value)
    if _SCORE.value:
        stream = None if sequences else LineStream("-")
        lines = (text for _, text in read_texts(stream or ()))
        ready = stream.ready if stream else (lambda: True)
        print("bits\tperplexity\tnats\tsequence")
        total = Likelihood(0.0, 0)
        for some in as_they_come(sequences or lines, TOGETHER, ready):
            found = lm.score_all(map(lm.tokens, some))
            total = sum(found, total)
            print(*map(row, found, some), sep="", end="", flush=True)
        print(row(total, "all"), end="")
        return
    length = _LENGTH.value or (1000 if lm.text else LONGEST)
    count = 1 if lm.text and not flags.FLAGS["count"].present else _COUNT.value
    for text in lm.sample(count, _TEMPERATURE.value, _SEED.value, _PROMPT.value, length):
        print(text)


def row(likelihood: "Likelihood", sequence: str) -> str:
    numbers = likelihood.bits, likelihood.perplexity, likelihood.nats
    return "\t".join([*(f"{number:.3f}" for number in numbers), sequence]) + "\n"
