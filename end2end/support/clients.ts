// Third-party clients: the examples of docs/clients.md, run unchanged, and pages served from another origin.
import { ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import http from "node:http";
import { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "@playwright/test";
import { Server } from "./server";

const end2end = path.join(__dirname, "..");
const clients = readFileSync(path.join(end2end, "../docs/clients.md"), "utf8");

/** The address used in the document. */
const EXAMPLE_ADDRESS = "127.0.0.1:3000";

/** The code below a heading of docs/clients.md, with this server's address. */
export function exampleCode(heading: string, server: Server): string {
  const [, section] = clients.split(new RegExp(`\n##+ ${heading.replace(/[.]/g, "\\.")}\n`));
  const [, code] = /```\w+\n([\s\S]*?)```/.exec(section ?? "") ?? [];
  if (!code?.includes(EXAMPLE_ADDRESS)) throw new Error(`no client below "${heading}" in docs/clients.md`);
  return code.replaceAll(EXAMPLE_ADDRESS, server.address);
}

/** A Python that has `websockets`: `PARLOR_PYTHON`, or the environment made by scripts/setup.sh. */
export function pythonPath(): string {
  return process.env.PARLOR_PYTHON ?? path.join(end2end, ".venv/bin/python");
}

/** A client process: its standard input is what it sends, its output is what it received. */
export class Program {
  private output = "";
  private child: ChildProcess;

  private constructor(command: string, args: string[], private folder: string) {
    // Tests match the output, so it must have no colour codes.
    const env = { ...process.env, FORCE_COLOR: "0" };
    this.child = spawn(command, args, { cwd: folder, env, stdio: ["pipe", "pipe", "pipe"], detached: true });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on("data", (text) => (this.output += text));
    }
    this.child.on("error", (error) => (this.output += String(error)));
  }

  /** Writes `text` to a file with this extension and runs it with `command`. */
  static run(text: string, extension: "mjs" | "py" | "sh", command: string): Program {
    const folder = mkdtempSync(path.join(tmpdir(), "parlor-client-"));
    symlinkSync(path.join(end2end, "node_modules"), path.join(folder, "node_modules"));
    const file = path.join(folder, `client.${extension}`);
    writeFileSync(file, text);
    return new Program(command, [file], folder);
  }

  send(text: string): void {
    this.child.stdin!.write(`${text}\n`);
  }

  async expectOutput(text: string | RegExp): Promise<void> {
    await expect.poll(() => this.output, { timeout: 15_000 }).toMatch(typeof text === "string" ? literally(text) : text);
  }

  async end(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = new Promise((resolve) => this.child.once("exit", resolve));
      // The whole process group: a client may have started others.
      process.kill(-this.child.pid!, "SIGKILL");
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function literally(text: string): RegExp {
  return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
}

/** Serves pages from an origin other than Parlor's. */
export class OtherOrigin {
  readonly pages = new Map<string, string>();
  private server = http.createServer((request, response) => {
    const page = this.pages.get(request.url!);
    response.writeHead(page === undefined ? 404 : 200, { "content-type": "text/html; charset=utf-8" }).end(page);
  });

  static async start(): Promise<OtherOrigin> {
    const origin = new OtherOrigin();
    await new Promise<void>((resolve) => origin.server.listen(0, "127.0.0.1", resolve));
    return origin;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}

/** Whether a program can be run. */
export function isInstalled(command: string): boolean {
  if (command.includes("/")) return existsSync(command);
  try {
    execFileSync(command, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
