"""What a model that learnt stress says without it."""

import dataclasses
import itertools

import numpy as np
import pytest

import g2p_jax
from g2p_jax import config
from g2p_jax.data.arpabet import has_stress, strip_stress
from g2p_jax.data.symbols import SPECIALS, Vocabulary
from g2p_jax.errors import ModelError
from g2p_jax.predict.inspection import ForcedScores
from g2p_jax.predict.stress import StressFolding
from g2p_jax.train.loop import train

PHONEMES = Vocabulary((*SPECIALS, "AH0", "AH1", "AH2", "B", "ER0", "ER1"))
AH0, AH1, AH2, B, ER0, ER1 = range(4, 10)


def bare(phonemes):
    return tuple(map(strip_stress, phonemes))


def test_stress_is_what_vowels_of_arpabet_differ_in():
    assert has_stress(PHONEMES.tokens)
    assert not has_stress((*SPECIALS, "AH", "B", "a1", "a2"))
    assert bare(("B", "AH0", "ER1", "a1")) == ("B", "AH", "ER", "a1")


def test_stress_is_chosen_phoneme_by_phoneme():
    """By a model whose every next phoneme depends on all before it, in any order of asking."""

    def log_probs(letters, ids):
        rows = []
        for place in range(len(ids) + 1):
            random = np.random.default_rng([*letters, *ids[:place]])
            rows.append(np.log(random.dirichlet(np.ones(len(PHONEMES)))))
        return np.array(rows)

    def one_by_one(letters, ids):
        said = []
        for id in ids:
            name = bare([PHONEMES.tokens[id]])
            alike = [x for x in range(len(PHONEMES)) if bare([PHONEMES.tokens[x]]) == name]
            said.append(max(alike, key=lambda x: log_probs(letters, [*said, x])[len(said), x]))
        return letters, said

    def score(sources, targets):
        return [ForcedScores(log_probs(*one), None) for one in zip(sources, targets, strict=True)]

    folding = StressFolding(PHONEMES)
    said = [(), ("B",), ("AH",), ("AH", "B", "ER"), ("ER", "AH", "AH", "B", "AH", "ER", "AH")]
    pairs = [([letter], folding.encode(phonemes)) for letter in range(5) for phonemes in said]
    sources, targets = zip(*pairs, strict=True)
    wanted = list(itertools.starmap(one_by_one, pairs))
    scores = folding.score(score, sources, targets)
    for (letters, ids), (seen, _) in zip(wanted, scores, strict=True):
        full = np.exp(log_probs(letters, ids))
        np.testing.assert_allclose(np.exp(seen)[:, AH0], full[:, AH0 : AH2 + 1].sum(axis=1))
        np.testing.assert_allclose(np.exp(seen).sum(axis=1), 1)
        assert (seen[:, [AH1, AH2, ER1]] == -np.inf).all()


@pytest.fixture(scope="module")
def g2p(tmp_path_factory):
    """Half learnt, so that it doubts."""
    folder = tmp_path_factory.mktemp("stress")
    lexicon = folder / "lexicon.tsv"
    words = {"record": ["R EH1 K ER0 D", "R AH0 K AO1 R D"], "cab": ["K AE1 B"]}
    words |= {"upon": ["AH0 P AA1 N"], "cupboard": ["K AH1 B ER0 D"], "recap": ["R IY1 K AE2 P"]}
    lexicon.write_text("".join(f"{w}\t{p}\n" for w, each in words.items() for p in each))
    settings = config.Config(
        data=config.Data(train=str(lexicon), dev=str(lexicon), test_share=0.0, stress=True),
        model=config.Model(embedding=16, hidden=32, readout=16, encoder_layers=1, decoder_layers=1),
        train=config.Train(epochs=40, batch_size=8, buckets=1, learning_rate=1e-2, warmup_steps=1),
        stress=False,
    )
    assert (
        train(settings, folder / "run").best < 1
    )  # words are right, although their stress is not compared
    return g2p_jax.load(folder / "run")


def test_a_model_leaves_out_the_stress_it_learnt(g2p):
    words = ["record", "cab", "upon", "recorder", "cupcup", ""]
    wide = g2p.with_stress(True).pronounce(words, nbest=8, beam=8)
    for answer, full in zip(g2p.pronounce(words, nbest=4, beam=8), wide, strict=True):
        wanted = {}
        for phonemes, probability in full.scored:
            wanted[bare(phonemes)] = wanted.get(bare(phonemes), 0) + probability
        best = sorted(wanted.items(), key=lambda item: -item[1])[:4]
        assert [p.phonemes for p in answer.pronunciations] == [phonemes for phonemes, _ in best]
        for said, (_, probability) in zip(answer.pronunciations, best, strict=True):
            assert said.probability == pytest.approx(probability, rel=1e-4)
    assert any("1" in str(p) for p in wide[0].pronunciations)


def test_what_is_said_without_stress_can_be_looked_at(g2p):
    (seen,) = g2p.inspect([("record", ["R", "EH", "K", "ER", "D"])])
    assert seen.phonemes == ("R", "EH", "K", "ER", "D") and seen.letters == tuple("record")
    assert seen.weights.shape == (6, 6) and len(seen.spelled) == 5
    (full,) = g2p.with_stress(True).inspect([("record", ["R", "EH1", "K", "ER0", "D"])])
    assert (seen.probabilities >= full.probabilities - 1e-6).all()
    assert g2p.attention("record").phonemes == g2p.pronounce(["record"])[0].best.phonemes


def test_stress_that_was_not_learnt_cannot_be_said(g2p):
    symbols = dataclasses.replace(
        g2p.symbols, phonemes=Vocabulary((*SPECIALS, *(f"P{n}" for n in range(30))))
    )
    with pytest.raises(ModelError, match="learned no stress"):
        g2p_jax.G2P(g2p.config, symbols, g2p.params).with_stress(True)
    assert g2p.with_stress(True).with_stress(False)("cab") == g2p("cab")


def test_other_alphabets_mark_the_stress_that_a_model_leaves_out(g2p):
    assert g2p("recap") == g2p("recap", "arpabet") == "R IY K AE P"
    assert g2p("recap", "ipa") == "ˈɹ i ˌk æ p" and g2p("recap", "xsampa") == '"r\\ i %k { p'
    assert g2p("recap", "espeak") == "ɹ ˈiː k ˌæ p"
    assert g2p.stressed is g2p.stressed is not g2p
    (answer,) = g2p.stressed.pronounce(["upon"])
    without = answer.in_alphabet("arpabet", "ipa", stress=False)
    assert str(without.pronunciations[0]) == "ə p ɑ n"
