// The page: what is typed is pronounced at once. The hash of the address holds the text.
"use strict";
{
const { byId, showStatus, chooseModels, setUpList } = globalThis.g2pPage;
const { percent, showWords, showPhonemes, showBest, showAttention } = globalThis.g2pPage;
const { convert } = globalThis.g2pJax;
const WORD = /[\p{L}\p{M}\p{N}]+(?:['’\-][\p{L}\p{M}\p{N}]+)*['’]?/gu;
const NAMED = /[\p{L}\p{M}\p{N}]+(?:['’\-:][\p{L}\p{M}\p{N}]+)*['’]?/gu; // deu:Haus
const MOST_WORDS = 40, NBEST = 5, MOST_REMEMBERED = 5000;
const EXAMPLE = "through"; // English
let g2p = null, answers = new Map(), word = 0, choice = 0, announce = 0;

const alphabet = () => document.querySelector("[name=alphabet]:checked").value;
// The model knows more stress than it answers with.
const options = () => ({ stress: g2p.hasStress || undefined, language: byId("language").value });
const languageNames = new Intl.DisplayNames("en", { type: "language" });

// ARPAbet as the user wants to see it; the phonemes of other models are shown as they are.
function written(phonemes) {
  return g2p.alphabet === "arpabet" ? convert(phonemes, alphabet()) : phonemes;
}

function fromHash() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return ""; // somebody's own hash
  }
}

// IPA is written without spaces.
const joined = (phonemes) => written(phonemes).join(alphabet() === "arpabet" ? " " : "");

function answer(text) {
  if (answers.size > MOST_REMEMBERED) answers.clear();
  if (!answers.has(text)) {
    answers.set(text, g2p.pronounce([text], { ...options(), nbest: NBEST })[0]);
  }
  return answers.get(text);
}

function show() {
  const words = byId("text").value.match(g2p?.languages.length ? NAMED : WORD) ?? [];
  const some = words.slice(0, MOST_WORDS);
  history.replaceState(null, "", `#${encodeURIComponent(byId("text").value)}`);
  if (!g2p) return;
  byId("results").hidden = !some.length;
  if (!some.length) return;
  const start = performance.now();
  let found;
  try {
    found = some.map(answer);
  } catch (error) { // of a word that names a language which the model does not know
    byId("results").hidden = true;
    showStatus(error.message, true);
    return;
  }
  const time = performance.now() - start;
  if (time > 0.05) byId("speed").textContent = `The last answer took ${time.toFixed(1)} ms.`;
  word = Math.min(word, some.length - 1);
  choice = Math.min(choice, found[word].pronunciations.length - 1);
  const texts = found.map(({ pronunciations }) => joined(pronunciations[0].phonemes));
  const choose = (n) => {
    [word, choice] = [n, 0];
    showDetail(found[n]);
  };
  showWords(some, texts, word, choose);
  showDetail(found[word]);
  showStatus(words.length > some.length
    ? `The first ${MOST_WORDS} of ${words.length} words; a longer text fits below.` : "");
  clearTimeout(announce);
  announce = setTimeout(() => {
    byId("summary").textContent = some.map((text, n) => `${text}: ${texts[n]}`).join(", ");
  }, 700);
}

const languageName = (code) => `${languageNames.of(code.split("-")[0])} (${code})`;

function showDetail({ word: text, pronunciations, unknown, language }) {
  const { phonemes } = pronunciations[choice];
  const inspection = g2p.inspect(text, phonemes, options());
  inspection.spelled = inspection.spelled.map((letters) => letters.replace(/^.*:/, "")); // deu:
  if (text === text.toLowerCase()) { // the model may know capitals only
    for (const name of ["letters", "spelled"]) {
      inspection[name] = inspection[name].map((letter) => letter.toLowerCase());
    }
  }
  showPhonemes(written(phonemes), inspection);
  showAttention(written(phonemes), inspection);
  const each = pronunciations.map((one) => joined(one.phonemes));
  showBest(each, pronunciations.map(({ probability }) => probability), choice, (n) => {
    choice = n;
    showDetail({ word: text, pronunciations, unknown, language });
    byId("best").querySelectorAll("input")[n].focus();
  });
  const signs = [...new Set(unknown)].join(" ");
  byId("note").hidden = !unknown.length;
  byId("note").textContent = phonemes.length ? `The model does not know ${signs}: left out, or read as a letter like it.`
    : `The model knows no letter of “${text}”.`;
  const guessed = options().language === "auto" ? `, ${languageName(language)}` : "";
  byId("heading").textContent = `${text}${guessed}, ${percent(pronunciations[choice].probability)}`;
}

// Lines of a lexicon; without stress unless the alphabet needs it.
function lexiconLines(words) {
  const own = g2p.alphabets.includes(alphabet()) ? alphabet() : "";
  return g2p.pronounce(words, { alphabet: own, language: options().language })
    .map((one) => `${one.word}\t${one.pronunciations[0].phonemes.join(" ")}`);
}

const list = setUpList(lexiconLines);
byId("text").oninput = () => {
  [word, choice] = [Infinity, 0]; // the word that is being typed is the last
  show();
};

function showLanguages({ languages, joint }) {
  const each = languages.map((code) => new Option(languageName(code), code));
  each.sort((a, b) => a.text.localeCompare(b.text));
  if (joint?.guess) each.unshift(new Option("guessed from the letters", "auto"));
  byId("language").replaceChildren(...each);
  byId("languages").hidden = !languages.length;
  byId("examples").hidden = languages.length > 0; // they are English
  const text = byId("text"), example = languages.length ? "" : EXAMPLE;
  text.placeholder = example;
  if (["", EXAMPLE].includes(text.value)) text.value = example;
}

byId("language").onchange = () => {
  answers = new Map();
  list.clear();
  show();
};
byId("controls").onsubmit = (event) => event.preventDefault();
byId("alphabet").onchange = () => {
  list.clear();
  show();
};
for (const button of byId("examples").querySelectorAll("button")) {
  button.onclick = () => {
    byId("text").value = button.textContent;
    [word, choice] = [0, 0];
    show();
  };
}
addEventListener("hashchange", () => {
  byId("text").value = fromHash();
  show();
});
addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
addEventListener("dragleave", () => document.body.classList.remove("dropping"));
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  for (const file of event.dataTransfer.files) {
    if (file.name.endsWith(".safetensors")) globalThis.g2pPage.openModel(file);
    else list.open(file);
  }
});

byId("text").value = fromHash() || EXAMPLE;
chooseModels((model) => {
  [g2p, answers] = [model, new Map()];
  showLanguages(model);
  byId("alphabet").hidden = model.alphabet !== "arpabet";
  byId("run").disabled = false;
  list.clear();
  show();
  document.documentElement.dataset.ready = Math.round(performance.now()); // since the page began
});
}
