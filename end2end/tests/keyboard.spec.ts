// Everything once by keyboard alone.
import { Page, expect, test } from "../support/journey";

/** Presses Tab until the element with this test id has the focus. */
async function tabTo(page: Page, id: string, key = "Tab"): Promise<void> {
  for (let step = 0; step < 40; step++) {
    await page.keyboard.press(key);
    const here = await page.evaluate(() => document.activeElement?.getAttribute("data-testid"));
    if (here === id) return;
  }
  throw new Error(`${id} cannot be reached with ${key}`);
}

test("come in, talk, make a room, switch, and leave without a mouse", async ({ visitor, server }) => {
  const page = await visitor();
  await page.goto(server.url);
  await expect(page.getByTestId("name-input")).toBeFocused();
  await page.keyboard.type("Keys");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/r/lobby");
  await expect(page.getByTestId("connection")).toHaveAttribute("data-state", "connected");

  // The first stop leads past everything to the message box.
  await page.keyboard.press("Tab");
  await expect(page.getByText("Skip to the message box")).toBeFocused();
  await page.keyboard.press("Enter");
  await page.keyboard.type("typed");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("message-body")).toHaveText("typed");

  await tabTo(page, "new-room", "Shift+Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("new-room-name")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("new-room-name")).toBeHidden();
  await expect(page.getByTestId("new-room")).toBeFocused();
  await page.keyboard.press("Enter");
  await page.keyboard.type("Quiet corner");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Quiet corner");

  await tabTo(page, "room-link", "Shift+Tab");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toContainText(/Lobby|Quiet corner/);

  // Where the focus is can be seen.
  await tabTo(page, "sign-out");
  const outline = await page.getByTestId("sign-out").evaluate((button) => getComputedStyle(button).outlineStyle);
  expect(outline).not.toBe("none");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("name-input")).toBeVisible();
});

test("the page has the landmarks and the log that a screen reader looks for", async ({ person }) => {
  const ann = await person("Ann");
  await ann.say("heard");
  const log = ann.page.getByRole("log");
  await expect(log).toHaveAttribute("aria-live", "polite");
  await expect(log).toContainText("heard");
  for (const role of ["main", "navigation", "complementary"] as const) await expect(ann.page.getByRole(role)).toHaveCount(1);
  await expect(ann.page.getByRole("heading", { level: 1 })).toHaveCount(1);
  await expect(ann.composer).toHaveAccessibleName("Message Lobby");
  await expect(ann.page.getByTestId("send")).toHaveAccessibleName("Send");
  await expect(ann.page.locator("html")).toHaveAttribute("lang", "en");
});
