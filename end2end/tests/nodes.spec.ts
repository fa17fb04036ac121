// Several nodes behind a load balancer: people on different nodes are in one chat, and nodes may fail one by one.
import { api, createAccount, createOwner, signIn } from "../support/api";
import { Person, expect, joinAsGuest, test as base } from "../support/fixtures";
import { parseAddress } from "../support/forward";
import { NODE_COOKIE } from "../support/load-balancer";
import { Proxy } from "../support/proxy";
import { Server } from "../support/server";
import { TcpProxy } from "../support/tcp-proxy";
import { addressFrom } from "../support/test-servers";
import { exerciseChat, expectTransport } from "../support/transports";

/** What ends a connection on another node must do it within a second or two; the browser adds some. */
const SOON = { timeout: 4_000 };

interface Fixtures {
  /** A new guest on a node. */
  on: (node: string, name: string) => Promise<Person>;
}

const test = base.extend<Fixtures>({
  on: async ({ server, visitor }, use) => {
    await use(async (node, name) => {
      const page = await visitor();
      await page.context().addCookies([{ name: NODE_COOKIE, value: node, url: server.url }]);
      const person = await joinAsGuest(page, server.url, name);
      await person.expectConnected();
      expect(await nodeOf(person, server), "another node would have set its own cookie").toBe(node);
      return person;
    });
  },
});

async function nodeOf({ page }: Person, server: Server): Promise<string | undefined> {
  return (await page.context().cookies(server.url)).find(({ name }) => name === NODE_COOKIE)?.value;
}

const someone = (person: Person, name: string) =>
  person.page.getByTestId("people").getByRole("listitem").filter({ hasText: name });
const notice = (person: Person, text: string) => person.page.getByTestId("notice").filter({ hasText: text });

async function expectInOrder(people: Person[], texts: string[]): Promise<void> {
  for (const person of people) await expect(person.bodies).toHaveText(texts);
}

