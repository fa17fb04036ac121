// A slow machine on a slow network, by the DevTools protocol; and what the page itself notes of its own pace.
import { Browser, BrowserContext, CDPSession, Page } from "@playwright/test";
import MessageSender from "../support/message-sender";
import { Server } from "../support/server";

/** How much slower the page's processor is made. */
export const SLOWER = 4;
/** 10 Mbit/s each way, 40 ms there and back. */
const NETWORK = { offline: false, latency: 40, downloadThroughput: 1_250_000, uploadThroughput: 1_250_000 };

/** What the page has noted. Times in milliseconds since its navigation began. */
export interface Noted {
  /** When the largest thing that was painted was. */
  largest: number;
  /** When the first message of one's own was in the page. */
  said: number;
  /** Beginning and length of tasks longer than 50 ms, which is when browsers begin to call them long. */
  tasks: [number, number][];
  /** The slowest event of each interaction, from input to the next picture. Browsers round to 8 ms. */
  interactions: Record<string, number>;
}

declare global {
  interface Window {
    noted: Noted;
  }
}

/** Runs in the page before anything else. */
function note(): void {
  const noted: Noted = { largest: 0, said: 0, tasks: [], interactions: {} };
  window.noted = noted;
  const observe = (type: string, take: (entry: PerformanceEntry) => void, more = {}) =>
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true, ...more });
  observe("largest-contentful-paint", (entry) => (noted.largest = entry.startTime));
  observe("longtask", (entry) => noted.tasks.push([entry.startTime, entry.duration]));
  const event = (entry: PerformanceEntry) => {
    const { interactionId } = entry as PerformanceEntry & { interactionId?: number };
    if (!interactionId) return;
    noted.interactions[interactionId] = Math.max(noted.interactions[interactionId] ?? 0, entry.duration);
  };
  observe("event", event, { durationThreshold: 16 });
  new MutationObserver(() => {
    if (noted.said === 0 && document.querySelector(".message.own") !== null) noted.said = performance.now();
  }).observe(document, { childList: true, subtree: true });
}

/** A browser's profile with a session and nothing else: no file of the page's is there yet. */
export async function guest(browser: Browser, server: Server, name: string): Promise<BrowserContext> {
  const context = await browser.newContext({ baseURL: server.url });
  const answer = await context.request.post(`${server.url}/enter`, {
    form: { name, next: "" },
    headers: { origin: server.url },
    maxRedirects: 0,
  });
  if (answer.status() !== 303) throw new Error(`coming in was answered with ${answer.status()}`);
  return context;
}

/** A page that is about to be loaded, on the slow machine and network. */
export async function slowPage(context: BrowserContext): Promise<{ page: Page; devtools: CDPSession }> {
  const page = await context.newPage();
  await page.addInitScript(note);
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.emulateNetworkConditions", NETWORK);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
  // A picture that nobody looks at is reported as shown only with the next one that changes more: typing then seems to take
  // until the end of the sentence. So somebody looks.
  devtools.on("Page.screencastFrame", ({ sessionId }) => {
    devtools.send("Page.screencastFrameAck", { sessionId }).catch(() => undefined);
  });
  await devtools.send("Page.startScreencast", { format: "jpeg", quality: 1, maxWidth: 64, maxHeight: 64 });
  return { page, devtools };
}

/** Fills the lobby as a room in use is filled. */
export async function fill(sender: MessageSender): Promise<void> {
  const kinds = ["a short line", "a **bold** one with `code` and https://example.com/a/link", "> quoted\n\nand an answer to it\n\n- one\n- two"];
  await sender.send(...Array.from({ length: 120 }, (_, n) => `${n + 1}: ${kinds[n % kinds.length]}`));
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Nearest rank. */
export function percentile(values: number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0;
}
