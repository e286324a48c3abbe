"""Many languages in one model: what is read, learnt, answered, scored and guessed."""

import dataclasses
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import g2p_jax
from g2p_jax import config, runtime
from g2p_jax.compat import phonemize
from g2p_jax.data import splits
from g2p_jax.data.formats.writers import WRITERS
from g2p_jax.data.language_lexicons import balanced, in_small_letters, read_folder
from g2p_jax.data.language_names import find_language, names_language, split_language
from g2p_jax.data.lexicon import read_lexicon
from g2p_jax.data.merging import LexiconFile
from g2p_jax.data.pairs import Pair
from g2p_jax.data.phones import cut_into_phones
from g2p_jax.data.ragged import Ragged
from g2p_jax.data.word_lists import read_words
from g2p_jax.errors import DataError, UserError
from g2p_jax.joint import storage
from g2p_jax.joint.guess import Guesser
from g2p_jax.joint.per_language import guess_languages
from g2p_jax.predict import export
from g2p_jax.predict import g2p as g2p_lib
from g2p_jax.predict.calibration import calibrate
from g2p_jax.predict.header import PRETRAINED
from g2p_jax.predict.header import read as read_header
from g2p_jax.predict.language_scores import language_table
from g2p_jax.predict.merging import merge
from g2p_jax.predict.notation import references
from g2p_jax.predict.serving.requests import Options
from g2p_jax.predict.serving.service import Service
from g2p_jax.predict.transcribe import Options as Answering
from g2p_jax.predict.transcribe import transcribe
from g2p_jax.scoring import score_each
from g2p_jax.train.inputs import load_inputs
from g2p_jax.train.loop import train
from tests.tiny_model import TINY

REFERENCES = Path(__file__).parent / "references" / "languages.tsv"
WORDS = {
    "deu": {"die": "diː", "Chat": "t͡ʃɛt", "nun": "nuːn"},
    "fra": {"die": "di", "chat": "ʃa", "nun": "nœ̃"},
    "tur": {"ışık": "ɯʃɯk", "Irak": "ɯɾak"},  # I is the capital of ı
    "tha": {"ใส": "saj˩˩˦"},
    "fas": {"آب": "ʔɒːb"},  # from right to left
    "kor": {"씸": "ɕ͈ i m"},  # cut into phones by its dictionary
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("languages")
    for language, words in WORDS.items():
        lines = "".join(f"{word}\t{sounds}\n" for word, sounds in words.items())
        (folder / f"{language}_train.tsv").write_text(lines)
    (folder / "README.md").write_text("no lexicon")
    (folder / "deu_dev.TSV").write_text("die\tdiː\n")
    return folder


@pytest.fixture(scope="module")
def world(folder):
    """A model that has learnt the words by heart."""
    data = config.Data(
        train=str(folder), dev=str(folder), test_share=0.0, source="language", target="ipa",
        unicode="NFD",
    )  # fmt: skip
    train(dataclasses.replace(TINY, data=data, ngram=3), folder / "run")
    return folder / "run"


def test_a_folder_has_a_lexicon_for_each_language(folder):
    read = lambda path: read_lexicon(path, "tsv", kind="tokens")
    pairs = in_small_letters(read_folder(folder, "train", read))
    assert Pair("deu:chat", (("t͡ʃɛt",),)) in pairs and Pair("tur:ırak", (("ɯɾak",),)) in pairs
    assert len(pairs) == sum(map(len, WORDS.values()))
    assert list(read_folder(folder, "dev", read)) == [Pair("deu:die", (("diː",),))]


def test_a_folder_without_lexicons_is_an_error(tmp_path):
    with pytest.raises(DataError, match="expected lexicons such as deu.tsv .* found none"):
        read_folder(tmp_path, "train", read_lexicon)
    for name in ("fin_train.tsv", "ita.tsv"):
        (tmp_path / name).write_text("word\tp\n")
    with pytest.raises(DataError, match="found fin_train.tsv and ita.tsv"):
        read_folder(tmp_path, "train", read_lexicon)


def test_other_files_of_a_folder_are_named(tmp_path, caplog):
    for name in ("fin.tsv", "Italian.tsv"):
        (tmp_path / name).write_text("no\tnoː\n")
    read = lambda path: read_lexicon(path, "tsv", kind="tokens")
    assert list(read_folder(tmp_path, "train", read)) == [Pair("fin:no", (("noː",),))]
    assert "left out: 'Italian.tsv'" in caplog.text


@pytest.mark.parametrize(
    "name, text",
    [
        ("words.csv", "language,word,pronunciation\ndeu,Chat,t͡ʃɛt\nfra,Chat,ʃa\n"),
        ("words.tsv", "word\tlanguage\tpronunciation\nChat\tdeu\tt͡ʃɛt\nChat\tfra\tʃa\n"),
        ("words.jsonl", """\
            {"word": "Chat", "language": "deu", "sounds": "t͡ʃɛt"}
            {"word": "Chat", "language": "fra", "sounds": "ʃa"}"""),
        ("words.txt", "deu:Chat\tt͡ʃɛt\nfra:Chat\tʃa\n"),
    ],
)  # fmt: skip
def test_a_lexicon_may_have_a_column_of_languages(name, text, write):
    data = config.Data(train=str(write(text, name)), source="language", target="ipa")
    expected = [Pair("deu:chat", (("t͡ʃɛt",),)), Pair("fra:chat", (("ʃa",),))]
    assert splits.read(data.train, data) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Haus\th aU_^ s\nich\tI C\ndu:\td_d u:\n", ["haʊ̯s", "ɪç", "d̪uː"]),  # X-SAMPA
        ("Haus\thaUs\nich\tIC\ndu:\tdu:\n", ["haʊs", "ɪç", "duː"]),  # without spaces
        ("house\tHH AW1 S\n", ["haʊs"]),
        ("Haus\th aʊ̯ s\nd\td e:\n", ["haʊ̯s", "de:"]),  # IPA stays
        ("t\tt e\nd\td e\n", ["te", "de"]),
    ],
)
@pytest.mark.parametrize("source", ["language", "characters"])
def test_phones_are_made_of_ipa_whatever_the_alphabet_of_a_lexicon(text, expected, source, write):
    data = config.Data(train=str(write(text, "deu.tsv")), source=source, target="ipa")
    pairs = splits.read(data.train, data, language="deu")
    assert ["".join(pair.pronunciations[0]) for pair in pairs] == expected


