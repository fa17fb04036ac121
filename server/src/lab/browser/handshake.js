// The opening handshake: this browser's own as the server saw it, or any other.

import { byId, socketAddress, t } from "./page.js";

const head = ({ line, headers, body }) =>
  [line, ...headers.map(([name, value]) => `${name}: ${value}`), ...(body ? ["", body] : [])].join("\n");

function putSteps(of, steps) {
  for (const code of document.querySelectorAll(`[data-steps=${of}] [data-step]`)) {
    code.textContent = steps?.[code.dataset.step] ?? "–";
  }
}

/** Shows the request and the steps to the response, as reported by the server. */
function shakeHands() {
  const socket = new WebSocket(socketAddress("/lab/handshake"));
  socket.addEventListener("message", ({ data }) => {
    const { request, steps, answer } = JSON.parse(data);
    byId("handshake-request").textContent = head(request);
    byId("handshake-answer").textContent = head(answer);
    putSteps("real", steps);
    byId("handshake-real").hidden = false;
    byId("handshake-failed").textContent = "";
  });
  socket.addEventListener("close", ({ code }) => {
    if (code === 1000) return;
    byId("handshake-real").hidden = true;
    byId("handshake-failed").textContent = t("EchoClosed", { code });
  });
}

async function compute(event) {
  event.preventDefault();
  const asked = new URLSearchParams({ key: byId("handshake-key").value, version: byId("handshake-version").value });
  const shown = byId("handshake-computed");
  shown.hidden = false;
  try {
    const { steps, answer, error } = await (await fetch(`/lab/handshake/answer?${asked}`)).json();
    putSteps("example", steps);
    shown.textContent = error ? error.message : head(answer);
  } catch {
    putSteps("example", undefined);
    shown.textContent = t("NoAnswer");
  }
}

export function runHandshake() {
  byId("handshake-run").addEventListener("click", shakeHands);
  byId("handshake-form").addEventListener("submit", compute);
}
