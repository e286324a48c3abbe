// The networks: recurrent cells, encoder, attention, decoders. The mathematics is that of
// g2p_jax/network, one word at a time.
//
// Letters in comments: S letters, R rows (hypotheses), V symbols, H units, L letters that a step of
// a monotonic decoder reads. Arrays are flat; the last axis is the fastest.
"use strict";
globalThis.g2pJax ??= {};
{
const { Products, Linear, sigmoid, tanh, range, softmax, largest, concatenate, take } =
  globalThis.g2pJax;
const PAD = 0, BOS = 1, UNK = 3;
const TINY = 1e-18; // added to probabilities, against 0 / 0 and log 0
const LIKELY = 3; // letters that a step of a monotonic decoder reads in a search

// The new state, h [R, H] and c of an LSTM, from x = W x + b [R, gates H] and the state.
const CELLS = {
  elman(x, layer, [h], R) {
    return [layer.u.apply(h, R).map((value, k) => tanh(x[k] + value))];
  },
  lstm(x, layer, [h, c], R) {
    const u = layer.u.apply(h, R), H = h.length / R;
    const newH = new Float32Array(R * H), newC = new Float32Array(R * H);
    for (let r = 0, k = 0; r < R; r++)
      for (let i = 4 * r * H, end = i + H; i < end; i++, k++) {
        const gate = (g) => x[i + g * H] + u[i + g * H];
        newC[k] = sigmoid(gate(1)) * c[k] + sigmoid(gate(0)) * tanh(gate(2));
        newH[k] = sigmoid(gate(3)) * tanh(newC[k]);
      }
    return [newH, newC];
  },
  gru(x, layer, [h], R) {
    const u = layer.u.apply(h, R), H = h.length / R, newH = new Float32Array(R * H);
    const before = layer.reset?.apply(resetStates(x, u, h, R), R); // gru_before: U (r h)
    for (let r = 0, k = 0, j = 0; r < R; r++, j += u.length / R - H)
      for (let i = 3 * r * H, end = i + H; i < end; i++, j++, k++) {
        const z = sigmoid(x[i + H] + u[j + H]);
        const uh = before ? before[k] : sigmoid(x[i] + u[j]) * u[j + 2 * H];
        newH[k] = (1 - z) * tanh(x[i + 2 * H] + uh) + z * h[k];
      }
    return [newH];
  },
};
CELLS.gru_before = CELLS.gru;

// r h [R, H]
function resetStates(x, u, h, R) {
  const H = h.length / R, at = (k, gates) => Math.floor(k / H) * gates * H + (k % H);
  return h.map((value, k) => value * sigmoid(x[at(k, 3)] + u[at(k, 2)]));
}

class Network {
  constructor(model, tensor, plain) {
    const { attention, hidden: H } = model, products = new Products(plain);
    const E = H * (model.directions === "concatenate" ? 2 : 1); // width of the memory
    const linear = (name, w = "w", b = "b") => {
      const { data, shape } = tensor(`${name}/${w}`);
      return new Linear(products, data, shape[1], tensor(`${name}/${b}`).data);
    };
    const recurrent = (layer, name) => Object.assign(layer, {
      u: linear(name, "u_h", "c_h"),
      reset: model.cell === "gru_before" ? linear(name, "u_rh", "c_rh") : null,
    });
    const decoder = (name, readsContext) => { // the last rows of W are those of the context
      const { data, shape: [, outputs] } = tensor(`${name}/w`), inputs = -E * outputs;
      if (!readsContext) return { input: linear(name) };
      const bias = tensor(`${name}/b`).data;
      return {
        input: new Linear(products, data.subarray(0, inputs), outputs, bias),
        context: new Linear(products, data.subarray(inputs), outputs),
      };
    };
    const reads = (n) => attention !== "none" && attention !== "monotonic"
      && (model.input_feeding ? n === 0 : n > 0);
    const ways = model.directions === "backward" ? ["backward"] : ["forward", "backward"];
    this.model = model;
    this.states = model.cell === "lstm" ? 2 : 1; // arrays in the state of a layer
    this.encoder = range(model.encoder_layers).map((n) => ways.map((way) => {
      const name = `encoder/${way}_${n}`;
      return recurrent({ input: linear(name), backward: way === "backward" }, name);
    }));
    this.decoder = range(model.decoder_layers).map((n) =>
      recurrent(decoder(`decoder/layers_${n}`, reads(n)), `decoder/layers_${n}`));
    this.readout = decoder(`decoder/${model.readout ? "readout" : "output"}`, attention !== "none");
    this.output = model.readout ? linear("decoder/output") : null;
    this.bridge = model.start === "bridge" ? linear("decoder/bridge") : null;
    if (attention.startsWith("additive")) {
      [this.query, this.key] = [linear("decoder/query"), linear("decoder/key")];
      this.v = tensor("decoder/v").data;
    } else if (attention !== "none") { // score(h, m) = (W h + b) . m = h . (W' m) + b . m, scaled
      const w = tensor("decoder/query/w").data, b = tensor("decoder/query/b").data;
      const turned = w.map((_, i) => E ** -0.5 * w[(i % H) * E + Math.floor(i / H)]);
      this.key = new Linear(products, turned, H);
      this.keyBias = new Linear(products, b.map((value) => E ** -0.5 * value), 1);
    }
    if (attention === "monotonic") this.jump = tensor("decoder/jump").data;
    const table = ({ input }, { data, shape }) => input.apply(data, shape[0]);
    this.letters = this.encoder[0].map((layer) => table(layer, tensor("encoder/embedding")));
    this.phonemes = table(this.decoder[0], tensor("decoder/embedding"));
    this.V = tensor("decoder/embedding").shape[0];
  }

  zeros(layers = 1) {
    return range(this.states * layers).map(() => new Float32Array(this.model.hidden));
  }

  // The outputs [S, H] of an encoder's layer over x, W x + b [S, gates H], and its last state.
  unroll(layer, x, S) {
    const H = this.model.hidden, width = x.length / S, y = new Float32Array(S * H);
    const step = CELLS[this.model.cell];
    let state = this.zeros();
    for (const s of layer.backward ? range(S).reverse() : range(S)) {
      state = step(x.subarray(s * width, (s + 1) * width), layer, state, 1);
      y.set(state[0], s * H);
    }
    return [y, ...state];
  }

  // The memory that all steps read, and the states before the first phoneme, for the ids of a word.
  // L: how many letters a step of a monotonic decoder hands on.
  start(ids, L = LIKELY) {
    const { model, encoder, decoder } = this, S = ids.length, H = model.hidden, last = [];
    let x, top;
    encoder.forEach((layers, n) => {
      const runs = layers.map((layer, d) => this.unroll(
        layer, n ? layer.input.apply(x, S) : take(this.letters[d], layer.input.outputs, ids), S));
      const sum = n === encoder.length - 1 && model.directions === "sum";
      const join = (parts, rows) => sum ? parts[0].map((a, i) => a + parts[1][i])
        : concatenate(parts, rows);
      [x, ...top] = runs[0].map((_, i) => join(runs.map((run) => run[i]), i ? 1 : S));
      last.push(...top);
    });
    const memory = { S, L: Math.min(L, S) };
    memory.keys = this.key?.apply(x, S);
    memory.keyBias = this.keyBias?.apply(x, S);
    memory.values = [...decoder, this.readout].map((layer) => layer.context?.apply(x, S));
    const states = this.zeros(decoder.length);
    if (model.start !== "zeros") {
      const all = this.bridge?.apply(top[0], 1).map(tanh) ?? concatenate(last, 1);
      states.forEach((h, n) => h.set(all.subarray(n * H, (n + 1) * H)));
    }
    if (this.jump) { // which letters the last phoneme may come from, and P(letter, phoneme)
      states.push(new Int32Array(memory.L), new Float32Array(memory.L * this.V).fill(1, 0, this.V));
    }
    return [memory, states];
  }

  // One step: new states, logits [R, V] of the next phoneme, weights [R, S] of the letters.
  step(memory, states, tokens) {
    const { decoder, model, states: size } = this, R = tokens.length, after = [];
    let x = take(this.phonemes, decoder[0].input.outputs, tokens), weights = null, h;
    decoder.forEach((layer, n) => {
      if (n) x = layer.input.apply(h, R);
      if (n === 0 && model.input_feeding) weights = this.attend(memory, states.at(-size), R);
      if (layer.context) addContext(x, weights, memory.values[n], memory.S);
      const state = states.slice(n * size, (n + 1) * size);
      after.push(...CELLS[model.cell](x, layer, state, R));
      h = after.at(-size);
      if (n === 0 && !model.input_feeding && !this.jump) weights = this.attend(memory, h, R);
    });
    const y = this.readout.input.apply(h, R), values = memory.values.at(-1);
    if (this.jump) return this.monotonic(memory, states.slice(-2), after, tokens, h, y, values);
    if (values) addContext(y, weights, values, memory.S);
    return [after, this.output ? this.output.apply(y.map(tanh), R) : y, weights];
  }

  // Scores [R, S] of the letters; dot or additive.
  scores({ keys, keyBias, S }, h, R) {
    const A = keys.length / S, scores = new Float32Array(R * S);
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
  monotonic(memory, [place, joint], after, tokens, h, own, values) {
    const { V, jump } = this, { S, L } = memory, R = tokens.length, N = own.length / R;
    const scores = this.scores(memory, h, R), prior = new Float32Array(R * S);
    const newPlace = new Int32Array(R * L), x = new Float32Array(R * L * N);
    for (let r = 0; r < R; r++) {
      const before = range(L).map((l) => joint[(r * L + l) * V + tokens[r]] + TINY);
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
          x[at + n] = own[r * N + n] + values[s * N + n];
    }
    const newJoint = this.output ? this.output.apply(x.map(tanh), R * L) : x;
    const p = new Float32Array(R * V);
    newPlace.forEach((s, row) => { // row = r L + l
      const r = Math.floor(row / L), at = row * V;
      softmax(newJoint, at, at + V);
      for (let v = 0; v < V; v++) p[r * V + v] += newJoint[at + v] *= prior[r * S + s];
    });
    return [[...after, newPlace, newJoint], p.map((p) => Math.log(p + TINY)), prior];
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
