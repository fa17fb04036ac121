// Pages with forms: accessibility and effects.
import AxeBuilder from "@axe-core/playwright";
import { Page } from "@playwright/test";
import { Person, expect, test } from "../support/fixtures";
import { PASSWORD, Session, api, createAccount, createOwner, createRoom, signIn } from "../support/api";
import { Server } from "../support/server";

interface World {
  olga: Session;
  ann: Session;
  garden: string;
}

/** A server with data, so that no page is empty. */
async function settled(server: Server): Promise<World> {
  const olga = await createOwner(server, "Olga");
  const ann = await createAccount(server, "Ann");
  const [ben, eve] = [await createAccount(server, "小明"), await createAccount(server, "Eve")];
  const garden = await createRoom(server, ann, "Garden", "public");
  await api(server, ann, `/rooms/${garden}`, { topic: "What grows, and what does not" }, "PATCH");
  for (const who of [olga, ben]) await api(server, who, `/rooms/${garden}/members`, { user: who.user.id });
  await api(server, olga, "/invites", { uses: 1 });
  await api(server, olga, `/people/${ben.user.id}/role`, { role: "moderator" });
  await api(server, olga, `/people/${ann.user.id}/mute`, { minutes: 60, room: garden });
  await api(server, olga, `/people/${eve.user.id}/ban`, { reason: "Sells watches", hours: 24, address: true });
  return { olga, ann, garden };
}

/** The violations that axe finds, as text. */
async function barriers(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const severe = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return severe.flatMap(({ id, nodes }) => nodes.map((node) => `${page.url()} ${id}: ${node.html} ${node.failureSummary}`));
}

async function more(person: Person): Promise<void> {
  await person.messages.first().hover();
  await person.messages.first().getByTestId("more").click();
}

