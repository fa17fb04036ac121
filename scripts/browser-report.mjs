// Sums up Playwright's JSON report for scripts/test.sh. The first line has two numbers: passed and failed. Then follows a line
// for each reason of skipped tests (SKIPPED), each test that passed on a second try only (FLAKY), and each failure (FAILED).
import { readFileSync } from "node:fs";

const report = JSON.parse(readFileSync(process.argv[2], "utf8"));
const skipped = new Map();
const lines = [];

const firstError = ({ results }) => {
  const message = results.findLast(({ error }) => error)?.error.message ?? "no error is given";
  return message.replace(/\u001b\[[0-9;]*m/g, "").split("\n").map((line) => line.trim()).filter(Boolean).join(" | ").slice(0, 400);
};

function visit(suite) {
  for (const inner of suite.suites ?? []) visit(inner);
  for (const spec of suite.specs ?? []) {
    for (const test of spec.tests) {
      const name = `${spec.file}:${spec.line} ${spec.title}`;
      if (test.status === "skipped") {
        const reason = test.annotations.find(({ type }) => type === "skip" || type === "fixme")?.description ?? "no reason is given";
        skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
      } else if (test.status === "flaky") {
        lines.push(`FLAKY ${name}: ${firstError(test)}`);
      } else if (test.status === "unexpected") {
        lines.push(`FAILED ${name}: ${firstError(test)}`);
      }
    }
  }
}

visit(report);
for (const error of report.errors) lines.push(`FAILED before the tests: ${error.message}`);
console.log(report.stats.expected + report.stats.flaky, report.stats.unexpected + report.errors.length);
for (const [reason, count] of skipped) console.log(`SKIPPED ${count} ${count === 1 ? "test" : "tests"}: ${reason}`);
for (const line of lines) console.log(line);
