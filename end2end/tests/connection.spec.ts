// Connection failures: the page shows them, and nothing is lost or duplicated.
import { Person, expect, joinAsGuest, test } from "../support/fixtures";
import { Server } from "../support/server";

async function inOrder(person: Person, texts: string[]): Promise<void> {
  await expect(person.bodies).toHaveText(texts);
}

test("after the server is killed both clients reconnect, and nothing is lost or duplicated", async ({ person, server }) => {
  const ann = await person("Ann");
  const bob = await person("Bob");
  await ann.send("before");
  await bob.expectMessages("before");
  const texts = ["before"];
  for (let round = 1; round <= 3; round++) {
    // Sent during the kill: in flight, stored, or neither.
    const onItsWay = `${round}: in the middle of it`;
    await ann.composer.fill(onItsWay);
    await Promise.all([ann.composer.press("Enter"), server.kill()]);
    await expect(ann.connection).not.toHaveAttribute("data-state", "connected");
    await expect(bob.connection).not.toHaveAttribute("data-state", "connected");
    const whileDown = `${round}: while it was down`;
    await ann.send(whileDown);
    await expect(ann.message(whileDown)).toHaveAttribute("data-state", "queued");
    await server.start();
    await ann.expectConnected();
    await bob.expectConnected();
    texts.push(onItsWay, whileDown);
    await inOrder(ann, texts);
    await inOrder(bob, texts);
    await expect(ann.message(whileDown)).toHaveAttribute("data-state", "stored");
  }
  await bob.send("after");
  texts.push("after");
  await inOrder(ann, texts);
  await ann.page.reload();
  await inOrder(ann, texts);
});

test("a restart is announced, and reconnecting can be done at once", async ({ person, server }) => {
  const ann = await person("Ann");
  await server.stop();
  await expect(ann.connection).toHaveAttribute("data-state", "reconnecting");
  await expect(ann.connection).toContainText("Reconnecting");
  await expect(ann.page.getByTestId("composer-waiting")).toBeVisible();
  // The delay grows; the badge shows attempts and seconds.
  await expect(ann.connection).toContainText(/in \d+ s.*attempt [2-9]/, { timeout: 30_000 });
  await server.start();
  await ann.page.getByTestId("try-now").click({ timeout: 5_000 }).catch(() => {
    // It may have reconnected at this moment.
  });
  await ann.expectConnected();
  await ann.send("here again");
  await expect(ann.message("here again")).toHaveAttribute("data-state", "stored");
});

test("without a network the page shows offline, keeps messages and sends them later", async ({ person }) => {
  const ann = await person("Ann");
  const bob = await person("Bob");
  await ann.page.context().setOffline(true);
  // Chromium keeps open sockets; its offline event suffices.
  await expect(ann.connection).toHaveAttribute("data-state", "offline");
  for (const text of ["one", "two", "three"]) await ann.send(text);
  await expect(ann.message("three")).toHaveAttribute("data-state", "queued");
  await bob.send("meanwhile");
  await expect(bob.message("meanwhile")).toHaveAttribute("data-state", "stored");
  await ann.page.context().setOffline(false);
  await ann.expectConnected();
  await inOrder(bob, ["meanwhile", "one", "two", "three"]);
  await inOrder(ann, ["meanwhile", "one", "two", "three"]);
  await expect(ann.message("three")).toHaveAttribute("data-state", "stored");
});

test("a clock that is set back does not keep the page from reconnecting", async ({ visitor, server }) => {
  const page = await visitor();
  await page.clock.install();
  const ann = await joinAsGuest(page, server.url, "Ann");
  await ann.expectConnected();
  await server.kill();
  await expect(ann.connection).toContainText(/in \d+ s/);
  await page.clock.setSystemTime(Date.now() - 3_600_000);
  await expect(ann.connection).toContainText(/attempt [3-9]/);
  await expect(ann.connection).not.toContainText(/in \d\d\d+ s/);
  await server.start();
  await ann.expectConnected();
  // Nor from noticing a server that is silent, nor from sending.
  await ann.send("in time");
  await expect(ann.message("in time")).toHaveAttribute("data-state", "stored");
});

test("a browser that takes the network for gone still connects", async ({ visitor, server }) => {
  const page = await visitor();
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, "onLine", { get: () => false }));
  const ann = await joinAsGuest(page, server.url, "Ann");
  await ann.expectConnected();
  await page.evaluate(() => window.dispatchEvent(new Event("offline")));
  await ann.send("over no network");
  await expect(ann.message("over no network")).toHaveAttribute("data-state", "stored");
  await ann.expectConnected();
  await server.kill();
  await expect(ann.connection).toHaveAttribute("data-state", "offline");
  await server.start();
  await ann.expectConnected();
});

