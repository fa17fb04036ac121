// What the peers in Node.js have in common: settings from the environment, and how they say that they are ready.

/** A whole number from the environment. */
function number(name, otherwise) {
  const value = Number(process.env[name] ?? otherwise);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} must be a number`);
  return value;
}

exports.host = '127.0.0.1';
/** 0: any free port. */
exports.port = number('PORT', 0);
/** Interval of heartbeats to each connection, in milliseconds; 0: none. */
exports.heartbeat = number('HEARTBEAT_MS', 25_000);

/** Prints the line that whoever started the peer waits for. */
exports.announce = (server) => {
  const { address, port } = server.address();
  console.log(`listening on http://${address}:${port}`);
};
