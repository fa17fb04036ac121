// Offline use and updates by the service worker.
import { createServer } from "node:http";
import path from "node:path";
import { Page } from "@playwright/test";
import { Person, expect, test } from "../support/fixtures";
import { stored } from "../support/storage";

const IN_DEVELOPMENT = "a development build has its files elsewhere; take the release build";

/** Waits until the worker has cached everything and controls the page. */
async function kept(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;
    while (active!.state !== "activated") {
      await new Promise((resolve) => active!.addEventListener("statechange", resolve, { once: true }));
    }
  });
}

const caches = (page: Page): Promise<string[]> => page.evaluate(() => window.caches.keys());

const style = (page: Page): Promise<string> =>
  page.evaluate(() => (document.querySelector("link[rel=stylesheet]") as HTMLLinkElement).href);

test("without the server the page opens, shows that it is offline, keeps messages and reconnects", async ({ person, server }) => {
  const ann = await person("Ann");
  const bob = await person("Bob");
  await ann.send("before");
  await bob.expectMessages("before");
  await kept(ann.page);
  await server.kill();

  await ann.page.reload();
  await expect(ann.connection).toHaveAttribute("data-state", "reconnecting");
  await expect(ann.connection).toContainText("Reconnecting");
  await expect(ann.page.getByTestId("composer-waiting")).toBeVisible();
  await expect(ann.page.getByTestId("name-input")).toHaveCount(0);
  await ann.composer.fill("while it was down");
  await ann.page.reload();
  await expect(ann.composer).toHaveValue("while it was down");

  // Other rooms and the front page open as well.
  await ann.page.goto(`${server.url}/`);
  await expect(ann.page).toHaveURL(/\/r\/lobby$/);
  await expect(ann.composer).toHaveValue("while it was down");

  await server.start();
  await ann.expectConnected();
  await expect(ann.page.getByRole("heading", { level: 1 })).toContainText("Lobby");
  await expect(ann.page.getByTestId("room-link")).toHaveCount(1);
  await ann.expectMessages("before");
  await expect(ann.message("before")).toContainText("Ann");
  await ann.composer.press("Enter");
  await expect(ann.message("while it was down")).toHaveAttribute("data-state", "stored");
  await expect(ann.composer).toHaveValue("");
  await bob.expectMessages("before", "while it was down");
});

test("without a network the page opens and shows that it is offline", async ({ person }) => {
  const ann = await person("Ann");
  await ann.send("before");
  await kept(ann.page);
  await ann.page.context().setOffline(true);
  await ann.page.reload();
  await expect(ann.connection).toHaveAttribute("data-state", "offline");
  await ann.page.context().setOffline(false);
  await ann.expectConnected();
  await ann.expectMessages("before");
});

test("an unresponsive server is replaced by the offline page, which becomes the page later", async ({ person, server }) => {
  const ann = await person("Ann");
  await ann.send("before");
  await kept(ann.page);
  server.suspend();
  await ann.page.reload();
  await expect(ann.connection).toHaveAttribute("data-state", "connecting");
  await expect(ann.composer).toBeVisible();
  server.resume();
  await ann.expectConnected();
  await ann.expectMessages("before");
});

test("the offline page tells signed-out people to sign in", async ({ person, server }) => {
  const ann = await person("Ann");
  await kept(ann.page);
  await ann.page.context().clearCookies({ name: /^parlor_session/ });
  await server.kill();
  await ann.page.reload();
  await expect(ann.connection).toHaveAttribute("data-state", "reconnecting");
  await server.start();
  await expect(ann.connection).toHaveAttribute("data-state", "closed");
  await ann.page.getByRole("link", { name: "Join again" }).click();
  await expect(ann.page.getByTestId("name-input")).toBeVisible();
});

