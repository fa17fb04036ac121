// Measures in a browser; see figures.ts. `make figures-browser` runs it on the release build.
import base from "../playwright.config";

export default {
  ...base,
  testDir: ".",
  testMatch: "*.figures.ts",
  // One thing at a time: whoever runs beside a measurement is measured with it.
  workers: 1,
  timeout: 15 * 60_000,
  // A trace takes time of the page's.
  use: { ...base.use, trace: "off" },
};
