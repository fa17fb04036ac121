// A connection to /lab/echo whose sends resolve with the reply.

import { socketAddress } from "./page.js";

export class Echo {
  #waiting = [];

  constructor() {
    this.socket = new WebSocket(socketAddress("/lab/echo"));
    this.socket.binaryType = "arraybuffer";
    this.socket.addEventListener("message", ({ data }) => this.#waiting.shift()?.resolve(data));
    /** Resolves when it is open; rejects with the close code. */
    this.opened = new Promise((resolve, reject) => {
      this.socket.addEventListener("open", () => resolve(this));
      this.socket.addEventListener("close", ({ code }) => {
        reject(new ClosedError(code));
        this.#waiting.splice(0).forEach((waiting) => waiting.reject(new ClosedError(code)));
      });
    });
  }

  get isOpen() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** Sends, and resolves with the reply and the round trip in milliseconds. */
  async roundTrip(data) {
    const startedAt = performance.now();
    const reply = new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    this.socket.send(data);
    return { reply: await reply, ms: performance.now() - startedAt };
  }

  close() {
    this.socket.close(1000);
  }
}

/** Thrown when the connection has ended. */
export class ClosedError extends Error {
  constructor(code) {
    super(String(code));
    this.code = code;
  }
}

/** Compares text or bytes. */
export function isSame(sent, reply) {
  if (typeof sent === "string" || typeof reply === "string") return sent === reply;
  const [a, b] = [new Uint8Array(sent), new Uint8Array(reply)];
  return a.length === b.length && a.every((byte, n) => byte === b[n]);
}

/** Random bytes, which a proxy cannot compress. */
export function randomBytes(n) {
  const all = new Uint8Array(n);
  // getRandomValues accepts at most 64 KiB.
  for (let from = 0; from < n; from += 65_536) crypto.getRandomValues(all.subarray(from, from + 65_536));
  return all;
}
