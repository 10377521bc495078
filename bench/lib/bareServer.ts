// The peer of the ACK benchmark: node:http that reads the body, stores nothing and answers 200.
import { createServer } from "node:http"

const server = createServer((request, response) => {
  request.on("data", () => {})
  request.on("end", () => response.writeHead(200, { "content-length": 0 }).end())
})
server.listen(Number(process.argv[2]), "127.0.0.1", () => process.stdout.write("ready\n"))
