// Third-party clients exchange messages with a browser.
import { OtherOrigin, Program, exampleCode, isInstalled, pythonPath } from "../support/clients";
import { Person, expect, joinAsGuest, test } from "../support/fixtures";
import { Server } from "../support/server";

test.describe("examples in docs/clients.md", () => {
  for (const { heading, ending, command, says, name } of [
    { heading: "Node, with `ws`", ending: "mjs", command: "node", says: "hello from Node", name: "node" },
    { heading: "Node, with `socket.io-client`", ending: "mjs", command: "node", says: "hello from Socket.IO", name: "bot" },
    { heading: "Node, with `EventSource`", ending: "mjs", command: "node", says: undefined, name: "eve" },
    { heading: "Python, with `websockets`", ending: "py", command: pythonPath(), says: "hello from Python", name: "py" },
    { heading: "websocat", ending: "sh", command: "bash", says: undefined, name: "cat" },
  ] as const) {
    test(heading, async ({ person, server }) => {
      const needed = heading === "websocat" ? "websocat" : command;
      expect(isInstalled(needed), `${needed} is there: scripts/setup.sh test installs it`).toBe(true);
      const bob = await person("Bob");
      const client = Program.run(exampleCode(heading, server), ending, command);
      try {
        await isHere(bob, name);
        if (says) {
          await bob.expectMessages(says);
        } else {
          client.send("typed into it");
          await bob.expectMessages("typed into it");
        }
        await bob.send("hello, program");
        await client.expectOutput("hello, program");
      } finally {
        await client.end();
      }
      await isGone(bob, name);
    });
  }

  test("a bot, with the typed events of Socket.IO", async ({ person, server }) => {
    const bob = await person("Bob");
    const bot = Program.run(exampleCode("Socket.IO", server), "mjs", "node");
    try {
      await isHere(bob, "echo");
      await bob.send("!echo what is said");
      await bob.expectMessages("what is said");
      await bot.expectOutput(/id: '[-0-9a-f]{36}',\s+seq: 2\b/);
    } finally {
      await bot.end();
    }
    await isGone(bob, "echo");
  });

  test("A browser page", async ({ visitor }) => {
    const elsewhere = await OtherOrigin.start();
    const server = await Server.start("--allow-origin", elsewhere.origin);
    try {
      const bob = await joinAsGuest(await visitor({ baseURL: server.url }), server.url, "Bob");
      await bob.expectConnected();
      elsewhere.pages.set("/", exampleCode("A browser page", server));
      const page = await visitor({ baseURL: elsewhere.origin });
      await page.goto(elsewhere.origin);
      await expect(page.getByText("ann came in")).toBeVisible();
      await page.getByLabel("Message").fill("from five lines");
      await page.getByLabel("Message").press("Enter");
      await bob.expectMessages("from five lines");
      await expect(page.getByText("ann: from five lines")).toBeVisible();
      await bob.send("to five lines");
      await expect(page.getByText("Bob: to five lines")).toBeVisible();
    } finally {
      await server.dispose();
      await elsewhere.stop();
    }
  });
});

/** A client as in tutorials on real-time pages; only the address differs. */
const rawText = (address: string) => `<!doctype html><title>text</title><ul id="log"></ul><input id="text"><button id="send">Send</button>
<script>
  var socket = new WebSocket("ws://${address}/gateway/text?room=lobby&name=raw");
  var colours = ["green", "red", "blue"];
  socket.onmessage = function (event) {
    var data = JSON.parse(event.data), line = document.createElement("li");
    line.style.color = colours[data.type];
    line.textContent = (data.msg || data.message) + " [" + data.time + "]";
    document.getElementById("log").appendChild(line);
  };
  socket.onclose = function (event) { document.title = "closed " + event.code; };
  document.getElementById("send").onclick = function () { socket.send(document.getElementById("text").value); };
</script>`;

const rawJson = (address: string) => `<!doctype html><title>json</title><p id="state"></p><ul id="log"></ul>
<input id="nickname"><input id="text"><button id="send">Send</button>
<script>
  var state = document.getElementById("state"), socket = new WebSocket("ws://${address}/gateway/json?room=lobby");
  socket.onopen = function () { state.textContent = "connected to " + socket.url; };
  socket.onclose = function (event) { state.textContent = "disconnected " + event.code; };
  socket.onmessage = function (event) {
    var data = JSON.parse(event.data), line = document.createElement("li");
    line.textContent = data.status === 0 ? data.nickname + " is gone" : data.nickname + "[" + data.time + "]: " + data.message;
    document.getElementById("log").appendChild(line);
  };
  document.getElementById("send").onclick = function () {
    var nickname = document.getElementById("nickname").value, message = document.getElementById("text").value;
    socket.send(JSON.stringify({ nickname: nickname, message: message, time: new Date().toString() }));
  };
</script>`;

