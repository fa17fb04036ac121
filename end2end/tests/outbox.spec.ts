// The outbox keeps messages until the server has them: across reloads, crashes, restarts and two tabs.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { BrowserContext, Page, chromium } from "@playwright/test";
import { Person, expect, joinAsGuest, test } from "../support/fixtures";
import config from "../playwright.config";
import { api, createAccount, createOwner, signIn } from "../support/api";
import { Server } from "../support/server";
import { stored } from "../support/storage";

const numbered = (count: number, word = "message") => Array.from({ length: count }, (_, n) => `${word} ${n + 1}`);

/** A browser with persistent data that can be killed. */
class Browser {
  private constructor(private folder: string, readonly context: BrowserContext, readonly page: Page) {}

  static async start(folder = mkdtempSync(path.join(tmpdir(), "parlor-browser-"))): Promise<Browser> {
    const { launchOptions, viewport } = config.use!;
    const context = await chromium.launchPersistentContext(folder, { ...launchOptions, viewport });
    return new Browser(folder, context, context.pages()[0] ?? (await context.newPage()));
  }

  /** Closes normally. */
  async close(): Promise<string> {
    await this.context.close();
    return this.folder;
  }

  /** Ends without a shutdown. */
  async kill(): Promise<string> {
    const session = await this.context.browser()?.newBrowserCDPSession();
    const client = session ?? (await this.context.newCDPSession(this.page));
    await client.send("Browser.crash").catch(() => {});
    await this.context.close().catch(() => {});
    return this.folder;
  }