test("error pages of a proxy are replaced by the offline page", async ({ person, server }) => {
  const ann = await person("Ann");
  await kept(ann.page);
  // Without them one cannot create a room.
  await expect.poll(() => stored(ann.page), { message: "the user and their rooms" }).toContain("Lobby");
  await server.kill();
  let status = 0;
  const page = { "content-type": "text/html" };
  const proxy = createServer((_, answer) => answer.writeHead(status, page).end("<h1>Error of a proxy</h1>"));
  await new Promise<void>((resolve) => proxy.listen(Number(new URL(server.url).port), "127.0.0.1", resolve));
  try {
    // 530 is Cloudflare's, for a tunnel without a server.
    for (status of [502, 530, 525, 500]) {
      await ann.page.reload();
      await expect(ann.connection, `${status}`).toHaveAttribute("data-state", "reconnecting");
      await expect(ann.composer).toBeVisible();
    }
    // Nor are they shown over the chat, or as an answer of the server.
    status = 530;
    await ann.page.getByRole("link", { name: "People", exact: true }).click();
    await expect(ann.page.getByTestId("server-page")).toContainText("The server cannot be reached.");
    await expect(ann.page.getByText("Error of a proxy")).toHaveCount(0);
    // The router adds the address to the history after it has shown the page.
    await expect(ann.page).toHaveURL(/\/people$/);
    await ann.page.goBack();
    await ann.page.getByTestId("new-room").click();
    await ann.page.getByTestId("new-room-name").fill("Garden");
    await ann.page.getByTestId("new-room-create").click();
    await expect(ann.page.locator("dialog[open]")).toContainText("The server cannot be reached.");
    await ann.page.keyboard.press("Escape");
  } finally {
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
  }
  await server.start();
  await ann.expectConnected();
});

test("the service worker handles documents and site files only", async ({ person, server }) => {
  const ann = await person("Ann");
  await kept(ann.page);
  const byWorker = new Map<string, boolean>();
  ann.page.on("response", (answer) => byWorker.set(new URL(answer.url()).pathname, answer.fromServiceWorker()));
  // The redirect comes from the server and leads to its page, not to a cached one.
  await ann.page.goto(`${server.url}/?next=/r/lobby`);
  await expect(ann.page).toHaveURL(/\/r\/lobby$/);
  expect(await ann.page.content()).toContain("Ann");
  await ann.expectConnected();
  const statuses = await ann.page.evaluate(async () => {
    const script = (document.querySelector("link[rel=modulepreload]") as HTMLLinkElement).href;
    const part = await fetch(`${script}?part`, { headers: { range: "bytes=0-9" } });
    const others = await Promise.all(["/api/me", "/healthz", "/sw.js", "/enter"].map((path) => fetch(path)));
    return [part, ...others].map(({ status }) => status);
  });
  expect(statuses).toEqual([200, 200, 200, 200, 405]);
  for (const path of ["/api/me", "/healthz", "/sw.js", "/enter"]) expect(byWorker.get(path), path).toBe(false);
  const files = [...byWorker].filter(([path]) => path.startsWith("/pkg/"));
  // The last request was a range request, which the worker ignores.
  expect(files.filter(([path]) => /\/parlor\.[^/]*\.js$/.test(path)).map(([, worker]) => worker)).toEqual([false]);
  for (const end of [".css", ".wasm"]) expect(files.find(([path]) => path.endsWith(end))![1], end).toBe(true);
  expect(byWorker.get("/r/lobby")).toBe(true);
});

