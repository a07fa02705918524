"""The people and the steps of an incident, for the system tests: a configured node, an opener, two approvers, a reviewer, users."""
import json
import threading
import time

from node import Node, wait_until
from rest import Problem, b64

KEYS = "/api/v1/tenants/acme/keys"
INCIDENTS = "/api/v1/rotation/incidents"
PHASES = ["opened", "contained", "reported", "replaced", "revoked", "reencrypting", "evidence", "closed"]
PEOPLE = {"sol": ["security-officer:*"], "sia": ["security-officer:*"], "amy": ["approver:*"], "bob": ["approver:*"],
          "ada": ["key-admin:*"], "uli": ["key-user:acme"], "ute": ["key-user:acme"], "mallory": ["key-user:acme"], "ann": ["auditor:*"]}


def staffed(binary, folder, store=None, failpoints=None):
    node = Node(binary, folder, store=store, failpoints=failpoints)
    node.initialise()
    for tenant in ("acme", "globex"):
        node.tenant(tenant)
    for name, grants in PEOPLE.items():
        node.principal(name, *grants)
    return node


def make_keys(node, *names, algorithm="aes-256-gcm"):
    for name in names:
        node.rest("ada").post(KEYS, {"name": name, "algorithm": algorithm})


def order(names, mode="contain_first", scope="subject", **more):
    return {"scope": scope, "names": names, "mode": mode, "reason": "leak", **more}


def start(node, names, mode="contain_first", by="sol", **more):
    """Opens an incident. Returns (id, approval's id or None)."""
    opened = node.rest(by).post(INCIDENTS, order(names, mode, **more))
    return opened["id"], opened["opened"].get("approval", {}).get("id")


def approve(node, approval, *people):
    for name in people or ("amy", "bob"):
        node.rest(name).post(f"/api/v1/approvals/{approval}:approve")


def show(node, incident):
    return node.rest("sol").get(f"{INCIDENTS}/{incident}")


def head(node, incident):
    """The incident without its items and timeline: cheap to ask for again and again."""
    return next(one for one in node.rest("sol").get(INCIDENTS)["items"] if one["id"] == incident)


def phase(node, incident):
    return head(node, incident)["phase"]


def wait_phase(node, incident, wanted, seconds=120):
    def reached():
        now = head(node, incident)
        return now if PHASES.index(now["phase"]) >= PHASES.index(wanted) else None
    try:
        return wait_until(reached, seconds, f"phase {wanted}")
    except TimeoutError as late:
        view = show(node, incident)
        raise AssertionError(f"{late}: {view['incident']['phase']}, waits for {view['incident']['problem']}\n"
                             + json.dumps(view["timeline"][-5:], indent=1)) from late


def states(node, key):
    return {one["version"]: one["state"] for one in node.rest("ada").get(f"{KEYS}/{key}")["versions"]}


def encrypt(node, key, text=b"x", user="uli"):
    return node.rest(user).post(f"{KEYS}/{key}:encrypt", {"plaintext": b64(text)})["ciphertext"]


def decrypt(node, key, sealed, user="uli"):
    return node.rest(user).post(f"{KEYS}/{key}:decrypt", {"ciphertext": sealed})["plaintext"]


def refusal(work):
    """The reason why `work` is refused; "" when it is not."""
    try:
        work()
    except Problem as problem:
        return problem.reason
    return ""


def verifier_key(node):
    return node.rest("ann").get("/api/v1/audit/checkpoint")["verifier_key"]


def evidence(node, incident):
    status, _, text = node.rest("ann").raw("GET", f"{INCIDENTS}/{incident}/evidence")
    assert status == 200, text
    return text


def check_evidence(node, incident, folder):
    """The file verifies offline, and not with one byte changed anywhere we try."""
    text, key = evidence(node, incident), verifier_key(node)
    file = folder / "evidence.json"
    file.write_bytes(text)
    good = node.cli("incident", "verify", str(file), "--key", key)
    assert good.returncode == 0, good.stdout + good.stderr
    for place in (len(text) // 7, len(text) // 2, len(text) - 20):
        damaged = bytearray(text)
        damaged[place] ^= 1
        file.write_bytes(damaged)
        bad = node.cli("incident", "verify", str(file), "--key", key)
        assert bad.returncode == 7, (place, bad.stdout + bad.stderr)
    return json.loads(text)["body"]


class Load:
    """Encrypts and opens again, all the time. Keeps what failed and why."""

    def __init__(self, node, key, user="uli"):
        self.node, self.key, self.user = node, key, user
        self.done, self.failed, self.sealed, self.stopping = 0, [], [], False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        rest = self.node.rest(self.user)
        path = f"{KEYS}/{self.key}"
        while not self.stopping:
            try:
                sealed = rest.post(f"{path}:encrypt", {"plaintext": b64(b"load")})["ciphertext"]
                self.sealed.append(sealed)
                assert rest.post(f"{path}:decrypt", {"ciphertext": sealed})["plaintext"] == b64(b"load")
                self.done += 1
            except Problem as problem:
                self.failed.append((time.monotonic(), problem.reason))

    def wait_for(self, more):
        goal = self.done + more
        wait_until(lambda: self.done >= goal, 60, f"{more} more operations")

    def end(self):
        self.stopping = True
        self.thread.join()
        return self