def test_a_word_without_a_language_is_an_error_with_its_line(write):
    path = write("language,word,pronunciation\ndeu,Haus,haʊs\n,Chat,ʃa\n", "words.csv")
    with pytest.raises(DataError, match="words.csv:3: .* 'Chat' without a language"):
        splits.read(str(path), config.Data(source="language", target="ipa"))


def test_alternatives_of_ipa_are_read_apart_or_refused(write):
    data = config.Data(source="language", target="ipa")
    read = lambda text: splits.read(str(write(text, "deu.tsv")), data, language="deu")
    assert read("Weg\t/veːk/, /vɛk/\n") == [Pair("deu:weg", (("veːk",), ("vɛk",)))]
    assert read("Weg\tveːk, vɛk\n") == read("Weg\t/veːk/, /vɛk/\n")
    with pytest.raises(DataError, match="deu.tsv:1: .* commas as phoneme: 'veːk,'"):
        read("Weg\tveːk, ɛ\n")


def test_languages_have_names_and_codes():
    known = ["cze", "deu", "hbs-latn"]
    assert [find_language(name, known) for name in ("cs", "ces", "deu", "de", "hr")] == [
        "cze", "cze", "deu", "deu", "hbs-latn"
    ]  # fmt: skip
    with pytest.raises(UserError, match="no language 'xx': the model knows cze, deu, hbs-latn"):
        find_language("xx", known)
    assert find_language("deu", ["de", "fr"]) == find_language("German", ["de", "fr"]) == "de"
    for name in ("DE", "de-AT", "de_AT", " ger", "German"):
        assert find_language(name, known) == "deu"
    with pytest.raises(UserError, match="'Germn': did you mean deu .german.. The model knows"):
        find_language("Germn", known)
    for name, other in {"Deutsch": "dut", "English": "wel-nw", "Norwegian": "geo"}.items():
        english = "; the models english and english-small know English" * (name == "English")
        with pytest.raises(UserError, match=f"'{name}': the model knows .* one of these{english}$"):
            find_language(name, [*known, other])


