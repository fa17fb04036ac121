// A load balancer in front of the nodes of a server: requests go to the nodes in turn, except those with the cookie of a node.
import http, { IncomingMessage, Server as HttpServer } from "node:http";
import { Socket } from "node:net";
import { Address, connect, forwardRequest, forwardUpgrade } from "./forward";

/** The cookie by which a node keeps the requests of a browser. */
export const NODE_COOKIE = "parlor_node";

export interface Backend extends Address {
  name: string;
}

export class LoadBalancer {
  private turn = 0;
  private server?: HttpServer;
  private sockets = new Set<Socket>();

  constructor(private port: number, private backends: Backend[]) {}

  async listen(): Promise<void> {
    const server = http.createServer((request, response) => {
      this.connect(request).then(
        (connection) => (response.destroyed ? void connection.destroy() : forwardRequest(request, response, connection)),
        () => response.destroy(),
      );
    });
    server.on("upgrade", (request, socket, head) => {
      this.connect(request).then(
        (connection) => (socket.destroyed ? void connection.destroy() : forwardUpgrade(request, socket, head, connection)),
        () => socket.destroy(),
      );
    });
    server.on("connection", (socket) => this.track(socket));
    // The browser closes idle connections. One that is closed here just when it is used again would fail a request.
    server.keepAliveTimeout = 0;
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.port, "127.0.0.1", resolve);
    });
  }

  /** Refuses new connections. Open ones stay until `cut`. */
  refuse(): void {
    this.server?.close();
    this.server = undefined;
  }

  /** Resets every open connection. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** A node whose port refuses connections is passed over; the cookie only says which one is tried first. */
  private async connect(request: IncomingMessage): Promise<Socket> {
    const first = this.turn++ % this.backends.length;
    const inTurn = [...this.backends.slice(first), ...this.backends.slice(0, first)];
    const wanted = cookie(request, NODE_COOKIE);
    return this.track(await connect(inTurn.sort((a, b) => Number(b.name === wanted) - Number(a.name === wanted))));
  }

  private track(socket: Socket): Socket {
    this.sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.sockets.delete(socket));
    return socket;
  }
}

function cookie(request: IncomingMessage, name: string): string | undefined {
  const pairs = request.headers.cookie?.split(/; */) ?? [];
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}
