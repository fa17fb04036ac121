// The first owner's way from the printed link into the chat: four steps, each of which can be skipped.
import AxeBuilder from "@axe-core/playwright";
import { Locator, Page } from "@playwright/test";
import { Person, expect, test } from "../support/fixtures";
import { PASSWORD, createAccount, createOwner, signIn } from "../support/api";
import { Server } from "../support/server";

const field = (page: Page, id: string): Locator => page.locator(`#${id}`);
const submit = (page: Page): Locator => page.locator("main button.primary");

/** A picture of one colour, as a browser encodes it. */
async function picture(page: Page, type: "image/png" | "image/jpeg" | "image/webp"): Promise<{ name: string; mimeType: string; buffer: Buffer }> {
  const url = await page.evaluate((kind) => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [300, 200];
    const context = canvas.getContext("2d")!;
    context.fillStyle = "#a03050";
    context.fillRect(0, 0, 300, 200);
    return canvas.toDataURL(kind);
  }, type);
  return { name: "picture", mimeType: type, buffer: Buffer.from(url.split(",")[1], "base64") };
}

/** Creates the owner's account with the printed link. */
async function becomeOwner(page: Page, server: Server): Promise<void> {
  await page.goto(`/first/${server.firstSecret}`);
  await field(page, "name").fill("Olga");
  await field(page, "password").fill(PASSWORD);
  await submit(page).click();
  await page.waitForURL("**/setup/name");
}

test("the first owner sets up the server and comes into the new room", async ({ visitor, server }) => {
  const page = await visitor();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: server.url });
  await becomeOwner(page, server);

  await expect(page.getByTestId("progress")).toHaveText("Step 1 of 4");
  await expect(page).toHaveTitle("Name and picture · Parlor");
  await page.getByLabel("Server name").fill("Tea House");
  await page.getByLabel("Picture").setInputFiles(await picture(page, "image/webp"));
  await page.getByRole("button", { name: "Save and continue" }).click();

  await expect(page.getByTestId("progress")).toHaveText("Step 2 of 4");
  await expect(page).toHaveTitle("Who can join · Tea House");
  // By keyboard, and back once.
  await page.getByRole("link", { name: "Back" }).press("Enter");
  await expect(page.getByTestId("picture")).toBeVisible();
  await page.getByRole("link", { name: "Skip" }).press("Enter");
  await page.getByLabel("Everyone, with or without an account").press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await expect(page.getByLabel("People with an invitation")).toBeChecked();
  await page.keyboard.press("Enter");

  await expect(page.getByTestId("progress")).toHaveText("Step 3 of 4");
  const link = await page.getByTestId("invite-link").inputValue();
  expect(link).toMatch(new RegExp(`^${server.url}/invite/\\w+$`));
  await expect(page.getByRole("img", { name: "QR code of the invitation link" })).toBeVisible();
  await page.getByRole("button", { name: "Copy link" }).click();
  await expect(page.getByRole("status")).toHaveText("Link copied.");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(link);
  await page.getByTestId("continue").click();

  await expect(page.getByTestId("progress")).toHaveText("Step 4 of 4");
  await page.getByLabel("Room name").fill("Garden");
  await page.getByLabel("Topic").fill("What grows");
  await page.keyboard.press("Enter");
  const olga = new Person(page, "Olga");
  await olga.expectConnected();
  await expect(page).toHaveTitle("Garden · Tea House");
  await expect(page.getByTestId("topic")).toHaveText("What grows");
  await olga.send("welcome to the garden");
  await expect(olga.message("welcome to the garden")).toHaveAttribute("data-state", "stored");
  const icon = page.locator(".rooms .server-picture");
  await expect(icon).toBeVisible();
  expect(await icon.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(256);

  // Who was invited comes in; guests do not.
  const invited = await visitor();
  await invited.goto(link);
  await expect(invited).toHaveTitle("Create account · Tea House");
  await field(invited, "name").fill("Ann");
  await field(invited, "password").fill(PASSWORD);
  await submit(invited).click();
  await new Person(invited, "Ann").expectConnected();
  await expect(invited.locator(".rooms .wordmark")).toHaveText("Tea House");
  const stranger = await visitor();
  await stranger.goto("/");
  await expect(stranger.getByTestId("name-error")).toHaveText("Guest access is disabled on this server.");
  const { data } = await (await stranger.context().newCDPSession(stranger)).send("Page.getAppManifest");
  expect(JSON.parse(data!).name).toBe("Tea House");
});

test("all steps can be skipped", async ({ visitor, server }) => {
  const page = await visitor();
  await becomeOwner(page, server);
  await page.getByRole("link", { name: "Skip" }).click();
  await page.getByRole("button", { name: "Skip" }).click();
  await page.getByTestId("continue").click();
  await page.getByRole("link", { name: "Skip" }).click();
  await new Person(page, "Olga").expectConnected();
  await expect(page).toHaveTitle("Lobby · Parlor");
});

