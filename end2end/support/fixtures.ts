// Fixtures of every browser test: a server, users in separate browser contexts, and a check for page errors.
import { Browser, BrowserContextOptions, Locator, Page, expect, test as base } from "@playwright/test";
import { Server } from "./server";
import { leaveOut } from "./test-servers";

/** Console messages of the browser about failed connections: expected in some tests, not errors of the page. */
const NETWORK = /ERR_|WebSocket connection to|Failed to load resource|net::/;

/** Without JavaScript nothing uses the wasm that the page preloads, which the browser says after some seconds. */
const UNUSED_PRELOAD = /was preloaded using link preload but not used/;

export class Person {
  constructor(readonly page: Page, readonly name: string) {}

  get composer(): Locator {
    return this.page.getByTestId("composer");
  }

  get messages(): Locator {
    return this.page.getByTestId("message");
  }

  get bodies(): Locator {
    return this.page.getByTestId("message-body");
  }

  get connection(): Locator {
    return this.page.getByTestId("connection");
  }

  message(text: string): Locator {
    return this.messages.filter({ has: this.page.getByTestId("message-body").getByText(text, { exact: true }) });
  }

  /** Types and presses Enter. */
  async send(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press("Enter");
  }

  /** Waits longer than the greatest delay between two attempts to connect, which is 30 s. */
  async expectConnected(): Promise<void> {
    await expect(this.connection).toHaveAttribute("data-state", "connected", { timeout: 60_000 });
  }

  async expectMessages(...texts: string[]): Promise<void> {
    for (const text of texts) await expect(this.message(text)).toHaveCount(1);
  }
}

/** Signs in as a guest on the page for visitors. */
export async function joinAsGuest(page: Page, url: string, name: string): Promise<Person> {
  await page.goto(url);
  await page.getByTestId("name-input").fill(name);
  await page.getByTestId("enter").click();
  await page.waitForURL("**/r/lobby");
  return new Person(page, name);
}

interface Fixtures {
  server: Server;
  /** A new guest in a browser context of their own, connected and in the lobby. */
  person: (name: string, options?: BrowserContextOptions) => Promise<Person>;
  /** A page in a browser context of its own, watched for errors. */
  visitor: (options?: BrowserContextOptions) => Promise<Page>;
}

export const test = base.extend<Fixtures & { leftOut: void }>({
  leftOut: [
    async ({}, use, testInfo) => {
      leaveOut(testInfo.tags);
      await use();
    },
    { auto: true },
  ],
  server: async ({}, use) => {
    const server = await Server.start();
    await use(server);
    await server.dispose();
  },
  visitor: async ({ browser, server }, use) => {
    const errors: string[] = [];
    const pages: Page[] = [];
    await use(async (options) => {
      const page = await watchedPage(browser, server, errors, options);
      pages.push(page);
      return page;
    });
    // Closing the context also drops its storage and service worker, so tests cannot influence each other.
    for (const page of pages) await page.context().close();
    expect(errors, "errors on the pages").toEqual([]);
  },
  person: async ({ server, visitor }, use) => {
    await use(async (name, options) => {
      const page = await visitor(options);
      const person = await joinAsGuest(page, server.url, name);
      await person.expectConnected();
      return person;
    });
  },
});

async function watchedPage(browser: Browser, server: Server, errors: string[], options?: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext({ baseURL: server.url, ...options });
  const page = await context.newPage();
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (!["error", "warning"].includes(message.type()) || NETWORK.test(message.text())) return;
    if (options?.javaScriptEnabled === false && UNUSED_PRELOAD.test(message.text())) return;
    errors.push(message.text());
  });
  page.on("dialog", (dialog) => {
    errors.push(`a dialog opened: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return page;
}

export { expect };
