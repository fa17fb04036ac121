// A proxy between browser and server that blocks, stalls or buffers live connections as real proxies do.
import http, { IncomingMessage, Server as HttpServer, ServerResponse } from "node:http";
import { AddressInfo, Socket } from "node:net";
import { Duplex } from "node:stream";
import { Address, connect, forwardRequest, forwardUpgrade, parseAddress } from "./forward";

/** What the proxy does with a kind of connection: forward it, refuse it at once, or never answer. */
export type Mode = "pass" | "refuse" | "hang";

export class Proxy {
  upgrades: Mode = "pass";
  /** `buffer`: forwards the response head and withholds the body. */
  streams: Mode | "buffer" = "pass";
  /** Frames posted by clients that have no WebSocket. */
  posts: "pass" | "hang" = "pass";
  /** Requests seen so far. */
  readonly requests = { upgrades: 0, streams: 0, polls: 0 };
  private down = false;
  private sockets = new Set<Socket>();
  private server: HttpServer;

  private constructor(private target: Address, private stream: string) {
    this.server = http.createServer((request, response) => this.request(request, response));
    this.server.on("connection", (socket) => {
      if (this.down) return void socket.destroy();
      this.track(socket);
    });
    this.server.on("upgrade", (request, socket, head) => this.upgrade(request, socket, head));
  }

  /** Starts in front of the server at `address` (`host:port`). `stream` is the path prefix of event streams. */
  static async start(address: string, stream = "/live/sse"): Promise<Proxy> {
    const proxy = new Proxy(parseAddress(address), stream);
    await new Promise<void>((resolve) => proxy.server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `http://${this.address}`;
  }

  /** Resets every open connection. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Refuses all connections until `comeUp`. */
  goDown(): void {
    this.down = true;
    this.cut();
  }

  comeUp(): void {
    this.down = false;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.cut();
    await closed;
  }

  private track(socket: Socket): Socket {
    this.sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.sockets.delete(socket));
    return socket;
  }

  private request(request: IncomingMessage, response: ServerResponse): void {
    const stream = request.url!.startsWith(this.stream);
    if (request.url!.startsWith("/live/poll")) this.requests.polls++;
    if (request.url!.startsWith("/live/frames") && this.posts === "hang") return;
    if (stream) {
      this.requests.streams++;
      if (this.streams === "hang") return;
      if (this.streams === "refuse") return void response.writeHead(403).end();
    }
    this.connect().then(
      (connection) => {
        if (response.destroyed) return void connection.destroy();
        forwardRequest(request, response, connection, (incoming) => {
          const live = incoming.headers["content-type"]?.startsWith("text/event-stream");
          if (!live || this.streams !== "buffer") return void incoming.pipe(response);
          incoming.resume();
          incoming.once("end", () => response.destroy());
        });
      },
      () => response.destroy(),
    );
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.requests.upgrades++;
    if (this.upgrades === "hang") return;
    if (this.upgrades === "refuse") return void socket.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    this.connect().then(
      (connection) => (socket.destroyed ? void connection.destroy() : forwardUpgrade(request, socket, head, connection)),
      () => socket.destroy(),
    );
  }

  private async connect(): Promise<Socket> {
    return this.track(await connect([this.target]));
  }
}
