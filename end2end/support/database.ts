// A PostgreSQL database of one test, on the server of `scripts/with-postgres.sh`.
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { promisify } from "node:util";
import { addressFrom } from "./test-servers";

const PSQL = process.env.POSTGRES_BIN ? path.join(process.env.POSTGRES_BIN, "psql") : "psql";

export class Database {
  private constructor(private name: string) {}

  static async create(): Promise<Database> {
    // A name of its own, so that nothing has to be quoted.
    const database = new Database(`test_${randomUUID().replaceAll("-", "")}`);
    await database.onServer(`CREATE DATABASE ${database.name}`);
    return database;
  }

  /** Its address as an administrator would write it. */
  get url(): string {
    return this.server.replace(/\/[^/]*$/, `/${this.name}`);
  }

  /** Removes it, whatever is still connected to it. */
  async drop(): Promise<void> {
    await this.onServer(`DROP DATABASE ${this.name} WITH (FORCE)`);
  }

  private get server(): string {
    return addressFrom("PARLOR_TEST_POSTGRES", "with-postgres.sh");
  }

  private async onServer(sql: string): Promise<void> {
    await promisify(execFile)(PSQL, ["--no-psqlrc", "--quiet", `--dbname=${this.server}`, `--command=${sql}`]);
  }
}
