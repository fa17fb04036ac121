// A server process that a test may kill, freeze and start again on the same port and data.
import { ChildProcess, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { nameOfStyle, otherBuild } from "./other-build";

const root = path.join(__dirname, "../..");

/** `PARLOR_BIN`, or the newest build there is: release first. */
function binary(): string {
  const candidates = [process.env.PARLOR_BIN, "target/release/parlor", "target/debug/parlor"];
  const found = candidates.filter((file) => file !== undefined).map((file) => path.resolve(root, file)).find(existsSync);
  if (!found) throw new Error("no parlor binary: run `make build` first, or set PARLOR_BIN");
  return found;
}

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
  private program = binary();
  private said = "";
  private constructor(private port: number, private folder: string, private flags: string[]) {}

  static async start(...flags: string[]): Promise<Server> {
    const server = new Server(await freePort(), mkdtempSync(path.join(tmpdir(), "parlor-")), flags);
    await server.start();
    return server;
  }

  /** From a copy of the binary that stands alone in an empty folder. */
  static async startAlone(): Promise<Server> {
    const server = new Server(await freePort(), mkdtempSync(path.join(tmpdir(), "parlor-alone-")), []);
    const copy = path.join(server.folder, "parlor");
    copyFileSync(server.program, copy);
    server.program = copy;
    await server.start();
    return server;
  }

  /** Whether it can become another build: in a development build the site's files are elsewhere. */
  get canUpdate(): boolean {
    return nameOfStyle(readFileSync(this.program)) !== undefined;
  }

  /** From now on it is another build that starts here, on the same port and data. */
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
    this.said = "";
    await new Promise<void>((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
      child.stdout!.on("data", (text) => {
        this.said += text;
        if (this.said.includes("listening on")) resolve();
      });
    });
    child.removeAllListeners("exit");
  }

  /** What makes the first owner, as the server has said it. */
  get firstSecret(): string {
    const [, secret] = /\/first\/(\w+)/.exec(this.said) ?? [];
    if (!secret) throw new Error(`no link for an owner: ${this.said}`);
    return secret;
  }

  /** As a power cut would: nothing is finished, nobody is told. */
  async kill(): Promise<void> {
    await this.end("SIGKILL");
  }

  /** As a service manager would. */
  async stop(): Promise<void> {
    await this.end("SIGTERM");
  }

  /** It keeps its connections and does nothing any more. */
  freeze(): void {
    this.child?.kill("SIGSTOP");
  }

  thaw(): void {
    this.child?.kill("SIGCONT");
  }

  async dispose(): Promise<void> {
    this.thaw();
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
