"""Words in, pronunciations out: whatever the word holds, there is an answer."""

import dataclasses
import io
import itertools
import json
import logging
import math

import jax
import numpy as np
import pytest
import safetensors
import safetensors.numpy

import g2p_jax
from g2p_jax import config
from g2p_jax.data.pairs import Pair
from g2p_jax.data.ragged import Ragged
from g2p_jax.data.symbols import BOS, Symbols
from g2p_jax.devices import trace_cache
from g2p_jax.errors import ModelError, UserError
from g2p_jax.joint import model as joint
from g2p_jax.joint.model import JointNgram
from g2p_jax.predict import g2p as pronounce
from g2p_jax.predict import model_file
from g2p_jax.predict import searching as searches
from g2p_jax.predict.transcribe import Options, Tally, transcribe
from g2p_jax.train import loop

WORDS = {
    "cab": "K AE B", "back": "B AE K", "deaf": "D EH F", "fad": "F AE D", "bead": "B IY D",
    "face": "F EY S", "cafe": "K AH F EY", "ace": "EY S",
}  # fmt: skip
TINY = config.Config(
    model=config.Model(
        embedding=16,
        hidden=32,
        readout=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_dropout=0.0,
        decoder_dropout=0.0,
    ),
    train=config.Train(
        epochs=30, batch_size=8, buckets=1, learning_rate=1e-2, warmup_steps=1,
        schedule="constant", label_smoothing=0.0, log_every=1000, watch=("cab",), dtype="float32",
    ),
)  # fmt: skip


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """Eight words learned by heart, in a folder that training wrote."""
    folder = tmp_path_factory.mktemp("trained")
    lexicon = folder / "lexicon.tsv"
    lexicon.write_text("".join(f"{word}\t{sounds}\n" for word, sounds in WORDS.items()))
    TINY.data = config.Data(train=str(lexicon), dev=str(lexicon), test_share=0.0)
    progress = loop.Run(TINY, folder / "run").train()
    assert progress.best == 0
    reports = map(json.loads, (folder / "run" / "metrics.jsonl").read_text().splitlines())
    epochs = {(r["dev_wer"], r["dev_loss"]): r["epoch"] for r in reports if "epoch" in r}
    first = min(epoch for (wer, _), epoch in epochs.items() if wer == 0)
    assert progress.best_epoch == epochs[min(epochs)] > first  # the later, the surer
    return folder / "run"


@pytest.fixture(scope="session")
def g2p(trained):
    return g2p_jax.load(trained)


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
    assert len(answers[8].pronunciations[0].phonemes) <= 16 * searches.phoneme_limit(32)
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
    pieces = pronounce._pieces(letters, 32)
    assert sum(pieces, ()) == letters and max(map(len, pieces)) <= 32
    assert pronounce._pieces((), 32) == []
    phonemes = g2p.pronounce(["".join(letters)])[0].pronunciations[0].phonemes
    parts = [g2p.pronounce(["".join(piece)])[0].pronunciations[0].phonemes for piece in pieces]
    assert phonemes == sum(parts, ())


@pytest.mark.parametrize("beam", [1, 3])
@pytest.mark.parametrize("members", [1, 2])
def test_answers_do_not_depend_on_what_else_is_asked(g2p, members, beam):
    louder = pronounce.G2P(g2p.config, g2p.symbols, jax.tree.map(lambda w: 1.2 * w, g2p.params))
    g2p = pronounce.join([g2p, louder]).members(range(members))
    words = [a + b + c + d for a in "abcdef" for b in "abcdef" for c in "abcdef" for d in "abcd"]
    together = g2p.pronounce(words, beam=beam)
    for answer in together[::120]:
        (alone,) = g2p.pronounce([answer.word], beam=beam)
        assert alone.pronunciations[0].phonemes == answer.pronunciations[0].phonemes
        assert math.isclose(
            alone.pronunciations[0].probability, answer.pronunciations[0].probability, rel_tol=1e-4
        )


