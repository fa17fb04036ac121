// The scroll position.
import MessageSender from "../support/message-sender";
import { expect, test } from "../support/fixtures";

test("the timeline follows the newest message, or keeps the reader's position", async ({ person, server }) => {
  const ann = await person("Ann");
  const sender = await MessageSender.connect(server, "Filler");
  await sender.send(...Array.from({ length: 130 }, (_, n) => `line ${n + 1}`));
  await ann.expectMessages("line 130");
  const timeline = ann.page.getByTestId("timeline");
  const fromEnd = () => timeline.evaluate((scroller) => Math.abs(Math.round(scroller.scrollTop)));
  await expect.poll(fromEnd).toBe(0);
  const top = (text: string) => ann.message(text).evaluate((row) => Math.round(row.getBoundingClientRect().top));

  // While reading older messages, new ones do not move the view and are announced.
  await timeline.hover();
  await ann.page.mouse.wheel(0, -900);
  await expect.poll(fromEnd).toBe(900);
  const before = await top("line 110");
  await sender.send("news 1", "news 2");
  const pill = ann.page.getByTestId("new-messages");
  await expect(pill).toHaveText("2 new messages");
  // As painted, after the next frame.
  await ann.page.evaluate(() => new Promise((painted) => requestAnimationFrame(() => setTimeout(painted))));
  expect(Math.abs((await top("line 110")) - before)).toBeLessThanOrEqual(1);
  await pill.click();
  await expect.poll(fromEnd).toBe(0);
  await expect(pill).toBeHidden();
  await expect(ann.message("news 2")).toBeInViewport();
  sender.close();
});

test("older pages load while scrolling up, without a jump, to the beginning", async ({ person, server }) => {
  const sender = await MessageSender.connect(server, "Filler");
  await sender.send(...Array.from({ length: 160 }, (_, n) => `line ${n + 1}\n\nwith more\n\nlines`));
  sender.close();
  const ann = await person("Ann");
  await expect(ann.messages).toHaveCount(50);
  const timeline = ann.page.getByTestId("timeline");
  // One step per frame, because wheel scrolling is animated.
  const frames = () =>
    ann.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))));
  let jumps = 0;
  for (let step = 0; step < 1_000 && (await ann.messages.count()) < 160; step++) {
    const seen = await timeline.evaluate((scroller) => {
      const frame = scroller.getBoundingClientRect();
      const row = [...scroller.querySelectorAll<HTMLElement>("[data-testid=message]")].find(
        (row) => row.getBoundingClientRect().top > frame.top + 20,
      )!;
      return { id: row.dataset.id!, top: row.getBoundingClientRect().top, count: scroller.querySelectorAll("[data-testid=message]").length };
    });
    await ann.page.waitForTimeout(60);
    const now = await ann.page.locator(`[data-id="${seen.id}"]`).evaluate((row) => row.getBoundingClientRect().top);
    if (Math.abs(now - seen.top) > 1.5) jumps++;
    await timeline.evaluate((scroller) => scroller.scrollBy({ top: -500, behavior: "instant" }));
    await frames();
  }
  await expect(ann.messages).toHaveCount(160);
  expect(jumps).toBe(0);
  await ann.page.keyboard.press("Home");
  await timeline.evaluate((scroller) => scroller.scrollTo({ top: -scroller.scrollHeight }));
  await expect(ann.page.getByText("This is the beginning of the room.")).toBeInViewport();
  const ids = await ann.messages.evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset.id));
  expect(new Set(ids).size).toBe(160);
});

test("a reopened room shows its end at once and the rest soon after", async ({ person, server }) => {
  const sender = await MessageSender.connect(server, "Filler");
  await sender.send(...Array.from({ length: 160 }, (_, n) => `line ${n + 1}\n\nwith more\n\nlines`));
  sender.close();
  const ann = await person("Ann");
  await expect(ann.messages).toHaveCount(50);
  await ann.page.getByTestId("new-room").click();
  await ann.page.getByTestId("new-room-name").fill("Quiet");
  await ann.page.getByTestId("new-room-create").click();
  await expect(ann.messages).toHaveCount(0);
  const asked: string[] = [];
  ann.page.on("request", (request) => {
    if (request.url().includes("before=")) asked.push(request.url());
  });
  // The number of rows after each update.
  await ann.page.evaluate(() => {
    const counts: number[] = [];
    Object.assign(window, { counts });
    const count = () => document.querySelectorAll("[data-testid=message]").length;
    new MutationObserver(() => {
      if (count() !== counts.at(-1)) counts.push(count());
    }).observe(document.body, { childList: true, subtree: true });
  });
  await ann.page.getByTestId("room-link").first().click();
  await expect(ann.messages).toHaveCount(50);
  await expect(ann.message("line 160")).toBeInViewport();
  const counts = await ann.page.evaluate(() => (window as unknown as { counts: number[] }).counts);
  expect(counts.filter((count) => count > 0)[0]).toBeLessThanOrEqual(12);
  // Pending rows do not load older pages.
  await ann.page.waitForTimeout(500);
  expect(asked).toEqual([]);
});

test("a long message is collapsed and expands by keyboard without a jump", async ({ person, visitor, server }) => {
  const ann = await person("Ann");
  await ann.send("short");
  await ann.send(Array.from({ length: 60 }, (_, n) => `verse ${n + 1}`).join("\n"));
  const long = ann.messages.last();
  await expect(long).toHaveAttribute("data-state", "stored");
  const button = long.getByTestId("show-all");
  await expect(button).toBeInViewport();
  await expect(button).toHaveText(/Show more/);
  const height = () => long.evaluate((row) => Math.round(row.getBoundingClientRect().height));
  const top = () => long.evaluate((row) => Math.round(row.getBoundingClientRect().top));
  const bottom = () => button.evaluate((button) => Math.round(button.getBoundingClientRect().bottom));
  const [folded, before] = [await height(), await top()];
  await button.focus();
  await ann.page.keyboard.press("Enter");
  await expect.poll(height).toBeGreaterThan(2 * folded);
  // The position is unchanged.
  await expect.poll(async () => Math.abs((await top()) - before)).toBeLessThanOrEqual(1);
  await expect(button).toHaveText(/Show less/);
  await button.scrollIntoViewIfNeeded();
  const end = await bottom();
  await ann.page.keyboard.press("Enter");
  await expect.poll(height).toBe(folded);
  await expect.poll(async () => Math.abs((await bottom()) - end)).toBeLessThanOrEqual(1);

  // Without collapsing, all of it is readable.
  const page = await visitor({ javaScriptEnabled: false, storageState: await ann.page.context().storageState() });
  await page.goto(`${server.url}/r/lobby`);
  const text = page.getByTestId("message-body").last();
  await expect(text).toContainText("verse 60");
  await expect(page.getByTestId("show-all")).toBeHidden();
  expect(await text.evaluate((body) => body.getBoundingClientRect().height)).toBeGreaterThan(2 * folded);
});
