// Blocked transports: the chat falls back to the next one.
import { Person, expect, joinAsGuest, test as base } from "../support/fixtures";
import { Proxy } from "../support/proxy";
import { Server } from "../support/server";
import { exerciseChat, expectTransport } from "../support/transports";

const test = base.extend<{ gate: Proxy }>({
  gate: async ({ server }, use) => {
    const gate = await Proxy.start(server.address);
    await use(gate);
    await gate.stop();
  },
});

/** Records every state of the badge. */
async function watch(person: Person): Promise<() => Promise<string[]>> {
  await person.connection.evaluate((badge) => {
    const states: string[] = [];
    Object.assign(window, { states });
    new MutationObserver(() => states.push((badge as HTMLElement).dataset.state!)).observe(badge, {
      attributes: true,
      attributeFilter: ["data-state", "data-transport"],
    });
  });
  return async () => person.page.evaluate(() => (window as unknown as { states: string[] }).states);
}

test("an unobstructed network uses WebSocket", async ({ gate, visitor }) => {
  const ann = await joinAsGuest(await visitor(), gate.url, "Ann");
  const bob = await joinAsGuest(await visitor(), gate.url, "Bob");
  for (const person of [ann, bob]) await expectTransport(person, "websocket");
  await expect(ann.page.getByTestId("connection-badge")).toHaveText(`Connected to ${gate.address}`);
  await exerciseChat(ann, bob, gate);
  for (const person of [ann, bob]) await expectTransport(person, "websocket");
});

test("WebSocket refused: the event stream is used at once", async ({ gate, visitor }) => {
  gate.upgrades = "refuse";
  const ann = await joinAsGuest(await visitor(), gate.url, "Ann");
  const bob = await joinAsGuest(await visitor(), gate.url, "Bob");
  for (const person of [ann, bob]) await expectTransport(person, "sse");
  await expect(ann.page.getByTestId("connection-badge")).toHaveText(`Connected to ${gate.address} (event stream)`);
  await expect(ann.connection).toHaveAttribute("title", /WebSocket is blocked on this network/);
  await exerciseChat(ann, bob, gate);
  for (const person of [ann, bob]) await expectTransport(person, "sse");

  // Later pages on this network skip the blocked transport.
  const asked = gate.requests.upgrades;
  await ann.page.reload();
  await expectTransport(ann, "sse");
  await expect(ann.connection).toHaveAttribute("title", /recently failed/);
  expect(gate.requests.upgrades).toBe(asked);
});

test("unanswered upgrades time out, and the event stream is used", async ({ gate, visitor }) => {
  gate.upgrades = "hang";
  const ann = await joinAsGuest(await visitor(), gate.url, "Ann");
  await expectTransport(ann, "sse");
  await ann.send("by the stream");
  await expect(ann.message("by the stream")).toHaveAttribute("data-state", "stored");
});

for (const streams of ["refuse", "buffer"] as const) {
  test(`WebSocket and event streams refused (${streams}): long polling is used`, async ({ gate, visitor }) => {
    // A buffered stream is detected by a timeout.
    test.slow();
    gate.upgrades = "refuse";
    gate.streams = streams;
    const [first, second] = [await visitor(), await visitor()];
    const [ann, bob] = await Promise.all([joinAsGuest(first, gate.url, "Ann"), joinAsGuest(second, gate.url, "Bob")]);
    for (const person of [ann, bob]) await expectTransport(person, "poll");
    await expect(ann.page.getByTestId("connection-badge")).toHaveText(`Connected to ${gate.address} (long polling)`);
    await expect(ann.connection).toHaveAttribute("title", streams === "buffer" ? /event streams are delayed/ : /event streams are blocked/);
    await exerciseChat(ann, bob, gate);
    for (const person of [ann, bob]) await expectTransport(person, "poll");
  });
}

test("a short heartbeat does not hide a buffering proxy", async ({ visitor }) => {
  test.slow();
  const server = await Server.start("--heartbeat-ms", "2000");
  const gate = await Proxy.start(server.address);
  try {
    gate.upgrades = "refuse";
    gate.streams = "buffer";
    const ann = await joinAsGuest(await visitor({ baseURL: gate.url }), gate.url, "Ann");
    await ann.send("by the last way");
    await expectTransport(ann, "poll");
    await expect(ann.message("by the last way")).toHaveAttribute("data-state", "stored");
  } finally {
    await gate.stop();
    await server.dispose();
  }
});