def test_compilations_are_as_many_as_shapes(g2p, monkeypatch):
    search, traced = searches.search, []

    def traced_search(net, transform, how, params, source):
        traced.append(source.shape[-1])
        return search(net, transform, how, params, source)

    monkeypatch.setattr(searches, "search", traced_search)
    monkeypatch.setattr(trace_cache, "_folder", lambda: None)
    searches.searcher.cache_clear()
    alone, few = ["cabcabcab"], ["cab", "cabcabcabcab"]
    some = [a + b for a in "abcdef" for b in "abcdef"]
    many = [a + b + c + d for a in "abcdef" for b in some for c in "abcdef" for d in ("", "cab")]
    for _ in range(2):
        for words in (alone, few, some, many):
            g2p.pronounce(words)
    assert sorted(traced) == sorted([12] + [16] + [8] + [6, 7])


def test_saved_and_loaded_models_answer_the_same(g2p, tmp_path):
    file = tmp_path / "copy.safetensors"
    g2p.save(file)
    again = g2p_jax.load(file)
    assert again.config == g2p.config and again.symbols == g2p.symbols
    jax.tree.map(np.testing.assert_array_equal, again.params, g2p.params)
    g2p.save(file, "float16")
    assert {word: g2p_jax.load(file)(word) for word in WORDS} == WORDS
    assert [path.name for path in tmp_path.iterdir()] == ["copy.safetensors"]


