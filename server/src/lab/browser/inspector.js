// The socket inspector: properties of a WebSocket, and what happens when it is used at the wrong time.

import { byId, bytes, element, number, socketAddress, t } from "./page.js";
import { randomBytes } from "./socket.js";

const STATES = ["CONNECTING", "OPEN", "CLOSING", "CLOSED"];
const MUCH = 1_048_576;

let socket;
let most = 0;

function log(key, values) {
  const at = new Date().toLocaleTimeString(document.documentElement.lang, { hour12: false });
  const list = byId("inspector-log");
  list.append(element("li", `${at}  ${t(key, values)}`));
  list.parentElement.scrollTop = list.parentElement.scrollHeight;
}

function look() {
  const buffered = socket?.bufferedAmount ?? 0;
  most = Math.max(most, buffered);
  const state = socket ? `${socket.readyState} ${STATES[socket.readyState]}` : t("NoSocket");
  const put = (id, text) => {
    if (byId(id).textContent !== text) byId(id).textContent = text;
  };
  put("inspector-state", state);
  put("inspector-buffered", number(buffered));
  put("inspector-most", number(most));
}

/** Updates the display on each animation frame while something can change. */
function watch(mine) {
  look();
  if (socket === mine && mine.readyState !== WebSocket.CLOSED) requestAnimationFrame(() => watch(mine));
}

function connect() {
  socket?.close(1000);
  most = 0;
  const mine = new WebSocket(socketAddress("/lab/echo"));
  socket = mine;
  mine.binaryType = "arraybuffer";
  mine.addEventListener("open", () => log("LogOpen"));
  mine.addEventListener("message", ({ data }) => log("LogMessage", { n: bytes(data.byteLength ?? data.length) }));
  mine.addEventListener("error", () => log("LogError"));
  mine.addEventListener("close", ({ code, reason, wasClean }) => {
    log("LogClose", { code, reason, clean: wasClean });
    look();
  });
  watch(mine);
}

/** Runs a function and logs what it throws. */
function attempt(what, act) {
  try {
    act();
  } catch (error) {
    log("LogThrew", { what, error: `${error.name}: ${error.message}` });
  }
  look();
}

/** Calls `send` before the socket is open, which throws. */
function sendEarly() {
  connect();
  attempt("send()", () => socket.send("too early"));
}

function sendMuch() {
  if (!socket) connect();
  const mine = socket;
  const send = () => {
    attempt("send()", () => {
      mine.send(randomBytes(MUCH));
      log("LogSent", { n: bytes(MUCH), buffered: number(mine.bufferedAmount) });
    });
  };
  if (mine.readyState === WebSocket.CONNECTING) mine.addEventListener("open", send, { once: true });
  else send();
}

/** Closes with the given code and reason. Logs input that `close` would silently ignore. */
function close(event) {
  event.preventDefault();
  const code = byId("inspector-code").value.trim();
  const reason = byId("inspector-reason").value;
  if (!socket) return log("LogNoSocket");
  if (code === "" && reason !== "") return log("LogReasonAlone");
  if (!Number.isFinite(Number(code))) return log("LogNoNumber", { code });
  const args = code === "" ? [] : [Number(code), reason];
  const what = `close(${args.map((arg) => JSON.stringify(arg)).join(", ")})`;
  const before = socket.readyState;
  attempt(what, () => {
    socket.close(...args);
    if (before >= WebSocket.CLOSING) log("LogClosedAlready", { what, state: STATES[before] });
  });
}

export function runInspector() {
  byId("inspector-connect").addEventListener("click", connect);
  byId("inspector-early").addEventListener("click", sendEarly);
  byId("inspector-much").addEventListener("click", sendMuch);
  byId("inspector-form").addEventListener("submit", close);
}
