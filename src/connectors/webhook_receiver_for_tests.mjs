// A consumer of webhooks as its authors would write it, on the package `standardwebhooks`. Arguments:
// the file that gets the port, the file with the secrets that it has now (one a line).
import { createServer } from "node:http";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const [portFile, secretsFile] = process.argv.slice(2);

function verified(body, headers) {
  const secrets = readFileSync(secretsFile, "utf8").split("\n").filter(Boolean);
  for (const secret of secrets) {
    try {
      new Webhook(secret).verify(body, headers);
      return true;
    } catch {
      // the next one
    }
  }
  return false;
}

const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    response.writeHead(verified(Buffer.concat(parts).toString("utf8"), request.headers) ? 204 : 401);
    response.end();
  });
});
server.listen(0, "127.0.0.1", () => {
  writeFileSync(portFile + ".new", String(server.address().port));
  renameSync(portFile + ".new", portFile);
});
