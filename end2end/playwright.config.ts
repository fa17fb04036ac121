// Browser tests: each starts a server process of its own, on a free port with an empty data folder.
import { execFileSync } from "node:child_process";
import path from "node:path";
import { defineConfig } from "@playwright/test";

const chromium = execFileSync(path.join(__dirname, "../scripts/browser.sh"), { encoding: "utf8" }).trim();

export default defineConfig({
  globalSetup: path.join(__dirname, "support/binary.ts"),
  testDir: "./tests",
  outputDir: "./test-results",
  // Generous, because on a busy machine everything takes several times as long. What must happen within a time says so itself.
  timeout: 150_000,
  expect: { timeout: 30_000 },
  fullyParallel: true,
  // Most tests wait for timers and the network more than they compute.
  workers: 3,
  forbidOnly: !!process.env.CI,
  // Locally, a test that passes only on the second try has failed. A CI machine can stand still for a minute; there such a test is
  // reported as flaky, by name and with its first error.
  retries: process.env.CI ? 2 : 0,
  reporter: "list",
  use: {
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    // Recording costs time, and nobody can open what a CI machine keeps.
    trace: process.env.CI ? "off" : "retain-on-failure",
    launchOptions: {
      executablePath: chromium,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