test.describe("nodes", { tag: "@nodes" }, () => {
  test("a browser is led to the same node by a cookie that scripts cannot read", async ({ server, visitor }) => {
    const page = await visitor();
    await page.goto(server.url);
    const [cookie] = (await page.context().cookies(server.url)).filter(({ name }) => name === NODE_COOKIE);
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Lax", path: "/", expires: -1 });
    expect(["a", "b"]).toContain(cookie.value);
    for (let n = 0; n < 3; n++) await page.reload();
    expect((await page.context().cookies(server.url)).filter(({ name }) => name === NODE_COOKIE)).toEqual([cookie]);
  });

  test("people on different nodes see each other's messages, presence and typing", async ({ on }) => {
    const ann = await on("a", "Ann");
    const bob = await on("b", "Bob");
    for (const { page } of [ann, bob]) await expect(page.getByTestId("online-count")).toHaveText("2");
    await expect(someone(ann, "Bob")).toHaveCount(1);
    await expect(someone(bob, "Ann")).toHaveCount(1);

    const texts: string[] = [];
    for (let n = 1; n <= 6; n++) {
      texts.push(`word ${n}`);
      await (n % 2 ? ann : bob).send(`word ${n}`);
      await expectInOrder([ann, bob], texts);
    }
    // It is shown for some seconds, which a busy machine may need for something else.
    await expect(async () => {
      await bob.composer.pressSequentially("hm", { delay: 200 });
      await expect(ann.page.getByTestId("composer-waiting")).toHaveText("Bob is typing…", { timeout: 3_000 });
    }).toPass({ timeout: 60_000 });

    await bob.page.close();
    await expect(notice(ann, "Bob went offline")).toBeVisible();
    await expect(someone(ann, "Bob")).toHaveCount(0);
  });

  test("a new name, a new room and unread counts reach the other node", async ({ on, server, visitor }) => {
    const ann = await on("a", "Ann");
    const account = await createAccount(server, "Bob");
    const page = await visitor();
    await page.context().addCookies([{ name: NODE_COOKIE, value: "b", url: server.url }]);
    await signIn(page.context(), server, account);
    await page.goto(`${server.url}/r/lobby`);
    const bob = new Person(page, "Bob");
    await bob.expectConnected();
    await expect(someone(ann, "Bob")).toHaveCount(1);
    await api(server, account, "/me", { display_name: "Robert" }, "PATCH");
    await expect(someone(ann, "Robert")).toHaveCount(1);
    await expect(someone(ann, "Bob")).toHaveCount(0);
    await bob.expectConnected();

    await ann.page.getByTestId("new-room").click();
    await ann.page.getByTestId("new-room-name").fill("Garden");
    await ann.page.getByTestId("new-room-create").click();
    await expect(ann.page.getByRole("heading", { level: 1 })).toContainText("Garden");
    await expect(page.getByTestId("room-link").filter({ hasText: "Garden" })).toBeVisible();
    for (const text of ["one", "two"]) await bob.send(text);
    await expect(ann.page.getByTestId("room-link").filter({ hasText: "Lobby" }).getByTestId("unread")).toHaveText("2");
  });

  test("a name in use on one node is refused on another, and numbers are given once", async ({ on, server, visitor }) => {
    await on("a", "Ann");
    const page = await visitor();
    await page.context().addCookies([{ name: NODE_COOKIE, value: "b", url: server.url }]);
    await page.goto(server.url);
    await page.getByTestId("name-input").fill("ANN");
    await page.getByTestId("enter").click();
    await expect(page.getByTestId("name-error")).toContainText("taken");
    for (const node of ["a", "b"]) await on(node, "");
    await page.goto(server.url);
    await page.getByTestId("name-input").fill("Bob");
    await page.getByTestId("enter").click();
    const bob = new Person(page, "Bob");
    await bob.expectConnected();
    for (const name of ["Guest 1", "Guest 2"]) await expect(someone(bob, name)).toHaveCount(1);
  });

  test("people of a killed node move to the other, and nothing is lost or duplicated", async ({ on, server }) => {
    test.slow();
    const ann = await on("a", "Ann");
    const bob = await on("b", "Bob");
    await bob.send("before");
    await ann.expectMessages("before");
    const texts = ["before"];
    for (const [node, other, moved] of [["b", "a", bob], ["a", "b", ann]] as const) {
      // Sent during the kill: in flight, stored, or neither.
      texts.push(`while ${node} dies`, `after the end of ${node}`);
      await moved.composer.fill(`while ${node} dies`);
      await Promise.all([moved.composer.press("Enter"), server.node(node).kill()]);
      await moved.send(`after the end of ${node}`);
      await expectInOrder([ann, bob], texts);
      await moved.expectConnected();
      expect(await nodeOf(moved, server)).toBe(other);
      await server.node(node).start();
      // For the next round: back to their own node.
      await moved.page.context().addCookies([{ name: NODE_COOKIE, value: node, url: server.url }]);
      await moved.page.reload();
      await moved.expectConnected();
    }
    for (const person of [ann, bob]) {
      await person.page.reload();
      await person.expectConnected();
    }
    await expectInOrder([ann, bob], texts);
    for (const { page } of [ann, bob]) await expect(page.getByTestId("online-count")).toHaveText("2");
  });

  test("people of a killed node who do not return are offline within 30 seconds", async ({ on, server }) => {
    const ann = await on("a", "Ann");
    const bob = await on("b", "Bob");
    await expect(someone(ann, "Bob")).toHaveCount(1);
    await bob.page.context().setOffline(true);
    await server.node("b").kill();
    await expect(someone(ann, "Bob")).toHaveCount(0, { timeout: 40_000 });
    await ann.send("alone now");
    await expect(ann.message("alone now")).toHaveAttribute("data-state", "stored");
    await ann.expectConnected();
  });

  test("a rolling restart loses nothing", async ({ on, server }) => {
    test.slow();
    const ann = await on("a", "Ann");
    const bob = await on("b", "Bob");
    const texts: string[] = [];
    const restart = async () => {
      for (const node of ["a", "b"]) {
        await server.node(node).stop();
        await server.node(node).start();
      }
    };
    let isDone = false;
    const restarted = restart().finally(() => (isDone = true));
    for (let n = 1; !isDone || n <= 10; n++) {
      texts.push(`word ${n}`);
      await ann.send(`word ${n}`);
      await ann.page.waitForTimeout(200);
    }
    await restarted;
    for (const person of [ann, bob]) await person.expectConnected();
    await expectInOrder([ann, bob], texts);
  });

  test("a sign-out on one node closes the tab on another", async ({ on, server }) => {
    const ann = await on("b", "Ann");
    const cookies = await ann.page.context().cookies(server.url);
    const cookie = cookies.filter(({ name }) => name !== NODE_COOKIE).map(({ name, value }) => `${name}=${value}`).join("; ");
    const { url } = server.node("a");
    const response = await fetch(`${url}/api/session`, { method: "DELETE", headers: { cookie, origin: url } });
    expect(response.status).toBe(204);
    await expect(ann.connection).toHaveAttribute("data-state", "closed", SOON);
    await expect(ann.connection).toContainText(/signed out|session/i);
  });

  test("a ban on one node closes the tab on another", async ({ on, server }) => {
    const owner = await createOwner(server, "Olga");
    const ann = await on("b", "Ann");
    const { id } = await ann.page.evaluate(async () => (await (await fetch("/api/me")).json()).user);
    const response = await fetch(`${server.node("a").url}/api/people/${id}/ban`, {
      method: "POST",
      headers: { authorization: `Bearer ${owner.token}`, "content-type": "application/json" },
      body: JSON.stringify({ reason: "Sells watches" }),
    });
    expect(response.status).toBe(204);
    await expect(ann.connection).toHaveAttribute("data-state", "closed", SOON);
    await expect(ann.connection).toContainText("you are banned");
  });

  for (const transport of ["sse", "poll"] as const) {
    test(`without WebSocket (${transport}) a connection stays on its node`, async ({ server, visitor }) => {
      test.slow();
      const gate = await Proxy.start(server.address);
      const people: Person[] = [];
      for (const [node, name] of [["a", "Ann"], ["b", "Bob"]]) {
        const page = await visitor();
        await page.context().addCookies([{ name: NODE_COOKIE, value: node, url: gate.url }]);
        await page.addInitScript((transport) => {
          Reflect.deleteProperty(window, "WebSocket");
          if (transport === "poll") Reflect.deleteProperty(window, "EventSource");
        }, transport);
        people.push(await joinAsGuest(page, gate.url, name));
      }
      const [ann, bob] = people;
      for (const person of people) await expectTransport(person, transport);
      await exerciseChat(ann, bob, gate);
      expect([await nodeOf(ann, server), await nodeOf(bob, server)]).toEqual(["a", "b"]);

      // Its node is gone for good: the other one takes over, under its own name.
      await ann.page.goBack();
      await server.node("b").kill();
      await bob.send("from the other node");
      await ann.expectMessages("from the other node");
      await expectTransport(bob, transport);
      expect(await nodeOf(bob, server)).toBe("a");
      await gate.stop();
    });
  }
});

