// The network lab. Tests are numbered by the features that the project covers (row 1 to row 15); those about the chat itself are in
// rows.spec.ts, connection.spec.ts, people.spec.ts and clients.spec.ts.
import AxeBuilder from "@axe-core/playwright";
import { Locator, Page } from "@playwright/test";
import { expect, test } from "../support/fixtures";
import { Proxy } from "../support/proxy";
import { Server } from "../support/server";

const card = (page: Page, way: string) => page.locator(`[data-clock=${way}]`);
const figure = (clock: Locator, name: string) => clock.locator(`[data-figure=${name}]`);

/** The number in a figure, without its unit. */
async function value(clock: Locator, name: string): Promise<number> {
  return Number.parseFloat((await figure(clock, name).innerText()).replace(/[±,]/g, ""));
}

async function openStreams(server: Server): Promise<Record<string, number>> {
  return ((await (await fetch(`${server.url}/lab/streams`)).json()) as { lab_streams: Record<string, number> }).lab_streams;
}

/** Runs one clock and checks its ticks; `requests` is the expected number of requests. */
async function ticks(page: Page, server: Server, way: string, requests: (ticks: number) => [number, number]): Promise<void> {
  await page.goto("/lab");
  const clock = card(page, way);
  const toggle = clock.locator("[data-does=toggle]");
  await expect(clock).toHaveAttribute("data-state", "stopped");
  await toggle.click();
  await expect(clock).toHaveAttribute("data-state", "running");
  if (way !== "polling") await expect.poll(async () => (await openStreams(server))[way]).toBe(1);
  // Three further ticks.
  const seen = new Set<string>();
  await expect
    .poll(async () => seen.add((await clock.locator("time").getAttribute("datetime"))!).size, { intervals: [200] })
    .toBeGreaterThanOrEqual(4);
  await expect
    .poll(async () => Math.abs(Date.now() - Date.parse((await clock.locator("time").getAttribute("datetime"))!)))
    .toBeLessThan(3_000);
  await expect(figure(clock, "first")).toHaveText(/^[\d.,]+ ms$/);
  await expect(figure(clock, "steady")).toHaveText(/^± [\d.,]+ ms$/);
  expect(await figure(clock, "up").innerText()).toMatch(/^[\d.,]+ (B|KiB)$/);
  expect(await figure(clock, "down").innerText()).toMatch(/^[\d.,]+ (B|KiB)$/);
  expect(await value(clock, "up")).toBeGreaterThan(0);
  const dots = page.locator(`.way-${way} circle`);
  await expect.poll(() => dots.count()).toBeGreaterThanOrEqual(3);
  // Read both at once, because the clock runs.
  const [drawn, asked] = await page.evaluate((way) => {
    const figure = document.querySelector(`[data-clock=${way}] [data-figure=requests]`)!.textContent!;
    return [document.querySelectorAll(`.way-${way} circle`).length, Number.parseFloat(figure.replace(/,/g, ""))];
  }, way);
  const [least, most] = requests(drawn);
  expect(asked).toBeGreaterThanOrEqual(least);
  expect(asked).toBeLessThanOrEqual(most);

  await toggle.click();
  await expect(clock).toHaveAttribute("data-state", "stopped");
  const stopped = await clock.locator("time").getAttribute("datetime");
  if (way !== "polling") await expect.poll(async () => (await openStreams(server))[way]).toBe(0);
  await page.waitForTimeout(1_500);
  expect(await clock.locator("time").getAttribute("datetime")).toBe(stopped);
}

test("row 2: clock by polling: each tick is a request", async ({ visitor, server }) => {
  await ticks(await visitor(), server, "polling", (n) => [n, n + 2]);
});

test("row 3: clock by a streaming iframe: one request, on the only page whose CSP allows it", async ({ visitor, server }) => {
  const page = await visitor();
  await ticks(page, server, "frame", () => [1, 1]);
  const policy = (await page.request.get("/lab")).headers()["content-security-policy"];
  expect(policy).not.toMatch(/nonce|unsafe/);
  // Its cost: the frame keeps loading.
  await card(page, "frame").locator("[data-does=toggle]").click();
  await expect(card(page, "frame")).toHaveAttribute("data-state", "running");
  const state = await page.locator("iframe").evaluate((frame: HTMLIFrameElement) => frame.contentDocument!.readyState);
  expect(state).toBe("loading");
});