test("row 14: plain browser clients on an allowed origin exchange messages with the app", async ({ server: strict, visitor }) => {
  const elsewhere = await OtherOrigin.start();
  const server = await Server.start("--allow-origin", elsewhere.origin);
  try {
    const bob = await joinAsGuest(await visitor({ baseURL: server.url }), server.url, "Bob");
    await bob.expectConnected();
    elsewhere.pages.set("/text", rawText(server.address));
    elsewhere.pages.set("/json", rawJson(server.address));

    const text = await visitor({ baseURL: elsewhere.origin });
    await text.goto(`${elsewhere.origin}/text`);
    await expect(text.getByText(/^raw came in \[20\d\d-/)).toHaveCSS("color", "rgb(0, 128, 0)");
    await isHere(bob, "raw");
    await text.locator("#text").fill("from the text page");
    await text.locator("#send").click();
    await bob.expectMessages("from the text page");
    await expect(text.getByText(/^raw: from the text page \[/)).toHaveCSS("color", "rgb(0, 0, 255)");
    await text.locator("#text").fill("  ");
    await text.locator("#send").click();
    await expect(text.locator("li")).toHaveCount(3);

    const json = await visitor({ baseURL: elsewhere.origin });
    await json.goto(`${elsewhere.origin}/json`);
    await expect(json.locator("#state")).toHaveText(/^connected to ws:/);
    await bob.send("to both pages");
    await expect(text.getByText(/^Bob: to both pages \[/)).toBeVisible();
    await expect(json.getByText(/^Bob\[20.*Z\]: to both pages$/)).toBeVisible();
    await json.locator("#nickname").fill("小明");
    await json.locator("#text").fill("from the json page");
    await json.locator("#send").click();
    await bob.expectMessages("from the json page");
    await expect(json.getByText(/^小明\[.*\]: from the json page$/)).toBeVisible();
    await expect(text.getByText(/^小明 came in/)).toBeVisible();
    await text.close();
    await expect(json.getByText("raw is gone")).toBeVisible();
    await isGone(bob, "raw");

    // The same pages on a server that does not allow their origin.
    elsewhere.pages.set("/text", rawText(strict.address));
    elsewhere.pages.set("/json", rawJson(strict.address));
    await json.goto(`${elsewhere.origin}/json`);
    await expect(json.locator("#state")).toHaveText("disconnected 1006");
    await json.goto(`${elsewhere.origin}/text`);
    await expect(json).toHaveTitle("closed 1006");
  } finally {
    await server.dispose();
    await elsewhere.stop();
  }
});

/** The parts of both client versions that are used. */
interface Io {
  on(event: string, handler: (data: any) => void): void;
  send(text: string): void;
  emit(event: string, data: unknown, answer?: (answer: any) => void): void;
  close(): void;
  disconnected: boolean;
  io: { engine: { transport: { name: string } } };
}

const VERSIONS = {
  "4.8.4, the current one": "socket.io-client",
  "4.8.3, the one before": "socket.io-client-4.8.3",
  "3.1.3": "socket.io-client-3",
  "2.5.0": "socket.io-client-2",
};

const WAYS = [["websocket"], ["polling"], ["polling", "websocket"]];

function connect(module: string, server: Server, name: string, transports: string[]): Io {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const io = require(module);
  // The guest's name: in the handshake of newer clients, in the address of older ones.
  const who = module.endsWith("-2") ? { query: { name } } : { auth: { name } };
  return (io.io ?? io)(server.url, { ...who, transports, forceNew: true });
}

/** Connects and collects all messages. */
async function heard(client: Io): Promise<string[]> {
  const texts: string[] = [];
  client.on("message", (text) => texts.push(text));
  await new Promise<void>((resolve, reject) => {
    client.on("connect", resolve);
    client.on("connect_error", reject);
  });
  return texts;
}

for (const [version, module] of Object.entries(VERSIONS)) {
  test(`row 11: Socket.IO ${version} exchanges messages with the app over each transport`, async ({ person, server }) => {
    const bob = await person("Bob");
    for (const [at, transports] of WAYS.entries()) {
      const name = `io ${at}`;
      const client = connect(module, server, name, transports);
      const texts = await heard(client);
      await isHere(bob, name);
      client.send(`up by ${transports}`);
      await bob.expectMessages(`up by ${transports}`);
      await bob.send(`down by ${transports}`);
      await expect.poll(() => texts).toContain(`Bob: down by ${transports}`);
      expect(texts).toContain(`${name}: up by ${transports}`);
      await expect.poll(() => client.io.engine.transport.name).toBe(transports.at(-1));
      const said = await new Promise<any>((resolve) => client.emit("say", { body: `said by ${transports}` }, resolve));
      expect(said).toMatchObject({ seq: expect.any(Number), id: expect.any(String) });
      await bob.expectMessages(`said by ${transports}`);
      client.close();
      await isGone(bob, name);
    }
  });
}

test("row 11: Socket.IO: the first message sets the name, and private messages reach only the recipient", async ({ person, server }) => {
  const bob = await person("Bob");
  const cat = await person("Cat");
  const ann = connect("socket.io-client", server, "", ["websocket"]);
  const texts = await heard(ann);
  ann.send("ann");
  await isHere(bob, "ann");
  ann.send("hello, all");
  await bob.expectMessages("hello, all");
  const frames: string[] = [];
  const [socket] = await Promise.all([cat.page.waitForEvent("websocket"), cat.page.reload()]);
  socket.on("framereceived", (frame) => frames.push(String(frame.payload)));
  await cat.expectConnected();
  ann.send("@bob for Bob alone");
  await expect.poll(() => texts).toContain("(private) ann: for Bob alone");
  await bob.page.getByTestId("room-link").filter({ hasText: "ann" }).click();
  await bob.expectMessages("for Bob alone");
  await bob.send("for ann alone");
  await expect.poll(() => texts).toContain("(private) Bob: for ann alone");
  ann.send("for all again");
  await cat.expectMessages("for all again");
  await expect(cat.message("for Bob alone")).toHaveCount(0);
  await expect.poll(() => frames.join()).toContain("for all again");
  expect(frames.join()).not.toContain("alone");
  ann.close();
});

test("messages stay in order at every Socket.IO client under load", async ({ server }) => {
  const EACH = 500;
  const senders = ["ann", "bea", "cat"];
  const clients = [...senders, "polls"].map((name, at) => connect("socket.io-client", server, name, WAYS[at % WAYS.length]));
  const problems: unknown[] = [];
  const all = await Promise.all(clients.map(heard));
  for (const client of clients) client.on("error", (error) => problems.push(error));
  // A response shows that the client has joined the room.
  await Promise.all(clients.map((client) => new Promise((resolve) => client.emit("rooms", resolve))));
  for (let n = 0; n < EACH; n++) {
    for (const at of senders.keys()) clients[at].send(String(n));
  }
  const messages = (texts: string[]) => texts.filter((text) => / ?: \d+$/.test(text));
  for (const texts of all) {
    await expect.poll(() => messages(texts).length, { timeout: 45_000 }).toBe(EACH * senders.length);
    expect(messages(texts)).toEqual(messages(all[0]));
  }
  for (const name of senders) {
    const own = messages(all[0]).filter((text) => text.startsWith(`${name}: `)).map((text) => Number(text.split(": ")[1]));
    expect(own).toEqual([...Array(EACH).keys()]);
  }
  expect(problems).toEqual([]);
  for (const client of clients) client.close();
});

test("Socket.IO clients reconnect after a restart", async ({ person, server }) => {
  const bob = await person("Bob");
  const clients = WAYS.map((transports, at) => connect("socket.io-client", server, `io ${at}`, transports));
  const all = await Promise.all(clients.map(heard));
  await server.stop();
  await expect.poll(() => clients.every((client) => client.disconnected)).toBe(true);
  await server.start();
  await expect.poll(() => clients.some((client) => client.disconnected), { timeout: 30_000 }).toBe(false);
  await bob.expectConnected();
  await bob.send("after the restart");
  for (const texts of all) await expect.poll(() => texts).toContain("Bob: after the restart");
  for (const client of clients) client.close();
});

function online(person: Person, name: string) {
  return person.page.getByTestId("people").getByText(name, { exact: true });
}

/** Waits until the user is shown in the room. */
async function isHere(person: Person, name: string): Promise<void> {
  await expect(online(person, name)).toHaveCount(1);
}

async function isGone(person: Person, name: string): Promise<void> {
  await expect(online(person, name)).toHaveCount(0, { timeout: 30_000 });
}
