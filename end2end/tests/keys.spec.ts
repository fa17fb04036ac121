// Keys as other keyboards, input methods and systems send them.
import { Page } from "@playwright/test";
import { Person, expect, test } from "../support/fixtures";
import { api, createAccount, createRoom, signIn } from "../support/api";

interface Press {
  key: string;
  code?: string;
  keyCode?: number;
  ctrlKey?: boolean;
  metaKey?: boolean;
  shiftKey?: boolean;
  altKey?: boolean;
  isComposing?: boolean;
}

/** Sends a `keydown` to the focused element. True if a handler has taken it from the browser. */
function press(page: Page, init: Press): Promise<boolean> {
  return page.evaluate((init) => {
    const event = new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...init });
    // The constructor ignores it.
    Object.defineProperty(event, "keyCode", { value: init.keyCode ?? 0 });
    return !document.activeElement!.dispatchEvent(event);
  }, init);
}

/** How browsers report the Enter that ends a composition. */
const COMPOSING: Record<string, Partial<Press>> = {
  "most browsers": { isComposing: true, keyCode: 229 },
  "Safari, which has ended the composition by then": { isComposing: false, keyCode: 229 },
};

test("keys of an input method are not the page's", async ({ person }) => {
  const ann = await person("Ann");
  const taken = async (key: string) => {
    for (const [browser, how] of Object.entries(COMPOSING)) expect(await press(ann.page, { key, ...how }), `${key}: ${browser}`).toBe(false);
  };
  // The composer.
  await ann.composer.focus();
  await taken("ArrowUp");
  await ann.composer.fill("ni hao");
  await taken("Enter");
  await expect(ann.composer).toHaveValue("ni hao");
  // The room switcher.
  await ann.page.keyboard.press("Control+k");
  const field = ann.page.getByTestId("switcher-field");
  await expect(field).toBeFocused();
  for (const key of ["Enter", "ArrowDown", "ArrowUp"]) await taken(key);
  await expect(field).toBeFocused();
  await ann.page.keyboard.press("Escape");
  // A page over the chat.
  await ann.page.getByRole("link", { name: "People", exact: true }).click();
  const search = ann.page.getByLabel("Search by name");
  await search.fill("ni hao");
  await search.focus();
  await taken("Escape");
  await expect(ann.page).toHaveURL(/\/people$/);
  await search.press("Escape");
  await expect(ann.page).toHaveURL(/\/r\/lobby$/);
});

test("Ctrl+K opens the room switcher on every keyboard layout", async ({ person }) => {
  const ann = await person("Ann");
  const field = ann.page.getByTestId("switcher-field");
  for (const [layout, init] of Object.entries({
    Russian: { key: "л", code: "KeyK" },
    "Caps Lock": { key: "K", code: "KeyK" },
    Dvorak: { key: "k", code: "KeyV" },
  })) {
    expect(await press(ann.page, { ctrlKey: true, ...init }), layout).toBe(true);
    await expect(field, layout).toBeFocused();
    await ann.page.keyboard.press("Escape");
    await expect(field, layout).toBeHidden();
  }
  // Not the shortcuts of the browser, nor AltGr.
  for (const init of [
    { key: "K", code: "KeyK", ctrlKey: true, shiftKey: true },
    { key: "k", code: "KeyK", ctrlKey: true, altKey: true },
    { key: "t", code: "KeyK", ctrlKey: true },
    { key: "к", code: "KeyR", ctrlKey: true },
    { key: "k", code: "KeyK" },
  ]) {
    expect(await press(ann.page, init), JSON.stringify(init)).toBe(false);
  }
  await expect(field).toBeHidden();
});

test("on macOS the switcher is Command+K, and Ctrl+K stays the text field's", async ({ person }) => {
  const userAgent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
  const ann = await person("Ann", { userAgent });
  await ann.composer.focus();
  expect(await press(ann.page, { key: "k", code: "KeyK", ctrlKey: true })).toBe(false);
  await expect(ann.page.getByTestId("switcher-field")).toBeHidden();
  expect(await press(ann.page, { key: "k", code: "KeyK", metaKey: true })).toBe(true);
  await expect(ann.page.getByTestId("switcher-field")).toBeFocused();
});

test("rooms and people are found without regard to case in every alphabet", async ({ server, visitor }) => {
  const ann = await createAccount(server, "Ёлка");
  await createAccount(server, "Общий Друг");
  await createRoom(server, ann, "Общий чат", "public");
  await createRoom(server, ann, "ＳＴＲＡＳＳＥ", "public");
  const rooms = await api<{ rooms: { name: string }[] }>(server, ann, "/rooms");
  expect(rooms.rooms.map(({ name }) => name)).toContain("Общий чат");
  const page = await visitor();
  await signIn(page.context(), server, ann);
  await page.goto("/r/lobby");
  await new Person(page, "Ёлка").expectConnected();
  await page.keyboard.press("Control+k");
  const found = page.getByTestId("switcher-room");
  for (const [query, name] of [["общий", "Общий чат"], ["ОБЩИЙ", "Общий чат"], ["straße", "ＳＴＲＡＳＳＥ"]]) {
    await page.getByTestId("switcher-field").fill(query);
    await expect(found, query).toHaveText([name]);
  }
  for (const query of ["общий", "ОБЩИЙ ДРУГ"]) {
    await page.goto(`/people?q=${encodeURIComponent(query)}`);
    await expect(page.getByText("Общий Друг"), query).toBeVisible();
  }
});
