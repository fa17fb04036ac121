// A chat with Socket.IO as its documentation writes it: rooms are its own, and so are heartbeats.

const { createServer } = require('node:http');
const { Server } = require('socket.io');
const { announce, heartbeat, host, port } = require('./settings');

// Socket.IO knows no connection without heartbeats: this is as good as none.
const NEVER = 24 * 60 * 60 * 1000;

const server = createServer();
const io = new Server(server, { pingInterval: heartbeat || NEVER });

io.on('connection', (socket) => {
  socket.on('join', (room) => {
    socket.join(room);
    socket.emit('joined', room);
  });
  socket.on('message', ({ room, body }) => {
    io.to(room).emit('message', { user: 'guest', body });
  });
});

server.listen(port, host, () => announce(server));
