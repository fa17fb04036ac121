// A person without a browser: says much at once over a bare WebSocket.
import { randomUUID } from "node:crypto";
import WebSocket from "ws";
import { Server } from "./server";

export default class Filler {
  private constructor(private socket: WebSocket) {}

  static async enter(server: Server, name: string): Promise<Filler> {
    const answer = await fetch(`${server.url}/api/session`, { method: "POST", body: JSON.stringify({ name }) });
    if (!answer.ok) throw new Error(`no session for ${name}: ${await answer.text()}`);
    const { token } = (await answer.json()) as { token: string };
    const headers = { authorization: `Bearer ${token}` };
    const socket = new WebSocket(`ws://${server.address}/live/ws`, "parlor.v1", { headers });
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    socket.send(JSON.stringify({ type: "hello", protocol: 1 }));
    return new Filler(socket);
  }

  /** Sends each and returns when all are stored. */
  async say(...bodies: string[]): Promise<void> {
    const waiting = new Map(bodies.map((body) => [randomUUID(), body]));
    const stored = new Promise<void>((resolve, reject) => {
      const hear = (data: WebSocket.RawData) => {
        const frame = JSON.parse(String(data));
        if (frame.type === "refused") reject(new Error(frame.message));
        if (frame.type !== "ack" || !waiting.delete(frame.id) || waiting.size > 0) return;
        this.socket.off("message", hear);
        resolve();
      };
      this.socket.on("message", hear);
    });
    for (const [id, body] of waiting) this.socket.send(JSON.stringify({ type: "send", id, room: "lobby", body }));
    await stored;
  }

  /** Is seen to be in a room. */
  join(room: string): void {
    this.socket.send(JSON.stringify({ type: "join", room }));
  }

  close(): void {
    this.socket.close();
  }
}
