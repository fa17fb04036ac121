// Chooses the server binary that the browser tests start, once per run (Playwright's global setup).
import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { describeServers } from "./test-servers";

const root = path.join(__dirname, "../..");
const BUILDS = ["target/release/parlor", "target/debug/parlor"];

/** `PARLOR_BIN`, or the build that was made last, unless its sources have changed since. */
export default function chooseBinary(): void {
  const given = process.env.PARLOR_BIN;
  const candidates = (given ? [given] : BUILDS).map((file) => path.resolve(root, file)).filter(existsSync);
  if (candidates.length === 0) throw new Error(given ? `PARLOR_BIN: no such file: ${given}` : "no parlor binary: run `make build` first");
  const [binary] = candidates.sort((a, b) => modified(b) - modified(a));
  const changed = changedSource(binary);
  if (changed) throw new Error(`${binary} is older than ${changed}: build it again, or set PARLOR_BIN to the binary to test`);
  const minutes = Math.round((Date.now() - modified(binary)) / 60_000);
  console.log(`Testing ${path.relative(root, binary)}, built ${minutes} min ago: ${describeServers()}`);
  process.env.PARLOR_BIN = binary;
}

/** The first file newer than the binary in the list of dependencies that cargo writes beside it. A copied binary has none. */
function changedSource(binary: string): string | undefined {
  if (!existsSync(`${binary}.d`)) return undefined;
  const [, files] = readFileSync(`${binary}.d`, "utf8").split(/: (.*)/s);
  const built = modified(binary);
  return files
    ?.trim()
    .split(/(?<!\\) /)
    .map((file) => file.replaceAll("\\ ", " "))
    .find((file) => existsSync(file) && statSync(file).isFile() && modified(file) > built);
}

function modified(file: string): number {
  return statSync(file).mtimeMs;
}
