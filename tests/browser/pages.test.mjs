// The pages of the service itself, as the people see them who use it and who run it.
import { before, test } from "node:test";
import assert from "node:assert/strict";
import { INTRANET, assertAccessible, demo, directory, keep, service, visit } from "./support.mjs";
import { png, put } from "./pictures.mjs";

const MEDIA = 65602;

/** Files of the page that has too many for one sheet. */
const MANY = 120;

let shown; // the demonstration
let own; // the service before a Confluence of ours

before(async () => {
  shown = await demo();
  const made = await directory();
  for (let number = 0; number < MANY; number += 1) {
    put(made, 7, `chart ${String(number).padStart(3, "0")}.png`, png(60, 40, [number, 120, 200]));
  }
  put(made, 7, "notes.txt", Buffer.from("notes\n"));
  own = await service(made, { PROXY_CONTACT: "wiki-help@example.com" });
});

/** What is shown in the first picture that `selector` finds, as its width. */
const width = (page, selector) => page.$eval(selector, (image) => image.decode().then(() => image.naturalWidth));

test("a link is pasted, and becomes one that opens, with a preview and snippets to copy", async () => {
  const { page, context, close } = await visit();
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: new URL(shown.base).origin });
  await page.goto(`${shown.base}/`);
  await page.getByLabel("Links from Confluence").fill(
    `${shown.confluence}/download/attachments/${MEDIA}/orbits%20%26%20moons.gif?version=1&api=v2`,
  );
  await page.getByRole("button", { name: "Make links" }).click();
  const link = await page.getByLabel(/^Link:/).inputValue();
  assert.equal(link, `${shown.base}/download/attachments/${MEDIA}/orbits%20%26%20moons.gif?version=1`);
  assert.ok(await width(page, ".turned img") > 0, "the preview shows");
  await keep(page, "start", { fullPage: false });
  const expected = {
    Link: link,
    HTML: `<img src="${link}" alt="orbits &amp; moons.gif">`,
    Markdown: `![orbits & moons.gif](${link})`,
    Wiki: `!${link}!`,
  };
  for (const [label, text] of Object.entries(expected)) {
    await page.getByLabel(new RegExp(`^${label}:`)).locator("xpath=following-sibling::button[1]").click();
    await page.getByRole("status").filter({ hasText: "Copied" }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
  }
  const [opened] = await Promise.all([
    page.waitForResponse((answer) => answer.url() === link && answer.status() === 200),
    page.goto(link),
  ]);
  assert.equal(opened.headers()["content-type"], "image/gif");
  await close();
});

test("copying works with plain HTTP, where the browser gives pages no clipboard", async () => {
  const { page, close } = await visit();
  await page.goto(`http://${INTRANET}:${shown.port}/proxy/?link=${encodeURIComponent(`${shown.confluence}/download/attachments/1/a.zip`)}`);
  assert.equal(await page.evaluate(() => isSecureContext), false);
  const link = await page.getByLabel(/^Link:/).inputValue();
  assert.equal(link, `http://${INTRANET}:${shown.port}/proxy/download/attachments/1/a.zip`);
  await page.getByLabel(/^Link:/).locator("xpath=following-sibling::button[1]").click();
  await page.getByRole("status").filter({ hasText: "Copied" }).waitFor();
  await page.getByLabel("Links from Confluence").fill("");
  await page.keyboard.press("Control+V");
  assert.equal(await page.getByLabel("Links from Confluence").inputValue(), link);
  await close();
});

test("a whole document comes back with its links replaced, and mistakes are explained", async () => {
  const { page, close } = await visit();
  await page.goto(`${shown.base}/`);
  const name = "orbits%20%26%20moons.gif";
  const text = `<p>Before <img src="${shown.confluence}/download/attachments/${MEDIA}/${name}?version=1&amp;api=v2"> after</p>\n`
    + `<a href="${shown.confluence}/pages/viewpage.action?pageId=${MEDIA}">the page</a>\n`
    + `<a href="${shown.confluence}/display/DEMO/Pictures">by title</a> <a href="https://example.com/x.png">elsewhere</a>`;
  await page.getByLabel("Links from Confluence").fill(text);
  await page.getByRole("button", { name: "Make links" }).click();
  const document_ = await page.locator("#document").inputValue();
  assert.equal(document_, text.replace(
    `${shown.confluence}/download/attachments/${MEDIA}/${name}?version=1&amp;api=v2`,
    `${shown.base}/download/attachments/${MEDIA}/${name}?version=1`,
  ));
  await page.getByText("This is a page, not a file: here is the list of its files.").waitFor();
  await page.getByText(/names a page by its title/).waitFor();
  await page.getByLabel(/^Link:.*/).last().waitFor();
  await keep(page, "start-document");
  await page.getByRole("link", { name: new RegExp(`Open: .*${MEDIA}`) }).click();
  await page.waitForURL(`${shown.base}/${MEDIA}`);
  await close();
});

