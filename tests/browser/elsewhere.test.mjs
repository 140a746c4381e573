// Pages of another site that use our links: many pictures at once, a film that is seeked in, a long PDF.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import path from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import assert from "node:assert/strict";
import { ELSEWHERE, INTRANET, atEnd, directory, service, visit } from "./support.mjs";
import { film, pdf, png, put } from "./pictures.mjs";

const PICTURES = 30;
const PDF_PAGES = 16;

let files;
let other;

/** Starts the other site; `pages` are its pages by path. */
async function site(pages) {
  const types = { mjs: "text/javascript", html: "text/html; charset=utf-8" };
  const server = createServer((request, response) => {
    const page = pages[request.url];
    const type = types[request.url.split(".").pop()] ?? types.html;
    response.writeHead(page === undefined ? 404 : 200, { "Content-Type": type });
    response.end(page);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  atEnd(() => { server.closeAllConnections(); server.close(); });
  return `http://${ELSEWHERE}:${server.address().port}`;
}

before(async () => {
  const made = await directory();
  for (let number = 0; number < PICTURES; number += 1) {
    put(made, 7, `picture ${number}.png`, png(40 + number, 30, [number * 8, 100, 200]));
  }
  film(put(made, 8, "film.mp4"));
  put(made, 8, "long.pdf", pdf(PDF_PAGES));
  const { port } = await service(made);
  files = `http://${INTRANET}:${port}/proxy`;
  const module = (name) => readFileSync(
    path.join(path.dirname(fileURLToPath(import.meta.url)), "node_modules/pdfjs-dist/build", name), "utf8",
  );
  const pictures = Array.from({ length: PICTURES }, (_, number) => `<img src="${files}/7/picture%20${number}.png" alt="">`);
  const icon = "<link rel=icon href=data:,>";
  other = await site({
    "/pictures": `<!doctype html>${icon}<title>pictures</title>${pictures.join("")}`,
    "/film": `<!doctype html>${icon}<title>film</title><video src="${files}/8/film.mp4" muted preload="metadata"></video>`,
    "/pdf": `<!doctype html>${icon}<title>pdf</title><canvas></canvas>`,
    "/pdf.mjs": module("pdf.min.mjs"),
    "/pdf.worker.mjs": module("pdf.worker.min.mjs"),
  });
});

test("thirty pictures on one page of another site all show", async () => {
  for (const expected of ["MISS", "HIT"]) {
    const { page, close } = await visit(); // somebody whose browser has kept nothing
    const from = [];
    page.on("response", (answer) => {
      if (answer.url().startsWith(files)) from.push(answer.headers()["x-cache"]);
    });
    await page.goto(`${other}/pictures`, { waitUntil: "load" });
    const widths = await page.$$eval("img", (images) => images.map((image) => image.naturalWidth));
    assert.deepEqual(widths, Array.from({ length: PICTURES }, (_, number) => 40 + number));
    assert.deepEqual(from, Array(PICTURES).fill(expected));
    await close();
  }
});

test("a film plays from where somebody has jumped to, without what lies before", async () => {
  const { page, close } = await visit();
  const ranges = [];
  page.on("response", async (response) => {
    if (response.url().endsWith("film.mp4")) ranges.push([response.status(), response.headers()["content-range"]]);
  });
  await page.goto(`${other}/film`);
  await page.waitForFunction(() => document.querySelector("video").readyState >= 1);
  const length = await page.evaluate(() => document.querySelector("video").duration);
  assert.ok(length > 55 && length < 65, `${length} s`);
  const jump = await page.evaluate(async () => {
    const video = document.querySelector("video");
    const done = new Promise((resolve) => video.addEventListener("seeked", resolve, { once: true }));
    video.currentTime = 50;
    await done;
    const canvas = document.createElement("canvas");
    return { at: video.currentTime, width: video.videoWidth, error: video.error?.message ?? null, canvas: canvas.width > 0 };
  });
  assert.equal(jump.error, null);
  assert.equal(jump.width, 480);
  assert.ok(Math.abs(jump.at - 50) < 0.5, `at ${jump.at} s`);
  await page.evaluate(async () => {
    const video = document.querySelector("video");
    const moved = new Promise((resolve) => video.addEventListener("timeupdate", () => video.currentTime > 50.2 && resolve()));
    await video.play();
    await moved;
  });
  assert.ok(ranges.every(([status]) => status === 206), JSON.stringify(ranges));
  const starts = ranges.map(([, range]) => Number(range.match(/^bytes (\d+)-/)[1]));
  assert.ok(starts.some((start) => start > 5_000_000), `no range from behind: ${starts}`);
  await close();
});

test("a PDF viewer reads only the pages that somebody looks at", async () => {
  const { page, close } = await visit();
  let bytes = 0;
  const statuses = new Set();
  page.on("response", async (response) => {
    if (!response.url().endsWith("long.pdf")) return;
    statuses.add(response.status());
    if (response.status() === 206) bytes += Number(response.headers()["content-length"]);
  });
  await page.goto(`${other}/pdf`);
  const found = await page.evaluate(async ([url]) => {
    const { getDocument, GlobalWorkerOptions } = await import("/pdf.mjs");
    GlobalWorkerOptions.workerSrc = "/pdf.worker.mjs";
    const document_ = await getDocument({ url, disableAutoFetch: true, disableStream: true }).promise;
    const last = await document_.getPage(document_.numPages);
    const viewport = last.getViewport({ scale: 1 });
    const canvas = document.querySelector("canvas");
    Object.assign(canvas, { width: viewport.width, height: viewport.height });
    const canvasContext = canvas.getContext("2d");
    await last.render({ canvasContext, viewport }).promise;
    const { data } = canvasContext.getImageData(0, 0, canvas.width, canvas.height);
    return { pages: document_.numPages, colours: new Set(data.slice(0, 4000)).size };
  }, [`${files}/8/long.pdf`]);
  assert.equal(found.pages, PDF_PAGES);
  assert.ok(found.colours > 100, "the last page is drawn");
  assert.deepEqual([...statuses].sort(), [200, 206]);
  assert.ok(bytes > 600_000 && bytes < 4_000_000, `${bytes} bytes of ${PDF_PAGES * 600_000}`);
  await close();
});

test("the browser's own viewer opens a PDF", async () => {
  const { page, close } = await visit();
  const response = await page.goto(`${files}/8/long.pdf`);
  assert.equal(response.status(), 200);
  assert.equal(page.frames().length, 2, "the viewer is a frame of its own");
  await close();
});
