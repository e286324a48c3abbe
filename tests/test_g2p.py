"""Words in, pronunciations out: whatever the word holds, there is an answer."""

import copy
import dataclasses
import itertools
import math
import pickle
import time

import jax
import numpy as np
import pytest

import g2p_jax
from g2p_jax.data.pairs import Pair
from g2p_jax.data.ragged import Ragged
from g2p_jax.devices import trace_cache
from g2p_jax.errors import UserError
from g2p_jax.joint import alignment
from g2p_jax.predict import g2p as pronounce
from g2p_jax.predict import pronunciation, runner, searching
from g2p_jax.predict.ensemble import join, with_joint
from tests.tiny_model import WORDS, lexicon_first


def test_overfitted_words_come_back(g2p):
    assert {word: g2p(word) for word in WORDS} == WORDS
    assert g2p("CAB") == "K AE B"  # trained on lower case only


@pytest.mark.parametrize("nbest", [1, 3])
def test_every_word_has_an_answer_in_order(g2p, nbest):
    words = ["", "back", "123", "😀", "c@b", "cäb", "  cab  ", "back", "a" * 500, "\t", "zzz", "é"]
    answers = g2p.pronounce(words, nbest)
    assert [answer.word for answer in answers] == words
    best = [str(answer.pronunciations[0]) for answer in answers]
    assert best[1] == best[7] == "B AE K"
    assert best[5] == best[6] == "K AE B"  # ä is read as a
    assert [best[n] for n in (0, 2, 3, 9, 10)] == [""] * 5
    assert answers[3].unknown == ("😀",) and answers[4].unknown == ("@",)
    assert not answers[5].unknown
    assert len(answers[8].pronunciations[0].phonemes) <= 16 * searching.phoneme_limit(32)
    assert best[11] == g2p("e")


def test_nbest_is_sorted_and_greedy_agrees_with_the_best(g2p):
    for answer in g2p.pronounce(WORDS, nbest=4):
        probabilities = [p.probability for p in answer.pronunciations]
        assert len(probabilities) == len({p.phonemes for p in answer.pronunciations}) == 4
        assert probabilities == sorted(probabilities, reverse=True)
        assert 0 < sum(probabilities) <= 1 + 1e-5
        assert str(answer.pronunciations[0]) == WORDS[answer.word]
        (greedy,) = g2p.pronounce([answer.word])[0].pronunciations
        assert greedy.probability == pytest.approx(probabilities[0], rel=1e-4)


def test_a_word_longer_than_any_is_pronounced_to_its_end(g2p):
    letters = tuple("face" * 20)
    pieces = pronunciation.split(letters, 32)
    assert sum(pieces, ()) == letters and max(map(len, pieces)) <= 32
    assert pronunciation.split((), 32) == []
    phonemes = g2p.pronounce(["".join(letters)])[0].pronunciations[0].phonemes
    parts = [g2p.pronounce(["".join(piece)])[0].pronunciations[0].phonemes for piece in pieces]
    assert phonemes == sum(parts, ())


