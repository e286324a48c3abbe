// Words in, pronunciations out: g2p_jax/predict/g2p.py and inspection.py.
"use strict";
globalThis.g2pJax ??= {};
{
const { Network, Ensemble, greedy, beam, readJoint, rescore } = globalThis.g2pJax;
const { convert, withoutStress, isArpabet, ALPHABETS } = globalThis.g2pJax;
const { ModelError, read, member, Spelling, findLanguage, splitLanguage } = globalThis.g2pJax;
const BOS = 1, EOS = 2, UNK = 3, SPECIALS = 4;
const MOST_BEAM = 1000;
const OPTIONS = ["nbest", "beam", "mass", "alphabet", "stress", "language"];
const RESCORED = 4; // hypotheses of each word that the joint n-gram model rescores
const SEVERAL = 10; // pronunciations that the search for more than one is to find
const PRUNE_THRESHOLD = 3; // of log P, for the best answer alone: what is further behind cannot win

// Returns the model of these bytes: an ArrayBuffer, a Uint8Array, or what has arrayBuffer(), as a
// Response or a File. Rejects with a ModelError for anything but a model. plain: no WebAssembly.
async function load(source, { plain = false } = {}) {
  const buffer = source?.arrayBuffer ? await source.arrayBuffer() : source;
  try {
    const view = ArrayBuffer.isView(buffer) ? buffer : new Uint8Array(buffer);
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength); // a Buffer differs
    return new G2P(await read(bytes), plain);
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw new ModelError(`not a g2p_jax model, or damaged (${error.message})`);
  }
}

class G2P {
  constructor({ config, symbols, tensor }, plain) {
    const { model, ensemble, train, data, temperature } = config, known = symbols.languages ?? {};
    if (!model.encoder_layers) throw new ModelError("a language model, which reads no words");
    this.config = config;
    this.letters = new Map(symbols.graphemes.map((letter, id) => [letter, id]));
    this.languages = Object.keys(known);
    this.spelling = new Spelling(symbols.graphemes, symbols); // of all languages
    this.spellings = Object.fromEntries(this.languages.map(
      (language) => [language, new Spelling([...known[language]], symbols)]));
    if (!this.languages.length) this.spellings[""] = this.spelling;
    else this.spelling.turkish = false; // I is ı in Turkish only
    this.tokens = symbols.phonemes;
    this.characters = symbols.target === "characters";
    this.alphabet = this.tokens.slice(SPECIALS).every(isArpabet) ? "arpabet" : "ipa";
    this.alphabets = this.alphabet === "arpabet" ? ALPHABETS : [this.alphabet];
    this.folded = withoutStress(this.tokens);
    this.hasStress = this.tokens.some((token, id) => token !== this.folded[id]);
    this.longest = data.longest;
    const named = this.languages.map((name) => [this.letters.get(`${name}:`), name]);
    const turned = symbols.source === "words" && this.characters;
    this.joint = readJoint(tensor, new Map(named.sort(([a], [b]) => a - b)),
      this.letters.size, this.tokens.length, turned);
    const networks = Array.from({ length: ensemble }, (_, n) =>
      new Network(model, member(tensor, n, ensemble), plain));
    const smoothing = (train.teacher ? 0.5 : 1) * train.label_smoothing;
    this.network = new Ensemble(networks, smoothing, this.joint ? 1 : temperature);
  }

  // The language of a word such as deu:Haus, and the word; language: of words that name none,
  // "auto": it is guessed.
  named(word, language = "") {
    if (!this.languages.length) return ["", word];
    const guessed = language === "auto" && this.joint;
    const own = guessed ? language : findLanguage(language, this.languages);
    if (language && !own) {
      throw new RangeError(`no language "${language}": the model knows ${this.languages.join(", ")}`);
    }
    const [name, rest] = splitLanguage(word, this.languages, own);
    if (name !== "auto") return [name, rest];
    const letters = this.spelling.graphemes(word)[0];
    const lacking = (name) => letters.filter((x) => !this.spellings[name].knows([x])).length;
    return [this.joint.guess(letters.map((letter) => this.letters.get(letter)), lacking), word];
  }

  // The most probable pronunciation, phonemes joined by spaces.
  transcribe(word, alphabet = "") {
    return this.pronounce([word], { alphabet })[0].pronunciations[0].phonemes.join(" ");
  }