def test_a_joint_model_weighs_what_the_network_found(trained, tmp_path, monkeypatch):
    """Both probabilities are multiplied, and share what the network gave to all of them."""
    alone = g2p_jax.load(trained)
    pairs = [Pair(word, (tuple(sounds.split()),)) for word, sounds in WORDS.items()]
    learnt = JointNgram.fit(pairs, alone.symbols, 3)
    both = pronounce.G2P(alone.config, alone.symbols, alone.params, learnt)
    both.config = dataclasses.replace(both.config, temperature=2.0)
    words = ["cab", "dace", "fee"]
    before, after = alone.pronounce(words, nbest=8), both.pronounce(words, nbest=8)

    def weighed_by_hand(word, found):
        letters, wanted = Ragged.from_lists([alone.symbols.graphemes.encode(word)]), {}
        for phonemes, p in found:
            ids = Ragged.from_lists([alone.symbols.encode_target(phonemes)])
            log_p = 3 * math.log(p) + 2 * learnt.score(letters, ids)()[0]
            wanted[phonemes] = math.exp(log_p / 5 / 2)
        mass = sum(p for _, p in found) / sum(wanted.values())
        return {phonemes: p * mass for phonemes, p in wanted.items()}

    for word, found, weighed in zip(words, before, after, strict=True):
        wanted = weighed_by_hand(word, found.pronunciations)
        assert [s.phonemes for s in weighed.pronunciations] == sorted(
            wanted, key=lambda phonemes: -wanted[phonemes]
        )
        for spoken in weighed.pronunciations:
            assert spoken.probability == pytest.approx(wanted[spoken.phonemes])
    for answer, best in zip(both.pronounce(words, beam=8), after, strict=True):
        (one,) = answer.pronunciations
        assert one.phonemes == best.pronunciations[0].phonemes
    monkeypatch.setattr(
        pronounce, "PRUNE_THRESHOLD", 4.0
    )  # nearer than three nats to all that are found
    for answer, best in zip(both.pronounce(words, beam=8), after, strict=True):
        (one,) = answer.pronunciations
        assert one.probability == pytest.approx(best.pronunciations[0].probability, rel=0.02)
    monkeypatch.setattr(pronounce, "PRUNE_THRESHOLD", math.inf)
    for answer, best in zip(both.pronounce(words, beam=8), after, strict=True):
        assert answer.pronunciations == best.pronunciations[:1]
    assert both.pronounce(words) == both.pronounce(words, beam=4)
    greedily = list(itertools.product((math.inf, 0.5), alone.pronounce(words)))
    for within, greedy in greedily:
        monkeypatch.setattr(pronounce, "PRUNE_THRESHOLD", within)
        (answer,) = both.pronounce([greedy.word], beam=1)
        ((phonemes, p),) = greedy.pronunciations
        (seen,) = alone.inspect([(greedy.word, phonemes)])
        found = [(phonemes, p)]
        for place, (log_p, id) in enumerate(zip(seen.log_probs[:-1], seen.ids, strict=False)):
            second = max(set(range(4, len(log_p))) - {id}, key=lambda of, at=log_p: at[of])
            (changed,) = alone.symbols.decode_target([second])
            ratio = math.exp(log_p[second] - log_p[id])
            found.append(((*phonemes[:place], changed, *phonemes[place + 1 :]), p * ratio))
        found[1:] = sorted(found[1:], key=lambda one: -one[1])[:3]
        found[1:] = [one for one in found[1:] if one[1] >= p * math.exp(-within)]
        wanted = weighed_by_hand(greedy.word, found)
        best = max(wanted, key=lambda phonemes: wanted[phonemes])
        assert answer.pronunciations == ((best, pytest.approx(wanted[best], rel=1e-4)),)
    monkeypatch.setattr(pronounce, "PRUNE_THRESHOLD", math.inf)
    narrow = dataclasses.replace(both.config, beam=1)
    fast = pronounce.G2P(narrow, alone.symbols, alone.params, learnt)
    assert fast.pronounce(words) == both.pronounce(words, beam=1) != both.pronounce(words)
    assert fast.pronounce(words, beam=4) == both.pronounce(words)
    never = np.array([[-1e4, -math.inf]])  # less than any number, and no answer at all
    assert joint.rescore(never, np.array([[-3.0, -1.0]])).tolist() == never.tolist()
    of_several = joint.rescore(np.log([[0.5, 0.25]]), np.array([[-3.0, 0.0]]), members=2)
    np.testing.assert_allclose(np.exp(of_several), [[0.2765, 0.4735]], atol=1e-4)  # a third of it
    both.save(tmp_path / "model.safetensors", "float16")
    again = g2p_jax.load(tmp_path).pronounce(words)
    for answer, other in zip(both.pronounce(words), again, strict=True):
        assert answer.pronunciations[0].phonemes == other.pronunciations[0].phonemes
    about, arrays = parts(tmp_path)
    arrays["joint/codes"] = arrays["joint/codes"][1:]
    safetensors.numpy.save_file(arrays, tmp_path / "model.safetensors", about)
    with pytest.raises(ModelError, match="damaged .its joint n-gram model does not fit together"):
        g2p_jax.load(tmp_path)


@pytest.mark.parametrize(
    "damage", ["truncated", "text", "no metadata", "other shape", "no number", "missing"]
)
def test_a_bad_model_is_one_clear_line(trained, tmp_path, damage):
    file = tmp_path / "model.safetensors"
    content = (trained / "model.safetensors").read_bytes()
    g2p = g2p_jax.load(trained)
    if damage == "truncated":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "text":
        file.write_text("hello")
    elif damage == "no metadata":
        safetensors.numpy.save_file({"w": np.zeros(3)}, file)
    elif damage == "other shape":
        g2p.params["decoder"]["embedding"] = np.zeros((3, 3))
        g2p.save(file)
    elif damage == "no number":
        g2p.params["decoder"]["embedding"] *= np.nan
        g2p.save(file)
    with pytest.raises(ModelError) as caught:
        g2p_jax.load(tmp_path)
    assert str(tmp_path) in str(caught.value)


def parts(folder) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """Header and weights of a model file."""
    with safetensors.safe_open(folder / "model.safetensors", framework="numpy") as file:
        return file.metadata(), {name: file.get_tensor(name) for name in file.keys()}


