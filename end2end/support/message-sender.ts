// A user without a browser, who sends many messages quickly over a WebSocket.
import { randomUUID } from "node:crypto";
import WebSocket from "ws";
import { Server } from "./server";

export default class MessageSender {
  private constructor(private socket: WebSocket) {}

  static async connect(server: Server, name: string): Promise<MessageSender> {
    const response = await fetch(`${server.url}/api/session`, { method: "POST", body: JSON.stringify({ name }) });
    if (!response.ok) throw new Error(`no session for ${name}: ${await response.text()}`);
    const { token } = (await response.json()) as { token: string };
    const headers = { authorization: `Bearer ${token}` };
    const socket = new WebSocket(`ws://${server.address}/live/ws`, "parlor.v1", { headers });
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    socket.send(JSON.stringify({ type: "hello", protocol: 1 }));
    return new MessageSender(socket);
  }

  /** Sends messages to the lobby and resolves when the server has stored all of them. */
  async send(...bodies: string[]): Promise<void> {
    const pending = new Map(bodies.map((body) => [randomUUID(), body]));
    const stored = new Promise<void>((resolve, reject) => {
      const onMessage = (data: WebSocket.RawData) => {
        const frame = JSON.parse(String(data));
        if (frame.type === "refused") reject(new Error(frame.message));
        if (frame.type !== "ack" || !pending.delete(frame.id) || pending.size > 0) return;
        this.socket.off("message", onMessage);
        resolve();
      };
      this.socket.on("message", onMessage);
    });
    for (const [id, body] of pending) this.socket.send(JSON.stringify({ type: "send", id, room: "lobby", body }));
    await stored;
  }

  /** Subscribes to a room, so that others see this user there. */
  join(room: string): void {
    this.socket.send(JSON.stringify({ type: "join", room }));
  }

  close(): void {
    this.socket.close();
  }
}
