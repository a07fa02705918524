"""kill -9 under load, again and again, also in the middle of a KEK rotation: nothing acknowledged is lost."""
import os
import random
import threading
import time

import pytest

from node import Node, wait_until
from rest import Problem, b64

ROUNDS = int(os.environ.get("KEYWRIGHT_CRASH_ROUNDS", "50"))
SEED = int(os.environ.get("KEYWRIGHT_SEED", str(random.SystemRandom().randrange(2**32))))
KEYS = "/api/v1/tenants/acme/keys"


class Load:
    """Writes until the server is gone; keeps what was acknowledged."""

    def __init__(self, node, seed):
        self.node, self.acknowledged, self.stop, self.seed = node, [], False, seed
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(3)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        admin, user = self.node.rest("ada"), self.node.rest("uli")
        count = 0
        while not self.stop:
            name, text = f"k-{self.seed}-{number}-{count}", os.urandom(16)
            try:
                admin.post(KEYS, {"name": name})
                sealed = user.post(f"{KEYS}/{name}:encrypt", {"plaintext": b64(text)})["ciphertext"]
                self.acknowledged.append((name, 1, sealed, text))
                if count % 3 == 0:
                    rotated = admin.post(f"{KEYS}/{name}:rotate")["version"]
                    self.acknowledged.append((name, rotated, sealed, text))
            except (Problem, OSError, Exception):  # noqa: BLE001 the server is being killed: only what was acknowledged counts
                if self.stop:
                    return
                time.sleep(0.01)
            count += 1

    def end(self):
        self.stop = True
        for thread in self.threads:
            thread.join()


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_nothing_acknowledged_is_lost_in_a_crash_loop(binary, tmp_path, engine, request):
    store = request.getfixturevalue("postgres").fresh_database() if engine == "postgres" else None
    rounds = ROUNDS if engine == "sqlite" else max(5, ROUNDS // 5)
    print(f"seed {SEED}, {rounds} rounds on {engine}")
    rng = random.Random(SEED)
    node = Node(binary, tmp_path / "node", store=store)
    node.initialise()
    node.tenant("acme")
    node.principal("ada", "key-admin:acme")
    node.principal("uli", "key-user:acme")
    node.principal("ann", "auditor:*")
    known = []
    for round_number in range(rounds):
        load = Load(node, round_number)
        enough = rng.randint(2, 12)
        wait_until(lambda: len(load.acknowledged) >= enough, 60, "the first acknowledged writes of a round")
        if round_number % 2 == 0:
            try:
                node.rest("ada").post("/api/v1/tenants/acme/keks:rotate")
            except (Problem, OSError):
                pass
            time.sleep(rng.uniform(0, 0.05))
        node.kill()
        load.end()
        known.extend(load.acknowledged)
        node.start()
        node.unseal()
    check(node, known)
    jobs = wait_until(lambda: finished_jobs(node), 60, "the end of every KEK rotation")
    assert all(job["state"] == "done" for job in jobs)
    check(node, known[-200:])
    verify_log(node, tmp_path)
    node.stop()
    assert len(known) > rounds


def check(node, known):
    admin, user = node.rest("ada"), node.rest("uli")
    for name, version, sealed, text in known:
        key = admin.get(f"{KEYS}/{name}")
        numbers = [entry["version"] for entry in key["versions"]]
        assert numbers == list(range(1, len(numbers) + 1)) and version in numbers
        assert sum(entry["state"] == "primary" for entry in key["versions"]) == 1
        assert user.post(f"{KEYS}/{name}:decrypt", {"ciphertext": sealed})["plaintext"] == b64(text)


def finished_jobs(node):
    jobs = node.rest("ada").get("/api/v1/rotation/jobs?tenant=acme")["items"]
    return jobs if all(job["state"] not in ("running", "rolling_back") for job in jobs) else None


def verify_log(node, tmp_path):
    copy = tmp_path / "copy"
    environment = {"KEYWRIGHT_ADDR": node.url, "KEYWRIGHT_TOKEN": node.tokens["ann"]}
    context = node.cli("context", "create", "t", "--url", node.url, "--pin", fingerprint(node))
    assert context.returncode == 0, context.stderr
    exported = node.cli("audit", "export", "--dir", str(copy), environment=environment)
    assert exported.returncode == 0, exported.stderr
    verified = node.cli("audit", "verify", "--dir", str(copy))
    assert verified.returncode == 0, verified.stdout


def fingerprint(node):
    import hashlib
    import ssl
    from urllib.parse import urlsplit
    parts = urlsplit(node.url)
    pem = ssl.get_server_certificate((parts.hostname, parts.port))
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


POINTS = ["store.commit.before", "store.commit.after", "kek.rewrap.batch", "kek.promote", "kek.retire", "job.save", "keys.rotate.generated",
          "seal.cell.put", "audit.append", "audit.fdatasync", "usage.flush"]


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("action", ["abort", "error"])
def test_a_failpoint_loses_nothing(binary, tmp_path, point, action):
    """The server dies, or a step fails, at one write point; after a restart everything acknowledged is there."""
    node = Node(binary, tmp_path / "node")
    node.initialise()
    node.tenant("acme")
    node.principal("ada", "key-admin:acme")
    node.principal("uli", "key-user:acme")
    node.principal("ann", "auditor:*")
    known = []
    for i in range(20):
        node.rest("ada").post(KEYS, {"name": f"k{i}"})
        text = os.urandom(8)
        known.append((f"k{i}", 1, node.rest("uli").post(f"{KEYS}/k{i}:encrypt", {"plaintext": b64(text)})["ciphertext"], text))
    node.stop()
    node.environment["KEYWRIGHT_FAILPOINTS"] = f"{point}={action}@{3 if action == 'abort' else 2}"
    try:
        node.start()
        node.unseal()
        node.rest("ada").post("/api/v1/tenants/acme/keks:rotate")
        for i in range(20):
            node.rest("ada").post(f"{KEYS}/k{i}:rotate")
            node.rest("uli").post(f"{KEYS}/k{i}:encrypt", {"plaintext": b64(b"x")})
    except (Problem, OSError, RuntimeError, Exception):  # noqa: BLE001 this is what the failpoint is for
        pass
    node.kill()
    del node.environment["KEYWRIGHT_FAILPOINTS"]
    node.start()
    node.unseal()
    check(node, known)
    jobs = wait_until(lambda: finished_jobs(node) is not None and (finished_jobs(node) or [{"state": "none"}]), 60, "the KEK rotation's end")
    assert all(job["state"] in ("done", "none") for job in jobs)
    verify_log(node, tmp_path)
    node.stop()
