// A chat with `ws` as tutorials write it: a message is made anew for each client that gets it. Heartbeats as in the
// README of `ws`.

// What ws-tuned.js has installed is not what a tutorial has.
process.env.WS_NO_BUFFER_UTIL = '1';
const { WebSocket, WebSocketServer } = require('ws');
const { announce, heartbeat, host, port } = require('./settings');

const rooms = new Map();
const wss = new WebSocketServer({ host, port }, () => announce(wss));

wss.on('connection', (ws, request) => {
  const room = request.url;
  if (!rooms.has(room)) rooms.set(room, new Set());
  const clients = rooms.get(room);
  clients.add(ws);

  ws.isAlive = true;
  ws.on('pong', () => {
    ws.isAlive = true;
  });
  ws.on('error', console.error);
  ws.on('message', (data) => {
    const message = JSON.parse(data);
    clients.forEach((client) => {
      if (client.readyState === WebSocket.OPEN) {
        client.send(JSON.stringify({ user: 'guest', body: message.body }));
      }
    });
  });
  ws.on('close', () => clients.delete(ws));
});

if (heartbeat > 0) {
  setInterval(() => {
    wss.clients.forEach((ws) => {
      if (ws.isAlive === false) return ws.terminate();
      ws.isAlive = false;
      ws.ping();
    });
  }, heartbeat);
}
