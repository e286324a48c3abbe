"""Words in, pronunciations out: `load` a trained model and ask it."""

import collections
import dataclasses
import functools
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from g2p_jax import config as config_lib
from g2p_jax import scoring
from g2p_jax.data.pairs import Pair
from g2p_jax.data.ragged import Array, Ints, Ragged, borders
from g2p_jax.data.symbols import EOS, PAD, Symbols
from g2p_jax.devices import parallel
from g2p_jax.devices.programs import CachedProgram
from g2p_jax.errors import ModelError
from g2p_jax.joint import model as joint_lib
from g2p_jax.joint.model import JointNgram
from g2p_jax.joint.ngram import Floats
from g2p_jax.network import layers
from g2p_jax.network.ensemble import OutputTransform
from g2p_jax.predict import model_file
from g2p_jax.predict.inspection import Inspection, look_at, looker
from g2p_jax.predict.model_file import Params, network
from g2p_jax.predict.searching import PRUNE_THRESHOLD, Devices, Search, ahead, batches, searcher
from g2p_jax.predict.stress import Plain, has_stress, plain
from g2p_jax.scoring import Examination
from g2p_jax.search.hypotheses import Hypotheses

SHARED = 64  # rows from which on devices share them, 8 at most; fewer take longer to hand out


class Pronunciation(NamedTuple):
    phonemes: tuple[str, ...]
    probability: float

    def __str__(self) -> str:
        return " ".join(self.phonemes)


Piece = tuple[str, ...]  # a spelling, or a part of one that is too long to be searched at once
Found = dict[Piece, list[Pronunciation]]  # the best of each, best first


class Part(NamedTuple):
    """Pieces that are asked about together."""

    pieces: list[Piece]
    source: Ragged  # their letters
    found: Found


