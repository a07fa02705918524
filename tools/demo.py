#!/usr/bin/env python3
"""The main job on real files, under load: encrypt, let policies rotate everything again and again, roll back, revoke, decrypt, verify;
and an application's credentials of PostgreSQL and Redis, through the agent, while it logs in.

Exits non-zero when any operation or login failed, any file differs, any old credential still works or any record does not verify.
"""
import argparse
import filecmp
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

from demo_credentials import Shop
from load import Load, percentile
from node import DevServer, wait_until
from rest import Problem, b64

TENANTS = ("acme", "globex", "initech")
KEYS = {"files": "aes-256-gcm", "tokens": "ed25519", "webhooks": "hmac-sha256"}
SEALED_VERSIONS = 100_000
ROTATIONS, KEK_ROTATIONS = 10, 2
CLOCK_RATE = 1800  # scheduled seconds per second: an hourly rotation comes every two seconds

POLICIES = {
    "hourly": """
name: hourly
description: Keys of the demonstration, every hour.
applies_to: {kinds: [key], labels: {demo: live}}
interval: 1h
jitter: 0s
rollout: {steps: [10, 100], soak: 0s}
publish_wait: 0s
overlap: {min: 0s, quiet: 0s}
old_version: keep_secondary
""",
    "daily-kek": """
name: daily-kek
description: KEKs of the demonstration.
applies_to: {kinds: [kek], tenants: [acme]}
interval: 6h
jitter: 0s
publish_wait: 0s
overlap: {min: 0s, quiet: 0s}
quarantine: 0s
""",
    "careful": """
name: careful
description: One key whose rotation can be watched.
applies_to: {kinds: [key], labels: {demo: watched}}
scheduled: false
rollout: {steps: [5, 25, 50, 100], soak: 1s}
publish_wait: 1s
overlap: {min: 1s, quiet: 0s}
old_version: keep_secondary
""",
}


def say(text):
    print(text, flush=True)


def files_below(directories):
    for directory in directories:
        for folder, _, names in os.walk(directory):
            for name in sorted(names):
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    yield path


def furnish(rest):
    for tenant in TENANTS:
        try:
            rest.post("/api/v1/tenants", {"name": tenant})
        except Problem as problem:
            if problem.reason != "already_exists":
                raise
        for key, algorithm in KEYS.items():
            labels = {"demo": "live", **({"use": "jwt"} if key == "tokens" else {})}
            rest.post(f"/api/v1/tenants/{tenant}/keys", {"name": key, "algorithm": algorithm, "labels": labels})
    for name in ("orders", "partner"):
        rest.post("/api/v1/tenants/acme/keys", {"name": name, "labels": {"demo": "watched"}, "lease_grace_seconds": 0})


def fill(server, tenant, wanted):
    """Sealed versions to re-wrap: keys made in batches of 256."""
    names = [f"customer-{i:06}" for i in range(wanted)]
    batches = [names[i:i + 256] for i in range(0, len(names), 256)]
    rests = queue.Queue()
    for _ in range(4):
        rests.put(server.rest())

    def make(batch):
        rest = rests.get()
        try:
            rest.post(f"/api/v1/tenants/{tenant}/keys", {"items": [{"name": name} for name in batch]})
        finally:
            rests.put(rest)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(make, batches))


def put_policy(rest, name):
    rest.call("PUT", f"/api/v1/rotation/policies/{name}", {"document": POLICIES[name]})


def primaries(rest):
    return {(tenant, key): rest.get(f"/api/v1/tenants/{tenant}/keys/{key}")["primary"] for tenant in TENANTS for key in KEYS}


def kek_jobs(rest):
    return [job for job in rest.get("/api/v1/rotation/jobs?tenant=acme")["items"] if job["kind"] == "kek-rewrap" and job["state"] == "done"]


def rotate_by_policy(rest):
    """The engine does the work. Returns rotations of keys, and the finished jobs of the KEKs."""
    before = primaries(rest)
    for name in ("hourly", "daily-kek"):
        put_policy(rest, name)
    wait_until(lambda: min(primaries(rest).values()) > ROTATIONS and len(kek_jobs(rest)) >= KEK_ROTATIONS, 120,
               f"{ROTATIONS} rotations of each key and {KEK_ROTATIONS} of the KEK")
    for name in ("hourly", "daily-kek"):
        rest.call("DELETE", f"/api/v1/rotation/policies/{name}")
    after = primaries(rest)
    return sum(after[key] - before[key] for key in after), kek_jobs(rest)


def watch_one(server, rest):
    """A careful rotation, as `keywright run watch` shows it."""
    put_policy(rest, "careful")
    run = rest.post("/api/v1/rotation/runs?tenant=acme", {"name": "orders", "reason": "demo"})
    say(f"\n$ keywright run watch {run['id']}")
    watched = subprocess.run([server.binary, "run", "watch", run["id"]], env=server.environment, timeout=60, check=False)
    if watched.returncode:
        raise SystemExit("the watched run did not end well")


