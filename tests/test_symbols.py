import json
import unicodedata

import pytest

from g2p_jax.data.pairs import Pair
from g2p_jax.data.symbols import BOS, EOS, PAD, SPECIALS, UNK, Symbols, Vocabulary
from g2p_jax.errors import DataError


def symbols_of(*words, **options):
    return Symbols.from_pairs([Pair(word, (("X",),)) for word in words], **options)


def test_vocabulary_is_sorted_and_counts_up_from_the_specials():
    vocabulary = Vocabulary.from_tokens(["b", "AH", "a", "b"])
    assert vocabulary.tokens == ("<pad>", "<bos>", "<eos>", "<unk>", "AH", "a", "b")
    assert vocabulary == Vocabulary.from_tokens(["AH", *"ba"])
    assert len(vocabulary) == 7
    assert vocabulary.encode(["b", "?", "AH"]) == [6, UNK, 4]


def test_decode_stops_at_eos_and_skips_specials():
    vocabulary = Vocabulary.from_tokens("ab")
    assert vocabulary.decode([BOS, 5, UNK, PAD, 4, EOS, 5]) == ["b", "a"]
    assert vocabulary.decode(vocabulary.encode("abba")) == list("abba")


@pytest.mark.parametrize("tokens", [(), ("a",), ("<pad>", "<bos>", "<eos>", "<unk>", "a", "a")])
def test_vocabulary_checks_its_tokens(tokens):
    with pytest.raises(ValueError, match="a vocabulary must"):
        Vocabulary(tokens)


def test_a_token_named_like_a_special_is_refused():
    with pytest.raises(DataError, match="the data holds <eos>, which the model needs itself"):
        Vocabulary.from_tokens(["<eos>"])


@pytest.mark.parametrize(
    "words, case, typed, normal",
    [
        (["hello", "o'er"], "lower", " Hello\n", "hello"),
        (["HELLO", "O'ER"], "upper", "hello", "HELLO"),
        (["Hello", "polish"], "keep", "hELLO", "hELLO"),
        (["가감"], "lower", "가감", "가감"),
        (["ά", "σοφός"], "lower", "ΣΟΦΌΣ", "σοφός"),
    ],
)
def test_case_follows_the_training_words(words, case, typed, normal):
    symbols = symbols_of(*words)
    assert symbols.case == case
    assert symbols.normalise(typed) == normal


def test_unicode_form_of_graphemes():
    for form, graphemes in [("NFC", ["가", "é"]), ("NFD", ["\u1100", "\u1161", "e", "\u0301"])]:
        symbols = symbols_of(unicodedata.normalize(form, "가é"), unicode=form)
        assert set(symbols.graphemes.tokens[4:]) == set(graphemes)
        for typed in ("가é", unicodedata.normalize("NFD", "가é")):
            assert symbols.graphemes_of(typed) == (graphemes, [])


@pytest.mark.parametrize(
    "typed, known, unknown",
    [
        ("hello", "hello", ""),
        ("Héllo", "hello", ""),
        ("he\u0301llo", "hello", ""),
        ("ﬁﬂe", "fifle", ""),
        ("Ｈｅ", "he", ""),
        ("o’er", "o'er", ""),
        ("Æon", "aeon", ""),
        ("ølé", "ole", ""),
        ("h3l\u200bl3o", "hllo", "3\u200b3"),
        ("ice cream", "icecream", " "),
        ("ice\u00a0cream", "icecream", "\u00a0"),
        ("ice\u2011cream", "icecream", "\u2011"),
        ("é", "e", ""),
        ("漢", "", "漢"),
        ("½", "", "½"),
        ("", "", ""),
    ],
)
def test_graphemes_of_a_raw_word(typed, known, unknown):
    for symbols in (symbols_of("acefhilmnor'"), symbols_of("acefhilmnor'", unicode="NFD")):
        assert symbols.graphemes_of(typed) == (list(known), list(unknown))
    upper = symbols_of("ACEFHILMNOR'")
    assert upper.graphemes_of(typed)[0] == list(known.upper())


def test_a_known_accent_is_kept():
    assert symbols_of("é", "e").graphemes_of("É") == (["é"], [])


