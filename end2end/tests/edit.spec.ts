// Editing messages: live, offline, in conflict with others, and the versions of a message.
import { Person, expect, joinAsGuest, test } from "../support/fixtures";
import { api, createAccount, createOwner, signIn } from "../support/api";
import { barriers, beginEdit, edit, expectToFit, openMenu } from "../support/message-actions";
import { Proxy } from "../support/proxy";
import { expectTransport } from "../support/transports";

/** Sends a message and waits until it is stored. */
async function send(person: Person, text: string): Promise<void> {
  await person.send(text);
  await expect(person.message(text)).toHaveAttribute("data-state", "stored");
}

test("an edit is seen live by the other and after a reload", async ({ person }) => {
  const [ann, bob] = [await person("Ann"), await person("Bob")];
  await send(ann, "helo");
  await bob.expectMessages("helo");
  await ann.composer.fill("a draft");
  await openMenu(ann, "helo");
  await ann.page.getByTestId("edit-message").click();
  await expect(ann.page.getByTestId("composer-editing")).toHaveText("Editing message");
  await expect(ann.composer).toHaveValue("helo");
  await ann.send("**hello**");
  // The draft comes back.
  await expect(ann.composer).toHaveValue("a draft");
  for (const who of [ann, bob]) {
    await expect(who.message("hello").locator("strong")).toHaveText("hello");
    await expect(who.message("helo")).toHaveCount(0);
    await expect(who.message("hello").getByTestId("edited")).toHaveAccessibleName(/^Edited .*Show all versions$/);
    await expect(who.message("hello").getByTestId("edited")).toHaveAttribute("title", /20\d\d/);
  }
  await expect(ann.message("hello")).toHaveAttribute("data-state", "stored");
  for (const who of [ann, bob]) {
    await who.page.reload();
    await who.expectConnected();
    await expect(who.message("hello").getByTestId("edited")).toBeVisible();
    await expect(who.messages).toHaveCount(1);
  }
  // Messages of others cannot be edited.
  await openMenu(bob, "hello");
  await expect(bob.page.getByTestId("copy-text")).toBeVisible();
  await expect(bob.page.getByTestId("edit-message")).toBeHidden();
});

test("edits arrive over long polling", async ({ server, visitor }) => {
  const proxy = await Proxy.start(server.address);
  [proxy.upgrades, proxy.streams] = ["refuse", "refuse"];
  const ann = await joinAsGuest(await visitor(), proxy.url, "Ann");
  const bob = await joinAsGuest(await visitor(), proxy.url, "Bob");
  for (const who of [ann, bob]) await expectTransport(who, "poll");
  await send(ann, "one");
  await bob.expectMessages("one");
  await edit(ann, "one", "two");
  await bob.expectMessages("two");
  await expect(ann.message("two")).toHaveAttribute("data-state", "stored");
  // An edit that was made without a connection is stored once.
  proxy.goDown();
  await expect(ann.connection).not.toHaveAttribute("data-state", "connected");
  await edit(ann, "two", "three");
  await expect(ann.message("three")).toHaveAttribute("data-state", "queued");
  proxy.comeUp();
  await bob.expectMessages("three");
  await expect(ann.message("three")).toHaveAttribute("data-state", "stored");
  await proxy.stop();
});

