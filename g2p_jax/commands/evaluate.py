"""Scores a model: word and phoneme error rates, and a file with every error.

  g2p-jax evaluate --ckpt=runs/gru --split=test
  g2p-jax evaluate --ckpt=runs/gru --data=test.txt --beam=16 --errors=errors.tsv
  g2p-jax evaluate --ckpt=world --data=FOLDER        # deu.tsv, fra.tsv, ...: a table

A lexicon in IPA, X-SAMPA or ARPAbet is scored in the model's alphabet. Without --data it takes
the words that training kept aside: dev, or those of --split.
"""

from absl import flags, logging

from g2p_jax import scoring
from g2p_jax.commands import shared
from g2p_jax.config import MOST_BEAM
from g2p_jax.data.language_names import AUTO
from g2p_jax.data.textfile import listed
from g2p_jax.errors import UsageError, counted

_CKPT = flags.DEFINE_string("ckpt", None, "Folder of a run, or a model file.")
_DATA = flags.DEFINE_string("data", None, "Lexicon to score on; default: --split.")
_LANGUAGE = flags.DEFINE_string(
    "language", "", "Language of all words, for a model of many: deu, or de."
)
_READING = shared.define_reading()
_SPLIT = flags.DEFINE_enum("split", "dev", ["train", "dev", "test"], "Words of the model's data.")
_MEMBERS = flags.DEFINE_list("members", [], "Members of an ensemble to use, 0,2 for example.")
_BEAM = flags.DEFINE_integer(
    "beam", 0, "Beam width; 1: greedy search; 0: that of the model.", 0, MOST_BEAM
)
_STRESS = flags.DEFINE_bool(
    "stress", None, "Score with stress digits; default: as the model answers."
)
_ERRORS = shared.define_output("File for the errors.", "errors", "errors.tsv")


def main(words: list[str]) -> None:
    shared.no_words(words)
    from g2p_jax.predict import notation

    if _LANGUAGE.value == AUTO:
        raise UsageError("--language=auto: a score needs the language of the words, such as deu")
    g2p = shared.load_model(_CKPT.value, _LANGUAGE.value)
    if _MEMBERS.value:
        g2p = g2p.members(shared.numbers("members", _MEMBERS.value))
    if _STRESS.value is not None:
        g2p = g2p.with_stress(_STRESS.value)
    data, how = g2p.config.reference_data, {"language": g2p.symbols.language} | _READING()
    pairs = notation.references(g2p.symbols, data, _DATA.value, _SPLIT.value, **how)
    answers = g2p.pronounce((pair.word for pair in pairs), beam=_BEAM.value)
    unread = [answer.word for answer in answers if answer.unknown]
    if 2 * len(unread) > len(answers):
        logging.warning("most words have letters that the model does not know: %s", listed(unread))
    tokens, errors = g2p.symbols.target_tokens, ["word\tanswer\treferences\tphoneme errors"]
    references = (map(tokens, pair.pronunciations) for pair in pairs)
    scores = scoring.score_each((tokens(x.best.phonemes) for x in answers), references)
    total = sum(scores, scoring.Score())
    for pair, answer, one in zip(pairs, answers, scores, strict=True):
        if one.word_errors:
            right = " | ".join(map(" ".join, pair.pronunciations))
            errors.append(f"{pair.word}\t{answer.best}\t{right}\t{one.phoneme_errors}")
    if g2p.symbols.languages:
        from g2p_jax.predict.language_scores import language_table

        print("\n".join(language_table(pairs, answers, scores, g2p.symbols)))
    print(total)
    shared.write_list(_ERRORS, counted(total.word_errors, "error"), errors)
