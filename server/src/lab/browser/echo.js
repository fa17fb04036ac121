// Sends to /lab/echo and compares the reply.

import { byId, bytes, element, median, milliseconds, number, percentile, t } from "./page.js";
import { ClosedError, Echo, isSame, randomBytes } from "./socket.js";

const ROUND_TRIPS = 200;
/** Upper bounds of the histogram's bins, in milliseconds. */
const EDGES = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500];

let echo;

/** The connection, opened on demand and reopened after it has ended. */
async function connection() {
  if (!echo?.isOpen) echo = await new Echo().opened;
  return echo;
}

async function send(data, size) {
  const result = byId("echo-result");
  try {
    const { reply, ms } = await (await connection()).roundTrip(data);
    const same = isSame(data, reply);
    result.dataset.same = same;
    result.textContent = same ? t("EchoSame", { n: bytes(size), ms: milliseconds(ms) }) : t("EchoOther");
  } catch (error) {
    delete result.dataset.same;
    result.textContent = error instanceof ClosedError ? t("EchoClosed", { code: error.code }) : error.message;
  }
}

async function roundTrips() {
  const button = byId("echo-trips");
  button.disabled = true;
  const taken = [];
  try {
    const open = await connection();
    for (let n = 0; n < ROUND_TRIPS; n += 1) taken.push((await open.roundTrip(`round trip ${n}`)).ms);
  } catch (error) {
    byId("echo-result").textContent = t("EchoClosed", { code: error.code });
  }
  button.disabled = false;
  button.focus();
  if (taken.length > 0) draw(taken);
}

function draw(taken) {
  byId("echo-histogram").hidden = false;
  byId("echo-summary").textContent = t("HistogramOf", {
    n: number(taken.length),
    median: milliseconds(median(taken)),
    nearly: milliseconds(percentile(taken, 99)),
    most: milliseconds(Math.max(...taken)),
  });
  const counts = Array(EDGES.length + 1).fill(0);
  for (const ms of taken) {
    const bin = EDGES.findIndex((edge) => ms <= edge);
    counts[bin < 0 ? EDGES.length : bin] += 1;
  }
  const [from, to] = [counts.findIndex((count) => count > 0), counts.findLastIndex((count) => count > 0)];
  const rows = counts.map((count, bin) => {
    const over = bin === EDGES.length;
    const label = over ? t("BinOver", { ms: EDGES.at(-1) }) : t("BinUpTo", { ms: EDGES[bin] });
    const row = element("li");
    const bar = element("meter", "", { min: 0, max: taken.length, value: count, "aria-label": label });
    row.append(element("span", label), bar, element("span", number(count)));
    return row;
  });
  byId("echo-bars").replaceChildren(...rows.slice(Math.max(0, from - 1), to + 2));
}

export function runEcho() {
  byId("echo-text-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = byId("echo-text").value;
    send(text, new TextEncoder().encode(text).length);
  });
  byId("echo-bytes-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const size = Number(byId("echo-size").value);
    send(byId("echo-kind").value === "text" ? "x".repeat(size) : randomBytes(size).buffer, size);
  });
  byId("echo-trips").addEventListener("click", roundTrips);
}
