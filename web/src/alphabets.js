// Phonemes in other alphabets: g2p_jax/data/alphabets/english.py.
"use strict";
globalThis.g2pJax ??= {};
{
const { SPELLINGS } = globalThis.g2pJax, ONSETS = new Set(globalThis.g2pJax.ONSETS);
const ALPHABETS = ["arpabet", "ipa", "xsampa", "espeak", "kokoro"];
const VOWEL = /^(AA|AE|AH|AO|AW|AY|EH|ER|EY|IH|IY|OW|OY|UH|UW)([0-2]?)$/;
const MARKS = { 1: "ˈ", 2: "ˌ" }, XSAMPA_MARKS = { 1: '"', 2: "%" };

const strip = (phoneme) => VOWEL.exec(phoneme)?.[1] ?? phoneme;
const isVowel = (phoneme) => VOWEL.test(phoneme);
const isArpabet = (phoneme) => strip(phoneme.toUpperCase()) in SPELLINGS;
const withoutStress = (phonemes) => phonemes.map(strip);

// Where the syllable of a vowel begins: it has the longest onset that is legal.
function onset(phonemes, vowel) {
  let start = vowel;
  while (start && !isVowel(phonemes[start - 1])) start--;
  if (start) { // consonants between two vowels; those before the first are all in its onset
    while (vowel - start > 1 && !ONSETS.has(phonemes.slice(start, vowel).join(" "))) start++;
    if (start < vowel && phonemes[start] === "NG") start++;
  }
  return start;
}

// ARPAbet in another alphabet, an item for each phoneme; marks of stress where there are digits.
function convert(phonemes, alphabet, stress = true) {
  if (!ALPHABETS.includes(alphabet)) {
    throw new RangeError(`alphabet: one of ${ALPHABETS.join(", ")}`);
  }
  if (alphabet === "arpabet") return stress ? phonemes : withoutStress(phonemes);
  const upper = phonemes.map((phoneme) => phoneme.toUpperCase());
  const written = upper.map((phoneme) => {
    const spelled = SPELLINGS[phoneme] ?? SPELLINGS[strip(phoneme)];
    if (!spelled) throw new RangeError(`${phoneme} is not a phoneme of ARPAbet`);
    return spelled[alphabet];
  });
  const marks = alphabet === "xsampa" ? XSAMPA_MARKS : MARKS;
  upper.forEach((phoneme, vowel) => {
    const mark = stress && marks[phoneme.at(-1)];
    if (!mark) return;
    const before = ["ipa", "xsampa"].includes(alphabet) ? onset(upper, vowel) : vowel;
    written[before] = mark + written[before];
  });
  return written;
}

Object.assign(globalThis.g2pJax, { ALPHABETS, convert, withoutStress, isArpabet });
}
