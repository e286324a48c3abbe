// The networks: recurrent cells, encoder, attention, decoders. The mathematics is that of
// g2p_jax/network, one word at a time.
//
// Letters in names of arrays: S letters, R rows (hypotheses), V symbols, H units, L letters that a
// step of a monotonic decoder reads. Arrays are flat; the last axis is the fastest.
"use strict";
globalThis.g2pJax ??= {};
{
const { Linear, Products, sigmoid, tanh, softmax, largest, concatenate, take } = globalThis.g2pJax;
const PAD = 0, BOS = 1, UNK = 3;
const TINY = 1e-18; // added to probabilities, against 0 / 0 and log 0
const LIKELY = 3; // letters that a step of a monotonic decoder reads in a search

// ---- Recurrent cells: the new state [R, H] from W x + b [R, gates H] and the state -----------

const CELLS = {
  elman(x, u, [h], R) {
    const uh = u.h.apply(h, R);
    return [uh.map((value, i) => tanh(x[i] + value))];
  },
  lstm(x, u, [h, c], R) {
    const uh = u.h.apply(h, R), H = h.length / R;
    const newH = new Float32Array(h.length), newC = new Float32Array(h.length);
    for (let r = 0, n = 0; r < R; r++)
      for (let i = 4 * r * H, end = i + H; i < end; i++, n++) {
        const gate = (g) => x[i + g * H] + uh[i + g * H];
        newC[n] = sigmoid(gate(1)) * c[n] + sigmoid(gate(0)) * tanh(gate(2));
        newH[n] = sigmoid(gate(3)) * tanh(newC[n]);
      }
    return [newH, newC];
  },
  gru(x, u, [h], R) {
    const uh = u.h.apply(h, R), H = h.length / R, newH = new Float32Array(h.length);
    for (let r = 0, k = 0; r < R; r++)
      for (let i = 3 * r * H, end = i + H; i < end; i++, k++) {
        const z = sigmoid(x[i + H] + uh[i + H]);
        const n = tanh(x[i + 2 * H] + sigmoid(x[i] + uh[i]) * uh[i + 2 * H]);
        newH[k] = (1 - z) * n + z * h[k];
      }
    return [newH];
  },
  gru_before(x, u, [h], R) {
    const uh = u.h.apply(h, R), H = h.length / R, rh = new Float32Array(h.length);
    const at = (k, width) => Math.floor(k / H) * width * H + (k % H);
    h.forEach((value, k) => (rh[k] = value * sigmoid(x[at(k, 3)] + uh[at(k, 2)])));
    const urh = u.rh.apply(rh, R);
    return [
      h.map((value, k) => {
        const z = sigmoid(x[at(k, 3) + H] + uh[at(k, 2) + H]);
        return (1 - z) * tanh(x[at(k, 3) + 2 * H] + urh[k]) + z * value;
      }),
    ];
  },
};

class Recurrent {
  constructor(tensor, name, cell, context = 0) {
    const w = tensor(`${name}/w`), inputs = w.shape[0] - context;
    this.cell = cell;
    this.input = new Linear(w, tensor(`${name}/b`), 0, inputs);
    this.context = context ? new Linear(w, null, inputs) : null;
    const names = cell === "gru_before" ? ["h", "rh"] : ["h"];
    const recurrent = (n) => [n, new Linear(tensor(`${name}/u_${n}`), tensor(`${name}/c_${n}`))];
    this.u = Object.fromEntries(names.map(recurrent));
    this.hidden = this.u.h.inputs;
    this.layers = [this.input, ...(this.context ? [this.context] : []), ...Object.values(this.u)];
  }

  zeros() {
    const states = this.cell === "lstm" ? 2 : 1;
    return Array.from({ length: states }, () => new Float32Array(this.hidden));
  }

  step(x, state, R) {
    return CELLS[this.cell](x, this.u, state, R);
  }

  // The outputs [S, H] of all steps over x, W x + b [S, gates H], and the last state.
  unroll(x, S, reverse) {
    const { hidden } = this, width = x.length / S, y = new Float32Array(S * hidden);
    let state = this.zeros();
    for (let n = 0; n < S; n++) {
      const s = reverse ? S - 1 - n : n;
      state = this.step(x.subarray(s * width, (s + 1) * width), state, 1);
      y.set(state[0], s * hidden);
    }
    return [y, state];
  }
}

// ---- The network -----------------------------------------------------------------------------

class Network {
  constructor(model, tensor) {
    const layer = (name, context) => new Recurrent(tensor, name, model.cell, context);
    const linear = (name) => new Linear(tensor(`${name}/w`), tensor(`${name}/b`));
    const range = (count) => Array.from({ length: count }, (_, n) => n);
    this.model = model;
    this.directions = model.directions === "backward" ? ["backward"] : ["forward", "backward"];
    this.encoder = range(model.encoder_layers).map((n) =>
      this.directions.map((direction) => layer(`encoder/${direction}_${n}`)));
    const E = model.hidden * (model.directions === "concatenate" ? 2 : 1); // width of the memory
    const context = model.attention === "none" ? 0 : E;
    const monotonic = model.attention === "monotonic";
    const reads = (n) => !monotonic && (model.input_feeding ? n === 0 : n > 0);
    this.decoder = range(model.decoder_layers).map((n) =>
      layer(`decoder/layers_${n}`, reads(n) ? context : 0));
    this.bridge = model.start === "bridge" ? linear("decoder/bridge") : null;
    if (model.attention.startsWith("additive")) {
      [this.query, this.key] = [linear("decoder/query"), linear("decoder/key")];
      this.v = tensor("decoder/v").data;
    } else if (context) { // score(h, m) = (W h + b) . m = h . (W' m) + b . m, times a scale
      const w = tensor("decoder/query/w"), scale = E ** -0.5, H = model.hidden;
      const data = new Float32Array(E * H);
      for (let i = 0; i < H * E; i++) data[(i % E) * H + Math.floor(i / E)] = scale * w.data[i];
      const b = tensor("decoder/query/b").data.map((value) => scale * value);
      this.key = new Linear({ data, shape: [E, H] });
      this.keyBias = new Linear({ data: b, shape: [E, 1] });
    }
    if (monotonic) this.jump = tensor("decoder/jump").data;
    const last = model.readout ? "decoder/readout" : "decoder/output", w = tensor(`${last}/w`);
    const inputs = w.shape[0] - context;
    this.readout = new Linear(w, tensor(`${last}/b`), 0, inputs);
    this.readoutContext = context ? new Linear(w, null, inputs) : null;
    this.output = model.readout ? linear("decoder/output") : null;
    const products = [this.bridge, this.query, this.key, this.keyBias, this.readout, this.output,
      this.readoutContext, ...[...this.encoder.flat(), ...this.decoder].flatMap((x) => x.layers)];
    new Products(products.filter(Boolean), model.plain);
    const table = (recurrent, { data, shape }) => recurrent.input.apply(data, shape[0]);
    this.letters = this.encoder[0].map((first) => table(first, tensor("encoder/embedding")));
    this.phonemes = table(this.decoder[0], tensor("decoder/embedding"));
    this.V = tensor("decoder/embedding").shape[0];
  }

  // The memory that all steps read, and the states before the first phoneme, for the ids of a word.
  // L: how many letters a step of a monotonic decoder hands on.
  start(ids, L = LIKELY) {
    const { model, encoder, decoder } = this, S = ids.length, every = [];
    let x, top;
    encoder.forEach((layers, n) => {
      const runs = layers.map((layer, d) => {
        const gates = n ? layer.input.apply(x, S)
          : take(this.letters[d], layer.input.outputs, ids);
        return layer.unroll(gates, S, this.directions[d] === "backward");
      });
      const sum = n === encoder.length - 1 && model.directions === "sum";
      const join = (xs, rows) => sum ? xs[0].map((a, i) => a + xs[1][i]) : concatenate(xs, rows);
      x = join(runs.map(([y]) => y), S);
      top = runs[0][1].map((_, i) => join(runs.map(([, state]) => state[i]), 1));
      every.push(...top);
    });
    const memory = { S, L: Math.min(L, S) };
    memory.keys = this.key?.apply(x, S);
    memory.keyBias = this.keyBias?.apply(x, S);
    memory.values = decoder.map((layer) => layer.context?.apply(x, S));
    memory.readout = this.readoutContext?.apply(x, S);
    const summary = this.bridge?.apply(top[0], 1).map(tanh) ?? concatenate(every, 1);
    const H = model.hidden;
    const states = decoder.flatMap((layer) => layer.zeros());
    if (model.start !== "zeros") {
      states.forEach((h, n) => h.set(summary.subarray(n * H, (n + 1) * H)));
    }
    if (this.jump) { // which letters the last phoneme may come from, and P(letter, phoneme)
      states.push(new Int32Array(memory.L), new Float32Array(memory.L * this.V).fill(1, 0, this.V));
    }
    return [memory, states];
  }

  // One step: new states, logits [R, V] of the next phoneme, weights [R, S] of the letters.
  step(memory, states, tokens) {
    const { decoder, model } = this, R = tokens.length, after = [];
    const size = decoder[0].zeros().length; // arrays in the state of a layer
    let x = take(this.phonemes, decoder[0].input.outputs, tokens), weights = null, h;
    decoder.forEach((layer, n) => {
      if (n) x = layer.input.apply(h, R);
      if (n === 0 && model.input_feeding) weights = this.attend(memory, states.at(-size), R);
      if (layer.context) addContext(x, weights, memory.values[n], memory.S);
      const state = layer.step(x, states.slice(n * size, (n + 1) * size), R);
      after.push(...state);
      h = state[0];
      if (n === 0 && !model.input_feeding && !this.jump) weights = this.attend(memory, h, R);
    });
    if (this.jump) return this.monotonic(memory, states.slice(-2), after, tokens, h);
    const y = this.readout.apply(h, R);
    if (memory.readout) addContext(y, weights, memory.readout, memory.S);
    return [after, this.output ? this.output.apply(y.map(tanh), R) : y, weights];
  }

  // Scores [R, S] of the letters; dot or additive.
  scores(memory, h, R) {
    const { keys, keyBias, S } = memory, A = keys.length / S, scores = new Float32Array(R * S);
    const query = this.query ? this.query.apply(h, R) : h;
    const f = this.model.attention === "additive" ? tanh : (x) => (x > 0 ? x : 0);
    for (let r = 0; r < R; r++)
      for (let s = 0; s < S; s++) {
        let score = keyBias ? keyBias[s] : 0;
        for (let a = 0, q = r * A, k = s * A; a < A; a++, q++, k++) {
          score += this.v ? this.v[a] * f(query[q] + keys[k]) : query[q] * keys[k];
        }
        scores[r * S + s] = score;
      }
    return scores;
  }

  attend(memory, h, R) {
    const { S } = memory;
    if (!memory.keys) return new Float32Array(R * S);
    const weights = this.scores(memory, h, R);
    for (let r = 0; r < R; r++) softmax(weights, r * S, (r + 1) * S);
    return weights;
  }

  // The step of a hidden Markov model whose letters come in order; network/monotonic.py.
  monotonic({ S, L, keys, keyBias, readout }, [place, joint], after, tokens, h) {
    const { V, jump } = this, R = tokens.length, N = this.readout.outputs;
    const scores = this.scores({ S, keys, keyBias }, h, R), prior = new Float32Array(R * S);
    const newPlace = new Int32Array(R * L), x = new Float32Array(R * L * N);
    const own = this.readout.apply(h, R);
    for (let r = 0; r < R; r++) {
      const before = Array.from({ length: L }, (_, l) => joint[(r * L + l) * V + tokens[r]] + TINY);
      const total = before.reduce((a, b) => a + b);
      before.forEach((p, l) => {
        const from = place[r * L + l];
        const move = Float64Array.from({ length: S - from }, (_, n) =>
          scores[r * S + from + n] + jump[Math.min(n, jump.length - 1)]);
        softmax(move).forEach((q, n) => (prior[r * S + from + n] += (p / total) * q));
      });
      newPlace.set(largest(prior.subarray(r * S, (r + 1) * S), L), r * L);
      for (let l = 0; l < L; l++)
        for (let n = 0, at = (r * L + l) * N, s = newPlace[r * L + l]; n < N; n++)
          x[at + n] = own[r * N + n] + readout[s * N + n];
    }
    const newJoint = this.output ? this.output.apply(x.map(tanh), R * L) : x;
    const logits = new Float32Array(R * V);
    for (let r = 0; r < R; r++) {
      for (let l = 0; l < L; l++) {
        const at = (r * L + l) * V, p = prior[r * S + newPlace[r * L + l]];
        softmax(newJoint, at, at + V);
        for (let v = 0; v < V; v++) logits[r * V + v] += newJoint[at + v] *= p;
      }
    }
    return [[...after, newPlace, newJoint], logits.map((p) => Math.log(p + TINY)), prior];
  }
}

// x [R, N] + weights [R, S] values [S, N]
function addContext(x, weights, values, S) {
  const N = values.length / S, R = x.length / N;
  for (let r = 0; r < R; r++)
    for (let s = 0; s < S; s++) {
      const weight = weights[r * S + s], from = r * N;
      for (let n = 0, at = s * N; n < N; n++) x[from + n] += weight * values[at + n];
    }
}

// One network, or several that answer together, as the log P that a search reads.
class Ensemble {
  constructor(networks, smoothing, temperature) {
    Object.assign(this, { networks, smoothing, temperature });
  }

  start(ids, L) {
    const each = this.networks.map((network) => network.start(ids, L));
    return [each.map(([memory]) => memory), each.map(([, states]) => states)];
  }

  // New states, log P [R, V] of the next phoneme, weights [R, S].
  step(memories, states, tokens) {
    const each = this.networks.map((network, m) => network.step(memories[m], states[m], tokens));
    const mean = (_, i) => each.reduce((sum, x) => sum + x[2][i], 0) / each.length;
    const weights = each.length > 1 ? each[0][2].map(mean) : each[0][2];
    const R = tokens.length, V = each[0][1].length / R, logP = new Float64Array(R * V);
    for (let r = 0; r < R; r++) {
      const q = new Float64Array(V);
      for (const [, logits] of each)
        softmax(new Float64Array(logits.subarray(r * V, (r + 1) * V)))
          .forEach((p, v) => (q[v] += p / each.length));
      for (let v = 0; v < V; v++) {
        const p = Math.max(q[v] - this.smoothing / V, (this.smoothing ? 0.01 : 1) * q[v]);
        q[v] = v === PAD || v === BOS || v === UNK ? -Infinity : Math.log(p) / this.temperature;
      }
      softmax(q).forEach((p, v) => (logP[r * V + v] = Math.log(p)));
    }
    return [each.map((x) => x[0]), logP, weights];
  }

  // The states of these rows.
  select(states, rows, R) {
    return states.map((each) => each.map((x) => take(x, x.length / R, rows)));
  }
}

Object.assign(globalThis.g2pJax, { Network, Ensemble });
}