test("everything works by keyboard", async () => {
  const { page, close } = await visit();
  await page.goto(`${shown.base}/`);
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
  const reached = [];
  for (let step = 0; step < 5; step += 1) {
    await page.keyboard.press("Tab");
    reached.push(await focused());
  }
  assert.deepEqual(reached, ["Skip to the content", "Confluence attachments", "中文", "link", "Make links"]);
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(outline, "solid", "one sees where one is");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.type(`${shown.confluence}/download/attachments/${MEDIA}/chime.mp3`);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByLabel(/^Link:/).waitFor();
  await close();
});

test("the pages speak the reader's language, and the switch keeps the place", async () => {
  const { page, close } = await visit({ locale: "zh-CN" });
  await page.goto(`${shown.base}/${MEDIA}?q=orbits`);
  assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-CN");
  await keep(page, "gallery-chinese");
  await page.getByRole("link", { name: "English" }).click();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
  assert.equal(await page.getByLabel("Name").inputValue(), "orbits");
  await close();
});

test("dark is dark, and light is light", async () => {
  for (const [colorScheme, is] of [["light", (value) => value > 200], ["dark", (value) => value < 60]]) {
    const { page, close } = await visit({ colorScheme });
    for (const address of [`${shown.base}/`, `${shown.base}/${MEDIA}`, new URL("/status", shown.base), `${shown.base}/1/x`, `${shown.confluence}/switchboard`]) {
      await page.goto(String(address)).catch(() => {});
      const colour = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));
      assert.ok(colour.every(is), `${address}: ${colour} in ${colorScheme}`);
    }
    await page.goto(`${shown.base}/`);
    await keep(page, `start-${colorScheme}`);
    await close(/404/);
  }
});

test("the gallery filters as one types, turns its pages, and copies links", async () => {
  const { page, context, close } = await visit();
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: new URL(own.base).origin });
  await page.goto(`${own.base}/7`);
  assert.equal(await page.locator(".gallery li").count(), 50);
  assert.ok(await width(page, ".gallery img") > 0);
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Page 3" }).click();
  assert.equal(await page.locator(".gallery li").count(), MANY + 1 - 100);
  await page.goto(`${own.base}/7`);
  await page.getByLabel("Name").pressSequentially("chart 11");
  await page.waitForFunction(() => document.querySelectorAll(".gallery li").length === 11); // 011 and 110 to 119
  await page.getByLabel("Name").fill("");
  await page.getByLabel("Type").selectOption({ label: "Documents" });
  await page.waitForFunction(() => document.querySelectorAll(".gallery li").length === 1);
  await page.getByRole("button", { name: /Copy link/ }).click();
  await page.getByRole("status").filter({ hasText: "Copied" }).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, `${own.base}/7/notes.txt`);
  await keep(page, "gallery");
  await close();
});

test("without a script there is nothing one cannot do", async () => {
  const { page, close } = await visit({ javaScriptEnabled: false });
  await page.goto(`${own.base}/`);
  await page.getByLabel("Links from Confluence").fill(`${own.confluence}/download/attachments/7/notes.txt`);
  await page.getByRole("button", { name: "Make links" }).click();
  assert.equal(await page.getByLabel(/^Link:/).inputValue(), `${own.base}/download/attachments/7/notes.txt`);
  assert.equal(await page.locator("button:visible").count(), 1, "no button that could do nothing");
  await page.goto(`${own.base}/7`);
  await page.getByLabel("Name").fill("notes");
  await page.getByRole("button", { name: "Show" }).click();
  assert.equal(await page.locator(".gallery li").count(), 1);
  await page.goto(String(new URL("/status", own.base)));
  await page.getByText("In the cache", { exact: true }).waitFor();
  await page.goto(`${shown.confluence}/switchboard`);
  await page.getByRole("button", { name: "Slow" }).click();
  await page.getByRole("button", { name: "Normal" }).click();
  await close();
});

