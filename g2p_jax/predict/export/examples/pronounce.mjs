// Pronounces words with the graph next to this file: node pronounce.mjs hello through
// Needs onnxruntime-node, or onnxruntime-web, which is the one for browsers.
import { readFile } from "node:fs/promises";

const ort = await import("onnxruntime-node").catch(() => import("onnxruntime-web"));
const open = (name) => readFile(new URL(name, import.meta.url));

/** The symbols of a file, one a line, in the order of their numbers. */
async function symbols(name) {
  return (await open(name)).toString("utf8").split("\n").slice(0, -1);
}

/** The numbers of the letters that the model knows, in either case. */
function spell(word, numbers) {
  const cases = [...word].map((x) => [x, x.toUpperCase(), x.toLowerCase()]);
  return cases.map((each) => numbers.get(each.find((x) => numbers.has(x))) ?? 0).filter(Boolean);
}

const words = process.argv.length > 2 ? process.argv.slice(2) : ["hello"];
const numbers = new Map((await symbols("letters.txt")).map((letter, n) => [letter, n]));
const phonemes = await symbols("phonemes.txt");
const session = await ort.InferenceSession.create(await open("greedy.onnx"));

const spelled = words.map((word) => spell(word, numbers));
const width = Math.max(...spelled.map((ids) => ids.length));
const letters = new BigInt64Array(words.length * width); // 0 fills up short words
spelled.forEach((ids, row) => ids.forEach((id, n) => (letters[row * width + n] = BigInt(id))));

const input = new ort.Tensor("int64", letters, [words.length, width]);
const output = await session.run({ letters: input });
const steps = output.phonemes.dims[1];
words.forEach((word, row) => {
  const ids = [...output.phonemes.data.slice(row * steps, (row + 1) * steps)].filter(Boolean);
  const probability = Math.exp(output.log_prob.data[row]).toFixed(3);
  console.log(`${word}\t${ids.map((id) => phonemes[Number(id)]).join(" ")}\t${probability}`);
});
