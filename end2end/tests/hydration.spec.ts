// The page starts although extensions and translators changed it before.
import { Page } from "@playwright/test";
import { Person, expect, joinAsGuest, test } from "../support/fixtures";

/** Changes to the document before the app starts. Each runs in the page. */
const CHANGES: Record<string, () => void> = {
  "an element injected into the body": () => {
    document.body.prepend(document.createElement("div"));
    document.body.append(document.createElement("grammar-checker"));
  },
  "an element injected into the message box": () => {
    document.getElementById("composer")!.after(document.createElement("grammar-checker"));
  },
  "text wrapped in font elements": () => {
    const texts = document.createTreeWalker(document.getElementById("root")!, NodeFilter.SHOW_TEXT);
    const nodes: Text[] = [];
    while (texts.nextNode()) nodes.push(texts.currentNode as Text);
    for (const node of nodes) {
      const font = document.createElement("font");
      node.replaceWith(font);
      font.append(node);
    }
  },
  "attributes removed": () => {
    for (const name of ["aria-label", "title", "placeholder", "aria-describedby"]) {
      document.querySelectorAll(`#root [${name}]`).forEach((element) => element.removeAttribute(name));
    }
  },
  "comments removed": () => {
    const comments = document.createTreeWalker(document.getElementById("root")!, NodeFilter.SHOW_COMMENT);
    const nodes: Node[] = [];
    while (comments.nextNode()) nodes.push(comments.currentNode);
    nodes.forEach((node) => node.parentNode!.removeChild(node));
  },
};

async function expectSends(ann: Person, text: string): Promise<void> {
  await ann.expectConnected();
  await ann.send(text);
  await expect(ann.message(text)).toHaveAttribute("data-state", "stored");
}

async function withoutServiceWorker(page: Page): Promise<void> {
  await page.addInitScript(() => Object.defineProperty(navigator, "serviceWorker", { value: undefined }));
}

for (const [name, change] of Object.entries(CHANGES)) {
  test(`${name} before the app starts: the page connects and sends`, async ({ visitor, server }) => {
    const page = await visitor();
    await withoutServiceWorker(page);
    const ann = await joinAsGuest(page, server.url, "Ann");
    await ann.expectConnected();
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route("**/*.wasm", async (route) => {
      await held;
      await route.continue();
    });
    await page.reload({ waitUntil: "commit" });
    await ann.composer.fill("typed early");
    await page.evaluate(change);
    release();
    await ann.expectConnected();
    await expect(ann.composer).toHaveValue("typed early");
    await expectSends(ann, "sent all the same");
  });
}

test("an extension that changes the document while it is parsed: the page connects and sends", async ({ browser, server }) => {
  const context = await browser.newContext({ baseURL: server.url });
  const page = await context.newPage();
  await withoutServiceWorker(page);
  await page.addInitScript(() => {
    new MutationObserver(() => {
      const badge = document.querySelector("#root a:not(:has(font))");
      if (badge) badge.innerHTML = `<font>${badge.innerHTML}</font>`;
    }).observe(document, { childList: true, subtree: true });
  });
  const ann = await joinAsGuest(page, server.url, "Ann");
  await ann.expectConnected();
  await expectSends(ann, "sent all the same");
  await context.close();
});
