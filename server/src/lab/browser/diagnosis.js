// Tests each transport in turn and describes the result in words.

import { pauseClocks } from "./clocks.js";
import { byId, element, median, milliseconds, number, pause, say, socketAddress } from "./page.js";
import { Closed, Echo, isSame, randomBytes } from "./socket.js";

/** Time limit for a transport, in milliseconds. */
const PATIENCE = 8_000;
/** Number of stream events to wait for. */
const EVENTS = 4;
/** An event this much later than the fastest one counts as buffered, in milliseconds. */
const HELD_BACK = 500;
/** Clock skew that is reported, in milliseconds. */
const SKEWED = 2_000;

/** Text for a failure. */
const reason = (error) => (error instanceof TypeError ? say("NoAnswer") : error.message);

const late = (what) => pause(PATIENCE).then(() => Promise.reject(new Error(what)));

/** Plain requests: round trip and clock skew. */
async function requests() {
  const trips = [];
  for (let n = 0; n < 7; n += 1) {
    const [asked, at] = [performance.now(), Date.now()];
    const response = await Promise.race([fetch("/lab/clock", { cache: "no-store" }), late(say("NoAnswer"))]);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const { now } = await response.json();
    const ms = performance.now() - asked;
    trips.push({ ms, skew: at + ms / 2 - now });
  }
  const soonest = trips.reduce((best, trip) => (trip.ms < best.ms ? trip : best));
  return { ms: median(trips.map(({ ms }) => ms)), n: trips.length, skew: soonest.skew, doubt: soonest.ms / 2 };
}

function skewInWords({ skew, doubt }) {
  const off = Math.abs(skew);
  if (off < SKEWED) return say("SkewSmall", { ms: number(Math.max(1, Math.ceil(off + doubt))) });
  return say("SkewLarge", { seconds: number(off / 1000), way: say(skew > 0 ? "Ahead" : "Behind") });
}

/** WebSocket: opening, round trips, and a message of several packets. */
async function socket() {
  const begun = performance.now();
  const echo = new Echo();
  try {
    await Promise.race([echo.opened, late("–")]);
    const open = performance.now() - begun;
    const trips = [];
    for (let n = 0; n < 10; n += 1) trips.push((await Promise.race([echo.trip("ping"), late("–")])).ms);
    const values = { open: milliseconds(open), ms: milliseconds(median(trips)), n: trips.length };
    const much = randomBytes(65_536).buffer;
    const large = await Promise.race([echo.trip(much).then(({ back }) => isSame(much, back)), pause(PATIENCE)]);
    return large ? { works: true, text: say("SocketWorks", values) } : { works: false, text: say("SocketSmallOnly") };
  } catch (error) {
    const text =
      error instanceof Closed
        ? say("SocketBlocked", { code: error.code })
        : say("SocketSilent", { seconds: PATIENCE / 1000 });
    return { works: false, text };
  } finally {
    echo.close();
  }
}

/** Ticks with their arrival by our clock and their sending time by the server's. */
function listen(begin, end) {
  const ticks = [];
  const begun = performance.now();
  const enough = new Promise((resolve) => {
    begin((tick) => {
      ticks.push({ at: performance.now(), now: tick.now });
      if (ticks.length === EVENTS) resolve();
    }, resolve);
  });
  return Promise.race([enough, pause(PATIENCE)]).then(() => {
    end();
    return { begun, ticks };
  });
}

/** The result of a stream: delivered, buffered, or blocked. */
function streamInWords({ begun, ticks }) {
  if (ticks.length === 0) return { works: false, text: say("StreamBlocked", { seconds: PATIENCE / 1000 }) };
  const delays = ticks.map(({ at, now }) => at - now);
  const soonest = Math.min(...delays);
  const held = delays.filter((delay) => delay - soonest > HELD_BACK);
  if (held.length > 0 || ticks.length < EVENTS) {
    const most = Math.max(...delays) - soonest;
    return { works: false, text: say("StreamBuffered", { n: number(held.length + 1), ms: number(most) }) };
  }
  return { works: true, text: say("StreamWorks", { ms: milliseconds(ticks[0].at - begun) }) };
}

async function stream() {
  let source;
  const heard = await listen(
    (tick, end) => {
      source = new EventSource("/lab/clock/events");
      source.addEventListener("message", ({ data }) => tick(JSON.parse(data)));
      source.addEventListener("error", end);
    },
    () => source.close(),
  );
  return streamInWords(heard);
}

async function frame() {
  const page = document.createElement("iframe");
  page.src = "/lab/clock/frame";
  page.title = say("Frame");
  page.className = "sr-only";
  let hear;
  const heard = await listen(
    (tick) => {
      hear = (event) => {
        if (event.source === page.contentWindow && event.origin === location.origin) tick(event.data.clock);
      };
      addEventListener("message", hear);
      document.body.append(page);
    },
    () => {
      removeEventListener("message", hear);
      page.remove();
    },
  );
  return streamInWords(heard);
}

/** Long polling: the response should arrive right after its tick. */
async function poll(skew) {
  try {
    const response = await Promise.race([fetch("/lab/clock/poll", { cache: "no-store" }), late(say("NoAnswer"))]);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const { now } = await response.json();
    const ms = Math.max(0, Date.now() - skew - now);
    return { works: true, text: say("PollWorks", { ms: milliseconds(ms) }) };
  } catch (error) {
    return { works: false, text: say("PollFails", { why: reason(error) }) };
  }
}

function verdict(found) {
  if (found.socket?.works) return [say("VerdictSocket")];
  if (found.stream?.works) return [say("VerdictStream"), say("PassUpgrade")];
  if (found.poll?.works) return [say("VerdictPoll"), say("PassUpgrade"), say("DoNotBuffer")];
  return [say("VerdictNone")];
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
  const trying = (key) => (byId("diagnosis-status").textContent = say("RunsDiagnosis", { what: say(key) }));
  const found = {};

  trying("Requests");
  try {
    const asked = await requests();
    const text = say("RequestsWork", { ms: milliseconds(asked.ms), n: asked.n });
    find("requests", say("Requests"), { works: true, text });
    find("skew", say("Skew"), { works: Math.abs(asked.skew) < SKEWED, text: skewInWords(asked) });
    for (const [slug, key, way] of [
      ["socket", "WebSocket", socket],
      ["stream", "Events", stream],
      ["frame", "Frame", frame],
      ["poll", "LongPoll", () => poll(asked.skew)],
    ]) {
      trying(key);
      found[slug] = await way();
      find(slug, say(key), found[slug]);
    }
  } catch (error) {
    find("requests", say("Requests"), { works: false, text: say("RequestsFail", { why: reason(error) }) });
  }
  find("verdict", say("Verdict"), { text: verdict(found).join(" ") });
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
      byId("diagnosis-status").textContent = say("Copied");
    } catch {
      field.select();
      byId("diagnosis-status").textContent = say("CopyByHand");
    }
  });
}
