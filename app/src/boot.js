// The document's module script: loads the wasm, then hydrates the server's HTML. The server fills in the options.
const { js, wasm, build, identity, language, shell, worker } = {{options}};

// A tab in which hydration has failed builds its pages itself from then on.
const MOUNT = "parlor.mount";

// The shell is rendered for any room. At other addresses it opens the lobby, as the server would.
if (shell && !/^\/r\/[^/]+$/.test(location.pathname)) history.replaceState(null, "", "/r/lobby");

// The document's head has preloaded the wasm already.
const response = fetch(wasm);
const { default: init, hydrate, mount } = await import(js);
await init({ module_or_path: response });
start();
if (worker) registerWorker();

// Hydration needs exactly the elements that the server rendered. A browser extension or a translator may have changed them
// since; then the app is mounted afresh in their place.
function start() {
  const changed = rootChanges.count + rootChanges.observer.takeRecords().length > 0;
  rootChanges.observer.disconnect();
  if (changed || read(MOUNT)) return mount();
  // What changed the document before it was observed makes hydration fail. The wasm instance cannot be used after that.
  addEventListener("error", mountNextTime);
  addEventListener("unhandledrejection", mountNextTime);
  try {
    hydrate();
  } catch (error) {
    console.error("Hydration failed", error);
    mountNextTime({ error });
  }
  setTimeout(() => {
    removeEventListener("error", mountNextTime);
    removeEventListener("unhandledrejection", mountNextTime);
  }, 1000);
}

function mountNextTime({ error, reason }) {
  // Other errors are not of the wasm: the browser's notice about a ResizeObserver, or an extension's.
  if (!((error ?? reason) instanceof WebAssembly.RuntimeError)) return;
  write(MOUNT, build);
  if (read(MOUNT)) location.reload();
}

// Storage can be forbidden.
function read(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key, value) {
  try {
    sessionStorage.setItem(key, value);
  } catch {}
}

// The service worker needs to know the page's build, to drop the files of older builds, and which language, server name
// and picture the shell that it keeps is to have. Pages without TLS have no service workers.
function registerWorker() {
  const container = navigator.serviceWorker;
  if (!container) return;
  const post = () => container.controller?.postMessage([build, language, identity]);
  container.addEventListener("controllerchange", post);
  post();
  const register = () => container.register("/sw.js", { updateViaCache: "none" }).catch(() => {});
  (self.requestIdleCallback ?? setTimeout)(register);
}
