// Measures the page on a 4 x slower CPU with 10 Mbit/s and 40 ms, and prints the table of docs/performance.md.
// ROUNDS (default 5) is the number of measurements; the table has their medians.
import { expect, test } from "@playwright/test";
import MessageSender from "../support/message-sender";
import { Server } from "../support/server";
import { CPU_SLOWDOWN, fill, guest, median, percentile, slowPage } from "./slow";

const ROUNDS = Number(process.env.ROUNDS ?? 5);
/** Messages per second in the visited room. */
const RATE = 20;
/** Number of messages in a burst. */
const BURST = 2_000;

let server: Server;
let sender: MessageSender;
test.beforeAll(async () => {
  server = await Server.start("--rate-limits", "off");
  sender = await MessageSender.connect(server, "Bob");
  await fill(sender);
});
test.afterAll(async () => {
  sender.close();
  await server.dispose();
});

const rows: string[] = [];
function row(what: string, goal: string, values: number[], unit: string): void {
  const shown = (value: number) => `${Math.round(value).toLocaleString("en")} ${unit}`;
  const spread = `${shown(Math.min(...values))} to ${shown(Math.max(...values))}`;
  rows.push(`| ${what} | ${shown(median(values))} | ${spread} | ${goal} |`);
}
test.afterAll(() => {
  console.log(`\n| Chromium, ${CPU_SLOWDOWN} x slower CPU, 10 Mbit/s, 40 ms | median of ${ROUNDS} | range | goal |\n|---|---|---|---|`);
  console.log(rows.join("\n"));
});

/** Kinds of files of the first load, by their bytes on the network. */
const KINDS = ["html", "css", "js", "wasm"] as const;

test("first load", async ({ browser }) => {
  const lcp: number[] = [];
  const typing: number[] = [];
  const tasks: number[] = [];
  const bytes = new Map<string, number[]>(KINDS.map((kind) => [kind, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    const context = await guest(browser, server, `Ann ${round}`);
    const { page, devtools } = await slowPage(context);
    const kinds = new Map<string, string>();
    const loaded = new Map<string, number>(KINDS.map((kind) => [kind, 0]));
    devtools.on("Network.responseReceived", ({ requestId, response }) => {
      const kind = /\.(css|js|wasm)$/.exec(new URL(response.url).pathname)?.[1];
      kinds.set(requestId, kind ?? (response.mimeType === "text/html" ? "html" : "other"));
    });
    devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
      const kind = kinds.get(requestId) ?? "other";
      if (loaded.has(kind)) loaded.set(kind, loaded.get(kind)! + encodedDataLength);
    });
    await page.goto("/r/lobby", { waitUntil: "commit" });
    // An impatient user: types and presses Enter until a message appears.
    const composer = page.getByTestId("composer");
    await composer.focus();
    while ((await page.evaluate(() => window.pageMetrics?.firstMessage ?? 0)) === 0) {
      await page.keyboard.type("x");
      await page.keyboard.press("Enter");
      await page.waitForTimeout(20);
    }
    await expect(page.getByTestId("connection")).toHaveAttribute("data-state", "connected");
    const metrics = await page.evaluate(() => window.pageMetrics);
    lcp.push(metrics.lcp);
    typing.push(metrics.firstMessage);
    tasks.push(Math.max(0, ...metrics.longTasks.map(([, length]) => length)));
    for (const kind of KINDS) bytes.get(kind)!.push(loaded.get(kind)!);
    await context.close();
  }
  const all = bytes.get("html")!.map((_, round) => KINDS.reduce((sum, kind) => sum + bytes.get(kind)![round], 0));
  row("first load of the chat, all bytes with headers", "", all, "B");
  for (const kind of KINDS) row(`of these ${kind}`, kind === "wasm" ? "307,200" : "", bytes.get(kind)!, "B");
  row("largest contentful paint", "1,000 ms", lcp, "ms");
  row("a typed message is sent", "1,500 ms", typing, "ms");
  row("longest task while loading", "", tasks, "ms");
});

