// The page sleeps, is put away, or loses its network while much happens, and is there again at once.
import Filler from "../support/filler";
import { Person, expect, test } from "../support/journey";
import { Server } from "../support/server";
import { enter } from "../support/ways";

const MESSAGES = 5_000;

async function fill(server: Server): Promise<void> {
  const filler = await Filler.enter(server, "Filler");
  await filler.say(...Array.from({ length: MESSAGES }, (_, n) => `line ${n + 1}`));
  filler.close();
}

/** From now until the newest message is on the screen, as the page itself sees it. */
async function untilNewest(person: Person, wake: () => Promise<unknown>): Promise<number> {
  const began = Date.now();
  await wake();
  await person.page.waitForFunction(
    (text) => {
      const bodies = document.querySelectorAll("[data-testid=message-body]");
      const last = bodies[bodies.length - 1];
      return last?.textContent === text && last.getBoundingClientRect().bottom <= innerHeight;
    },
    `line ${MESSAGES}`,
    { polling: "raf" },
  );
  return Date.now() - began;
}

/** What is shown is one run up to the newest, and the reader is at its end. */
async function isWhole(person: Person): Promise<void> {
  const lines = (await person.bodies.allTextContents()).filter((text) => text.startsWith("line "));
  const first = MESSAGES - lines.length + 1;
  expect(lines).toEqual(lines.map((_, n) => `line ${first + n}`));
  expect(lines.length).toBeGreaterThanOrEqual(50);
  const fromEnd = await person.page.getByTestId("timeline").evaluate((scroller) => Math.abs(Math.round(scroller.scrollTop)));
  expect(fromEnd).toBe(0);
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
  test(`${how} while ${MESSAGES} messages arrive: back without a gap`, async ({ visitor }) => {
    const server = await Server.start("--rate-limits", "off");
    try {
      const ann = await enter(await visitor(), server.url, "Ann");
      await ann.isConnected();
      await ann.say("good night");
      await expect(ann.message("good night")).toHaveAttribute("data-state", "stored");
      const wake = await sleep(ann);
      await fill(server);
      const took = await untilNewest(ann, wake);
      console.log(`${how}: newest of ${MESSAGES} on the screen after ${took} ms`);
      await ann.isConnected();
      await isWhole(ann);
      await ann.say("good morning");
      await expect(ann.message("good morning")).toHaveAttribute("data-state", "stored");
      await expect(ann.message("good morning")).toBeInViewport();
    } finally {
      await server.dispose();
    }
  });
}

test("a long sleep by the clock: it does not wait for a ping to fail", async ({ visitor, server }) => {
  const page = await visitor();
  await page.clock.install();
  const ann = await enter(page, server.url, "Ann");
  await ann.isConnected();
  const sockets: string[] = [];
  page.on("websocket", (socket) => sockets.push(socket.url()));
  await page.clock.fastForward("08:00:00");
  await expect.poll(() => sockets.length).toBe(1);
  await ann.isConnected();
  await ann.say("still me");
  await expect(ann.message("still me")).toHaveAttribute("data-state", "stored");
});

test.describe("the back-forward cache", () => {
  test("away and back again: the page is as it was, connected, with what was said meanwhile", async ({ server, playwright }) => {
    // Playwright turns that cache off; a browser of its own has it.
    const executablePath = test.info().project.use.launchOptions?.executablePath;
    const browser = await playwright.chromium.launch({
      executablePath,
      args: ["--no-sandbox", "--disable-gpu", "--enable-features=BackForwardCache"],
      ignoreDefaultArgs: ["--disable-back-forward-cache"],
    });
    try {
      const page = await browser.newPage();
      const ann = await enter(page, server.url, "Ann");
      await ann.isConnected();
      await ann.composer.fill("half a thought");
      await page.evaluate(() => {
        Object.assign(window, { stayed: true });
        addEventListener("pageshow", (event) => Object.assign(window, { persisted: event.persisted }));
      });
      await page.goto(`${server.url}/healthz`);
      const filler = await Filler.enter(server, "Filler");
      await filler.say("while you were away");
      filler.close();
      await page.goBack({ waitUntil: "commit" });
      await ann.isConnected();
      await ann.sees("while you were away");
      const kept = await page.evaluate(() => {
        const { stayed, persisted } = window as unknown as { stayed?: boolean; persisted?: boolean };
        return { stayed, persisted };
      });
      console.log(`from the cache: ${kept.persisted ?? false}`);
      expect(kept.stayed, "the page was held ready").toBe(true);
      await expect(ann.composer).toHaveValue("half a thought");
      await ann.say("back");
      await expect(ann.message("back")).toHaveAttribute("data-state", "stored");
    } finally {
      await browser.close();
    }
  });
});