@pytest.mark.parametrize(
    "word, language, rest",
    [
        ("deu:Haus", "deu", "Haus"),
        ("DE:Haus", "deu", "Haus"),
        ("German:Haus", "deu", "Haus"),
        ("de_AT:a:b", "deu", "a:b"),
        ("Haus", "fra", "Haus"),
        ("Lehrer:innen", "fra", "Lehrer:innen"),
        ("ab:", "fra", "ab:"),
        ("xx:Haus", "no language 'xx': the model knows deu, fra, swe", None),
        ("EU:s", "no language 'EU': the model knows deu, fra, swe", None),
        ("swe:EU:s", "swe", "EU:s"),
    ],
)
def test_a_word_names_its_language(word, language, rest):
    known = ["deu", "fra", "swe"]
    if rest is None:
        with pytest.raises(UserError, match=language):
            split_language(word, known, "fra")
        assert split_language(word, known, "swe") == ("swe", word)  # of words with colons
        assert split_language(word, ["deu", "sv"], "sv") == ("sv", word)
    else:
        assert split_language(word, known, "fra") == (language, rest)
        assert names_language(word) == (":" in word and language != "fra")


def test_a_guessed_language_may_have_colons_in_words():
    for word in ("EU:s", "TV:n", "pdf:erna", "S:t"):
        assert split_language(word, ["deu", "sv"], "auto") == ("sv", word)
    assert split_language("Lehrer:in", ["deu", "swe"], "auto") == ("auto", "Lehrer:in")
    for word, languages in (("xx:Haus", ["deu", "swe"]), ("EU:s", ["deu", "fra"])):
        with pytest.raises(UserError, match=f"{word}': no language '{word[:2]}': the model knows"):
            split_language(word, languages, "auto")


def test_examples_of_small_languages_are_repeated():
    language = np.array([7] * 16 + [9] * 4 + [8])
    counts = np.bincount(language[balanced(language)])
    assert counts[7:].tolist() == [16, 4, 8]  # 4 and 1 of 16: 16^.5 16^.5, 1^.5 16^.5, 4^.5 16^.5


def test_one_model_answers_in_each_language(world):
    for language, words in WORDS.items():
        g2p = g2p_jax.load(world, language=language)
        for word, sounds in words.items():
            assert "".join(g2p(word).split()) == sounds.replace(" ", "")
    mixed = g2p_jax.load(world).pronounce(["deu:die", "fr:die", "tha:ใส"], nbest=2)
    assert [str(a.pronunciations[0]) for a in mixed] == ["d iː", "d i", "s a j ˩˩˦"]
    assert [a.word for a in mixed] == ["deu:die", "fr:die", "tha:ใส"]


def test_capitals_long_words_and_strange_letters_stay_in_the_language(world):
    german, turkish = (g2p_jax.load(world, language=code) for code in ("de", "tr"))
    assert german("DIE") == german("die") == "d iː"
    assert turkish("IŞIK") == turkish("ışık") == "ɯ ʃ ɯ k"
    long = german.pronounce(["die" * 30])[0]
    assert long.pronunciations[0].phonemes == ("d", "iː") * 3 and not long.unknown  # three pieces
    (answer,) = german.pronounce(["ใdie"])
    assert answer.unknown == ("ใ",) and str(answer.pronunciations[0]) == "d iː"


def test_what_language_is_missing_or_unknown_is_said(world, g2p):
    with pytest.raises(UserError, match="'die' needs a language, such as deu:die"):
        g2p_jax.load(world)("die")
    with pytest.raises(UserError, match="no language 'eng': the model knows deu, fas, fra, kor"):
        g2p_jax.load(world, language="eng")
    with pytest.raises(UserError, match="knows one language only"):
        g2p.with_language("deu")
    german = g2p_jax.load(world, language="deu")
    for language in "de", "de-DE", "deu":
        assert phonemize("Chat", language=language, g2p=german, strip=True) == "t͡ʃɛt"
    for language in "en-us", "fr-fr", "xx":
        with pytest.raises(UserError, match=f"{language}.: the model is of deu; fix: give"):
            phonemize("Chat", language=language, g2p=german)
    with pytest.raises(UserError, match="'fr-fr': the model is of eng; fix"):
        phonemize("chat", language="fr-fr", g2p=g2p)


