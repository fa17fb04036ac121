// Loading: each file once, compressed and cacheable; input before hydration is kept.
import MessageSender from "../support/message-sender";
import { expect, joinAsGuest, test } from "../support/fixtures";

test("each file is loaded once and compressed, and the wasm is compiled while it streams", async ({ visitor, server }) => {
  const page = await visitor();
  await page.addInitScript(() => {
    const made = ((window as any).made = [] as string[]);
    for (const way of ["instantiate", "instantiateStreaming", "compile", "compileStreaming"] as const) {
      const original = WebAssembly[way] as (...given: unknown[]) => Promise<unknown>;
      (WebAssembly as any)[way] = (...given: unknown[]) => {
        made.push(way);
        return original.apply(WebAssembly, given);
      };
    }
  });
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  const asked = new Map<string, string[]>();
  devtools.on("Network.responseReceived", ({ response }) => {
    // `loader` fetches the parts of the wasm that are needed later. Only a split build has it.
    const { pathname } = new URL(response.url);
    const kind = pathname.includes("__wasm_split") ? "loader" : /^\/pkg\/.*\.(css|js|wasm)$/.exec(pathname)?.[1];
    if (kind === undefined) return;
    const header = (name: string) => response.headers[name] ?? response.headers[name.toLowerCase()];
    const what = ["Content-Type", "Content-Encoding", "Cache-Control"].map(header).join("; ");
    asked.set(kind, [...(asked.get(kind) ?? []), what]);
  });
  await page.goto(server.url);
  await expect.poll(() => page.evaluate(() => (window as any).made)).toEqual(["instantiateStreaming"]);
  const rest = "br; public, max-age=31536000, immutable";
  const isSplit = asked.has("loader");
  expect(Object.fromEntries(asked)).toEqual({
    ...(isSplit && { loader: [`text/javascript; charset=utf-8; ${rest}`] }),
    css: [`text/css; charset=utf-8; ${rest}`],
    js: [`text/javascript; charset=utf-8; ${rest}`],
    wasm: [`application/wasm; ${rest}`],
  });
  // A second request would show here, from network or cache.
  const fetched = await page.evaluate(() =>
    performance.getEntriesByType("resource").map((entry) => new URL(entry.name).pathname).filter((path) => path.startsWith("/pkg/")),
  );
  expect(fetched.map((path) => path.split(".").pop()).sort()).toEqual(["css", "js", ...(isSplit ? ["js"] : []), "wasm"]);
});

test("text typed before hydration is kept and can be sent", async ({ visitor, server }) => {
  const page = await visitor();
  // A service worker would have the wasm already.
  await page.addInitScript(() => Object.defineProperty(navigator, "serviceWorker", { value: undefined }));
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/*.wasm", async (route) => {
    if (page.url().includes("/r/")) await held;
    await route.continue();
  });
  const ann = await joinAsGuest(page, server.url, "Ann");
  await ann.composer.focus();
  await page.keyboard.type("typed early");
  // Nothing handles the event yet, and the page does not reload.
  await page.getByTestId("send").click();
  await ann.composer.focus();
  await page.keyboard.press("End");
  await expect(ann.connection).not.toHaveAttribute("data-state", "connected");
  release();
  await ann.expectConnected();
  await expect(ann.composer).toHaveValue("typed early");
  // The caret has not moved.
  await page.keyboard.type(", and sent");
  await page.keyboard.press("Enter");
  await expect(ann.message("typed early, and sent")).toHaveAttribute("data-state", "stored");
  await expect(ann.composer).toHaveValue("");
});

test("typing and sending do not wait for an unresponsive server", async ({ person, server }) => {
  const ann = await person("Ann");
  server.suspend();
  await ann.composer.focus();
  for (const text of ["one", "two", "three"]) {
    await type(text);
    await expect(ann.composer).toHaveValue("");
    await ann.expectMessages(text);
  }
  server.resume();
  for (const text of ["one", "two", "three"]) {
    await expect(ann.message(text)).toHaveAttribute("data-state", "stored", { timeout: 30_000 });
  }
  expect((await ann.bodies.allTextContents()).map((text) => text.trim())).toEqual(["one", "two", "three"]);

  async function type(text: string): Promise<void> {
    await ann.page.keyboard.type(text);
    await expect(ann.composer).toHaveValue(text);
    await ann.page.keyboard.press("Enter");
  }
});

test("a burst of messages is rendered in batches", async ({ person, server }) => {
  const ann = await person("Ann");
  const sender = await MessageSender.connect(server, "Bob");
  // One observer callback covers all rows of an update.
  await ann.page.evaluate(() => {
    (window as any).changes = 0;
    new MutationObserver(() => ((window as any).changes += 1)).observe(document.querySelector(".rows")!, { childList: true, subtree: true });
  });
  await sender.send(...Array.from({ length: 400 }, (_, n) => `burst ${n + 1}`));
  await ann.expectMessages("burst 400");
  expect(await ann.page.evaluate(() => (window as any).changes)).toBeLessThan(200);
  // Each element that the browser may skip costs time in every frame.
  const skippable = await ann.page.evaluate(
    () => [...document.querySelectorAll(".rows *")].filter((element) => getComputedStyle(element).contentVisibility === "auto").length,
  );
  const messages = await ann.messages.count();
  expect(skippable).toBeGreaterThan(messages / 12);
  expect(skippable).toBeLessThan(messages / 4);
  sender.close();
});
