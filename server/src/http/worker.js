// Parlor's service worker: keeps the page's files, and a page without a person, so that Parlor opens without a network.
// The server fills in its build and its files. Another build makes another text, and the browser takes that as an update.
"use strict";

const BUILD = "{{build}}";
const FILES = ["{{files}}"];
const SHELL = `/shell?build=${BUILD}`;
const PREFIX = "parlor-";
const CACHE = PREFIX + BUILD;
// Milliseconds after which someone who waits for a page is better served by the one that is kept.
const PATIENCE = 4000;
// What proxies answer while the server behind them is away.
const AWAY = [502, 503, 504];

addEventListener("install", (event) => event.waitUntil(install()));
addEventListener("activate", (event) => event.waitUntil(activate()));
addEventListener("message", (event) => {
  // A page says of which build it is, and in which language.
  const [build, language] = event.data;
  if (build === BUILD) event.waitUntil(Promise.all([tidy(), speak(language)]));
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin || request.headers.has("range")) return;
  if (request.mode === "navigate") {
    if (pathname === "/" || pathname.startsWith("/r/")) event.respondWith(page(request));
  } else if (pathname.startsWith("/pkg/") || FILES.includes(pathname)) {
    event.respondWith(file(request));
  }
});

async function install() {
  const cache = await caches.open(CACHE);
  // What was redirected is not ours, and could not be used for a navigation.
  await cache.addAll([...FILES, SHELL].map((address) => new Request(address, { redirect: "error" })));
  // At once, and without harm to older pages: their files stay.
  await skipWaiting();
}

async function activate() {
  await clients.claim();
  // Older pages may still be open. One build back is enough.
  await forget((await older()).slice(0, -1));
}

// When the only page is of this build, nobody needs older files any more.
async function tidy() {
  const pages = await clients.matchAll({ type: "window", includeUncontrolled: true });
  if (pages.length <= 1) await forget(await older());
}

// The page that is kept speaks as the reader's last page did.
async function speak(language) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(SHELL, { ignoreVary: true });
  if (!kept || kept.headers.get("content-language") === language) return;
  // Without the server it stays as it is: the next page says it again.
  const other = await fetch(`${SHELL}&lang=${language}`, { redirect: "error" }).catch(() => undefined);
  if (other?.ok) await cache.put(SHELL, other);
}

// The caches of other builds, in the order in which they were made.
async function older() {
  return (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
}

function forget(names) {
  return Promise.all(names.map((name) => caches.delete(name)));
}

// From the server; when that does not answer in time, the shell. A redirect is passed on as it is: the browser follows it.
async function page(request) {
  const fresh = fetch(request).catch(() => undefined);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE));
  const answer = await Promise.race([fresh, late]);
  if (answer && !AWAY.includes(answer.status)) return answer;
  const cache = await caches.open(CACHE);
  return (await cache.match(SHELL, { ignoreVary: true })) ?? (await fresh) ?? Response.error();
}

// What is kept: of this build, else of the one that an older page is of; else from the server.
async function file(request) {
  const own = await caches.match(request.url, { cacheName: CACHE, ignoreVary: true });
  return own ?? (await caches.match(request.url, { ignoreVary: true })) ?? fetch(request);
}
