// A proxy between the browser and the server that is as unkind to live connections as real ones are.
import http, { IncomingMessage, Server as HttpServer, ServerResponse } from "node:http";
import net, { AddressInfo, Socket } from "node:net";
import { Duplex } from "node:stream";

/** What becomes of a kind of connection: passed on, refused at once, or left without an answer. */
export type Fate = "pass" | "refuse" | "hang";

export class Proxy {
  upgrades: Fate = "pass";
  /** `buffer`: the head of the answer passes, its body never does. */
  streams: Fate | "buffer" = "pass";
  /** What clients without a WebSocket say. */
  posts: "pass" | "hang" = "pass";
  /** How many upgrades and streams were asked for. */
  readonly asked = { upgrades: 0, streams: 0, polls: 0 };
  private down = false;
  private sockets = new Set<Socket>();
  private server: HttpServer;

  private constructor(private target: { host: string; port: number }, private stream: string) {
    this.server = http.createServer((request, response) => this.request(request, response));
    this.server.on("connection", (socket) => {
      if (this.down) return void socket.destroy();
      this.hold(socket);
    });
    this.server.on("upgrade", (request, socket, head) => this.upgrade(request, socket, head));
  }

  /** In front of the server at this address (`host:port`). `stream`: which path has the streams that it may hold back. */
  static async start(address: string, stream = "/live/sse"): Promise<Proxy> {
    const [host, port] = address.split(":");
    const proxy = new Proxy({ host, port: Number(port) }, stream);
    await new Promise<void>((resolve) => proxy.server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `http://${this.address}`;
  }

  /** Ends every connection there is, without a word. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** The network is gone, until `up`. */
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

  private hold<S extends Socket>(socket: S): S {
    this.sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.sockets.delete(socket));
    return socket;
  }

  private request(request: IncomingMessage, response: ServerResponse): void {
    const stream = request.url!.startsWith(this.stream);
    if (request.url!.startsWith("/live/poll")) this.asked.polls++;
    if (request.url!.startsWith("/live/frames") && this.posts === "hang") return;
    if (stream) {
      this.asked.streams++;
      if (this.streams === "hang") return;
      if (this.streams === "refuse") return void response.writeHead(403).end();
    }
    const { method, url: path } = request;
    const onward = http.request({ ...this.target, method, path, headers: request.headers, agent: false });
    onward.on("socket", (socket) => this.hold(socket));
    onward.on("error", () => response.destroy());
    response.once("close", () => onward.destroy());
    onward.on("response", (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      response.flushHeaders();
      const live = answer.headers["content-type"]?.startsWith("text/event-stream");
      if (live && this.streams === "buffer") {
        answer.resume();
        answer.once("end", () => response.destroy());
      } else {
        answer.pipe(response);
      }
      answer.on("error", () => response.destroy());
      answer.on("aborted", () => response.destroy());
    });
    request.pipe(onward);
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.asked.upgrades++;
    if (this.upgrades === "hang") return;
    if (this.upgrades === "refuse") return void socket.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    const onward = this.hold(net.connect(this.target));
    let text = `${request.method} ${request.url} HTTP/1.1\r\n`;
    for (let at = 0; at < request.rawHeaders.length; at += 2) {
      text += `${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]}\r\n`;
    }
    onward.write(`${text}\r\n`);
    onward.write(head);
    onward.pipe(socket).pipe(onward);
    onward.once("close", () => socket.destroy());
    socket.once("close", () => onward.destroy());
  }
}
