// A chat with `ws` as one writes it who has measured: a message is made once and is bytes before it is sent, there is
// nothing to compress or to check twice, and `bufferutil` unmasks where it is installed. With MODE=batch the sockets are
// corked until the turn of the event loop ends, so that what one client gets in a turn is one write; few do so, but `ws`
// allows it. The default is MODE=single.

const { WebSocket, WebSocketServer } = require('ws');
const { announce, heartbeat, host, port } = require('./settings');

const TEXT = { binary: false, compress: false };

const batching = process.env.MODE === 'batch';

const rooms = new Map();
const wss = new WebSocketServer(
  {
    host,
    port,
    backlog: 4096,
    perMessageDeflate: false,
    // JSON.parse sees what is not UTF-8; rooms know their clients.
    skipUTF8Validation: true,
    clientTracking: false,
    maxPayload: 64 * 1024,
  },
  () => announce(wss),
);

function join(name, ws) {
  let room = rooms.get(name);
  if (room === undefined) rooms.set(name, (room = new Set()));
  room.add(ws);
  return room;
}

function leave(name, ws) {
  const room = rooms.get(name);
  if (room?.delete(ws) && room.size === 0) rooms.delete(name);
}

function alive() {
  this.isAlive = true;
}

let corked = [];

function uncork() {
  const sockets = corked;
  corked = [];
  for (const socket of sockets) socket.uncork();
}

/** Holds back what is written to a socket until all that was readable in this turn has been read. */
function cork(socket) {
  // `ws` itself corks and uncorks around each frame; this is one level above.
  if (socket.writableCorked > 0) return;
  socket.cork();
  if (corked.push(socket) === 1) setImmediate(uncork);
}

wss.on('connection', (ws, request) => {
  const name = request.url;
  ws.tcp = request.socket;
  const room = join(name, ws);
  ws.isAlive = true;
  ws.on('pong', alive);
  // 'close' follows.
  ws.on('error', () => {});
  ws.on('close', () => leave(name, ws));
  ws.on('message', (data) => {
    let body;
    try {
      ({ body } = JSON.parse(data));
    } catch {
      return ws.close(1007);
    }
    const message = Buffer.from(JSON.stringify({ user: 'guest', body }));
    for (const client of room) {
      if (client.readyState !== WebSocket.OPEN) continue;
      if (batching) cork(client.tcp);
      client.send(message, TEXT);
    }
  });
});

if (heartbeat > 0) {
  setInterval(() => {
    for (const room of rooms.values()) {
      for (const ws of room) {
        if (!ws.isAlive) {
          ws.terminate();
          continue;
        }
        ws.isAlive = false;
        ws.ping();
      }
    }
  }, heartbeat);
}
