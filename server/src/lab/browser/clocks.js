// Five transports for a clock, and the cost of each.

import { Chart } from "./chart.js";
import { bytes, byId, milliseconds, number, socketAddress, t } from "./page.js";

const TEXT = new TextEncoder();
const length = (text) => TEXT.encode(text).length;

/** The header of a response in HTTP/1.1 form. */
export function headerLength(response) {
  let sum = "HTTP/1.1 200 OK\r\n\r\n".length;
  for (const [name, value] of response.headers) sum += name.length + value.length + ": \r\n".length;
  return sum;
}

/** The header of a response that scripts cannot read: estimated by that of a similar one. */
const typicalHeaderLength = fetch("/lab/streams", { cache: "no-store" }).then(headerLength, () => 0);

/** Overhead of a chunk: its size in hexadecimal digits and two line ends. */
const chunkedLength = (size) => size + size.toString(16).length + 4;

/** Common to all transports: a card with figures. */
class Clock {
  /** The ticks for the chart. */
  arrivals = [];

  constructor(card, chart) {
    this.card = card;
    this.chart = chart;
    this.button = card.querySelector("[data-does=toggle]");
    this.button.addEventListener("click", () => (this.running ? this.stop() : this.start()));
  }

  get running() {
    return this.card.dataset.state !== "stopped";
  }

  start() {
    if (this.running) return;
    Object.assign(this, { requests: 0, up: 0, down: 0, first: undefined, arrivals: [] });
    this.startedAt = performance.now();
    this.show("opening", "Opening");
    this.button.textContent = t("Stop");
    this.figures();
    this.chart.follow();
    this.open();
  }

  stop(state = "Stopped") {
    if (!this.running) return;
    this.close();
    this.show("stopped", state);
    this.button.textContent = t("Start");
    this.chart.draw();
  }

  /** Records a tick and its size in bytes. */
  tick(tick, down) {
    if (!this.running) return;
    const now = performance.now();
    this.first ??= now - this.startedAt;
    this.arrivals.push(now);
    this.up += tick.up ?? 0;
    this.down += down;
    const time = this.card.querySelector("time");
    const at = new Date(tick.now);
    time.dateTime = at.toISOString();
    time.textContent = at.toLocaleTimeString(document.documentElement.lang, { hour12: false });
    if (this.card.dataset.state !== "running") this.show("running", "Running");
    this.figures();
  }

  /** Shows a failure, and whether it will retry. */
  fail(why) {
    if (this.running) this.show("failed", "Failed", { why });
  }

  /** Reopens a broken connection after a delay. */
  scheduleRetry() {
    this.show("failed", "Again");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), 2000);
  }

  show(state, key, values) {
    this.card.dataset.state = state;
    this.card.querySelector("[data-says=state]").textContent = t(key, values);
  }

  figures() {
    const put = (name, text) => (this.card.querySelector(`[data-figure=${name}]`).textContent = text);
    put("requests", number(this.requests));
    put("up", bytes(this.up));
    put("down", bytes(this.down));
    put("first", this.first === undefined ? "–" : t("Milliseconds", { n: milliseconds(this.first) }));
    const jitter = this.jitter();
    put("steady", jitter === undefined ? "–" : t("PlusMinus", { n: milliseconds(jitter) }));
  }

  /** Jitter: mean deviation of the intervals from a second, over the last minute. */
  jitter() {
    const last = this.arrivals.slice(-61);
    // The first tick comes at once, not on the second.
    const gaps = last.slice(1).map((at, n) => Math.abs(at - last[n] - 1000)).slice(this.arrivals.length <= 61 ? 1 : 0);
    return gaps.length > 0 ? gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length : undefined;
  }
}

/** Requests one tick. */
class RequestClock extends Clock {
  open() {
    this.broken = new AbortController();
    this.ask(this.broken.signal);
  }

  close() {
    this.broken.abort();
    clearTimeout(this.timer);
  }

  async ask(signal) {
    const asked = performance.now();
    this.requests += 1;
    let worked = false;
    try {
      const response = await fetch(this.path, { cache: "no-store", signal });
      const text = await response.text();
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      this.tick(JSON.parse(text), headerLength(response) + length(text));
      worked = true;
    } catch (error) {
      if (!signal.aborted) this.fail(error instanceof TypeError ? t("NoAnswer") : error.message);
    }
    if (signal.aborted) return;
    // Wait before asking an unreachable server again.
    const wait = worked ? this.wait : 1000;
    this.timer = setTimeout(() => this.ask(signal), Math.max(0, wait - (performance.now() - asked)));
  }
}