def test_data_of_other_languages_or_none_is_an_error_with_its_place(world, tmp_path):
    symbols, data = g2p_jax.load(world).symbols, config.Data(source="language", target="ipa")
    (tmp_path / "xyz.tsv").write_text("Haus\thaʊs\n")
    with pytest.raises(DataError, match=f"{tmp_path}: 'xyz:Haus': no language 'xyz'.* leave such"):
        references(symbols, data, str(tmp_path), "")
    (tmp_path / "deu_dev.tsv").write_text("Haus\thaʊs\n")
    with pytest.raises(DataError, match="deu_dev.tsv and xyz.tsv; fix: name all with .* _dev, or"):
        references(symbols, data, str(tmp_path), "dev")
    with pytest.raises(DataError, match="no: expected a folder of lexicons, or one, found nothing"):
        references(symbols, data, str(tmp_path / "no"), "dev")


def test_what_is_english_is_refused(world):
    german = g2p_jax.load(world, language="deu")
    service = Service(german)
    for alphabet in "arpabet", "espeak", "kokoro":
        for pronounce in (german, german.text, lambda w, a: service.pronounce([w], Options(1, a))):
            with pytest.raises(UserError, match="writes ipa, which can become xsampa only"):
                pronounce("Chat", alphabet)
    assert german.text("B")[0].phonemes != ("B", "IY")  # the name of an English letter


def test_the_readme_of_an_export_runs(world, tmp_path):
    g2p_jax.load(world).save(tmp_path / "model.safetensors")
    export.write(tmp_path / "model.safetensors", tmp_path / "out", "numpy")
    text = (tmp_path / "out" / "README.md").read_text()
    code = "\n".join(line.strip() for line in text.splitlines() if line.startswith("    "))
    assert "'deu:Haus'" in code
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "out", check=True)


def test_languages_are_guessed(world):
    auto = g2p_jax.load(world, language="auto")
    assert [auto(word) for word in ("ใส", "آب", "ışık")] == ["s a j ˩˩˦", "ʔ ɒː b", "ɯ ʃ ɯ k"]
    for model in auto, g2p_lib.load(world).with_language("auto"):
        found = model.pronounce(["", "שלום", "I"])
        assert [answer.language for answer in found[:2]] == ["", ""]  # no letter tells it
        assert found[2].language in ("deu", "fra")  # I is ı in Turkish only


def test_the_server_takes_a_language(world):
    service = Service(g2p_lib.load(world))

    def answer(word, language=""):
        found = json.loads(service.pronounce([word], Options(language=language))[0])
        assert found["word"] == word
        return " ".join(found["pronunciations"][0]["phonemes"])

    assert (answer("die", "fr"), answer("fra:die"), answer("deu:die", "fr")) == (
        "d i",
        "d i",
        "d iː",
    )
    assert answer("ใส", "auto") == "s a j ˩˩˦"
    for language, message in {"": "'die' needs a language", "eng": "no language 'eng'"}.items():
        with pytest.raises(UserError, match=message):
            answer("die", language)


def test_the_language_of_each_word_is_read_and_written(world, write):
    """In rows of a list, of JSON lines, CSV and a report, and in a lexicon to which words come."""
    rows = (
        'word,language\nใส,\n"die",FRA\n',
        '{"word": "ใส"}\n{"word": "die", "language": "FRA"}\n',
    )
    auto, found, report = g2p_jax.load(world, language="auto"), [], io.StringIO()
    for format, text in zip(("csv", "jsonl"), rows, strict=True):
        words = list(read_words(write(text), auto.symbols))
        assert [word for _, word in words] == ["ใส", "FRA:die"]
        assert [word for _, word in read_words(write(text))] == ["ใส", "die"]
        transcribe(
            auto, words, out := io.StringIO(), Answering(format=format, report="x"), report=report
        )
        found.append(out.getvalue().splitlines())
    assert [line.rsplit(",", 1)[0] for line in found[0]] == [
        "language,word,pronunciation", "tha,ใส,s a j ˩˩˦", "fra,die,d i"
    ]  # fmt: skip
    assert [(x["language"], x["word"]) for x in map(json.loads, found[1])] == [
        ("tha", "ใส"),
        ("fra", "die"),
    ]
    assert "1\tใส\tguessed\ttha\n" in report.getvalue()
    text = "language,word,pronunciation\nDE,die,diː\nfra,chat,ʃa\n"
    lexicon, german = LexiconFile(write(text, "own.csv")), g2p_jax.load(world, language="de")
    merged = merge(german, lexicon, ["die", "fr:die", "Chat", ""], Answering()).decode()
    assert merged == text + "fra,die,di\ndeu,chat,t͡ʃɛt\n"
    line = '{"word": "die", "language": "deu", "sounds": ["d", "iː"]}\n'
    merged = merge(german, LexiconFile(write(line, "own.jsonl")), ["fr:die"], Answering()).decode()
    assert json.loads(merged.splitlines()[1]) == {
        "language": "fra",
        "word": "die",
        "sounds": ["d", "i"],
    }


