// Prints why tests were left out, from Playwright's JSON report: one line for each reason, with the number of tests.
import { readFileSync } from "node:fs";

const counts = new Map();

function visit(suite) {
  for (const inner of suite.suites ?? []) visit(inner);
  for (const { annotations, status } of (suite.specs ?? []).flatMap(({ tests }) => tests)) {
    if (status !== "skipped") continue;
    const reason = annotations.find(({ type }) => type === "skip" || type === "fixme")?.description ?? "no reason is given";
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
}

visit(JSON.parse(readFileSync(process.argv[2], "utf8")));
for (const [reason, count] of counts) console.log(`${count} ${count === 1 ? "test" : "tests"}: ${reason}`);
