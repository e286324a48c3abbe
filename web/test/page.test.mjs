// The page in headless Chromium. Needs chromium, and playwright-core: npm install
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = new URL("../../", import.meta.url), path = (name) => fileURLToPath(new URL(name, root));
const model = path("g2p_jax/pretrained/english-small/model.safetensors");
const browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executablePath = process.env.CHROMIUM ?? browsers.find(existsSync);
const playwright = await import("playwright-core").catch(() => null);
const reason = !executablePath ? "chromium is not installed"
  : !playwright && "playwright-core is not installed: npm install";
let browser, server, address;

if (!reason) {
  before(async () => {
    const args = ["-m", "g2p_jax", "demo", "--port=0", "--ckpt=english-small,english,world"];
    server = spawn(process.env.PYTHON ?? "python3", args, { cwd: path("."), stdio: ["ignore", "pipe", 2] });
    const [text] = await once(server.stdout, "data");
    address = /http:\S+/.exec(text)[0];
    browser = await playwright.chromium.launch({ executablePath, args: ["--no-sandbox"] });
  });
  after(async () => {
    server.kill();
    await browser?.close();
  });
}

async function open(url, options) {
  const page = await browser.newPage(options);
  page.requests = [];
  page.on("request", (request) => page.requests.push(request.url()));
  page.on("pageerror", (error) => assert.fail(error));
  await page.goto(url);
  return page;
}

const ready = (page) => page.waitForFunction(() => document.documentElement.dataset.ready);
const phonemes = (page) => page.locator("#phonemes .phoneme").allTextContents();

test("what is typed is pronounced, and nothing leaves the computer", { skip: reason }, async () => {
  const page = await open(address);
  await ready(page);
  await page.getByRole("textbox", { name: "A word or a sentence" }).fill("knight");
  assert.deepEqual(await phonemes(page), ["n", "aɪ", "t"]);
  assert.deepEqual(await page.locator("#phonemes .letters").allTextContents(), ["kn", "igh", "t"]);
  assert.equal(await page.getByRole("radio", { name: /%/ }).count(), 5);
  assert.match(await page.getByRole("img").getAttribute("aria-label"), /n: n \d+ %; aɪ: i/);
  await page.locator("[name=alphabet][value=ipa]").focus();
  await page.keyboard.press("ArrowRight");
  assert.deepEqual(await phonemes(page), ["N", "AY", "T"]);
  await page.locator("[name=best]").first().focus();
  await page.keyboard.press("ArrowDown");
  assert.notDeepEqual(await phonemes(page), ["N", "AY", "T"]);
  await page.locator("#model").selectOption("english");
  await page.getByRole("textbox").first().fill("123, rebuilt");
  await page.waitForFunction(() => document.querySelector("#phonemes").textContent.includes("IH1"));
  assert.equal(await page.getByRole("radio", { name: "rebuilt R IY0 B IH1 L T" }).count(), 1);
  for (const url of page.requests) assert.ok(url.startsWith(address), url);
  await page.close();
});

test("a list is pronounced and downloaded", { skip: reason }, async () => {
  const page = await open(address);
  await ready(page);
  await page.locator("#lines").fill("rebuilt\n\n well-known \n");
  await page.getByRole("button", { name: "Pronounce the list" }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download the lexicon" }).click(),
  ]);
  assert.equal(download.suggestedFilename(), "lexicon.tsv");
  const lines = readFileSync(await download.path(), "utf8");
  assert.equal(lines, "rebuilt\tɹ i b ɪ l t\nwell-known\tw ɛ l n oʊ n\n");
  await page.locator("#model").selectOption("world");
  await page.waitForFunction(() => !document.querySelector("#languages").hidden);
  await page.locator("#lines").fill("deu:Haus\nxx:Haus");
  await page.getByRole("button", { name: "Pronounce the list" }).click();
  const wrong = page.getByText('"xx:Haus": no language "xx": the model knows');
  await wrong.waitFor();
  await page.locator("#lines").fill("");
  await page.locator("#text").fill("deu:Haus");
  assert.deepEqual(await phonemes(page), ["h", "a", "ʊ̯", "s"]);
  await page.locator("#text").fill("Haus xx:Haus");
  await wrong.waitFor();
  await page.close();
});

test("opened from a folder it asks for a model", { skip: reason }, async () => {
  const page = await open(new URL("web/index.html#knight", root).href);
  assert.ok(await page.getByText("This page was opened from a folder").isVisible());
  await page.locator("#file").setInputFiles(path("README.md"));
  await page.waitForFunction(() => document.querySelector("#status").textContent.includes("no"));
  await page.locator("#file").setInputFiles(model);
  await ready(page);
  assert.deepEqual(await phonemes(page), ["n", "aɪ", "t"]);
  await page.close();
});

test("it fits a phone, light and dark", { skip: reason }, async () => {
  for (const colorScheme of ["light", "dark"]) {
    const page = await open(`${address}#${"international ".repeat(5)}`, {
      colorScheme, viewport: { width: 320, height: 600 },
    });
    await ready(page);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await page.close();
  }
});