test("the status renews itself, from here and nowhere else", async () => {
  const { page, close } = await visit();
  const hosts = new Set();
  page.on("request", (request) => hosts.add(new URL(request.url()).host));
  await page.goto(String(new URL("/status", own.base)));
  const requests = () => page.locator(".figures .card").first().innerText();
  const before_ = await requests();
  await page.evaluate(async (address) => {
    for (let number = 0; number < 5; number += 1) await fetch(address, { cache: "no-store" });
  }, `${own.base}/7/notes.txt`);
  await page.waitForFunction((text) => document.querySelector(".figures .card").innerText !== text, before_);
  await page.locator(".plot svg path").first().waitFor({ state: "attached" });
  assert.deepEqual([...hosts], [new URL(own.base).host]);
  await keep(page, "status");
  await close();
});

test("who meets an error reads what to do, and a picture that is missing says why", async () => {
  const { page, close } = await visit();
  const answer = await page.goto(`${own.base}/7/missing.png`);
  assert.equal(answer.status(), 404);
  await page.getByRole("heading").waitFor();
  const contact = await page.getByRole("link", { name: "wiki-help@example.com" }).getAttribute("href");
  assert.equal(contact, "mailto:wiki-help@example.com");
  await keep(page, "error");
  await page.goto(`${own.base}/`);
  const [placeholder] = await Promise.all([
    page.waitForResponse((response) => response.url().endsWith("/7/gone.png")),
    page.evaluate((address) => {
      const image = document.createElement("img");
      image.alt = "";
      image.src = address;
      document.body.append(image);
      return image.decode();
    }, `${own.base}/7/gone.png`),
  ]);
  assert.equal(placeholder.status(), 404);
  assert.equal(placeholder.headers()["content-type"], "image/svg+xml");
  await close(/404/);
});

test("the switchboard breaks Confluence, and the proxy goes on with what it has", async () => {
  const { page, close } = await visit();
  const ask = (name) => page.request.get(`${shown.base}/${MEDIA}/${name}`, { headers: { Accept: "*/*" } });
  const kept = encodeURIComponent("orbits & moons.gif");
  assert.equal((await ask(kept)).status(), 200);
  await page.goto(`${shown.confluence}/switchboard`);
  for (const name of ["Slow", "Down", "429", "Maintenance", "Login page", "CAPTCHA", "Wrong password"]) {
    await page.getByRole("button", { name, exact: true }).click();
    await page.locator('button[aria-pressed="true"], [aria-current="true"]').filter({ hasText: name }).waitFor();
    assert.equal((await ask(kept)).status(), 200, `${name}: what is kept is served`);
  }
  await keep(page, "switchboard");
  await page.getByRole("button", { name: "Normal", exact: true }).click();
  await close();
});

test("axe-core finds no violation on any page, in both languages, light and dark", async () => {
  const link = encodeURIComponent(`${shown.confluence}/download/attachments/${MEDIA}/chime.mp3 ${shown.confluence}/display/A/B`);
  const addresses = [
    `${shown.base}/`,
    `${shown.base}/?link=${link}`,
    `${shown.base}/?link=${encodeURIComponent(`<p><img src="${shown.confluence}/download/attachments/${MEDIA}/chime.mp3"> and text</p>`)}`,
    `${shown.base}/${MEDIA}`,
    `${own.base}/7?page=2`,
    `${own.base}/7?q=nothing`,
    String(new URL("/status", own.base)),
    `${shown.confluence}/switchboard`,
  ];
  for (const colorScheme of ["light", "dark"]) {
    for (const locale of ["en", "zh-CN"]) {
      const { page, close } = await visit({ colorScheme, locale });
      for (const address of addresses) {
        await page.goto(address);
        await assertAccessible(page, `${address} ${colorScheme} ${locale}`);
      }
      await close(/404/);
    }
  }
});
