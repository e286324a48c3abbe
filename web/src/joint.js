// The joint n-gram model of letters and phonemes, of all words or of each language, and which
// language a word is of: g2p_jax/joint.
"use strict";
globalThis.g2pJax ??= {};
{
const PAD = 0, EDGE = 1;
const NOT_ALIGNED = -200; // log P of a pair that no sequence of units makes
const UNKNOWN = -20; // log P of a unit that was never seen
const NEVER = -1e9, LONGEST = 128; // the longest pair that is aligned
const [SILENT, , DOUBLE, PAIR] = [0, 1, 2, 3], PHONEMES = [0, 1, 2, 1]; // kinds of units
const ROOM = 64; // a language has a multiple of so many numbers for its letters and phonemes
const LACKING = 1e6; // of a guess: more than all n-grams of a word
const ORDER = 4, HASH = 0x9e3779b1, BITS = 14; // of the n-grams of letters

class JointNgram {
  // tensor(name): the arrays of the model; G letters, V phonemes. turned: letters are the targets
  // and phonemes the sources, for spelling from sound.
  constructor(tensor, G, V, turned = false) {
    const array = (name) => tensor(name).data;
    const byValue = (values) => new Map(Array.from(values, (value, n) => [Number(value), n]));
    Object.assign(this, { G: turned ? V : G, V: turned ? G : V, turned, levels: [] });
    if (tensor.has("letters")) { // of one language of many: only the likely units are stored
      const rooms = ["letters", "phonemes"].map((kind) => {
        this[kind] = byValue(array(kind));
        return Math.ceil((this[kind].size + 2) / ROOM) * ROOM;
      });
      [this.G, this.V] = [G, V] = rooms;
      const places = array("units/places"), logP = array("units/log_prob");
      const all = new Float32Array(G * (1 + V + V * V + G * V)).fill(logP[places.length]);
      places.forEach((place, n) => (all[place] = logP[n]));
      const next = (from, size) => all.subarray(from, from + size);
      this.silent = next(0, G);
      this.single = next(G, G * V);
      this.double = next(G + G * V, G * V * V);
      this.pair = next(G + G * V + G * V * V, G * G * V);
    } else {
      for (const kind of ["silent", "single", "double", "pair"]) this[kind] = array(`units/${kind}`);
    }
    this.codes = byValue(array("codes"));
    for (let n = 1; tensor.has(`${n}/counts`); n++) {
      const counts = array(`${n}/counts`), starts = new Uint32Array(counts.length + 1);
      counts.forEach((count, i) => (starts[i + 1] = starts[i] + count)); // of each history
      const backoff = tensor.has(`${n}/log_backoff`) ? array(`${n}/log_backoff`) : null;
      const [tokens, logP] = [array(`${n}/tokens`), array(`${n}/log_prob`)];
      this.levels.push({ starts, tokens, logP, backoff });
    }
  }

  // log P of the ids of a word and of its answer together.
  score(source, target) {
    const numbered = (ids, numbers) => ids.map((id) => (numbers.get(id) ?? numbers.size) + 1);
    if (this.letters) source = numbered(source, this.letters);
    if (this.phonemes) target = numbered(target, this.phonemes);
    const units = this.turned ? this.align(target, source) : this.align(source, target);
    if (!units.length) return NOT_ALIGNED;
    const { size } = this.codes, tokens = units.map((code) => this.codes.get(code) ?? -1);
    return this.logP([size, ...tokens, size + 1]);
  }

  // log P of a sequence from its start to its end, -1 for what was never seen; logarithms are
  // stored as multiples of -1/16.
  logP(tokens) {
    let total = 0, before = []; // places of the n-grams of each length that end there
    tokens.forEach((token, position) => {
      const places = [token];
      let logP = token < 0 ? UNKNOWN : this.levels[0].logP[token] / -16;
      for (let n = 1; n < this.levels.length && n <= position; n++) {
        const history = before[n - 1], { starts, tokens, logP: known } = this.levels[n];
        const some = history < 0 ? [] : tokens.subarray(starts[history], starts[history + 1]);
        const found = some.indexOf(token), place = found < 0 ? -1 : starts[history] + found;
        if (history >= 0) logP += this.levels[n - 1].backoff[history] / -16;
        if (place >= 0) logP = known[place] / -16;
        places.push(place);
      }
      if (position) total += logP;
      before = places;
    });
    return total;
  }

  // The most probable sequence of units, as numbers; empty where none makes the pair (Viterbi).
  align(letters, phonemes) {
    const { G, V, silent, single, double, pair } = this, T = phonemes.length;
    if (Math.max(letters.length, T) > LONGEST) return [];
    let a = new Float32Array(T + 1).fill(NEVER, 1), pairs = new Float32Array(T + 1).fill(NEVER);
    const ways = new Float32Array(4); // in the precision of g2p_jax, so that equal ways stay equal
    const kinds = letters.map((x, s) => {
      const after = new Float32Array(T + 1), begun = new Float32Array(T + 1).fill(NEVER);
      const kind = new Uint8Array(T + 1), quiet = Math.fround(silent[x] + Math.fround(0.001) * s);
      for (let j = 0; j <= T; j++) {
        const p = phonemes[j - 1], o = phonemes[j - 2];
        ways[0] = a[j] + quiet;
        ways[1] = j > 0 ? a[j - 1] + single[x * V + p] : NEVER;
        ways[2] = j > 1 ? a[j - 2] + double[(x * V + o) * V + p] : NEVER;
        ways[3] = pairs[j];
        for (let k = 1; k < 4; k++) if (ways[k] > ways[kind[j]]) kind[j] = k;
        after[j] = ways[kind[j]];
        if (j) begun[j] = a[j - 1] + (pair[(x * G + (letters[s + 1] ?? PAD)) * V + p]);
      }
      [a, pairs] = [after, begun];
      return kind;
    });
    const units = [];
    if (a[T] < NEVER / 2) return units;
    for (let s = letters.length - 1, j = T; s >= 0; s--) {
      const kind = kinds[s][j];
      j -= PHONEMES[kind];
      const [x, y] = kind === PAIR ? [letters[s - 1], letters[s]] : [letters[s], PAD];
      const p = kind === SILENT ? PAD : phonemes[j], q = kind === DOUBLE ? phonemes[j + 1] : PAD;
      units.unshift(((x * G + y) * V + p) * V + q);
      if (kind === PAIR) s--;
    }
    return units;
  }
}

// Models of many languages: a joint n-gram model for each. The first letter of a word names it.
class LanguageJoint {
  // names: of the languages, by the ids of their letters, which rise.
  constructor(tensor, names) {
    Object.assign(this, { tensor, names, models: new Map(), table: tensor("guesser").data });
  }

  // log P of letters, after that of the language, and phonemes together.
  score([language, ...letters], phonemes) {
    if (!this.models.has(language)) {
      this.models.set(language, new JointNgram(under(this.tensor, this.names.get(language))));
    }
    return this.models.get(language).score(letters, phonemes);
  }

  // The most probable language of a word: naive Bayes on hashed n-grams of its letters.
  // lacking: how many of the letters a language lacks; those that lack fewer come first.
  guess(letters, lacking) {
    const edged = [EDGE, ...letters, EDGE], names = [...this.names.values()];
    const steps = Float64Array.from(names, (name) => LACKING * lacking(name));
    edged.forEach((_, first) => {
      let code = 0;
      for (let n = 1; n <= ORDER && first + n <= edged.length; n++) {
        code = Math.imul(code + edged[first + n - 1] + n, HASH) >>> 0;
        const row = (code >>> (32 - BITS)) * names.length;
        for (let l = 0; l < names.length; l++) steps[l] += this.table[row + l];
      }
    });
    return names[steps.indexOf(Math.min(...steps))];
  }
}

// The tensors in a folder.
function under(tensor, folder) {
  const inside = (name) => tensor(`${folder}/${name}`);
  return Object.assign(inside, { has: (name) => tensor.has(`${folder}/${name}`) });
}

// The joint n-gram model of these tensors, if there is one; languages: their names by ids.
function readJoint(tensor, languages, ...about) {
  const joint = under(tensor, "joint");
  if (joint.has("guesser")) return new LanguageJoint(joint, languages);
  return joint.has("codes") ? new JointNgram(joint, ...about) : null;
}

// Hypotheses with the interpolated log P of both models; their total probability stays.
function rescore(hypotheses, joint, letters, members, temperature) {
  const weight = members === 1 ? 0.4 : 1 / 3;
  const both = hypotheses.map(({ tokens, logP }) =>
    ((1 - weight) * logP + weight * joint.score(letters, tokens)) / temperature);
  const total = (logP) => logP.reduce((sum, x) => sum + Math.exp(x), 0);
  const highest = Math.max(...both), relative = both.map((x) => x - highest);
  const shift = Math.log(total(hypotheses.map(({ logP }) => logP)) / total(relative));
  return hypotheses.map(({ tokens }, n) => ({ tokens, logP: relative[n] + shift }));
}

Object.assign(globalThis.g2pJax, { readJoint, rescore });
}
