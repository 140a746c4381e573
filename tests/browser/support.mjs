// What all tests share: programs that are started and stopped, a browser, and pages that tell what went wrong in them.
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../..");
const target = path.resolve(root, process.env.CARGO_TARGET_DIR ?? "target");
const artefacts = path.join(root, "tests/artefacts/browser");
mkdirSync(artefacts, { recursive: true });

/** The host name that leads here and is no loopback address to the browser: plain HTTP from there is not trusted. */
export const INTRANET = "files.intranet.test";

/** The other site whose pages use our links. */
export const ELSEWHERE = "wiki.intranet.test";

/** Milliseconds that nothing takes; only a failure waits for it. */
export const PATIENCE = 30_000;

const undo = [];
after(async () => {
  for (const step of undo.reverse()) await step();
});

/** Starts a program of the build, and waits for the line of `output` that `wanted` matches. */
async function start(program, words, environment, output, wanted) {
  const child = spawn(path.join(target, "debug", program), words, {
    env: { PATH: process.env.PATH, TMPDIR: tmpdir(), ...environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  undo.push(async () => {
    child.stdin.end();
    child.kill("SIGTERM");
    await ended;
  });
  const lines = [];
  const found = new Promise((resolve, reject) => {
    for (const name of ["stdout", "stderr"]) {
      createInterface({ input: child[name] }).on("line", (line) => {
        lines.push(line);
        const match = name === output && line.match(wanted);
        if (match) resolve(match);
      });
    }
    ended.then((code) => reject(new Error(`${program} ended with ${code}:\n${lines.join("\n")}`)));
  });
  return { match: await found, lines, child, ended };
}

/** A demonstration: the service before a sample Confluence with its sample files. */
export async function demo() {
  const { match, lines } = await start(
    "confluence-attachment-proxy", ["demo", "--port", "0"], {}, "stdout", /runs at (http:\/\/[\d.:]+)(\/proxy)\//,
  );
  const port = new URL(match[1]).port;
  const confluence = lines.join("\n").match(/sample Confluence runs at +(\S+)/)[1];
  return { port, base: `${match[1]}${match[2]}`, confluence };
}

/** The service before a sample Confluence that has the files of `directory`. */
export async function service(directory, settings = {}) {
  const confluence = await start("examples/browser_confluence", [directory], {}, "stdout", /^(http:\S+)/);
  const url = confluence.match[1];
  const proxy = await start("confluence-attachment-proxy", [], {
    CONFLUENCE_URL: url,
    CONFLUENCE_USERNAME: "demo",
    CONFLUENCE_API_TOKEN: "NTk2MzYwOTQ3MTI4OsQ3vV8tXo1eYk5pBz2H",
    PROXY_HOST: "127.0.0.1",
    PROXY_PORT: "0",
    ...settings,
  }, "stderr", /started .*address=(\S+)/);
  const port = new URL(`http://${proxy.match[1]}`).port;
  return { port, base: `http://127.0.0.1:${port}/proxy`, confluence: url, log: proxy.lines };
}

/** A directory that is gone when the tests are over. */
export async function directory() {
  const made = await mkdtemp(path.join(tmpdir(), "browser-"));
  undo.push(() => rm(made, { recursive: true }));
  return made;
}

/** Calls `close` when the tests are over. */
export function atEnd(close) {
  undo.push(close);
}

let browser;

async function launched() {
  browser ??= await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync",
      `--host-resolver-rules=MAP ${INTRANET} 127.0.0.1, MAP ${ELSEWHERE} 127.0.0.1`,
    ],
  });
  return browser;
}
undo.push(() => browser?.close());

/**
 * A new page of a new visitor. What the browser complains of is collected: errors in the console, exceptions, violations
 * of the policy. `close` asserts that there is none but those that match `expected`.
 */
export async function visit(options = {}) {
  const context = await (await launched()).newContext({ viewport: { width: 1200, height: 900 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const troubles = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) troubles.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => troubles.push(`exception: ${error.message}`));
  await page.exposeFunction("tellViolation", (text) => troubles.push(`policy: ${text}`));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      window.tellViolation(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  const close = async (expected) => {
    await context.close();
    const unexpected = troubles.filter((trouble) => !expected?.test(trouble));
    assert.deepEqual(unexpected, [], "the browser complains");
  };
  return { page, context, close };
}

/** Keeps a picture of a page beside the test results. */
export async function keep(page, name, { fullPage = true } = {}) {
  await page.screenshot({ path: path.join(artefacts, `${name}.png`), fullPage });
}

const axe = await readFile(path.join(here, "node_modules/axe-core/axe.min.js"), "utf8");

/** Asserts that axe-core finds nothing on a page that somebody with a screen reader or weak eyes would stumble over. */
export async function assertAccessible(page, what) {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations", "passes"] }));
  const found = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(" ")}`);
  assert.deepEqual(found, [], what);
  assert.ok(passes.length > 5, `${what}: axe has looked at too little`);
}
