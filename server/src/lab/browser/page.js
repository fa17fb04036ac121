// What all parts use of the page: its words, its elements, numbers as its language writes them.

const words = JSON.parse(document.getElementById("lab-words").textContent);
const language = document.documentElement.lang;
const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat(language, { maximumFractionDigits: 1, minimumFractionDigits: 1 });

/** The words of a key, with their places filled in. */
export function say(key, values = {}) {
  return words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export const byId = (id) => document.getElementById(id);

/** An element with a text. */
export function element(name, text = "", attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** An element of a drawing. */
export function shape(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** Milliseconds without their unit: tenths below ten. */
export const milliseconds = (n) => (Math.abs(n) < 10 ? tenths : whole).format(n);

/** A number of bytes with its unit. */
export function bytes(n) {
  if (n < 10_000) return `${whole.format(n)} B`;
  return n < 1_048_576 ? `${tenths.format(n / 1024)} KiB` : `${tenths.format(n / 1_048_576)} MiB`;
}

export const number = (n) => whole.format(n);

/** The one that so many of a hundred are at or below. */
export function percentile(values, hundredths) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * hundredths) / 100))];
}

export const median = (values) => percentile(values, 50);

/** The address of a WebSocket of this server. */
export const socketAddress = (path) => new URL(path, location.href.replace(/^http/, "ws")).href;

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