def test_a_word_of_megabytes_takes_time_in_proportion(g2p):
    g2p("face" * 1000)
    seconds = []
    for size in (1 << 17, 1 << 20):
        begun = time.process_time()
        phonemes = g2p.pronounce(["face" * (size // 4)])[0].pronunciations[0].phonemes
        seconds.append(time.process_time() - begun)
        assert len(phonemes) > size / 16
    assert seconds[1] < 30 * seconds[0]  # eight times as long; quadratic: 64


@pytest.mark.parametrize("beam", [1, 3])
@pytest.mark.parametrize("members", [1, 2])
def test_answers_do_not_depend_on_what_else_is_asked(g2p, members, beam):
    louder = pronounce.G2P(g2p.config, g2p.symbols, jax.tree.map(lambda w: 1.2 * w, g2p.params))
    g2p = join({"one": g2p, "two": louder}).members(range(members))
    words = [a + b + c + d for a in "abcdef" for b in "abcdef" for c in "abcdef" for d in "abcd"]
    together = g2p.pronounce(words, beam=beam)
    for answer in together[::120]:
        (alone,) = g2p.pronounce([answer.word], beam=beam)
        assert alone.pronunciations[0].phonemes == answer.pronunciations[0].phonemes
        assert math.isclose(
            alone.pronunciations[0].probability, answer.pronunciations[0].probability, rel_tol=1e-4
        )


def test_compilations_are_as_many_as_shapes(g2p, monkeypatch):
    traced = []

    def search(net, transform, settings, params, source):
        traced.append(source.shape[-1])
        return searching.search(net, transform, settings, params, source)

    monkeypatch.setattr(runner, "search", search)
    monkeypatch.setattr(trace_cache, "_folder", lambda: None)
    alone, few = ["cabcabcab"], ["cab", "cabcabcabcab"]
    some = [a + b for a in "abcdef" for b in "abcdef"]
    many = [a + b + c + d for a in "abcdef" for b in some for c in "abcdef" for d in ("", "cab")]
    for _ in range(2):
        for words in (alone, few, some, many):
            g2p.pronounce(words)
    assert sorted(traced) == sorted([12] + [16] + [8] + [6, 7])


def test_after_a_warm_up_single_words_compile_nothing(g2p, trained, monkeypatch):
    traced = []

    def search(net, transform, settings, params, source):
        traced.append(source.shape[-1])
        return searching.search(net, transform, settings, params, source)

    monkeypatch.setattr(runner, "search", search)
    monkeypatch.setattr(trace_cache, "_folder", lambda: None)
    warm = pronounce.load(trained, warm_up=True)
    assert sorted(traced) == [8, 8, 12, 16, 16, 32, 32]  # alone, and for several parts
    for length in (0, 1, 7, 9, 13, 17, 32, 33, 100):
        warm("a" * length)
        warm(f"cab-{'b' * length} ace")
    assert len(traced) == 7
    assert warm("cab") == "K AE B"


def test_after_a_warm_up_a_joint_model_compiles_nothing_for_single_words(both):
    both.warm_up()
    compiled = len(alignment._best_sequence._programs)
    for length in (1, 7, 9, 13, 17, 32):
        both("a" * length)
        both(f"cab-{'b' * length} ace")
    assert len(alignment._best_sequence._programs) == compiled


@pytest.mark.parametrize("used", [False, True])
def test_a_copy_of_a_model_answers_like_it(g2p, both, used):
    for model in (g2p, both.members([0]), join({"a": g2p, "b": g2p})):
        model = dataclasses.replace(model)
        answer = model.pronounce(["facade"], nbest=3) if used else None
        for copied in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
            assert set(vars(copied)) == {field.name for field in dataclasses.fields(model)}
            assert all(isinstance(w, np.ndarray) for w in jax.tree.leaves(copied.params))
            assert copied.pronounce(["facade"], nbest=3) == answer or not used
    lexicon = lexicon_first({"xyz": ["EH K"]}, g2p)
    assert pickle.loads(pickle.dumps(lexicon)).pronounce(["xyz"]) == lexicon.pronounce(["xyz"])


@pytest.fixture(scope="module")
def both(g2p):
    """The model beside a joint n-gram model, whose temperature is 2."""
    pairs = [Pair(word, (tuple(sounds.split()),)) for word, sounds in WORDS.items()]
    return with_joint(g2p, pairs, 3).with_settings(temperature=2.0)


def rescored_by_hand(both, word, pronunciations):
    """P of all pronunciations: both probabilities are multiplied, and share the network's mass."""
    letters, wanted = Ragged.from_lists([both.symbols.graphemes.encode(word)]), {}
    for phonemes, p in pronunciations:
        ids = Ragged.from_lists([both.symbols.encode_target(phonemes)])
        log_p = 3 * math.log(p) + 2 * both.joint.score(letters, ids)()[0]
        wanted[phonemes] = math.exp(log_p / 5 / 2)
    mass = sum(p for _, p in pronunciations) / sum(wanted.values())
    return {phonemes: p * mass for phonemes, p in wanted.items()}


FEW = ["cab", "dace", "fee"]


def test_a_joint_model_rescores_what_the_network_found(g2p, both, monkeypatch):
    monkeypatch.setattr(pronounce, "PRUNE_THRESHOLD", math.inf)
    before, after = (model.with_settings(beam=8).candidates(FEW) for model in (g2p, both))
    for word, found, rescored in zip(FEW, before, after, strict=True):
        wanted = rescored_by_hand(both, word, [(one.phonemes, one.probability) for one in found])
        order = sorted(wanted, key=lambda phonemes: -wanted[phonemes])
        assert [one.phonemes for one in rescored] == order
        for one in rescored:
            assert one.probability == pytest.approx(wanted[one.phonemes])


def test_a_pronunciation_has_one_probability_however_many_are_wanted(both):
    few = both.pronounce(FEW + ["cab-dace"], nbest=25)
    for nbest, mass in (1, 1.0), (2, 1.0), (3, 0.9), (8, 0.5), (11, 1.0):
        for answer, most in zip(
            both.pronounce(FEW + ["cab-dace"], nbest=nbest, mass=mass), few, strict=True
        ):
            count = len(answer.pronunciations)
            assert count == nbest or mass < 1
            assert answer.pronunciations == most.pronunciations[:count]
            p = [p for _, p in most.scored]
            assert p == sorted(p, reverse=True) and sum(p) < 1


@pytest.mark.parametrize("threshold", [3.0, 4.0, math.inf])
def test_pruning_keeps_the_best_answer(both, threshold, monkeypatch):
    monkeypatch.setattr(pronounce, "PRUNE_THRESHOLD", math.inf)
    eight = both.pronounce(FEW, beam=8)
    monkeypatch.setattr(pronounce, "PRUNE_THRESHOLD", threshold)
    for answer, best in zip(both.pronounce(FEW, beam=8), eight, strict=True):
        (one,) = answer.pronunciations
        assert one.phonemes == best.pronunciations[0].phonemes
        if threshold > 3:  # nearer than three nats to all that are found
            assert one.probability == pytest.approx(best.pronunciations[0].probability, rel=0.02)
        if threshold == math.inf:
            assert one == best.pronunciations[0]


@pytest.mark.parametrize("threshold", [0.5, math.inf])
def test_greedy_search_gives_a_joint_model_a_choice(g2p, both, threshold, monkeypatch):
    """Pronunciations that differ in one phoneme, as probable as inspection shows."""
    monkeypatch.setattr(pronounce, "PRUNE_THRESHOLD", threshold)
    for word, [(phonemes, p)] in [(answer.word, answer.scored) for answer in g2p.pronounce(FEW)]:
        (seen,) = g2p.inspect([(word, phonemes)])
        found = []
        for place, (log_p, id) in enumerate(zip(seen.log_probs[:-1], seen.ids, strict=False)):
            second = max(set(range(4, len(log_p))) - {id}, key=lambda of, at=log_p: at[of])
            (changed,) = g2p.symbols.decode_target([second])
            ratio = math.exp(log_p[second] - log_p[id])
            found.append(((*phonemes[:place], changed, *phonemes[place + 1 :]), p * ratio))
        found = sorted(found, key=lambda one: -one[1])[:3]
        found = [one for one in found if one[1] >= p * math.exp(-threshold)]
        wanted = rescored_by_hand(both, word, [(phonemes, p), *found])
        best = max(wanted, key=lambda one: wanted[one])
        (answer,) = both.pronounce([word], beam=1)
        assert answer.scored == [(best, pytest.approx(wanted[best], rel=1e-4))]


def test_the_beam_is_that_of_the_config_or_suits_the_joint_model(both):
    assert both.pronounce(FEW) == both.pronounce(FEW, beam=4)
    fast = both.with_settings(beam=1)
    assert fast.pronounce(FEW) == both.pronounce(FEW, beam=1) != both.pronounce(FEW)
    assert fast.pronounce(FEW, beam=4) == both.pronounce(FEW)


def test_chunks_of_a_list_are_answered_as_if_alone(g2p):
    chunks = [["cab", "", "back"], [], ["😀"], ["ace", "cab" * 20, "ace"], ["deaf"] * 3, ["fad"]]
    alone = [g2p.pronounce(chunk, nbest=2) for chunk in chunks]
    assert [*map(len, alone)] == [3, 0, 1, 3, 3, 1]
    together = list(g2p.pronounce_each(map(iter, chunks), nbest=2))
    for one, other in zip(itertools.chain(*together), itertools.chain(*alone), strict=True):
        assert (one.word, one.unknown) == (other.word, other.unknown)
        assert [str(p) for p in one.pronunciations] == [str(p) for p in other.pronunciations]


def test_a_chunk_is_answered_when_the_next_one_has_been_taken(g2p):
    taken = []
    chunks = (taken.append(word) or [word] for word in WORDS)
    for number, _ in enumerate(g2p.pronounce_each(chunks), start=1):
        assert len(taken) == min(number + 1, len(WORDS))


def test_a_model_does_not_change(g2p):
    for model in (g2p, lexicon_first([Pair("cab", (("K",),))], g2p)):
        for name in ("config", "symbols", "joint", "lexicons"):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(model, name, None)
    hot = g2p.with_settings(temperature=3.0)
    assert (g2p.config.temperature, hot.config.temperature) == (1.0, 3.0)


def test_mass_takes_as_many_variants_as_hold_it(g2p):
    (eight,) = g2p.pronounce(["facade"], nbest=8)
    p = [pronunciation.probability for pronunciation in eight.pronunciations]
    assert len(p) == 8 and p == sorted(p, reverse=True)
    for count in range(1, 8):
        mass = sum(p[:count]) - 1e-6  # needs the last of them, and no more
        (answer,) = g2p.pronounce(["facade"], nbest=8, mass=mass)
        assert answer.pronunciations == eight.pronunciations[:count]
    assert len(g2p.pronounce(["facade"], nbest=8, mass=1e-9)[0].pronunciations) == 1


def test_a_word_of_several_parts_is_pronounced_part_by_part(g2p):
    words = ["cab-back", "Cab Back", "cab\u2014back", "cab/back_", "\u00a0cab - back", "cab.back"]
    answers = g2p.pronounce(words)
    assert [str(answer.pronunciations[0]) for answer in answers[:5]] == ["K AE B B AE K"] * 5
    assert [answer.unknown for answer in answers] == [()] * 5 + [(".",)]
    parts = [g2p.pronounce([part], nbest=2)[0].pronunciations for part in ("cab", "back")]
    (both,) = g2p.pronounce(["cab-back"], nbest=2)
    best = [one.probability for one in both.pronunciations]
    by_hand = sorted(a.probability * b.probability for a in parts[0] for b in parts[1])
    assert best == pytest.approx(by_hand[:-3:-1], rel=1e-4)


@pytest.mark.parametrize("before", [False, True])
def test_what_is_no_list_of_words_is_a_type_error(g2p, before):
    answerer = lexicon_first({"ace": ["EY S"]}, g2p) if before else g2p
    with pytest.raises(TypeError, match=r"pronounce: words must be .*, found str: 'cab'; give a"):
        answerer.pronounce("cab")
    with pytest.raises(TypeError, match=r"found a text: give \['cab'\]"):
        list(answerer.pronounce_each(iter(["cab"])))
    for word, message in ((3, "int: 3"), (["cab"], "list: "), (b"cab", "bytes: ")):
        with pytest.raises(TypeError, match=f"pronounce: words must be .*, and has {message}"):
            answerer.pronounce([word])
        with pytest.raises(TypeError, match=f"a word is a text .* found {message}"):
            answerer.pronounce(iter([word]))
    for options, message in (
        ({"nbest": 0}, "nbest is 0: must be from 1 to 1000"),
        ({"beam": -1}, "beam is -1: must be from 1 to 1000, or 0"),
        ({"mass": 0}, "mass is 0: must be more than 0, and at most 1"),
        ({"mass": 1.5}, "mass is 1.5"),
        ({"mass": math.nan}, "mass is nan"),
    ):
        with pytest.raises(ValueError, match=message):
            answerer.pronounce(["cab"], **options)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g2p: g2p_jax.load(5), r"load: path must be of type str \| Path, found int: 5"),
        (lambda g2p: g2p_jax.load(lexicon=5), "load: lexicon must be of type str .* found int: 5"),
        (lambda g2p: g2p_jax.load(lexicon=["cmudict", 5]), "load: lexicon must be .*, 5]"),
        (lambda g2p: g2p_jax.load(warm_up="x"), "load: warm_up must be of type bool, found str"),
        (lambda g2p: g2p_jax.read_lexicon(b"x"), "read_lexicon: path must be of type str"),
        (lambda g2p: g2p_jax.score("A", [5]), "score: references must be .*, and has int: 5"),
        (lambda g2p: g2p_jax.LanguageModel.load(5), "LanguageModel.load: path must be"),
        (lambda g2p: g2p_jax.Pronunciation("K AE", 1), "phonemes must be a tuple, found a text"),
        (lambda g2p: g2p(b"cab"), "Pronouncer: word must be of type str, found bytes: b'cab'"),
        (lambda g2p: g2p("cab", 3), "Pronouncer: alphabet must be of type str, found int: 3"),
        (lambda g2p: g2p.pronounce(None), "pronounce: words must be .*, found NoneType: None"),
        (lambda g2p: g2p.pronounce([], "x"), "pronounce: nbest must be of type int, found str"),
        (lambda g2p: g2p.pronounce([], beam=True), "pronounce: beam must be .* found bool: True"),
        (lambda g2p: g2p.pronounce([], mass="0.9"), "pronounce: mass must be of type float, found"),
        (lambda g2p: g2p.pronounce([], align=3), "pronounce: align must be of type bool"),
        (lambda g2p: g2p.pronounce_each(None), "G2P.pronounce_each: chunks must be of type"),
        (lambda g2p: g2p.text(None), "text: text must be of type str, found NoneType: None"),
        (lambda g2p: g2p.known(5), "known: word must be of type str, found int: 5"),
        (lambda g2p: g2p.inspect(["cab"]), "G2P.inspect: pairs must be .*, and has str: 'cab'"),
        (lambda g2p: g2p.inspect([("cab", "K AE B")]), "G2P.inspect: .*, and has tuple: "),
        (lambda g2p: g2p.attention("cab", 5), "attention: phonemes must be .* found int: 5"),
        (lambda g2p: g2p.members(["a"]), "G2P.members: chosen must be .*, and has str: 'a'"),
        (lambda g2p: g2p.with_stress("no"), "with_stress: stress must be of type bool, found str"),
        (lambda g2p: g2p.with_language(5), "G2P.with_language: language must be of type str"),
        (lambda g2p: g2p.warm_up("x"), "G2P.warm_up: words must be of type int, found str: 'x'"),
        (lambda g2p: g2p_jax.G2P("english"), r"G2P is made of weights; g2p_jax.load\('"),
        (lambda g2p: g2p_jax.LanguageModel("a"), "LanguageModel is made of weights; use"),
        (lambda g2p: g2p.save(5), "G2P.save: path must be of type str"),
        (lambda g2p: g2p.pronounce(["cab"])[0].first("x"), "Answer.first: nbest must be of type"),
    ],
)  # fmt: skip
def test_an_argument_of_another_type_is_an_error_of_one_line(g2p, call, message):
    with pytest.raises(TypeError, match=f"^{message}"):
        call(g2p)


