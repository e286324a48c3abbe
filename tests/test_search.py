"""The searches against brute force over every pronunciation of small random models."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from g2p_jax.data.symbols import BOS, EOS, PAD
from g2p_jax.search.beam import beam
from g2p_jax.search.greedy import greedy
from g2p_jax.search.hypotheses import Hypotheses

PHONEMES = (4, 5, 6)
V = 7


def chain(seed: int, sharpness: float = 2.0) -> np.ndarray:
    """Logits of the next phoneme given the last two: [V, V, V]."""
    return np.random.default_rng(seed).normal(size=(V, V, V)).astype(np.float32) * sharpness


def make_step(logits: np.ndarray):
    """The step function of that model; its state is the phoneme before the last."""

    def step(before_B, token_B, word_B=None):
        return token_B, jnp.asarray(logits)[before_B, token_B]

    return step


def make_step_for_words(of_words: np.ndarray):
    """The same of a model for each word, [B, V, V, V]; all words have as many rows."""

    def step(before_R, token_R, word_R=None):
        words = len(of_words)
        if word_R is None:
            word_R = jnp.repeat(jnp.arange(words), len(token_R) // words)
        return token_R, jnp.asarray(of_words)[word_R, before_R, token_R]

    return step


def textbook(logits: np.ndarray, limit: int, size: int, prune_threshold: float):
    """Beam search over lists of hypotheses: pronunciations and log P, best first."""
    log_p = lambda before, last, token: float(
        logits[before, last, token] - np.log(np.exp(logits[before, last, [EOS, *PHONEMES]]).sum())
    )
    done, hypotheses = [], [((BOS, BOS), 0.0)]
    for _ in range(limit + 1):
        best = max([p for _, p in done + hypotheses])
        hypotheses = [(h, p) for h, p in hypotheses if p > best - prune_threshold]
        done += [(h[2:], p + log_p(h[-2], h[-1], EOS)) for h, p in hypotheses if h[2:]]
        longer = [
            ((*h, new), p + log_p(h[-2], h[-1], new)) for h, p in hypotheses for new in PHONEMES
        ]
        hypotheses = sorted(longer, key=lambda x: -x[1])[:size]
    return sorted(done, key=lambda x: -x[1])[:size]


def probability(logits: np.ndarray, phonemes: tuple[int, ...]) -> float:
    """P(phonemes, then EOS), computed by the definition."""
    total, before, last = 1.0, BOS, BOS
    for token in (*phonemes, EOS):
        scores = np.exp(logits[before, last].astype(float))
        total *= scores[token] / scores[[EOS, *PHONEMES]].sum()
        before, last = last, token
    return total


def all_pronunciations(limit: int):
    for length in range(1, limit + 1):
        yield from itertools.product(PHONEMES, repeat=length)


def found(result: Hypotheses, word: int = 0) -> list[tuple[tuple[int, ...], float]]:
    tokens, log_probs = (np.asarray(x[word]) for x in result)
    return [
        (tuple(t[t != PAD].tolist()), float(np.exp(p)))
        for t, p in zip(tokens, log_probs, strict=True)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_a_wide_beam_finds_the_n_best_of_all_pronunciations(seed):
    logits, limit, size = chain(seed), 4, 3**4  # a beam that can hold everything
    ranked = sorted(all_pronunciations(limit), key=lambda p: -probability(logits, p))
    start = jnp.full(1, BOS)
    result = jax.jit(lambda: beam(make_step(logits), start, jnp.array([limit]), 5, size))()
    answers = found(result)[:20]
    assert [phonemes for phonemes, _ in answers] == ranked[:20]
    for phonemes, p in answers:
        assert p == pytest.approx(probability(logits, phonemes), rel=1e-4)


@pytest.mark.parametrize("prune_threshold", [np.inf, 3.0, 1.0])
@pytest.mark.parametrize("chunk", [0, 1, 4, 5, 64])
@pytest.mark.parametrize("seed", range(2))
def test_a_narrow_beam_is_the_beam_of_the_textbook(seed, chunk, prune_threshold):
    words, limits, size = np.stack([chain(4 * seed + n, 1.0) for n in range(4)]), (6, 2, 0, 5), 2
    start = jnp.full(len(words), BOS)
    step = make_step_for_words(words)
    answers = beam(step, start, jnp.array(limits), max(limits), size, prune_threshold, chunk)
    for word, limit in enumerate(limits):
        expected = textbook(words[word], limit, size, prune_threshold)
        got = [one for one in found(answers, word) if one[1] > 0]
        assert [a for a, _ in got] == [e for e, _ in expected]
        np.testing.assert_allclose([p for _, p in got], np.exp([p for _, p in expected]), rtol=1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_greedy_takes_the_best_phoneme_each_time(seed):
    logits, limit = chain(seed), 12
    phonemes, before, last = [], BOS, BOS
    while len(phonemes) < limit:
        end = [EOS] if phonemes else []  # no word is silent
        best = max((*end, *PHONEMES), key=lambda t: logits[before, last, t])
        if best == EOS:
            break
        phonemes.append(best)
        before, last = last, best
    else:  # endless: cut where ending is most probable
        prefixes = [tuple(phonemes[:n]) for n in range(1, limit + 1)]
        phonemes = max(prefixes, key=lambda p: probability(logits, p))
    start = jnp.full(2, BOS)
    result = greedy(make_step(logits), start, jnp.array([limit, 0]), limit)
    ((answer, p),) = found(result)
    assert answer == tuple(phonemes)
    assert p == pytest.approx(probability(logits, answer), rel=1e-4)
    assert found(result, word=1) == [((), 0.0)]  # its limit is no phoneme at all


@pytest.mark.parametrize("seed", range(6))
def test_greedy_finds_others_that_differ_in_one_phoneme(seed):
    logits, limits, others = chain(seed), (12, 0), 3
    run = lambda **more: greedy(make_step(logits), jnp.full(2, BOS), jnp.array(limits), 12, **more)
    ((answer, p),) = found(run())
    expected, before, last = [], BOS, BOS
    for place, token in enumerate(answer):
        score = lambda t, of=logits[before, last]: float(of[t])
        second = max(set(PHONEMES) - {token}, key=score)
        changed = (*answer[:place], second, *answer[place + 1 :])
        expected.append((changed, p * np.exp(score(second) - score(token))))
        before, last = last, token
    expected = sorted(expected, key=lambda one: -one[1])[:others]
    result = run(alternatives=others)
    assert result.tokens_BxNxT.shape == (2, 1 + others, 12)
    first, *rest = [one for one in found(result) if one[1] > 0]
    assert first == (answer, pytest.approx(p))
    assert [changed for changed, _ in rest] == [changed for changed, _ in expected]
    np.testing.assert_allclose([p for _, p in rest], [p for _, p in expected], rtol=1e-4)
    assert all(p == 0 for _, p in found(result, word=1))  # nothing to change
    for prune_threshold in (0.1, 1.0, 3.0):
        near = [changed for changed, q in expected if q >= p * np.exp(-prune_threshold)]
        got = [
            one[0]
            for one in found(run(alternatives=others, prune_threshold=prune_threshold))
            if one[1] > 0
        ]
        assert got == [answer, *near]


def test_a_model_that_never_ends_is_cut_at_its_limit():
    logits = np.zeros((V, V, V), np.float32)
    logits[:, :, EOS] = -20
    logits[:, 5, EOS] = -5  # after phoneme 5 an end is less absurd
    logits[:, :, 4] = 3
    logits[:, 4, 5] = 6
    result = greedy(make_step(logits), jnp.full(1, BOS), jnp.array([9]), 20)
    ((answer, _),) = found(result)
    assert 0 < len(answer) <= 9 and answer[-1] == 5


def test_words_in_one_batch_do_not_disturb_each_other():
    logits = chain(0)
    step, size = make_step(logits), 3
    limits = [2, 7, 4]
    together = beam(step, jnp.full(3, BOS), jnp.array(limits), 8, size)
    for word, limit in enumerate(limits):
        alone = beam(step, jnp.full(1, BOS), jnp.array([limit]), 8, size)
        assert found(together, word) == found(alone)
