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

const STAGING = 1 << 16; // numbers at the start of the memory: inputs and outputs of a product
const PAGE = 1 << 14; // numbers in a page of WebAssembly's memory

// The weights of all linear layers in one memory, which WebAssembly multiplies with.
class Products {
  constructor(plain) {
    this.floats = new Float32Array(STAGING);
    this.used = STAGING;
    if (plain) return;
    try {
      const memory = new WebAssembly.Memory({ initial: STAGING / PAGE });
      const bytes = Uint8Array.from(atob(WASM), (char) => char.charCodeAt(0));
      const imports = { g2p: { memory } };
      this.run = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports.product;
      Object.assign(this, { memory, floats: new Float32Array(memory.buffer) });
    } catch {} // an old browser, or a page that forbids it
  }

  // Stores numbers; returns where.
  store(numbers) {
    const { used, floats, memory } = this, more = this.used + numbers.length - floats.length;
    if (more > 0) {
      memory?.grow(Math.ceil(more / PAGE));
      this.floats = new Float32Array(memory?.buffer ?? floats.length + more);
      if (!memory) this.floats.set(floats);
    }
    this.floats.set(numbers, used);
    this.used += numbers.length;
    return used;
  }

  // The same as product.wat: y[rows, columns] = x[rows, inputs] w[inputs, columns] + b.
  run(x, w, b, y, rows, inputs, columns) {
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

// x W + b with W [inputs, outputs].
class Linear {
  constructor(products, w, outputs, b = []) {
    const inputs = w.length / outputs, columns = Math.ceil(outputs / 4) * 4; // four to a vector
    const padded = new Float32Array((inputs + 1) * columns);
    for (let row = 0; row < inputs; row++) {
      padded.set(w.subarray(row * outputs, (row + 1) * outputs), row * columns);
    }
    padded.set(b, inputs * columns);
    Object.assign(this, { products, inputs, outputs, columns, address: products.store(padded) });
  }

  // Returns y [rows, outputs] of x [rows, inputs].
  apply(x, rows) {
    const { products, inputs, outputs, columns, address } = this, { floats } = products;
    const y = new Float32Array(rows * outputs), most = Math.floor(STAGING / (inputs + columns));
    for (let first = 0; first < rows; first += most) {
      const count = Math.min(most, rows - first), out = count * inputs;
      floats.set(x.subarray(first * inputs, (first + count) * inputs));
      const bias = address + inputs * columns;
      products.run(0, 4 * address, 4 * bias, 4 * out, count, inputs, columns);
      for (let row = 0, at = out; row < count; row++, at += columns) {
        y.set(floats.subarray(at, at + outputs), (first + row) * outputs);
      }
    }
    return y;
  }
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const tanh = (x) => 1 - 2 / (Math.exp(2 * x) + 1);
const range = (count) => Array.from({ length: count }, (_, n) => n);

// In place, of the numbers from a place to another.
function softmax(x, from = 0, to = x.length) {
  let highest = -Infinity, sum = 0;
  for (let i = from; i < to; i++) highest = Math.max(highest, x[i]);
  for (let i = from; i < to; i++) sum += x[i] = Math.exp(x[i] - highest);
  for (let i = from; i < to; i++) x[i] /= sum;
  return x;
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
function concatenate(parts, rows) {
  const widths = parts.map((part) => part.length / rows), width = widths.reduce((a, b) => a + b);
  const whole = new Float32Array(rows * width);
  for (let r = 0, at = 0; r < rows; r++) {
    parts.forEach((part, n) => {
      whole.set(part.subarray(r * widths[n], (r + 1) * widths[n]), at);
      at += widths[n];
    });
  }
  return whole;
}

// The rows of x [rows, width] with these numbers.
function take(x, width, numbers) {
  const taken = new x.constructor(numbers.length * width);
  numbers.forEach((n, i) => taken.set(x.subarray(n * width, (n + 1) * width), i * width));
  return taken;
}

Object.assign(globalThis.g2pJax, {
  Products, Linear, sigmoid, tanh, range, softmax, largest, concatenate, take,
});
}
