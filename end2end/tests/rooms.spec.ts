// Creating and switching rooms, unread counts and room events.
import type { Page } from "@playwright/test";
import { expect, test } from "../support/fixtures";
import { stored } from "../support/storage";

test("a new room takes two clicks, appears for others and has its own messages", async ({ person }) => {
  const ann = await person("Ann");
  const bob = await person("Bob");
  // A marker that a reload would remove.
  for (const { page } of [ann, bob]) await page.evaluate(() => Object.assign(window, { stayed: true }));
  await ann.send("in the lobby");
  await ann.page.getByTestId("new-room").click();
  await ann.page.getByTestId("new-room-name").fill("茶 and biscuits");
  await ann.page.getByTestId("new-room-create").click();
  await expect(ann.page.getByRole("heading", { level: 1 })).toContainText("茶 and biscuits");
  await expect(ann.messages).toHaveCount(0);
  await expect(ann.page).toHaveTitle("茶 and biscuits · Parlor");
  await ann.send("tea is ready");
  await expect(ann.message("tea is ready")).toHaveAttribute("data-state", "stored");

  // Bob sees it without a reload.
  const link = bob.page.getByTestId("room-link").filter({ hasText: "茶 and biscuits" });
  await link.click();
  await bob.expectMessages("tea is ready");
  await expect(bob.page.getByText("This is the beginning of the room.")).toBeVisible();
  await expect(bob.message("in the lobby")).toHaveCount(0);
  await bob.send("coming");
  await ann.expectMessages("tea is ready", "coming");
  await bob.page.goBack();
  await bob.expectMessages("in the lobby");
  for (const { page } of [ann, bob]) expect(await page.evaluate(() => "stayed" in window)).toBe(true);

  // A duplicate name is refused beside the field.
  await bob.page.getByTestId("new-room").click();
  await bob.page.getByTestId("new-room-name").fill("茶 AND biscuits");
  await bob.page.keyboard.press("Enter");
  await expect(bob.page.getByRole("alert").filter({ hasText: "name is already taken" })).toBeVisible();
  await bob.page.keyboard.press("Escape");
  await expect(bob.page.getByTestId("new-room-name")).toBeHidden();
});

test("unread messages are counted until seen", async ({ person }) => {
  const ann = await person("Ann");
  const bob = await person("Bob");
  await ann.page.getByTestId("new-room").click();
  await ann.page.getByTestId("new-room-name").fill("Garden");
  await ann.page.getByTestId("new-room-create").click();
  await expect(ann.page.getByRole("heading", { level: 1 })).toContainText("Garden");
  for (const text of ["one", "two", "three"]) await bob.send(text);
  const lobby = ann.page.getByTestId("room-link").filter({ hasText: "Lobby" });
  await expect(lobby.getByTestId("unread")).toHaveText("3");
  await expect(ann.page).toHaveTitle(/^\(3\) /);
  await lobby.click();
  await ann.expectMessages("one", "two", "three");
  await expect(lobby.getByTestId("unread")).toBeHidden();
  // Read positions persist on the server.
  const unread = () =>
    ann.page.evaluate(async () => {
      const { rooms } = (await (await fetch("/api/rooms")).json()) as { rooms: { id: string; unread: number }[] };
      return rooms.find(({ id }) => id === "lobby")?.unread;
    });
  await expect.poll(unread).toBe(0);
  await ann.page.reload();
  await ann.expectConnected();
  await expect(ann.page.getByTestId("room-link").first()).toBeVisible();
  await expect(lobby.getByTestId("unread")).toBeHidden();
});

test("an unknown room address shows an error", async ({ person, server }) => {
  const ann = await person("Ann");
  await ann.page.goto(`${server.url}/r/nowhere`);
  await expect(ann.page.getByText("This room does not exist, or you do not have access to it.")).toBeVisible();
  await ann.page.getByTestId("room-link").first().click();
  await ann.send("back in the lobby");
  await ann.expectMessages("back in the lobby");
});