test("row 4: clock by EventSource: one request, which ends when the client leaves", async ({ visitor, server }) => {
  const page = await visitor();
  await ticks(page, server, "events", () => [1, 1]);
  await page.goto("/lab");
  await card(page, "events").locator("[data-does=toggle]").click();
  await expect.poll(async () => (await openStreams(server)).events).toBe(1);
  // Closed without being stopped.
  await page.goto("about:blank");
  await expect.poll(async () => (await openStreams(server)).events).toBe(0);
});

test("row 5: WebSocket echo: text and binary messages, small and large", async ({ visitor }) => {
  const page = await visitor();
  await page.goto("/lab");
  const result = page.locator("#echo-result");
  await page.locator("#echo-text").fill("hello !!! 你好 👋🏽");
  await page.locator("#echo-text-form button").click();
  await expect(result).toHaveText(/^25 B returned unchanged after [\d.]+ ms$/);
  for (const kind of ["bytes", "text"]) {
    for (const [size, said] of [["0", "0 B"], ["125", "125 B"], ["126", "126 B"], ["65536", "64.0 KiB"], ["1048576", "1.0 MiB"]]) {
      await page.locator("#echo-size").selectOption(size);
      await page.locator("#echo-kind").selectOption(kind);
      await page.locator("#echo-bytes-form button").click();
      await expect(result).toContainText(`${said} returned unchanged`);
      await expect(result).toHaveAttribute("data-same", "true");
    }
  }
  await page.locator("#echo-trips").click();
  await expect(page.locator("#echo-summary")).toHaveText(/^200 round trips: median [\d.]+ ms/);
  const counts = await page.locator("#echo-bars li span:last-child").allInnerTexts();
  expect(counts.reduce((sum, count) => sum + Number(count), 0)).toBe(200);
  // The clock over the same transport.
  await card(page, "ws").locator("[data-does=toggle]").click();
  await expect(card(page, "ws")).toHaveAttribute("data-state", "running");
});

test("row 5: clock by WebSocket: one request", async ({ visitor, server }) => {
  await ticks(await visitor(), server, "ws", () => [1, 1]);
});