for (const colorScheme of ["light", "dark"] as const) {
  for (const language of ["en", "zh-Hans"] as const) {
    test(`axe finds no violations on any page: ${colorScheme}, ${language}`, async ({ visitor, server, browser }, info) => {
      test.slow();
      const { olga, ann, garden } = await settled(server);
      const { link: invite } = await api<{ link: string }>(server, olga, "/invites", { uses: 1 });
      const { link: reset } = await api<{ link: string }>(server, olga, `/people/${ann.user.id}/reset`, {});
      const page = await visitor({ colorScheme });
      await page.context().addCookies([{ name: "lang", value: language, url: server.url }]);
      const found: string[] = [];
      const look = async (path: string) => {
        await page.setViewportSize({ width: 1280, height: 800 });
        await page.goto(path);
        for (const summary of await page.locator("summary").all()) await summary.click();
        await expect(page.locator("html")).toHaveAttribute("lang", language);
        found.push(...(await barriers(page)));
        await page.setViewportSize({ width: 360, height: 740 });
        const sideways = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect(sideways, path).toBeLessThanOrEqual(0);
        await info.attach(path, { body: await page.screenshot({ fullPage: true }), contentType: "image/png" });
      };
      for (const path of ["/sign-in", "/sign-up", invite, reset, "/reset/0"]) await look(path);
      // With an error.
      await page.goto("/sign-in");
      await page.locator("form[action='/sign-in'] button").click();
      await expect(page.getByRole("alert")).not.toBeEmpty();
      found.push(...(await barriers(page)));
      await signIn(page.context(), server, olga);
      const own = ["/account", "/people", "/people?q=nobody", "/people/bans", "/audit", `/people/${ann.user.id}`];
      for (const path of [...own, `/rooms/${garden}/settings`, "/rooms/none/settings"]) await look(path);
      // The chat with an away user, a mention and each dialog.
      const context = await browser.newContext({ baseURL: server.url });
      await signIn(context, server, ann);
      const other = new Person(await context.newPage(), "Ann");
      await other.page.goto("/r/lobby");
      await other.expectConnected();
      await other.send("@Olga **look** at `this`");
      await expect(other.message("@Olga look at this")).toHaveAttribute("data-state", "stored");
      await other.page.evaluate(() => {
        Object.defineProperty(document, "hidden", { value: true, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      });
      await look("/r/lobby");
      await page.setViewportSize({ width: 1280, height: 800 });
      const chat = new Person(page, "Olga");
      await chat.expectConnected();
      await expect(page.getByTestId("people").locator(".away")).toHaveCount(1);
      const named = chat.messages.filter({ has: page.locator(".mention") });
      await expect(named).toHaveClass(/names-me/);
      // In every name colour, because colours are assigned at random.
      await named.getByTestId("message-author").evaluate((author) => {
        for (let hue = 0; hue < 12; hue++) {
          const other = author.cloneNode(true) as HTMLElement;
          other.className = `author hue-${hue}`;
          author.after(other);
        }
      });
      found.push(...(await barriers(page)));
      for (const open of [() => page.keyboard.press("Control+k"), () => page.getByTestId("new-room").click(), () => more(chat)]) {
        await open();
        await expect(page.locator("dialog[open], .message-menu:popover-open")).toBeVisible();
        found.push(...(await barriers(page)));
        await page.keyboard.press("Escape");
        await expect(page.locator("dialog[open], .message-menu:popover-open")).toHaveCount(0);
      }
      await page.getByTestId("connection-badge").click();
      found.push(...(await barriers(page)));
      await context.close();
      expect(found).toEqual([]);
    });
  }
}

test("a group conversation is started from the people list", async ({ visitor, server }) => {
  const { ann } = await settled(server);
  const page = await visitor();
  await signIn(page.context(), server, ann);
  await page.goto("/people");
  await page.getByLabel("Select Olga").check();
  await page.getByLabel("Select 小明").press("Space");
  await page.getByRole("button", { name: "Message selected people" }).press("Enter");
  const person = new Person(page, "Ann");
  await person.expectConnected();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Olga, 小明");
  await person.send("the three of us");
  await expect(person.message("the three of us")).toHaveAttribute("data-state", "stored");
});

test("removed and banned people are told at once", async ({ visitor, server }) => {
  const { olga, ann } = await settled(server);
  const shed = await createRoom(server, olga, "Shed", "private");
  const page = await visitor();
  await signIn(page.context(), server, olga);
  await page.goto(`/rooms/${shed}/settings`);
  await page.getByLabel("Add member").fill("ann");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("done")).toHaveText("Member added.");

  const theirs = await visitor();
  await signIn(theirs.context(), server, ann);
  await theirs.goto(`/r/${shed}`);
  const person = new Person(theirs, "Ann");
  await person.expectConnected();
  const link = theirs.getByTestId("room-link").filter({ hasText: "Shed" });
  await expect(link).toHaveCount(1);

  const member = page.getByTestId("member").filter({ hasText: "Ann" });
  await member.getByLabel("Manage Ann").press("Enter");
  await member.getByRole("button", { name: "Remove from room" }).press("Enter");
  await expect(page.getByTestId("done")).toHaveText("Member removed.");
  await expect(member).toHaveCount(0);
  await expect(link).toHaveCount(0);
  await expect(theirs.getByText("This room does not exist")).toBeVisible();
  expect((await theirs.goto(`/rooms/${shed}/settings`))!.status()).toBe(404);
  await theirs.goto("/r/lobby");
  await person.expectConnected();

  await page.getByRole("link", { name: "People" }).press("Enter");
  await page.getByRole("link", { name: "Manage Ann" }).press("Enter");
  await page.getByRole("button", { name: "Ban" }).press("Enter");
  // The browser validates the required reason.
  const reason = page.getByLabel("Reason");
  await expect(reason).toBeFocused();
  expect(await reason.evaluate((field: HTMLInputElement) => field.validity.valueMissing)).toBe(true);
  await page.keyboard.type("Threw the spade");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("done")).toHaveText("User banned.");
  await expect(page.getByTestId("banned")).toContainText("Reason: Threw the spade");
  await expect(person.connection).toHaveAttribute("data-state", "closed");
  await expect(person.connection).toContainText("you are banned");
  expect((await theirs.goto("/people"))!.status()).toBe(403);
  await expect(theirs.getByTestId("problem")).toHaveText("You are banned from this server.");

  await page.getByRole("link", { name: "Bans" }).click();
  await page.getByTestId("ban").filter({ hasText: "Threw the spade" }).getByRole("button", { name: "Unban" }).click();
  await expect(page.getByTestId("done")).toHaveText("User unbanned.");
  await page.getByRole("link", { name: "Audit log" }).click();
  await expect(page.getByTestId("entry").first()).toContainText("Olga unbanned Ann.");
  // The ban has ended her session for good.
  await theirs.goto("/people");
  await expect(theirs).toHaveURL(/\/sign-in/);
  await signIn(theirs.context(), server, await api<Session>(server, undefined, "/sign-in", { name: "Ann", password: PASSWORD }));
  await theirs.goto("/r/lobby");
  await person.expectConnected();
});

test("the owner of a room hands it over", async ({ visitor, server }) => {
  await createOwner(server, "Olga");
  const [ann, bea] = [await createAccount(server, "Ann"), await createAccount(server, "Bea")];
  const garden = await createRoom(server, ann, "Garden", "public");
  await api(server, ann, `/rooms/${garden}/members`, { user: bea.user.id });
  const theirs = await visitor();
  await signIn(theirs.context(), server, bea);
  await theirs.goto(`/r/${garden}`);
  await new Person(theirs, "Bea").expectConnected();

  const page = await visitor();
  await signIn(page.context(), server, ann);
  await page.goto(`/rooms/${garden}/settings`);
  const member = page.getByTestId("member").filter({ hasText: "Bea" });
  await member.getByLabel("Manage Bea").press("Enter");
  await member.getByRole("button", { name: "Make owner of this room" }).press("Enter");
  await expect(page.getByTestId("done")).toHaveText("Owner changed.");
  await expect(member).toContainText("owner of this room");
  await expect(member.getByLabel("Manage Bea")).toHaveCount(0);
  await expect(theirs.getByTestId("notice").last()).toContainText("Ann made Bea the owner of this room");
});

test("a direct message is started from the people list, also without JavaScript", async ({ browser, server }) => {
  const { ann } = await settled(server);
  const context = await browser.newContext({ baseURL: server.url, javaScriptEnabled: false });
  await signIn(context, server, ann);
  const page = await context.newPage();
  await page.goto("/people");
  await page.getByLabel("Search by name").fill("OLGA");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("person")).toHaveCount(1);
  await page.getByRole("button", { name: "Message" }).click();
  await page.waitForURL("**/r/*");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Olga");
  await context.close();
});