test("after a block is lifted the connection upgrades within a minute, unnoticed except for the badge", async ({ gate, visitor }) => {
  gate.upgrades = "refuse";
  gate.streams = "refuse";
  const page = await visitor();
  await page.clock.install();
  const ann = await joinAsGuest(page, gate.url, "Ann");
  const bob = await joinAsGuest(await visitor(), gate.url, "Bob");
  await expectTransport(ann, "poll");
  const states = await watch(ann);
  await ann.send("low");
  await bob.expectMessages("low");

  // Still blocked: the probe disturbs nobody. The next one follows after two minutes.
  const asked = gate.requests.upgrades;
  await page.clock.fastForward("01:05");
  await expect.poll(() => gate.requests.upgrades).toBeGreaterThan(asked);
  await bob.send("still here");
  await ann.expectMessages("still here");
  await expectTransport(ann, "poll");

  gate.streams = "pass";
  await page.clock.fastForward("01:00");
  // The page must receive something, or the time jump counts as sleep.
  await bob.send("one more minute");
  await ann.expectMessages("one more minute");
  await page.clock.fastForward("01:05");
  await expectTransport(ann, "sse");
  await ann.send("middle");
  await bob.expectMessages("middle");

  gate.upgrades = "pass";
  await page.clock.fastForward("01:05");
  await expectTransport(ann, "websocket");
  await ann.send("high");
  await bob.expectMessages("high");
  await expect(ann.bodies).toHaveText(["low", "still here", "one more minute", "middle", "high"]);
  await expect(bob.bodies).toHaveText(["low", "still here", "one more minute", "middle", "high"]);
  expect(new Set(await states())).toEqual(new Set(["connected"]));
});

test("a network change upgrades the connection at once", async ({ gate, visitor }) => {
  gate.upgrades = "refuse";
  const ann = await joinAsGuest(await visitor(), gate.url, "Ann");
  await expectTransport(ann, "sse");
  gate.upgrades = "pass";
  const states = await watch(ann);
  await ann.page.evaluate(() => window.dispatchEvent(new Event("online")));
  await expectTransport(ann, "websocket");
  expect(new Set(await states())).toEqual(new Set(["connected"]));
});

test("messages sent during an upgrade are neither lost nor duplicated", async ({ gate, visitor }) => {
  gate.upgrades = "refuse";
  const ann = await joinAsGuest(await visitor(), gate.url, "Ann");
  const bob = await joinAsGuest(await visitor(), gate.url, "Bob");
  for (const person of [ann, bob]) await expectTransport(person, "sse");
  gate.upgrades = "pass";
  const texts = Array.from({ length: 20 }, (_, n) => `message ${n + 1}`);
  for (const [n, text] of texts.entries()) {
    if (n === 5) await ann.page.evaluate(() => window.dispatchEvent(new Event("online")));
    if (n === 8) await bob.page.evaluate(() => window.dispatchEvent(new Event("online")));
    await ann.send(text);
  }
  for (const person of [ann, bob]) {
    await expectTransport(person, "websocket");
    await expect(person.bodies).toHaveText(texts);
  }
});

test("a message in flight during an upgrade is sent on the new connection", async ({ gate, visitor }) => {
  gate.upgrades = "refuse";
  const ann = await joinAsGuest(await visitor(), gate.url, "Ann");
  const bob = await joinAsGuest(await visitor(), gate.url, "Bob");
  for (const person of [ann, bob]) await expectTransport(person, "sse");
  gate.posts = "hang";
  await ann.send("on the wire");
  await ann.send("behind it");
  await expect(ann.message("on the wire")).toHaveAttribute("data-state", "sent");
  gate.upgrades = "pass";
  await ann.page.evaluate(() => window.dispatchEvent(new Event("online")));
  await expectTransport(ann, "websocket");
  await ann.send("by the new way");
  for (const person of [ann, bob]) await expect(person.bodies).toHaveText(["on the wire", "behind it", "by the new way"]);
  for (const text of ["on the wire", "behind it", "by the new way"]) {
    await expect(ann.message(text)).toHaveAttribute("data-state", "stored");
  }
});

