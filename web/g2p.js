// Pronounces words with a model of g2p_jax, in browsers and in Node; see README.md.
import "./src/tables.js";
import "./src/products.js";
import "./src/network.js";
import "./src/search.js";
import "./src/joint.js";
import "./src/alphabets.js";
import "./src/model_file.js";
import "./src/spelling.js";
import "./src/pronounce.js";

export const { load, G2P, ModelError, convert, ALPHABETS } = globalThis.g2pJax;
