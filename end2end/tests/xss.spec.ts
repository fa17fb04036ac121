// Payloads in names and bodies never execute.
import { readFileSync } from "node:fs";
import path from "node:path";
import MessageSender from "../support/message-sender";
import { expect, test } from "../support/fixtures";

interface Payload {
  name: string;
  text: string;
  short?: boolean;
}

const corpus: Payload[] = JSON.parse(readFileSync(path.join(__dirname, "../corpus/xss.json"), "utf8"));

test("no payload of the corpus executes, live or from history, in a body or a name", async ({ person, server }) => {
  test.setTimeout(180_000);
  expect(corpus.length).toBeGreaterThanOrEqual(60);
  const ann = await person("Ann");
  const page = ann.page;
  const trapped = () => page.evaluate(() => (window as { __xss?: unknown }).__xss);
  const sender = await MessageSender.connect(server, "Mallory");
  // Control characters are refused; the rest is stored and shown.
  const hasControl = ({ text }: Payload) => /[^\P{Cc}\t\r\n]/u.test(text);
  const [refused, bodies] = [corpus.filter(hasControl), corpus.filter((payload) => !hasControl(payload))];
  expect(refused.length).toBeGreaterThan(0);
  for (const { text } of refused) await expect(sender.send(text)).rejects.toThrow("not allowed");
  await sender.send(...bodies.map(({ text }) => text));
  await expect(ann.messages).toHaveCount(bodies.length);
  expect(await trapped()).toBeUndefined();
  // Names: each in its own session, with a message so that the name is shown.
  let shown = 0;
  for (const { text, short } of corpus) {
    if (!short) continue;
    const named = await MessageSender.connect(server, text).catch(() => undefined);
    if (!named) continue;
    await named.send(`word of ${shown++}`);
    named.close();
  }
  expect(shown).toBeGreaterThanOrEqual(15);
  await expect(ann.messages).toHaveCount(bodies.length + shown);
  expect(await trapped()).toBeUndefined();
  // The same in server-rendered HTML and data, clicking each link.
  await page.reload();
  await ann.expectConnected();
  expect(await trapped()).toBeUndefined();
  for (const scheme of ["javascript", "data", "vbscript"]) {
    expect(await page.locator(`[data-testid=message-body] a[href^="${scheme}" i]`).count()).toBe(0);
  }
  const allowed = new Set("P STRONG EM DEL CODE PRE A UL OL LI BLOCKQUOTE BR H1 H2 H3 H4 H5 H6 TABLE THEAD TBODY TR TH TD HR SPAN".split(" "));
  const tags = await ann.bodies.evaluateAll((bodies) => [
    ...new Set(bodies.flatMap((body) => [...body.querySelector(".body")!.querySelectorAll("*")].map((element) => element.tagName.toUpperCase()))),
  ]);
  expect(tags.filter((tag) => !allowed.has(tag))).toEqual([]);
  sender.close();
});

test("the content security policy blocks an injected script", async ({ person }) => {
  const ann = await person("Ann");
  // On a separate page, because the browser reports the violation.
  const page = await ann.page.context().newPage();
  await page.goto("/r/lobby");
  const blocked = await page.evaluate(async () => {
    const violation = new Promise<string>((resolve) => {
      document.addEventListener("securitypolicyviolation", (event) => resolve(event.violatedDirective), { once: true });
      setTimeout(() => resolve("nothing was stopped"), 15_000);
    });
    const image = document.createElement("div");
    image.innerHTML = "<img src='/nothing.png' onerror='window.__xss = 1'>";
    document.body.append(image);
    return violation;
  });
  expect(blocked).toContain("script-src");
  expect(await page.evaluate(() => (window as { __xss?: unknown }).__xss)).toBeUndefined();
});