@pytest.mark.parametrize(
    "known, typed, letters, unknown",
    [
        ("șță", "ŞŢȘT\u0327", "șțșț", ""),  # a cedilla for the comma below, and the other way round
        ("şç", "șç", "şç", ""),
        ("aç", "Ș", "", "ș"),
        ("osz\u017c", "šoż", "soż", "š"),  # an accent is not dropped without a word
        ("osz\u017c", "o\u030a\u0316", "o", "\u0316\u030a"),
        ("osz\u017c", "œøz", "oz", "œø"),
        ("オか", "おカガ", "オか", "ガ"),  # half of the two scripts each
        ("かがっー", "カガｶﾞｯｰガ", "かががっーが", ""),
        ("کیهب", "كييىہﺏ", "کیییهب", ""),
        ("žabd", "ǆab", "džab", ""),
        ("l·", "ŀl•l", "l·l·l", ""),
        ("đa", "Ðað", "đađ", ""),
        ("с’", "с'сʼ", "с’с’", ""),
    ],
)
def test_letters_that_stand_for_one_another(known, typed, letters, unknown):
    for form in "NFC", "NFD":
        symbols = symbols_of(unicodedata.normalize(form, known), unicode=form)
        found, left = map("".join, symbols.graphemes_of(typed))
        assert (unicodedata.normalize("NFC", found), left) == (letters, unknown), form


def test_a_base_letter_must_itself_be_known():
    assert symbols_of("a").graphemes_of("aéa") == (["a", "a"], ["é"])


def test_json_gives_the_symbols_back():
    symbols = Symbols.from_pairs([Pair("Né", (("n", "ɛ̃"),))], unicode="NFD")
    text = json.dumps(symbols.to_json())
    assert Symbols.from_json(json.loads(text)) == symbols
    assert json.loads(text)["phonemes"][4:] == ["n", "ɛ̃"]


@pytest.mark.parametrize(
    "damage, message",
    [
        ({"graphemes": None}, "damaged symbols"),
        ({"graphemes": ["<pad>", "<bos>", "<eos>", "<unk>", 5]}, "must hold texts"),
        ({"graphemes": ["<pad>", "<bos>", "<eos>", "<unk>", ""]}, "must hold texts"),
        ({"phonemes": ["<pad>", "<bos>", "<unk>", "<eos>"]}, "must start with"),
        ({"phonemes": ["<pad>", "<bos>", "<eos>", "<unk>", "a", "a"]}, "twice"),
        ({"case": "title"}, "case must be one of"),
        ({"case": 1}, "case must be one of"),
        ({"unicode": "NFX"}, "unicode must be one of"),
    ],
)
def test_damaged_json_is_refused(damage, message):
    with pytest.raises(ValueError, match=message):
        Symbols.from_json(symbols_of("ab").to_json() | damage)


@pytest.mark.parametrize("data", [None, [], "x", {}])
def test_json_of_something_else_is_refused(data):
    with pytest.raises(ValueError, match="damaged symbols"):
        Symbols.from_json(data)


def test_a_capital_that_the_lexicon_lacks_is_its_small_letter_and_the_other_way_round():
    mixed = Symbols.from_pairs([Pair("young", (("j",),)), Pair("Aba", (("a",),))])
    assert mixed.graphemes_of("Young") == (list("young"), [])
    assert mixed.graphemes_of("ABA") == (list("AbA"), [])
    assert mixed.graphemes_of("Énóug") == (list("noug"), ["É"])
    assert mixed.graphemes_of("Ñoug") == (list("noug"), [])


def test_a_dotless_i_is_the_small_letter_of_i_where_the_lexicon_has_it():
    for words in (["ılık", "iki"], ["ılık", "iki", "Ara"]):
        turkish = Symbols.from_pairs([Pair(word, (("a",),)) for word in words])
        assert turkish.graphemes_of("ILIK") == (list("ılık"), [])
        assert turkish.graphemes_of("İki") == (list("iki"), [])
    english = Symbols.from_pairs([Pair("ilk", (("a",),))])
    assert english.graphemes_of("ILK") == (list("ilk"), [])


def test_a_phoneme_of_a_model_file_cannot_reach_the_terminal_as_a_command():
    symbols = Symbols.from_pairs([Pair("a", (("AH",),))]).to_json()
    for phoneme in ("A\x1b[2J", "A\x9b2J"):
        with pytest.raises(DataError, match="must not hold control characters"):
            Symbols.from_json(symbols | {"phonemes": [*SPECIALS, phoneme]})


@pytest.mark.parametrize(
    "separator", " \t\u00a0\u3000-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d/_"
)
def test_a_word_is_cut_where_the_vocabulary_lacks_the_separator(separator):
    symbols = symbols_of("elknow")
    assert symbols.parts(f"Well{separator}Known") == ["Well", "Known"]
    assert symbols.parts(f"{separator}well") == ["", "well"]
    spaced = symbols_of("new york", "e-mail", "and/or", "a_b")  # with the plain form of dashes
    whole, parts = [f"a{separator}b"], ["a", "b"]
    assert spaced.parts(f"a{separator}b") == (parts if separator == "\t" else whole)


def test_what_are_no_letters_is_not_cut():
    assert symbols_of("0123456789+").parts("12-34") == ["12-34"]
    words = Symbols.from_pairs([Pair("two words", (("a",),))], source="words")
    assert words.parts("two well-known words") == ["two well-known words"]
    assert symbols_of("abc").parts("U.S.") == ["U.S."]
