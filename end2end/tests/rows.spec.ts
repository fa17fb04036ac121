// The features of five tutorials on real-time web in the chat itself. Other rows are in
// lab.spec.ts (2 to 7, 15), connection.spec.ts (8), people.spec.ts (12) and clients.spec.ts (11, 14).
import { Person, expect, joinAsGuest, test } from "../support/fixtures";
import { Server } from "../support/server";
import { expectTransport } from "../support/transports";

test("row 1: chat room: connection state, nickname, and messages with author and time, to everyone and the sender", async ({ person, visitor, server }) => {
  const ann = await person("Ann");
  const bob = await person("Bob");
  await expect(ann.page.getByTestId("connection-badge")).toHaveText(`Connected to ${server.address}`);
  await ann.send("hello");
  for (const someone of [ann, bob]) {
    await expect(someone.message("hello").getByTestId("message-author")).toHaveText("Ann");
    await expect(someone.message("hello").locator("time")).toHaveAttribute("datetime", /^\d{4}-\d\d-\d\dT\d\d:\d\d/);
    await expect(someone.bodies).toHaveText(["hello"]);
  }
  await bob.page.close();
  await expect(ann.page.getByTestId("notice").filter({ hasText: "Bob went offline" })).toBeVisible({ timeout: 20_000 });

  // Disconnected with a reason, then reconnected automatically.
  await server.kill();
  await expect(ann.connection).not.toHaveAttribute("data-state", "connected");
  await expect(ann.connection).not.toContainText("Connected");
  await server.start();
  await ann.expectConnected();
  // A browser without WebSocket shows it, and works.
  const old = await visitor();
  await old.addInitScript(() => Reflect.deleteProperty(window, "WebSocket"));
  const cleo = await joinAsGuest(old, server.url, "Cleo");
  await cleo.expectConnected();
  await expect(cleo.connection).toHaveAttribute("title", /This browser does not support WebSocket/);
  await cleo.expectMessages("hello");
});

test("row 9: broadcast chat with numbered users: guests without a name get a number, and all are counted", async ({ visitor, server }) => {
  const people: Person[] = [];
  for (const name of ["Guest 1", "Guest 2", "Guest 3"]) {
    const page = await visitor();
    people.push(await joinAsGuest(page, server.url, ""));
    await expect(page.getByTestId("people")).toContainText(name);
    const before = people.slice(0, -1);
    for (const { page } of before) await expect(page.getByTestId("notice").filter({ hasText: `${name} came online` })).toBeVisible();
  }
  for (const { page } of people) await expect(page.getByTestId("online-count")).toHaveText("3");
  await people[2].send("to all of you");
  for (const person of people) await person.expectMessages("to all of you");
});

test("row 10: chat with typed events: enter, message and leave with their times, and no empty messages", async ({ person }) => {
  const ann = await person("Ann");
  const bob = await person("Bob");
  const notice = (text: string) => ann.page.getByTestId("notice").filter({ hasText: text });
  await expect(notice("Bob came online").locator("time")).toHaveText(/\d\d:\d\d/);
  await bob.composer.fill("   ");
  await bob.composer.press("Enter");
  await expect(bob.page.getByTestId("composer-hint")).toHaveText("Enter a message.");
  await bob.send("a message");
  await expect(ann.message("a message").locator("time")).toHaveText(/\d\d:\d\d/);
  await expect(ann.messages).toHaveCount(1);
  await bob.page.close();
  await expect(notice("Bob went offline").locator("time")).toHaveText(/\d\d:\d\d/, { timeout: 20_000 });
  // Kinds differ in more than their text.
  const colour = (text: string) => notice(text).evaluate((line) => getComputedStyle(line).color);
  expect(await colour("Bob came online")).not.toBe(await ann.message("a message").evaluate((row) => getComputedStyle(row).color));
});

test("row 13: chat history in a database: after a restart one can scroll back to the first message", async ({ person, server }) => {
  const ann = await person("Ann");
  for (let n = 1; n <= 8; n++) await ann.send(`word ${n}`);
  await expect(ann.message("word 8")).toHaveAttribute("data-state", "stored");
  await server.stop();
  await server.start();
  const bob = await person("Bob");
  await expect(bob.bodies).toHaveText([1, 2, 3, 4, 5, 6, 7, 8].map((n) => `word ${n}`));
});

test("row 15: long polling: the chat works in both directions with WebSocket and EventSource blocked", async ({ visitor }) => {
  // Short, to find what waits for a heartbeat.
  const server = await Server.start("--heartbeat-ms", "5000");
  try {
    const page = await visitor({ baseURL: server.url });
    await page.addInitScript(() => {
      Reflect.deleteProperty(window, "WebSocket");
      Reflect.deleteProperty(window, "EventSource");
    });
    const ann = await joinAsGuest(page, server.url, "Ann");
    await expectTransport(ann, "poll");
    const bob = await joinAsGuest(await visitor({ baseURL: server.url }), server.url, "Bob");
    await expectTransport(bob, "websocket");
    await ann.send("by request");
    await bob.expectMessages("by request");
    await bob.send("by socket");
    await ann.expectMessages("by socket");
    await expect(ann.bodies).toHaveText(["by request", "by socket"]);
  } finally {
    await server.dispose();
  }
});
