// English and Chinese: by browser and by choice, before and after hydration, and offline.
import { Page } from "@playwright/test";
import MessageSender from "../support/message-sender";
import { expect, joinAsGuest, test } from "../support/fixtures";

const CHINESE = { locale: "zh-CN" };
const chinese = (page: Page) => page.getByRole("button", { name: "中文" });
const english = (page: Page) => page.getByRole("button", { name: "English" });

/** Latin letters in visible and spoken text, except names and addresses. */
async function latin(page: Page, ...names: string[]): Promise<string[]> {
  const texts = await page.evaluate(() => {
    const found = [document.body.innerText];
    for (const element of document.querySelectorAll("[aria-label],[title],[placeholder]")) {
      for (const name of ["aria-label", "title", "placeholder"]) found.push(element.getAttribute(name) ?? "");
    }
    return found.join("\n");
  });
  const known = ["Parlor", "English", "Lobby", "Enter", "Ctrl", "WebSocket", "UTC", "JavaScript", ...names];
  return [...texts.matchAll(/[A-Za-z]{2,}/g)].map(([word]) => word).filter((word) => !known.includes(word));
}

test("a Chinese browser gets a Chinese page without JavaScript", async ({ browser, server }) => {
  const context = await browser.newContext({ ...CHINESE, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(server.url);
  await expect(page.locator("html")).toHaveAttribute("lang", "zh-Hans");
  await expect(page.getByText("自托管的聊天")).toBeVisible();
  // The choice works without JavaScript.
  await english(page).click();
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
  await expect(page.getByText("Self-hosted chat that never loses a message.")).toBeVisible();
  await chinese(page).click();
  await page.getByLabel("你的名字").fill("小明");
  await page.getByRole("button", { name: "加入聊天", exact: true }).click();
  await page.waitForURL("**/r/lobby");
  await expect(page.getByText("当前在线")).toBeVisible();
  expect(await latin(page)).toEqual([]);
  await context.close();
});

test("after hydration the page stays Chinese: numbers, days, errors and announcements", async ({ person, server }) => {
  const sender = await MessageSender.connect(server, "Marta");
  sender.join("lobby");
  await sender.send("one");
  const ming = await person("小明", CHINESE);
  const { page } = ming;
  await expect(page.getByTestId("connection-badge")).toHaveText(`已连接到 ${server.address}`);
  await expect(page.getByTestId("day")).toHaveText("今天");
  expect(await page.locator("[data-testid=message] time").first().getAttribute("title")).toMatch(
    /^\d{4}年\d{1,2}月\d{1,2}日星期[一二三四五六日] GMT[+-]\d+ \d\d:\d\d:\d\d$/,
  );
  await expect(page.getByTestId("composer")).toHaveAttribute("placeholder", "发消息到“Lobby”");
  await ming.composer.press("Enter");
  await expect(page.getByTestId("composer-hint")).toHaveText("请输入消息。");
  await ming.composer.fill("字".repeat(8_003));
  await ming.composer.press("Enter");
  await expect(page.getByTestId("composer-hint")).toHaveText("超出上限 3 个字符。");
  await ming.send("你好");
  await expect(ming.message("你好")).toHaveAttribute("data-state", "stored");
  await expect(ming.message("你好").locator(".mark")).toHaveAttribute("title", "已保存");
  await expect(page.getByTestId("people")).toContainText("你");

  // Errors of the server are shown in the page's language.
  await page.getByTestId("new-room").click();
  await page.getByTestId("new-room-create").click();
  await expect(page.getByRole("alert").filter({ hasText: "请输入房间名称。" })).toBeVisible();
  await page.getByTestId("new-room-name").fill("Lobby");
  await page.getByTestId("new-room-create").click();
  await expect(page.getByRole("alert").filter({ hasText: "这个名字已被使用。" })).toBeVisible();
  await page.getByTestId("new-room-name").fill("花园");
  await page.getByTestId("new-room-create").click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("花园");
  await expect(page.getByText("这里是房间的起点。")).toBeVisible();
  expect(await latin(page, "Marta")).toEqual([]);

  await page.getByTestId("connection-badge").click();
  await expect(page.getByRole("dialog", { name: "连接", exact: true })).toContainText("最快的传输方式可用。");
  await expect(page.getByRole("definition").nth(6)).toHaveText("0 条等待，0 条失败");
  await page.keyboard.press("Escape");
  await server.kill();
  await expect(page.getByTestId("composer-waiting")).toHaveText("消息会排队，重新连接后自动发送。");
  await ming.send("等等");
  await expect(page.getByTestId("composer-waiting")).toHaveText("1 条消息正在排队，重新连接后自动发送。");
  await expect(page.getByTestId("connection-badge")).toContainText("正在重新连接");
  // The language cannot be changed offline.
  await english(page).click();
  await expect(page.getByRole("alert").filter({ hasText: "连接服务器后才能切换语言。" })).toBeVisible();
  await server.start();
  await expect(ming.message("等等")).toHaveAttribute("data-state", "stored");
  sender.close();
});

test("English plurals and days", async ({ person, server }) => {
  const sender = await MessageSender.connect(server, "Marta");
  sender.join("lobby");
  await sender.send(...Array.from({ length: 40 }, (_, n) => `line ${n}`));
  const ann = await person("Ann");
  await expect(ann.page.getByTestId("day")).toHaveText("Today");
  const pill = ann.page.getByTestId("new-messages");
  for (const [language, one, two] of [["en", "1 new message", "2 new messages"], ["zh-Hans", "1 条新消息", "2 条新消息"]]) {
    if (language !== "en") await chinese(ann.page).click();
    await expect(ann.page.locator("html")).toHaveAttribute("lang", language);
    await ann.expectConnected();
    await ann.page.getByTestId("timeline").evaluate((timeline) => {
      timeline.scrollBy(0, -900);
      // The page receives it with the next frame.
      return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    });
    await sender.send("more");
    await expect(pill).toHaveText(one);
    await sender.send("and more");
    await expect(pill).toHaveText(two);
  }
  sender.close();
});

test("the language choice returns to the room, survives a reload and works by keyboard", async ({ person }) => {
  const ming = await person("小明", CHINESE);
  const { page } = ming;
  await page.getByTestId("new-room").click();
  await page.getByTestId("new-room-name").fill("花园");
  await page.getByTestId("new-room-create").click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("花园");
  const room = page.url();
  await ming.composer.fill("half a thought");
  await english(page).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByText("Sign out")).toBeVisible();
  await expect(page).toHaveURL(room);
  await expect(ming.composer).toHaveValue("half a thought");
  await page.reload();
  await ming.expectConnected();
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
  await expect(english(page)).toHaveAttribute("aria-current", "true");
  await expect(chinese(page)).not.toHaveAttribute("aria-current");
});

test("the offline page uses the chosen language", async ({ person, server }) => {
  const ming = await person("小明", CHINESE);
  const { page } = ming;
  const shell = () =>
    page.evaluate(async () => {
      const cache = await caches.open((await caches.keys())[0]);
      const kept = (await cache.keys()).find(({ url }) => url.includes("/shell"));
      return kept && (await cache.match(kept, { ignoreVary: true }))!.headers.get("content-language");
    });
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await expect.poll(shell).toBe("zh-Hans");
  await english(page).click();
  await ming.expectConnected();
  await expect.poll(shell).toBe("en");
  await server.kill();
  await page.reload();
  await expect(page.getByTestId("connection-badge")).toContainText("Reconnecting");
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
  await server.start();
  await ming.expectConnected();
  await chinese(page).click();
  await ming.expectConnected();
  await expect.poll(shell).toBe("zh-Hans");
  await server.kill();
  await page.reload();
  await expect(page.getByTestId("connection-badge")).toContainText("正在重新连接");
  expect(await latin(page)).toEqual([]);
});

test("the page contains the texts of one language, and the wasm none", async ({ visitor, server }) => {
  const page = await visitor();
  await page.goto(server.url);
  const [html, wasm] = await page.evaluate(async () => {
    const { href } = document.querySelector("link[as=fetch]") as HTMLLinkElement;
    return Promise.all([fetch("/"), fetch(href)].map(async (answer) => (await answer).text()));
  });
  expect(html).toContain("messages are queued");
  expect(html).not.toContain("消息");
  for (const word of ["messages are queued", "Sign out", "消息", "退出"]) expect(wasm, word).not.toContain(word);
});

const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } };
const drawer = (page: Page) => page.locator(".rooms-toggle");