test("row 8: heartbeat: a frozen server is noticed within two heartbeats", async ({ visitor }) => {
  const server = await Server.start("--heartbeat-ms", "1000");
  try {
    const page = await visitor({ baseURL: server.url });
    await page.goto(server.url);
    await page.getByTestId("enter").click();
    const ann = new Person(page, "Guest 1");
    await ann.expectConnected();
    server.suspend();
    // One second between heartbeats, ten seconds of grace.
    await expect(ann.connection).not.toHaveAttribute("data-state", "connected", { timeout: 14_000 });
    await ann.send("waits");
    await expect(ann.message("waits")).toHaveAttribute("data-state", "queued");
    server.resume();
    await ann.expectConnected();
    await expect(ann.message("waits")).toHaveAttribute("data-state", "stored");
    await expect(ann.messages).toHaveCount(1);
  } finally {
    await server.dispose();
  }
});

test("after signing out elsewhere the page says why and does not reconnect", async ({ person, server }) => {
  const ann = await person("Ann");
  const answer = await ann.page.context().request.delete(`${server.url}/api/session`, { headers: { origin: server.url } });
  expect(answer.status()).toBe(204);
  await expect(ann.connection).toHaveAttribute("data-state", "closed");
  await expect(ann.connection).toContainText(/signed out|session/i);
  await ann.page.waitForTimeout(2_000);
  await expect(ann.connection).toHaveAttribute("data-state", "closed");
  // Messages written now return as drafts to a guest of the same name.
  await ann.send("not lost");
  await ann.page.goto(server.url);
  await ann.page.getByTestId("name-input").fill("Ann");
  await ann.page.getByTestId("enter").click();
  await ann.expectConnected();
  await expect(ann.composer).toHaveValue("not lost");
  await expect(ann.messages).toHaveCount(0);
});

test("a browser without WebSocket uses the event stream, and the badge shows it", async ({ person, visitor, server }) => {
  const ann = await person("Ann");
  await ann.send("for everyone");
  await expect(ann.message("for everyone")).toHaveAttribute("data-state", "stored");
  const page = await visitor();
  await page.addInitScript(() => Reflect.deleteProperty(window, "WebSocket"));
  await page.goto(server.url);
  await page.getByTestId("enter").click();
  const bob = new Person(page, "Guest");
  await bob.expectConnected();
  await expect(bob.connection).toHaveAttribute("data-transport", "sse");
  await expect(bob.connection).toHaveAttribute("title", /This browser does not support WebSocket/);
  await bob.expectMessages("for everyone");
  await bob.send("from everyone");
  await ann.expectMessages("from everyone");
});

test("a refused message is shown as failed and can be edited or discarded", async ({ person }) => {
  // The page checks before sending, so inject the refusal.
  const ann = await person("Ann");
  await ann.page.routeWebSocket("**/live/ws", (page) => {
    const server = page.connectToServer();
    server.onMessage((text) => page.send(text));
    page.onMessage((text) => {
      const frame = JSON.parse(String(text));
      if (frame.type !== "send" || frame.body !== "refuse me") return server.send(text);
      const refused = { type: "refused", id: frame.id, code: "rate_limited", message: "You are sending messages too quickly." };
      page.send(JSON.stringify(refused));
    });
  });
  await ann.page.reload();
  await ann.expectConnected();
  await ann.send("refuse me");
  const failed = ann.message("refuse me");
  await expect(failed).toHaveAttribute("data-state", "failed");
  await expect(failed).toContainText("You are sending messages too quickly.");
  await failed.getByTestId("edit").click();
  await expect(ann.composer).toHaveValue("refuse me");
  await ann.composer.fill("take me");
  await ann.composer.press("Enter");
  await expect(ann.message("take me")).toHaveAttribute("data-state", "stored");
  await ann.send("refuse me");
  await expect(ann.message("refuse me")).toHaveAttribute("data-state", "failed");
  await ann.message("refuse me").getByTestId("discard").click();
  await inOrder(ann, ["take me"]);
});

test("frames of a newer server are skipped, and an unknown event keeps its place in the log", async ({ person }) => {
  const ann = await person("Ann");
  const bob = await person("Bob");
  await ann.page.routeWebSocket("**/live/ws", (page) => {
    const server = page.connectToServer();
    page.onMessage((text) => server.send(text));
    server.onMessage((text) => {
      const frame = JSON.parse(String(text));
      if (frame.type === "event" && frame.event.body === "of tomorrow") {
        for (const unreadable of ["", "no JSON", "[]", "{}", '{"type":"of_tomorrow","at":1}', '{"type":"pong","at":"late","now":2}']) {
          page.send(unreadable);
        }
        frame.event = { kind: "of_tomorrow", what: { is: "new" } };
        frame.new = [1];
      }
      page.send(JSON.stringify(frame));
    });
  });
  await ann.page.reload();
  await ann.expectConnected();
  await bob.send("of today");
  await bob.send("of tomorrow");
  await bob.send("after it");
  // Dropping the event would leave a hole, which the history would fill with its message.
  await inOrder(ann, ["of today", "after it"]);
  await ann.expectConnected();
});
