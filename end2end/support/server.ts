// A server that a test can kill, suspend and restart at the same address with the same data. It is one process, or several nodes
// behind a load balancer: see test-servers.ts.
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Database } from "./database";
import { LoadBalancer } from "./load-balancer";
import { styleHash, otherBuild } from "./other-build";
import { ServerProcess, freePort } from "./server-process";
import { NODES, ON_POSTGRES, addressFrom } from "./test-servers";

/** Everything that a server consists of. */
interface Parts {
  folder: string;
  nodes: ServerProcess[];
  /** `host:port` of the load balancer, or of the only process. */
  address: string;
  balancer?: LoadBalancer;
  database?: Database;
}

export class Server {
  private constructor(private parts: Parts) {}

  static async start(...flags: string[]): Promise<Server> {
    if (NODES > 1) return Server.startNodes(addressFrom("PARLOR_TEST_NATS", "with-nats.sh"), ...flags);
    const folder = newFolder();
    const database = ON_POSTGRES ? await Database.create() : undefined;
    const store = database ? ["--store", database.url] : [];
    const only = await ServerProcess.prepare("only", folder, [...store, ...flags]);
    return Server.startWith({ folder, nodes: [only], address: only.address, database });
  }

  /** Starts nodes named a, b and so on, which tell each other through the NATS server at `bus`. */
  static async startNodes(bus: string, ...flags: string[]): Promise<Server> {
    const folder = newFolder();
    const database = await Database.create();
    const nodes: ServerProcess[] = [];
    for (const name of "abcdefghij".slice(0, NODES)) {
      const cluster = ["--store", database.url, "--bus", bus, "--node-name", name];
      nodes.push(await ServerProcess.prepare(name, path.join(folder, name), [...cluster, ...flags]));
    }
    const port = await freePort();
    const balancer = new LoadBalancer(port, nodes);
    return Server.startWith({ folder, nodes, address: `127.0.0.1:${port}`, balancer, database });
  }

  /** Starts a copy of the binary alone in an empty folder. */
  static async startAlone(): Promise<Server> {
    const folder = mkdtempSync(path.join(tmpdir(), "parlor-alone-"));
    const only = await ServerProcess.prepare("only", folder, []);
    const copy = path.join(folder, "parlor");
    copyFileSync(only.program, copy);
    only.program = copy;
    return Server.startWith({ folder, nodes: [only], address: only.address });
  }

  private static async startWith(parts: Parts): Promise<Server> {
    const server = new Server(parts);
    await server.start().catch(async (error) => {
      await server.dispose();
      throw error;
    });
    return server;
  }

  /** Whether `update` is possible: a development build has no embedded site. */
  get canUpdate(): boolean {
    return styleHash(readFileSync(this.parts.nodes[0].program)) !== undefined;
  }

  /** The next start runs another build, at the same address with the same data. */
  update(): void {
    const program = otherBuild(this.parts.nodes[0].program, this.parts.folder);
    for (const node of this.parts.nodes) node.program = program;
  }

  get url(): string {
    return `http://${this.address}`;
  }

  get address(): string {
    return this.parts.address;
  }

  /** Starts all nodes, one after the other. */
  async start(): Promise<void> {
    for (const node of this.parts.nodes) await node.start();
    await this.parts.balancer?.listen();
  }

  /** The secret of the link for the first owner. A newer link voids those before it, whichever node printed them. */
  get firstSecret(): string {
    const links = this.parts.nodes.flatMap((node) => node.ownerLink ?? []).sort((a, b) => b.printedAt - a.printedAt);
    if (links.length === 0) throw new Error("no link for the first owner was printed");
    return links[0].secret;
  }

  /** The node with this name, which can be ended and started alone. The load balancer meanwhile uses the others. */
  node(name: string): ServerProcess {
    const node = this.parts.nodes.find((node) => node.name === name);
    if (!node) throw new Error(`no node is named ${name}`);
    return node;
  }

  /** Ends all nodes without a shutdown, as a power cut would. */
  async kill(): Promise<void> {
    await this.end((node) => node.kill());
  }

  /** Shuts all nodes down, as a service manager would do it. */
  async stop(): Promise<void> {
    await this.end((node) => node.stop());
  }

  /** Suspends all processes; their connections stay open. */
  suspend(): void {
    for (const node of this.parts.nodes) node.suspend();
  }

  resume(): void {
    for (const node of this.parts.nodes) node.resume();
  }

  async dispose(): Promise<void> {
    this.resume();
    await this.kill();
    await this.parts.database?.drop();
    rmSync(this.parts.folder, { recursive: true, force: true });
  }

  private async end(how: (node: ServerProcess) => Promise<void>): Promise<void> {
    this.parts.balancer?.refuse();
    await Promise.all(this.parts.nodes.map(how));
    this.parts.balancer?.cut();
  }
}

function newFolder(): string {
  return mkdtempSync(path.join(tmpdir(), "parlor-"));
}
