"""Numbers in words by hand, and what else is generated."""

import pytest

from g2p_jax.data.generated import english, generate, german


@pytest.mark.parametrize(
    ("number", "in_english", "in_german"),
    [
        (0, "zero", "null"),
        (1, "one", "eins"),
        (17, "seventeen", "siebzehn"),
        (21, "twenty-one", "ein und zwanzig"),
        (30, "thirty", "dreißig"),
        (100, "one hundred", "ein hundert"),
        (101, "one hundred and one", "ein hundert eins"),
        (123, "one hundred and twenty-three", "ein hundert drei und zwanzig"),
        (1000, "one thousand", "ein tausend"),
        (1005, "one thousand and five", "ein tausend fünf"),
        (101_000, "one hundred and one thousand", "ein hundert ein tausend"),
        (
            999_999,
            "nine hundred and ninety-nine thousand nine hundred and ninety-nine",
            "neun hundert neun und neunzig tausend neun hundert neun und neunzig",
        ),
    ],
)
def test_by_hand(number, in_english, in_german):
    assert english(number) == in_english
    assert german(number) == in_german


def test_pairs_are_different_and_the_seed_decides():
    pairs = generate("numbers:count=500")
    assert len({pair.word for pair in pairs}) == 500
    small = {english(n) for n in range(1000)}
    assert 0.3 < sum(pair.word in small for pair in pairs) / 500 < 0.6
    assert pairs == generate("numbers:count=500,seed=0") != generate("numbers:count=500,seed=1")
