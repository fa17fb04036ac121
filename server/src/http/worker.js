// The service worker: caches the site's files and the shell page, so that Parlor opens without a network.
// The server inserts its build and list of files. Another build changes this script, which the browser takes as an update.
"use strict";

const BUILD = "{{build}}";
const FILES = ["{{files}}"];
const SHELL = `/shell?build=${BUILD}`;
const PREFIX = "parlor-";
const CACHE = PREFIX + BUILD;
// Milliseconds after which the cached shell replaces a slow server response.
const PATIENCE = 4000;

addEventListener("install", (event) => event.waitUntil(install()));
addEventListener("activate", (event) => event.waitUntil(activate()));
addEventListener("message", (event) => {
  // Pages report their build, their language, and the version of the server's name and picture.
  const [build, language, identity] = event.data;
  if (build === BUILD) event.waitUntil(Promise.all([tidy(), refresh(language, identity)]));
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
  // Redirected responses cannot be used for navigations.
  await cache.addAll([...FILES, SHELL].map((address) => new Request(address, { redirect: "error" })));
  // Activate at once: older pages are not affected, because their files stay cached.
  await skipWaiting();
}

async function activate() {
  await clients.claim();
  // Older pages may still be open. Keep one previous build.
  await forget((await older()).slice(0, -1));
}

// If the only page is of this build, older files are not needed.
async function tidy() {
  const pages = await clients.matchAll({ type: "window", includeUncontrolled: true });
  if (pages.length <= 1) await forget(await older());
}

// The cached shell has the language of the reader's last page, and the server's name and picture.
async function refresh(language, identity) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(SHELL, { ignoreVary: true });
  const has = (name, value) => kept.headers.get(name) === value;
  if (!kept || (has("content-language", language) && has("server-identity", identity))) return;
  // Offline, the shell stays; the next page reports them again.
  const other = await fetch(`${SHELL}&lang=${language}`, { redirect: "error" }).catch(() => undefined);
  if (other?.ok) await cache.put(SHELL, other);
}

// Caches of other builds, oldest first.
async function older() {
  return (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
}

function forget(names) {
  return Promise.all(names.map((name) => caches.delete(name)));
}

// From the server, or the shell after a timeout. Redirects are returned unchanged for the browser to follow.
async function page(request) {
  const fresh = fetch(request).catch(() => undefined);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE));
  const answer = await Promise.race([fresh, late]);
  if (answer && isFromServer(answer)) return answer;
  // Someone who is signed out has nothing to read in the shell, so they wait for the server.
  if (!answer && !(await hasSession())) {
    const later = await fresh;
    if (later && isFromServer(later)) return later;
  }
  const cache = await caches.open(CACHE);
  return (await cache.match(SHELL, { ignoreVary: true })) ?? (await fresh) ?? Response.error();
}

// Proxies answer with various 5xx codes while the server is away; the server's own answers say that they are its own.
// Redirects for the browser to follow are opaque, and have no status.
function isFromServer({ status, headers }) {
  return status < 500 || headers.has("{{server-header}}");
}

// Whether the page has stored a session in its database (app/src/storage/).
function hasSession() {
  return new Promise((resolve) => {
    const opening = indexedDB.open("parlor");
    // There is no database yet. Only the page creates it.
    opening.onupgradeneeded = () => opening.transaction.abort();
    opening.onerror = () => resolve(false);
    opening.onsuccess = () => {
      const database = opening.result;
      const counting = database.transaction("scene").objectStore("scene").count();
      counting.onsuccess = () => resolve(counting.result > 0);
      counting.onerror = () => resolve(false);
      database.close();
    };
  });
}

// From the cache of this build, else of an older page's build, else from the server.
async function file(request) {
  const own = await caches.match(request.url, { cacheName: CACHE, ignoreVary: true });
  return own ?? (await caches.match(request.url, { ignoreVary: true })) ?? fetch(request);
}
