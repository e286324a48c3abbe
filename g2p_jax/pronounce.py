"""Words in, pronunciations out: `load` a trained model and ask it."""

import collections
import dataclasses
import functools
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from g2p_jax import config as config_lib
from g2p_jax import decoding, ensembles, layers, model_file, models, parallel, scoring
from g2p_jax import joint as joint_lib
from g2p_jax.alignment import Asked
from g2p_jax.data.pairs import Pair
from g2p_jax.data.ragged import Array, Ints, Ragged, borders
from g2p_jax.data.symbols import EOS, PAD, Symbols
from g2p_jax.ensembles import Reading
from g2p_jax.errors import ModelError
from g2p_jax.inspection import Inspection, look_at, looker
from g2p_jax.joint import Joint
from g2p_jax.model_file import Params, network
from g2p_jax.ngram import Floats
from g2p_jax.scoring import Examination
from g2p_jax.stress import Plain, has_stress, plain
from g2p_jax.traced import Kept

MOST_ROWS = 256
AHEAD = 4  # batches
WITHIN = 3.0  # from the best log P, where one answer is asked for: what may still win
PART = 64  # rows of a search that a CPU computes together
# Shapes of batches, each compiled once, by how many words are asked at once: (at most, rows,
# letters). For a few words the first answer should come soon: few shapes. For many, little should
# be padding.
SHAPES = (
    (1, 1, (8, 12, 16, 32)),
    (8, 8, (8, 16, 32)),
    (512, 64, (8, 16, 32)),
    (None, MOST_ROWS, (6, 7, 8, 10, 13, 22, 32)),
)
SHARED = 64  # rows from which on devices share them, 8 at most; fewer take longer to hand out
SENTENCES = (48, 64, 96, 128, 192, 256)  # more lengths, for models that read longer sources


jax.export.register_namedtuple_serialization(
    decoding.Hypotheses, serialized_name="g2p_jax.decoding.Hypotheses"
)


class Pronunciation(NamedTuple):
    phonemes: tuple[str, ...]
    probability: float

    def __str__(self) -> str:
        return " ".join(self.phonemes)


Devices = tuple[jax.Device, ...]
Found = dict[tuple[str, ...], list[Pronunciation]]  # the best of each spelling, best first


class Search(NamedTuple):
    """How to search."""

    beam: int
    within: float  # see `decoding.beam`
    others: int  # see `decoding.greedy`


class Heard(NamedTuple):
    """What a search has found for W words, N answers for each."""

    which_W: Array
    tokens_WxNxT: Array
    lengths_WxN: Array
    log_p_WxN: Floats
    asked: Asked | None  # of a joint model


class Answer(NamedTuple):
    """How one word is pronounced."""

    word: str
    pronunciations: tuple[Pronunciation, ...]  # best first; never empty
    unknown: tuple[str, ...]  # characters that the model has never seen, and left out
    known: bool = False  # from a lexicon, not from the model


