"""Rotations by policy, KEK rotations and rollbacks under load: not one operation may fail.

KEYWRIGHT_ROTATIONS sets how many (default 60; the full run is 1000, with a KEK rotation every 20 and a rollback every 50).
"""
import os

from load import Load, percentile
from node import DevServer, wait_until

ROTATIONS = int(os.environ.get("KEYWRIGHT_ROTATIONS", "60"))
KEYS = {"files": "aes-256-gcm", "tokens": "ed25519", "webhooks": "hmac-sha256"}
AT_ONCE = """
name: at-once
applies_to: {kinds: [key], labels: {pace: at-once}}
scheduled: false
rollout: {steps: [25, 100], soak: 0s}
publish_wait: 0s
overlap: {min: 0s, quiet: 0s}
old_version: keep_secondary
"""
SLOW = """
name: slow
applies_to: {kinds: [key], labels: {pace: slow}}
scheduled: false
rollout: {steps: [50, 100], soak: 1h}
publish_wait: 0s
overlap: {min: 0s, quiet: 0s}
"""


def labels(name, pace):
    return {"pace": pace, **({"use": "jwt"} if name == "tokens" else {})}  # the tenant's key set holds what signs tokens


def furnish(rest):
    for name, algorithm in KEYS.items():
        rest.post("/api/v1/tenants/acme/keys", {"name": name, "algorithm": algorithm, "labels": labels(name, "at-once")})
    for name, text in (("at-once", AT_ONCE), ("slow", SLOW)):
        rest.call("PUT", f"/api/v1/rotation/policies/{name}", {"document": text})


def start(rest, name):
    run = rest.post("/api/v1/rotation/runs?tenant=acme", {"name": name, "reason": "test"})["id"]
    return f"/api/v1/rotation/runs/{run}"


def ended(rest, path, state):
    def look():
        run = rest.get(path)
        assert run["state"] not in ("needs_operator", "aborted"), run
        return run["state"] == state
    wait_until(look, 60, f"{path} becoming {state}")


def rotate_kek(rest):
    job = rest.post("/api/v1/tenants/acme/keks:rotate")["id"]
    wait_until(lambda: rest.get(f"/api/v1/rotation/jobs/{job}")["state"] == "done", 60, "the KEK rotation")


def roll_one_back(rest, name):
    key = f"/api/v1/tenants/acme/keys/{name}"
    before = rest.get(key)["primary"]
    rest.call("PATCH", key, {"labels": labels(name, "slow")})
    path = start(rest, name)
    ended(rest, path, "rollout")
    rest.post(path + ":rollback")
    ended(rest, path, "rolled_back")
    rest.call("PATCH", key, {"labels": labels(name, "at-once")})
    assert rest.get(key)["primary"] == before


def rotate(rest, count):
    names = list(KEYS)
    for turn in range(1, count + 1):
        ended(rest, start(rest, names[turn % len(names)]), "done")
        if turn % 20 == 0:
            rotate_kek(rest)
        if turn % 50 == 0:
            roll_one_back(rest, names[turn // 50 % len(names)])


def test_no_operation_fails_while_keys_and_keks_rotate_and_roll_back(binary, tmp_path):
    server = DevServer(binary, tmp_path)
    try:
        rest = server.rest()
        furnish(rest)
        with Load(server.access, ["acme"]) as load:
            rotate(rest, ROTATIONS)
            latencies, failures, failed = load.stop()
        print(f"{ROTATIONS} rotations, {len(latencies)} operations, {failed} failed, p99 {percentile([s for _, s in latencies], .99) * 1e3:.1f} ms")
        assert failed == 0, failures
        assert len(latencies) > 100
        versions = sum(len(rest.get(f"/api/v1/tenants/acme/keys/{name}")["versions"]) for name in KEYS)
        assert versions >= ROTATIONS + len(KEYS)
    finally:
        server.stop()
