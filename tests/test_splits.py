import random

import pytest

from g2p_jax.config import Data
from g2p_jax.data import splits
from g2p_jax.data.pairs import Pair
from g2p_jax.data.splits import split_by_word


def test_split_depends_on_the_word_only():
    pairs = [Pair(f"word{i}", (("W",), ("V",))) for i in range(4000)]
    train, dev, test = split_by_word(pairs, dev=0.1, test=0.2)
    assert sorted([*train, *dev, *test]) == sorted(pairs)
    # Binomial: three standard deviations are 57 and 76.
    assert abs(len(dev) - 400) < 57 and abs(len(test) - 800) < 76

    some = random.Random(0).sample(pairs, 1500)
    less = split_by_word(some, dev=0.1, test=0.2)
    assert [set(part) for part in less] == [set(part) & set(some) for part in (train, dev, test)]
    assert split_by_word(pairs, dev=0.3, test=0.2)[2] == test


def test_split_is_the_same_on_every_machine():
    # `printf 42:a | sha256sum` begins with 97, 42:b with c5, 42:d with d7: 0.59, 0.77, 0.84.
    pairs = [Pair(word, (("X",),)) for word in "abd"]
    train, dev, test = split_by_word(pairs, dev=0.15, test=0.65)
    assert ["".join(pair.word for pair in part) for part in (train, dev, test)] == ["d", "b", "a"]


def test_extra_words_are_those_that_have_no_side(tmp_path):
    train, more = tmp_path / "train.txt", tmp_path / "more.txt"
    train.write_text("A X\nB Y\n")
    more.write_text("A X\nNEW N_U\nB X\nNEW N\n")
    data = Data(train=str(train), dev=str(train), test_share=0.0, extra=str(more))
    loaded = splits.load(data)
    assert [pair.word for pair in loaded.train] == ["A", "B"]
    assert list(loaded.extra) == [Pair("NEW", (("N", "U"), ("N",)))]


@pytest.mark.parametrize("dev, test", [(-0.1, 0), (0.5, 0.5), (0, float("nan"))])
def test_split_shares_are_checked(dev, test):
    with pytest.raises(ValueError, match="shares that sum to less than 1"):
        split_by_word([Pair("a", (("X",),))], dev, test)
