// A proxy in front of any TCP server, such as NATS, that can be cut off from it.
import net, { AddressInfo, Server, Socket } from "node:net";
import { Address, connect } from "./forward";

export class TcpProxy {
  private isDown = false;
  private sockets = new Set<Socket>();

  private constructor(private server: Server) {}

  static async start(target: Address): Promise<TcpProxy> {
    const proxy = new TcpProxy(net.createServer());
    proxy.server.on("connection", (socket) => {
      if (proxy.isDown) return void socket.destroy();
      proxy.track(socket);
      connect([target]).then(
        (upstream) => {
          proxy.track(upstream).pipe(socket).pipe(upstream);
          upstream.once("close", () => socket.destroy());
          socket.once("close", () => upstream.destroy());
          if (socket.destroyed || proxy.isDown) upstream.destroy();
        },
        () => socket.destroy(),
      );
    });
    await new Promise<void>((resolve) => proxy.server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Ends all connections, and new ones at once, until `comeUp`. */
  goDown(): void {
    this.isDown = true;
    for (const socket of this.sockets) socket.destroy();
  }

  comeUp(): void {
    this.isDown = false;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.goDown();
    await closed;
  }

  private track(socket: Socket): Socket {
    this.sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.sockets.delete(socket));
    return socket;
  }
}
