// Models of many languages: a joint n-gram model for each, and which language a word is of. The
// first grapheme of a word names its language. See g2p_jax/joint/per_language.py and guess.py.
"use strict";
globalThis.g2pJax ??= {};
{
const { JointNgram } = globalThis.g2pJax;
const ROOM = 64; // a language has a multiple of so many numbers for its letters and phonemes
const EDGE = 1, ORDER = 4, HASH = 0x9e3779b1, BITS = 14; // of the n-grams of letters

class LanguageJoint {
  // names: of the languages, by the ids of their graphemes, which rise.
  constructor(tensor, names) {
    Object.assign(this, { tensor, names, models: new Map() });
    this.guesser = tensor("joint/guesser").data;
  }

  // log P of letters, after the grapheme of a language, and phonemes together.
  score([language, ...letters], phonemes) {
    if (!this.models.has(language)) this.models.set(language, this.read(this.names.get(language)));
    const { model, letterNumbers, phonemeNumbers } = this.models.get(language);
    const number = (numbers) => (id) => numbers.get(id) ?? numbers.size + 1;
    return model.score(letters.map(number(letterNumbers)), phonemes.map(number(phonemeNumbers)));
  }

  // Only units that are at all likely are stored; all others are as likely as the rarest.
  read(name) {
    const array = (kind) => this.tensor(`joint/${name}/${kind}`).data;
    const numbered = (ids) => new Map(Array.from(ids, (id, n) => [Number(id), n + 1]));
    const letterNumbers = numbered(array("letters")), phonemeNumbers = numbered(array("phonemes"));
    const room = (numbers) => Math.ceil((numbers.size + 2) / ROOM) * ROOM;
    const G = room(letterNumbers), V = room(phonemeNumbers);
    const places = array("units/places"), logP = array("units/log_prob");
    const all = new Float32Array(G * (1 + V + V * V + G * V)).fill(logP[places.length]);
    places.forEach((place, n) => (all[place] = logP[n]));
    let start = 0;
    const next = (size) => all.subarray(start, (start += size));
    const [silent, single, double, pair] = [G, G * V, G * V * V, G * G * V].map(next);
    const units = { silent, single, double, pair };
    const model = new JointNgram(this.tensor, `joint/${name}`, units, G, V);
    return { model, letterNumbers, phonemeNumbers };
  }

  // The most probable language of a word: naive Bayes on hashed n-grams of its letters.
  guess(letters) {
    const edged = [EDGE, ...letters, EDGE], names = [...this.names.values()];
    const steps = new Float64Array(names.length);
    edged.forEach((_, first) => {
      let code = 0;
      for (let n = 1; n <= ORDER && first + n <= edged.length; n++) {
        code = Math.imul(code + edged[first + n - 1] + n, HASH) >>> 0;
        const row = code >>> (32 - BITS);
        for (let l = 0; l < names.length; l++) steps[l] += this.guesser[row * names.length + l];
      }
    });
    return names[steps.indexOf(Math.min(...steps))];
  }
}

Object.assign(globalThis.g2pJax, { LanguageJoint });
}