def roll_back_and_revoke(rest):
    """One run rolled back in the middle of its rollout; one version revoked: it is refused from then on, its replacement works."""
    keys = "/api/v1/tenants/acme/keys"
    before = rest.post(keys + "/partner:encrypt", {"plaintext": b64(b"before")})
    run = rest.post("/api/v1/rotation/runs?tenant=acme", {"name": "partner", "reason": "demo"})["id"]
    path = f"/api/v1/rotation/runs/{run}"
    wait_until(lambda: rest.get(path)["state"] == "rollout", 30, "the rollout")
    rest.post(path + ":rollback")
    wait_until(lambda: rest.get(path)["state"] == "rolled_back", 30, "the rollback")
    if rest.get(keys + "/partner")["primary"] != 1:
        raise SystemExit("after the rollback version 1 is not primary")
    rest.post(keys + "/partner/versions/1:revoke", {"reason": "demo"})
    try:
        rest.post(keys + "/partner:decrypt", {"ciphertext": before["ciphertext"]})
        raise SystemExit("a revoked version still decrypted")
    except Problem as refusal:
        if refusal.status >= 500:
            raise SystemExit(f"a revoked version answered {refusal.status}") from refusal
    rest.post(keys + "/partner:encrypt", {"plaintext": b64(b"after")})


def each(pairs, function):
    with ThreadPoolExecutor(2) as pool:
        problems = [problem for problem in pool.map(function, pairs) if problem]
    if problems:
        raise SystemExit(problems[0])


def encrypt_files(server, pairs):
    def encrypt(pair):
        done = server.cli("key", "encrypt", f"{pair[2]}:files", "--in", pair[0], "--out", pair[1])
        return done.stderr if done.returncode else None

    each(pairs, encrypt)


def compare_files(server, pairs):
    def decrypt(pair):
        plain = pair[1] + ".plain"
        done = server.cli("key", "decrypt", f"{pair[2]}:files", "--in", pair[1], "--out", plain)
        if done.returncode:
            return done.stderr
        same = filecmp.cmp(pair[0], plain, shallow=False)
        os.unlink(plain)
        return None if same else f"{pair[0]} came back different"

    each(pairs, decrypt)


def verify(server, folder):
    """The audit logs, copied and checked offline. Returns whether they are good, and their leaves."""
    copy = os.path.join(folder, "audit-copy")
    exported = server.cli("audit", "export", "--dir", copy)
    if exported.returncode:
        raise SystemExit(exported.stderr)
    verified = server.cli("audit", "verify", "--dir", copy)
    say(verified.stdout.rstrip())
    leaves = sum(int(number.replace(",", "")) for number in re.findall(r"([\d,]+) leaves  root", verified.stdout))
    return verified.returncode == 0, leaves


def run(server, directories, folder):
    for line in server.banner:
        say(line)
    rest = server.rest()
    furnish(rest)
    say(f"\n3 tenants, 11 keys.  sealing {SEALED_VERSIONS:,} key versions for acme …")
    started = time.time()
    fill(server, "acme", SEALED_VERSIONS)
    say(f"  {SEALED_VERSIONS / (time.time() - started):,.0f} keys/s, each durable and audited")
    pairs = [(path, os.path.join(folder, f"{i}.kw"), TENANTS[i % 3]) for i, path in enumerate(files_below(directories))]
    encrypt_files(server, pairs)
    say(f"  {len(pairs)} files of {', '.join(directories)} encrypted, envelope style")

    with Shop(server, folder) as shop, Load(server.access, TENANTS) as load:
        time.sleep(5)
        calm_until = time.time()
        say(f"load is on; policies now rotate 9 keys {ROTATIONS} times, a KEK {KEK_ROTATIONS} times and the credentials of an application that\n"
            f"logs in at PostgreSQL and Redis; one hour every {3600 // CLOCK_RATE} s …")
        shop.begin()
        rotations, jobs = rotate_by_policy(rest)
        shop_rows, shop_failures = shop.end()
        watch_one(server, rest)
        roll_back_and_revoke(rest)
        latencies, failures, failed = load.stop()
    compare_files(server, pairs)
    say(f"\nall {len(pairs)} files decrypt to what they were")
    verified, leaves = verify(server, folder)
    doctor = server.cli("doctor")

    calm = [seconds for at, seconds in latencies if at < calm_until]
    busy = [seconds for at, seconds in latencies if at >= calm_until]
    rows = [
        ("operations under load", f"{len(latencies):,}"), ("failed operations", f"{failed:,}"),
        ("key rotations by policy", f"{rotations:,}, 1 watched, 1 rolled back"),
        ("KEK rotations by policy", f"{len(jobs)}, {sum(job['done'] for job in jobs):,} sealed versions re-wrapped"),
        ("p50 before / during", f"{percentile(calm, .5) * 1e3:.2f} / {percentile(busy, .5) * 1e3:.2f} ms"),
        ("p99 before / during", f"{percentile(calm, .99) * 1e3:.2f} / {percentile(busy, .99) * 1e3:.2f} ms"),
        *shop_rows, ("files compared", f"{len(pairs):,}, 0 different"), ("audit leaves verified", f"{leaves:,}"),
    ]
    say("")
    for name, value in rows:
        say(f"  {name:<26} {value}")
    for text in failures + shop_failures:
        say(f"  failed: {text}")
    good = failed == 0 and not shop_failures and verified and doctor.returncode == 0 and latencies
    if doctor.returncode:
        say(doctor.stdout)
    say("\n" + ("demo passed: nothing failed, nothing was lost, everything is proven" if good else "demo FAILED"))
    return 0 if good else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("directories", nargs="*", help="directories whose files are encrypted (default: docs/ and src/)")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything that was started ends
    folder = tempfile.mkdtemp(prefix="keywright-demo-")
    server = DevServer(os.path.abspath(arguments.binary), folder, extra=("--clock-rate", str(CLOCK_RATE)))
    try:
        return run(server, arguments.directories or ["docs", "src"], folder)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
