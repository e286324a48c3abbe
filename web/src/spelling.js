// How a word becomes the letters that a model knows: `Spelling` in g2p_jax/runtime.py.
"use strict";
globalThis.g2pJax ??= {};
{
const { MARKS, BASE, ALIKE, LANGUAGES, COLONS } = globalThis.g2pJax;
const CODE = /^[a-z]{2,3}([-_][a-z0-9]+)*$/i;
const ENDING = /^(e?[nt]|[aeo]r|([ae]r)?na)?s?$/; // of Swedish, after a colon
const SEPARATOR = /[\s/_\-\u2010-\u2015\u2212\u05be\ufe63\uff0d]/gu;
// U+0345 comes after all other marks that combine with a letter.
const combines = (char) => char === "\u0345" || !`\u0345${char}`.normalize("NFD").startsWith("\u0345");
const translate = (text, ...tables) =>
  tables.reduce((some, table) => Array.from(some, (char) => table[char] ?? char).join(""), text);
const base = (text) => Array.from(translate(text, MARKS, BASE).normalize("NFKD"))
  .filter((char) => !combines(char)).join("");
const dotless = (text) => text.replace(/I/g, "ı").replace(/İ/g, "i");

class Spelling {
  // letters: those that are known.
  constructor(letters, { case: form, unicode, source }) {
    Object.assign(this, { form, unicode, words: source === "words", letters: new Set(letters) });
    this.turkish = this.letters.has("ı");
    this.cuts = !this.words && letters.some((letter) => /^\p{L}+$/u.test(letter));
    this.accents = Array.from(letters.join("").normalize("NFD")).some(combines);
    this.others = new Map();
  }

  knows(letters) {
    return letters.every((letter) => this.letters.has(letter));
  }

  split(text) {
    return this.words ? text.split(/\s+/u).filter(Boolean) : Array.from(text);
  }

  written(text) {
    if (this.form === "keep") return text.normalize(this.unicode);
    if (this.form === "upper") return text.toUpperCase().normalize(this.unicode);
    return (this.turkish ? dotless(text) : text).toLowerCase().normalize(this.unicode);
  }

  // A character, or one that stands for it and is known: ﬁ -> fi, ’ -> ', ş -> ș.
  alike(char) {
    if (!this.others.has(char)) {
      const plain = translate(char.normalize("NFKC"), MARKS), small = plain.toLowerCase();
      const each = [char, plain, ...(ALIKE.find((group) => group.includes(small)) ?? "")];
      this.others.set(char, each.find((x) => this.knows(Array.from(this.written(x)))) 
        ?? (combines(plain[0]) ? plain : char));
    }
    return this.others.get(char);
  }

  normalise(word) {
    word = word.trim().replaceAll("\u0e4d\u0e32", "\u0e33"); // Thai: NFC does not compose it
    const text = this.written(word);
    if (this.words || this.knows(Array.from(text))) return text;
    return this.written(Array.from(word.normalize("NFC"), (x) => this.alike(x)).join(""));
  }

  // The letters of a word, and the tokens that the model does not know.
  graphemes(word) {
    const text = this.normalise(word), letters = [], unknown = [];
    if (!this.words && this.knows(Array.from(text))) return [Array.from(text), unknown];
    for (const token of this.split(this.words ? text : text.normalize("NFC"))) {
      const [known, isBase] = this.known(token);
      letters.push(...known ?? []);
      if (!known || (isBase && this.accents)) unknown.push(token);
    }
    return [letters, unknown];
  }

  // What is known and may stand for a token, if anything; whether that is its base letters.
  known(token) {
    const small = this.turkish ? dotless(token) : token;
    const cases = [token, small.toLowerCase(), token.toUpperCase()];
    const each = [...cases, ...cases.map(base)].map((text) => this.split(this.written(text)));
    const place = each.findIndex((letters) => this.knows(letters));
    return [each[place], place >= cases.length];
  }

  // Cuts a word at separators that the vocabulary lacks: well-known -> well, known.
  parts(word) {
    const found = this.cuts ? word.match(SEPARATOR) ?? [] : [];
    const lacking = found.filter((char) => !this.known(this.alike(char))[0]).join("");
    return lacking ? word.split(new RegExp(`[${lacking.replaceAll("-", "\\-")}]`, "u")) : [word];
  }

  // The letters of each part of a word, at most `longest` in one, and the unknown characters.
  pieces(word, longest) {
    const whole = this.graphemes(word);
    const each = whole[1].length ? this.parts(word).map((part) => this.graphemes(part)) : [whole];
    const pieces = each.flatMap(([letters]) => {
      const count = Math.ceil(letters.length / longest), size = Math.ceil(letters.length / count);
      return Array.from({ length: count }, (_, n) => letters.slice(n * size, (n + 1) * size));
    });
    return [pieces, each.flatMap(([, unknown]) => unknown)];
  }
}

// Which language has a name or code, deu, DE, de-AT or German; undefined: none of these.
function findLanguage(name, languages) {
  const small = name.trim().toLowerCase(), same = (code) => LANGUAGES[code] ?? code;
  const find = (code) => languages.find((language) => same(language) === same(code));
  return find(small) ?? find(small.split(/[-_]/)[0]);
}

// The language of a word, deu:Haus or German:Haus, and the word without it; own: of a word that
// names none. RangeError for a word that needs one, or names another.
function splitLanguage(word, languages, own) {
  const [, name, rest] = /^([^:]*):(.*)$/su.exec(word) ?? [];
  const found = name !== undefined && findLanguage(name, languages);
  if (found) return [found, rest];
  if (own === "auto" && rest && ENDING.test(rest)) { // EU:s
    own = COLONS.map((code) => findLanguage(code, languages)).find(Boolean) ?? own;
  }
  const known = `the model knows ${languages.join(", ")}`;
  const hasColons = COLONS.includes(LANGUAGES[own] ?? own);
  if (name !== undefined && (!own || (rest && CODE.test(name) && !hasColons))) {
    const fix = "write one of these before the colon";
    throw new RangeError(`"${word}": no language "${name}": ${known}; fix: ${fix}`);
  }
  if (own) return [own, word];
  const fix = `such as deu:${word}, or { language: "deu" } for all words`;
  throw new RangeError(`"${word}" needs a language, ${fix}; ${known}`);
}

Object.assign(globalThis.g2pJax, { Spelling, findLanguage, splitLanguage });
}
