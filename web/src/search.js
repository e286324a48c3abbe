// Greedy and beam search, and the joint n-gram model that rescores what they find. The mathematics
// is that of g2p_jax/search and g2p_jax/joint.
//
// A hypothesis is {tokens, logP}: phonemes without EOS, and log P of all of them and of the end.
"use strict";
globalThis.g2pJax ??= {};
{
const { largest, logSumExp } = globalThis.g2pJax;
const PAD = 0, BOS = 1, EOS = 2;
const NOT_ALIGNED = -200; // log P of a pair that no sequence of units makes
const UNKNOWN = -20; // log P of a unit that was never seen
const NEVER = -1e9, LONGEST = 128; // the longest pair that is aligned
const [SILENT, , DOUBLE, PAIR] = [0, 1, 2, 3], PHONEMES = [0, 1, 2, 1]; // kinds of units

// The best hypothesis, and `alternatives` that have the second best phoneme at one place.
function greedy(network, ids, limit, alternatives, threshold) {
  let [memory, states] = network.start(ids), logP = 0;
  const tokens = [], second = [], gain = [], best = { tokens: [], logP: -Infinity };
  for (let t = 0, done = false; !done; t++) {
    const found = network.step(memory, states, [tokens.at(-1) ?? BOS]), p = found[1], end = p[EOS];
    p[EOS] = -Infinity;
    const [first, next] = largest(p, 2);
    done = end >= p[first] || t >= limit;
    if (end >= p[first] || logP + end > best.logP) {
      Object.assign(best, { tokens: tokens.slice(), logP: logP + end });
    }
    tokens.push(first);
    second.push(next);
    gain.push(p[next] - p[first]);
    logP += p[first];
    states = found[0];
  }
  const losses = gain.slice(0, best.tokens.length);
  const places = largest(losses, alternatives).filter((place) => losses[place] >= -threshold);
  const others = places.map((place) => ({
    tokens: best.tokens.map((token, n) => (n === place ? second[place] : token)),
    logP: best.logP + losses[place],
  }));
  return [best, ...others];
}

// The `width` most probable hypotheses that so many at a time can find, the best first.
function beam(network, ids, limit, width, threshold) {
  let [memory, states] = network.start(ids), ended = [], active = [{ tokens: [], logP: 0 }];
  for (let t = 0; active.length; t++) {
    const last = active.map(({ tokens }) => tokens.at(-1) ?? BOS);
    const [after, p] = network.step(memory, states, last), V = p.length / active.length;
    const ending = active.map(({ tokens, logP }, r) => ({ tokens, logP: logP + p[r * V + EOS] }));
    ended = [...ended, ...ending].sort((a, b) => b.logP - a.logP).slice(0, width);
    if (t >= limit) break;
    let best = -Infinity;
    const total = p.map((x, i) => (i % V === EOS ? -Infinity : active[Math.floor(i / V)].logP + x));
    for (const x of total) if (x > best) best = x;
    let least = Math.max(best, ended[0].logP) - threshold;
    if (ended.length === width) least = Math.max(least, ended.at(-1).logP);
    const kept = [];
    total.forEach((x, i) => x > least && kept.push(i));
    kept.sort((a, b) => total[b] - total[a]).splice(width);
    states = network.select(after, kept.map((i) => Math.floor(i / V)), active.length);
    active = kept.map((i) => {
      return { tokens: [...active[Math.floor(i / V)].tokens, i % V], logP: total[i] };
    });
  }
  return ended.filter(({ logP }) => logP > -Infinity);
}

class JointNgram {
  // units: {silent, single, double, pair}, of G letters and V phonemes; prefix: of the other names.
  // turned: letters are the targets and phonemes the sources, for spelling from sound.
  constructor(tensor, prefix, units, G, V, turned = false) {
    Object.assign(this, { G, V, turned, ...units, levels: [] });
    const codes = Array.from(tensor(`${prefix}/codes`).data, (code, n) => [Number(code), n]);
    this.codes = new Map(codes);
    this.size = this.codes.size + 2;
    for (let n = 1; tensor.has(`${prefix}/${n}/counts`); n++) {
      const array = (name) => tensor(`${prefix}/${n}/${name}`).data, counts = array("counts");
      const starts = new Uint32Array(counts.length + 1); // where the n-grams of each history start
      for (let i = 0; i < counts.length; i++) starts[i + 1] = starts[i] + counts[i];
      const backoff = tensor.has(`${prefix}/${n}/log_backoff`) ? array("log_backoff") : null;
      this.levels.push({ starts, tokens: array("tokens"), logP: array("log_prob"), backoff });
    }
  }

  static read(tensor, sources, targets, turned) {
    const unit = (kind) => [kind, tensor(`joint/units/${kind}`).data];
    const units = Object.fromEntries(["silent", "single", "double", "pair"].map(unit));
    const [G, V] = turned ? [targets, sources] : [sources, targets];
    return new JointNgram(tensor, "joint", units, G, V, turned);
  }

  // log P of the ids of a word and of its answer together.
  score(source, target) {
    const { size } = this;
    const units = this.turned ? this.align(target, source) : this.align(source, target);
    if (!units.length) return NOT_ALIGNED;
    const known = units.map((code) => this.codes.get(code) ?? size);
    return this.logP([size - 2, ...known, size - 1]);
  }

  // log P of a sequence from its start to its end; logarithms are stored as multiples of -1/16.
  logP(tokens) {
    const { levels, size } = this;
    let total = 0, before = [];
    tokens.forEach((token, position) => {
      const known = token < size, nodes = [known ? token : -1];
      let logP = known ? levels[0].logP[token] / -16 : UNKNOWN;
      for (let n = 1; n < levels.length && n <= position; n++) {
        const history = before[n - 1], node = known ? find(levels[n], history, token) : -1;
        if (history >= 0) logP += levels[n - 1].backoff[history] / -16;
        if (node >= 0) logP = levels[n].logP[node] / -16;
        nodes.push(node);
      }
      if (position) total += logP;
      before = nodes;
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

// The place of an n-gram among those of its length, -1 if there is none.
function find({ starts, tokens }, history, token) {
  if (history < 0) return -1;
  let low = starts[history], high = starts[history + 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tokens[middle] < token) low = middle + 1;
    else high = middle;
  }
  return low < starts[history + 1] && tokens[low] === token ? low : -1;
}

// Hypotheses with the interpolated log P of both models; their total probability stays.
function rescore(hypotheses, joint, letters, members, temperature) {
  const weight = members === 1 ? 0.4 : 1 / 3, network = hypotheses.map(({ logP }) => logP);
  const both = hypotheses.map(({ tokens, logP }) =>
    ((1 - weight) * logP + weight * joint.score(letters, tokens)) / temperature);
  const shift = logSumExp(network) - logSumExp(both);
  return hypotheses.map(({ tokens }, n) => ({ tokens, logP: both[n] + shift }));
}

Object.assign(globalThis.g2pJax, { greedy, beam, JointNgram, rescore });
}
