// A reader of older messages keeps the position while many messages arrive.
import MessageSender from "../support/message-sender";
import { expect, joinAsGuest, test } from "../support/fixtures";
import { Server } from "../support/server";

const numbered = (word: string, count: number) => Array.from({ length: count }, (_, n) => `${word} ${n + 1}`);

/** Sends thousands of messages at once. */
let server: Server;
let sender: MessageSender;
test.beforeEach(async () => {
  server = await Server.start("--rate-limits", "off");
  sender = await MessageSender.connect(server, "Bob");
});
test.afterEach(async () => {
  sender.close();
  await server.dispose();
});

test("the scroll position is kept while 5,000 messages arrive, and no message is missing", async ({ visitor }) => {
  test.slow();
  const ann = await joinAsGuest(await visitor({ baseURL: server.url }), server.url, "Ann");
  await sender.send(...numbered("before", 120));
  await ann.expectMessages("before 120");
  const timeline = ann.page.getByTestId("timeline");
  await timeline.evaluate((scroller) => (scroller.scrollTop = -1_500));
  const place = () =>
    ann.page.evaluate(() => {
      const frame = document.querySelector("[data-testid=timeline]")!.getBoundingClientRect();
      const rows = [...document.querySelectorAll<HTMLElement>("[data-testid=message]")];
      const first = rows.find((row) => row.getBoundingClientRect().top >= frame.top)!;
      return { id: first.dataset.id, top: Math.round(first.getBoundingClientRect().top - frame.top) };
    });
  // Rows near the viewport are laid out in the next frames; the position counts afterwards.
  await ann.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))));
  const before = await place();
  await ann.page.context().setOffline(true);
  await expect(ann.connection).toHaveAttribute("data-state", "offline");
  await sender.send(...numbered("meanwhile", 5_000));
  await ann.page.context().setOffline(false);
  await ann.expectConnected();
  // New messages are offered, and nothing has moved.
  await expect(ann.page.getByTestId("new-messages")).toBeVisible();
  await expect.poll(place).toEqual(before);
  // Live messages are not appended after a gap.
  await sender.send(...numbered("live", 1));
  await expect(ann.page.getByTestId("new-messages")).toContainText("1 new message");
  await expect(ann.message("live 1")).toHaveCount(0);
  // Scrolling to the end loads the next page without a gap.
  const shown = async () => (await ann.bodies.allTextContents()).map((text) => text.trim());
  await timeline.evaluate((scroller) => (scroller.scrollTop = 0));
  await ann.expectMessages("meanwhile 1");
  const texts = await shown();
  const at = texts.indexOf("before 120");
  expect(texts.slice(at, at + 20)).toEqual(["before 120", ...numbered("meanwhile", 19)]);
  // One click leads to the newest.
  await ann.page.getByTestId("new-messages").click();
  await expect(ann.message("live 1")).toBeInViewport();
  await sender.send(...numbered("after", 1));
  await expect(ann.message("after 1")).toBeInViewport();
});

test("sending a message scrolls to the newest", async ({ visitor }) => {
  test.slow();
  const ann = await joinAsGuest(await visitor({ baseURL: server.url }), server.url, "Ann");
  await sender.send(...numbered("before", 120));
  await ann.expectMessages("before 120");
  await ann.page.getByTestId("timeline").evaluate((scroller) => (scroller.scrollTop = -1_500));
  await ann.page.context().setOffline(true);
  await expect(ann.connection).toHaveAttribute("data-state", "offline");
  await sender.send(...numbered("meanwhile", 1_200));
  await ann.page.context().setOffline(false);
  await ann.expectConnected();
  await expect(ann.page.getByTestId("new-messages")).toBeVisible();
  await ann.send("here I am");
  await expect(ann.message("here I am")).toBeInViewport();
  await expect(ann.message("here I am")).toHaveAttribute("data-state", "stored");
  await expect(ann.message("meanwhile 1200")).toBeInViewport();
});
