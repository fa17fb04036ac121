// A connection to /lab/echo, for those who wait for what comes back.

import { socketAddress } from "./page.js";

export class Echo {
  #waiting = [];

  constructor() {
    this.socket = new WebSocket(socketAddress("/lab/echo"));
    this.socket.binaryType = "arraybuffer";
    this.socket.addEventListener("message", ({ data }) => this.#waiting.shift()?.resolve(data));
    /** When it is open; fails with its close code. */
    this.opened = new Promise((resolve, reject) => {
      this.socket.addEventListener("open", () => resolve(this));
      this.socket.addEventListener("close", ({ code }) => {
        reject(new Closed(code));
        this.#waiting.splice(0).forEach((waiting) => waiting.reject(new Closed(code)));
      });
    });
  }

  get isOpen() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** Sends, and waits for what comes back. Gives it with the milliseconds that it took. */
  async trip(data) {
    const begun = performance.now();
    const back = new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    this.socket.send(data);
    return { back: await back, ms: performance.now() - begun };
  }

  close() {
    this.socket.close(1000);
  }
}

/** The connection has ended. */
export class Closed extends Error {
  constructor(code) {
    super(String(code));
    this.code = code;
  }
}

/** Whether it is the same, whatever it is made of. */
export function isSame(sent, back) {
  if (typeof sent === "string" || typeof back === "string") return sent === back;
  const [a, b] = [new Uint8Array(sent), new Uint8Array(back)];
  return a.length === b.length && a.every((byte, n) => byte === b[n]);
}

/** Bytes without a pattern that something on the way could press together. */
export function randomBytes(n) {
  const all = new Uint8Array(n);
  // No more than 64 KiB at once.
  for (let from = 0; from < n; from += 65_536) crypto.getRandomValues(all.subarray(from, from + 65_536));
  return all;
}
