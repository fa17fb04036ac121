// The main tasks by keyboard.
import { Page } from "@playwright/test";
import { expect, test } from "../support/fixtures";

/** Presses Shift+Tab until the focused element has this test id or text. */
async function backTo(page: Page, what: string): Promise<void> {
  for (let step = 0; step < 40; step++) {
    await page.keyboard.press("Shift+Tab");
    const here = await page.evaluate(() => [document.activeElement?.getAttribute("data-testid"), document.activeElement?.textContent]);
    if (here.includes(what)) return;
  }
  throw new Error(`${what} cannot be reached`);
}

test("joining, sending, creating a room, switching and leaving work by keyboard", async ({ visitor, server }) => {
  const page = await visitor();
  await page.goto(server.url);
  await expect(page.getByTestId("name-input")).toBeFocused();
  await page.keyboard.type("Keys");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/r/lobby");
  await expect(page.getByTestId("connection")).toHaveAttribute("data-state", "connected");

  // The composer has the focus; elsewhere the first Tab stop skips to it.
  await expect(page.getByTestId("composer")).toBeFocused();
  await backTo(page, "Skip to message box");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("composer")).toBeFocused();
  await page.keyboard.type("typed");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("message-body")).toHaveText("typed");

  await backTo(page, "new-room");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("new-room-name")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("new-room-name")).toBeHidden();
  await expect(page.getByTestId("new-room")).toBeFocused();
  await page.keyboard.press("Enter");
  await page.keyboard.type("Quiet corner");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Quiet corner");

  await expect(page.getByTestId("composer")).toBeFocused();
  await backTo(page, "room-link");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Lobby");
  await expect(page.getByTestId("composer")).toBeFocused();

  // The focus is visible.
  await backTo(page, "sign-out");
  const outline = await page.getByTestId("sign-out").evaluate((button) => getComputedStyle(button).outlineStyle);
  expect(outline).not.toBe("none");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("name-input")).toBeVisible();
});

test("the page has landmarks and a log for screen readers", async ({ person }) => {
  const ann = await person("Ann");
  await ann.send("heard");
  const log = ann.page.getByRole("log");
  await expect(log).toHaveAttribute("aria-live", "polite");
  await expect(log).toContainText("heard");
  for (const role of ["main", "navigation", "complementary"] as const) await expect(ann.page.getByRole(role)).toHaveCount(1);
  await expect(ann.page.getByRole("heading", { level: 1 })).toHaveCount(1);
  await expect(ann.composer).toHaveAccessibleName("Message Lobby");
  await expect(ann.page.getByTestId("send")).toHaveAccessibleName("Send");
  await expect(ann.page.locator("html")).toHaveAttribute("lang", "en");
});
