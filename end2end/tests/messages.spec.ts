// Sending and reading messages.
import { expect, test } from "../support/fixtures";

test("two people exchange messages and see who is online", async ({ person, server }) => {
  const ann = await person("Ann");
  await expect(ann.connection).toHaveAttribute("title", new RegExp(server.address));
  await expect(ann.page.getByTestId("online-count")).toHaveText("1");
  const bob = await person("鲍勃");
  await expect(ann.page.getByTestId("online-count")).toHaveText("2");
  await expect(ann.page.getByTestId("people")).toContainText("鲍勃");
  await expect(ann.page.getByTestId("notice").filter({ hasText: "鲍勃 came online" })).toBeVisible();

  await ann.send("hello **there**");
  await expect(bob.message("hello there").locator("strong")).toHaveText("there");
  await expect(bob.message("hello there")).not.toHaveClass(/\bown\b/);
  await expect(ann.message("hello there")).toHaveClass(/\bown\b/);
  await expect(ann.message("hello there")).toHaveAttribute("data-state", "stored");
  await expect(bob.messages.getByTestId("message-author")).toHaveText("Ann");
  await bob.send("你好，安 👋🏽");
  await ann.expectMessages("你好，安 👋🏽");
  await expect(ann.messages).toHaveCount(2);
  await expect(ann.page.getByTestId("day")).toHaveText("Today");

  // Closing the page is announced after the grace period.
  await bob.page.close();
  await expect(ann.page.getByTestId("notice").filter({ hasText: "鲍勃 went offline" })).toBeVisible({ timeout: 20_000 });
  await expect(ann.page.getByTestId("online-count")).toHaveText("1");
});

test("Enter sends, Shift+Enter breaks the line, and errors are shown beside the composer", async ({ person }) => {
  const ann = await person("Ann");
  await ann.composer.fill("first");
  await ann.composer.press("Shift+Enter");
  await ann.composer.pressSequentially("second");
  await expect(ann.messages).toHaveCount(0);
  await ann.composer.press("Enter");
  await expect(ann.bodies).toHaveCount(1);
  await expect(ann.bodies.locator("br")).toHaveCount(1);
  await expect(ann.composer).toHaveValue("");
  await expect(ann.composer).toBeFocused();

  const sent: string[] = [];
  ann.page.on("websocket", () => sent.push("a new socket"));
  await ann.composer.press("Enter");
  await expect(ann.page.getByTestId("composer-hint")).toHaveText("Enter a message.");
  await ann.composer.fill("   \n ");
  await ann.page.getByTestId("send").click();
  await expect(ann.page.getByTestId("composer-hint")).toBeVisible();
  await expect(ann.messages).toHaveCount(1);

  await ann.composer.fill("字".repeat(8_003));
  await expect(ann.page.getByTestId("composer-count")).toHaveText("8,003 / 8,000");
  await ann.composer.press("Enter");
  await expect(ann.page.getByTestId("composer-hint")).toContainText("3 characters over the limit");
  await expect(ann.composer).toHaveValue("字".repeat(8_003));
  await ann.composer.press("Control+End");
  for (let i = 0; i < 3; i++) await ann.composer.press("Backspace");
  await ann.composer.press("Enter");
  await expect(ann.messages).toHaveCount(2);
  expect(sent).toEqual([]);
});

test("Enter during input method composition sends nothing", async ({ person }) => {
  const ann = await person("Ann");
  const devtools = await ann.page.context().newCDPSession(ann.page);
  await ann.composer.focus();
  await devtools.send("Input.imeSetComposition", { text: "你好", selectionStart: 2, selectionEnd: 2 });
  await ann.composer.dispatchEvent("keydown", { key: "Enter", isComposing: true, bubbles: true });
  await devtools.send("Input.insertText", { text: "你好" });
  await expect(ann.composer).toHaveValue("你好");
  await expect(ann.messages).toHaveCount(0);
  await ann.composer.press("Enter");
  await ann.expectMessages("你好");
});

