"""Packed pairs against plain dicts and lists, on data that cross the borders of blocks."""

import collections
import hashlib
import itertools
import json
import os
import random
import unicodedata

import numpy as np
import pytest

from benchmarks import invented
from g2p_jax.data import pairs as pairs_module
from g2p_jax.data.batches import Batches, Examples
from g2p_jax.data.buckets import choose_buckets
from g2p_jax.data.lexicon import read_lexicon
from g2p_jax.data.pairs import Pair, Pairs
from g2p_jax.data.ragged import BLOCK, Ragged
from g2p_jax.data.splits import split_by_word
from g2p_jax.data.symbols import EOS, UNK, Symbols

# Latin, with an accent apart, Greek, Korean and what needs 21 bits.
LETTERS = "abcdE", "aé", "e\u0301ß", "σςΣ", "한글", "ab😀"
SOUNDS = "AH0", "AH1", "B", "K", "ɛ\u0303", "ɛ", "D"


def entries(count, seed=0, letters=LETTERS):
    """(word, pronunciations) in any order, many of them again; words of one alphabet each."""
    choose = random.Random(seed)
    for _ in range(count):
        alphabet = choose.choice(letters)
        word = "".join(choose.choices(alphabet, k=choose.choice((1, 2, 3, 8, 9))))
        several = choose.choice((1, 1, 1, 2, 3))
        yield word, [choose.choices(SOUNDS, k=choose.randint(1, 4)) for _ in range(several)]


def merged(lines, stress, unicode):
    """What is said of read_lexicon, with dicts."""

    def clean(phoneme):
        digit = not stress and phoneme[:2] in ("AH", "EY") and phoneme[-1].isdigit()
        return unicodedata.normalize(unicode, phoneme[:-1] if digit else phoneme)

    lexicon = collections.defaultdict(dict)
    for word, several in lines:
        for phonemes in several:
            lexicon[unicodedata.normalize(unicode, word)][tuple(map(clean, phonemes))] = None
    return [Pair(word, tuple(several)) for word, several in lexicon.items()]


WRITERS = {
    "contest": lambda word, several: " ".join([word, *map("_".join, several)]),
    "tsv": lambda word, several: "\n".join(f"{word}\t{' '.join(p)}" for p in several),
    "cmudict": lambda word, several: "\n".join(f"{word}(3) {'  '.join(p)} # x" for p in several),
    "jsonl": lambda word, several: json.dumps({"word": word, "sounds": several}),
}


@pytest.mark.parametrize("format", WRITERS)
@pytest.mark.parametrize("stress, unicode", [(True, "NFC"), (False, "NFD")])
def test_a_lexicon_of_many_blocks_is_what_dicts_say(tmp_path, format, stress, unicode):
    lines = list(entries(2 * BLOCK + 99))
    text = "\n\n".join(WRITERS[format](*line) for line in lines)
    path = tmp_path / "lexicon"
    path.write_bytes(text.replace("\n", "\r\n").encode())
    assert read_lexicon(path, format, stress, unicode) == merged(lines, stress, unicode)


