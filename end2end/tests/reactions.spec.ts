// Reactions to messages.
import { Person, expect, joinAsGuest, test } from "../support/fixtures";
import { barriers, expectToFit, openMenu, react, reaction } from "../support/message-actions";
import { Proxy } from "../support/proxy";
import { expectTransport } from "../support/transports";

/** Sends a message and waits until it is stored. */
async function send(person: Person, text: string): Promise<void> {
  await person.send(text);
  await expect(person.message(text)).toHaveAttribute("data-state", "stored");
}

/** A chip has this count, and says whether the user has reacted. */
async function expectReaction(person: Person, emoji: string, count: number, mine: boolean): Promise<void> {
  const chip = reaction(person, "hello", emoji);
  await expect(chip).toHaveText(`${emoji} ${count}`);
  await expect(chip).toHaveAttribute("aria-pressed", String(mine));
}

async function exercise(ann: Person, bob: Person): Promise<void> {
  await send(ann, "hello");
  await bob.expectMessages("hello");
  await react(bob, "hello", "👍");
  await expectReaction(bob, "👍", 1, true);
  await expectReaction(ann, "👍", 1, false);
  await reaction(ann, "hello", "👍").click();
  for (const who of [ann, bob]) await expectReaction(who, "👍", 2, true);
  await react(ann, "hello", "❤️");
  for (const who of [ann, bob]) await expectReaction(who, "❤️", 1, who === ann);
  await expect(reaction(ann, "hello", "👍")).toHaveAccessibleName("👍, 2 people: Bob and Ann. You reacted.");
  await expect(reaction(ann, "hello", "👍")).toHaveAttribute("title", "Bob and Ann");
  await expect(reaction(bob, "hello", "❤️")).toHaveAccessibleName("❤️, 1 person: Ann.");
  // Both take one back: the chip stays as long as anybody reacts.
  await reaction(bob, "hello", "👍").click();
  for (const who of [ann, bob]) await expectReaction(who, "👍", 1, who === ann);
  await reaction(ann, "hello", "❤️").click();
  for (const who of [ann, bob]) await expect(reaction(who, "hello", "❤️")).toHaveCount(0);
}

test("reactions are seen live and after a reload by both", async ({ person }) => {
  const [ann, bob] = [await person("Ann"), await person("Bob")];
  await exercise(ann, bob);
  for (const who of [ann, bob]) {
    await who.page.reload();
    await who.expectConnected();
    await expectReaction(who, "👍", 1, who === ann);
    await expect(who.page.getByTestId("reaction")).toHaveCount(1);
  }
  // After the reload they go on from there.
  await reaction(bob, "hello", "👍").click();
  for (const who of [ann, bob]) await expectReaction(who, "👍", 2, true);
});

test("reactions arrive over long polling", async ({ server, visitor }) => {
  const proxy = await Proxy.start(server.address);
  [proxy.upgrades, proxy.streams] = ["refuse", "refuse"];
  const ann = await joinAsGuest(await visitor(), proxy.url, "Ann");
  const bob = await joinAsGuest(await visitor(), proxy.url, "Bob");
  for (const who of [ann, bob]) await expectTransport(who, "poll");
  await exercise(ann, bob);
  await proxy.stop();
});

test("reactions that were made while one was away are there when one is back", async ({ person, server }) => {
  const [ann, bob] = [await person("Ann"), await person("Bob")];
  await send(ann, "hello");
  await bob.expectMessages("hello");
  await ann.page.context().setOffline(true);
  await react(bob, "hello", "🎉");
  await expectReaction(bob, "🎉", 1, true);
  await ann.page.context().setOffline(false);
  await ann.expectConnected();
  await expectReaction(ann, "🎉", 1, false);
  // Reacting needs a connection.
  await server.kill();
  await expect(ann.connection).not.toHaveAttribute("data-state", "connected");
  await reaction(ann, "hello", "🎉").click();
  await expect(ann.page.getByTestId("composer-hint")).not.toBeEmpty();
  await expectReaction(ann, "🎉", 1, false);
});

test("reactions by keyboard alone", async ({ person }) => {
  const [ann, bob] = [await person("Ann"), await person("Bob")];
  await send(ann, "hello");
  await bob.expectMessages("hello");
  const press = async (...keys: string[]) => {
    for (const key of keys) await bob.page.keyboard.press(key);
  };
  await bob.composer.focus();
  await press("ArrowUp", "Enter");
  await expect(bob.page.getByTestId("mark-unread")).toBeFocused();
  await press("Shift+Tab");
  await expect(bob.page.getByRole("button", { name: "React with 😢" })).toBeFocused();
  await press("ArrowLeft");
  await expect(bob.page.getByRole("button", { name: "React with 😮" })).toBeFocused();
  await press("Home", "Enter");
  await expectReaction(ann, "👍", 1, false);
  await expect(bob.message("hello").getByTestId("more")).toBeFocused();
  // From the menu's button to the chip, which toggles; the focus is not lost when the chip goes.
  await press("ArrowLeft");
  await expect(reaction(bob, "hello", "👍")).toBeFocused();
  await press("Enter");
  await expect(bob.page.getByTestId("reaction")).toHaveCount(0);
  await expect(bob.message("hello").getByTestId("more")).toBeFocused();
  await press("Escape");
  await expect(bob.composer).toBeFocused();
});

test("a chip keeps the focus while others react", async ({ person }) => {
  const [ann, bob] = [await person("Ann"), await person("Bob")];
  await send(ann, "hello");
  await bob.expectMessages("hello");
  await react(ann, "hello", "👍");
  await expectReaction(bob, "👍", 1, false);
  await reaction(bob, "hello", "👍").focus();
  await bob.page.keyboard.press("Enter");
  await expectReaction(bob, "👍", 2, true);
  await expect(reaction(bob, "hello", "👍")).toBeFocused();
  await react(ann, "hello", "🎉");
  await expectReaction(bob, "🎉", 1, false);
  await expect(reaction(bob, "hello", "👍")).toBeFocused();
});

for (const [locale, colorScheme] of [["en-US", "light"], ["zh-CN", "dark"]] as const) {
  test(`reactions on a small screen: ${locale}, ${colorScheme}`, async ({ person }) => {
    const ann = await person("آن", { viewport: { width: 360, height: 740 }, locale, colorScheme });
    await send(ann, "hello");
    for (let n = 0; n < 6; n++) {
      await openMenu(ann, "hello");
      if (n === 0) expect(await barriers(ann)).toEqual([]);
      await ann.page.getByTestId("quick-reaction").nth(n).click();
      await expect(ann.page.getByTestId("reaction")).toHaveCount(n + 1);
    }
    expect(await barriers(ann)).toEqual([]);
    await expectToFit(ann);
  });
}
