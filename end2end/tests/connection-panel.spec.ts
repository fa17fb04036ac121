// The connection panel: its values, the report, the keyboard and small screens.
import { Person, expect, joinAsGuest, test } from "../support/fixtures";
import { Proxy } from "../support/proxy";
import { expectTransport } from "../support/transports";

const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } };

const badge = (person: Person) => person.page.getByTestId("connection-badge");
const panel = (person: Person) => person.page.getByRole("dialog", { name: "Connection" });
const why = (person: Person) => person.page.getByTestId("connection-why");
/** The value of a line of the panel. */
const line = (person: Person, label: string) =>
  panel(person).locator("dl > div").filter({ has: person.page.getByRole("term").getByText(label, { exact: true }) }).getByRole("definition");
const copyReport = (person: Person) => panel(person).getByRole("button", { name: "Copy report" });
const status = (person: Person) => panel(person).getByRole("status");

test("the connection panel shows correct values", async ({ server, visitor }) => {
  const proxy = await Proxy.start(server.address);
  try {
    const page = await visitor();
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: proxy.url });
    const ann = await joinAsGuest(page, proxy.url, "Ann");
    const bob = await joinAsGuest(await visitor(), server.url, "Bob");
    await expectTransport(ann, "websocket");
    await ann.send("a secret");
    await bob.expectMessages("a secret");

    await badge(ann).click();
    await expect(panel(ann)).toBeVisible();
    await expect(line(ann, "State")).toHaveText("Connected");
    await expect(line(ann, "Transport")).toHaveText("WebSocket");
    await expect(why(ann)).toContainText("fastest transport");
    await expect(line(ann, "Address")).toHaveText(`${proxy.address}/live/ws`);
    await expect(line(ann, "Since")).toHaveText(/just now|s ago/);
    await expect(line(ann, "Round trip")).toHaveText(/^\d+ ms, median \d+ ms$/);
    await expect(line(ann, "Socket")).toHaveText("OPEN, bufferedAmount 0");
    await expect(line(ann, "Server’s clock")).toHaveText(/same as this device|ahead|behind/);
    await expect(line(ann, "Server")).toHaveText(/^Parlor \d+\.\d+\.\d+/);
    await expect(line(ann, "Messages")).toHaveText("0 waiting, 0 failed");
    await expect(line(ann, "Last close")).toHaveText("–");
    // It pings every two seconds while open.
    const points = () => panel(ann).locator("polyline").getAttribute("points");
    const before = (await points())!.trim().split(" ").length;
    await expect.poll(async () => (await points())!.trim().split(" ").length).toBeGreaterThan(before);

    // The network is lost: waiting messages are counted and the reason is shown.
    proxy.goDown();
    await expect(line(ann, "State")).toContainText("Reconnecting");
    await expect(line(ann, "Last close")).toContainText("1006: the connection was lost");
    await expect(line(ann, "Socket")).toHaveText("–");
    await page.keyboard.press("Escape");
    for (const text of ["one", "two"]) await ann.send(text);
    for (const text of ["three", "four", "five"]) await bob.send(text);
    await expect(bob.message("five")).toHaveAttribute("data-state", "stored");
    await badge(ann).click();
    await expect(line(ann, "Messages")).toHaveText("2 waiting, 0 failed");
    // It reconnects over another transport.
    proxy.upgrades = "refuse";
    proxy.comeUp();
    await expectTransport(ann, "sse");
    await expect(line(ann, "Transport")).toHaveText("event stream");
    await expect(why(ann)).toContainText("WebSocket is blocked on this network");
    await expect(line(ann, "Address")).toHaveText(`${proxy.address}/live/sse`);
    await expect(line(ann, "Last resume")).toHaveText(/, [3-5] events in \d+ ms$/);
    await expect(line(ann, "Messages")).toHaveText("0 waiting, 0 failed");
    await expect(line(ann, "State")).toHaveText("Connected");

    await copyReport(ann).click();
    await expect(status(ann)).toHaveText("Copied.");
    const report = await page.evaluate(() => navigator.clipboard.readText());
    expect(report).toMatch(/^Parlor connection report, \d{4}-\d\d-\d\dT/);
    for (const part of ["Transport: event stream", "Last resume: ", "Browser: ", "Round trips in ms: "]) {
      expect(report).toContain(part);
    }
    const token = (await page.context().cookies()).map((cookie) => cookie.value).filter((value) => value.length > 8);
    for (const secret of ["a secret", "three", "Ann", "Bob", ...token]) expect(report).not.toContain(secret);
  } finally {
    await proxy.stop();
  }
});

