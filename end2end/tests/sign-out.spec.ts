// The end of a session: nothing of its user stays in the browser.
import { Page } from "@playwright/test";
import { api, createAccount, createOwner, createRoom, signIn, Session } from "../support/api";
import { Person, expect, joinAsGuest, test } from "../support/fixtures";
import { Proxy } from "../support/proxy";
import { stored } from "../support/storage";

/** A page that stores a message that was received, one that waits, and a draft in another room. */
async function filled(page: Page, proxy: Proxy, room: string): Promise<Person> {
  const ann = new Person(page, "Ann");
  await page.goto(`${proxy.url}/r/${room}`);
  await ann.expectConnected();
  await ann.composer.fill("secret draft");
  await page.goto(`${proxy.url}/r/lobby`);
  await ann.expectConnected();
  await ann.send("secret history");
  await expect(ann.message("secret history")).toHaveAttribute("data-state", "stored");
  for (const text of ["secret history", "secret draft"]) await expect.poll(() => stored(page)).toContain(text);
  proxy.goDown();
  await expect(ann.connection).not.toHaveAttribute("data-state", "connected");
  await ann.send("secret outbox");
  await expect.poll(() => stored(page)).toContain("secret outbox");
  return ann;
}

async function expectNothingLeft(page: Page): Promise<void> {
  await expect.poll(() => stored(page)).not.toContain("secret");
  await expect.poll(() => stored(page)).not.toContain("Ann");
}

interface Scene {
  proxy: Proxy;
  owner: Session;
  ann: Session;
  room: string;
  page: Page;
}

const scene = test.extend<{ scene: Scene }>({
  scene: async ({ server, visitor }, use) => {
    const proxy = await Proxy.start(server.address);
    const [owner, ann] = [await createOwner(server, "Olga"), await createAccount(server, "Ann")];
    const room = await createRoom(server, ann, "Shed", "private");
    const page = await visitor({ baseURL: proxy.url });
    await signIn(page.context(), server, ann);
    await use({ proxy, owner, ann, room, page });
    await proxy.stop();
  },
});

scene("a revoked session leaves nothing, in any tab", async ({ server, scene: { proxy, ann: session, room, page } }) => {
  const ann = await filled(page, proxy, room);
  const other = new Person(await page.context().newPage(), "Ann");
  proxy.comeUp();
  await other.page.goto(`${proxy.url}/r/lobby`);
  await other.expectConnected();
  await other.send("secret of the other tab");
  await ann.expectConnected();
  await ann.composer.fill("secret half");
  await expect.poll(() => stored(page)).toContain("secret half");
  await api(server, session, "/session", undefined, "DELETE");
  for (const person of [ann, other]) {
    await expect(person.connection).toHaveAttribute("data-state", "closed");
    await expect(person.messages).toHaveCount(0);
    await expect(person.composer).toHaveValue("");
    await expect(person.page.getByTestId("room-link")).toHaveCount(0);
  }
  await expectNothingLeft(page);
  // The account is still known to the link that leads back.
  await expect(page.getByRole("link", { name: "Join again" })).toHaveAttribute("href", "/sign-in");
  // Nothing is stored again later.
  await page.waitForTimeout(2_500);
  await expectNothingLeft(page);
});

scene("a page that learns later of the end of its session removes what it stored", async ({ server, scene: { proxy, ann: session, room, page } }) => {
  const ann = await filled(page, proxy, room);
  await api(server, session, "/session", undefined, "DELETE");
  proxy.comeUp();
  await expect(ann.connection).toHaveAttribute("data-state", "closed");
  await expect(ann.messages).toHaveCount(0);
  await expectNothingLeft(page);
});

scene("the next page removes what a session left that has ended meanwhile", async ({ server, scene: { proxy, ann: session, room, page } }) => {
  await filled(page, proxy, room);
  const tab = await page.context().newPage();
  await page.close();
  await api(server, session, "/session", undefined, "DELETE");
  proxy.comeUp();
  await tab.goto(`${proxy.url}/`);
  await expect(tab.getByTestId("name-input")).toBeVisible();
  await expectNothingLeft(tab);
});

scene("a ban removes what the browser stored", async ({ server, scene: { proxy, owner, ann: session, room, page } }) => {
  const ann = await filled(page, proxy, room);
  await api(server, owner, `/people/${session.user.id}/ban`, { reason: "spam" });
  proxy.comeUp();
  await expect(ann.connection).toHaveAttribute("data-state", "closed");
  await expect(ann.messages).toHaveCount(0);
  await expectNothingLeft(page);
});

test("signing out removes what was stored, and happens once", async ({ person }) => {
  const ann = await person("Ann");
  await ann.send("secret history");
  await expect.poll(() => stored(ann.page)).toContain("secret history");
  await ann.composer.fill("secret draft");
  let requests = 0;
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await ann.page.route("**/api/session", async (route) => {
    requests++;
    await held;
    await route.continue();
  });
  const button = ann.page.getByTestId("sign-out");
  await button.click();
  await expect(button).toHaveText("Signing out…");
  await button.click();
  release();
  await expect(ann.page.getByTestId("name-input")).toBeVisible();
  expect(requests).toBe(1);
  await expectNothingLeft(ann.page);
});

test("after signing out on a slow network the chat is not shown again", async ({ person, server }) => {
  test.slow();
  const ann = await person("Ann");
  await ann.send("secret history");
  await ann.page.evaluate(async () => void (await navigator.serviceWorker.ready));
  await expect.poll(() => stored(ann.page)).toContain("secret history");
  await ann.page.route("**/api/session", async (route) => {
    const answer = await route.fetch();
    server.suspend();
    await route.fulfill({ response: answer });
  });
  await ann.page.getByTestId("sign-out").click();
  // The service worker shows the chat in place of a server that takes longer than four seconds.
  await ann.page.waitForTimeout(6_000);
  server.resume();
  const shown = await ann.page.waitForSelector("[data-testid=name-input], [data-testid=connection][data-state=closed]");
  expect(await shown.getAttribute("data-testid")).toBe("name-input");
  const next = await joinAsGuest(ann.page, server.url, "Bob");
  await next.expectConnected();
});
