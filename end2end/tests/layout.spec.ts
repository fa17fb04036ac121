// Layout on desktop and phone, light and dark. PARLOR_SCREENSHOTS=1 updates the pictures of the README.
import path from "node:path";
import MessageSender from "../support/message-sender";
import { Person, expect, test } from "../support/fixtures";

const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } };

async function conversation(ann: Person, sender: MessageSender, other: MessageSender): Promise<void> {
  await sender.send("Morning! The **new shelves** came. Anyone free at ten to help carry them up?");
  await other.send("I am, with coffee ☕", "And 小明 said he can bring the drill.");
  await ann.send("Count me in. I wrote the list down:\n\n- screws, `4 × 40`\n- spirit level\n- *two* ladders");
  await expect(ann.messages).toHaveCount(4);
  await expect(ann.messages.last()).toHaveAttribute("data-state", "stored");
  await sender.send("> two ladders\n\nonly one fits through the door, so https://example.org/folding-ladder it is");
  await other.send("```rust\nfn shelves(wall: &Wall) -> usize {\n    wall.width / 80 // cm, with a gap\n}\n```");
  await sender.send("好的，十点见！请大家把旧书先搬到走廊，免得挡路。");
  await ann.send("See you there.");
  await expect(ann.messages).toHaveCount(8);
  await expect(ann.message("See you there.")).toHaveAttribute("data-state", "stored");
}

for (const [device, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`${device}, ${colorScheme}: nothing overflows, and contrast suffices`, async ({ person, server }, info) => {
      const sender = await MessageSender.connect(server, "Marta");
      const other = await MessageSender.connect(server, "Jonas");
      for (const who of [sender, other]) who.join("lobby");
      const ann = await person("Ann", { viewport, colorScheme, deviceScaleFactor: 2, hasTouch: device === "phone" });
      await conversation(ann, sender, other);
      const sideways = await ann.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(sideways).toBeLessThanOrEqual(0);
      await sender.send("x".repeat(300), `https://example.org/${"long/".repeat(60)}`, "字".repeat(200));
      await expect(ann.messages).toHaveCount(11);
      const wide = await ann.bodies.evaluateAll((bodies) => bodies.filter((body) => body.scrollWidth > body.clientWidth + 1).length);
      expect(wide, "bodies wider than their place").toBe(0);
      for (const id of ["connection", "online-count", "composer"]) await expect(ann.page.getByTestId(id)).toBeInViewport();
      if (process.env.PARLOR_SCREENSHOTS) {
        await ann.page.getByTestId("message").last().evaluate((row) => {
          const rows = [...row.parentElement!.querySelectorAll("[data-testid=message]")].slice(-3);
          rows.forEach((row) => ((row as HTMLElement).hidden = true));
        });
        await ann.page.screenshot({ path: path.join(__dirname, `../../docs/screenshots/${device}-${colorScheme}.png`) });
      } else {
        await info.attach(`${device}-${colorScheme}`, { body: await ann.page.screenshot(), contentType: "image/png" });
      }
      for (const who of [sender, other]) who.close();
    });
  }
}

test("hydration shifts no layout", async ({ person, server }) => {
  const sender = await MessageSender.connect(server, "Marta");
  await sender.send(...Array.from({ length: 30 }, (_, n) => `line ${n}`));
  const ann = await person("Ann");
  await ann.page.addInitScript(() => {
    const shifts: number[] = [];
    Object.assign(window, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) shifts.push((entry as PerformanceEntry & { value: number }).value);
    }).observe({ type: "layout-shift", buffered: true });
  });
  await ann.page.reload();
  await ann.expectConnected();
  await ann.page.waitForTimeout(1_000);
  const shifts = await ann.page.evaluate(() => (window as unknown as { shifts: number[] }).shifts);
  expect(shifts.reduce((sum, value) => sum + value, 0)).toBeLessThan(0.01);
  sender.close();
});
