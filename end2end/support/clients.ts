// Other programs' clients: those of docs/clients.md as they stand there, and pages that another server gives out.
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

/** The address that the document writes. */
const WRITTEN = "127.0.0.1:3000";

/** The code below a heading of docs/clients.md, for this server. */
export function written(heading: string, server: Server): string {
  const [, section] = clients.split(new RegExp(`\n##+ ${heading.replace(/[.]/g, "\\.")}\n`));
  const [, code] = /```\w+\n([\s\S]*?)```/.exec(section ?? "") ?? [];
  if (!code?.includes(WRITTEN)) throw new Error(`no client below "${heading}" in docs/clients.md`);
  return code.replaceAll(WRITTEN, server.address);
}

/** What runs Python with `websockets`: `PARLOR_PYTHON`, or what scripts/setup.sh has made. */
export function python(): string {
  return process.env.PARLOR_PYTHON ?? path.join(end2end, ".venv/bin/python");
}

/** A program that runs until it is ended. What is written to it is said, what it prints is what it was told. */
export class Program {
  private output = "";
  private child: ChildProcess;

  private constructor(command: string, args: string[], private folder: string) {
    // What is printed is looked at: no colours in it.
    const env = { ...process.env, FORCE_COLOR: "0" };
    this.child = spawn(command, args, { cwd: folder, env, stdio: ["pipe", "pipe", "pipe"], detached: true });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on("data", (text) => (this.output += text));
    }
    this.child.on("error", (error) => (this.output += String(error)));
  }

  /** A text, run by the command under a name with this ending. */
  static run(text: string, ending: "mjs" | "py" | "sh", command: string): Program {
    const folder = mkdtempSync(path.join(tmpdir(), "parlor-client-"));
    symlinkSync(path.join(end2end, "node_modules"), path.join(folder, "node_modules"));
    const file = path.join(folder, `client.${ending}`);
    writeFileSync(file, text);
    return new Program(command, [file], folder);
  }

  say(text: string): void {
    this.child.stdin!.write(`${text}\n`);
  }

  async prints(text: string | RegExp): Promise<void> {
    await expect.poll(() => this.output, { timeout: 15_000 }).toMatch(typeof text === "string" ? literally(text) : text);
  }

  async end(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = new Promise((resolve) => this.child.once("exit", resolve));
      // With whatever it has started.
      process.kill(-this.child.pid!, "SIGKILL");
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function literally(text: string): RegExp {
  return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
}

/** Gives out pages from an origin that is not Parlor's. */
export class Elsewhere {
  readonly pages = new Map<string, string>();
  private server = http.createServer((request, response) => {
    const page = this.pages.get(request.url!);
    response.writeHead(page === undefined ? 404 : 200, { "content-type": "text/html; charset=utf-8" }).end(page);
  });

  static async start(): Promise<Elsewhere> {
    const elsewhere = new Elsewhere();
    await new Promise<void>((resolve) => elsewhere.server.listen(0, "127.0.0.1", resolve));
    return elsewhere;
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

/** Whether a program is there to be tried. */
export function have(command: string): boolean {
  if (command.includes("/")) return existsSync(command);
  try {
    execFileSync(command, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
