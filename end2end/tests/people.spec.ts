// Mentions, direct messages, presence, unread counts and permissions.
import { Page } from "@playwright/test";
import { Person, expect, test } from "../support/fixtures";

const badge = (person: Person, room: string) =>
  person.page.getByTestId("room-link").filter({ hasText: room }).getByTestId("unread");
const someone = (person: Person, name: string) =>
  person.page.getByTestId("people").getByRole("listitem").filter({ hasText: name });

/** All frames that a page receives. */
function wire(page: Page): string[] {
  const frames: string[] = [];
  page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => frames.push(String(payload))));
  return frames;
}

async function newRoom(person: Person, name: string): Promise<void> {
  await person.page.getByTestId("new-room").click();
  await person.page.getByTestId("new-room-name").fill(name);
  await person.page.getByTestId("new-room-create").click();
  await expect(person.page.getByRole("heading", { level: 1 })).toContainText(name);
}

async function act(person: Person, text: string, what: string): Promise<void> {
  await person.message(text).hover();
  await person.message(text).getByTestId("more").click();
  await person.page.getByTestId(what).click();
}

test("mentions notify, and the notification level limits notifications to mentions", async ({ person }) => {
  const ann = await person("Ann");
  const bob = await person("Bob");
  await newRoom(ann, "Garden");
  await bob.send("good morning");
  await expect(badge(ann, "Lobby")).toHaveText("1");
  await bob.send("@ann are you there? `@ann` is code");
  await expect(badge(ann, "Lobby")).toHaveText("2");
  await expect(ann.page.getByTestId("room-link").filter({ hasText: "Lobby" })).toHaveClass(/names-me/);
  await expect(ann.page.getByTestId("room-link").filter({ hasText: "Lobby" })).toContainText("1 mention of you");
  const level = (level: string) =>
    ann.page.evaluate(async (level) => {
      const headers = { "content-type": "application/json" };
      return (await fetch("/api/rooms/lobby/level", { method: "PUT", headers, body: JSON.stringify({ level }) })).status;
    }, level);
  expect(await level("mentions")).toBe(204);
  await expect(badge(ann, "Lobby")).toHaveText("1");
  expect(await level("nothing")).toBe(204);
  await expect(badge(ann, "Lobby")).toBeHidden();
  expect(await level("all")).toBe(204);
  await expect(badge(ann, "Lobby")).toHaveText("2");

  await ann.page.getByTestId("room-link").filter({ hasText: "Lobby" }).click();
  const named = ann.messages.filter({ hasText: "are you there?" });
  await expect(named).toHaveClass(/names-me/);
  await expect(named.locator(".mention")).toHaveText("@ann");
  await expect(bob.messages.filter({ hasText: "are you there?" })).not.toHaveClass(/names-me/);
});

test("row 12: private chat: a private message between two of three people", async ({ person }) => {
  const ann = await person("Ann");
  const bob = await person("Bob");
  const cleo = await person("Cleo");
  const frames = wire(cleo.page);
  await cleo.page.reload();
  await cleo.expectConnected();
  for (const { page } of [ann, bob, cleo]) await expect(page.getByTestId("online-count")).toHaveText("3");
  await ann.composer.fill("@bob the surprise is at six");
  await expect(ann.page.getByTestId("send-alone")).toHaveText("Send privately to Bob");
  await ann.composer.press("Control+Enter");
  await expect(ann.page.getByRole("heading", { level: 1 })).toContainText("Bob");
  await ann.expectMessages("the surprise is at six");
  await expect(ann.message("the surprise is at six")).toHaveAttribute("data-state", "stored");
  await expect(ann.composer).toHaveValue("");

  await expect(badge(bob, "Ann")).toHaveText("1");
  await bob.page.getByTestId("room-link").filter({ hasText: "Ann" }).click();
  await bob.expectMessages("the surprise is at six");
  await bob.send("I bring the cake");
  await ann.expectMessages("I bring the cake");
  // The same room is used again, also by click.
  await ann.page.getByTestId("room-link").filter({ hasText: "Lobby" }).click();
  await ann.composer.fill("@Bob thanks");
  await ann.page.getByTestId("send-alone").click();
  await bob.expectMessages("thanks");

  // Enter sends a mention to the room.
  await bob.page.getByTestId("room-link").filter({ hasText: "Lobby" }).click();
  await bob.send("@ann see you all later");
  await cleo.expectMessages("@ann see you all later");
  await expect(cleo.page.getByTestId("room-link").filter({ hasText: "Ann" })).toHaveCount(0);

  // An unknown recipient: nothing is sent, and the text stays.
  await bob.composer.fill("@dora the cake is a lie");
  await bob.composer.press("Control+Enter");
  await expect(bob.page.getByTestId("composer-hint")).toContainText("the message was not sent");
  await expect(bob.composer).toHaveValue("@dora the cake is a lie");
  expect(frames.length).toBeGreaterThan(1);
  expect(frames.join("\n")).not.toMatch(/surprise|cake|thanks/);
});

