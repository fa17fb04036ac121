// Accounts: creating one as a guest, signing in and out, sessions, also without JavaScript.
import { Page } from "@playwright/test";
import { Person, expect, test } from "../support/fixtures";

const PASSWORD = "correct horse battery";

async function signIn(page: Page, name: string): Promise<Person> {
  await page.goto("/sign-in");
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/r/lobby");
  return new Person(page, name);
}

test("a guest creates an account, keeps the messages, signs out and in, and revokes another session", async ({ person, visitor }) => {
  const ann = await person("Ann");
  const { page } = ann;
  await ann.send("said as a guest");
  await expect(ann.message("said as a guest")).toHaveAttribute("data-state", "stored");

  // From the user's name below the room list to the form.
  await page.getByTestId("room-list").locator("..").getByRole("link", { name: "Ann" }).click();
  await page.waitForURL("**/account");
  // The form opens over the chat, whose fields stay.
  const panel = page.getByTestId("server-page");
  await expect(page.getByTestId("guest-stays")).toContainText("Your messages and rooms are kept.");
  await expect(panel.getByLabel("Name")).toHaveValue("Ann");
  await panel.getByLabel("Password", { exact: true }).fill("short");
  await panel.getByRole("button", { name: "Create account" }).click();
  await expect(panel.getByRole("alert")).toHaveText("The password must have at least 10 characters.");
  await expect(panel.getByLabel("Password", { exact: true })).toBeFocused();
  await expect(panel.getByLabel("Name")).toHaveValue("Ann");
  await panel.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/account");
  await expect(page.getByText("Sign-in name: Ann")).toBeVisible();
  await page.getByRole("link", { name: "Chat", exact: true }).click();
  await ann.expectConnected();
  await ann.expectMessages("said as a guest");
  await ann.send("said with an account");
  await expect(ann.message("said with an account")).toHaveAttribute("data-state", "stored");

  await page.getByTestId("sign-out").click();
  await page.waitForURL((url) => url.pathname === "/");
  await page.getByRole("link", { name: "Sign in with an account" }).click();
  await page.getByLabel("Name").fill("Ann");
  await page.getByLabel("Password", { exact: true }).fill("another password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toHaveText("Incorrect name or password.");
  await signIn(page, "ann");
  await ann.expectConnected();
  await ann.expectMessages("said as a guest", "said with an account");

  // Another browser, whose session is then revoked.
  const other = await signIn(await visitor(), "Ann");
  await other.expectConnected();
  await page.goto("/account");
  await expect(page.getByTestId("session")).toHaveCount(2);
  await page.getByTestId("end-session").click();
  await expect(page.getByTestId("done")).toHaveText("Device signed out.");
  await expect(page.getByTestId("session")).toHaveCount(1);
  await expect(other.connection).toHaveAttribute("data-state", "closed");
  await expect(other.connection).toContainText("you are signed out");
});

test("creating an account, signing out and signing in work without JavaScript", async ({ browser, server }) => {
  const context = await browser.newContext({ baseURL: server.url, javaScriptEnabled: false, viewport: { width: 360, height: 740 } });
  const page = await context.newPage();
  await page.goto("/sign-up");
  await page.getByLabel("Name").fill("Bob");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.waitForURL("**/r/lobby");
  await page.goto("/account");
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.waitForURL((url) => url.pathname === "/");
  await signIn(page, "bob");
  await context.close();
});

test("first run: the owner link, an invitation and a conversation", async ({ visitor, server }) => {
  const page = await visitor();
  await page.goto(`/first/${server.firstSecret}`);
  await expect(page.getByText("This account will be the owner of this server.")).toBeVisible();
  await page.getByLabel("Name").fill("Olga");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  // setup.spec.ts goes through the steps.
  await page.waitForURL("**/setup/name");
  await page.goto("/");
  await page.waitForURL("**/r/lobby");
  const olga = new Person(page, "Olga");
  await olga.expectConnected();
  await olga.send("Is anyone here?");
  await expect(olga.message("Is anyone here?")).toHaveAttribute("data-state", "stored");

  // From the user's name below the room list, by keyboard.
  await page.getByRole("link", { name: "Olga" }).focus();
  await page.keyboard.press("Enter");
  await page.waitForURL("**/account");
  await page.getByTestId("invite-form").getByRole("button").focus();
  await page.keyboard.press("Enter");
  const link = await page.getByTestId("invite-link").inputValue();
  expect(new URL(link, server.url).origin).toBe(new URL(server.url).origin);

  const other = await visitor();
  await other.goto(link);
  await other.getByLabel("Name").fill("Piet");
  await other.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await other.keyboard.press("Enter");
  await other.waitForURL("**/r/lobby");
  const piet = new Person(other, "Piet");
  await piet.expectConnected();
  await piet.expectMessages("Is anyone here?");
  await piet.send("I am");
  await page.getByRole("link", { name: "Chat" }).click();
  await olga.expectMessages("Is anyone here?", "I am");

  // The link is used, and the server has an owner.
  const late = await visitor();
  for (const used of [link, `/first/${server.firstSecret}`]) {
    expect((await late.goto(used))?.status()).toBe(404);
    await expect(late.getByTestId("problem")).toHaveText("The link was already used, was revoked or has expired. Ask for a new one.");
  }
});