@pytest.mark.parametrize(
    "section, setting, value",
    [
        ("model", "hidden", "256"),
        ("model", "hidden", 10**30),
        ("model", "decoder_layers", 10**9),
        ("model", "cell", ["gru"]),
        ("data", "longest", 10**12),
        ("train", "watch", 5),
        ("", "model", 5),
        ("", "ensemble", 10**9),
        ("", "temperature", float("nan")),
        ("model", "unheard_of", 1),
    ],
)
def test_a_hostile_config_is_one_clear_line(trained, tmp_path, section, setting, value):
    about, weights = parts(trained)
    settings = json.loads(about["config"])
    (settings[section] if section else settings)[setting] = value
    about["config"] = json.dumps(settings)
    safetensors.numpy.save_file(weights, tmp_path / "model.safetensors", about)
    with pytest.raises(ModelError) as caught:
        g2p_jax.load(tmp_path)
    assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("part, text", [("config", "[" * 100_000), ("symbols", "[[1]]")])
def test_a_hostile_header_is_one_clear_line(trained, tmp_path, part, text):
    about, weights = parts(trained)
    safetensors.numpy.save_file(weights, tmp_path / "model.safetensors", about | {part: text})
    with pytest.raises(ModelError, match="not a g2p_jax model, or damaged"):
        g2p_jax.load(tmp_path)


def test_a_model_of_an_older_version_is_one_clear_line(trained, tmp_path):
    about, weights = parts(trained)
    about["format"] = "g2p_jax 1"
    safetensors.numpy.save_file(weights, tmp_path / "model.safetensors", about)
    with pytest.raises(ModelError, match="was written by an older version: train it again"):
        g2p_jax.load(tmp_path)


