// A server process that a test can kill, suspend and restart on the same port and data folder.
import { ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { styleHash, otherBuild } from "./other-build";

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

export class Server {
  private child?: ChildProcess;
  private program = process.env.PARLOR_BIN!; // set by binary.ts
  private output = "";

  private constructor(private port: number, private folder: string, private flags: string[]) {}

  static async start(...flags: string[]): Promise<Server> {
    const server = new Server(await freePort(), mkdtempSync(path.join(tmpdir(), "parlor-")), flags);
    await server.start();
    return server;
  }

  /** Starts a copy of the binary alone in an empty folder. */
  static async startAlone(): Promise<Server> {
    const server = new Server(await freePort(), mkdtempSync(path.join(tmpdir(), "parlor-alone-")), []);
    const copy = path.join(server.folder, "parlor");
    copyFileSync(server.program, copy);
    server.program = copy;
    await server.start();
    return server;
  }

  /** Whether `update` is possible: a development build has no embedded site. */
  get canUpdate(): boolean {
    return styleHash(readFileSync(this.program)) !== undefined;
  }

  /** The next start runs another build, on the same port and data folder. */
  update(): void {
    this.program = otherBuild(this.program, this.folder);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const args = ["--addr", this.address, "--data", this.folder, ...this.flags];
    const child = spawn(this.program, args, { stdio: ["ignore", "pipe", "inherit"], cwd: this.folder });
    this.child = child;
    this.output = "";
    await new Promise<void>((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`the server exited with ${code}`)));
      child.stdout!.on("data", (text) => {
        this.output += text;
        if (this.output.includes("listening on")) resolve();
      });
    });
    child.removeAllListeners("exit");
  }

  /** The secret of the link for the first owner, as printed at the start. */
  get firstSecret(): string {
    const [, secret] = /\/first\/(\w+)/.exec(this.output) ?? [];
    if (!secret) throw new Error(`no link for the first owner in: ${this.output}`);
    return secret;
  }

  /** Ends without a shutdown, as a power cut would. */
  async kill(): Promise<void> {
    await this.end("SIGKILL");
  }

  /** Shuts down, as a service manager would do it. */
  async stop(): Promise<void> {
    await this.end("SIGTERM");
  }

  /** Suspends the process; its connections stay open. */
  suspend(): void {
    this.child?.kill("SIGSTOP");
  }

  resume(): void {
    this.child?.kill("SIGCONT");
  }

  async dispose(): Promise<void> {
    this.resume();
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  }
}