test("two devices share one read position", async ({ person, visitor, server }) => {
  const ann = await person("Ann");
  const bob = await person("Bob");
  await newRoom(ann, "Garden");
  const phone = new Person(await visitor({ storageState: await ann.page.context().storageState() }), "Ann");
  await phone.page.goto(ann.page.url());
  await phone.expectConnected();
  for (const text of ["one", "two", "three"]) await bob.send(text);
  for (const device of [ann, phone]) await expect(badge(device, "Lobby")).toHaveText("3");
  await phone.page.getByTestId("room-link").filter({ hasText: "Lobby" }).click();
  await phone.expectMessages("three");
  for (const device of [ann, phone]) await expect(badge(device, "Lobby")).toBeHidden();

  // The unread mark is shared and stays while the message is visible.
  await act(phone, "two", "mark-unread");
  for (const device of [ann, phone]) await expect(badge(device, "Lobby")).toHaveText("2");
  await expect(phone.page.getByTestId("new-line")).toBeVisible();
  await ann.page.reload();
  await expect(badge(ann, "Lobby")).toHaveText("2");
  await bob.send("four");
  for (const device of [ann, phone]) await expect(badge(device, "Lobby")).toHaveText("3");
  await ann.page.getByTestId("room-link").filter({ hasText: "Lobby" }).click();
  await ann.expectMessages("four");
  for (const device of [ann, phone]) await expect(badge(device, "Lobby")).toBeHidden();
  await ann.page.goto(`${server.url}/r/lobby`);
  await ann.expectMessages("four");
  await expect(badge(ann, "Lobby")).toBeHidden();
});

test("one click leads to the first unread message", async ({ person }) => {
  test.slow();
  const ann = await person("Ann");
  const bob = await person("Bob");
  await bob.send("before");
  await ann.expectMessages("before");
  await newRoom(ann, "Garden");
  const count = 130;
  await bob.page.evaluate(async (count) => {
    const socket = new WebSocket("/live/ws");
    await new Promise((resolve) => (socket.onopen = resolve));
    socket.send(JSON.stringify({ type: "hello", protocol: 1 }));
    let acked = 0;
    const all = new Promise<void>((resolve) => {
      socket.onmessage = ({ data }) => {
        if (JSON.parse(data).type === "ack" && ++acked === count) resolve();
      };
    });
    for (let n = 1; n <= count; n++) {
      const id = `01990000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`;
      socket.send(JSON.stringify({ type: "send", id, room: "lobby", body: `line ${n}` }));
      if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await all;
    socket.close();
  }, count);
  await expect(badge(ann, "Lobby")).toHaveText("99+");
  await ann.page.getByTestId("room-link").filter({ hasText: "Lobby" }).click();
  await ann.expectMessages(`line ${count}`);
  await expect(ann.message("line 1")).toHaveCount(0);
  await ann.page.getByTestId("to-unread").click();
  await ann.expectMessages("line 1");
  await expect(ann.page.getByTestId("new-line")).toBeInViewport();
  await expect(ann.message("line 1")).toBeInViewport();
  await expect(ann.page.getByTestId("to-unread")).toBeHidden();
  await ann.page.getByTestId("new-messages").click();
  await expect(ann.message(`line ${count}`)).toBeInViewport();
});

test("joining twice on a slow network makes one guest", async ({ visitor, server }) => {
  const page = await visitor();
  let requests = 0;
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/enter", async (route) => {
    requests++;
    await held;
    await route.continue();
  });
  await page.goto(server.url);
  await page.getByTestId("name-input").fill("Ann");
  await page.waitForLoadState("networkidle");
  // Playwright itself would wait for the navigation.
  const label = await page.evaluate(async () => {
    const button = document.querySelector<HTMLButtonElement>("[data-testid=enter]")!;
    button.click();
    await new Promise((resolve) => setTimeout(resolve, 300));
    button.click();
    return button.textContent;
  });
  expect(label).toBe("Joining…");
  release();
  await page.waitForURL("**/r/lobby");
  expect(requests).toBe(1);
});