  // Returns one answer for each word; the options are those of G2P.pronounce in Python.
  // stress: whether answers have it; default: as the model has it, and in another alphabet if it
  // has learned it, as it is needed there to tell one vowel from another.
  pronounce(words, options = {}) {
    checkOptions(options, OPTIONS);
    const { nbest = 1, beam: width = 0, mass = 1, alphabet = "", stress, language } = options;
    if (!isTexts(words)) throw new TypeError('words: a list of texts, such as ["through"]');
    const within = (n, least) => Number.isInteger(n) && n >= least && n <= MOST_BEAM;
    if (!within(nbest, 1)) throw new RangeError(`nbest: 1 to ${MOST_BEAM}`);
    if (!within(width, 0)) throw new RangeError(`beam: 0 to ${MOST_BEAM}`);
    if (!(mass > 0 && mass <= 1)) throw new RangeError("mass: more than 0, at most 1");
    if (!["", ...this.alphabets].includes(alphabet)) {
      throw new RangeError(`alphabet: one of ${this.alphabets.join(", ")}`);
    }
    const other = !["", this.alphabet].includes(alphabet), names = this.names(other || stress);
    const found = new Map();
    const answered = (letters) => {
      const key = letters.join("\0");
      if (!found.has(key)) found.set(key, this.several(letters, nbest, width, names));
      return found.get(key);
    };
    return words.map((word) => {
      const [name, text] = this.named(word, language), first = name ? [`${name}:`] : [];
      const [pieces, unknown] = this.spellings[name].pieces(text, this.longest - first.length);
      let best = [{ phonemes: [], probability: 1 }];
      for (const tails of pieces.map((letters) => answered([...first, ...letters]))) {
        best = best.flatMap((head) => tails.map((tail) => ({
          phonemes: [...head.phonemes, ...tail.phonemes],
          probability: head.probability * tail.probability,
        }))).sort((a, b) => b.probability - a.probability).slice(0, nbest);
      }
      if (!best[0].phonemes.length) best = [{ phonemes: [], probability: 0 }];
      const known = name && (pieces.length || language !== "auto"); // nothing tells it without letters
      let total = 0;
      best = best.filter(({ probability }, n) => (total += probability) - probability < mass || !n);
      if (other) {
        best = merge(best.map(({ phonemes, probability }) =>
          ({ phonemes: convert(phonemes, alphabet, stress ?? true), probability })));
      }
      return { word, pronunciations: best, unknown, ...(known && { language: name }) };
    });
  }

  // How the model sees a pronunciation: for each phoneme and the end the probability after those
  // before it, and the attention to each letter; for each phoneme its letters.
  // phonemes: in the model's alphabet; default: those of its best answer.
  inspect(word, phonemes, options = {}) {
    checkOptions(options, ["stress", "language"]);
    if (!isTexts([word])) throw new TypeError("word: a text");
    if (!isTexts(phonemes ?? [])) throw new TypeError('phonemes: a list, such as ["K", "AE", "T"]');
    const { stress, language } = options;
    phonemes ??= this.pronounce([word], { stress, language })[0].pronunciations[0].phonemes;
    const [name, text] = this.named(word, language), names = this.names(stress);
    const letters = [...(name ? [`${name}:`] : []), ...this.spellings[name].graphemes(text)[0]];
    const wanted = [...(this.characters ? phonemes.join(" ") : phonemes), names[EOS]];
    const probabilities = [], weights = [];
    if (letters.length) {
      const source = letters.map((letter) => this.letters.get(letter));
      let [memory, states] = this.network.start(source, source.length), token = BOS;
      for (const name of wanted) {
        const [after, logP, attention] = this.network.step(memory, states, [token]);
        const same = Array.from(names.keys()).filter((id) => names[id] === name);
        token = same.reduce((best, id) => (logP[id] > logP[best] ? id : best), same[0] ?? UNK);
        probabilities.push(same.reduce((sum, id) => sum + Math.exp(logP[id]), 0));
        weights.push(Array.from(attention));
        states = after;
      }
    }
    const phones = wanted.slice(0, -1);
    const spans = letters.length ? letterSpans(weights.slice(0, -1)) : phones.map(() => [0, 0]);
    const spelled = spans.map(([start, end]) => letters.slice(start, end).join(""));
    return { letters, phonemes: phones, probabilities, weights, spans, spelled };
  }