  async dispose(): Promise<void> {
    await this.context.close().catch(() => {});
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function newRoom(person: Person, name: string, secret = false): Promise<void> {
  await person.page.getByTestId("new-room").click();
  await person.page.getByTestId("new-room-name").fill(name);
  if (secret) await person.page.getByTestId("new-room-private").check();
  await person.page.getByTestId("new-room-create").click();
  await expect(person.page.getByRole("heading", { level: 1 })).toContainText(name);
}

/** How often these pages sent each message. */
function countSends(...pages: Page[]): Map<string, number> {
  const sends = new Map<string, number>();
  for (const page of pages) {
    page.on("websocket", (socket) =>
      socket.on("framesent", ({ payload }) => {
        const frame = JSON.parse(String(payload));
        if (frame.type === "send") sends.set(frame.body, (sends.get(frame.body) ?? 0) + 1);
      }),
    );
  }
  return sends;
}

test("20 messages typed offline survive closing the browser and are sent once, in order", async ({ server, person }) => {
  const bob = await person("Bob");
  let browser = await Browser.start();
  try {
    const texts = numbered(20, "离线 offline");
    let ann = await joinAsGuest(browser.page, server.url, "Ann");
    // The worker must have cached the page, and a browser writes cookies to disk half a minute later or when it is closed
    // normally.
    await ann.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    browser = await Browser.start(await browser.close());
    ann = new Person(browser.page, "Ann");
    await browser.page.goto(`${server.url}/r/lobby`);
    await ann.expectConnected();
    await server.kill();
    for (const text of texts) await ann.send(text);
    await expect(ann.messages).toHaveCount(20);
    await expect(ann.messages.last()).toHaveAttribute("data-state", "queued");
    const folder = await browser.kill();
    // Offline first: all messages are there and wait.
    browser = await Browser.start(folder);
    ann = new Person(browser.page, "Ann");
    await browser.page.goto(`${server.url}/r/lobby`);
    await expect(ann.bodies).toHaveText(texts);
    await expect(ann.messages.first()).toHaveAttribute("data-state", "queued");
    await server.start();
    await ann.expectConnected();
    await expect(ann.bodies).toHaveText(texts);
    await expect(ann.messages.last()).toHaveAttribute("data-state", "stored");
    await expect(bob.bodies).toHaveText(texts);
    await ann.page.reload();
    await expect(ann.bodies).toHaveText(texts);
  } finally {
    await browser.dispose();
  }
});

test("waiting messages survive a reload", async ({ server, person }) => {
  const ann = await person("Ann");
  await ann.page.context().setOffline(true);
  await expect(ann.connection).toHaveAttribute("data-state", "offline");
  for (const text of numbered(3)) await ann.send(text);
  await expect(ann.messages.last()).toHaveAttribute("data-state", "queued");
  await ann.page.context().setOffline(false);
  await ann.page.reload();
  await ann.expectConnected();
  await expect(ann.bodies).toHaveText(numbered(3));
  for (const message of await ann.messages.all()) await expect(message).toHaveAttribute("data-state", "stored");
  void server;
});

test("two tabs send each message once, in order, and show the same", async ({ server, person }) => {
  const bob = await person("Bob");
  const one = await person("Ann");
  const page = await one.page.context().newPage();
  await page.goto(`${server.url}/r/lobby`);
  const two = new Person(page, "Ann");
  await two.expectConnected();
  const sends = countSends(one.page, two.page);
  await server.stop();
  await expect(one.connection).not.toHaveAttribute("data-state", "connected");
  await expect(two.connection).not.toHaveAttribute("data-state", "connected");
  const texts = numbered(10);
  for (const [n, text] of texts.entries()) {
    const tab = n % 2 ? two : one;
    await tab.send(text);
    // Both tabs show its state.
    for (const other of [one, two]) await expect(other.message(text)).toHaveAttribute("data-state", "queued");
  }
  await server.start();
  for (const tab of [one, two]) {
    await tab.expectConnected();
    await expect(tab.bodies).toHaveText(texts);
    await expect(tab.messages.last()).toHaveAttribute("data-state", "stored");
  }
  await expect(bob.bodies).toHaveText(texts);
  expect(texts.map((text) => sends.get(text)), "times on the wire").toEqual(texts.map(() => 1));
});

test("messages of a closed tab are sent by the other tab", async ({ server, person }) => {
  const one = await person("Ann");
  const page = await one.page.context().newPage();
  await page.goto(`${server.url}/r/lobby`);
  const two = new Person(page, "Ann");
  await two.expectConnected();
  await server.stop();
  for (const text of numbered(3)) await one.send(text);
  await expect(two.messages).toHaveCount(3);
  await one.page.close();
  await server.start();
  await two.expectConnected();
  await expect(two.messages.last()).toHaveAttribute("data-state", "stored");
  await expect(two.bodies).toHaveText(numbered(3));
});

test("a page closed right after Enter loses nothing", async ({ person, server }) => {
  const ann = await person("Ann");
  const context = ann.page.context();
  const page = await context.newPage();
  // The disk write takes longer than the page lives.
  await page.addInitScript("IDBFactory.prototype.open = () => new EventTarget()");
  await page.goto(`${server.url}/r/lobby`);
  const hasty = new Person(page, "Ann");
  await hasty.expectConnected();
  await hasty.send("in haste");
  await page.close();
  await ann.page.reload();
  await expect(ann.message("in haste")).toHaveAttribute("data-state", "stored");
});

test("unsent messages are not visible to the next user", async ({ person, server }) => {
  const ann = await person("Ann");
  await ann.composer.fill("my secret draft");
  await expect.poll(() => ann.page.evaluate(() => Object.values(localStorage).join())).toContain("my secret draft");
  await server.stop();
  await ann.page.getByTestId("sign-out").click();
  await expect(ann.page.getByText("You are still signed in.")).toBeVisible();
  await server.start();
  await ann.expectConnected();
  await ann.page.getByTestId("sign-out").click();
  await ann.page.waitForURL(`${server.url}/`);
  const bob = await joinAsGuest(ann.page, server.url, "Bob");
  await bob.expectConnected();
  await expect(bob.composer).toHaveValue("");
  expect(await bob.page.evaluate(() => Object.values(localStorage).join())).not.toContain("secret");
});

test("unsent messages of a lost session are not visible to the next user", async ({ person, server }) => {
  const ann = await person("Ann");
  await ann.page.context().setOffline(true);
  await expect(ann.connection).toHaveAttribute("data-state", "offline");
  await ann.send("only in my name");
  await expect(ann.message("only in my name")).toHaveAttribute("data-state", "queued");
  await ann.page.context().clearCookies();
  await ann.page.context().setOffline(false);
  const mallory = await joinAsGuest(ann.page, server.url, "Mallory");
  await mallory.expectConnected();
  await mallory.send("hello");
  await expect(mallory.message("hello")).toHaveAttribute("data-state", "stored");
  await expect(mallory.composer).toHaveValue("");
  await expect(mallory.bodies).toHaveText(["hello"]);
});

test("waiting messages can be edited and discarded", async ({ server, person }) => {
  const ann = await person("Ann");
  await server.stop();
  await expect(ann.connection).not.toHaveAttribute("data-state", "connected");
  for (const text of ["a typo", "a mistake", "as it should be"]) await ann.send(text);
  await ann.message("a mistake").getByTestId("discard").click();
  await expect(ann.message("a mistake")).toHaveCount(0);
  // Discarding can be undone.
  await ann.page.getByTestId("undo-discard").click();
  await expect(ann.bodies).toHaveText(["a typo", "a mistake", "as it should be"]);
  await expect(ann.page.getByTestId("undo-discard")).toBeHidden();
  await ann.message("a mistake").getByTestId("discard").click();
  await expect(ann.message("a mistake")).toHaveCount(0);
  await ann.message("a typo").getByTestId("edit").click();
  await expect(ann.composer).toHaveValue("a typo");
  await expect(ann.message("a typo")).toHaveCount(0);
  await ann.send("no typo");
  // Neither returns after a reload.
  await server.start();
  await ann.page.reload();
  await ann.expectConnected();
  await expect(ann.bodies).toHaveText(["as it should be", "no typo"]);
});

test("waiting messages of another room are shown there", async ({ server, person }) => {
  const ann = await person("Ann");
  await newRoom(ann, "Garden");
  await server.stop();
  await expect(ann.connection).not.toHaveAttribute("data-state", "connected");
  for (const text of ["one", "two"]) await ann.send(text);
  const line = ann.page.getByTestId("composer-waiting");
  const elsewhere = ann.page.getByTestId("not-sent-elsewhere");
  await expect(line).toContainText("2 messages are queued");
  await expect(elsewhere).toBeHidden();
  await ann.page.getByTestId("room-link").filter({ hasText: "Lobby" }).click();
  await expect(line).toContainText("Messages are queued");
  await expect(elsewhere).toHaveText("2 messages in other rooms were not sent");
  await elsewhere.click();
  await expect(ann.bodies).toHaveText(["one", "two"]);
  await server.start();
  await expect(ann.message("two")).toHaveAttribute("data-state", "stored");
  await ann.page.getByTestId("room-link").filter({ hasText: "Lobby" }).click();
  await expect(elsewhere).toBeHidden();
});

test("unsent messages of a deleted room can be read, copied and discarded", async ({ server, person }) => {
  const ann = await person("Ann");
  const bob = await person("Bob", { permissions: ["clipboard-read", "clipboard-write"] });
  await newRoom(ann, "Garden", true);
  const room = new URL(ann.page.url()).pathname.replace("/r/", "");
  const me = await bob.page.evaluate(async () => (await (await fetch("/api/me")).json()).user.id as string);
  const members = (method: string, path: string, body?: object) =>
    ann.page.evaluate(
      async ([method, path, body]) => {
        const headers = { "content-type": "application/json" };
        return (await fetch(path, { method, headers, body })).status;
      },
      [method, `/api/rooms/${room}/members${path}`, body && JSON.stringify(body)] as const,
    );
  expect(await members("POST", "", { user: me })).toBe(204);
  await bob.page.getByTestId("room-link").filter({ hasText: "Garden" }).click();
  await expect(bob.page.getByText("This is the beginning of the room.")).toBeVisible();
  await bob.page.context().setOffline(true);
  await expect(bob.connection).toHaveAttribute("data-state", "offline");
  await bob.send("my last words");
  expect(await members("DELETE", `/${me}`)).toBe(204);
  await bob.page.context().setOffline(false);
  await bob.expectConnected();
  // The room is gone, the text is kept.
  const elsewhere = bob.page.getByTestId("not-sent-elsewhere");
  await bob.page.goto("/r/lobby");
  await expect(elsewhere).toHaveText("1 message in another room was not sent");
  await elsewhere.click();
  const lost = bob.message("my last words");
  await expect(lost).toHaveAttribute("data-state", "failed");
  await expect(bob.composer).toBeHidden();
  await expect(lost.getByTestId("edit")).toBeHidden();
  await lost.getByTestId("copy").click();
  await expect.poll(() => bob.page.evaluate(() => navigator.clipboard.readText())).toBe("my last words");
  await lost.getByTestId("discard").click();
  await expect(lost).toHaveCount(0);
  await bob.page.getByTestId("undo-discard").click();
  await expect(lost).toHaveAttribute("data-state", "failed");
  await lost.getByTestId("discard").click();
  await expect(lost).toHaveCount(0);
  await bob.page.goto("/r/lobby");
  await bob.expectConnected();
  await expect(elsewhere).toBeHidden();
});

test("a room opened before can be read without a server", async ({ server, person }) => {
  const ann = await person("Ann");
  const bob = await person("Bob");
  for (const text of numbered(5, "你好")) await bob.send(text);
  await ann.expectMessages("你好 5");
  await ann.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  // Stored shortly after it arrived.
  await expect.poll(() => stored(ann.page)).toContain("你好 5");
  await server.stop();
  await ann.page.reload();
  await expect(ann.bodies).toHaveText(numbered(5, "你好"));
  await expect(ann.page.getByTestId("room-link").filter({ hasText: "Lobby" })).toBeVisible();
  await ann.send("later");
  await expect(ann.message("later")).toHaveAttribute("data-state", "queued");
  await server.start();
  await ann.expectConnected();
  await expect(ann.message("later")).toHaveAttribute("data-state", "stored");
  await expect(ann.bodies).toHaveText([...numbered(5, "你好"), "later"]);
});

for (const [what, script] of [
  ["no database", 'Object.defineProperty(window, "indexedDB", { value: undefined })'],
  ["a database that never answers", "IDBFactory.prototype.open = () => new EventTarget()"],
]) {
  test(`a browser with ${what} sends messages and says that drafts are not stored`, async ({ server, visitor }) => {
    const page = await visitor();
    await page.addInitScript(script);
    const ann = await joinAsGuest(page, server.url, "Ann");
    await ann.send("hello");
    await expect(ann.message("hello")).toHaveAttribute("data-state", "stored");
    await server.stop();
    await ann.send("waits");
    await expect(page.getByTestId("composer-waiting")).toContainText("This browser cannot store them");
    await server.start();
    await expect(ann.message("waits")).toHaveAttribute("data-state", "stored");
    await expect(ann.bodies).toHaveText(["hello", "waits"]);
  });
}

test("a refused message can be retried", async ({ visitor, server }) => {
  const olga = await createOwner(server, "Olga");
  const ann = await createAccount(server, "Ann");
  const page = await visitor();
  await signIn(page.context(), server, ann);
  await page.goto("/r/lobby");
  const person = new Person(page, "Ann");
  await person.expectConnected();
  await api(server, olga, `/people/${ann.user.id}/mute`, { minutes: 60 });
  await person.send("may I?");
  await expect(person.message("may I?")).toHaveAttribute("data-state", "failed");
  // Still refused.
  await person.message("may I?").getByTestId("retry").click();
  await expect(person.message("may I?")).toHaveAttribute("data-state", "failed");
  await api(server, olga, `/people/${ann.user.id}/mute`, undefined, "DELETE");
  await person.message("may I?").getByTestId("retry").click();
  await expect(person.message("may I?")).toHaveAttribute("data-state", "stored");
  await person.send("thank you");
  await expect(person.message("thank you")).toHaveAttribute("data-state", "stored");
});

test("an unsent message stored by an earlier build is sent once", async ({ server, person }) => {
  const ann = await person("Ann");
  const user: string = await ann.page.evaluate(async () => (await (await fetch("/api/me")).json()).user.id);
  // A page without the app, so that the database is closed.
  await ann.page.goto(`${server.url}/healthz`);
  await ann.page.evaluate(async (user) => {
    const finish = (request: IDBRequest) =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    await finish(indexedDB.deleteDatabase("parlor"));
    // The database of the first builds, whose stores hold JSON texts.
    const opening = indexedDB.open("parlor", 1);
    opening.onupgradeneeded = () => ["outbox", "history", "scene"].forEach((store) => opening.result.createObjectStore(store));
    const database = (await finish(opening)) as IDBDatabase;
    const outbox = database.transaction("outbox", "readwrite").objectStore("outbox");
    const id = "01938a40-0000-7000-8000-00000000000";
    const message = { room: "lobby", at: Date.now(), failed: null };
    const texts = [{ ...message, id: `${id}1`, body: "stored first" }, { ...message, id: `${id}2`, body: "stored last", tried: false }];
    for (const message of texts) await finish(outbox.put(JSON.stringify({ user, message }), message.id));
    database.close();
  }, user);
  const bob = await person("Bob");
  await ann.page.goto(`${server.url}/r/lobby`);
  await ann.expectConnected();
  for (const each of [ann, bob]) {
    await each.expectMessages("stored first", "stored last");
    await expect(each.bodies).toHaveText(["stored first", "stored last"]);
  }
  await ann.page.reload();
  await ann.expectConnected();
  await ann.expectMessages("stored first", "stored last");
});