test("a private message is sent once on a slow network, and what is typed meanwhile stays", async ({ person }) => {
  test.slow();
  const ann = await person("Ann");
  const bob = await person("Bob");
  await expect(someone(ann, "Bob")).toBeVisible();
  let requests = 0;
  let release = () => {};
  let held = new Promise<void>((resolve) => (release = resolve));
  await ann.page.route("**/api/direct", async (route) => {
    requests++;
    await held;
    // The page may have been reloaded.
    await route.continue().catch(() => {});
  });
  await ann.composer.fill("@Bob for you alone");
  await ann.composer.press("Control+Enter");
  await ann.composer.press("Control+Enter");
  await expect(ann.page.getByTestId("composer-waiting")).toHaveText("Sending to Bob…");
  // Nor can it be sent to everyone.
  await ann.composer.press("Enter");
  await ann.composer.fill("typed meanwhile");
  release();
  const direct = ann.page.getByTestId("room-link").filter({ hasText: "Bob" });
  await expect(direct).toBeVisible();
  await expect(ann.page.getByTestId("composer-waiting")).toHaveText("");
  await expect(ann.composer).toHaveValue("typed meanwhile");
  await expect(ann.messages).toHaveCount(0);
  await direct.click();
  await ann.expectMessages("for you alone");
  await expect(ann.messages).toHaveCount(1);
  expect(requests).toBe(1);
  await bob.page.getByTestId("room-link").filter({ hasText: "Ann" }).click();
  await bob.expectMessages("for you alone");
  await expect(bob.messages).toHaveCount(1);

  // A page that is closed meanwhile, or a server that cannot be reached, loses nothing.
  const cleo = await person("Cleo");
  await ann.page.goto("/r/lobby");
  await expect(someone(ann, "Cleo")).toBeVisible();
  held = new Promise<void>((resolve) => (release = resolve));
  await ann.composer.fill("@Cleo not lost");
  await ann.composer.press("Control+Enter");
  await expect(ann.composer).toHaveValue("");
  // Without a handler a held request would go on.
  await ann.page.reload();
  release();
  await expect(ann.composer).toHaveValue(/^@Cleo not lost/);
  await ann.page.unroute("**/api/direct");
  await ann.page.route("**/api/direct", (route) => route.abort());
  await expect(someone(ann, "Cleo")).toBeVisible();
  await ann.composer.fill("@Cleo not lost either");
  await ann.composer.press("Control+Enter");
  await expect(ann.page.getByTestId("composer-hint")).toHaveText("The server cannot be reached.");
  await expect(ann.composer).toHaveValue("@Cleo not lost either");
  await expect(cleo.messages).toHaveCount(0);
});

test("typing people are named, and away and offline people are marked", async ({ person, browser }) => {
  const ann = await person("Ann");
  const bob = await person("Bob");
  await bob.composer.pressSequentially("hm");
  const line = ann.page.getByTestId("composer-waiting");
  await expect(line).toHaveText("Bob is typing…");
  await bob.send("hm, yes");
  await expect(line).toHaveText("");
  await bob.composer.pressSequentially("hello", { delay: 500 });
  await expect(line).toHaveText("Bob is typing…");
  await expect(line).toHaveText("", { timeout: 10_000 });

  // The page is hidden.
  await expect(someone(ann, "Bob")).not.toContainText("away");
  const hide = (hidden: boolean) =>
    bob.page.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await hide(true);
  await expect(someone(ann, "Bob")).toContainText("away");
  await hide(false);
  await expect(someone(ann, "Bob")).not.toContainText("away");

  // No input for a while.
  await bob.page.clock.install();
  await bob.page.reload();
  await bob.expectConnected();
  await bob.page.clock.fastForward("06:00");
  await expect(someone(ann, "Bob")).toContainText("away");
  await bob.page.mouse.move(200, 200);
  await bob.page.mouse.move(220, 220);
  await expect(someone(ann, "Bob")).not.toContainText("away");
  expect(browser.isConnected()).toBe(true);
});

test("a killed tab goes offline within 30 seconds", async ({ person }) => {
  const ann = await person("Ann");
  const bob = await person("Bob");
  await expect(someone(ann, "Bob")).toHaveCount(1);
  const session = await bob.page.context().newCDPSession(bob.page);
  // The page's process crashes.
  void session.send("Page.crash").catch(() => undefined);
  await expect(someone(ann, "Bob")).toHaveCount(0, { timeout: 30_000 });
});

test("authors and moderators delete messages for everyone", async ({ person }) => {
  const ann = await person("Ann");
  const bob = await person("Bob");
  await newRoom(ann, "Garden");
  await bob.page.getByTestId("room-link").filter({ hasText: "Garden" }).click();
  for (const text of ["mine", "theirs", "stays"]) await bob.send(text);
  await ann.expectMessages("mine", "theirs", "stays");
  await act(bob, "mine", "delete-message");
  await expect(ann.message("mine")).toHaveCount(0);
  await expect(bob.message("mine")).toHaveCount(0);
  // She created the room.
  await act(ann, "theirs", "delete-message");
  await expect(bob.message("theirs")).toHaveCount(0);
  await ann.send("hers");
  await bob.expectMessages("hers");
  await bob.message("hers").hover();
  await bob.message("hers").getByTestId("more").click();
  await expect(bob.page.getByTestId("mark-unread")).toBeVisible();
  await expect(bob.page.getByTestId("delete-message")).toBeHidden();
  await bob.page.keyboard.press("Escape");
  for (const { page } of [ann, bob]) {
    await page.reload();
    await expect(page.getByTestId("message-body")).toHaveText(["stays", "hers"]);
  }
});