def test_a_lexicon_gets_words_with_their_languages_or_without_as_it_has_them(world, write):
    german, words = g2p_jax.load(world, language="deu"), ["deu:Nun", "die", "de:die", "German:Chat"]

    def merged(text, words=words, g2p=german):
        return merge(g2p, LexiconFile(write(text, "own.tsv")), words, Answering()).decode()

    bare, named = "Chat\tt͡ʃɛt\nNun\tnuːn\n", "DE:Chat\tt͡ʃɛt\nde:Nun\tnuːn\n"
    assert merged(bare) == bare + "die\tdiː\n"
    assert merged(named) == named + "deu:die\tdiː\n"
    with pytest.raises(UserError, match="'fra:chat': the words of the lexicon are deu; fix: "):
        merged(bare, ["Nun", "fr:chat"])
    with pytest.raises(UserError, match="does not name languages; fix: .* --language=deu"):
        merged(bare, g2p=g2p_jax.load(world))
    with pytest.raises(UserError, match="auto cannot be given with --merge: give one language"):
        merged(bare, g2p=g2p_jax.load(world, language="auto"))


@pytest.mark.parametrize(
    "model, text, message",
    [
        ("world", "language,word\nde,Haus\nxx,chat\n", ":3: 'chat': no language 'xx': .*; fix: "),
        ("world", '{"word": "Haus", "language": 7}\n', ":1: 'Haus': no language '7': .*; fix: "),
        ("world", "deu:Haus\nxx:Haus\n", ":2: 'xx:Haus': no language 'xx': .*; fix: write one of"),
        ("world", "deu:Haus\nHaus\n", ":2: 'Haus' needs a language"),
        ("english", "Language,Word\n,a\nen-GB,b\nde,c\n", ":4: .*'c' of 'de'; fix: .*--ckpt=world"),
        ("english", "deu:Haus\n", None),
    ],
)
def test_a_language_that_the_model_lacks_is_an_error_with_its_line(
    model, text, message, write, caplog
):
    words = read_words(path := write(text), read_header(model).symbols, model)
    if message:
        with pytest.raises(DataError, match=re.escape(str(path)) + message):
            list(words)
    else:
        assert list(words) == [("1", "deu:Haus")]
        assert "'deu:Haus' is read as letters: english has one language only" in caplog.text


def test_the_guesser_is_naive_bayes():
    words = Ragged.from_lists([[4, 5], [4, 6], [7, 7, 7]])
    guesser = Guesser.fit(words, np.array([0, 0, 1]), ["a", "b"])
    words, alphabets = Ragged.from_lists([[4], [7, 7], [5, 4, 6], []]), {"a": [4, 5, 6], "b": [7]}
    assert guesser.guess(words, alphabets) == ["a", "b", "a", "a"]
    assert guesser.guess(words, alphabets | {"b": [4, 7]}) == ["a", "b", "a", "a"]
    assert guesser.guess(words, {"a": [5, 6], "b": [4, 5, 6, 7]}) == ["b", "b", "b", "a"]


def test_a_stored_model_of_languages_is_the_same(world):
    g2p = g2p_jax.load(world)
    arrays = storage.to_arrays(g2p.joint)
    assert {"deu/codes", "kor/units/places", "guesser"} <= arrays.keys()
    again = storage.from_arrays(arrays, g2p.symbols)
    assert storage.equal(g2p.joint, again)


