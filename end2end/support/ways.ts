// People who come in by another address than the server's own, and what they then do.
import { Person, expect } from "./journey";
import { Proxy } from "./proxy";

export async function isOn(person: Person, transport: "websocket" | "sse" | "poll"): Promise<void> {
  await expect(person.connection).toHaveAttribute("data-transport", transport, { timeout: 30_000 });
  await person.isConnected();
}

/** All that one does in a chat: both ways, in order, over a break of the network, and in another room. */
export async function chat(ann: Person, bob: Person, proxy: Proxy): Promise<void> {
  const both = async (texts: string[]) => {
    for (const person of [ann, bob]) await expect(person.bodies).toHaveText(texts);
  };
  await ann.say("hello");
  await bob.sees("hello");
  for (let n = 1; n <= 10; n++) await (n % 2 ? ann : bob).say(`${n}`);
  await expect(ann.bodies).toHaveCount(11);
  await expect(bob.bodies).toHaveCount(11);
  const order = (await ann.bodies.allTextContents()).map((text) => text.trim());
  await both(order);
  expect(order.filter((text) => Number(text) % 2 === 1)).toEqual(["1", "3", "5", "7", "9"]);
  expect(order.filter((text) => text !== "hello" && Number(text) % 2 === 0)).toEqual(["2", "4", "6", "8", "10"]);

  proxy.goDown();
  for (const person of [ann, bob]) await expect(person.connection).not.toHaveAttribute("data-state", "connected");
  for (const text of ["meanwhile 1", "meanwhile 2", "meanwhile 3"]) await ann.say(text);
  await expect(ann.message("meanwhile 3")).toHaveAttribute("data-state", "queued");
  proxy.comeUp();
  order.push("meanwhile 1", "meanwhile 2", "meanwhile 3");
  await both(order);
  await ann.isConnected();
  await expect(ann.message("meanwhile 3")).toHaveAttribute("data-state", "stored");

  await ann.page.getByTestId("new-room").click();
  await ann.page.getByTestId("new-room-name").fill("Garden");
  await ann.page.getByTestId("new-room-create").click();
  await expect(ann.page.getByRole("heading", { level: 1 })).toContainText("Garden");
  await ann.say("in the garden");
  await bob.page.getByTestId("room-link").filter({ hasText: "Garden" }).click();
  await bob.sees("in the garden");
  await bob.say("here too");
  await ann.sees("here too");
  await bob.page.goBack();
  await expect(bob.bodies).toHaveText(order);
}
