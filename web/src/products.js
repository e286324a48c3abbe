// Matrix products, and a few functions of arrays.
//
// The files of this folder are plain scripts that share the object g2pJax, not modules: a page that
// is opened from a folder can load no modules. ../g2p.js is the module.
"use strict";
globalThis.g2pJax ??= {};
{
const WASM = // product.wat
  "AGFzbQEAAAABCwFgB39/f39/f38AAg8BA2cycAZtZW1vcnkCAAEDAgEABwsBB3Byb2R1Y3QAAAq6BwG3BwIGfwt7IAZBAnQh" +
  "ByAFQQJ0IQUCQANAIARBAkgNASAAIAVqIQtBACEIAkADQCAIQcAAaiAHSg0BIAIgCGohDCAM/QAEACEQIBAhFCAM/QAEECER" +
  "IBEhFSAM/QAEICESIBIhFiAM/QAEMCETIBMhFyABIAhqIQwgACEJIAshCgNAIAn9CQIAIQ0gCv0JAgAhDiAM/QAEACEPIBAg" +
  "DSAP/eYB/eQBIRAgFCAOIA/95gH95AEhFCAM/QAEECEPIBEgDSAP/eYB/eQBIREgFSAOIA/95gH95AEhFSAM/QAEICEPIBIg" +
  "DSAP/eYB/eQBIRIgFiAOIA/95gH95AEhFiAM/QAEMCEPIBMgDSAP/eYB/eQBIRMgFyAOIA/95gH95AEhFyAMIAdqIQwgCkEE" +
  "aiEKIAlBBGoiCSALSQ0ACyADIAhqIQwgDCAQ/QsEACAMIBH9CwQQIAwgEv0LBCAgDCAT/QsEMCADIAhqIAdBAWxqIQwgDCAU" +
  "/QsEACAMIBX9CwQQIAwgFv0LBCAgDCAX/QsEMCAIQcAAaiEIDAALCwJAA0AgCCAHTg0BIAIgCGr9AAQAIRAgECEUIAEgCGoh" +
  "DCAAIQkgCyEKA0AgDP0ABAAhDyAQIAn9CQIAIA/95gH95AEhECAUIAr9CQIAIA/95gH95AEhFCAMIAdqIQwgCkEEaiEKIAlB" +
  "BGoiCSALSQ0ACyADIAhqIQwgDCAQ/QsEACAMIAdqIBT9CwQAIAhBEGohCAwACwsgCyAFaiEAIAMgB0EBdGohAyAEQQJrIQQM" +
  "AAsLAkAgBEUNACAAIAVqIQtBACEIAkADQCAIQcAAaiAHSg0BIAIgCGohDCAM/QAEACEQIAz9AAQQIREgDP0ABCAhEiAM/QAE" +
  "MCETIAEgCGohDCAAIQkDQCAJ/QkCACENIAz9AAQAIQ8gECANIA/95gH95AEhECAM/QAEECEPIBEgDSAP/eYB/eQBIREgDP0A" +
  "BCAhDyASIA0gD/3mAf3kASESIAz9AAQwIQ8gEyANIA/95gH95AEhEyAMIAdqIQwgCUEEaiIJIAtJDQALIAMgCGohDCAMIBD9" +
  "CwQAIAwgEf0LBBAgDCAS/QsEICAMIBP9CwQwIAhBwABqIQgMAAsLAkADQCAIIAdODQEgAiAIav0ABAAhECABIAhqIQwgACEJ" +
  "A0AgDP0ABAAhDyAQIAn9CQIAIA/95gH95AEhECAMIAdqIQwgCUEEaiIJIAtJDQALIAMgCGohDCAMIBD9CwQAIAhBEGohCAwA" +
  "CwsLCw==";

// x w + b with rows `from` to `to` of w, which is a tensor {data, shape}.
class Linear {
  constructor(w, b = null, from = 0, to = w.shape[0]) {
    this.inputs = to - from;
    this.outputs = w.shape[1];
    this.columns = Math.ceil(this.outputs / 4) * 4; // four to a vector; the others are zeros
    this.weights = new Float32Array((this.inputs + 1) * this.columns); // the bias is the last row
    for (let row = 0; row <= this.inputs; row++) {
      const at = (from + row) * this.outputs;
      const values = row < this.inputs ? w.data.subarray(at, at + this.outputs) : b?.data;
      if (values) this.weights.set(values, row * this.columns);
    }
  }

  // Returns y [rows, outputs] of x [rows, inputs].
  apply(x, rows) {
    const { inputs, outputs, columns, products, address } = this;
    const { floats } = products;
    const y = new Float32Array(rows * outputs);
    const most = Math.floor(products.staging / (inputs + columns));
    for (let first = 0; first < rows; first += most) {
      const count = Math.min(most, rows - first), out = count * inputs;
      floats.set(x.subarray(first * inputs, (first + count) * inputs));
      const bias = address + inputs * columns;
      products.run(0, 4 * address, 4 * bias, 4 * out, count, inputs, columns);
      for (let row = 0; row < count; row++) {
        const at = out + row * columns;
        y.set(floats.subarray(at, at + outputs), (first + row) * outputs);
      }
    }
    return y;
  }
}

// The weights of all linear layers in one memory, which WebAssembly multiplies with.
class Products {
  constructor(layers, plain = false) {
    const widest = layers.map((layer) => layer.inputs + layer.columns);
    this.staging = Math.max(1 << 16, ...widest); // numbers at the start: inputs and outputs
    const size = layers.reduce((sum, layer) => sum + layer.weights.length, this.staging);
    let memory = null;
    try {
      if (plain) throw Error();
      memory = new WebAssembly.Memory({ initial: Math.ceil(size / (1 << 14)) });
      const bytes = Uint8Array.from(atob(WASM), (char) => char.charCodeAt(0));
      const imports = { g2p: { memory } };
      this.run = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports.product;
    } catch {
      memory = { buffer: new ArrayBuffer(4 * size) }; // an old browser, or a page that forbids it
      this.run = this.plain;
    }
    this.floats = new Float32Array(memory.buffer);
    let address = this.staging;
    for (const layer of layers) {
      this.floats.set(layer.weights, address);
      Object.assign(layer, { products: this, address, weights: null });
      address += (layer.inputs + 1) * layer.columns;
    }
  }

  // The same as product.wat.
  plain(x, w, b, y, rows, inputs, columns) {
    const { floats } = this;
    for (x /= 4, w /= 4, b /= 4, y /= 4; rows--; x += inputs, y += columns) {
      floats.copyWithin(y, b, b + columns);
      for (let i = 0, at = w; i < inputs; i++) {
        const value = floats[x + i];
        for (let j = 0; j < columns; j++) floats[y + j] += value * floats[at++];
      }
    }
  }
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const tanh = (x) => 1 - 2 / (Math.exp(2 * x) + 1);

function softmax(x, from = 0, to = x.length) {
  let highest = -Infinity, sum = 0;
  for (let i = from; i < to; i++) highest = Math.max(highest, x[i]);
  for (let i = from; i < to; i++) sum += x[i] = Math.exp(x[i] - highest);
  for (let i = from; i < to; i++) x[i] /= sum;
  return x;
}

function logSumExp(x) {
  const highest = Math.max(...x);
  if (highest === -Infinity) return highest;
  return highest + Math.log(x.reduce((sum, value) => sum + Math.exp(value - highest), 0));
}

// Places of the `count` largest numbers, the first of equal ones first.
function largest(x, count) {
  const places = [];
  for (let i = 0; i < x.length; i++) {
    let n = places.length;
    while (n && x[places[n - 1]] < x[i]) n--;
    if (n < count) places.splice(n, 0, i);
    if (places.length > count) places.pop();
  }
  return places;
}

// [rows, A] and [rows, B] -> [rows, A + B]
function concatenate([first, ...others], rows) {
  return others.reduce((a, b) => {
    const A = a.length / rows, B = b.length / rows, both = new Float32Array(a.length + b.length);
    for (let r = 0; r < rows; r++) {
      both.set(a.subarray(r * A, (r + 1) * A), r * (A + B));
      both.set(b.subarray(r * B, (r + 1) * B), r * (A + B) + A);
    }
    return both;
  }, first);
}

// The rows of x [rows, width] with these numbers.
function take(x, width, numbers) {
  const taken = new x.constructor(numbers.length * width);
  numbers.forEach((n, i) => taken.set(x.subarray(n * width, (n + 1) * width), i * width));
  return taken;
}

Object.assign(globalThis.g2pJax, {
  Linear, Products, sigmoid, tanh, softmax, logSumExp, largest, concatenate, take,
});
}
