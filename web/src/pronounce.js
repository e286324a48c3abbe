// Words in, pronunciations out: g2p_jax/predict/g2p.py and inspection.py.
"use strict";
globalThis.g2pJax ??= {};
{
const { Network, Ensemble, JointNgram, LanguageJoint, greedy, beam, rescore } = globalThis.g2pJax;
const { convert, withoutStress, isArpabet, ALPHABETS } = globalThis.g2pJax;
const { ModelError, open, check, member, Spelling } = globalThis.g2pJax;
const { LANGUAGES, COLONS } = globalThis.g2pJax, CODE = /^[a-z]{2,3}([-_][a-z0-9]+)*$/i;
const ENDING = /^(e?[nt]|[aeo]r|([ae]r)?na)?s?$/; // of Swedish, after a colon
const BOS = 1, EOS = 2, UNK = 3, SPECIALS = 4;
const MOST_BEAM = 1000;
const RESCORED = 4; // hypotheses of each word that the joint n-gram model rescores
const SEVERAL = 10; // pronunciations that the search for more than one is to find
const PRUNE_THRESHOLD = 3; // of log P, for the best answer alone: what is further behind cannot win
const KINDS = {
  cell: ["elman", "lstm", "gru", "gru_before"],
  attention: ["dot", "additive", "additive_relu", "monotonic", "none"],
  directions: ["concatenate", "sum", "backward"],
  start: ["bridge", "copy", "zeros"],
};

// Returns the model of these bytes: an ArrayBuffer, a Uint8Array, or what has arrayBuffer(), as a
// Response or a File. Rejects with a ModelError for anything but a model. plain: no WebAssembly.
async function load(source, { plain = false } = {}) {
  const buffer = source?.arrayBuffer ? await source.arrayBuffer() : source;
  try {
    const view = ArrayBuffer.isView(buffer) ? buffer : new Uint8Array(buffer);
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength); // a Buffer differs
    const file = open(bytes), { format, config, symbols } = file.header.__metadata__;
    if (format !== "g2p_jax 2") {
      throw new ModelError(`its format is ${format}; this version reads g2p_jax 2`);
    }
    await check(file);
    return new G2P(JSON.parse(config), JSON.parse(symbols), file.tensor, plain);
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw new ModelError(`not a g2p_jax model, or damaged (${error.message})`);
  }
}

class G2P {
  constructor(config, symbols, tensor, plain) {
    const { model, ensemble, train, data, ngram } = config;
    if (!model.encoder_layers) throw new ModelError("a language model, which reads no words");
    for (const [name, kinds] of Object.entries(KINDS)) {
      if (!kinds.includes(model[name])) {
        throw new ModelError(`its ${name} is ${model[name]}; supported: ${kinds.join(", ")}`);
      }
    }
    this.config = config;
    this.letters = new Map(symbols.graphemes.map((letter, id) => [letter, id]));
    this.languages = Object.keys(symbols.languages ?? {});
    this.spellings = new Map(Object.entries(symbols.languages ?? {}).map(
      ([language, letters]) => [language, new Spelling([...letters], symbols)]));
    this.spelling = new Spelling(symbols.graphemes, symbols); // of all languages
    this.tokens = symbols.phonemes;
    this.characters = symbols.target === "characters";
    this.alphabet = this.tokens.slice(SPECIALS).every(isArpabet) ? "arpabet" : "ipa";
    this.folded = this.tokens.map((token) => withoutStress([token])[0]);
    this.hasStress = this.tokens.some((token, id) => token !== this.folded[id]);
    this.longest = data.longest;
    const smoothing = (train.teacher ? 0.5 : 1) * train.label_smoothing;
    const networks = Array.from({ length: ensemble }, (_, n) =>
      new Network({ ...model, plain }, member(tensor, n, ensemble)));
    const named = this.languages.map((name) => [this.letters.get(`${name}:`), name]);
    if (tensor.has("joint/guesser")) {
      this.joint = new LanguageJoint(tensor, new Map(named.sort(([a], [b]) => a - b)));
    } else if (tensor.has("joint/codes")) {
      const turned = symbols.source === "words" && this.characters;
      this.joint = JointNgram.read(tensor, this.letters.size, this.tokens.length, turned);
    }
    this.network = new Ensemble(networks, smoothing, this.joint ? 1 : config.temperature);
  }

  // The alphabets that answers can be written in.
  get alphabets() {
    return this.alphabet === "arpabet" ? ALPHABETS : [this.alphabet];
  }

  // The language of a word such as deu:Haus, and the word; language: of words that name none,
  // "auto": it is guessed.
  named(word, language = "") {
    if (!this.languages.length) return ["", word];
    const known = `the model knows ${this.languages.join(", ")}`;
    const auto = language === "auto" && this.joint ? "auto" : "";
    let own = language && (auto || this.language(language));
    if (own === undefined) throw new RangeError(`no language "${language}": ${known}`);
    const [, name, rest] = /^([^:]*):(.*)$/su.exec(word) ?? [];
    const found = name !== undefined && this.language(name);
    if (found) return [found, rest];
    if (auto && rest && ENDING.test(rest)) { // EU:s
      own = COLONS.map((code) => this.language(code)).find(Boolean) ?? auto;
    }
    const hasColons = COLONS.includes(LANGUAGES[own] ?? own), fix = "write one of these before the colon";
    if (name !== undefined && (!own || (rest && CODE.test(name) && !hasColons))) {
      throw new RangeError(`"${word}": no language "${name}": ${known}; fix: ${fix}`);
    }
    if (!own) {
      const fix = `such as deu:${word}, or { language: "deu" } for all words`;
      throw new RangeError(`"${word}" needs a language, ${fix}; ${known}`);
    }
    if (own !== "auto") return [own, word];
    const ids = this.spelling.graphemes(word)[0].map((letter) => this.letters.get(letter));
    return [this.joint.guess(ids), word];
  }

