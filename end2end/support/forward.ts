// Forwards HTTP requests and upgrades to a server, for the proxies of the tests.
import http, { IncomingMessage, ServerResponse } from "node:http";
import net, { Socket } from "node:net";
import { Duplex } from "node:stream";

export interface Address {
  host: string;
  port: number;
}

/** `host:port` */
export function parseAddress(text: string): Address {
  const [host, port] = text.split(":");
  return { host, port: Number(port) };
}

/** Connects to the first address at which something listens. */
export async function connect(addresses: Address[]): Promise<Socket> {
  let failure: unknown = new Error("there is no address to connect to");
  for (const address of addresses) {
    try {
      return await new Promise<Socket>((resolve, reject) => {
        const socket = net.connect(address, () => resolve(socket.off("error", reject)));
        socket.once("error", reject);
      });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** Forwards a request over a new connection. `body` gets the response after its head; otherwise it is copied. */
export function forwardRequest(
  request: IncomingMessage,
  response: ServerResponse,
  connection: Socket,
  body: (incoming: IncomingMessage) => void = (incoming) => incoming.pipe(response),
): void {
  const { method, url: path, headers } = request;
  const upstream = http.request({ method, path, headers, createConnection: () => connection });
  upstream.on("error", () => response.destroy());
  response.once("close", () => upstream.destroy());
  upstream.on("response", (incoming) => {
    response.writeHead(incoming.statusCode!, incoming.headers);
    response.flushHeaders();
    body(incoming);
    incoming.on("error", () => response.destroy());
    incoming.on("aborted", () => response.destroy());
  });
  request.pipe(upstream);
}

/** Forwards an upgrade, and everything that both sides send after it. */
export function forwardUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, connection: Socket): void {
  let text = `${request.method} ${request.url} HTTP/1.1\r\n`;
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    text += `${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]}\r\n`;
  }
  connection.write(`${text}\r\n`);
  connection.write(head);
  connection.pipe(socket).pipe(connection);
  connection.once("close", () => socket.destroy());
  socket.once("close", () => connection.destroy());
}
