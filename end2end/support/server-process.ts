// One process of a server.
import { ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { Address } from "./forward";

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

export class ServerProcess implements Address {
  readonly host = "127.0.0.1";
  private child?: ChildProcess;
  /** The newest link for the first owner that it has printed, and when. */
  ownerLink?: { secret: string; printedAt: number };
  /** The binary that the next start runs. */
  program = process.env.PARLOR_BIN!; // set by binary.ts

  private constructor(readonly name: string, readonly port: number, private folder: string, private flags: string[]) {}

  /** Chooses a port, which it keeps over restarts. `folder` is its data folder. */
  static async prepare(name: string, folder: string, flags: string[]): Promise<ServerProcess> {
    mkdirSync(folder, { recursive: true });
    return new ServerProcess(name, await freePort(), folder, flags);
  }

  get address(): string {
    return `${this.host}:${this.port}`;
  }

  get url(): string {
    return `http://${this.address}`;
  }

  async start(): Promise<void> {
    const args = ["--addr", this.address, "--data", this.folder, ...this.flags];
    const child = spawn(this.program, args, { stdio: ["ignore", "pipe", "inherit"], cwd: this.folder });
    this.child = child;
    let output = "";
    await new Promise<void>((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`the server exited with ${code}`)));
      child.stdout!.on("data", (text) => {
        output += text;
        const [, secret] = /\/first\/(\w+)/.exec(output) ?? [];
        if (secret && secret !== this.ownerLink?.secret) this.ownerLink = { secret, printedAt: Date.now() };
        if (output.includes("listening on")) resolve();
      });
    });
    child.removeAllListeners("exit");
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

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  }
}
