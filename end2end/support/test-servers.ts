// What the servers of a run are: one process on SQLite, one on PostgreSQL, or several nodes behind a load balancer.
//
//   PARLOR_TEST_STORE=postgres scripts/with-postgres.sh npx playwright test
//   PARLOR_TEST_NODES=2 scripts/with-postgres.sh scripts/with-nats.sh npx playwright test
import { test } from "@playwright/test";

/** Number of nodes of each server. */
export const NODES = Number(process.env.PARLOR_TEST_NODES ?? "1");

export const ON_POSTGRES = NODES > 1 || process.env.PARLOR_TEST_STORE === "postgres";

/** Tags of tests that not every run can have, and why a run leaves them out. */
const LEFT_OUT: Record<string, string> =
  NODES === 1
    ? { "@nodes": "needs several nodes: PARLOR_TEST_NODES=2" }
    : { "@one-process": "is about one process, whatever there is beside it" };

/** Skips the test if this run leaves it out. */
export function leaveOut(tags: string[]): void {
  for (const [tag, reason] of Object.entries(LEFT_OUT)) test.skip(tags.includes(tag), reason);
}

/** The address in an environment variable that a script in `scripts/` sets. */
export function addressFrom(variable: "PARLOR_TEST_POSTGRES" | "PARLOR_TEST_NATS", script: string): string {
  const address = process.env[variable];
  if (!address) throw new Error(`${variable} is not set: run the tests by scripts/${script}`);
  return address;
}

/** Checks the variables, and describes the servers. */
export function describeServers(): string {
  if (!Number.isInteger(NODES) || NODES < 1) throw new Error("PARLOR_TEST_NODES: give a number, such as 2");
  if (ON_POSTGRES) addressFrom("PARLOR_TEST_POSTGRES", "with-postgres.sh");
  if (NODES === 1) return ON_POSTGRES ? "one process on PostgreSQL" : "one process on SQLite";
  addressFrom("PARLOR_TEST_NATS", "with-nats.sh");
  return `${NODES} nodes on PostgreSQL and NATS, behind a load balancer`;
}