test("the set-up works without scripts and in Chinese", async ({ browser, server }) => {
  const context = await browser.newContext({ baseURL: server.url, locale: "zh-CN", javaScriptEnabled: false });
  const page = await context.newPage();
  await becomeOwner(page, server);
  await expect(page.getByTestId("progress")).toHaveText("第 1 步，共 4 步");
  await page.getByLabel("服务器名称").fill("茶馆");
  await page.getByLabel("图片").setInputFiles({ name: "a.png", mimeType: "image/png", buffer: Buffer.from("not a picture") });
  await page.getByRole("button", { name: "保存并继续" }).click();
  await expect(page.getByRole("alert")).toHaveText("此文件不是 PNG、JPEG 或 WebP 格式的图片，请选择其他文件。");
  await expect(page.getByLabel("服务器名称")).toHaveValue("茶馆");
  await page.getByRole("button", { name: "保存并继续" }).click();
  await page.getByLabel("所有拥有账户的人").check();
  await page.getByRole("button", { name: "保存并继续" }).click();
  await expect(page.getByTestId("progress")).toHaveText("第 3 步，共 4 步");
  await expect(page.getByTestId("invite-link")).toHaveValue(new RegExp(`^${server.url}/invite/`));
  await expect(page.locator("#copy-link")).toBeHidden();
  await page.getByTestId("continue").click();
  await page.getByLabel("房间名称").fill("花园");
  await page.getByRole("button", { name: "创建房间并打开聊天" }).click();
  await expect(page).toHaveTitle("花园 · 茶馆");
  // The language can be changed on each step.
  await page.goto("/setup/room");
  await page.getByRole("button", { name: "English" }).click();
  await expect(page.getByTestId("progress")).toHaveText("Step 4 of 4");
  await context.close();
});

test("owners find the settings in their account", async ({ visitor, server }) => {
  const [olga, ann] = [await createOwner(server, "Olga"), await createAccount(server, "Ann")];
  const page = await visitor();
  await signIn(page.context(), server, olga);
  await page.goto("/r/lobby");
  await new Person(page, "Olga").expectConnected();
  await page.locator(".me-name").click();
  await page.getByRole("link", { name: "Server settings" }).click();
  await page.waitForURL("**/settings");
  await page.getByLabel("Server name").fill("Tea House");
  await page.getByLabel("Picture").setInputFiles(await picture(page, "image/jpeg"));
  await page.getByTestId("name-form").getByRole("button", { name: "Save" }).click();
  await expect(page.getByTestId("done")).toHaveText("Server settings saved.");
  await expect(page.getByRole("link", { name: "Tea House" })).toBeVisible();
  await page.getByRole("button", { name: "Remove picture" }).click();
  await expect(page.getByTestId("done")).toHaveText("Picture removed.");
  const other = await visitor();
  await signIn(other.context(), server, ann);
  await other.goto("/account");
  await expect(other.getByRole("link", { name: "Server settings" })).toHaveCount(0);
});

for (const colorScheme of ["light", "dark"] as const) {
  for (const language of ["en", "zh-Hans"] as const) {
    test(`axe finds no barrier in the set-up: ${colorScheme}, ${language}`, async ({ visitor, server }, info) => {
      const olga = await createOwner(server, "Olga");
      const page = await visitor({ colorScheme });
      await signIn(page.context(), server, olga);
      await page.context().addCookies([{ name: "lang", value: language, url: server.url }]);
      await page.goto("/setup/name");
      // A long name, and a picture.
      await field(page, "server-name").fill("Gesellschaftsraumverwaltungsgenossenscha");
      await field(page, "picture").setInputFiles(await picture(page, "image/png"));
      await submit(page).click();
      const found: string[] = [];
      const look = async (path: string) => {
        const { violations } = await new AxeBuilder({ page }).analyze();
        const severe = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
        found.push(...severe.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${path} ${id}: ${html}`)));
        await page.setViewportSize({ width: 360, height: 740 });
        const sideways = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect(sideways, path).toBeLessThanOrEqual(0);
        await info.attach(path, { body: await page.screenshot({ fullPage: true }), contentType: "image/png" });
        await page.setViewportSize({ width: 1280, height: 800 });
      };
      await page.goto("/setup/entry");
      await submit(page).click();
      await expect(page.getByTestId("invite-link")).toBeVisible();
      await look("/setup/invite with a link");
      for (const path of ["/setup/name", "/setup/entry", "/setup/invite", "/setup/room", "/settings"]) {
        await page.goto(path);
        await expect(page.locator("html")).toHaveAttribute("lang", language);
        await look(path);
      }
      expect(found).toEqual([]);
    });
  }
}