test("drafts and history survive a reload", async ({ person }) => {
  const ann = await person("Ann");
  await ann.send("said");
  await expect(ann.message("said")).toHaveAttribute("data-state", "stored");
  await ann.composer.fill("not yet said");
  await ann.page.reload();
  await ann.expectConnected();
  await expect(ann.composer).toHaveValue("not yet said");
  await ann.expectMessages("said");
  await expect(ann.messages).toHaveCount(1);
  await ann.composer.press("Enter");
  await ann.expectMessages("said", "not yet said");
});

test("consecutive messages share a header, and times are local", async ({ person }) => {
  const ann = await person("Ann");
  const bob = await person("Bob", { timezoneId: "Asia/Shanghai" });
  // A notice ends a group, so this one has to come before it.
  await expect(ann.page.getByTestId("notice").filter({ hasText: "Bob came online" })).toBeVisible();
  await ann.send("one");
  await bob.expectMessages("one");
  await ann.send("two");
  await bob.expectMessages("two");
  await bob.send("three");
  await ann.expectMessages("three");
  const headers = ann.page.locator("article.starts-run");
  await expect(headers).toHaveCount(2);
  const at = async (page: typeof ann.page) => page.locator("[data-testid=message] time").first().textContent();
  const [berlin, shanghai] = [await at(ann.page), await at(bob.page)];
  const hour = (text: string | null) => Number(text?.slice(0, 2));
  expect([6, 7]).toContain((hour(shanghai) - hour(berlin) + 24) % 24);
  await expect(bob.page.locator("[data-testid=message] time").first()).toHaveAttribute("title", /20\d\d.*:\d\d:\d\d.*\+0?8/);
  const utc = await ann.page.locator("[data-testid=message] time").first().getAttribute("datetime");
  expect(Math.abs(Date.parse(utc!) - Date.now())).toBeLessThan(120_000);
});

test("Markdown is rendered", async ({ person }) => {
  const ann = await person("Ann");
  await ann.send(
    "**bold** *slanted* `code` [a link](https://example.org) https://example.com/x\n\n> quoted\n\n- one\n- two\n\n```rust\nfn main() { let x = \"y\"; }\n```",
  );
  const body = ann.bodies.first();
  await expect(ann.messages.first()).toHaveAttribute("data-state", "stored");
  for (const [selector, text] of [
    ["strong", "bold"],
    ["em", "slanted"],
    ["p code", "code"],
    ["a[href='https://example.org']", "a link"],
    ["a[href='https://example.com/x']", "https://example.com/x"],
    ["blockquote", "quoted"],
    ["li >> nth=1", "two"],
    ["pre code .hl-string >> nth=0", "y"],
  ] as const) {
    await expect(body.locator(selector).first()).toContainText(text);
  }
  await expect(body.locator("a").first()).toHaveAttribute("rel", /noopener/);
});

test("the page and joining as a guest work without JavaScript", async ({ person, visitor, server }) => {
  const ann = await person("Ann");
  await ann.send("readable *everywhere*");
  await expect(ann.messages.first()).toHaveAttribute("data-state", "stored");
  const page = await visitor({ javaScriptEnabled: false });
  await page.goto(server.url);
  await expect(page.getByTestId("message-body")).toHaveText("readable everywhere");
  await page.getByTestId("name-input").fill("Plain");
  await page.getByTestId("enter").click();
  await page.waitForURL("**/r/lobby");
  await expect(page.getByTestId("message-body")).toBeVisible();
  await expect(page.getByTestId("message-body").locator("em")).toHaveText("everywhere");
  await expect(page.getByText("You can read without JavaScript.")).toBeVisible();
  await expect(page.getByTestId("room-link").first()).toBeVisible();
});

test("guests without a name are numbered, and invalid names are refused with the reason", async ({ visitor, server }) => {
  const page = await visitor();
  await page.goto(`${server.url}/?next=/r/lobby`);
  await page.getByTestId("name-input").evaluate((input) => input.removeAttribute("maxlength"));
  await page.getByTestId("name-input").fill("x".repeat(40));
  await page.getByTestId("enter").click();
  await expect(page.getByTestId("name-error")).toContainText("has 40 characters. The maximum is 32");
  await page.getByTestId("name-input").fill("");
  await page.getByTestId("enter").click();
  await page.waitForURL("**/r/lobby");
  await expect(page.getByTestId("people")).toContainText("Guest 1");
});