test("a private room is visible to members only and disappears on removal", async ({ person }) => {
  const ann = await person("Ann");
  const bob = await person("Bob");
  const call = (page: Page, method: string, path: string, body?: object) =>
    page.evaluate(
      async ([method, path, body]) => {
        const headers = { "content-type": "application/json" };
        const answer = await fetch(path!, { method, headers, body: body ?? undefined });
        return answer.status === 200 ? answer.json() : answer.status;
      },
      [method, path, body && JSON.stringify(body)] as const,
    );
  await ann.page.getByTestId("new-room").click();
  await ann.page.getByTestId("new-room-name").fill("Attic");
  await ann.page.getByTestId("new-room-private").check();
  await ann.page.getByTestId("new-room-create").click();
  await expect(ann.page.getByRole("heading", { level: 1 })).toContainText("Attic");
  await ann.send("between us");
  const room = new URL(ann.page.url()).pathname;
  const theirs = bob.page.getByTestId("room-link").filter({ hasText: "Attic" });
  await expect(theirs).toHaveCount(0);

  const { user } = await call(bob.page, "GET", "/api/me");
  const members = `/api/rooms/${room.slice("/r/".length)}/members`;
  expect(await call(ann.page, "POST", members, { user: user.id })).toBe(204);
  await theirs.click();
  await bob.expectMessages("between us");
  await bob.send("I see it");
  await ann.expectMessages("between us", "I see it");

  // It is open when he is removed: nothing of it stays, not even offline.
  expect(await call(ann.page, "DELETE", `${members}/${user.id}`)).toBe(204);
  await expect(theirs).toHaveCount(0);
  await expect(bob.messages).toHaveCount(0);
  await expect(bob.page.getByRole("heading", { level: 1 })).not.toContainText("Attic");
  await expect.poll(() => stored(bob.page)).not.toContain("between us");
  // After being added again the room is loaded afresh.
  expect(await call(ann.page, "POST", members, { user: user.id })).toBe(204);
  await bob.expectMessages("between us", "I see it");
});

test("room events keep their position after a reload and in older pages", async ({ person }) => {
  const ann = await person("Ann");
  await ann.page.getByTestId("new-room").click();
  await ann.page.getByTestId("new-room-name").fill("Garden");
  await ann.page.getByTestId("new-room-create").click();
  await expect(ann.page.getByRole("heading", { level: 1 })).toContainText("Garden");
  const change = (topic: string) =>
    ann.page.evaluate(async (topic) => {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ topic });
      return (await fetch(location.pathname.replace("/r/", "/api/rooms/"), { method: "PATCH", headers, body })).status;
    }, topic);
  const say = async (text: string) => {
    await ann.send(text);
    await expect(ann.message(text)).toHaveAttribute("data-state", "stored");
  };
  await say("before");
  expect(await change("roses")).toBe(204);
  await expect(ann.page.getByTestId("notice")).toHaveCount(1);
  await say("between");
  expect(await change("weeds")).toBe(204);
  await expect(ann.page.getByTestId("notice")).toHaveCount(2);
  await say("after");
  const rows = ann.page.locator("[data-row]:not(.day)");
  const said = async () => (await rows.allTextContents()).map((text) => text.replace(/\s+/g, " ").trim());
  const before = await said();
  expect(before[1]).toContain("Ann set the topic: roses");
  expect(before[3]).toContain("Ann set the topic: weeds");
  await ann.page.reload();
  await ann.expectConnected();
  await expect.poll(said).toEqual(before);
  // Further back they come with the older page.
  for (let n = 1; n <= 50; n++) await ann.send(`sender ${n}`);
  await expect(ann.message("sender 50")).toHaveAttribute("data-state", "stored");
  const asked: string[] = [];
  ann.page.on("request", (request) => asked.push(request.url()));
  await ann.page.reload();
  await ann.expectConnected();
  await ann.expectMessages("sender 50");
  await expect
    .poll(async () => {
      await ann.page.getByTestId("timeline").evaluate((timeline) => timeline.scrollTo(0, -timeline.scrollHeight));
      return (await said()).slice(0, before.length);
    })
    .toEqual(before);
  expect(asked.filter((url) => url.includes("before="))).not.toEqual([]);
});