test("the manifest is valid and its icons exist", async ({ person, server }) => {
  const ann = await person("Ann");
  await kept(ann.page);
  const devtools = await ann.page.context().newCDPSession(ann.page);
  const { errors, url, data } = await devtools.send("Page.getAppManifest");
  expect(errors).toEqual([]);
  expect(url).toBe(`${server.url}/manifest.webmanifest`);
  const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
  // A temporary browser profile installs nothing.
  expect(installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito")).toEqual([]);
  const manifest = JSON.parse(data!) as { icons: { src: string; sizes: string; type: string }[] };
  for (const { src, sizes, type } of manifest.icons.filter(({ sizes }) => sizes !== "any")) {
    const answer = await ann.page.request.get(src);
    expect(answer.headers()["content-type"]).toBe(type);
    const bytes = await answer.body();
    // A PNG starts with width and height (RFC 2083, section 4.1.1).
    expect(`${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`).toBe(sizes);
  }
});

test("a new version is offered while the old page keeps working, and old files are removed", async ({ person, server }) => {
  test.skip(!server.canUpdate, IN_DEVELOPMENT);
  const ann = await person("Ann");
  const outdated = ann.page.getByTestId("outdated");
  await kept(ann.page);
  const [old] = await caches(ann.page);
  await ann.send("before");
  await expect(ann.message("before")).toHaveAttribute("data-state", "stored");
  await server.kill();
  server.update();
  await server.start();

  await ann.expectConnected();
  await expect(outdated).toBeVisible();
  await ann.send("still here");
  await expect(ann.message("still here")).toHaveAttribute("data-state", "stored");
  expect(await caches(ann.page)).toContain(old);
  // Parts that were not loaded yet come from the page's own build.
  await ann.page.keyboard.press("Control+k");
  await expect(ann.page.getByTestId("switcher-field")).toBeFocused();
  await ann.page.keyboard.press("Escape");

  const before = await style(ann.page);
  await ann.page.getByTestId("renew").click();
  await expect(outdated).toBeHidden();
  await ann.expectConnected();
  await ann.expectMessages("before", "still here");
  expect(await style(ann.page)).not.toBe(before);
  await expect.poll(async () => (await caches(ann.page)).includes(old), { message: "the old build's cache" }).toBe(false);
  await expect.poll(async () => (await caches(ann.page)).length).toBe(1);

  // The new version opens offline.
  await server.kill();
  await ann.page.reload();
  await expect(ann.connection).toHaveAttribute("data-state", "reconnecting");
  await expect(outdated).toBeHidden();
});

test("updating one page keeps the files of the other", async ({ person, server }) => {
  test.skip(!server.canUpdate, IN_DEVELOPMENT);
  const ann = await person("Ann");
  await kept(ann.page);
  const [old] = await caches(ann.page);
  const file = await style(ann.page);
  await server.kill();
  server.update();

  // Opened offline: the old shell.
  const second = new Person(await ann.page.context().newPage(), "Ann");
  await second.page.goto(`${server.url}/r/lobby`);
  await expect(second.connection).toHaveAttribute("data-state", "reconnecting");
  await server.start();
  await second.expectConnected();
  await expect(second.page.getByTestId("outdated")).toBeVisible();
  await second.page.getByTestId("renew").click();
  await second.expectConnected();
  await expect(second.page.getByTestId("outdated")).toBeHidden();
  await expect.poll(async () => (await caches(second.page)).length).toBe(2);
  // The server no longer has this file; the first page still gets it from the new worker.
  expect((await ann.page.request.get(file)).status()).toBe(404);
  expect(await ann.page.evaluate(async (file) => (await fetch(file)).status, file)).toBe(200);
  expect(await caches(ann.page)).toContain(old);
});

test("a hidden page without a draft updates itself", async ({ visitor, server }) => {
  test.skip(!server.canUpdate, IN_DEVELOPMENT);
  const page = await visitor();
  await page.addInitScript(() => {
    let hidden = false;
    Object.defineProperty(document, "hidden", { get: () => hidden });
    Object.assign(window, {
      hide: () => {
        hidden = true;
        document.dispatchEvent(new Event("visibilitychange"));
      },
    });
  });
  const hide = () => page.evaluate(() => (window as unknown as { hide: () => void }).hide());
  await page.goto(server.url);
  await page.getByTestId("enter").click();
  const ann = new Person(page, "Guest 1");
  await ann.expectConnected();
  await ann.composer.fill("half a sentence");
  await server.kill();
  server.update();
  await server.start();
  await ann.expectConnected();
  await expect(page.getByTestId("outdated")).toBeVisible();
  await hide();
  await expect(page.getByTestId("outdated")).toBeVisible();
  await ann.composer.fill("");
  await Promise.all([page.waitForEvent("load"), hide()]);
  await ann.expectConnected();
  await expect(page.getByTestId("outdated")).toBeHidden();
});

test("a development server unregisters the service worker of a release", async ({ browser, server }) => {
  // Not watched for errors: the reload script of cargo-leptos reports a missing server.
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(server.url);
  await kept(page);
  await server.kill();
  // As `cargo leptos watch` starts it.
  process.env.LEPTOS_WATCH = "true";
  try {
    await server.start();
  } finally {
    delete process.env.LEPTOS_WATCH;
  }
  await page.reload();
  // The browser checks for a new worker after each visit.
  const workers = () => page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length);
  await expect.poll(workers).toBe(0);
  await expect.poll(() => caches(page)).toEqual([]);
  await page.reload();
  await expect(page.getByTestId("name-input")).toBeVisible();
  expect(await workers()).toBe(0);
  await context.close();
});

for (const [device, viewport] of Object.entries({ desktop: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } })) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`${device}, ${colorScheme}: the shell without a server fits the screen`, async ({ person, server }, info) => {
      const ann = await person("Ann", { viewport, colorScheme });
      await kept(ann.page);
      await server.kill();
      await ann.page.reload();
      await expect(ann.connection).toHaveAttribute("data-state", "reconnecting");
      await expect(ann.page.getByText("The server cannot be reached.")).toBeVisible();
      const sideways = await ann.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(sideways).toBeLessThanOrEqual(0);
      for (const id of ["connection", "composer"]) await expect(ann.page.getByTestId(id)).toBeInViewport();
      const file = info.outputPath(`offline-${device}-${colorScheme}.png`);
      await ann.page.screenshot({ path: file });
      await info.attach(path.basename(file), { path: file, contentType: "image/png" });
    });
  }
}
