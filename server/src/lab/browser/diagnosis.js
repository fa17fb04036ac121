// Tests each transport in turn and describes the result in words.

import { pauseClocks } from "./clocks.js";
import { byId, element, median, milliseconds, number, pause, socketAddress, t } from "./page.js";
import { ClosedError, Echo, isSame, randomBytes } from "./socket.js";

/** Time limit for a transport, in milliseconds. */
const TIMEOUT = 8_000;
/** Number of stream events to wait for. */
const EVENTS = 4;
/** An event this much later than the fastest one counts as buffered, in milliseconds. */
const HELD_BACK = 500;
/** Clock skew that is reported, in milliseconds. */
const SKEWED = 2_000;

/** Text for a failure. */
const reason = (error) => (error instanceof TypeError ? t("NoAnswer") : error.message);

const timeout = (what) => pause(TIMEOUT).then(() => Promise.reject(new Error(what)));

/** Plain requests: round trip and clock skew. */
async function requests() {
  const roundTrips = [];
  for (let n = 0; n < 7; n += 1) {
    const [asked, at] = [performance.now(), Date.now()];
    const response = await Promise.race([fetch("/lab/clock", { cache: "no-store" }), timeout(t("NoAnswer"))]);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const { now } = await response.json();
    const ms = performance.now() - asked;
    roundTrips.push({ ms, skew: at + ms / 2 - now });
  }
  const fastest = roundTrips.reduce((best, roundTrip) => (roundTrip.ms < best.ms ? roundTrip : best));
  const ms = median(roundTrips.map((roundTrip) => roundTrip.ms));
  return { ms, n: roundTrips.length, skew: fastest.skew, uncertainty: fastest.ms / 2 };
}

function skewInWords({ skew, uncertainty }) {
  const off = Math.abs(skew);
  if (off < SKEWED) return t("SkewSmall", { ms: number(Math.max(1, Math.ceil(off + uncertainty))) });
  return t("SkewLarge", { seconds: number(off / 1000), way: t(skew > 0 ? "Ahead" : "Behind") });
}

/** WebSocket: opening, round trips, and a message of several packets. */
async function socket() {
  const startedAt = performance.now();
  const echo = new Echo();
  try {
    await Promise.race([echo.opened, timeout("–")]);
    const open = performance.now() - startedAt;
    const roundTrips = [];
    for (let n = 0; n < 10; n += 1) roundTrips.push((await Promise.race([echo.roundTrip("ping"), timeout("–")])).ms);
    const values = { open: milliseconds(open), ms: milliseconds(median(roundTrips)), n: roundTrips.length };
    const much = randomBytes(65_536).buffer;
    const large = await Promise.race([echo.roundTrip(much).then(({ reply }) => isSame(much, reply)), pause(TIMEOUT)]);
    return large ? { works: true, text: t("SocketWorks", values) } : { works: false, text: t("SocketSmallOnly") };
  } catch (error) {
    const text =
      error instanceof ClosedError
        ? t("SocketBlocked", { code: error.code })
        : t("SocketSilent", { seconds: TIMEOUT / 1000 });
    return { works: false, text };
  } finally {
    echo.close();
  }
}

/** Ticks with their arrival by our clock and their sending time by the server's. */
function listen(begin, end) {
  const ticks = [];
  const startedAt = performance.now();
  const enough = new Promise((resolve) => {
    begin((tick) => {
      ticks.push({ at: performance.now(), now: tick.now });
      if (ticks.length === EVENTS) resolve();
    }, resolve);
  });
  return Promise.race([enough, pause(TIMEOUT)]).then(() => {
    end();
    return { startedAt, ticks };
  });
}

/** The result of a stream: delivered, buffered, or blocked. */
function streamInWords({ startedAt, ticks }) {
  if (ticks.length === 0) return { works: false, text: t("StreamBlocked", { seconds: TIMEOUT / 1000 }) };
  const delays = ticks.map(({ at, now }) => at - now);
  const fastest = Math.min(...delays);
  const held = delays.filter((delay) => delay - fastest > HELD_BACK);
  if (held.length > 0 || ticks.length < EVENTS) {
    const most = Math.max(...delays) - fastest;
    return { works: false, text: t("StreamBuffered", { n: number(held.length + 1), ms: number(most) }) };
  }
  return { works: true, text: t("StreamWorks", { ms: milliseconds(ticks[0].at - startedAt) }) };
}

