// Helpers for all parts: texts, elements, and numbers in the page's language.

const words = JSON.parse(document.getElementById("lab-words").textContent);
const language = document.documentElement.lang;
const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat(language, { maximumFractionDigits: 1, minimumFractionDigits: 1 });

/** The text of a key, with its placeholders filled in. */
export function t(key, values = {}) {
  return words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export const byId = (id) => document.getElementById(id);

/** Creates an element with text. */
export function element(name, text = "", attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** Creates an SVG element. */
export function shape(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** Formats milliseconds without a unit, with tenths below ten. */
export const milliseconds = (n) => (Math.abs(n) < 10 ? tenths : whole).format(n);

/** Formats a number of bytes with its unit. */
export function bytes(n) {
  if (n < 10_000) return `${whole.format(n)} B`;
  return n < 1_048_576 ? `${tenths.format(n / 1024)} KiB` : `${tenths.format(n / 1_048_576)} MiB`;
}

export const number = (n) => whole.format(n);

/** Percentile. */
export function percentile(values, hundredths) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * hundredths) / 100))];
}

export const median = (values) => percentile(values, 50);

/** URL of a WebSocket on this server. */
export const socketAddress = (path) => new URL(path, location.href.replace(/^http/, "ws")).href;

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
