// How a word becomes the letters that a model knows: g2p_jax/data/symbols.py.
"use strict";
globalThis.g2pJax ??= {};
{
const SEPARATOR = /[\s/_\-\u2010-\u2015\u2212\u05be\ufe63\uff0d]/gu;

const BASE = {
  ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", Æ: "AE", Œ: "OE", Ø: "O", Ł: "L", Đ: "D",
  ...Object.fromEntries([..."’‘ʼ′´`"].map((mark) => [mark, "'"])),
  ...Object.fromEntries([..."‐‑‒–—―−"].map((mark) => [mark, "-"])),
};
const baseLetters = (char) =>
  Array.from(char, (c) => BASE[c] ?? c).join("").normalize("NFKD").replace(/\p{M}/gu, "");
const dotless = (text) => text.replace(/I/g, "ı").replace(/İ/g, "i");

class Spelling {
  // letters: those that are known.
  constructor(letters, { case: form, unicode, source }) {
    Object.assign(this, { form, unicode, source, letters: new Set(letters) });
    this.turkish = this.letters.has("ı");
    this.cuts = source !== "words" && letters.some((letter) => /^\p{L}+$/u.test(letter));
  }

  normalise(word) {
    if (this.form === "keep") return word.normalize(this.unicode);
    const text = this.form === "lower" ? word.toLowerCase() : word.toUpperCase();
    return text.normalize(this.unicode);
  }

  split(text) {
    return this.source === "words" ? text.split(/\s+/u).filter(Boolean) : Array.from(text);
  }

  // The letters of a word, and the tokens that the model does not know.
  graphemes(word) {
    const text = this.form === "lower" && this.turkish ? dotless(word) : word;
    const letters = [], unknown = [];
    for (const token of this.split(this.normalise(text.trim()))) {
      const known = this.known(token);
      if (known) letters.push(...known);
      else unknown.push(token);
    }
    return [letters, unknown];
  }

  // The token, or what may stand for it; undefined if nothing known does.
  known(token) {
    if (this.letters.has(token)) return [token];
    const small = this.turkish ? dotless(token) : token, { normalise } = this;
    const spellings = [small.toLowerCase(), token.toUpperCase(), baseLetters(token)];
    spellings.push(baseLetters(small.toLowerCase()), baseLetters(token.toUpperCase()));
    const each = spellings.map((text) => this.split(normalise.call(this, text)));
    return each.find((letters) => letters.every((letter) => this.letters.has(letter)));
  }

  // Cuts a word at separators that the vocabulary lacks: well-known -> well, known.
  parts(word) {
    const found = this.cuts ? word.match(SEPARATOR) ?? [] : [];
    const lacking = new Set(found.filter((char) => !this.known(char)));
    return word.replace(SEPARATOR, (char) => (lacking.has(char) ? "\0" : char)).split("\0");
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

Object.assign(globalThis.g2pJax, { Spelling });
}
