// Parts of the page that load when they are first needed.
import { Browser, BrowserContextOptions, Page } from "@playwright/test";
import { Person, expect, joinAsGuest, test } from "../support/fixtures";
import { Server } from "../support/server";

const NOT_SPLIT = "this build has all parts in one file; take the release build";

const isSplit = async (page: Page): Promise<boolean> => (await page.locator("link[rel=modulepreload][href*=__wasm_split]").count()) > 0;

/** A guest without a service worker, which would have all parts already. */
async function guest(browser: Browser, server: Server, errors: string[], options?: BrowserContextOptions): Promise<Person> {
  const context = await browser.newContext({ baseURL: server.url, serviceWorkers: "block", ...options });
  const page = await context.newPage();
  page.on("pageerror", (error) => errors.push(String(error)));
  const ann = await joinAsGuest(page, server.url, "Ann");
  await ann.expectConnected();
  return ann;
}

/** The browser reports requests that were blocked. A panic of the wasm would be another error. */
const others = (errors: string[]): string[] => errors.filter((error) => !error.includes("Failed to fetch"));

/** Blocks the file of a part until the returned function is called. */
async function block(page: Page, part: string): Promise<() => void> {
  let isBlocked = true;
  await page.context().route(`**/split_${part}.*.wasm`, (route) => (isBlocked ? route.abort() : route.continue()));
  return () => (isBlocked = false);
}

for (const [locale, dialog, problem, tryAgain] of [
  ["en-US", "Go to room", "This part of the page could not be loaded.", "Try again"],
  ["zh-CN", "前往房间", "无法加载页面的这一部分。", "再试一次"],
]) {
  test(`a part that cannot be fetched says so, and comes when one tries again (${locale})`, async ({ browser, server }) => {
    const errors: string[] = [];
    const ann = await guest(browser, server, errors, { locale });
    test.skip(!(await isSplit(ann.page)), NOT_SPLIT);
    const unblock = await block(ann.page, "switcher");
    await ann.page.keyboard.press("Control+k");
    const switcher = ann.page.getByRole("dialog", { name: dialog });
    const button = switcher.getByRole("button", { name: tryAgain });
    await expect(switcher.getByRole("alert")).toContainText(problem);
    await button.click();
    await expect(switcher.getByRole("alert")).toContainText(problem);
    unblock();
    await button.click();
    await expect(ann.page.getByTestId("switcher-field")).toBeFocused();
    await expect(switcher.getByRole("alert")).toBeHidden();
    await ann.page.keyboard.press("Escape");
    // The rest of the page has not noticed.
    await ann.send("still here");
    await expect(ann.message("still here")).toHaveAttribute("data-state", "stored");
    expect(others(errors)).toEqual([]);
    await ann.page.context().close();
  });
}

test("a page over the chat whose code cannot be fetched says so, and one can go back", async ({ browser, server }) => {
  const errors: string[] = [];
  const ann = await guest(browser, server, errors);
  test.skip(!(await isSplit(ann.page)), NOT_SPLIT);
  const unblock = await block(ann.page, "server_page");
  await ann.page.getByRole("link", { name: "Ann" }).click();
  const page = ann.page.getByTestId("server-page");
  await expect(page.getByRole("alert")).toContainText("could not be loaded");
  // The router adds the address to the history after it has shown the page.
  await expect(ann.page).toHaveURL(/\/account$/);
  await ann.page.goBack();
  await expect(page).toHaveCount(0);
  await ann.send("back again");
  await expect(ann.message("back again")).toHaveAttribute("data-state", "stored");
  await ann.page.goForward();
  await expect(page.getByRole("alert")).toContainText("could not be loaded");
  unblock();
  await page.getByTestId("load-again").click();
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  expect(others(errors)).toEqual([]);
  await ann.page.context().close();
});

test("each part is fetched once, when it is first opened", async ({ browser, server }) => {
  const errors: string[] = [];
  const ann = await guest(browser, server, errors);
  test.skip(!(await isSplit(ann.page)), NOT_SPLIT);
  const parts: string[] = [];
  ann.page.on("request", (request) => {
    const part = /\/split_(\w+)\.[^/]*\.wasm$/.exec(request.url())?.[1];
    // The menu of a message loads by itself after a while.
    if (part && part !== "message_menu") parts.push(part);
  });
  for (let visit = 0; visit < 2; visit++) {
    await ann.page.keyboard.press("Control+k");
    await expect(ann.page.getByTestId("switcher-field")).toBeFocused();
    await ann.page.keyboard.press("Escape");
    await ann.page.getByTestId("new-room").click();
    await expect(ann.page.getByTestId("new-room-name")).toBeFocused();
    await ann.page.keyboard.press("Escape");
    expect(parts).toEqual(["switcher", "new_room"]);
  }
  expect(errors).toEqual([]);
  await ann.page.context().close();
});

test("without the server, parts come from the service worker", async ({ person, server }) => {
  const ann = await person("Ann");
  await ann.page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;
    if (active!.state !== "activated") await new Promise((resolve) => active!.addEventListener("statechange", resolve, { once: true }));
  });
  await server.kill();
  await ann.page.reload();
  await expect(ann.connection).toHaveAttribute("data-state", "reconnecting");
  await ann.page.keyboard.press("Control+k");
  await expect(ann.page.getByTestId("switcher-field")).toBeFocused();
  await ann.page.keyboard.press("Escape");
  await ann.page.getByTestId("connection-badge").click();
  await expect(ann.page.getByRole("dialog", { name: "Connection" })).toContainText("Reconnecting");
});
