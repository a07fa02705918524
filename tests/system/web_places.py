"""Places of credentials behind HTTP: a third party that makes API keys, and a receiver that verifies webhooks."""
import base64
import hashlib
import hmac
import json
import os
import subprocess
import tempfile
import shutil
import time
import urllib.error
import urllib.request

from credential_places import Place
from file_places import ROOT
from node import wait_until
from rest import b64
from test_secrets import SECRETS, read


class WebPlace(Place):
    """A program that tells its port in a file."""
    connectors, admin, account = {"egress": {"loopback": True}}, None, {}

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="kwcs-")
        port = os.path.join(self.folder, "port")
        self.process = subprocess.Popen(["/usr/bin/python3", "-B", ROOT / "src/connectors" / self.program, port, *self.arguments()],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: os.path.exists(port), 30, self.program)
            with open(port, encoding="utf-8") as file:
                self.port = int(file.read())
            self.prepare()
        except BaseException:
            self.stop()
            raise

    @staticmethod
    def installed():
        return os.path.exists("/usr/bin/python3")

    def arguments(self):
        return []

    def ask(self, method, path, data=None, headers=None):
        """(status, body) of the answer."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()

    def stop(self):
        self.process.kill()
        self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)


class HttpApiPlace(WebPlace):
    connector, program = "http_api", "http_api_provider_for_tests.py"
    admin = {"username": "admin", "password": "admin-token-of-the-tests"}

    def prepare(self):
        self.system = {"base_url": f"http://127.0.0.1:{self.port}/v1", "create": "POST /keys", "list": "GET /keys", "next_at": "/next",
                       "delete": "DELETE /keys/{{id}}", "disable": "POST /keys/{{id}}/disable", "enable": "POST /keys/{{id}}/enable",
                       "probe": "GET /whoami", "item_used": "/last_used_at"}
        self.account = {"name": "app"}
        made = json.loads(self.ask("POST", "/v1/keys", b'{"name": "app-first"}', {"Authorization": "Bearer " + self.admin["password"]})[1])
        self.first = {"username": made["id"], "password": made["secret"]}

    def takes(self, fields):
        return self.ask("GET", "/v1/whoami", headers={"Authorization": "Bearer " + fields["password"]})[0] == 200

    def names(self):
        return [key["name"] for key in json.loads(self.ask("POST", "/control", b"{}")[1])["keys"].values()]


class WebhookPlace(WebPlace):
    """The receiver has what its people gave it last; the sender signs through Keywright and never sees the secret."""
    connector, program, without = "webhook", "webhook_receiver_for_tests.py", ("disable_old",)
    body = {"generate": "webhook", "type": "webhook"}

    def arguments(self):
        self.held = os.path.join(self.folder, "held")
        return [self.held]

    def prepare(self):
        self.has("")
        self.system = {"url": f"http://127.0.0.1:{self.port}/hooks"}

    def has(self, secret):
        with open(self.held + ".new", "w", encoding="utf-8") as file:
            file.write(secret + "\n")
        os.replace(self.held + ".new", self.held)

    def follows(self, rest, path):
        self.has(read(rest, path))

    def serves(self, rest, path):
        event = b'{"type": "keywright.test"}'
        signed = rest.post(f"{SECRETS}/{path}:sign-webhook", {"payload": b64(event)})["headers"]
        return self.ask("POST", "/hooks", event, signed)[0] == 204

    def takes(self, secret):
        event, stamp = b"{}", str(int(time.time()))
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signature = base64.b64encode(hmac.new(key, f"msg_1.{stamp}.".encode() + event, hashlib.sha256).digest()).decode()
        return self.ask("POST", "/hooks", event, {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": "v1," + signature})[0] == 204

    def names(self):
        with open(self.held, encoding="utf-8") as file:
            return file.read().split()
