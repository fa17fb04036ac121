// Emulates a slow CPU and network by the DevTools protocol, and collects performance metrics in the page.
import { Browser, BrowserContext, CDPSession, Page } from "@playwright/test";
import MessageSender from "../support/message-sender";
import { Server } from "../support/server";

/** Factor by which the CPU is slowed down. */
export const CPU_SLOWDOWN = 4;
/** 10 Mbit/s in each direction, 40 ms round trip. */
const NETWORK = { offline: false, latency: 40, downloadThroughput: 1_250_000, uploadThroughput: 1_250_000 };

/** Metrics of a page. Times are in milliseconds since the start of the navigation. */
export interface PageMetrics {
  /** Largest contentful paint. */
  lcp: number;
  /** Time when the first message of the user's own was in the page. */
  firstMessage: number;
  /** Start and duration of long tasks: those of more than 50 ms. */
  longTasks: [number, number][];
  /** Duration of the slowest event of each interaction, from input to the next frame. Browsers round to 8 ms. */
  interactions: Record<string, number>;
}

declare global {
  interface Window {
    pageMetrics: PageMetrics;
  }
}

/** Runs in the page before its own scripts. */
function collectMetrics(): void {
  const metrics: PageMetrics = { lcp: 0, firstMessage: 0, longTasks: [], interactions: {} };
  window.pageMetrics = metrics;
  const observe = (type: string, take: (entry: PerformanceEntry) => void, more = {}) =>
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true, ...more });
  observe("largest-contentful-paint", (entry) => (metrics.lcp = entry.startTime));
  observe("longtask", (entry) => metrics.longTasks.push([entry.startTime, entry.duration]));
  const event = (entry: PerformanceEntry) => {
    const { interactionId } = entry as PerformanceEntry & { interactionId?: number };
    if (!interactionId) return;
    metrics.interactions[interactionId] = Math.max(metrics.interactions[interactionId] ?? 0, entry.duration);
  };
  observe("event", event, { durationThreshold: 16 });
  new MutationObserver(() => {
    if (metrics.firstMessage === 0 && document.querySelector(".message.own") !== null) metrics.firstMessage = performance.now();
  }).observe(document, { childList: true, subtree: true });
}

/** A browser context with a guest's session and an empty cache. */
export async function guest(browser: Browser, server: Server, name: string): Promise<BrowserContext> {
  const context = await browser.newContext({ baseURL: server.url });
  const response = await context.request.post(`${server.url}/enter`, {
    form: { name, next: "" },
    headers: { origin: server.url },
    maxRedirects: 0,
  });
  if (response.status() !== 303) throw new Error(`entering as a guest failed with ${response.status()}`);
  return context;
}

/** A page to be loaded with the slow CPU and network. */
export async function slowPage(context: BrowserContext): Promise<{ page: Page; devtools: CDPSession }> {
  const page = await context.newPage();
  await page.addInitScript(collectMetrics);
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.emulateNetworkConditions", NETWORK);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: CPU_SLOWDOWN });
  // Headless Chromium reports a frame as presented only with a later one that changes more, so that typing seems slow. A
  // screencast makes it present every frame.
  devtools.on("Page.screencastFrame", ({ sessionId }) => {
    devtools.send("Page.screencastFrameAck", { sessionId }).catch(() => undefined);
  });
  await devtools.send("Page.startScreencast", { format: "jpeg", quality: 1, maxWidth: 64, maxHeight: 64 });
  return { page, devtools };
}

/** Fills the lobby with typical messages. */
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
