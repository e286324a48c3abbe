// Pronounces words with the graph next to this file: node pronounce.mjs hello through
// Without words it reads them from standard input, one a line.
// Needs onnxruntime-node, or onnxruntime-web, which is the one for browsers.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";

const ort = await import("onnxruntime-node").catch(() => import("onnxruntime-web")).catch(() => {
  console.error("pronounce.mjs needs onnxruntime-node: npm install onnxruntime-node");
  process.exit(1);
});
const open = (name) => readFile(new URL(name, import.meta.url));
const lines = async (name) => (await open(name)).toString("utf8").split("\n").slice(0, -1);

/** What spelling.txt says: of each language the numbers of letters for each character. */
const tables = new Map(), names = new Map(), [longest, ...entries] = await lines("spelling.txt");
const letterNames = await lines("letters.txt"), char = (code) => String.fromCodePoint(code);
for (const [language, code, ...numbers] of entries.map((line) => line.split(" "))) {
  if (isNaN(code)) names.set(language, code); // a name of a language
  else if (tables.has(language)) tables.get(language).set(char(code), numbers.map(Number));
  else tables.set(language, new Map([[char(code), numbers.map(Number)]]));
}

/** The numbers of the letters of each part of a word, and what is wrong. */
function spell(word) {
  const [name] = word.split(":", 1), code = name.toLowerCase(); // German, DE, de-AT
  const language = names.get(code) ?? names.get(code.split(/[-_]/)[0]);
  const named = name !== word && language, table = tables.get(named ? language : "-");
  const parts = [[]], rows = [];
  if (!table) {
    const known = [...tables.keys()].join(", ");
    return [[], `needs a language, as deu:Haus does; the model knows ${known}`];
  }
  let unknown = "";
  for (const char of (named ? word.slice(name.length + 1) : word).normalize("NFC")) {
    const numbers = table.get(char);
    if (numbers?.[0] === 0) parts.push([]); // a hyphen or a space
    else parts.at(-1).push(...(numbers ?? []).filter((number) => number !== 3));
    if (numbers?.includes(3) ?? true) unknown += char; // 3: the letter is read as another
  }
  const first = letterNames.indexOf(`${language}:`); // of models of many languages
  for (const part of parts) { // equal pieces, where it is too long
    const size = Math.ceil(part.length / Math.ceil(part.length / longest));
    for (let i = 0; i < part.length; i += size)
      rows.push([...(first < 0 ? [] : [first]), ...part.slice(i, i + size)]);
  }
  return [rows, unknown ? `not known: ${unknown}` : rows.length ? "" : "no letters"];
}

const phonemes = await lines("phonemes.txt");
const session = await ort.InferenceSession.create(await open("greedy.onnx"));

async function pronounce(word) {
  const [rows, problem] = spell(word), width = Math.max(0, ...rows.map((row) => row.length));
  let found = [], probability = 0;
  if (rows.length) {
    const letters = new BigInt64Array(rows.length * width); // 0 fills up short rows
    rows.forEach((row, r) => row.forEach((id, n) => (letters[r * width + n] = BigInt(id))));
    const input = new ort.Tensor("int64", letters, [rows.length, width]);
    const output = await session.run({ letters: input });
    found = [...output.phonemes.data].filter(Boolean).map((id) => phonemes[Number(id)]);
    if (found.length) probability = Math.exp(output.log_prob.data.reduce((a, b) => a + b));
  }
  const shown = word.replaceAll("\t", " ");
  console.log(`${shown}\t${found.join(" ")}\t${probability.toFixed(3)}`);
  if (problem) console.error(`'${shown}': ${problem}`);
}

try {
  const words = process.argv.length > 2 ? process.argv.slice(2)
    : createInterface({ input: process.stdin, crlfDelay: Infinity });
  for await (const word of words) await pronounce(word.trim());
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