test("ArrowUp edits the last message, Escape cancels, and the draft comes back", async ({ person }) => {
  const [ann, bob] = [await person("Ann"), await person("Bob")];
  await send(ann, "first");
  await send(ann, "last");
  await send(bob, "of another");
  await ann.expectMessages("of another");
  await ann.composer.focus();
  await ann.page.keyboard.press("ArrowUp");
  await expect(ann.composer).toHaveValue("last");
  await expect(ann.page.getByTestId("send")).toHaveAccessibleName("Save");
  await ann.composer.fill("changed");
  await ann.page.keyboard.press("Escape");
  await expect(ann.composer).toHaveValue("");
  await expect(ann.page.getByTestId("composer-editing")).toHaveText("");
  await ann.expectMessages("first", "last", "of another");
  // The button cancels as well.
  await ann.page.keyboard.press("ArrowUp");
  await ann.page.getByTestId("cancel-edit").click();
  await expect(ann.composer).toHaveValue("");
  await expect(ann.composer).toBeFocused();
  // An unchanged text is no edit.
  await ann.page.keyboard.press("ArrowUp");
  await ann.page.keyboard.press("Enter");
  await expect(ann.page.getByTestId("composer-editing")).toHaveText("");
  await expect(ann.page.getByTestId("edited")).toHaveCount(0);
  // An empty one is not saved.
  await ann.page.keyboard.press("ArrowUp");
  await ann.composer.fill("  ");
  await ann.page.keyboard.press("Enter");
  await expect(ann.page.getByTestId("composer-hint")).toHaveText("Enter some text. To remove the message, delete it.");
  await ann.send("last one");
  await bob.expectMessages("last one");
  // Once more in the unchanged edit, the focus goes on to the messages.
  await ann.page.keyboard.press("ArrowUp");
  await expect(ann.composer).toHaveValue("last one");
  await ann.page.keyboard.press("ArrowUp");
  await expect(ann.message("of another").getByTestId("more")).toBeFocused();
});

test("an edit that was made while the server is away arrives once after it is back", async ({ person, server }) => {
  const [ann, bob] = [await person("Ann"), await person("Bob")];
  await send(ann, "before");
  await bob.expectMessages("before");
  await server.kill();
  await expect(ann.connection).not.toHaveAttribute("data-state", "connected");
  await edit(ann, "before", "after");
  await expect(ann.message("after")).toHaveAttribute("data-state", "queued");
  // It is on disk: the next page sends it.
  await ann.page.reload();
  await expect(ann.message("after")).toHaveAttribute("data-state", "queued");
  await server.start();
  await ann.expectConnected();
  await expect(ann.message("after")).toHaveAttribute("data-state", "stored");
  await bob.expectConnected();
  await bob.expectMessages("after");
  const log = await (await ann.page.request.get("/api/rooms/lobby/events?after=0")).json();
  expect(log.events.map(({ event }: { event: { kind: string } }) => event.kind)).toEqual(["message", "edited"]);
  await ann.message("after").getByTestId("edited").click();
  await expect(ann.page.getByRole("dialog").getByRole("listitem")).toHaveCount(2);
});

test("an edit that waits can be withdrawn and edited again", async ({ person, server }) => {
  const ann = await person("Ann");
  await send(ann, "before");
  await server.kill();
  await expect(ann.connection).not.toHaveAttribute("data-state", "connected");
  await edit(ann, "before", "after");
  await ann.message("after").hover();
  await ann.message("after").getByTestId("edit").click();
  await expect(ann.composer).toHaveValue("after");
  await expect(ann.page.getByTestId("composer-editing")).toHaveText("Editing message");
  await ann.send("later");
  await ann.message("later").hover();
  await ann.message("later").getByTestId("discard").click();
  await expect(ann.message("before")).toHaveAttribute("data-state", "stored");
});

test("a refused edit says why and can be sent again or discarded", async ({ server, visitor }) => {
  const olga = await createOwner(server, "Olga");
  const account = await createAccount(server, "Ann");
  const page = await visitor();
  await signIn(page.context(), server, account);
  await page.goto("/r/lobby");
  const ann = new Person(page, "Ann");
  await ann.expectConnected();
  await send(ann, "before");
  await api(server, olga, `/people/${account.user.id}/mute`, { minutes: 60 });
  await edit(ann, "before", "after");
  const message = ann.message("after");
  await expect(message).toHaveAttribute("data-state", "failed");
  await expect(message).toContainText("Change not saved: You are muted and can only read.");
  await api(server, olga, `/people/${account.user.id}/mute`, undefined, "DELETE");
  await message.getByTestId("retry").click();
  await expect(message).toHaveAttribute("data-state", "stored");
  await expect(message.getByTestId("edited")).toBeVisible();
});