async function stream() {
  let source;
  const received = await listen(
    (tick, end) => {
      source = new EventSource("/lab/clock/events");
      source.addEventListener("message", ({ data }) => tick(JSON.parse(data)));
      source.addEventListener("error", end);
    },
    () => source.close(),
  );
  return streamInWords(received);
}

async function frame() {
  const page = document.createElement("iframe");
  page.src = "/lab/clock/frame";
  page.title = t("Frame");
  page.className = "sr-only";
  let onMessage;
  const received = await listen(
    (tick) => {
      onMessage = (event) => {
        if (event.source === page.contentWindow && event.origin === location.origin) tick(event.data.clock);
      };
      addEventListener("message", onMessage);
      document.body.append(page);
    },
    () => {
      removeEventListener("message", onMessage);
      page.remove();
    },
  );
  return streamInWords(received);
}

/** Long polling: the response should arrive right after its tick. */
async function poll(skew) {
  try {
    const response = await Promise.race([fetch("/lab/clock/poll", { cache: "no-store" }), timeout(t("NoAnswer"))]);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const { now } = await response.json();
    const ms = Math.max(0, Date.now() - skew - now);
    return { works: true, text: t("PollWorks", { ms: milliseconds(ms) }) };
  } catch (error) {
    return { works: false, text: t("PollFails", { why: reason(error) }) };
  }
}

function verdict(found) {
  if (found.socket?.works) return [t("VerdictSocket")];
  if (found.stream?.works) return [t("VerdictStream"), t("PassUpgrade")];
  if (found.poll?.works) return [t("VerdictPoll"), t("PassUpgrade"), t("DoNotBuffer")];
  return [t("VerdictNone")];
}

/** Runs all tests, and shows each result as soon as it is known. */
async function run() {
  const list = byId("diagnosis-findings");
  const lines = [`Parlor ${new Date().toISOString()}`, socketAddress("/"), navigator.userAgent];
  list.replaceChildren();
  list.hidden = false;
  byId("diagnosis-copy").hidden = true;
  byId("diagnosis-report").hidden = true;
  const find = (slug, name, { works, text }) => {
    const row = element("div", "", { "data-finding": slug });
    if (works !== undefined) row.dataset.works = works;
    row.append(element("dt", name), element("dd", text));
    list.append(row);
    lines.push(`${name}: ${text}`);
  };
  const trying = (key) => (byId("diagnosis-status").textContent = t("RunsDiagnosis", { what: t(key) }));
  const found = {};

  trying("Requests");
  try {
    const asked = await requests();
    const text = t("RequestsWork", { ms: milliseconds(asked.ms), n: asked.n });
    find("requests", t("Requests"), { works: true, text });
    find("skew", t("Skew"), { works: Math.abs(asked.skew) < SKEWED, text: skewInWords(asked) });
    for (const [slug, key, way] of [
      ["socket", "WebSocket", socket],
      ["stream", "Events", stream],
      ["frame", "Frame", frame],
      ["poll", "LongPoll", () => poll(asked.skew)],
    ]) {
      trying(key);
      found[slug] = await way();
      find(slug, t(key), found[slug]);
    }
  } catch (error) {
    find("requests", t("Requests"), { works: false, text: t("RequestsFail", { why: reason(error) }) });
  }
  find("verdict", t("Verdict"), { text: verdict(found).join(" ") });
  byId("diagnosis-status").textContent = "";
  byId("diagnosis-copy").hidden = false;
  return lines.join("\n");
}

export function runDiagnosis() {
  let report = "";
  const button = byId("diagnosis-run");
  button.addEventListener("click", async () => {
    button.disabled = true;
    // Running clocks would use the connections that the diagnosis needs.
    const resume = pauseClocks();
    report = await run();
    resume();
    button.disabled = false;
  });
  byId("diagnosis-copy").addEventListener("click", async () => {
    const field = byId("diagnosis-report");
    field.value = report;
    field.hidden = false;
    try {
      await navigator.clipboard.writeText(report);
      byId("diagnosis-status").textContent = t("Copied");
    } catch {
      field.select();
      byId("diagnosis-status").textContent = t("CopyByHand");
    }
  });
}
