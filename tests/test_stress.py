"""What a model that learnt stress says without it."""

import dataclasses
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import g2p_jax
from g2p_jax import config
from g2p_jax.data.symbols import SPECIALS, Vocabulary
from g2p_jax.errors import ModelError
from g2p_jax.predict.stress import Plain, has_stress, plain, stressed
from g2p_jax.train import loop

PHONEMES = Vocabulary((*SPECIALS, "AH0", "AH1", "AH2", "B", "ER0", "ER1"))
AH0, AH1, AH2, B, ER0, ER1 = range(4, 10)


def test_stress_is_what_vowels_of_arpabet_differ_in():
    assert has_stress(PHONEMES)
    assert not has_stress(Vocabulary((*SPECIALS, "AH", "B", "a1", "a2")))
    assert plain(("B", "AH0", "ER1", "a1")) == ("B", "AH", "ER", "a1")


def test_answers_that_differ_in_stress_are_added_up():
    tokens = np.array(
        [
            [[B, AH1, B], [B, AH0, B], [B, ER1, 0], [B, AH2, B]],
            [[AH0, 0, 0], [ER0, 0, 0], [AH0, B, 0], [0, 0, 0]],
        ]
    )
    with np.errstate(divide="ignore"):
        log_p = np.log([[0.3, 0.2, 0.35, 0.05], [0.5, 0.3, 0.1, 0.0]])
    merged, total = Plain(PHONEMES).merged(tokens, log_p)
    np.testing.assert_allclose(
        np.exp(total), [[0.55, 0.0, 0.35, 0.0], [0.5, 0.3, 0.1, 0.0]], atol=1e-12
    )
    assert merged[0, 0].tolist() == merged[0, 1].tolist() == [B, AH0, B]
    assert merged[0, 2].tolist() == [B, ER0, 0]


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
            name = plain([PHONEMES.tokens[id]])
            alike = [x for x in range(len(PHONEMES)) if plain([PHONEMES.tokens[x]]) == name]
            said.append(max(alike, key=lambda x: log_probs(letters, [*said, x])[len(said), x]))
        return letters, said

    look = lambda asked: [(log_probs(*one), None) for one in asked]
    bare = Plain(PHONEMES)
    said = [(), ("B",), ("AH",), ("AH", "B", "ER"), ("ER", "AH", "AH", "B", "AH", "ER", "AH")]
    asked = [([letter], bare.encode(phonemes)) for letter in range(5) for phonemes in said]
    wanted = list(itertools.starmap(one_by_one, asked))
    assert bare.stressed(look, asked) == wanted
    for (letters, ids), (seen, _) in zip(wanted, bare.look(look, asked), strict=True):
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
    run = loop.Run(settings, folder / "run")
    assert run.train().best < 1  # words are right, although their stress is not compared
    return g2p_jax.load(folder / "run")


def test_a_model_leaves_out_the_stress_it_learnt(g2p):
    words = ["record", "cab", "upon", "recorder", "cupcup", ""]
    wide = g2p.stressed().pronounce(words, nbest=8, beam=8)
    for answer, full in zip(g2p.pronounce(words, nbest=4, beam=8), wide, strict=True):
        wanted = {}
        for phonemes, probability in full.pronunciations:
            wanted[plain(phonemes)] = wanted.get(plain(phonemes), 0) + probability
        best = sorted(wanted.items(), key=lambda item: -item[1])[:4]
        assert [p.phonemes for p in answer.pronunciations] == [phonemes for phonemes, _ in best]
        for said, (_, probability) in zip(answer.pronunciations, best, strict=True):
            assert said.probability == pytest.approx(probability, rel=1e-4)
    assert any("1" in str(p) for p in wide[0].pronunciations)


def test_what_is_said_without_stress_can_be_looked_at(g2p):
    (seen,) = g2p.inspect([("record", ["R", "EH", "K", "ER", "D"])])
    assert seen.phonemes == ("R", "EH", "K", "ER", "D") and seen.letters == tuple("record")
    assert seen.weights.shape == (6, 6) and len(seen.spelled) == 5
    (full,) = g2p.stressed().inspect([("record", ["R", "EH1", "K", "ER0", "D"])])
    assert (seen.probabilities >= full.probabilities - 1e-6).all()
    assert g2p.attention("record").phonemes == g2p.pronounce(["record"])[0].pronunciations[0][0]


def test_stress_that_was_not_learnt_cannot_be_said(g2p):
    symbols = dataclasses.replace(
        g2p.symbols, phonemes=Vocabulary((*SPECIALS, *(f"P{n}" for n in range(30))))
    )
    with pytest.raises(ModelError, match="learnt no stress"):
        g2p_jax.G2P(g2p.config, symbols, g2p.params).stressed()
    assert g2p.stressed().stressed(False)("cab") == g2p("cab")


@pytest.mark.parametrize(
    ("phonemes", "models", "wanted"),
    [
        ("R EH K ER D", ["R AH0 K AO1 R D", "R EH1 K ER0 D"], "R EH1 K ER0 D"),
        ("R IH K AO R D", ["R EH1 K ER0 D", "R AH0 K AO1 R D"], "R IH0 K AO1 R D"),  # more alike
        ("K AE B", ["K AE1 B IY0"], "K AE1 B"),  # not as many vowels
        ("K AE B IY", [], "K AE1 B IY0"),
        ("SH", ["SH"], "SH"),
    ],
)
def test_stress_is_lent_by_what_is_most_alike(phonemes, models, wanted):
    found = stressed(tuple(phonemes.split()), [tuple(m.split()) for m in models])
    assert " ".join(found) == wanted


def test_a_lexicon_gets_its_stress_and_nothing_else(tmp_path):
    (tmp_path / "source.tsv").write_text("Cab\tK AE1 B\nupon\tAH0 P AA1 N\nother\tAH1 DH ER0\n")
    (tmp_path / "lexicon.txt").write_text("CAB K_AE_B K_AA_B\nUPON AH_P_AA_N AH0_P_AA_N\nB B_IY\n")

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "g2p_jax", "restress", *arguments],
            cwd=tmp_path,
            env={"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": ""},
            capture_output=True,
            text=True,
        )

    done = run("lexicon.txt", "--source=source.tsv", "--output=stressed.txt")
    assert done.stdout == "3 words in stressed.txt, 2 of them with stress from the source\n"
    assert (tmp_path / "stressed.txt").read_text() == (
        "CAB K_AE1_B K_AA1_B\nUPON AH0_P_AA1_N\nB B_IY1\n"
    )
    done = run("lexicon.txt")
    assert done.returncode == 1 and done.stderr.splitlines()[-1].endswith("--output=stressed.txt")
    done = run("lexicon.txt", "--source=lexicon.txt", "--output=stressed.txt")
    assert done.returncode == 0  # one vowel has it
    (tmp_path / "bare.txt").write_text("CAB K_AE_B\n")
    done = run("lexicon.txt", "--source=bare.txt", "--output=none.txt")
    assert done.returncode == 1 and "bare.txt has no stress" in done.stderr
    assert not (tmp_path / "none.txt").exists() and "Traceback" not in done.stderr