def test_languages_without_new_words_keep_their_ngrams(world):
    """As when a model of many languages learns one of them, or a new one."""
    g2p = g2p_jax.load(world)
    words = Pair("deu:Huhn", (("h", "uː", "n"),)), Pair("nld:hun", (("h", "ʏ", "n"),))
    symbols = g2p.symbols.extended(words)
    new = storage.fit(words, symbols, 3, g2p.joint)
    arrays, before = storage.to_arrays(new), storage.to_arrays(g2p.joint)
    for name in before:
        if not name.startswith(("deu/", "guesser")):
            np.testing.assert_array_equal(arrays[name], before[name])
    guessed = guess_languages(["chat", "huhn", "ışık", "hun"], symbols, new)
    assert guessed == ["fra", "deu", "tur", "nld"]
    alone = storage.fit(words, symbols, 3)
    assert guess_languages(["chat", "huhn"], symbols, alone) == ["deu", "deu"]


def test_fine_tuning_takes_the_names_of_languages_from_the_model(world, tmp_path):
    """Files de.tsv, or words of German, are not a second language: deu is learned."""
    for name in "de_train", "deu_train", "fr_dev", "nld_train":
        (tmp_path / f"{name}.tsv").write_text("Huhn\thuːn\n")
    settings = config.Data(
        train=str(tmp_path), dev=str(tmp_path), source="language", target="ipa", unicode="NFD",
        test_share=0.0,
    )  # fmt: skip
    init = dataclasses.replace(TINY.train, init=str(world))
    inputs = load_inputs(dataclasses.replace(TINY, data=settings, train=init))
    assert [pair.word for pair in inputs.splits.train] == ["deu:huhn", "nld:huhn"]
    assert [pair.word for pair in inputs.splits.dev] == ["fra:huhn"]
    assert set(inputs.symbols.languages) == {*WORDS, "nld"}


def test_probabilities_are_made_true_for_phones(world):
    pairs = [
        Pair("deu:die", (("diː",),)),
        Pair("tha:ใส", (("s", "aj"),)),
        Pair("fra:nun", (("n",),)),
    ]
    assert calibrate(g2p_jax.load(world), pairs).right == [True, False, False]


def test_a_lexicon_of_one_language_comes_before_the_model(world, write):
    path = write("Chat\tʃaː\nhut\thuːt\n", "own.tsv")  # without spaces and languages
    german = g2p_jax.load(world, language="de", lexicon=str(path))
    assert (german("Chat"), german("hut"), german("die")) == ("ʃ aː", "h uː t", "d iː")
    assert german.pronounce(["Chat"])[0].word == "Chat"
    with pytest.raises(
        DataError, match="own.tsv:1: .*'Chat' without a language; fix: .* or give language="
    ):
        g2p_jax.load(world, lexicon=str(path))


def test_a_lexicon_of_another_language_is_refused(world, write):
    with pytest.raises(UserError, match="CMUdict is English, the model is not: leave it out"):
        g2p_jax.load(world, language="deu", lexicon="cmudict")
    path = write("word,Sprache,pronunciation\nhut,DE,huːt\nhut,fra,yt\n", "own.csv")
    g2p = g2p_jax.load(world, language="deu", lexicon=str(path))
    assert (g2p("hut"), g2p("fr:hut")) == ("h uː t", "y t")


def test_a_lexicon_of_many_languages_comes_before_the_model(world, write):
    path = write("language,word,pronunciation\nDE,hut,huːt\nfra,hut,yt\n", "own.csv")
    g2p = g2p_jax.load(world, language="deu", lexicon=str(path))
    assert (g2p("hut"), g2p("fr:hut")) == ("h uː t", "y t")
    with pytest.raises(UserError, match="'hut' needs a language that is not to be guessed"):
        g2p_jax.load(world, language="auto", lexicon=str(path))("hut")
    path = write("DE:hut\thuːt\nhat\that\n", "named.tsv")  # as predict.py writes it, and not
    g2p = g2p_jax.load(world, language="deu", lexicon=str(path))
    assert (g2p("hut"), g2p("hat")) == ("h uː t", "h a t")
    both = write("Chat\ttʃat\nchat\tʃa\n", "both.tsv")
    g2p = g2p_jax.load(world, language="deu", lexicon=str(both))
    french = g2p.with_language("fr")
    assert (french("Chat"), french("de:Chat")) == ("ʃ a", "t ʃ a t")
    assert [g2p(word) for word in ("Chat", "de:chat", "chat!")] == ["t ʃ a t", "ʃ a", "ʃ a"]
    assert len(g2p.known("CHAT").pronunciations) == 2