def test_words_of_one_hash_are_told_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(pairs_module, "hash", lambda word: len(word) // 3, raising=False)
    lines = list(entries(500))
    path = tmp_path / "lexicon.tsv"
    path.write_text("\n".join(WRITERS["tsv"](*line) for line in lines), "utf-8")
    assert read_lexicon(path) == merged(lines, True, "NFC")


def test_a_pipe_can_be_read():
    source, sink = os.pipe()
    os.write(sink, b"A AH EY\nREAD R_IY_D\n")  # recognised at its end, so read twice
    os.close(sink)
    assert read_lexicon(f"/dev/fd/{source}") == [
        Pair("A", (("AH",), ("EY",))),
        Pair("READ", (("R", "IY", "D"),)),
    ]
    os.close(source)


@pytest.fixture(scope="module")
def plain():
    return merged(entries(100_000, letters=(*LETTERS, "abcdefghij")), True, "NFC")


def test_packed_pairs_are_a_sequence(plain):
    packed = Pairs.of(plain)
    assert len(plain) > BLOCK and packed == plain and plain == packed and packed != plain[:-1]
    assert packed != [Pair("x", pair.pronunciations) for pair in plain]
    assert Pairs.of(packed) is packed
    for i in (0, 1, BLOCK - 1, BLOCK, len(plain) - 1, -1, -len(plain)):
        assert packed[i] == plain[i]
    for i in (len(plain), -len(plain) - 1):
        with pytest.raises(IndexError):
            packed[i]
    for part in (slice(None, None, 7), slice(5, 5), slice(-9, None), slice(None, None, -1)):
        assert packed[part] == plain[part] and isinstance(packed[part], Pairs)
    assert list(packed.each_word()) == [pair.word for pair in plain]
    assert packed.without_words() == [pair._replace(word="") for pair in plain]
    assert Pairs.of([]) == [] and not Pairs.of(iter([]))
    odd = [Pair("", ()), Pair("a", ((), ("B",))), Pair("a", (("B",),))]
    assert Pairs.of(odd) == odd  # kept as they are: nothing is merged


def test_sides_are_those_of_each_word(plain):
    sides = [], [], []
    for pair in plain:
        digest = hashlib.sha256(f"42:{pair.word}".encode()).hexdigest()
        position = int(digest[:16], 16) / 2**64
        sides[2 if position < 0.1 else 1 if position < 0.3 else 0].append(pair)
    assert list(split_by_word(plain, dev=0.2, test=0.1)) == list(sides)
    assert list(split_by_word(plain, dev=0.0)) == [plain, [], []]


@pytest.mark.parametrize("case", ["keep", "lower", "upper"])
@pytest.mark.parametrize("unicode", ["NFC", "NFD"])
def test_symbols_and_examples_are_what_lists_say(plain, case, unicode):
    change = {"keep": str, "lower": str.lower, "upper": str.upper}[case]
    write = lambda word: unicodedata.normalize(unicode, change(word))
    train = [Pair(write(word), sounds) for word, sounds in plain[::2] if "글" not in word]
    dev = [pair for pair in plain[1::2] if set(pair.word) != {"글"}] + [Pair("xa", (("OI",),))]
    symbols = Symbols.from_pairs(train, unicode)
    words = [pair.word for pair in train]
    phonemes = {p for pair in train for sounds in pair.pronunciations for p in sounds}
    assert symbols.graphemes.tokens[4:] == tuple(sorted(set("".join(words))))
    assert symbols.phonemes.tokens[4:] == tuple(sorted(phonemes))
    assert symbols.case == case

    for part in (train, dev):  # the second has letters and a phoneme that are unknown
        examples = Examples.from_pairs(part, symbols)
        sources, targets = [], []
        for word, several in part:
            letters, _ = symbols.graphemes_of(word)
            for sounds in several:
                sources.append([symbols.graphemes.tokens.index(letter) for letter in letters])
                ids = [symbols.phonemes.ids.get(sound, UNK) for sound in sounds]
                targets.append([*ids, EOS])
        assert lists(examples.source) == sources and lists(examples.target) == targets


def lists(ragged):
    return [ragged.ids[i:j].tolist() for i, j in itertools.pairwise(ragged.starts)]


@pytest.mark.parametrize("words, case", [("né ß", "lower"), ("NÉ ΣΣ", "upper"), ("né É", "keep")])
def test_the_case_of_all_words(words, case):
    assert Symbols.from_pairs([Pair(w, (("X",),)) for w in words.split()]).case == case


def test_words_to_characters():
    pairs = [Pair("ein Hund", (("a", "dog"), ("one", "dog"))), Pair("ja", (("yes",),))]
    symbols = Symbols.from_pairs(pairs, source="words", target="characters")
    assert symbols.graphemes.tokens[4:] == ("Hund", "ein", "ja")
    assert symbols.phonemes.tokens[4:] == tuple(sorted(set("a dog one yes")))
    examples = Examples.from_pairs(pairs, symbols)
    assert lists(examples.source) == [[5, 4], [5, 4], [6]]
    texts = ["".join(symbols.phonemes.decode(ids)) for ids in lists(examples.target)]
    assert texts == ["a dog", "one dog", "yes"]


def test_more_phonemes_and_letters_than_a_byte_holds():
    pairs = [Pair(chr(0x4E00 + i), ((f"p{i}", f"p{i // 2}"),)) for i in range(70_000 % 0x5000)]
    symbols = Symbols.from_pairs(pairs)
    examples = Examples.from_pairs(pairs, symbols)
    assert Pairs.of(pairs) == pairs
    assert [symbols.decode_target(ids) for ids in lists(examples.target)] == [
        pair.pronunciations[0] for pair in pairs
    ]
    assert [symbols.graphemes.tokens[ids[0]] for ids in lists(examples.source)] == [
        pair.word for pair in pairs
    ]


def test_the_order_of_training_is_what_lists_say(plain):
    symbols = Symbols.from_pairs(plain)
    examples = Examples.from_pairs(plain, symbols)
    batches = Batches(examples, choose_buckets(examples.lengths, 3), 32, seed=7)
    random = np.random.Generator(np.random.PCG64([7, 2]))
    longest = np.maximum(examples.source.lengths, examples.target.lengths)
    bucket, rows = np.searchsorted(batches.buckets, longest), []
    for b in range(3):
        order = random.permutation(np.flatnonzero(bucket == b).astype(np.int64))
        rows += [order[i : i + 32] for i in range(0, len(order), 32)]
    rows = [rows[i] for i in random.permutation(len(rows))]
    sources = lists(examples.source)
    for batch, chosen in zip(batches.epoch(2), rows, strict=True):
        ids = batch.source_BxS[: len(chosen)]
        assert [row[row != 0].tolist() for row in ids] == [sources[i] for i in chosen]


def test_a_pair_takes_few_bytes():
    lines = "".join(invented.entries(20_000)).splitlines()
    assert len({line.split("\t")[0] for line in lines}) == len(lines) == 20_000
    pairs = Pairs.of((word, [p.split()]) for word, p in (line.split("\t") for line in lines))
    examples = Examples.from_pairs(pairs, Symbols.from_pairs(pairs))
    batches = Batches(examples, choose_buckets(examples.lengths, 6), 64)
    arrays = [pairs.starts, batches._lengths, *(index_B for index_B, _ in batches._plan())]
    for part in (pairs.words, pairs.pronunciations, examples.source, examples.target):
        assert isinstance(part, Ragged)
        arrays += [part.ids, part.starts]
    assert sum(array.nbytes for array in arrays) < 70 * len(pairs)