def test_values_that_cannot_be_are_errors_of_one_line(g2p, tmp_path):
    for call, message in (
        (lambda: g2p.pronounce([], alphabet="IPA"), "alphabet must be one of .*; found 'IPA'"),
        (lambda: g2p.text("", alphabet="x"), "alphabet must be one of"),
        (lambda: g2p.with_settings(foo=1), "no setting 'foo': there are .* beam, stress"),
        (lambda: g2p.with_settings(ensemble=3), "no setting 'ensemble': there are train, temper"),
        (lambda: g2p.with_settings(beam="x"), "config.beam is 'x': must be of type int"),
        (lambda: g2p.with_settings(temperature=0.0), "config.temperature is 0.0: must be in"),
        (lambda: g2p.save(tmp_path / "x", "float99"), "dtype is 'float99': must be one of float32"),
        (lambda: g2p.attention("cab", ["K", "XX"]), "'cab': of K XX the model knows only K"),
        (lambda: g2p.warm_up(1, 0), "nbest is 0: must be from 1"),
        (lambda: g2p.pronounce(["cab"])[0].first(0), "nbest is 0: must be from 1"),
    ):
        with pytest.raises(UserError, match=f"^{message}"):
            call()


def test_a_long_list_is_read_one_chunk_ahead(g2p):
    read = []
    chunks = (read.append(number) or ["cab"] for number in range(5))
    answered = [(*read,) for _ in g2p.pronounce_each(chunks)]
    assert answered == [(0, 1), (0, 1, 2), (0, 1, 2, 3), (0, 1, 2, 3, 4), (0, 1, 2, 3, 4)]


def test_answers_come_in_another_alphabet(g2p):
    (answer,) = g2p.pronounce(["cab"], nbest=2, alphabet="ipa")
    plain = g2p.pronounce(["cab"], nbest=2)[0].pronunciations
    assert answer.best == dataclasses.replace(plain[0], phonemes=("k", "æ", "b"))
    assert g2p("cab", "kokoro") == "k æ b" and g2p("cab", "arpabet") == "K AE B"
    assert g2p.stressed is g2p and g2p("...", "ipa") == ""
    with pytest.raises(ValueError, match="alphabet must be one of arpabet, ipa, .*; found 'x'"):
        g2p("cab", "x")
