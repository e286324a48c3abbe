// The answers of the shipped models are those that JAX gave (tests/references/golden.tsv.gz).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { convert, load, ModelError } from "../g2p.js";

const root = new URL("../../", import.meta.url);
const read = (name) => readFileSync(new URL(name, root));
const file = (model) => read(`g2p_jax/pretrained/${model}/model.safetensors`);
const models = {};
for (const model of ["english-small", "english"]) models[model] = await load(file(model));
const small = models["english-small"];

const SEARCHES = { best: {}, three: { nbest: 3 }, stress: { stress: true }, greedy: { beam: 1 } };
const golden = new Map();
for (const line of gunzipSync(read("tests/references/golden.tsv.gz")).toString().trim().split("\n")) {
  const [model, dtype, search, word, ...columns] = line.split("\t");
  if (dtype !== "float32") continue;
  const answers = columns.map((column) => column.split(":"));
  const key = `${model} ${search}`;
  golden.set(key, [...(golden.get(key) ?? []), { word, answers }]);
}

for (const [key, words] of golden) {
  test(`${key}: as JAX`, () => {
    const [model, search] = key.split(" "), step = model === "english" ? 40 : 8;
    for (const { word, answers } of words.filter((_, n) => n % step === 0)) {
      const [{ pronunciations }] = models[model].pronounce([word], SEARCHES[search]);
      const found = pronunciations.map(({ phonemes }) => phonemes.join(" "));
      assert.deepEqual(found, answers.map(([phonemes]) => phonemes), word);
      pronunciations.forEach(({ probability }, n) =>
        assert.ok(Math.abs(probability - answers[n][1]) < 1e-4, word));
    }
  });
}

test("without WebAssembly the answers are the same", async () => {
  const plain = await load(file("english-small"), { plain: true });
  for (const word of ["rebuilt", "tomato", "a"]) {
    const [one, other] = [plain, small].map((g2p) => g2p.pronounce([word], { nbest: 2 })[0]);
    one.pronunciations.forEach(({ phonemes, probability }, n) => {
      assert.deepEqual(phonemes, other.pronunciations[n].phonemes);
      assert.ok(Math.abs(probability - other.pronunciations[n].probability) < 1e-5);
    });
  }
});

test("words of several parts, unknown characters, and nothing at all", () => {
  const [both, parts, accent, signs, none] = small.pronounce(
    ["well known", "well-known", "café", "日x!", ""],
  );
  assert.deepEqual(both.pronunciations, parts.pronunciations);
  assert.deepEqual(accent.pronunciations, small.pronounce(["CAFE"])[0].pronunciations);
  assert.deepEqual(signs.unknown, ["日", "!"]);
  const [nul] = small.pronounce(["ca\0t well"]); // was read as a place to cut
  assert.deepEqual([nul.unknown, nul.pronunciations.length], [["\0"], 1]);
  assert.deepEqual(nul.pronunciations, small.pronounce(["cat well"])[0].pronunciations);
  assert.deepEqual(none.pronunciations, [{ phonemes: [], probability: 0 }]);
  const long = "pneumonoultramicroscopicsilicovolcanoconiosis";
  assert.equal(small.transcribe(long), "N UW M AH N OW L T R AH M IY S K S IH L IH K AH V OW L");
});

test("no word is silent", () => {
  const found = ["x", "w", "wp", "xr"].map((word) => models.english.transcribe(word));
  assert.deepEqual(found, ["EH K", "D AH", "W IY", "EH K S"]); // as in JAX
  const [{ pronunciations }] = small.pronounce(["'"], { nbest: 3 });
  assert.ok(pronunciations.every(({ phonemes }) => phonemes.length));
});

test("alphabets and stress", () => {
  assert.equal(models.english.transcribe("through", "ipa"), "ˈθ ɹ u");
  assert.equal(models.english.transcribe("knight", "ipa"), "ˈn aɪ t");
  assert.equal(small.transcribe("knight"), "N AY T");
  assert.deepEqual(convert(["AH0", "B", "AW1", "T"], "ipa"), ["ə", "ˈb", "aʊ", "t"]);
  assert.deepEqual(convert(["AH0", "B", "AW1", "T"], "espeak"), ["ə", "b", "ˈaʊ", "t"]);
  assert.deepEqual(convert(["EH1", "S", "P", "R", "AH0"], "xsampa"), ['"E', "s", "p", "r\\", "@"]);
  assert.throws(() => convert(["Q"], "ipa"), RangeError);
  assert.throws(() => small.pronounce(["a"], { alphabet: "klingon" }), RangeError);
  const options = { alphabet: "ipa", stress: false, nbest: 8 };
  const [{ pronunciations }] = models.english.pronounce(["rebuilt"], options);
  const different = new Set(pronunciations.map(({ phonemes }) => phonemes.join(" ")));
  assert.equal(different.size, pronunciations.length); // what is written alike is one
});

test("the pronunciations of a word up to a probability", () => {
  const [{ pronunciations }] = small.pronounce(["live"], { nbest: 8, mass: 0.9 });
  assert.equal(pronunciations.length, 2);
  assert.throws(() => small.pronounce(["a"], { nbest: 0 }), RangeError);
  const list = { name: "TypeError", message: 'words: a list of texts, such as ["through"]' };
  for (const words of ["a", null, [null], [5]]) assert.throws(() => small.pronounce(words), list);
  assert.throws(() => small.transcribe(null), list);
  assert.throws(() => small.pronounce(["a"], { nbset: 3 }), /^RangeError: no option nbset: there are nb/);
  assert.throws(() => small.pronounce(["a"], { stress: "yes" }), /^TypeError: stress: true or false/);
  assert.throws(() => small.pronounce(["a"], { language: 3 }), /^TypeError: language: a text/);
  assert.throws(() => small.inspect("cat", "K AE T"), /^TypeError: phonemes: a list/);
  assert.throws(() => small.inspect(null), /^TypeError: word: a text/);
  assert.throws(() => small.inspect("cat", null, { nbest: 3 }), /^RangeError: no option nbest/);
});

test("letters, confidence and attention of each phoneme", () => {
  const { spelled, probabilities, weights, phonemes } = small.inspect("knight");
  assert.deepEqual([spelled, phonemes], [["KN", "IGH", "T"], ["N", "AY", "T"]]);
  assert.equal(probabilities.length, 4);
  for (const row of weights) assert.ok(Math.abs(row.reduce((a, b) => a + b) - 1) < 1e-5);
  assert.deepEqual(small.inspect("123", ["W"]).spelled, [""]);
});

test("what is no model is refused", async () => {
  const bytes = file("english-small");
  const damaged = Uint8Array.from(bytes);
  damaged[damaged.length - 100] ^= 1;
  const other = Uint8Array.from(bytes);
  other.set(new TextEncoder().encode("g2p_jax 9"), bytes.indexOf("g2p_jax 2"));
  for (const wrong of [new Uint8Array(), new Uint8Array(100), bytes.subarray(0, 9999), damaged, other]) {
    await assert.rejects(load(wrong), ModelError);
  }
});