test("an edit elsewhere or a deletion while one edits is announced, and no text is lost", async ({ server, visitor }) => {
  const account = await createAccount(server, "Ann");
  const tabs: Person[] = [];
  for (let n = 0; n < 2; n++) {
    const page = await visitor();
    await signIn(page.context(), server, account);
    await page.goto("/r/lobby");
    tabs.push(new Person(page, "Ann"));
    await tabs[n].expectConnected();
  }
  const [here, there] = tabs;
  await send(here, "one");
  await there.expectMessages("one");
  await beginEdit(here, "one");
  await here.composer.fill("mine");
  await edit(there, "one", "two");
  await expect(here.page.getByRole("status").filter({ hasText: "edited elsewhere" })).toBeVisible();
  await here.composer.press("Enter");
  for (const who of tabs) await who.expectMessages("mine");

  await here.composer.fill("a draft");
  await beginEdit(here, "mine");
  await here.composer.fill("typed for long");
  await openMenu(there, "mine");
  await there.page.getByTestId("delete-message").click();
  await expect(here.messages).toHaveCount(0);
  await expect(here.page.getByTestId("composer-hint")).toHaveText("This message was deleted. Your text is kept as a draft.");
  await expect(here.composer).toHaveValue("typed for long\na draft");
  await here.page.reload();
  await here.expectConnected();
  await expect(here.composer).toHaveValue("typed for long\na draft");
});

test("an edit waits while another room is open", async ({ person }) => {
  const ann = await person("Ann");
  await send(ann, "here");
  await beginEdit(ann, "here");
  await ann.composer.fill("half");
  await ann.page.getByTestId("new-room").click();
  await ann.page.getByTestId("new-room-name").fill("Garden");
  await ann.page.getByTestId("new-room-create").click();
  await expect(ann.page.getByRole("heading", { level: 1 })).toContainText("Garden");
  await expect(ann.composer).toHaveValue("");
  await expect(ann.page.getByTestId("composer-editing")).toHaveText("");
  await ann.page.getByTestId("room-link").filter({ hasText: "Lobby" }).click();
  await expect(ann.composer).toHaveValue("half");
  await ann.send("half and half");
  await ann.expectMessages("half and half");
});

test("the versions of a message are shown, and again after an error, by keyboard", async ({ person }) => {
  const [ann, bob] = [await person("Ann"), await person("Bob")];
  await send(ann, "one");
  await edit(ann, "one", "**two**");
  await expect(ann.message("two")).toHaveAttribute("data-state", "stored");
  await openMenu(ann, "two");
  await ann.page.getByTestId("edit-message").click();
  await expect(ann.composer).toHaveValue("**two**");
  await ann.send("three");
  await bob.expectMessages("three");
  await bob.page.route("**/edits", (route) => route.abort());
  await bob.composer.focus();
  await bob.page.keyboard.press("ArrowUp");
  await bob.page.keyboard.press("ArrowLeft");
  await expect(bob.page.getByTestId("edited")).toBeFocused();
  await bob.page.keyboard.press("Enter");
  const dialog = bob.page.getByRole("dialog", { name: "Versions of this message" });
  await expect(dialog.getByRole("alert")).not.toBeEmpty();
  await bob.page.unroute("**/edits");
  await dialog.getByRole("button", { name: "Try again" }).click();
  await expect(dialog.getByRole("listitem")).toHaveCount(3);
  await expect(dialog.getByRole("listitem").first()).toContainText("three");
  await expect(dialog.getByRole("listitem").last()).toContainText("one");
  await expect(dialog.getByRole("listitem").filter({ hasText: "two" }).locator("strong")).toHaveText("two");
  await bob.page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(bob.page.getByTestId("edited")).toBeFocused();
});

for (const [locale, colorScheme] of [["en-US", "light"], ["zh-CN", "dark"]] as const) {
  test(`editing on a small screen: ${locale}, ${colorScheme}`, async ({ person }) => {
    const ann = await person("Ann", { viewport: { width: 360, height: 740 }, locale, colorScheme });
    await send(ann, "one");
    await ann.composer.focus();
    await ann.page.keyboard.press("ArrowUp");
    await expect(ann.page.getByTestId("composer-editing")).not.toHaveText("");
    expect(await barriers(ann)).toEqual([]);
    await expectToFit(ann);
    await ann.send("مرحبا بالعالم " + "long ".repeat(60));
    await ann.page.getByTestId("edited").click();
    await expect(ann.page.getByRole("listitem")).toHaveCount(2);
    expect(await barriers(ann)).toEqual([]);
    await expectToFit(ann);
  });
}
