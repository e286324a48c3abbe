"""IPA strings as phones."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from g2p_jax.data.phones import cut_into_phones


@pytest.mark.parametrize(
    "phones",
    [
        "t͡ɕʰ ɪ̀ ɴ",  # Burmese: tie bar, aspiration, tone as a diacritic
        "kʰ r ɯ a̯ ŋ ˥˩ . d aː w ˧",  # Thai: contours, a syllable's dot
        "ŋ u ˦ˀ˥ k ï ŋ ˧˧",  # Vietnamese: a broken tone
        "ˈ a ˌ b",  # stress alone
        "p̪͡fʰ a",  # a diacritic below, then a tie
        "² p a pː ɛ r",  # Swedish: the number of a pitch accent
        "ɡ̊ʰ l̩ ɐ̯ˀ",
        "ʰ",  # a modifier without a letter
    ],
)
def test_a_phone_is_a_letter_with_its_marks(phones):
    assert cut_into_phones(phones.replace(" ", "")) == tuple(phones.split())


@given(st.text(st.sampled_from("aɪtɕʰː˥˩ˈ.‿ ͡ ̯̀ˀ²" + string.printable)) | st.text())
def test_joined_phones_are_the_string_again(text):
    assert "".join(cut_into_phones(text)) == text
