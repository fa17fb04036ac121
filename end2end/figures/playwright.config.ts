// Measurements in a browser; `make figures-browser` runs them on the release build.
import base from "../playwright.config";

export default {
  ...base,
  testDir: ".",
  testMatch: "*.figures.ts",
  // One at a time: a second test would disturb the measurement.
  workers: 1,
  timeout: 15 * 60_000,
  // Recording a trace would slow the page down.
  use: { ...base.use, trace: "off" },
};