test("a transport that worked is kept after one failure", async ({ gate, visitor }) => {
  const ann = await joinAsGuest(await visitor(), gate.url, "Ann");
  await expectTransport(ann, "websocket");
  gate.cut();
  await ann.send("after a cut");
  await expect(ann.message("after a cut")).toHaveAttribute("data-state", "stored");
  await expectTransport(ann, "websocket");
  expect(gate.requests.streams).toBe(0);
  // Blocked from now on: two failures, then the event stream.
  gate.upgrades = "refuse";
  gate.cut();
  await expectTransport(ann, "sse");
});

for (const transport of ["websocket", "sse", "poll"] as const) {
  test(`a frozen server is noticed within two heartbeats over ${transport}`, async ({ visitor }) => {
    const server = await Server.start("--heartbeat-ms", "2000");
    const gate = await Proxy.start(server.address);
    if (transport !== "websocket") gate.upgrades = "refuse";
    if (transport === "poll") gate.streams = "refuse";
    try {
      const ann = await joinAsGuest(await visitor(), gate.url, "Ann");
      await expectTransport(ann, transport);
      const frozen = Date.now();
      server.suspend();
      // Two heartbeats, and a margin for busy machines.
      await expect(ann.connection).not.toHaveAttribute("data-state", "connected", { timeout: 4_000 + 6_000 });
      console.log(`${transport}: noticed after ${Date.now() - frozen} ms`);
      await ann.send("waits");
      await expect(ann.message("waits")).toHaveAttribute("data-state", "queued");
      server.resume();
      await ann.expectConnected();
      await expect(ann.message("waits")).toHaveAttribute("data-state", "stored");
      await expect(ann.messages).toHaveCount(1);
      await expectTransport(ann, transport);
    } finally {
      await gate.stop();
      await server.dispose();
    }
  });
}

for (const transport of ["sse", "poll"] as const) {
  test(`nine tabs share the six connections of a browser: ${transport}`, async ({ gate, visitor }) => {
    test.setTimeout(240_000);
    gate.upgrades = "refuse";
    if (transport === "poll") gate.streams = "refuse";
    const first = await joinAsGuest(await visitor(), gate.url, "Ann");
    await expectTransport(first, transport);
    const tabs = [first];
    // Browsers open six connections to a host over HTTP/1.1.
    while (tabs.length < 9) {
      const tab = new Person(await first.page.context().newPage(), "Ann");
      await tab.page.goto(`${gate.url}/r/lobby`);
      await expect(tab.connection).toHaveAttribute("data-state", "connected", { timeout: 30_000 });
      tabs.push(tab);
    }
    const last = tabs[8];
    await last.send("from the last tab");
    await expect(last.message("from the last tab")).toHaveAttribute("data-state", "stored");
    for (const tab of tabs) await tab.expectMessages("from the last tab");
    if (transport === "sse") {
      // A tab that has lost its stream gives its place to another one.
      const kinds = () => Promise.all(tabs.map((tab) => tab.connection.getAttribute("data-transport")));
      await expect.poll(async () => (await kinds()).filter((kind) => kind === "sse").length).toBeLessThanOrEqual(4);
      const titles = () => Promise.all(tabs.map((tab) => tab.connection.getAttribute("title")));
      await expect.poll(async () => (await titles()).join()).toContain("Other tabs use all event streams");
    }
    // Hidden tabs count what is unread.
    for (const tab of tabs) {
      await tab.page.evaluate(() => {
        Object.defineProperty(document, "hidden", { value: true, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      });
    }
    const bob = await joinAsGuest(await visitor(), gate.url, "Bob");
    await expectTransport(bob, transport);
    await bob.send("unread");
    await expect(bob.message("unread")).toHaveAttribute("data-state", "stored");
    for (const [n, tab] of tabs.entries()) await expect(tab.page, `tab ${n + 1}`).toHaveTitle(/^\(1\) /, { timeout: 40_000 });
    for (const tab of tabs) await expect(tab.connection).toHaveAttribute("data-state", "connected");
  });
}

test("signing out elsewhere closes every transport", async ({ gate, visitor }) => {
  for (const transport of ["sse", "poll"] as const) {
    gate.upgrades = "refuse";
    if (transport === "poll") gate.streams = "refuse";
    const ann = await joinAsGuest(await visitor(), gate.url, `Ann by ${transport}`);
    await expectTransport(ann, transport);
    const answer = await ann.page.context().request.delete(`${gate.url}/api/session`, { headers: { origin: gate.url } });
    expect(answer.status()).toBe(204);
    await expect(ann.connection).toHaveAttribute("data-state", "closed");
    await expect(ann.connection).toContainText(/signed out/i);
  }
});
