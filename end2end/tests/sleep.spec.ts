// Sleep, back/forward cache and network loss: the page catches up at once.
import { Page } from "@playwright/test";
import MessageSender from "../support/message-sender";
import { Person, expect, joinAsGuest, test } from "../support/fixtures";
import { Server } from "../support/server";

const MESSAGES = 5_000;

async function fill(server: Server): Promise<void> {
  const sender = await MessageSender.connect(server, "Filler");
  await sender.send(...Array.from({ length: MESSAGES }, (_, n) => `line ${n + 1}`));
  sender.close();
}

/** Time until the page shows the newest message. */
async function untilNewest(person: Person, wake: () => Promise<unknown>): Promise<number> {
  const began = Date.now();
  await wake();
  await person.page.waitForFunction(
    (text) => {
      const bodies = document.querySelectorAll("[data-testid=message-body]");
      const last = bodies[bodies.length - 1];
      return last?.textContent!.trim() === text && last.getBoundingClientRect().bottom <= innerHeight;
    },
    `line ${MESSAGES}`,
    { polling: "raf" },
  );
  return Date.now() - began;
}

/** The timeline is contiguous up to the newest message, and scrolled to its end. */
async function isWhole(person: Person): Promise<void> {
  const lines = (await person.bodies.allTextContents()).map((text) => text.trim()).filter((text) => text.startsWith("line "));
  const first = MESSAGES - lines.length + 1;
  expect(lines).toEqual(lines.map((_, n) => `line ${first + n}`));
  expect(lines.length).toBeGreaterThanOrEqual(50);
  const fromEnd = () => person.page.getByTestId("timeline").evaluate((scroller) => Math.abs(Math.round(scroller.scrollTop)));
  await expect.poll(fromEnd).toBe(0);
}

const asleep: Record<string, (person: Person) => Promise<() => Promise<unknown>>> = {
  "the tab is frozen": async (person) => {
    const devtools = await person.page.context().newCDPSession(person.page);
    await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
    return () => devtools.send("Page.setWebLifecycleState", { state: "active" });
  },
  "the network is gone": async (person) => {
    await person.page.context().setOffline(true);
    await expect(person.connection).toHaveAttribute("data-state", "offline");
    return () => person.page.context().setOffline(false);
  },
};

for (const [how, sleep] of Object.entries(asleep)) {
  test(`${how} while ${MESSAGES} messages arrive: the page catches up without a gap`, async ({ visitor }) => {
    const server = await Server.start("--rate-limits", "off");
    try {
      const ann = await joinAsGuest(await visitor(), server.url, "Ann");
      await ann.expectConnected();
      await ann.send("good night");
      await expect(ann.message("good night")).toHaveAttribute("data-state", "stored");
      const wake = await sleep(ann);
      await fill(server);
      const took = await untilNewest(ann, wake);
      console.log(`${how}: newest of ${MESSAGES} on the screen after ${took} ms`);
      await ann.expectConnected();
      await isWhole(ann);
      await ann.send("good morning");
      await expect(ann.message("good morning")).toHaveAttribute("data-state", "stored");
      await expect(ann.message("good morning")).toBeInViewport();
    } finally {
      await server.dispose();
    }
  });
}

test("after a long sleep the page reconnects without waiting for a ping", async ({ visitor, server }) => {
  const page = await visitor();
  await page.clock.install();
  const ann = await joinAsGuest(page, server.url, "Ann");
  await ann.expectConnected();
  const sockets: string[] = [];
  page.on("websocket", (socket) => sockets.push(socket.url()));
  await page.clock.fastForward("08:00:00");
  await expect.poll(() => sockets.length).toBe(1);
  await ann.expectConnected();
  await ann.send("still me");
  await expect(ann.message("still me")).toHaveAttribute("data-state", "stored");
});

/** Playwright disables the back/forward cache; a separate browser has it. */
async function withCache(playwright: typeof import("playwright-core"), journey: (page: Page) => Promise<void>): Promise<void> {
  const browser = await playwright.chromium.launch({
    executablePath: test.info().project.use.launchOptions?.executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--enable-features=BackForwardCache"],
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
  });
  try {
    await journey(await browser.newPage());
  } finally {
    await browser.close();
  }
}

test("a page from the back/forward cache receives the messages it missed", async ({ server, playwright }) => {
  await withCache(playwright, async (page) => {
    const ann = await joinAsGuest(page, server.url, "Ann");
    await ann.expectConnected();
    await ann.composer.fill("half a thought");
    const sender = await MessageSender.connect(server, "Filler");
    // The browser decides whether it keeps a page, and does not when it is short of something.
    let stayed = false;
    for (let attempt = 1; !stayed && attempt <= 5; attempt++) {
      await page.evaluate(() => Object.assign(window, { stayed: true }));
      await page.goto(`${server.url}/healthz`);
      await sender.send(`while you were away ${attempt}`);
      await page.goBack({ waitUntil: "commit" });
      await ann.expectConnected();
      await ann.expectMessages(`while you were away ${attempt}`);
      stayed = await page.evaluate(() => "stayed" in window);
    }
    sender.close();
    expect(stayed, "the page was held ready").toBe(true);
    await expect(ann.composer).toHaveValue("half a thought");
    await ann.send("back");
    await expect(ann.message("back")).toHaveAttribute("data-state", "stored");
  });
});

/** After signing out, going back shows no messages. */
async function leaveAndTryToReturn(page: Page, server: Server, name: string): Promise<void> {
  const ann = await joinAsGuest(page, server.url, name);
  await ann.expectConnected();
  await ann.send(`by ${name} alone`);
  await expect(ann.message(`by ${name} alone`)).toHaveAttribute("data-state", "stored");
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByTestId("name-input")).toBeVisible();
  // The page may redirect before it has loaded, which is reported as an aborted navigation.
  await page.goBack({ waitUntil: "commit" }).catch((error) => expect(String(error)).toContain("ERR_ABORTED"));
  await expect(page.getByTestId("name-input")).toBeVisible();
  await expect(page.getByTestId("composer")).toHaveCount(0);
}

test("after signing out the back button shows no messages", async ({ visitor, server, playwright }) => {
  await leaveAndTryToReturn(await visitor(), server, "Ann");
  await withCache(playwright, (page) => leaveAndTryToReturn(page, server, "Bob"));
});
