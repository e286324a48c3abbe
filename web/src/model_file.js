// Reads model files: safetensors, with config, symbols and a checksum in the header.
"use strict";
globalThis.g2pJax ??= {};
{
class ModelError extends Error {
  name = "ModelError";
}

const TYPES = {
  F32: Float32Array, U8: Uint8Array, U16: Uint16Array, U32: Uint32Array, I64: BigInt64Array,
  F16: Uint16Array,
};

let halves; // float16 numbers by their bits

function fromHalf(bits) {
  halves ??= Float32Array.from({ length: 1 << 16 }, (_, h) => {
    const exponent = (h >> 10) & 31, fraction = h & 1023, sign = h >> 15 ? -1 : 1;
    return sign * (exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction);
  });
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = halves[bits[i]];
  return values;
}

// Config, symbols and a function name -> {data, shape}; of a file in the format safetensors.
async function read(bytes) {
  const end = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, end)));
  const { sha256, ...about } = header.__metadata__;
  if (about.format !== "g2p_jax 2") {
    throw new ModelError(`its format is ${about.format}; this version reads g2p_jax 2`);
  }
  if (sha256 && globalThis.crypto?.subtle) { // not on a page from another host without TLS
    const text = new TextEncoder().encode(sortedJson({ ...header, __metadata__: about }));
    const all = new Uint8Array(text.length + bytes.length - end);
    all.set(text);
    all.set(bytes.subarray(end), text.length);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", all));
    const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (found !== sha256) throw new ModelError("damaged: wrong checksum");
  }
  const tensor = (name) => {
    if (!tensor.has(name)) throw new ModelError(`damaged: it has no ${name}`);
    const { dtype, shape, data_offsets: [from, to] } = header[name];
    const data = new TYPES[dtype](bytes.slice(end + from, end + to).buffer);
    return { data: dtype === "F16" ? fromHalf(data) : data, shape };
  };
  tensor.has = (name) => name in header;
  return { config: JSON.parse(about.config), symbols: JSON.parse(about.symbols), tensor };
}

// JSON as Python writes it, with sorted keys: what the checksum of a model is made of.
function sortedJson(value) {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(", ")}]`;
  if (value && typeof value === "object") {
    const keys = Object.keys(value).sort();
    const pairs = keys.map((key) => `${sortedJson(key)}: ${sortedJson(value[key])}`);
    return `{${pairs.join(", ")}}`;
  }
  const escaped = (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value).replace(/[^ -~]/g, escaped);
}

// The tensors of member n of an ensemble, which are the only ones where there is one member.
function member(tensor, n, members) {
  if (members === 1) return tensor;
  return (name) => {
    const { data, shape: [, ...shape] } = tensor(name), size = data.length / members;
    return { data: data.subarray(n * size, (n + 1) * size), shape };
  };
}

Object.assign(globalThis.g2pJax, { ModelError, read, member });
}
