"""A small REST client for the demo, the benchmarks and the system tests: one kept-alive TLS connection, pinned certificate."""
import base64
import hashlib
import http.client
import json
import os
import ssl
import urllib.parse


class Problem(Exception):
    def __init__(self, status, body):
        super().__init__(f"{status} {body.get('reason')}: {body.get('detail')}")
        self.status, self.body, self.reason = status, body, body.get("reason")


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


class Rest:
    def __init__(self, url, token=None, fingerprint=None, timeout=30, certificate=None):
        parts = urllib.parse.urlsplit(url)
        self.address = (parts.hostname, parts.port)
        self.token, self.fingerprint, self.timeout = token, fingerprint, timeout
        # Not the default context: that one reads every authority of the system, and none is asked here.
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE  # the fingerprint below is the check
        if certificate:
            self.context.load_cert_chain(*certificate)
        self.connection = None

    def connect(self):
        connection = http.client.HTTPSConnection(*self.address, timeout=self.timeout, context=self.context)
        connection.connect()
        der = connection.sock.getpeercert(binary_form=True)
        if self.fingerprint and hashlib.sha256(der).hexdigest() != self.fingerprint:
            raise ssl.SSLError("the server's certificate is not the pinned one")
        self.connection = connection

    def raw(self, method, path, body=None, headers=None):
        """Returns (status, headers, bytes). Reconnects once when an idle connection was closed."""
        sent = {"Content-Type": "application/json"} if body is not None else {}
        if self.token:
            sent["Authorization"] = "Bearer " + self.token
        sent.update(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        fresh = self.connection is None
        for attempt in (0, 1):
            try:
                if self.connection is None:
                    self.connect()
                self.connection.request(method, path, body, sent)
                answer = self.connection.getresponse()
                return answer.status, answer.headers, answer.read()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self.close()
                if attempt or fresh:
                    raise
            except (OSError, http.client.HTTPException):
                self.close()  # half an exchange: the next one needs a connection of its own
                raise
        raise AssertionError

    def call(self, method, path, body=None, headers=None):
        status, answered, text = self.raw(method, path, body, headers)
        parsed = json.loads(text) if text and "json" in answered.get("Content-Type", "") else {}
        if status >= 400:
            raise Problem(status, parsed)
        return parsed

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, body=None, headers=None):
        return self.call("POST", path, {} if body is None else body, headers)

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


def saved_context(directory, name="dev"):
    with open(os.path.join(directory, "contexts.json"), encoding="utf-8") as file:
        return json.load(file)["contexts"][name]
