// How a word is shown: its phonemes, the list of pronunciations, the attention map.
"use strict";
globalThis.g2pPage ??= {};
{
const { byId } = globalThis.g2pPage;
const SVG = "http://www.w3.org/2000/svg", CELL = 40;
const percent = (p) => (p > 0.995 ? "> 99 %" : p < 0.005 ? "< 1 %" : `${Math.round(100 * p)} %`);
const level = (p) => (p >= 0.9 ? "high" : p >= 0.6 ? "middle" : "low");

// An element with attributes, and children that are elements or texts.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function draw(tag, attributes, text = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}

// The words of a sentence, each with its best pronunciation; chosen(n) is called with a click.
function showWords(words, texts, current, chosen) {
  const each = words.map((word, n) => {
    const input = make("input", { type: "radio", name: "word", value: n });
    input.checked = n === current;
    input.onchange = () => chosen(n);
    const card = make("span", { class: "word" }, make("b", { dir: "auto" }, word), make("i", {}, texts[n] || "—"));
    return make("label", {}, input, card);
  });
  byId("words").replaceChildren(byId("words").firstElementChild, ...each);
  byId("words").hidden = words.length < 2;
}

function showPhonemes(phonemes, { spelled, probabilities }) {
  const each = phonemes.map((phoneme, n) => {
    const share = percent(probabilities[n] ?? 0), letters = spelled[n] || "·";
    const item = make("li", { "data-level": level(probabilities[n] ?? 0) },
      make("span", { class: "letters" }, letters),
      make("span", { class: "phoneme" }, phoneme),
      make("span", { class: "share" }, share));
    item.title = `${phoneme}: from the letters ${letters}, ${share} sure`;
    return item;
  });
  byId("phonemes").replaceChildren(...each);
}

// The pronunciations as choices; chosen(n) is called with a click.
function showBest(texts, probabilities, current, chosen) {
  const each = texts.map((text, n) => {
    const input = make("input", { type: "radio", name: "best", value: n });
    input.checked = n === current;
    input.onchange = () => chosen(n);
    const choice = make("span", { class: "choice" }, make("span", { class: "phonemes" }, text || "—"),
      make("span", { class: "share" }, percent(probabilities[n])));
    choice.style.setProperty("--share", `${100 * probabilities[n]}%`);
    return make("label", {}, input, choice);
  });
  byId("best").replaceChildren(byId("best").firstElementChild, ...each);
}

// A row for each phoneme, a column for each letter.
function showAttention(phonemes, { letters, weights, spans }) {
  const width = CELL * (letters.length + 1.4) + 2, height = CELL * (phonemes.length + 1) + 2;
  const frames = []; // on top of the cells
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  svg.style.maxWidth = `${width}px`;
  const x = (s) => CELL * (s + 1.4), y = (t) => CELL * (t + 1);
  letters.forEach((letter, s) =>
    svg.append(draw("text", { x: x(s + 0.5), y: y(-0.5) }, letter)));
  const described = phonemes.map((phoneme, t) => {
    const row = weights[t] ?? [];
    svg.append(draw("text", { x: 0.6 * CELL, y: y(t + 0.5) }, phoneme));
    row.forEach((weight, s) => {
      const at = { x: x(s) + 1, y: y(t) + 1, width: CELL - 2, height: CELL - 2, rx: 4 };
      const cell = draw("rect", { ...at, class: "cell", "fill-opacity": weight.toFixed(3) });
      cell.append(draw("title", {}, `${phoneme} from ${letters[s]}: ${percent(weight)}`));
      svg.append(draw("rect", { ...at, class: "empty" }), cell);
    });
    const [start, end] = spans[t] ?? [0, 0];
    if (end > start) {
      const at = { x: x(start), y: y(t), width: CELL * (end - start), height: CELL, rx: 5 };
      frames.push(draw("rect", { ...at, class: "span" }));
    }
    const most = row.indexOf(Math.max(...row));
    return `${phoneme}: ${letters[most]} ${percent(row[most] ?? 0)}`;
  });
  svg.append(...frames);
  svg.setAttribute("aria-label", `Attention map. Most attention of each phoneme: ${described.join("; ")}.`);
  byId("attention").replaceChildren(svg);
}

Object.assign(globalThis.g2pPage, { percent, showWords, showPhonemes, showBest, showAttention });
}