class G2P:
    """A trained model.

    >>> g2p = g2p_jax.load("runs/gru")
    >>> g2p("hello")
    'HH AH L OW'
    """

    use = "python predict.py --ckpt={} hello world"

    def __init__(
        self,
        config: config_lib.Config,
        symbols: Symbols,
        params: Params,
        joint: Joint | None = None,
    ):
        self.config, self.symbols, self.joint = config, symbols, joint
        devices = jax.local_devices()
        self._devices = tuple(devices[: next(n for n in (8, 4, 2, 1) if n <= len(devices))])
        self.params = params
        leave_out = not config.stress and has_stress(symbols.phonemes)
        self._plain = Plain(symbols.phonemes) if leave_out else None
        self._names = np.array(self._bare(symbols.phonemes.tokens), object)

    @property
    def _reading(self) -> Reading:
        """Of the network; beside a joint model the temperature is that of both."""
        reading = Reading.of(self.config)
        return reading._replace(temperature=1.0) if self.joint else reading

    @property
    def params(self) -> Params:
        """The weights."""
        return self._params

    @params.setter
    def params(self, params: Params) -> None:
        self._params = params
        self._placed: dict[Devices, Params] = {}

    def _weights(self, devices: Devices) -> Params:
        """On these devices, as the network's products read them."""
        if devices not in self._placed:
            dtype = network(self.config, self.symbols).dtype
            read = layers.as_read(jax.device_get(self.params), dtype)
            self._placed[devices] = parallel.replicate(read, devices)
        return self._placed[devices]

    def __call__(self, word: str) -> str:
        """The most probable pronunciation, phonemes joined by spaces."""
        return str(self.pronounce([word])[0].pronunciations[0])

    def pronounce(
        self, words: Iterable[str], nbest: int = 1, beam: int = 0, mass: float = 1.0
    ) -> list[Answer]:
        """One answer for each word, in order, whatever the word holds.

        Characters that the model has never seen are left out; a word of nothing else is silent: no
        phonemes. Words longer than any to be expected are pronounced piece by piece.

        Args:
          nbest: how many pronunciations; the beam is at least as wide. For 1 it gives up what is
            far less probable than the best so far: the same answer sooner (in 6 of 2,670 words
            another), with a probability that is a hundredth off on average.
          beam: open hypotheses of beam search; with 1 (and nbest 1) greedy search, of which a joint
            model weighs the answer and some that differ in one phoneme; 0: config.beam, or as many
            as a joint model should weigh, 1 where there is none.
          mass: of the nbest only so many, best first, as have this probability together.
        """
        words = list(words)
        beam = beam or self.config.beam or (joint_lib.BEAM if self.joint else 1)
        beam = max(beam, nbest if nbest == 1 or not self._plain else 2 * nbest)
        spelled = [self.symbols.graphemes_of(word) for word in words]
        longest = self.config.data.longest
        pieces = [_pieces(tuple(letters), longest) for letters, _ in spelled]
        found = self._decode({piece for of_word in pieces for piece in of_word}, beam, nbest)
        answers = []
        for word, (_, unknown), of_word in zip(words, spelled, pieces, strict=True):
            best = found[of_word[0]] if of_word else [Pronunciation((), 1.0)]
            for piece in of_word[1:]:
                best = _joined(best, found[piece], nbest)
            answers.append(Answer(word, tuple(_heaviest(best[:nbest], mass)), tuple(unknown)))
        return answers

    def inspect(self, asked: Iterable[tuple[str, Sequence[str]]]) -> list[Inspection]:
        """How the model sees each (word, phonemes), in order: attention and probabilities."""
        symbols, look = self.symbols, functools.partial(look_at, self._look)
        encode = self._plain.encode if self._plain else symbols.encode_target
        spelled = [(symbols.graphemes_of(word)[0], encode(phonemes)) for word, phonemes in asked]
        pairs = [(symbols.graphemes.encode(letters), ids) for letters, ids in spelled]
        seen = self._plain.look(look, pairs) if self._plain else look(pairs)
        return [
            Inspection(
                tuple(letters),
                self._bare(symbols.phonemes.decode(ids)),
                weights,
                log_probs,
                (*ids, EOS),
            )
            for (letters, ids), (log_probs, weights) in zip(spelled, seen, strict=True)
        ]

    def believe(self, source_BxS: Ints, target_BxT: Ints) -> NDArray[np.float32]:
        """P(phoneme) [B, T, V] at each place of the targets, given those before it.

        Rows of PAD and ids; the devices share them.
        """
        log_probs, _ = self._look((source_BxS, target_BxT))
        return np.exp(np.concatenate(log_probs))

    def _look(self, rows: tuple[Ints, Ints]) -> tuple[jax.Array, jax.Array]:
        """`inspection.look` at each device's share of the rows: arrays [devices, ...]."""
        net, devices = network(self.config, self.symbols), self._devices
        run = looker(net, self._reading, devices)
        return run(self._weights(devices), parallel.shard(rows, len(devices)))

    def attention(self, word: str, phonemes: Sequence[str] | None = None) -> Inspection:
        """Where the model looks in the word while it says `phonemes`; None: what it would say.

        ModelError for a model without attention; ValueError for a word without known letters.
        """
        if self.config.model.attention == "none":
            raise ModelError("this model has no attention: it carries the whole word in one state")
        if phonemes is None:
            phonemes = self.pronounce([word])[0].pronunciations[0].phonemes
        seen = self.inspect([(word, phonemes)])[0]
        if not seen.letters:
            raise ValueError(f"{word!r} holds no letter that the model knows")
        return seen

    def _decode(self, pieces: set[tuple[str, ...]], beam: int, nbest: int) -> Found:
        """The nbest of each spelling."""
        spelled = sorted(pieces)
        number_of = self.symbols.graphemes.ids.__getitem__  # a piece has known graphemes only
        source = Ragged.from_lists([list(map(number_of, piece)) for piece in spelled])
        found = {}
        others = joint_lib.BEAM - 1 if self.joint else 0
        how = Search(beam, WITHIN if nbest == 1 else math.inf, others)
        batches = _ahead(self._searches(source, how))
        for heard in _ahead(self._hear(source, *batch) for batch in batches):
            tokens_WxNxT, lengths_WxN, log_p_WxN = self._ranked(heard, nbest)
            names, say = self._named(tokens_WxNxT)
            count_W = np.sum(log_p_WxN > -np.inf, axis=1)
            arrays = heard.which_W, names, lengths_WxN, np.exp(log_p_WxN), count_W
            each = (array.tolist() for array in arrays)  # lists are faster read
            for number, spoken, lengths, p, count in zip(*each, strict=True):
                found[spelled[number]] = [
                    Pronunciation(say(spoken[n][: lengths[n]]), p[n]) for n in range(count)
                ]
        return found

    def _named(self, tokens: Array) -> tuple[Array, Callable[[list], tuple[str, ...]]]:
        """Phonemes, without specials among them, and how to make a pronunciation of some."""
        if self.symbols.target == "words":
            return self._names[tokens], tuple
        return tokens, lambda ids: self._bare(self.symbols.decode_target(ids))

    def _bare(self, phonemes: Iterable[str]) -> tuple[str, ...]:
        """As they are to be seen."""
        return plain(phonemes) if self._plain else tuple(phonemes)

    def _searches(self, source: Ragged, how: Search) -> Iterator[tuple[Array, decoding.Hypotheses]]:
        """Batches of spellings of similar length: which they are, and what `_search` finds."""
        rows, lengths = next((r, n) for most, r, n in SHAPES if most is None or len(source) <= most)
        rows = max(rows, 2 // how.beam)  # products with a single row take longer than with two
        longest = self.config.data.longest
        lengths = *(n for n in (*lengths, *SENTENCES) if n < longest), longest
        order = np.argsort(source.lengths, kind="stable")
        for start in range(0, len(order), rows):
            which_W = order[start : start + rows]
            length = lengths[np.searchsorted(lengths, source.lengths[which_W[-1]])]
            filled_B = np.pad(which_W, (0, rows - len(which_W)), constant_values=-1)
            yield which_W, self._search(source.padded(filled_B, length), how)

    def _hear(self, source: Ragged, which_W: Array, hypotheses: decoding.Hypotheses) -> Heard:
        """What a search has found; the joint model begins to look at it."""
        tokens_WxNxT, log_p_WxN = (
            np.concatenate(np.asarray(array))[: len(which_W)] for array in hypotheses
        )
        found_WxN, asked = log_p_WxN > -np.inf, None
        said_WxNxT = (tokens_WxNxT != PAD) & found_WxN[..., None]
        lengths_WxN = said_WxNxT.sum(axis=-1)
        if self.joint:
            letters = source.take(np.broadcast_to(which_W[:, None], found_WxN.shape)[found_WxN])
            phonemes = Ragged(tokens_WxNxT[said_WxNxT], borders(lengths_WxN[found_WxN]))
            asked = self.joint.ask(letters, phonemes)
        return Heard(which_W, tokens_WxNxT, lengths_WxN, log_p_WxN.astype(float), asked)

    def _ranked(self, heard: Heard, nbest: int) -> tuple[Array, Array, Floats]:
        """Best first: phonemes [W, N, T], how many they are [W, N], log P; -inf where is none.

        nbest: N at most.
        """
        _, tokens_WxNxT, lengths_WxN, log_p_WxN, asked = heard
        if self.joint and asked:
            joint_WxN = np.zeros_like(log_p_WxN)
            joint_WxN[log_p_WxN > -np.inf] = self.joint.log_probs(asked)
            members, temperature = self.config.ensemble, self.config.temperature
            log_p_WxN = joint_lib.weigh(log_p_WxN, joint_WxN, members, temperature)
        if self._plain:
            tokens_WxNxT, log_p_WxN = self._plain.merged(tokens_WxNxT, log_p_WxN)
        order_WxN = np.argsort(-log_p_WxN, axis=1, kind="stable")[:, :nbest]
        best = np.arange(len(log_p_WxN))[:, None], order_WxN
        spoken_WxNxT = tokens_WxNxT[..., : lengths_WxN.max(initial=0)]
        return spoken_WxNxT[best], lengths_WxN[best], log_p_WxN[best]

    def _search(self, source_BxS: Ints, how: Search) -> decoding.Hypotheses:
        """The hypotheses of each device: arrays [devices, rows / devices, ...]."""
        net = network(self.config, self.symbols)
        devices = self._devices if len(source_BxS) >= SHARED else self._devices[:1]
        search = searcher(net, self._reading, how, devices)
        return search(self._weights(devices), parallel.shard(source_BxS, len(devices)))

    def examine(self, pairs: Sequence[Pair], watch: Sequence[str]) -> Examination:
        """Decodes the words, without any teacher, and compares with all their references.

        watch: words whose answers are to be seen; none: the first of the pairs.
        """
        answers = self.pronounce(pair.word for pair in pairs)
        score = scoring.score_all(
            (answer.pronunciations[0].phonemes for answer in answers),
            ([*map(self._bare, pair.pronunciations)] for pair in pairs),
        )
        watch = watch or [pair.word for pair in itertools.islice(pairs, 5)]
        watched = [f"{a.word}: {a.pronunciations[0]}" for a in self.pronounce(watch)]
        return Examination({"wer": score.wer, "per": score.per}, str(score), "   ".join(watched))

    def members(self, chosen: Sequence[int]) -> "G2P":
        """The ensemble of these members only, counted from 0; ModelError if there is no such."""
        count = self.config.ensemble
        if not chosen or not all(0 <= member < count for member in chosen):
            have = f"members 0 to {count - 1}" if count > 1 else "only one member, 0"
            raise ModelError(f"members {','.join(map(str, chosen))}: this model has {have}")
        if count == 1:
            return self
        config = dataclasses.replace(self.config, ensemble=len(chosen))
        pick = np.array(chosen) if len(chosen) > 1 else chosen[0]
        return G2P(config, self.symbols, jax.tree.map(lambda w: w[pick], self.params), self.joint)

    def stressed(self, wanted: bool = True) -> "G2P":
        """The same model, with the stress of vowels in its answers, or without.

        ModelError for a model that has learnt none.
        """
        if wanted and not has_stress(self.symbols.phonemes):
            raise ModelError(
                "this model has learnt no stress: train one with --config.data.stress=True"
            )
        config = dataclasses.replace(self.config, stress=wanted)
        return G2P(config, self.symbols, self.params, self.joint)

    def save(self, path: Path, dtype: str = "float32") -> None:
        """Writes the model as one file, which appears at once or not at all."""
        model_file.write(path, self.config, self.symbols, self.params, dtype, self.joint)


class LexiconFirst:
    """Answers the words of a lexicon with all their pronunciations there, and asks for the rest.

    The lexicon says nothing about probabilities: each of n pronunciations has 1 / n.
    """

    def __init__(self, lexicon: Iterable[Pair], model: G2P):
        self._model = model
        self.attention, self.inspect = model.attention, model.inspect
        self._known: dict[str, tuple[Pronunciation, ...]] = {}
        for word, spoken in lexicon:
            each = tuple(Pronunciation(phonemes, 1 / len(spoken)) for phonemes in spoken)
            self._known[model.symbols.normalise(word)] = each

    def pronounce(
        self, words: Iterable[str], nbest: int = 1, beam: int = 0, mass: float = 1.0
    ) -> list[Answer]:
        """One answer for each word, in order; the options are those of the model."""
        words = list(words)
        known = [self._known.get(self._model.symbols.normalise(word)) for word in words]
        rest = [word for word, found in zip(words, known, strict=True) if not found]
        answers = iter(self._model.pronounce(rest, nbest, beam, mass))
        return [
            Answer(word, found, (), known=True) if found else next(answers)
            for word, found in zip(words, known, strict=True)
        ]


def load(path: str | Path = "english") -> G2P:
    """Reads a model: the file, the folder that `train.py` wrote, or the name of one of ours.

    Raises ModelError.
    """
    stored = model_file.read(path)
    if stored.config.model.encoder_layers == 0:
        raise ModelError(
            f"{path}: a language model, which reads no words: python -m g2p_jax.generate "
            f"--ckpt={path}"
        )
    return G2P(*stored)


def join(models: Sequence[G2P]) -> G2P:
    """One ensemble of all members of models that are alike but for their weights."""
    trees = [
        jax.tree.map(lambda w: np.asarray(w)[None], model.params)
        if model.config.ensemble == 1
        else jax.device_get(model.params)
        for model in models
    ]
    params = jax.tree.map(lambda *ws: np.concatenate(ws), *trees)
    count = sum(model.config.ensemble for model in models)
    config = dataclasses.replace(models[0].config, ensemble=count, temperature=1.0)
    return G2P(config, models[0].symbols, params, models[0].joint)


def phoneme_limit(letters: Any) -> Any:
    """The most phonemes that so many letters may have: acronyms ("www") have seven a letter."""
    return 3 * letters + 12


@functools.cache
def searcher(net: models.Seq2Seq, reading: Reading, how: Search, devices: Devices) -> Kept:
    """`search` of rows shared by the devices, each of which ends with its own last word."""
    local = functools.partial(search, net, reading, how)
    return parallel.map_rows(local, devices, "search", net, reading, how)


def search(
    net: models.Seq2Seq, reading: Reading, how: Search, params: Params, source_BxS: jax.Array
) -> decoding.Hypotheses:
    """The `beam` best pronunciations of a batch of spellings; of 1, `others` like it, too."""
    beam, within, others = how
    speaker = ensembles.speaker(net, params, reading)
    memory = speaker.encode(source_BxS)
    letters_B = jnp.sum(source_BxS != PAD, axis=1)
    limit_B, length = phoneme_limit(letters_B), phoneme_limit(source_BxS.shape[1])
    states = speaker.start(memory)
    memory = speaker.ready(memory)
    step = functools.partial(speaker.step, memory)
    if beam == 1:
        return decoding.greedy(step, states, limit_B, length, others)
    states = jax.tree.map(lambda state: jnp.repeat(state, beam, axis=0), states)

    def step_of(state, token_R, word_R=None):
        read = memory if word_R is None else speaker.of(memory, word_R)
        return speaker.step(read, state, token_R)

    part = PART if jax.default_backend() == "cpu" else 0
    return decoding.beam(step_of, states, limit_B, length, beam, within, part)


def _ahead(batches: Iterable[Any]) -> Iterator[Any]:
    """The same, each when AHEAD more have begun: the devices work on while one is read."""
    waiting: collections.deque[Any] = collections.deque()
    for batch in batches:
        waiting.append(batch)
        if len(waiting) > AHEAD:
            yield waiting.popleft()
    yield from waiting


def _pieces(letters: tuple[str, ...], longest: int) -> list[tuple[str, ...]]:
    """The word, or its equal parts where it is longer than any that can be expected."""
    if 0 < len(letters) <= longest:
        return [letters]
    parts = -(-len(letters) // longest)
    size = -(-len(letters) // max(parts, 1))
    return [letters[start : start + size] for start in range(0, len(letters), size or 1)]


def _heaviest(best: list[Pronunciation], mass: float) -> list[Pronunciation]:
    """The first, and each further one as long as those before it have less than `mass`."""
    if mass == 1:
        return best
    before = itertools.accumulate(p.probability for p in best)
    return best[:1] + [p for p, total in zip(best[1:], before, strict=False) if total < mass]


def _joined(
    heads: list[Pronunciation], tails: list[Pronunciation], nbest: int
) -> list[Pronunciation]:
    """The best ways to say one piece after another."""
    both = [
        Pronunciation(head.phonemes + tail.phonemes, head.probability * tail.probability)
        for head in heads
        for tail in tails
    ]
    return sorted(both, key=lambda p: -p.probability)[:nbest]
