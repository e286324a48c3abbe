// Compares answers with those of a file, and measures; see web.py.
import { readFileSync } from "node:fs";
import { load } from "../web/g2p.js";

const [model, file, nbest] = process.argv.slice(2);
const expected = JSON.parse(readFileSync(file));
const start = performance.now();
const g2p = await load(readFileSync(model));
const loaded = performance.now() - start;
for (const [word] of expected.slice(0, 100)) g2p.pronounce([word]); // V8 compiles
const times = [];
let different = 0, most = 0;
for (const [word, answers] of expected) {
  const before = performance.now();
  const [{ pronunciations }] = g2p.pronounce([word], { nbest: Number(nbest) });
  times.push(performance.now() - before);
  const [best, p] = answers[0], found = pronunciations[0];
  if (found.phonemes.join(" ") === best) most = Math.max(most, Math.abs(found.probability - p));
  else {
    different++;
    if (different < 6) console.log(word, best, p, "JavaScript:", JSON.stringify(found));
  }
}
const total = times.reduce((a, b) => a + b);
times.sort((a, b) => a - b);
const at = (share) => times[Math.floor(share * (times.length - 1))].toFixed(2);
console.log(
  `${model.split("/").at(-2)}: loaded in ${loaded.toFixed(0)} ms; ${different} of ${times.length} best ` +
  `answers differ, probabilities by up to ${most.toExponential(1)}; a word ${at(0.5)} ms, 99 % ` +
  `${at(0.99)} ms, ${Math.round((1000 * times.length) / total)} words/s`,
);