async function fits(page: Page): Promise<void> {
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(sideways).toBeLessThanOrEqual(0);
  // Labels must fit their buttons; only the badge may be truncated.
  const cut = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("button:not(.connection-badge), .button, h2, label, .composer-hint, .composer-waiting")]
      .filter((element) => element.checkVisibility() && element.scrollWidth > element.clientWidth + 1)
      .map((element) => element.outerHTML.slice(0, 120)),
  );
  expect(cut).toEqual([]);
}

for (const [device, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ["light", "dark"] as const) {
    for (const locale of ["en-GB", "zh-CN"]) {
      test(`${device}, ${colorScheme}, ${locale}: nothing overflows`, async ({ visitor, server }, info) => {
        const phone = device === "phone";
        const page = await visitor({ viewport, colorScheme, locale, deviceScaleFactor: 2, hasTouch: phone, isMobile: phone });
        const picture = async (name: string) => {
          const file = info.outputPath(`${name}.png`);
          await page.screenshot({ path: file });
          await info.attach(name, { path: file, contentType: "image/png" });
        };
        await page.goto(server.url);
        await fits(page);
        await picture("front");
        const touch = await english(page).boundingBox();
        if (phone) expect(Math.min(touch!.width, touch!.height)).toBeGreaterThanOrEqual(44);
        const sender = await MessageSender.connect(server, "Marta");
        const ann = await joinAsGuest(page, server.url, locale === "zh-CN" ? "小明" : "Ann");
        await ann.expectConnected();
        sender.join("lobby");
        await sender.send("好的，十点见！请大家把旧书先搬到走廊，免得挡路。");
        await ann.send("See you there.");
        await expect(ann.message("See you there.")).toHaveAttribute("data-state", "stored");
        await expect(ann.messages).toHaveCount(2);
        await fits(page);
        await picture("room");
        await page.getByTestId("connection-badge").click();
        await expect(page.getByRole("definition").nth(4)).not.toHaveText("–");
        await fits(page);
        await picture("panel");
        await page.keyboard.press("Escape");
        if (phone) {
          await drawer(page).click();
          await expect(english(page)).toBeInViewport();
          await fits(page);
          await picture("rooms");
        }
        await page.getByTestId("new-room").click();
        await fits(page);
        await picture("new-room");
        await page.keyboard.press("Escape");
        await server.kill();
        await expect(ann.connection).toHaveAttribute("data-state", "reconnecting");
        await ann.send("等一下");
        await expect(page.getByTestId("composer-waiting")).not.toBeEmpty();
        await fits(page);
        await picture("away");
        sender.close();
      });
    }
  }
}