test("the switcher finds rooms, and keys move through messages", async ({ person }) => {
  const ann = await person("Ann");
  await newRoom(ann, "Garden");
  await newRoom(ann, "Gallery");
  await newRoom(ann, "Kitchen");
  await ann.page.keyboard.press("Control+k");
  await expect(ann.page.getByTestId("switcher-field")).toBeFocused();
  await ann.page.keyboard.type("ga");
  await expect(ann.page.getByTestId("switcher-room")).toHaveText(["Gallery", "Garden"]);
  await ann.page.keyboard.press("ArrowDown");
  await ann.page.keyboard.press("Enter");
  await expect(ann.page.getByRole("heading", { level: 1 })).toContainText("Garden");
  await expect(ann.composer).toBeFocused();
  await ann.page.keyboard.press("Control+k");
  await ann.page.keyboard.type("nothing like that");
  await expect(ann.page.getByText("No rooms found.")).toBeVisible();
  await ann.page.keyboard.press("Escape");
  await expect(ann.page.getByTestId("switcher-field")).toBeHidden();

  for (const text of ["first", "second"]) await ann.send(text);
  await expect(ann.message("second")).toHaveAttribute("data-state", "stored");
  // Edits the last message; unchanged, the focus goes on to the messages.
  await ann.page.keyboard.press("ArrowUp");
  await expect(ann.composer).toHaveValue("second");
  await ann.page.keyboard.press("ArrowUp");
  await ann.page.keyboard.press("ArrowUp");
  await ann.page.keyboard.press("Enter");
  await expect(ann.page.locator("#message-menu-text")).toHaveText("first");
  await ann.page.keyboard.press("Tab");
  await ann.page.keyboard.press("Tab");
  await ann.page.keyboard.press("Enter");
  await expect(ann.message("first")).toHaveCount(0);
  await expect(ann.message("second")).toHaveCount(1);

  // The menu is a popover at the message: arrow keys move in it, Escape closes it and returns the focus.
  await ann.composer.focus();
  await ann.page.keyboard.press("ArrowUp");
  await ann.page.keyboard.press("ArrowUp");
  await ann.page.keyboard.press("Enter");
  await expect(ann.page.getByTestId("mark-unread")).toBeFocused();
  await ann.page.keyboard.press("ArrowUp");
  await expect(ann.page.getByTestId("edit-message")).toBeFocused();
  await ann.page.keyboard.press("ArrowUp");
  await expect(ann.page.getByTestId("delete-message")).toBeFocused();
  const [button, menu] = await Promise.all([ann.message("second").getByTestId("more"), ann.page.getByRole("menu")].map((place) => place.boundingBox()));
  expect(Math.min(Math.abs(menu!.y - button!.y - button!.height), Math.abs(menu!.y + menu!.height - button!.y))).toBeLessThan(20);
  await ann.page.keyboard.press("Escape");
  await expect(ann.page.getByRole("menu")).toBeHidden();
  await expect(ann.message("second").getByTestId("more")).toBeFocused();
});

test("room changes are shown in the room", async ({ person }) => {
  const ann = await person("Ann");
  const bob = await person("Bob");
  await newRoom(ann, "Garden");
  await bob.page.getByTestId("room-link").filter({ hasText: "Garden" }).click();
  await bob.send("here");
  await ann.expectMessages("here");
  const change = (body: object) =>
    ann.page.evaluate(async (body) => {
      const headers = { "content-type": "application/json" };
      return (await fetch(`/api/rooms/${location.pathname.slice(3)}`, { method: "PATCH", headers, body: JSON.stringify(body) })).status;
    }, body);
  expect(await change({ name: "Orchard", topic: "apples & <pears>" })).toBeLessThan(300);
  for (const { page } of [ann, bob]) {
    await expect(page.getByRole("heading", { level: 1 })).toContainText("Orchard");
    await expect(page.getByTestId("topic")).toHaveText("apples & <pears>");
    await expect(page.getByTestId("notice").filter({ hasText: "Ann renamed the room to Orchard" })).toHaveCount(1);
    await expect(page.getByTestId("notice").filter({ hasText: "Ann set the topic: apples & <pears>" })).toHaveCount(1);
  }
  expect(await change({ archived: true })).toBeLessThan(300);
  await expect(bob.page.getByTestId("composer-waiting")).toHaveText("This room is archived and read-only.");
  expect(await change({ archived: false })).toBeLessThan(300);
  await expect(bob.page.getByTestId("composer-waiting")).toHaveText("");
});
