// Checks that are the same on every transport.
import { Person, expect } from "./fixtures";
import { Proxy } from "./proxy";

export async function expectTransport(person: Person, transport: "websocket" | "sse" | "poll"): Promise<void> {
  await expect(person.connection).toHaveAttribute("data-transport", transport, { timeout: 30_000 });
  await person.expectConnected();
}

/** Both users send and receive in order, across a network outage, and in a second room. */
export async function exerciseChat(ann: Person, bob: Person, proxy: Proxy): Promise<void> {
  const both = async (texts: string[]) => {
    for (const person of [ann, bob]) await expect(person.bodies).toHaveText(texts);
  };
  await ann.send("hello");
  await bob.expectMessages("hello");
  for (let n = 1; n <= 10; n++) await (n % 2 ? ann : bob).send(`${n}`);
  await expect(ann.bodies).toHaveCount(11);
  await expect(bob.bodies).toHaveCount(11);
  const order = (await ann.bodies.allTextContents()).map((text) => text.trim());
  await both(order);
  expect(order.filter((text) => Number(text) % 2 === 1)).toEqual(["1", "3", "5", "7", "9"]);
  expect(order.filter((text) => text !== "hello" && Number(text) % 2 === 0)).toEqual(["2", "4", "6", "8", "10"]);

  proxy.goDown();
  for (const person of [ann, bob]) await expect(person.connection).not.toHaveAttribute("data-state", "connected");
  for (const text of ["meanwhile 1", "meanwhile 2", "meanwhile 3"]) await ann.send(text);
  await expect(ann.message("meanwhile 3")).toHaveAttribute("data-state", "queued");
  proxy.comeUp();
  order.push("meanwhile 1", "meanwhile 2", "meanwhile 3");
  await both(order);
  await ann.expectConnected();
  await expect(ann.message("meanwhile 3")).toHaveAttribute("data-state", "stored");

  await ann.page.getByTestId("new-room").click();
  await ann.page.getByTestId("new-room-name").fill("Garden");
  await ann.page.getByTestId("new-room-create").click();
  await expect(ann.page.getByRole("heading", { level: 1 })).toContainText("Garden");
  await ann.send("in the garden");
  await bob.page.getByTestId("room-link").filter({ hasText: "Garden" }).click();
  await bob.expectMessages("in the garden");
  await bob.send("here too");
  await ann.expectMessages("here too");
  await bob.page.goBack();
  await expect(bob.bodies).toHaveText(order);
}
