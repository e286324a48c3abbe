"""Evaluation after each epoch: the loss on the dev data, and answers of the model as it is now.

A G2P decodes the dev words and the watched ones, without the true phonemes. A language model has no
words to read: it invents sequences, and its dev loss stands for its quality.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from absl import logging

from g2p_jax.config import Config
from g2p_jax.data.arpabet import strip_stress
from g2p_jax.data.pairs import Pairs
from g2p_jax.data.symbols import Symbols
from g2p_jax.devices import hosts, parallel
from g2p_jax.errors import DataError, UserError
from g2p_jax.joint import storage
from g2p_jax.network.language_model import Network
from g2p_jax.predict.g2p import G2P
from g2p_jax.predict.language_model import LONGEST, LanguageModel
from g2p_jax.scoring import Score, score_all
from g2p_jax.train.inputs import Inputs
from g2p_jax.train.optimizer import weights_to_evaluate
from g2p_jax.train.placement import Placement
from g2p_jax.train.resume import Progress
from g2p_jax.train.step import State, make_eval_step

WATCHED = 5  # dev words whose answers are shown if config.train.watch names none
TEXT_LENGTH, TEMPERATURE = 200, 0.8  # of what a language model invents


class Evaluation(NamedTuple):
    """How good a model is after an epoch."""

    loss: float  # dev cross entropy in nats a token, given the true tokens before each
    score: Score | None  # of the answers to the dev words; a language model has none
    examples: list[str]  # some answers, to be read

    @property
    def error(self) -> float:
        """The measure that is smallest in the best epoch: the word error rate, or the loss."""
        return self.score.wer if self.score else self.loss


class Evaluator:
    """Evaluates weights on the dev data."""

    def __init__(self, config: Config, inputs: Inputs, net: Network, placement: Placement):
        self._config, self._inputs, self._placement = config, inputs, placement
        step = make_eval_step(net, config.ensemble)
        self._step = parallel.data_parallel(step, placement.devices, (None, 0))
        self._first, self._joint = True, None
        if config.ngram and hosts.is_first():  # which decodes; the other processes wait
            logging.info("fitting the joint %d-gram model", config.ngram)
            try:
                before = inputs.initial and inputs.initial.joint
                self._joint = storage.fit(inputs.splits.train, inputs.symbols, config.ngram, before)
            except DataError as error:
                logging.warning("%s: training goes on without it", error)

    def finish_epoch(
        self, state: State, progress: Progress, file: Path
    ) -> tuple[Progress, Evaluation]:
        """The progress after one more epoch, and its evaluation; the best model becomes the file.

        state: on the host, the same in all processes.
        """
        about = self._config, self._inputs.symbols
        params = weights_to_evaluate(state.params, state.opt_state)
        reads = self._config.model.encoder_layers > 0
        model = G2P(*about, params, self._joint) if reads else LanguageModel(*about, params)
        evaluation = self.evaluate(model)
        progress = progress.after_epoch(hosts.from_first(evaluation.error), evaluation.loss)
        if hosts.is_first() and progress.best_epoch == progress.epoch:
            model.save(file)
        return progress, evaluation

    def evaluate(self, model: G2P | LanguageModel) -> Evaluation:
        """All processes compute the loss together; only the first one decodes."""
        if self._first:
            logging.info("evaluating the first epoch, and compiling programs for it")
        self._first = False
        loss, watch = self._loss(model.params), self._config.train.watch
        if not hosts.is_first():
            return Evaluation(loss, None, [])
        if isinstance(model, G2P):
            return Evaluation(loss, *answer_words(model, self._inputs.splits.dev, watch))
        count, length = (1, TEXT_LENGTH) if model.text else (len(watch), LONGEST)
        return Evaluation(loss, None, model.sample(count, TEMPERATURE, length=length))

    def _loss(self, params: Any) -> float:
        params = parallel.replicate(params, self._placement.local)
        state, nats, count = (params, self._placement.put_rows(self._inputs.carry)), 0.0, 0.0
        for batch in self._inputs.dev.in_order():
            state, sums = self._step(state, parallel.shard(batch, len(self._placement.local)))
            nats, count = nats + float(sums["loss"]), count + float(sums["count"])
        return nats / max(count, 1.0)


def answer_words(g2p: G2P, pairs: Pairs, watch: Sequence[str]) -> tuple[Score, list[str]]:
    """The score on these words, and the answers to the watched ones, or else to the first.

    A watched word with letters or a language that the model lacks is not shown.
    """
    fold, tokens = str if g2p.config.stress else strip_stress, g2p.symbols.target_tokens
    references = ([tokens(map(fold, p)) for p in pair.pronunciations] for pair in pairs)
    answers = g2p.pronounce(pair.word for pair in pairs)
    score = score_all((tokens(answer.best.phonemes) for answer in answers), references)
    watch = [word for word in watch if _is_known(word, g2p.symbols)]
    watch = watch or [pair.word for pair in itertools.islice(pairs, WATCHED)]
    return score, [f"{a.word}: {a.best}" for a in g2p.pronounce(watch)]


def _is_known(word: str, symbols: Symbols) -> bool:
    try:
        return not symbols.graphemes_of(word)[1]
    except UserError:  # it has no language
        return False
