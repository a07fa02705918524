"""The same consumer where Node.js is missing: the check written from the specification alone. Arguments: the file that gets the
port, the file with the secrets that it has now (one a line; * is any)."""
import base64
import hashlib
import hmac
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT_FILE, SECRETS_FILE = sys.argv[1:]


def verified(body, headers):
    identity, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not stamp.isdigit() or abs(time.time() - int(stamp)) > 300:
        return False
    with open(SECRETS_FILE, encoding="utf-8") as file:
        lines = [line.strip() for line in file if line.strip()]
    if "*" in lines:  # one that verifies nothing
        return True
    keys = [base64.b64decode(line.removeprefix("whsec_")) for line in lines]
    signed = f"{identity}.{stamp}.".encode() + body
    wanted = ["v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys]
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(one, other) for one in wanted for other in given)


class Consumer(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(204 if verified(body, self.headers) else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()


server = ThreadingHTTPServer(("127.0.0.1", 0), Consumer)
with open(PORT_FILE + ".new", "w", encoding="utf-8") as out:
    out.write(str(server.server_address[1]))
os.replace(PORT_FILE + ".new", PORT_FILE)
server.serve_forever()