class Polling extends RequestClock {
  path = "/lab/clock";
  wait = 1000;
}

class LongPoll extends RequestClock {
  path = "/lab/clock/poll";
  wait = 0;
}

/** An endless page in an iframe, whose scripts post the ticks. */
class Frame extends Clock {
  open() {
    this.requests += 1;
    this.written = 0;
    this.frame = document.createElement("iframe");
    this.frame.src = "/lab/clock/frame";
    this.frame.title = t("Frame");
    this.frame.className = "sr-only";
    this.frame.tabIndex = -1;
    typicalHeaderLength.then((head) => (this.down += head));
    this.onMessage = (event) => {
      if (event.source !== this.frame.contentWindow || event.origin !== location.origin) return;
      if (event.data.end) return this.stop("Ended");
      // The document keeps everything that was written to it.
      const written = this.frame.contentDocument.documentElement.outerHTML.length;
      const chunk = written - this.written;
      this.written = written;
      this.tick(event.data.clock, chunkedLength(chunk));
    };
    addEventListener("message", this.onMessage);
    // An endless page fires `load` only when it broke off or failed.
    this.frame.addEventListener("load", () => {
      if (!this.running) return;
      this.close();
      this.scheduleRetry();
    });
    document.body.append(this.frame);
  }

  close() {
    clearTimeout(this.timer);
    removeEventListener("message", this.onMessage);
    this.frame.remove();
  }
}

class Events extends Clock {
  open() {
    this.source = new EventSource("/lab/clock/events");
    this.source.addEventListener("open", async () => {
      this.requests += 1;
      this.down += await typicalHeaderLength;
    });
    this.source.addEventListener("message", ({ data, lastEventId }) => {
      const text = `id: ${lastEventId}\nevent: message\ndata: ${data}\n\n`;
      this.tick(JSON.parse(data), chunkedLength(length(text)));
    });
    this.source.addEventListener("end", () => this.stop("Ended"));
    this.source.addEventListener("error", () => {
      if (!this.running) return;
      // After a refusal, EventSource does not reconnect by itself.
      if (this.source.readyState === EventSource.CLOSED) this.scheduleRetry();
      else this.show("failed", "Again");
    });
  }

  close() {
    clearTimeout(this.timer);
    this.source.close();
  }
}

class Socket extends Clock {
  open() {
    this.requests += 1;
    this.socket = new WebSocket(socketAddress("/lab/clock/ws"));
    this.socket.addEventListener("open", async () => (this.down += await typicalHeaderLength));
    // A tick fits a frame with a header of two bytes (RFC 6455, section 5.2).
    this.socket.addEventListener("message", ({ data }) => this.tick(JSON.parse(data), length(data) + 2));
    this.socket.addEventListener("close", ({ code, target }) => {
      if (target !== this.socket || !this.running) return;
      // 1000: the time limit. Other codes: the server stops, or the connection was blocked.
      if (code === 1000) this.stop("Ended");
      else this.scheduleRetry();
    });
  }

  close() {
    clearTimeout(this.timer);
    this.socket.close(1000);
  }
}

const TRANSPORTS = { polling: Polling, poll: LongPoll, frame: Frame, events: Events, ws: Socket };

let clocks = [];

/** Stops all running clocks, and returns a function that restarts them. */
export function pauseClocks() {
  const paused = clocks.filter((clock) => clock.running);
  paused.forEach((clock) => clock.stop());
  return () => paused.forEach((clock) => clock.start());
}

export function runClocks() {
  const chart = new Chart(byId("clocks-chart"));
  clocks = Object.entries(TRANSPORTS).map(([transport, TransportClock]) => {
    const card = document.querySelector(`[data-clock=${transport}]`);
    const clock = new TransportClock(card, chart);
    chart.add(clock, card.querySelector("h3").textContent, transport);
    return clock;
  });
  chart.draw();
  byId("clocks-start").addEventListener("click", () => clocks.forEach((clock) => clock.start()));
  byId("clocks-stop").addEventListener("click", () => clocks.forEach((clock) => clock.stop()));
  let resume = () => {};
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") resume = pauseClocks();
    else resume();
  });
  followStreams();
}

/** The number of streams open on the server. */
async function followStreams() {
  for (;;) {
    if (document.visibilityState === "visible") {
      try {
        const { total } = await (await fetch("/lab/streams", { cache: "no-store" })).json();
        byId("lab-streams").textContent = t("OpenStreams", { n: number(total) });
      } catch {
        byId("lab-streams").textContent = "";
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}