  // The phonemes as answers have them, by id.
  names(stress) {
    return (stress ?? this.config.stress) ? this.tokens : this.folded;
  }

  // The best pronunciation of letters, with the probability that the search for one gives it, then
  // what wider searches find, which shares the rest; see Answer in g2p_jax/predict/pronunciation.py.
  several(letters, nbest, beamWidth, names) {
    const width = beamWidth || this.config.beam || (this.joint ? RESCORED : 1);
    const needed = names === this.folded && this.hasStress ? 2 * SEVERAL : SEVERAL;
    let best = this.search(letters, width, PRUNE_THRESHOLD, names).slice(0, 1);
    for (let found = SEVERAL, wide = needed; nbest > 1; found *= 2, wide *= 2) {
      const wider = this.search(letters, Math.max(width, wide), Infinity, names);
      const known = new Set(best.map(({ phonemes }) => phonemes.join(" ")));
      const isKnown = ({ phonemes }) => known.has(phonemes.join(" "));
      const total = (some) => some.reduce((sum, { probability }) => sum + probability, 0);
      const others = 1 - total(wider.filter(isKnown)), least = best.at(-1).probability;
      const share = others > 0 ? Math.max(1 - total(best), 0) / others : 0;
      best = best.concat(wider.filter((one) => !isKnown(one)).map(({ phonemes, probability }) => (
        { phonemes, probability: Math.min(probability * share, least) })));
      if (found >= nbest) break;
    }
    return best.slice(0, nbest);
  }

  // The pronunciations of letters, the best first.
  search(letters, width, threshold, names) {
    const { config, joint, network } = this;
    const ids = letters.map((letter) => this.letters.get(letter)), limit = 3 * ids.length + 12;
    let found = width > 1 ? beam(network, ids, limit, width, threshold)
      : greedy(network, ids, limit, joint ? RESCORED - 1 : 0, threshold);
    if (joint && found.length > 1) {
      found = rescore(found, joint, ids, config.ensemble, config.temperature);
    }
    return merge(found.map(({ tokens, logP }) => {
      const named = tokens.filter((id) => id >= SPECIALS).map((id) => names[id]);
      const phonemes = this.characters ? named.join("").split(/\s+/u).filter(Boolean) : named;
      return { phonemes, probability: Math.exp(logP) };
    }));
  }
}

const isTexts = (list) => Array.isArray(list) && list.every((item) => typeof item === "string");

// Throws an error for an option that is none of these, or has another type.
function checkOptions(options, names) {
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown) throw new RangeError(`no option ${unknown}: there are ${names.join(", ")}`);
  const { stress, language } = options;
  if (![true, false, null, undefined].includes(stress)) throw new TypeError("stress: true or false");
  if (typeof (language ?? "") !== "string") throw new TypeError("language: a text");
}

// Pronunciations, the best first; those with equal phonemes are one, as probable as all of them.
function merge(pronunciations) {
  const best = new Map();
  for (const { phonemes, probability } of pronunciations) {
    const key = phonemes.join(" "), before = best.get(key)?.probability ?? 0;
    best.set(key, { phonemes, probability: before + probability });
  }
  return [...best.values()].sort((a, b) => b.probability - a.probability);
}

// The letters [start, end] of each phoneme, given its attention; see letter_spans in
// g2p_jax/predict/inspection.py.
function letterSpans(weights) {
  if (!weights.length) return [];
  let best = weights[0].map((w) => Math.log(w + 1e-6));
  const backpointers = weights.slice(1).map((row) => {
    let from = 0;
    const back = best.map((score, s) => (from = score >= best[from] ? s : from));
    best = row.map((w, s) => best[back[s]] + Math.log(w + 1e-6));
    return back;
  });
  const anchors = [best.indexOf(Math.max(...best))];
  for (const back of backpointers.reverse()) anchors.unshift(back[anchors[0]]);
  const firsts = anchors.map((anchor) => (anchor === anchors[0] ? 0 : anchor));
  return firsts.map((first) => [first, firsts.find((next) => next > first) ?? best.length]);
}

Object.assign(globalThis.g2pJax, { load, G2P });
}
