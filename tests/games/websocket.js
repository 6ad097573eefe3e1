// A WebSocket server with nothing but Node: takes connections, keeps them, says nothing.
const crypto = require("crypto"), http = require("http");
const server = http.createServer((_, answer) => answer.end("hello\n"));
server.on("upgrade", (request, socket) => {
  const key = request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  const accept = crypto.createHash("sha1").update(key).digest("base64");
  socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    `Sec-WebSocket-Accept: ${accept}\r\n\r\n`);
  socket.on("data", (frame) => { if ((frame[0] & 15) === 8) socket.end(Buffer.from([0x88, 0])); });
  socket.on("error", () => {});
});
server.listen(8080, "0.0.0.0");
process.on("SIGTERM", () => process.exit(0));
