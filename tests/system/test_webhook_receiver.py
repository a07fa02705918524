"""Webhooks verified by the package `standardwebhooks` itself, through ten rotations of the secret: by the library, and by the real server
under real runs, whose sender never holds the secret."""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest

from node import Node, wait_until
from rest import b64
from test_secrets import SECRETS, put, refusal, staff

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROTATIONS = 10
QUICK = ("name: quick\nrollout: {steps: [100], soak: 0s}\npublish_wait: 0s\nacknowledgement_deadline: 2s\noverlap: {min: 0s, quiet: 0s}\n"
         "quarantine: 0s\nold_version: retire\n")
# Whoever sends may sign and nothing else.
SENDER = ("statements:\n  - effect: permit\n    principals: [sender]\n    actions: ['secret:sign-webhook']\n    tenant: acme\n    kind: secret\n"
          "    prefix: hooks/\n")


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    if not shutil.which("npm"):
        pytest.skip("npm is missing")
    (folder / "package.json").write_text('{"name":"receiver","private":true}')
    installed = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "standardwebhooks@1"], cwd=folder,
                               capture_output=True, text=True, timeout=120)
    if installed.returncode != 0:
        pytest.skip("the package cannot be fetched: " + installed.stderr[-200:])
    return folder


def test_the_package_verifies_every_delivery_through_ten_rotations(binary, package):
    tests = pathlib.Path(binary).parent / "src/connectors/connectors_tests"
    if not tests.exists():
        pytest.skip("the unit tests of this build are missing")
    done = subprocess.run([tests, "--gtest_filter=WebhookDelivery.*"], env={**os.environ, "KEYWRIGHT_STANDARDWEBHOOKS": str(package)},
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "[  PASSED  ] 2 tests." in done.stdout


class Receiver:
    """The receiver on the package, with the secrets that its people gave it."""

    def __init__(self, package, folder):
        script = shutil.copy(ROOT / "src/connectors/webhook_receiver_for_tests.mjs", package / "receiver.mjs")
        self.secrets, port = folder / "held", folder / "port"
        self.has()
        with open(folder / "receiver.log", "wb") as log:
            self.process = subprocess.Popen(["node", script, port, self.secrets], stdout=log, stderr=log)
        wait_until(port.exists, 30, "the receiver")
        self.url = f"http://127.0.0.1:{port.read_text()}/hooks"

    def has(self, *secrets):
        fresh = self.secrets.with_suffix(".new")
        fresh.write_text("".join(each + "\n" for each in secrets))
        os.replace(fresh, self.secrets)

    def takes(self, headers, body):
        request = urllib.request.Request(self.url, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status == 204
        except urllib.error.HTTPError as refused:
            assert refused.code == 401
            return False

    def stop(self):
        self.process.kill()
        self.process.wait(20)


@pytest.fixture
def room(binary, package, tmp_path):
    receiver = Receiver(package, tmp_path)
    node = Node(binary, tmp_path / "node", settings="connectors: {egress: {loopback: true}}")
    staff(node)
    node.principal("sender")
    wanda, sol = node.rest("wanda"), node.rest("sol")
    sol.call("PUT", "/api/v1/rotation/policies/quick?tenant=acme", {"document": QUICK})
    sol.call("PUT", "/api/v1/tenants/acme/access-policies/senders", {"policy": SENDER})
    put(wanda, "hooks/shop", generate="webhook", type="webhook")
    yield node, receiver
    node.stop()
    receiver.stop()


def value(rest, version=""):
    return base64.b64decode(rest.get(f"{SECRETS}/hooks/shop{version}")["value"]).decode()


def sign(rest, body, **said):
    return rest.post(f"{SECRETS}/hooks/shop:sign-webhook", {"payload": b64(body), **said})


def states(rest):
    return {each["version"]: each["state"] for each in rest.get(f"{SECRETS}/hooks/shop:metadata")["versions"]}


def test_the_package_verifies_what_the_server_signs_through_ten_rotations(room):
    node, receiver = room
    wanda, consumer, sender = node.rest("wanda"), node.rest("web"), node.rest("sender")
    delivered = 0

    def deliver(text):
        nonlocal delivered
        body = json.dumps({"number": delivered, "text": text}).encode()
        signed = sign(sender, body, id=f"msg_{delivered}")
        assert receiver.takes(signed["headers"], body), signed["versions"]
        delivered += 1
        return signed["versions"]

    receiver.has(value(consumer))
    wanda.call("PUT", "/api/v1/tenants/acme/targets/shop", {"connector": "webhook", "settings": {"url": receiver.url}})
    wanda.post(f"{SECRETS}/hooks/shop:bind", {"target": "shop"})
    assert deliver("first") == [1]
    for number in range(1, ROTATIONS + 1):
        run = wanda.post(f"{SECRETS}/hooks/shop:rotate")["id"]

        def at(state):
            deliver("meanwhile")
            found = wanda.get(f"/api/v1/rotation/runs/{run}")
            assert found["state"] not in ("rolled_back", "needs_operator"), found
            return found["state"] == state
        # The receiver has the old one alone: both sign, the new one first, and the run waits for it.
        wait_until(lambda: at("drain"), 60, "the drain")
        assert deliver("old") == [number + 1, number] and states(wanda)[number] == "secondary"
        receiver.has(value(consumer))
        wait_until(lambda: at("done"), 60, "the end")
        assert deliver("new") == [number + 1] and states(wanda)[number] == "retired"
    assert delivered >= 4 * ROTATIONS
    print(f"{delivered} deliveries, {ROTATIONS} rotations, all verified")
    # The sender signed it all and has seen none of it.
    assert refusal(sender.get, f"{SECRETS}/hooks/shop") == "not_found" or refusal(sender.get, f"{SECRETS}/hooks/shop") == "permission_denied"
    body = b"{}"
    assert not receiver.takes({**sign(sender, body)["headers"], "webhook-id": "another"}, body)


def test_a_test_event_tells_what_the_receiver_makes_of_it(room):
    node, receiver = room
    wanda, consumer = node.rest("wanda"), node.rest("web")
    shop = "/api/v1/tenants/acme/targets/shop"

    def outcome():
        return [row for row in wanda.post(f"{shop}:test")["items"] if row["probe"] == "login"][0]
    wanda.call("PUT", shop, {"connector": "webhook", "settings": {"url": receiver.url}})
    wanda.post(f"{SECRETS}/hooks/shop:bind", {"target": "shop"})
    assert (outcome()["outcome"], outcome()["reason"]) == ("failed", "credential_refused")
    receiver.has(value(consumer))
    assert outcome()["outcome"] == "ok"
    receiver.stop()
    assert outcome()["outcome"] == "unknown"
    # Egress: neither a metadata address nor a private one is asked, whatever the target says.
    for url, reason in {"http://169.254.169.254/latest": "insecure_url", "https://169.254.169.254/latest": "egress_denied",
                        "https://10.0.0.1/": "egress_denied", "ftp://127.0.0.1/": "bad_url"}.items():
        wanda.call("PUT", shop, {"connector": "webhook", "settings": {"url": url}})
        assert (outcome()["outcome"], outcome()["reason"]) == ("failed", reason), url


def test_inbound_webhooks_are_checked_and_counted_per_version(room):
    node, _ = room
    wanda, web, sender = node.rest("wanda"), node.rest("web"), node.rest("sender")

    def verdict(signed, body=b"{}", **said):
        return web.post(f"{SECRETS}/hooks/shop:verify-webhook", {"payload": b64(body), "headers": signed["headers"], **said})
    old = sign(sender, b"{}")
    assert verdict(old) == {"verdict": "valid", "valid": True, "version": 1}
    put(wanda, "hooks/shop", generate="webhook")
    assert verdict(old)["version"] == 1 and verdict(sign(sender, b"{}"))["version"] == 2
    assert verdict(old, b"{ }") == {"verdict": "invalid", "valid": False, "reason": "webhook_signature"}
    past = sign(sender, b"{}", timestamp=1_700_000_000)
    assert verdict(past)["reason"] == "webhook_time"
    rows = wanda.get(f"{SECRETS}/hooks/shop:usage")["items"]
    counted = {(row["caller"], row["version"]): row["uses"] for row in rows}
    assert counted == {("sender", 1): 1, ("sender", 2): 2, ("web", 1): 2, ("web", 2): 1}
    put(wanda, "hooks/shop", generate="webhook")
    assert verdict(old) == {"verdict": "untrusted", "valid": False, "version": 1, "reason": "retired"}
    log = node.rest("ann").raw("GET", "/api/v1/audit/access-log/records?first=0")[2]
    assert b"secret.sign-webhook" in log and b'"note":"untrusted"' in log and value(web).encode() not in log
    put(wanda, "plain", text="x")
    assert refusal(web.post, f"{SECRETS}/plain:sign-webhook", {"text": "x"}) == "not_a_webhook"
    for bad in ({}, {"text": "x", "payload": ""}, {"payload": "!"}, {"text": "x", "id": "a.b"}, {"text": "x", "timestamp": -1}):
        assert web.raw("POST", f"{SECRETS}/hooks/shop:sign-webhook", bad)[0] == 400, bad


def test_the_command_line_signs_and_verifies(dev, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(b'{"amount": 1}')
    assert dev.cli("secret", "put", "hooks/shop", "--generate", "webhook", "--type", "webhook").returncode == 0
    signed = dev.cli("secret", "sign-webhook", "hooks/shop", "--payload", str(body), "--id", "msg_7")
    assert signed.returncode == 0, signed.stderr
    headers = signed.stdout.splitlines()
    assert headers[0] == "webhook-id: msg_7" and headers[2].startswith("webhook-signature: v1,")
    words = [word for header in headers for word in ("--header", header)]
    checked = dev.cli("secret", "verify-webhook", "hooks/shop", "--payload", str(body), *words)
    assert checked.returncode == 0 and checked.stdout.startswith("valid  ") and checked.stdout.endswith("hooks/shop@1\n"), checked
    body.write_bytes(b'{"amount": 2}')
    checked = dev.cli("secret", "verify-webhook", "hooks/shop", "--payload", str(body), *words)
    assert (checked.returncode, checked.stdout) == (7, "invalid  webhook_signature\n"), checked
    refused = dev.cli("secret", "verify-webhook", "hooks/shop", "--payload", str(body), "--header", "no colon")
    assert refused.returncode == 2 and "NAME: VALUE" in refused.stderr