  // The language of a name or code, deu, DE, de-AT or German; undefined: none that is known.
  language(name) {
    const small = name.trim().toLowerCase(), same = (code) => LANGUAGES[code] ?? code;
    const find = (code) => this.languages.find((language) => same(language) === same(code));
    return find(small) ?? find(small.split(/[-_]/)[0]);
  }

  // The graphemes of the parts of a word, and the characters that the model does not know.
  spell(word, language) {
    const [name, text] = this.named(word, language), first = name ? [`${name}:`] : [];
    const [pieces, unknown] = (this.spellings.get(name) ?? this.spelling)
      .pieces(text, this.longest - first.length);
    return [pieces.map((letters) => [...first, ...letters]), unknown, name];
  }

  // The most probable pronunciation, phonemes joined by spaces.
  transcribe(word, alphabet = "") {
    return this.pronounce([word], { alphabet })[0].pronunciations[0].phonemes.join(" ");
  }

  // Returns one answer for each word; the options are those of G2P.pronounce in Python.
  // stress: whether answers have it; default: as the model has it, and in another alphabet if it
  // has learned it, as it is needed there to tell one vowel from another.
  pronounce(words, options = {}) {
    const { nbest = 1, beam: width = 0, mass = 1, alphabet = "", stress, language } = options;
    if (!Array.isArray(words)) throw new TypeError(`a list of words is expected: [${words}]`);
    const within = (n, least) => Number.isInteger(n) && n >= least && n <= MOST_BEAM;
    if (!within(nbest, 1)) throw new RangeError(`nbest: 1 to ${MOST_BEAM}`);
    if (!within(width, 0)) throw new RangeError(`beam: 0 to ${MOST_BEAM}`);
    if (!(mass > 0 && mass <= 1)) throw new RangeError("mass: more than 0, at most 1");
    const other = alphabet !== "" && alphabet !== this.alphabet;
    if (other && !this.alphabets.includes(alphabet)) {
      throw new RangeError(`alphabet: one of ${this.alphabets.join(", ")}`);
    }
    const names = this.names(other || stress), pieces = new Map();
    const answered = (letters) => {
      const key = letters.join("\0");
      if (!pieces.has(key)) pieces.set(key, this.several(letters, nbest, width, names));
      return pieces.get(key);
    };
    return words.map((word) => {
      const [parts, unknown, name] = this.spell(word, language);
      let best = [{ phonemes: [], probability: 1 }];
      for (const tails of parts.map(answered)) {
        best = best.flatMap((head) => tails.map((tail) => ({
          phonemes: [...head.phonemes, ...tail.phonemes],
          probability: head.probability * tail.probability,
        }))).sort((a, b) => b.probability - a.probability).slice(0, nbest);
      }
      if (!best[0].phonemes.length) best = [{ phonemes: [], probability: 0 }];
      let total = 0;
      best = best.filter(({ probability }, n) => (total += probability) - probability < mass || !n);
      if (other) {
        best = merge(best.map(({ phonemes, probability }) =>
          ({ phonemes: convert(phonemes, alphabet, stress ?? true), probability })));
      }
      return { word, pronunciations: best, unknown, ...(name && { language: name }) };
    });
  }

  // How the model sees a pronunciation: for each phoneme and the end the probability after those
  // before it, and the attention to each letter; for each phoneme its letters.
  // phonemes: in the model's alphabet; default: those of its best answer.
  inspect(word, phonemes, { stress, language } = {}) {
    phonemes ??= this.pronounce([word], { stress, language })[0].pronunciations[0].phonemes;
    const [name, text] = this.named(word, language), names = this.names(stress);
    const known = (this.spellings.get(name) ?? this.spelling).graphemes(text)[0];
    const letters = name ? [`${name}:`, ...known] : known;
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
    const nowhere = () => wanted.slice(1).map(() => [0, 0]);
    const spans = letters.length ? letterSpans(weights.slice(0, -1)) : nowhere();
    const spelled = spans.map(([start, end]) => letters.slice(start, end).join(""));
    return { letters, phonemes: wanted.slice(0, -1), probabilities, weights, spans, spelled };
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
    const rounds = nbest > 1 ? 33 - Math.clz32(Math.floor((nbest - 1) / SEVERAL)) : 0;
    let best = this.search(letters, width, PRUNE_THRESHOLD, names).slice(0, 1);
    for (let n = 0; n < rounds; n++) {
      const wider = this.search(letters, Math.max(width, needed << n), Infinity, names);
      const known = new Set(best.map(({ phonemes }) => phonemes.join(" ")));
      const isKnown = ({ phonemes }) => known.has(phonemes.join(" "));
      const total = (some) => some.reduce((sum, { probability }) => sum + probability, 0);
      const others = 1 - total(wider.filter(isKnown)), least = best.at(-1).probability;
      const share = others > 0 ? Math.max(1 - total(best), 0) / others : 0;
      best = best.concat(wider.filter((one) => !isKnown(one)).map(({ phonemes, probability }) => (
        { phonemes, probability: Math.min(probability * share, least) })));
    }
    return best.slice(0, nbest);
  }

  // The pronunciations of letters, the best first.
  search(letters, width, threshold, names) {
    const { config, joint, network } = this;
    const ids = letters.map((letter) => this.letters.get(letter)), limit = 3 * ids.length + 12;
    const rescored = joint ? RESCORED : 1;
    let found = width === 1 ? greedy(network, ids, limit, rescored - 1, threshold)
      : beam(network, ids, limit, width, threshold);
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