test("row 6: handshake: the visitor's own, the RFC's sample and an unsupported version", async ({ visitor, server }) => {
  const page = await visitor({ userAgent: "a browser of its own kind" });
  await page.goto("/lab");
  const step = (of: string, name: string) => page.locator(`[data-steps=${of}] [data-step=${name}]`);
  await expect(step("example", "key")).toHaveText("dGhlIHNhbXBsZSBub25jZQ==");
  await expect(step("example", "accept")).toHaveText("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  await page.locator("#handshake-run").click();
  const asked = page.locator("#handshake-request");
  await expect(asked).toContainText("GET /lab/handshake HTTP/1.1");
  await expect(asked).toContainText("user-agent: a browser of its own kind");
  await expect(asked).toContainText(`host: ${server.address}`);
  await expect(asked).toContainText("sec-websocket-version: 13");
  const key = await step("real", "key").innerText();
  await expect(asked).toContainText(`sec-websocket-key: ${key}`);
  await expect(step("real", "joined")).toHaveText(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  const accept = await page.evaluate(async (joined) => {
    const hash = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(joined));
    return btoa(String.fromCharCode(...new Uint8Array(hash)));
  }, await step("real", "joined").innerText());
  await expect(step("real", "accept")).toHaveText(accept);
  await expect(page.locator("#handshake-answer")).toContainText("HTTP/1.1 101 Switching Protocols");
  await expect(page.locator("#handshake-answer")).toContainText(`sec-websocket-accept: ${accept}`, { ignoreCase: true });

  const computed = page.locator("#handshake-computed");
  await page.locator("#handshake-form button").click();
  await expect(computed).toContainText("101 Switching Protocols");
  await expect(computed).toContainText("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  await page.locator("#handshake-version").fill("8");
  await page.locator("#handshake-form button").click();
  await expect(computed).toContainText("426 Upgrade Required");
  await expect(computed).toContainText("sec-websocket-version: 13", { ignoreCase: true });
  await page.locator("#handshake-version").fill("13");
  await page.locator("#handshake-key").fill("😀");
  await page.locator("#handshake-form button").click();
  await expect(computed).toContainText("128 printable ASCII characters");
  await page.locator("#handshake-key").fill("too short");
  await page.locator("#handshake-form button").click();
  await expect(computed).toContainText("400 Bad Request");
});

test("row 7: readyState, bufferedAmount, send before open, close and its event", async ({ visitor }) => {
  const page = await visitor();
  await page.goto("/lab");
  const log = page.locator("#inspector-log li");
  await expect(page.locator("#inspector-state")).toHaveText("no socket");
  await page.locator("#inspector-early").click();
  await expect(log.filter({ hasText: "send() threw InvalidStateError" })).toHaveCount(1);
  await expect(page.locator("#inspector-state")).toHaveText("1 OPEN");
  await page.locator("#inspector-much").click();
  await expect(log.filter({ hasText: "sent 1.0 MiB; bufferedAmount afterwards: 1,048,576" })).toHaveCount(1);
  await expect(log.filter({ hasText: "message of 1.0 MiB returned" })).toHaveCount(1);
  await expect(page.locator("#inspector-most")).toHaveText("1,048,576");
  await expect(page.locator("#inspector-buffered")).toHaveText("0");
  // A code that pages must not use.
  await page.locator("#inspector-code").fill("1001");
  await page.locator("#inspector-form button").click();
  await expect(log.filter({ hasText: 'close(1001, "") threw InvalidAccessError' })).toHaveCount(1);
  await expect(page.locator("#inspector-state")).toHaveText("1 OPEN");
  await page.locator("#inspector-code").fill("4321");
  await page.locator("#inspector-reason").fill("再见");
  await page.locator("#inspector-form button").click();
  await expect(log.filter({ hasText: /close event: code 4321, reason “.*”, wasClean true/ })).toHaveCount(1);
  await expect(page.locator("#inspector-state")).toHaveText("3 CLOSED");
});

test("row 15: long polling: each tick is a request", async ({ visitor, server }) => {
  await ticks(await visitor(), server, "poll", (n) => [n, n + 2]);
});

test("all clocks run side by side and are released on the server", async ({ visitor, server }) => {
  const page = await visitor();
  await page.goto("/lab");
  await page.locator("#clocks-start").click();
  for (const way of ["polling", "poll", "frame", "events", "ws"]) {
    await expect(card(page, way)).toHaveAttribute("data-state", "running");
  }
  await expect.poll(() => openStreams(server)).toEqual({ poll: 1, frame: 1, events: 1, ws: 1, echo: 0 });
  await expect(page.locator("#lab-streams")).toHaveText(/: [34]$/);
  await expect.poll(() => value(card(page, "polling"), "requests")).toBeGreaterThanOrEqual(4);
  // What distinguishes the transports.
  const up = async (way: string) => figure(card(page, way), "up").innerText();
  expect([await up("polling"), await up("poll")].every((text) => text.endsWith("KiB") || Number.parseFloat(text.replace(",", "")) > 1_000)).toBe(true);
  await page.locator("#clocks-stop").click();
  await expect.poll(() => openStreams(server)).toEqual({ poll: 0, frame: 0, events: 0, ws: 0, echo: 0 });
});

test("an unreachable clock shows an error and resumes", async ({ visitor, server }) => {
  const page = await visitor();
  await page.goto("/lab");
  await page.locator("#clocks-start").click();
  for (const way of ["polling", "events", "ws"]) await expect(card(page, way)).toHaveAttribute("data-state", "running");
  await server.kill();
  for (const way of ["polling", "events", "ws"]) await expect(card(page, way)).toHaveAttribute("data-state", "failed");
  await server.start();
  for (const way of ["polling", "poll", "events", "ws"]) {
    await expect(card(page, way)).toHaveAttribute("data-state", "running", { timeout: 20_000 });
  }
});

test("clocks pause while the page is hidden", async ({ visitor, server }) => {
  const page = await visitor();
  await page.goto("/lab");
  await page.locator("#clocks-start").click();
  await expect.poll(async () => (await openStreams(server)).ws).toBe(1);
  const see = (state: string) =>
    page.evaluate((state) => {
      Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  await see("hidden");
  await expect.poll(() => openStreams(server)).toEqual({ poll: 0, frame: 0, events: 0, ws: 0, echo: 0 });
  await see("visible");
  await expect(card(page, "ws")).toHaveAttribute("data-state", "running");
});

const finding = (page: Page, slug: string) => page.locator(`[data-finding=${slug}]`);

async function diagnose(page: Page): Promise<void> {
  await page.locator("#diagnosis-run").click();
  await expect(finding(page, "verdict")).toBeVisible({ timeout: 45_000 });
}

test("diagnosis: an unobstructed network, and a report to copy", async ({ visitor, server }) => {
  const page = await visitor();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: server.url });
  await page.goto("/lab");
  await diagnose(page);
  for (const slug of ["requests", "skew", "socket", "stream", "frame", "poll"]) {
    await expect(finding(page, slug)).toHaveAttribute("data-works", "true");
  }
  await expect(finding(page, "verdict")).toContainText("The chat uses WebSocket");
  await page.locator("#diagnosis-copy").click();
  await expect(page.locator("#diagnosis-status")).toHaveText("Copied.");
  const report = await page.evaluate(() => navigator.clipboard.readText());
  expect(report).toMatch(/^Parlor \d{4}-\d\d-\d\dT/);
  expect(report).toContain(server.address);
  expect(report).toContain("Server-sent events: Available");
  expect(await page.locator("#diagnosis-report").inputValue()).toBe(report);
});

test("diagnosis: a proxy that blocks WebSocket and buffers streams is detected", async ({ visitor, server }) => {
  const proxy = await Proxy.start(server.address, "/lab/clock/events");
  try {
    proxy.upgrades = "refuse";
    proxy.streams = "buffer";
    const page = await visitor();
    await page.goto(`${proxy.url}/lab`);
    await diagnose(page);
    await expect(finding(page, "requests")).toHaveAttribute("data-works", "true");
    await expect(finding(page, "socket")).toHaveAttribute("data-works", "false");
    await expect(finding(page, "socket")).toContainText("code 1006");
    await expect(finding(page, "stream")).toContainText("No data arrived within 8 s");
    await expect(finding(page, "poll")).toHaveAttribute("data-works", "true");
    await expect(finding(page, "verdict")).toContainText("long polling");
    await expect(finding(page, "verdict")).toContainText("do not buffer text/event-stream");
    await expect(finding(page, "verdict")).toContainText("forward the Upgrade and Connection headers");
  } finally {
    await proxy.stop();
  }
});

test("diagnosis: a wrong system clock is reported", async ({ visitor }) => {
  const page = await visitor();
  await page.addInitScript(() => {
    const now = Date.now.bind(Date);
    Date.now = () => now() + 90_000;
  });
  await page.goto("/lab");
  await diagnose(page);
  await expect(finding(page, "skew")).toHaveText(/90 s ahead of the server/);
});

for (const language of ["en", "zh-Hans"]) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`axe finds no violations in the lab: ${colorScheme}, ${language}`, async ({ visitor, server }, info) => {
      const page = await visitor({ colorScheme });
      await page.context().addCookies([{ name: "lang", value: language, url: server.url }]);
      await page.goto("/lab");
      await expect(page.locator("html")).toHaveAttribute("lang", language);
      await page.locator("#clocks-start").click();
      await page.locator("#handshake-run").click();
      await page.locator("#inspector-early").click();
      await page.locator("#echo-trips").click();
      await diagnose(page);
      await expect(page.locator("#handshake-real")).toBeVisible();
      await expect(page.locator("#echo-histogram")).toBeVisible();
      await info.attach("desktop", { body: await page.screenshot({ fullPage: true }), contentType: "image/png" });
      const { violations } = await new AxeBuilder({ page }).analyze();
      const severe = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      expect(severe.map(({ id, nodes }) => [id, nodes[0].html, nodes[0].failureSummary])).toEqual([]);
      await page.setViewportSize({ width: 360, height: 740 });
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(sideways).toBeLessThanOrEqual(0);
      await info.attach("phone", { body: await page.screenshot({ fullPage: true }), contentType: "image/png" });
      await page.locator("#clocks-stop").click();
    });
  }
}

test("the chat loads no lab code, and the connection panel links to the lab", async ({ person }) => {
  const ann = await person("Ann");
  const loaded = await ann.page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
  expect(loaded.length).toBeGreaterThan(2);
  expect(loaded.filter((name) => name.includes("/lab"))).toEqual([]);
  await ann.page.getByTestId("connection-badge").click();
  const [lab] = await Promise.all([ann.page.waitForEvent("popup"), ann.page.getByRole("link", { name: "Test this network" }).click()]);
  await expect(lab.getByRole("heading", { level: 1 })).toHaveText("Network lab");
});
