"""The answers of `g2p_jax.compat` beside those of g2p_en, phonemizer and misaki, on 1,000 words.

    pip install -r benchmarks/requirements-rivals.txt
    python benchmarks/compat.py
    python benchmarks/compat.py --words=200 --nltk_data=FOLDER

The words are from misaki's dictionary of American English, us_gold: half of them are in CMUdict,
half are not. For each tool it prints how many answers are the same, first as they are, then step by
step without what the tools write in different ways; last some of the words that still differ. For
the words that CMUdict lacks it also prints whose answers are those of us_gold. A tool that is not
installed, or lacks data, has a line that says so. g2p_en needs NLTK's cmudict and tagger.
"""

import importlib.resources
import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace

from absl import app, flags

sys.path.insert(0, str(Path(__file__).parents[1]))  # a script of a folder that is not installed

from g2p_jax import compat
from g2p_jax.data.alphabets import convert
from g2p_jax.data.cmudict import cmudict

_WORDS = flags.DEFINE_integer("words", 1000, "How many.", lower_bound=2)
_NLTK_DATA = flags.DEFINE_string("nltk_data", None, "Folder with NLTK's data for g2p_en.")

Texts = Sequence[str]
Fold = tuple[str, Callable[[str], str]]
STRESS: Fold = ("without stress", lambda text: re.sub("[ˈˌ]|(?<=[A-Z])[012]", "", text))
REDUCED: Fold = ("reduced vowels alike (ə ɪ ʌ ɐ ᵻ ᵊ; AH IH)", lambda text: re.sub(
    "[ɪʌɐᵻᵊ]", "ə", text.replace("IH", "AH")))  # fmt: skip
FLAP: Fold = ("flap as t, syllabic n and l as ə and the consonant", lambda text: re.sub(
    "(?<=.)([nlm])̩", r"ə\1", re.sub("[ɾʔT]", "t", text)))  # fmt: skip
BEFORE_R: Fold = ("vowels before r, cot and caught alike", lambda text: re.sub(
    "[oɔ]ː?(?=ɹ)|ɔː|ɔ|ɑː|ɑ|AO", "ɑ", re.sub("[iɪ]ː?ə?(?=ɹ)", "ɪ", re.sub("ɜː?ɹ?|ɚ|əɹ", "ɝ", text))
    ).replace("AA", "ɑ"))  # fmt: skip


def sample(count: int) -> tuple[list[str], list[str], dict[str, str]]:
    """Words that CMUdict has, words that it lacks, and the pronunciations of us_gold."""
    try:
        path = importlib.resources.files("misaki.data") / "us_gold.json"
    except ModuleNotFoundError:
        sys.exit("the words are from misaki: pip install -r benchmarks/requirements-rivals.txt")
    gold = {w: p for w, p in json.loads(path.read_text("utf-8")).items() if isinstance(p, str)}
    words = [word for word in gold if re.fullmatch("[a-z]{3,}", word)]
    known = [word for word in words if cmudict().find(word)]
    unknown = [word for word in words if not cmudict().find(word)]
    half = count // 2
    each = (list(some)[:: max(1, len(some) // half)][:half] for some in (known, unknown))
    return (*each, gold)  # type: ignore[return-value]


def g2p_en(words: Texts) -> tuple[list[str], list[str]]:
    import nltk

    nltk.data.path += [_NLTK_DATA.value] * bool(_NLTK_DATA.value)
    nltk.download = lambda name: None  # there may be no network
    from g2p_en import G2p

    theirs, ours = G2p(), compat.G2p()
    return [" ".join(theirs(w)) for w in words], [" ".join(ours(w)) for w in words]


def espeak_library() -> None:
    import espeakng_loader
    from phonemizer.backend.espeak.wrapper import EspeakWrapper

    EspeakWrapper.set_library(espeakng_loader.get_library_path())
    EspeakWrapper.set_data_path(espeakng_loader.get_data_path())


def phonemizer(words: Texts) -> tuple[list[str], list[str]]:
    from phonemizer import phonemize

    espeak_library()
    how = {"language": "en-us", "strip": True, "with_stress": True}
    return phonemize(list(words), **how), compat.phonemize(list(words), **how)


def misaki(words: Texts) -> tuple[list[str], list[str]]:
    from misaki.espeak import EspeakFallback

    theirs, ours = EspeakFallback(british=False), compat.Fallback()
    tokens = [SimpleNamespace(text=word) for word in words]
    return [str(theirs(t)[0]) for t in tokens], [str(ours(t)[0]) for t in tokens]


def kokoro(text: str) -> str:
    """ARPAbet as us_gold writes it; IPA as it is."""
    if re.match("[A-Z]{1,2}", text) and text.isascii():
        return "".join(convert(text.split(), "arpabet", "kokoro"))
    return text


def compare(
    name: str, words: Texts, both: tuple[list[str], list[str]], folds: Iterable[Fold]
) -> None:
    """Prints how many answers are the same after each fold, and some that are not."""
    theirs, ours = both
    print(f"  {sum(a == b for a, b in zip(*both, strict=True)) / len(words):6.1%} the same")
    for what, fold in folds:
        theirs, ours = [fold(text) for text in theirs], [fold(text) for text in ours]
        same = sum(a == b for a, b in zip(theirs, ours, strict=True))
        print(f"  {same / len(words):6.1%} {what}")
    pairs = zip(words, *both, theirs, ours, strict=True)
    other = [f"{word} {a} / {b}" for word, a, b, x, y in pairs if x != y]
    print(
        f"  differ, {name} / g2p_jax:", "; ".join(other[:: max(1, len(other) // 8)][:8]) or "none"
    )


TOOLS: dict[str, tuple[Callable[[Texts], tuple[list[str], list[str]]], list[Fold]]] = {
    "g2p_en": (g2p_en, [STRESS, REDUCED]),
    "phonemizer": (phonemizer, [STRESS, FLAP, REDUCED, BEFORE_R]),
    "misaki.espeak": (misaki, [STRESS, FLAP, REDUCED, BEFORE_R]),
}


def main(_: list[str]) -> None:
    known, unknown, gold = sample(_WORDS.value)
    for name, (ask, folds) in TOOLS.items():
        try:
            answers = {"has": ask(known), "lacks": ask(unknown)}
        except (ImportError, LookupError, RuntimeError, OSError) as error:
            print(f"{name}: not compared: {str(error).strip().splitlines()[0]}")
            continue
        for what, words in ("has", known), ("lacks", unknown):
            print(f"{name}, {len(words)} words that CMUdict {what}:")
            compare(name, words, answers[what], folds)
        if name != "phonemizer":  # misaki's espeak is the same, in the alphabet of us_gold
            fold = lambda text: BEFORE_R[1](REDUCED[1](FLAP[1](STRESS[1](kokoro(text)))))
            right = [
                sum(
                    fold(text) == fold(gold[word]) for word, text in zip(unknown, some, strict=True)
                )
                for some in answers["lacks"]
            ]
            share = [f"{count / len(unknown):.1%}" for count in right]
            print(f"  as us_gold, after all folds: {name} {share[0]}, g2p_jax {share[1]}")


if __name__ == "__main__":
    app.run(main)