def test_a_thai_vowel_may_be_decomposed():
    thai = runtime.Spelling("ทำน้", "lower", "NFD")
    for word in ("ทำ", "น้ำ"):
        split = word.replace("\u0e33", "\u0e4d\u0e32")  # as NFKD has it
        assert split != word and thai.letters_of(split) == thai.letters_of(word) == ([*word], [])


def test_phonemes_are_known_in_each_normal_form(world):
    symbols = g2p_jax.load(world).symbols
    assert symbols.target_tokens(["nœ\u0303"]) == ("n", "œ\u0303")
    composed = dataclasses.replace(symbols, phonemes=symbols.phonemes.extended({"ç"}))
    assert composed.target_tokens(["c\u0327a"]) == ("ç", "a")
    both = dataclasses.replace(symbols, phonemes=symbols.phonemes.extended({"ç", "c\u0327"}))
    assert both.target_tokens(["çc\u0327"]) == ("ç", "c\u0327")


def test_scores_of_each_language_and_their_mean(world):
    g2p = g2p_jax.load(world)
    pairs = [
        Pair("deu:die", (("d", "iː"),)),
        Pair("deu:nun", (("n", "a", "n"), ("nuːn",))),  # right, but not the first
        Pair("fra:die", (("t͡sʰi",),)),  # two phones, one is wrong; of five characters four are
    ]
    answers = g2p.pronounce(pair.word for pair in pairs)
    tokens = g2p.symbols.target_tokens
    references = (map(tokens, pair.pronunciations) for pair in pairs)
    scores = score_each((tokens(answer.best.phonemes) for answer in answers), references)
    table = language_table(pairs, answers, scores, g2p.symbols)
    header, german, french, mean, low, high = table
    assert german.split() == ["deu", "2", "0.00%", "0.00%", "50.00%", "33.33%"]
    assert french.split() == ["fra", "1", "100.00%", "50.00%", "100.00%", "80.00%"]
    assert mean.split() == ["mean", "3", "50.00%", "25.00%", "75.00%", "56.67%"]
    assert header.split()[0] == "language" and low.split()[:2] == ["from", "3"] and "to" in high


def test_all_36_languages_are_read_pronounced_and_written(tmp_path):
    """Words that the shipped model has not learnt, as Wiktionary has them (CC BY-SA)."""
    data = config.Data(source="language", target="ipa")
    world = runtime.load(PRETRAINED / "world" / "model.safetensors")
    known, right, lines = splits.read(str(REFERENCES), data), 0, dict.fromkeys(world.spellings, "")
    assert len(lines) == 36 and len(known) == 3 * 36 and lines.keys() < runtime.LANGUAGES.keys()
    for pair in known:
        language, _, word = pair.word.partition(":")
        ((((phonemes, _),), unknown),) = world.pronounce_all([pair.word])
        assert not unknown
        right += "".join(phonemes) == pair.pronunciations[0][0]
        (line,) = WRITERS["wikipron"](word, [(phonemes, 1.0)])
        lines[language] += f"{line}\n"
        assert "".join(cut_into_phones("".join(phonemes))) == "".join(phonemes)
    assert right > 0.7 * len(known)
    for language, text in lines.items():
        (tmp_path / f"{language}.tsv").write_text(text)
    again = splits.read(str(tmp_path), data)
    assert [pair.word for pair in again] == [pair.word for pair in known]


def test_predict_takes_a_language(world):
    run = lambda *words: subprocess.run(
        [sys.executable, "predict.py", f"--ckpt={world}", *words], capture_output=True, text=True
    )
    assert run("--language=fr", "die", "chat").stdout == "die\td i\nchat\tʃ a\n"
    failed = run("die")
    assert failed.returncode == 1 and failed.stdout == ""
    assert (
        "'die' needs a language, such as deu:die, or give --language=deu for all words"
        in failed.stderr
    )