def test_the_models_that_come_with_us(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for folder in model_file.PRETRAINED.iterdir():
        assert g2p_jax.load(folder.name)("rebuilt") == "R IY B IH L T"
        text = (folder / "README.md").read_text()
        assert "WER" in text and "licence" in text.lower()
    size = sum(file.stat().st_size for file in model_file.PRETRAINED.rglob("*.safetensors"))
    assert size < 16e6
    english = g2p_jax.load()
    assert [english(word) for word in ("through", "phone", "rebuilt")] == [
        "TH R UW", "F OW N", "R IY B IH L T",
    ]  # fmt: skip
    assert english.config == g2p_jax.load("english").config
    (tmp_path / "english").mkdir()  # the user's own folder goes first
    with pytest.raises(ModelError, match="english: no trained model here"):
        g2p_jax.load("english")
    with pytest.raises(ModelError, match="g2p_jax comes with english"):
        g2p_jax.load("englisch")


def lines(g2p, words, chunk=8192, **options) -> list[str]:
    out, words = io.StringIO(), [(str(n), word) for n, word in enumerate(words, 1)]
    transcribe(g2p, words, out, Options(**options), chunk=chunk)
    return out.getvalue().splitlines()


def test_one_line_for_each_line_and_one_warning(g2p, caplog):
    with caplog.at_level(logging.WARNING):
        answered = lines(g2p, ["cab", "", "c😀ab", "back", "b😀"], chunk=2)
    assert answered[:4] == ["cab\tK AE B", "\t", "c😀ab\tK AE B", "back\tB AE K"]
    assert len(answered) == 5
    (record,) = caplog.records
    assert "3 of 5 lines" in record.message and "'😀' 2x" in record.message


def test_csv_and_nbest_lines(g2p):
    assert lines(g2p, ["cab", "ace"], csv=True) == ["Id,Transcription", "1,K_AE_B", "2,EY_S"]
    three = lines(g2p, ["cab"], nbest=3)
    assert len(three) == 3
    word, phonemes, probability = three[0].split("\t")
    assert (word, phonemes) == ("cab", "K AE B") and 0 < float(probability) <= 1


def test_a_lexicon_answers_first_and_all_it_has(g2p):
    lexicon = [Pair("Back", (("B", "AE", "K"), ("B", "EH", "K"))), Pair("xyz", (("EH", "K"),))]
    both = pronounce.LexiconFirst(lexicon, g2p)
    answers = both.pronounce(["cab", "BACK", "", "xyz"])
    assert [answer.known for answer in answers] == [False, True, False, True]
    assert [[str(p) for p in answer.pronunciations] for answer in answers] == [
        ["K AE B"], ["B AE K", "B EH K"], [""], ["EH K"],
    ]  # fmt: skip
    assert lines(both, ["back", "cab"], marked=True) == [
        "back\tB AE K\tlexicon", "back\tB EH K\tlexicon", "cab\tK AE B\tmodel",
    ]  # fmt: skip


def test_parts_of_a_list_are_answered_as_if_they_were_asked_alone(g2p):
    parts = [["cab", "", "back"], [], ["😀"], ["ace", "cab" * 20, "ace"], ["deaf"] * 3, ["fad"]]
    lexicon = pronounce.LexiconFirst([Pair("ace", (("EY", "S"), ("AE", "K")))], g2p)
    for model in (g2p, lexicon):
        alone = [model.pronounce(part, nbest=2) for part in parts]
        assert [*map(len, alone)] == [3, 0, 1, 3, 3, 1]
        together = list(model.pronounce_each((iter(part) for part in parts), nbest=2))
        for one, other in zip(itertools.chain(*together), itertools.chain(*alone), strict=True):
            assert (one.word, one.unknown, one.known) == (other.word, other.unknown, other.known)
            assert [str(p) for p in one.pronunciations] == [str(p) for p in other.pronunciations]


def test_what_is_typed_is_answered_before_the_next_is_read(g2p):
    out, answered_before = io.StringIO(), []

    def typed():
        for number, word in enumerate(["cab", "back", "fad"]):
            answered_before.append((number, out.getvalue().count("\n")))
            yield str(number), word

    transcribe(g2p, typed(), out, chunk=1)
    assert answered_before == [(0, 0), (1, 1), (2, 2)]


def test_mass_takes_as_many_variants_as_hold_it(g2p):
    (eight,) = g2p.pronounce(["facade"], nbest=8)
    p = [pronunciation.probability for pronunciation in eight.pronunciations]
    assert len(p) == 8 and p == sorted(p, reverse=True)
    for count in range(1, 8):
        mass = sum(p[:count]) - 1e-6  # needs the last of them, and no more
        (answer,) = g2p.pronounce(["facade"], nbest=8, mass=mass)
        assert answer.pronunciations == eight.pronunciations[:count]
    assert len(g2p.pronounce(["facade"], nbest=8, mass=0)[0].pronunciations) == 1


def test_strict_makes_an_unknown_character_an_error(g2p):
    assert lines(g2p, ["cab"], strict=True) == ["cab\tK AE B"]
    with pytest.raises(UserError, match="line 2: 'b😀' holds '😀'"):
        lines(g2p, ["cab", "b😀"], strict=True)
    with pytest.raises(UserError, match="nothing to pronounce"):
        lines(g2p, [""], strict=True)


def test_an_interrupted_list_is_continued_where_it_was(g2p):
    words = [(str(n), word) for n, word in enumerate(["cab", "c😀b", "", "back", "fad"], 1)]
    whole, text, seen = io.StringIO(), "", []
    transcribe(g2p, words, whole, Options(nbest=2))
    for count in (2, 4, 5):
        out, tally = io.StringIO(), Tally(**seen[-1]) if seen else Tally()
        note = lambda tally: seen.append(dataclasses.asdict(tally))
        transcribe(g2p, words[:count], out, Options(nbest=2), chunk=2, tally=tally, mark=note)
        seen.append(dataclasses.asdict(tally))
        text += out.getvalue()
    assert text == whole.getvalue()
    assert seen[-1]["words"] == 5 and seen[-1]["strange"] == 2 and seen[-1]["unknown"] == {"😀": 1}
    with pytest.raises(UserError, match="the first 5 words are not those"):
        transcribe(g2p, words[:4] + [("5", "face")], whole, tally=Tally(**seen[-1]))


def test_symbols_of_training_data_decide_the_case():
    symbols = Symbols.from_pairs([Pair("CAB", (("K", "AE", "B"),))])
    assert symbols.graphemes_of("cab")[0] == ["C", "A", "B"]


def test_examination_shows_watched_words_or_else_the_first(g2p):
    pairs = [Pair(word, (tuple(sounds.split()),)) for word, sounds in WORDS.items()]
    assert g2p.examine(pairs, ("ace",)).answers == "ace: EY S"
    seen = g2p.examine([Pair("cab", (("K", "AE"),)), *pairs[1:]], ())  # one reference is wrong
    assert seen.answers.startswith("cab: K AE B   back: B AE K   ")
    assert seen.metrics["wer"] == 1 / len(WORDS)


def test_attention_is_where_each_step_of_decoding_looks(g2p):
    seen = g2p.attention("back")
    assert seen.letters == tuple("back") and seen.phonemes == ("B", "AE", "K")
    net = pronounce.network(g2p.config, g2p.symbols)
    variables = {"params": jax.device_get(g2p.params)}
    memory = net.apply(variables, np.array([g2p.symbols.graphemes.encode("back")]), method="encode")
    states = net.apply(variables, memory, method="start")
    memory = net.apply(variables, memory, method="ready")
    tokens = [BOS, *g2p.symbols.phonemes.encode(seen.phonemes)]
    for token, row in zip(tokens, seen.weights, strict=True):
        states, _, weights = net.apply(variables, memory, states, np.array([token]), method="step")
        np.testing.assert_allclose(row, weights[0], rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="no letter"):
        g2p.attention("123")


def test_each_phoneme_has_its_share_of_the_probability(g2p):
    """Of many words in batches of many shapes, and of a model of another temperature."""
    words = [*WORDS, "abcdefabcdef", "😀"] * 9
    hot = pronounce.G2P(dataclasses.replace(g2p.config, temperature=3.0), g2p.symbols, g2p.params)
    for model in (g2p, hot):
        asked = [(a.word, p) for a in model.pronounce(words, nbest=3) for p in a.pronunciations]
        seen = model.inspect((word, said.phonemes) for word, said in asked)
        for (word, said), one in zip(asked, seen, strict=True):
            assert one.phonemes == said.phonemes and one.letters == tuple(word.strip("😀"))
            assert one.weights.shape == (len(said.phonemes) + 1, len(one.letters))
            if one.letters:
                np.testing.assert_allclose(one.probabilities.prod(), said.probability, rtol=1e-4)
    assert hot.pronounce(["cab"])[0].pronunciations[0].probability < 0.9


def test_aligned_answers_have_two_more_columns(g2p):
    out = io.StringIO()
    words = (("1", "back"), ("2", "face"), ("3", "😀"))
    transcribe(g2p, words, out, Options(aligned=True, nbest=2, marked=True))
    rows = [line.split("\t") for line in out.getvalue().splitlines()]
    assert [len(row) for row in rows] == [6] * 5
    assert rows[4] == ["😀", "", "1", "", "", "model"]
    for word, phonemes, probability, letters, each, _ in rows[:4]:
        assert set("".join(letters.split())) <= set(word)
        assert len(letters.split()) == len(each.split()) == len(phonemes.split())
        assert np.prod([float(p) for p in each.split()]) >= float(probability) - 0.05


def test_a_picture_for_each_word_that_has_letters(g2p, tmp_path):
    words = (("1", "back"), ("2", "😀"), ("3", "../face"))
    transcribe(g2p, words, io.StringIO(), Options(pictures=tmp_path / "maps"))
    files = sorted((tmp_path / "maps").iterdir())
    assert [file.name for file in files] == ["0001-back.png", "0003-___face.png"]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)
