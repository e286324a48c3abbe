// A whole list of words, as a lexicon to download. Words are pronounced in slices of a few
// milliseconds, so that the page stays alive.
"use strict";
globalThis.g2pPage ??= {};
{
const { byId } = globalThis.g2pPage;
const SLICE = 12; // milliseconds
const SHOWN = 200; // lines

// write(words) returns the lines of a lexicon; current() is the model and what else they depend on.
function setUpList(write) {
  const lines = byId("lines"), status = byId("list-status"), progress = byId("progress");
  let lexicon = [], run = 0;
  const words = () => lines.value.split("\n").map((line) => line.trim()).filter(Boolean);
  const clear = () => {
    run++;
    lexicon = [];
    byId("download").disabled = true;
    byId("lexicon").hidden = progress.hidden = true;
    status.textContent = "";
  };
  lines.oninput = clear;
  byId("run").onclick = async () => {
    clear();
    const list = words(), mine = run, start = performance.now();
    Object.assign(progress, { max: list.length || 1, value: 0, hidden: !list.length });
    for (let n = 0; n < list.length;) {
      try {
        const end = performance.now() + SLICE;
        for (; n < list.length && performance.now() < end; n++) lexicon.push(...write([list[n]]));
      } catch (error) { // of a word without the language that it needs
        clear();
        status.textContent = error.message;
        return;
      }
      progress.value = n;
      status.textContent = `${n.toLocaleString("en")} of ${list.length.toLocaleString("en")} words`;
      await new Promise((resolve) => setTimeout(resolve));
      if (mine !== run) return; // the list or the model is another now
    }
    const seconds = (performance.now() - start) / 1000;
    progress.hidden = true;
    status.textContent = list.length
      ? `${list.length.toLocaleString("en")} words in ${seconds.toFixed(1)} s` : "The list is empty.";
    byId("download").disabled = !list.length;
    byId("lexicon").hidden = !list.length;
    const more = lexicon.length > SHOWN ? `\n… and ${lexicon.length - SHOWN} more lines` : "";
    byId("lexicon").textContent = lexicon.slice(0, SHOWN).join("\n") + more;
  };
  byId("download").onclick = () => {
    const url = URL.createObjectURL(new Blob([`${lexicon.join("\n")}\n`], { type: "text/plain" }));
    const link = document.createElement("a");
    Object.assign(link, { href: url, download: "lexicon.tsv" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  };
  return {
    clear,
    async open(file) {
      lines.value = await file.text();
      clear();
    },
  };
}

Object.assign(globalThis.g2pPage, { setUpList });
}
