"""A third party that hands out API keys, for tests: keys that are created and deleted, and two fixed
slots. It can lose its answers. Writes its port to the file that is its argument."""
import json
import os
import secrets
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ADMIN = "admin-token-of-the-tests"
KEYS, SLOTS = {}, {}
STATE = {"lose": 0, "everybody": False, "requests": 0, "most": 2}


def slot(name):
    return SLOTS.setdefault(name, secrets.token_urlsafe(24))


class Provider(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=None):
        if STATE["lose"] and not self.path.startswith("/control"):
            STATE["lose"] -= 1
            self.close_connection = True
            self.connection.close()
            return
        text = json.dumps(body if body is not None else {}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def bearer(self):
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urllib.parse.urlsplit(self.path)
        path = [urllib.parse.unquote(part) for part in url.path.split("/")[1:]]
        if path[0] == "control":
            STATE.update(json.loads(body))
            for name in STATE.pop("forget", []):
                KEYS.pop(name, None)
            return self.answer(200, {"state": STATE, "keys": KEYS, "slots": SLOTS})
        STATE["requests"] += 1
        if path[:2] == ["v1", "whoami"]:
            live = [key["secret"] for key in KEYS.values() if not key["disabled"]] + list(SLOTS.values())
            known = STATE["everybody"] or self.bearer() in live
            for key in KEYS.values():
                if key["secret"] == self.bearer():
                    key["last_used_at"] = "2026-01-02T03:04:05Z"
            return self.answer(200 if known else 401)
        if self.bearer() != ADMIN:
            return self.answer(403)
        return self.administer(path[1:], urllib.parse.parse_qs(url.query), body)

    def administer(self, path, query, body):
        if path[0] == "slots":
            SLOTS[path[1]] = secrets.token_urlsafe(24)
            return self.answer(200, {"secret": SLOTS[path[1]]})
        if self.command == "POST" and len(path) == 1:
            name = json.loads(body)["name"]
            if sum(key["name"].split("-")[0] == name.split("-")[0] for key in KEYS.values()) >= STATE["most"]:
                return self.answer(409, {"error": "too many keys"})
            key = {"id": secrets.token_hex(6), "name": name, "secret": secrets.token_urlsafe(24), "disabled": False}
            KEYS[key["id"]] = key
            return self.answer(201, key)
        if self.command == "GET":  # pages of two
            start = int(query.get("from", ["0"])[0])
            items = [{
name: key[name] for name in key if name != "secret"} for key in KEYS.values()]
            following = f"/keys?from={start + 2}" if start + 2 < len(items) else ""
            return self.answer(200, {"items": items[start:start + 2], "next": following})
        key = KEYS.get(path[1])
        if key is None:
            return self.answer(404)
        if self.command == "DELETE":
            del KEYS[path[1]]
        else:
            key["disabled"] = path[2] == "disable"
        return self.answer(200)

    do_GET = do_POST = do_DELETE = handle_any


server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
server.daemon_threads = True
with open(sys.argv[1] + ".new", "w", encoding="utf-8") as file:
    file.write(str(server.server_address[1]))
os.replace(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
