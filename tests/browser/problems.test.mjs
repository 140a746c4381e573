// What people see who cannot get the file, and the switchboard that makes a demonstration fail.
import { createServer } from "node:http";
import { before, test } from "node:test";
import assert from "node:assert/strict";
import { ELSEWHERE, INTRANET, assertAccessible, atEnd, demo, directory, keep, service, visit } from "./support.mjs";

let files;
let other;

/** The browser itself tells of a status that is no success; nothing else may be told. */
const STATUS = /responded with a status of \d/;

before(async () => {
  const server = createServer((request, response) => {
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
    const pictures = [100, 800].map((width) => `<img src="${files}/7/none.png" width="${width}" alt="">`);
    response.end(`<!doctype html><link rel=icon href=data:,><title>here</title>${pictures.join("")}`);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  atEnd(() => { server.closeAllConnections(); server.close(); });
  other = `http://${ELSEWHERE}:${server.address().port}`;
  const { port } = await service(await directory(), { PROXY_CONTACT: `${other}/desk` });
  files = `http://${INTRANET}:${port}/proxy`;
});

for (const [locale, colorScheme, heading, ask] of [
  ["en-US", "light", "File not found", "Whom to ask:"],
  ["zh-CN", "dark", "找不到附件", "联系人："],
]) {
  test(`a link that leads to nothing is explained in ${locale}, and its links work`, async () => {
    const { page, close } = await visit({ locale, colorScheme });
    const answer = await page.goto(`${files}/7/none.png`);
    assert.equal(answer.status(), 404);
    assert.equal(await page.getByRole("heading").textContent(), heading);
    assert.ok((await page.getByText(ask).textContent()).includes(`${other}/desk`));
    await keep(page, `problem-${locale}`);
    await page.getByRole("link", { name: "/desk" }).click();
    await page.waitForURL(`${other}/desk`);
    await close(STATUS);
  });

  test(`the explanation in ${locale} is readable for everybody`, async () => {
    const { page, close } = await visit({ locale, colorScheme, bypassCSP: true }); // or axe could not run
    await page.goto(`${files}/7/none.png`);
    await assertAccessible(page, `problem in ${locale}, ${colorScheme}`);
    await close(STATUS);
  });
}

test("a picture that is missing on another site says so in its place, at any size", async () => {
  const { page, close } = await visit();
  await page.goto(`${other}/`);
  const shown = await page.locator("img").evaluateAll(async (pictures) => {
    await Promise.all(pictures.map((picture) => picture.decode()));
    return pictures.map(({ naturalWidth, width, height }) => [naturalWidth, width, height]);
  });
  assert.deepEqual(shown, [[400, 100, 60], [400, 800, 480]]);
  await keep(page, "problem-pictures");
  await close(STATUS);
});

for (const [javaScriptEnabled, colorScheme] of [[true, "light"], [false, "dark"]]) {
  test(`the switchboard works ${javaScriptEnabled ? "with" : "without"} scripts`, async () => {
    const { base, confluence } = await demo();
    const { page, close } = await visit({ javaScriptEnabled, colorScheme });
    await page.goto(`${base}/`);
    await page.getByRole("link", { name: "Break Confluence" }).click();
    await page.waitForURL(`${confluence}/switchboard`);
    await page.getByRole("button", { name: "Down" }).press("Enter");
    await page.waitForURL(`${confluence}/switchboard?lang=en`);
    const down = page.getByRole("button", { name: "Down" });
    assert.equal(await down.getAttribute("aria-pressed"), "true");
    await keep(page, `switchboard-${colorScheme}`);
    if (javaScriptEnabled) await assertAccessible(page, "switchboard");
    await page.getByRole("link", { name: "中文" }).click();
    await page.getByRole("button", { name: "正常" }).click();
    assert.equal(await page.locator("html").getAttribute("lang"), "zh-CN");
    const normal = page.getByRole("button", { name: "正常" });
    assert.equal(await normal.getAttribute("aria-pressed"), "true");
    await page.getByRole("link", { name: "代理的起始页" }).click();
    await page.waitForURL(`${base}/`);
    await close(STATUS);
  });
}