const withoutBus = test.extend<{ bus: TcpProxy }>({
  bus: async ({}, use) => {
    const address = new URL(addressFrom("PARLOR_TEST_NATS", "with-nats.sh"));
    const bus = await TcpProxy.start(parseAddress(address.host));
    await use(bus);
    await bus.stop();
  },
  server: async ({ bus }, use) => {
    const address = new URL(addressFrom("PARLOR_TEST_NATS", "with-nats.sh"));
    address.port = String(bus.port);
    const server = await Server.startNodes(address.href.replace(/\/$/, ""));
    await use(server);
    await server.dispose();
  },
});

withoutBus.describe("nodes", { tag: "@nodes" }, () => {
  withoutBus("without NATS messages, presence and the ends of sessions arrive all the same", async ({ on, server, bus }) => {
    const ann = await on("a", "Ann");
    const bob = await on("b", "Bob");
    const both = [ann, bob];
    const expectBus = async (state: string) => {
      for (const node of ["a", "b"]) {
        await expect.poll(async () => (await fetch(`${server.node(node).url}/readyz`)).text()).toContain(`NATS, ${state}`);
      }
    };
    await expectBus("connected");
    await ann.send("with NATS");
    await expectInOrder(both, ["with NATS"]);

    bus.goDown();
    await expectBus("not connected");
    await bob.send("without NATS");
    await ann.send("still without");
    await expectInOrder(both, ["with NATS", "without NATS", "still without"]);
    const cleo = await on("b", "Cleo");
    await expect(someone(ann, "Cleo")).toHaveCount(1);
    const cookies = (await cleo.page.context().cookies(server.url)).filter(({ name }) => name !== NODE_COOKIE);
    const { url } = server.node("a");
    const headers = { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; "), origin: url };
    expect((await fetch(`${url}/api/session`, { method: "DELETE", headers })).status).toBe(204);
    await expect(cleo.connection).toHaveAttribute("data-state", "closed", SOON);
    // A node can start meanwhile.
    await server.node("b").stop();
    await server.node("b").start();
    for (const person of both) await person.expectConnected();

    bus.comeUp();
    await expectBus("connected");
    await bob.send("with NATS again");
    await expectInOrder(both, ["with NATS", "without NATS", "still without", "with NATS again"]);
    for (const person of both) await person.expectConnected();
  });
});