test("without clipboard access the report can be copied by hand", async ({ person }) => {
  const ann = await person("Ann");
  await ann.page.evaluate(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
  await badge(ann).click();
  await copyReport(ann).click();
  const field = ann.page.getByRole("textbox", { name: "Report" });
  await expect(field).toBeFocused();
  const selected = () => field.evaluate((field: HTMLTextAreaElement) => field.selectionEnd - field.selectionStart);
  expect(await selected()).toBeGreaterThan(100);
  // The panel is refreshed every second. What is being copied stays.
  const since = panel(ann).getByRole("definition").nth(3);
  await expect(since).not.toHaveText((await since.textContent())!);
  expect(await selected()).toBeGreaterThan(100);
  await expect(status(ann)).toHaveText("Copy the text from the field.");
});

test("opening and closing by keyboard restores the focus", async ({ person }) => {
  const ann = await person("Ann");
  await badge(ann).focus();
  await ann.page.keyboard.press("Enter");
  await expect(panel(ann)).toBeVisible();
  await expect(panel(ann).getByRole("button", { name: "Close" })).toBeFocused();
  await ann.page.keyboard.press("Tab");
  await expect(panel(ann).getByRole("link", { name: "Test this network" })).toBeFocused();
  await ann.page.keyboard.press("Tab");
  await expect(copyReport(ann)).toBeFocused();
  await ann.page.keyboard.press("Escape");
  await expect(panel(ann)).toBeHidden();
  await expect(badge(ann)).toBeFocused();
  await ann.page.keyboard.press("Space");
  await expect(panel(ann)).toBeVisible();
  await ann.page.keyboard.press("Enter");
  await expect(panel(ann)).toBeHidden();
  await expect(badge(ann)).toBeFocused();
});

test("actions stay beside the badge", async ({ person, server }) => {
  const ann = await person("Ann");
  // Its code is loaded when it is first opened, which needs the server.
  await badge(ann).click();
  await expect(line(ann, "State")).toContainText("Connected");
  await ann.page.keyboard.press("Escape");
  await server.stop();
  await expect(ann.connection).toHaveAttribute("data-state", "reconnecting");
  await expect(ann.page.getByTestId("try-now")).toBeVisible();
  await badge(ann).click();
  await expect(line(ann, "State")).toContainText("Reconnecting");
  await expect(line(ann, "Last close")).toContainText("4001: server is restarting");
  await ann.page.keyboard.press("Escape");
  await server.start();
  await ann.page.getByTestId("try-now").click({ timeout: 5_000 }).catch(() => {
    // It may have reconnected at this moment.
  });
  await ann.expectConnected();
});

for (const [device, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`${device}, ${colorScheme}: it fits`, async ({ person }, info) => {
      const ann = await person("Ann", { viewport, colorScheme, deviceScaleFactor: 2, hasTouch: device === "phone" });
      await ann.send("Morning! The **new shelves** came.");
      await expect(ann.messages).toHaveCount(1);
      await badge(ann).click();
      await expect(line(ann, "Round trip")).toHaveText(/median/);
      await ann.page.waitForTimeout(5_000);
      const sideways = await ann.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(sideways).toBeLessThanOrEqual(0);
      const box = (await panel(ann).boundingBox())!;
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(viewport.width);
      expect(box.y + box.height).toBeLessThanOrEqual(viewport.height);
      await expect(copyReport(ann)).toBeInViewport();
      await info.attach(`panel-${device}-${colorScheme}`, { body: await ann.page.screenshot(), contentType: "image/png" });
      await ann.page.screenshot({ path: info.outputPath(`panel-${device}-${colorScheme}.png`) });
    });
  }
}
