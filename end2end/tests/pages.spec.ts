// Pages opened over the chat keep the connection and the draft.
import { Page } from "@playwright/test";
import { PASSWORD, Session, createAccount, createOwner, signIn } from "../support/api";
import { Person, expect, test } from "../support/fixtures";
import { Server } from "../support/server";

const panel = (page: Page) => page.getByTestId("server-page");

/** Opens the chat with an account and counts the page's connections. */
async function openChat(page: Page, server: Server, who: Session): Promise<{ ann: Person; connections: () => number }> {
  await signIn(page.context(), server, who);
  let connections = 0;
  page.on("websocket", () => (connections += 1));
  await page.goto(`${server.url}/r/lobby`);
  const ann = new Person(page, "Ann");
  await ann.expectConnected();
  return { ann, connections: () => connections };
}

for (const [locale, account, save] of [
  ["en-GB", "Account settings", "Save"],
  ["zh-CN", "账户设置", "保存"],
] as const) {
  test(`account, people and room settings keep the connection and the draft (${locale})`, async ({ visitor, server }) => {
    test.slow();
    const page = await visitor({ locale });
    const { ann, connections } = await openChat(page, server, await createOwner(server, "Ann"));
    await ann.composer.fill("half a thought");
    await page.evaluate(() => ((window as any).sameDocument = true));

    // By keyboard.
    await page.locator("a[href='/account']").focus();
    await page.keyboard.press("Enter");
    await expect(panel(page).locator("h1")).toHaveText(account);
    await expect(page).toHaveURL(/\/account$/);
    await expect(page).toHaveTitle(`${account} · Parlor`);
    // The error is shown at the field.
    const form = panel(page).getByTestId("name-form");
    await form.getByRole("textbox").fill("   ");
    await form.getByRole("button", { name: save }).click();
    await expect(form.getByTestId("problem")).toBeVisible();

    await panel(page).locator("nav a[href='/people']").click();
    await expect(page).toHaveURL(/\/people$/);
    await expect(panel(page).locator("h1")).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(page).toHaveURL(/\/r\/lobby$/);
    await expect(panel(page)).toHaveCount(0);
    await expect(ann.composer).toHaveValue("half a thought");

    await page.locator("a.room-settings").click();
    await expect(panel(page).locator("h1")).toBeVisible();
    // An accepted form shows its page again with the result.
    await panel(page).locator("form[action='/rooms/lobby/level'] input[value=mentions]").check();
    await panel(page).locator("form[action='/rooms/lobby/level'] button").click();
    await expect(panel(page).getByTestId("done")).toBeVisible();
    await expect(page).toHaveURL(/\/rooms\/lobby\/settings\?done=level$/);
    await page.keyboard.press("Escape");
    await expect(panel(page)).toHaveCount(0);
    await expect(ann.composer).toHaveValue("half a thought");
    await ann.composer.press("Enter");
    await expect(ann.message("half a thought")).toHaveAttribute("data-state", "stored");
    expect(await page.evaluate(() => (window as any).sameDocument)).toBe(true);
    expect(connections()).toBe(1);
  });
}

test("a page that fails to load can be retried over the chat", async ({ visitor, server }) => {
  const page = await visitor();
  const { ann, connections } = await openChat(page, server, await createAccount(server, "Ann"));
  await page.route("**/people", (route) => route.abort());
  await page.locator("a[href='/people']").first().click();
  await expect(panel(page).getByRole("alert")).toBeVisible();
  await page.unroute("**/people");
  await panel(page).getByRole("alert").getByRole("button").click();
  await expect(panel(page).locator("h1")).toBeVisible();
  await expect(panel(page).getByRole("alert")).toBeHidden();
  await page.keyboard.press("Escape");
  await ann.send("still here");
  await expect(ann.message("still here")).toHaveAttribute("data-state", "stored");
  expect(connections()).toBe(1);
});

test("a guest signs in over the chat: an error keeps the connection and the draft, success loads the app anew", async ({
  person,
  server,
}) => {
  await createAccount(server, "Ann");
  const gil = await person("Gil");
  const { page } = gil;
  let connections = 0;
  page.on("websocket", () => (connections += 1));
  await page.evaluate(() => ((window as any).sameDocument = true));
  const isSameDocument = () => page.evaluate(() => Boolean((window as any).sameDocument));
  await gil.composer.fill("half a thought");

  await page.locator("a[href='/account']").click();
  await panel(page).getByRole("link", { name: "Already have an account? Sign in" }).press("Enter");
  await expect(page).toHaveURL(/\/sign-in\?next=\/account$/);
  const form = panel(page).getByTestId("sign-in-form");
  await form.getByLabel("Name").fill("Ann");
  await form.getByLabel("Password", { exact: true }).fill("another password");
  await page.keyboard.press("Enter");
  await expect(form.getByTestId("problem")).toHaveText("Incorrect name or password.");
  await expect(form.getByLabel("Name")).toHaveValue("Ann");
  await expect(form.getByLabel("Password", { exact: true })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/\/r\/lobby$/);
  await expect(gil.composer).toHaveValue("half a thought");
  expect(await isSameDocument()).toBe(true);
  expect(connections).toBe(0);

  await page.locator("a[href='/account']").click();
  await panel(page).getByRole("link", { name: "Already have an account? Sign in" }).click();
  await form.getByLabel("Name").fill("Ann");
  await form.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.keyboard.press("Enter");
  await expect(page.getByText("Sign-in name: Ann")).toBeVisible();
  expect(await isSameDocument()).toBe(false);
  await page.goto("/r/lobby");
  await new Person(page, "Ann").expectConnected();
});
