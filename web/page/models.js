// Which model: those that the server has, or a file that the user opens or drops.
"use strict";
globalThis.g2pPage ??= {};
{
const { load } = globalThis.g2pJax;
const byId = (id) => document.getElementById(id);
const FILE = "model.safetensors";
const SHIPPED = ["english-small", "english"].map((name) => {
  return { name, url: `../g2p_jax/pretrained/${name}/${FILE}` }; // a server of the whole project
});
const loaded = new Map();

function showStatus(text, error = false) {
  byId("status").textContent = text;
  byId("status").classList.toggle("error", error);
}

// The models of the server, [{name, url}]; g2p-jax demo lists them.
async function listed() {
  const response = await fetch("models.json").catch(() => null);
  return response?.ok ? response.json() : SHIPPED;
}

function addOption(name) {
  const select = byId("model");
  if (![...select.options].some((option) => option.value === name)) select.add(new Option(name));
  select.value = name;
  byId("models").hidden = false;
}

// Calls use(model, name) with each model that is chosen, the first at once.
async function chooseModels(use) {
  const select = byId("model"), urls = new Map();
  const choose = async (name, source) => {
    try {
      showStatus(`Loading ${name} …`);
      if (!loaded.has(name)) loaded.set(name, await load(await source()));
      addOption(name);
      byId("folder").hidden = true;
      showStatus("");
      use(loaded.get(name), name);
    } catch (error) {
      showStatus(`${name}: ${error.message}`, true);
      if (loaded.size) select.value = [...loaded.keys()].at(-1);
    }
  };
  const download = (name) => choose(name, async () => {
    const response = await fetch(urls.get(name));
    if (!response.ok) throw Error(`the server answers ${response.status}`);
    return response;
  });
  const open = (file) => choose(file.name === FILE ? `${file.name} (opened)` : file.name, () => file);
  select.onchange = () => {
    const name = select.value;
    return loaded.has(name) ? choose(name) : download(name);
  };
  byId("open").onclick = () => byId("file").click();
  byId("file").onchange = ({ target }) => {
    for (const file of target.files) {
      loaded.delete(`${file.name} (opened)`);
      open(file);
    }
    target.value = "";
  };
  globalThis.g2pPage.openModel = open;

  const inlined = document.querySelectorAll("script[data-model]"); // a page that holds its models
  for (const { dataset, textContent } of inlined) urls.set(dataset.model, `data:;base64,${textContent.trim()}`);
  if (!urls.size && location.protocol === "file:") {
    byId("folder").hidden = false;
    showStatus("");
    return;
  }
  if (!urls.size) for (const { name, url } of await listed()) urls.set(name, url);
  for (const name of urls.keys()) addOption(name);
  await download(urls.keys().next().value);
}

Object.assign(globalThis.g2pPage, { byId, showStatus, chooseModels });
}