class Heard(NamedTuple):
    """What a search has found for W words, N answers for each."""

    which_W: Array
    tokens_WxNxT: Array
    lengths_WxN: Array
    log_p_WxN: Floats
    rivals_WxN: Array  # whether the word has other answers, too
    joint_log_probs: Callable[[], Floats] | None  # waits for those of rivals


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
        joint: JointNgram | None = None,
    ):
        self.config, self.symbols, self.joint = config, symbols, joint
        devices = jax.local_devices()
        self._devices = tuple(devices[: next(n for n in (8, 4, 2, 1) if n <= len(devices))])
        self.params = params
        leave_out = not config.stress and has_stress(symbols.phonemes)
        self._plain = Plain(symbols.phonemes) if leave_out else None
        self._names = np.array(self._bare(symbols.phonemes.tokens), object)

    @property
    def _reading(self) -> OutputTransform:
        """Of the network; beside a joint model the temperature is that of both."""
        transform = OutputTransform.of(self.config)
        return transform._replace(temperature=1.0) if self.joint else transform

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
            far less probable than the best so far: the same answer sooner (with `english` in 16 of
            2,670 words another), with a probability that is 0.024 off on average.
          beam: open hypotheses of beam search; with 1 (and nbest 1) greedy search, of which a joint
            model weighs the answer and some that differ in one phoneme; 0: config.beam, or as many
            as a joint model should weigh, 1 where there is none.
          mass: of the nbest only so many, best first, as have this probability together.
        """
        return next(self.pronounce_each([words], nbest, beam, mass))

    def pronounce_each(
        self, parts: Iterable[Iterable[str]], nbest: int = 1, beam: int = 0, mass: float = 1.0
    ) -> Iterator[list[Answer]]:
        """`pronounce` for each part of a long list.

        The next part is taken when one is answered: devices search it meanwhile.
        """
        beam = beam or self.config.beam or (joint_lib.BEAM if self.joint else 1)
        beam = max(beam, nbest if nbest == 1 or not self._plain else 2 * nbest)
        others = joint_lib.BEAM - 1 if self.joint else 0
        how = Search(beam, PRUNE_THRESHOLD if nbest == 1 else math.inf, others)
        asked: collections.deque[list[tuple[str, list[Piece], tuple[str, ...]]]]
        asked = collections.deque()

        def pieces() -> Iterator[Iterable[Piece]]:
            for words in parts:
                part = [(word, *self._spelled(word)) for word in words]
                asked.append(part)
                yield (piece for _, of_word, _ in part for piece in of_word)

        for found in self._decode_each(pieces(), how, nbest):
            answers = []
            for word, of_word, unknown in asked.popleft():
                best = found[of_word[0]] if of_word else [Pronunciation((), 1.0)]
                for piece in of_word[1:]:
                    best = _joined(best, found[piece], nbest)
                answers.append(Answer(word, tuple(_heaviest(best[:nbest], mass)), unknown))
            yield answers

    def _spelled(self, word: str) -> tuple[list[Piece], tuple[str, ...]]:
        """Its pieces, and the characters that are left out."""
        letters, unknown = self.symbols.graphemes_of(word)
        return _pieces(tuple(letters), self.config.data.longest), tuple(unknown)

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

    def forced_probabilities(self, source_BxS: Ints, target_BxT: Ints) -> NDArray[np.float32]:
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

    def _decode_each(
        self, parts: Iterable[Iterable[Piece]], how: Search, nbest: int
    ) -> Iterator[Found]:
        """The nbest of the pieces of each part."""
        searched = ahead(self._searches(parts, how))
        heard_each = ((part, batch and self._hear(part, *batch)) for part, batch in searched)
        for part, heard in ahead(heard_each):
            if not heard:
                yield part.found
                continue
            tokens_WxNxT, lengths_WxN, log_p_WxN = self._ranked(heard, nbest)
            names, say = self._named(tokens_WxNxT)
            count_W = np.sum(log_p_WxN > -np.inf, axis=1)
            arrays = heard.which_W, names, lengths_WxN, np.exp(log_p_WxN), count_W
            each = (array.tolist() for array in arrays)  # lists are faster read
            for number, spoken, lengths, p, count in zip(*each, strict=True):
                part.found[part.pieces[number]] = [
                    Pronunciation(say(spoken[n][: lengths[n]]), p[n]) for n in range(count)
                ]

    def _searches(
        self, parts: Iterable[Iterable[Piece]], how: Search
    ) -> Iterator[tuple[Part, tuple[Array, Hypotheses] | None]]:
        """Batches of each part: which pieces they are, and what is found; then None."""
        number_of = self.symbols.graphemes.ids.__getitem__  # a piece has known graphemes only
        for pieces in map(list, map(dict.fromkeys, parts)):
            part = Part(pieces, Ragged.from_lists(pieces, number_of), {})
            rows = list(batches(part.source, self.config.data.longest, how.beam))
            search, asked = self._search(how, [source_BxS for _, source_BxS in rows])
            for (which_W, _), args in zip(rows, asked, strict=True):
                yield part, (which_W, search(*args))
            yield part, None

    def _search(self, how: Search, sources: list[Ints]) -> tuple[CachedProgram, list[tuple]]:
        """A search, and its arguments for batches of as many rows each.

        It gives arrays [devices, rows / devices, ...].
        """
        shared = bool(sources) and len(sources[0]) >= SHARED
        devices = self._devices if shared else self._devices[:1]
        search = searcher(network(self.config, self.symbols), self._reading, how, devices)
        weights = self._weights(devices)
        asked = [(weights, parallel.shard(source_BxS, len(devices))) for source_BxS in sources]
        if len(asked) > 1:
            search.prepare(asked)
        return search, asked

    def _named(self, tokens: Array) -> tuple[Array, Callable[[list], tuple[str, ...]]]:
        """Phonemes, without specials among them, and how to make a pronunciation of some."""
        if self.symbols.target == "words":
            return self._names[tokens], tuple
        return tokens, lambda ids: self._bare(self.symbols.decode_target(ids))

    def _bare(self, phonemes: Iterable[str]) -> tuple[str, ...]:
        """As they are to be seen."""
        return plain(phonemes) if self._plain else tuple(phonemes)

    def _hear(self, part: Part, which_W: Array, hypotheses: Hypotheses) -> Heard:
        """What a search has found; the joint model begins to look at it."""
        tokens_WxNxT, log_p_WxN = (
            np.concatenate(np.asarray(array))[: len(which_W)] for array in hypotheses
        )
        found_WxN, asked = log_p_WxN > -np.inf, None
        rivals_WxN = found_WxN & (found_WxN.sum(axis=1, keepdims=True) > 1)
        said_WxNxT = (tokens_WxNxT != PAD) & found_WxN[..., None]
        lengths_WxN = said_WxNxT.sum(axis=-1)
        if self.joint and rivals_WxN.any():
            which = np.broadcast_to(which_W[:, None], rivals_WxN.shape)[rivals_WxN]
            said = tokens_WxNxT[said_WxNxT & rivals_WxN[..., None]]
            phonemes = Ragged(said, borders(lengths_WxN[rivals_WxN]))
            asked = self.joint.score(part.source.take(which), phonemes)
        log_p_WxN = log_p_WxN.astype(float)
        return Heard(which_W, tokens_WxNxT, lengths_WxN, log_p_WxN, rivals_WxN, asked)

    def _ranked(self, heard: Heard, nbest: int) -> tuple[Array, Array, Floats]:
        """Best first: phonemes [W, N, T], how many they are [W, N], log P; -inf where is none.

        nbest: N at most.
        """
        _, tokens_WxNxT, lengths_WxN, log_p_WxN, rivals_WxN, asked = heard
        if self.joint and asked:
            joint_WxN = np.zeros_like(log_p_WxN)
            joint_WxN[rivals_WxN] = asked()
            members, temperature = self.config.ensemble, self.config.temperature
            log_p_WxN = joint_lib.rescore(log_p_WxN, joint_WxN, members, temperature)
        if self._plain:
            tokens_WxNxT, log_p_WxN = self._plain.merged(tokens_WxNxT, log_p_WxN)
        order_WxN = np.argsort(-log_p_WxN, axis=1, kind="stable")[:, :nbest]
        best = np.arange(len(log_p_WxN))[:, None], order_WxN
        spoken_WxNxT = tokens_WxNxT[..., : lengths_WxN.max(initial=0)]
        return spoken_WxNxT[best], lengths_WxN[best], log_p_WxN[best]

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
        return next(self.pronounce_each([words], nbest, beam, mass))

    def pronounce_each(
        self, parts: Iterable[Iterable[str]], nbest: int = 1, beam: int = 0, mass: float = 1.0
    ) -> Iterator[list[Answer]]:
        """`pronounce` for each part of a long list, as that of the model."""
        asked: collections.deque[list[tuple[str, tuple[Pronunciation, ...] | None]]]
        asked = collections.deque()

        def unknown() -> Iterator[list[str]]:
            for part in parts:
                words = [
                    (word, self._known.get(self._model.symbols.normalise(word))) for word in part
                ]
                asked.append(words)
                yield [word for word, found in words if not found]

        for rest in map(iter, self._model.pronounce_each(unknown(), nbest, beam, mass)):
            yield [
                Answer(word, found, (), known=True) if found else next(rest)
                for word, found in asked.popleft()
            ]


def load(path: str | Path = "english") -> G2P:
    """Reads a model: the file, the folder that `train.py` wrote, or the name of one of ours.

    Raises ModelError.
    """
    stored = model_file.read(path)
    if stored.config.model.encoder_layers == 0:
        raise ModelError(
            f"{path}: a language model, which reads no words: python -m g2p_jax generate "
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