test("a visit to a busy room", async ({ browser }) => {
  const slowest: number[] = [];
  const tasks: number[] = [];
  const long: number[] = [];
  let interactions = 0;
  await fetch(`${server.url}/healthz`);
  for (let round = 0; round < ROUNDS; round += 1) {
    const context = await guest(browser, server, `Eve ${round}`);
    const { page, devtools } = await slowPage(context);
    let n = 0;
    const talk = setInterval(() => void sender.send(`round ${round}, line ${(n += 1)} of a **busy** room`), 1_000 / RATE);
    await page.goto("/r/lobby");
    await expect(page.getByTestId("connection")).toHaveAttribute("data-state", "connected");
    await page.waitForTimeout(2_000);
    const begin = await page.evaluate(() => {
      window.pageMetrics.interactions = {};
      return performance.now();
    });
    const composer = page.getByTestId("composer");
    const type = async (text: string) => {
      await composer.click();
      await page.keyboard.type(text, { delay: 60 });
      await page.keyboard.press("Enter");
    };
    await type("hello, is anybody here?");
    await page.getByTestId("new-room").click();
    await page.getByTestId("new-room-name").pressSequentially(`room ${round}`, { delay: 60 });
    await page.getByTestId("new-room-create").click();
    await page.waitForURL(/\/r\/(?!lobby)/);
    await type("alone in here");
    await page.getByTestId("room-link").first().click();
    await page.waitForURL("**/r/lobby");
    await page.getByTestId("timeline").hover();
    for (const by of [-400, -400, -900, -900, 900, 2_000]) {
      await page.mouse.wheel(0, by);
      await page.waitForTimeout(300);
    }
    await page.getByTestId("connection-badge").click();
    await page.waitForTimeout(1_500);
    await page.keyboard.press("Escape");
    await page.locator(".people-toggle").click();
    await page.locator(".people-toggle").click();
    await type("that is all, thank you");
    await page.waitForTimeout(500);
    clearInterval(talk);
    const metrics = await page.evaluate(() => window.pageMetrics);
    const durations = Object.values(metrics.interactions);
    interactions = Math.max(interactions, durations.length);
    slowest.push(percentile(durations, 0.98));
    const during = metrics.longTasks.filter(([start]) => start >= begin);
    tasks.push(Math.max(0, ...during.map(([, length]) => length)));
    long.push(during.length);
    await devtools.detach();
    await context.close();
  }
  row(`INP p98 of a visit to a room with ${RATE} messages/s`, "100 ms", slowest, "ms");
  row("tasks over 50 ms in it", "0", long, "");
  row("the longest of them", "50 ms", tasks, "ms");
});

test("a burst", async ({ browser }) => {
  const longest: number[] = [];
  const until: number[] = [];
  for (let round = 0; round < Math.min(ROUNDS, 5); round += 1) {
    const context = await guest(browser, server, `Ida ${round}`);
    const { page, devtools } = await slowPage(context);
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: 1 });
    await page.goto("/r/lobby");
    await expect(page.getByTestId("connection")).toHaveAttribute("data-state", "connected");
    await page.waitForTimeout(1_000);
    const begin = await page.evaluate(() => performance.now());
    const sent = Date.now();
    await sender.send(...Array.from({ length: BURST }, (_, n) => `burst ${round}: ${n + 1}`));
    // Not by `expect`: for its error message it reads the whole page whenever the message is not there yet.
    await page.waitForFunction(
      (last) => [...document.querySelectorAll(".message .body")].at(-1)?.textContent?.trim() === last,
      `burst ${round}: ${BURST}`,
      { polling: 100 },
    );
    until.push(Date.now() - sent);
    const tasks = (await page.evaluate(() => window.pageMetrics.longTasks)).filter(([start]) => start >= begin);
    longest.push(Math.max(0, ...tasks.map(([, length]) => length)));
    await context.close();
  }
  row(`longest task while ${BURST.toLocaleString("en")} messages arrive at once, CPU not slowed`, "50 ms", longest, "ms");
  row("from the first of them sent to the last one shown", "", until, "ms");
});
