#!/usr/bin/env python3
"""The main job on real files, under load: encrypt, rotate everything again and again, roll back, revoke, decrypt, verify.

Exits non-zero when any operation failed, any file differs or any record does not verify.
"""
import argparse
import filecmp
import multiprocessing
import os
import queue
import re
import secrets
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

from node import DevServer
from rest import Problem, Rest, b64

TENANTS = ("acme", "globex", "initech")
KEYS = {"files": "aes-256-gcm", "tokens": "ed25519", "webhooks": "hmac-sha256"}
SEALED_VERSIONS = 100_000
LOAD_PROCESSES = 2


def say(text):
    print(text, flush=True)


def load(access, seed, stop, results):
    """Encrypts, decrypts, signs, verifies and MACs without pause; keeps some old ciphertexts and opens them again later."""
    rest = Rest(*access)
    kept, latencies, failures, count = [], [], [], 0
    while not stop.is_set():
        tenant = TENANTS[(count + seed) % len(TENANTS)]
        base = f"/api/v1/tenants/{tenant}/keys/"
        message = secrets.token_bytes(64)
        try:
            started = time.time()
            kind = count % 4
            if kind == 0:
                answer = rest.post(base + "files:encrypt", {"plaintext": b64(message), "associated_data": b64(b"load")})
                if len(kept) < 200 or secrets.randbelow(10) == 0:
                    kept.append((base, message, answer["ciphertext"]))
            elif kind == 1 and kept:
                where, plain, ciphertext = kept[secrets.randbelow(len(kept))]
                answer = rest.post(where + "files:decrypt", {"ciphertext": ciphertext, "associated_data": b64(b"load")})
                if answer["plaintext"] != b64(plain):
                    failures.append("decrypt gave another plaintext")
            elif kind == 2:
                signature = rest.post(base + "tokens:sign", {"message": b64(message)})["signature"]
                started = time.time()
                if not rest.post(base + "tokens:verify", {"message": b64(message), "signature": signature})["valid"]:
                    failures.append("a fresh signature did not verify")
            else:
                mac = rest.post(base + "webhooks:mac", {"message": b64(message)})["mac"]
                started = time.time()
                if not rest.post(base + "webhooks:verify-mac", {"message": b64(message), "mac": mac})["valid"]:
                    failures.append("a fresh MAC did not verify")
            latencies.append((time.time(), time.time() - started))
        except (Problem, OSError) as problem:
            failures.append(str(problem))
        count += 1
    results.put((latencies, failures[:20], len(failures)))


def percentile(values, fraction):
    return sorted(values)[min(len(values) - 1, int(len(values) * fraction))] if values else 0.0


def files_below(directories):
    for directory in directories:
        for folder, _, names in os.walk(directory):
            for name in sorted(names):
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    yield path


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


def rotate_everything(rest, times):
    rotations = 0
    for _ in range(times):
        for tenant in TENANTS:
            for key in KEYS:
                rest.post(f"/api/v1/tenants/{tenant}/keys/{key}:rotate")
                rotations += 1
    return rotations


def rotate_kek(rest, tenant):
    job = rest.post(f"/api/v1/tenants/{tenant}/keks:rotate")
    started = time.time()
    while job["state"] == "running":
        time.sleep(0.02)
        job = rest.get(f"/api/v1/rotation/jobs/{job['id']}")
    if job["state"] != "done":
        raise SystemExit(f"KEK rotation ended as {job['state']}: {job.get('problem')}")
    return job["done"], time.time() - started


def roll_back_and_revoke(rest):
    """One rotation rolled back; one version revoked: it must be refused from then on, and its replacement must work."""
    keys = "/api/v1/tenants/acme/keys"
    rest.post(keys, {"name": "partner"})
    before = rest.post(keys + "/partner:encrypt", {"plaintext": b64(b"before")})
    rest.post(keys + "/partner:rotate")
    back = rest.post(keys + "/partner:rollback")
    if back["primary"] != 1:
        raise SystemExit("the rollback did not make version 1 primary again")
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


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("directories", nargs="*", help="directories whose files are encrypted (default: docs/ and src/)")
    arguments = parser.parse_args()
    directories = arguments.directories or ["docs", "src"]
    folder = tempfile.mkdtemp(prefix="keywright-demo-")
    server = DevServer(os.path.abspath(arguments.binary), folder)
    try:
        return run(server, directories, folder)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def run(server, directories, folder):
    for line in server.banner:
        say(line)
    rest = server.rest()
    for tenant in TENANTS:
        try:
            rest.post("/api/v1/tenants", {"name": tenant})
        except Problem as problem:
            if problem.reason != "already_exists":
                raise
        for key, algorithm in KEYS.items():
            rest.post(f"/api/v1/tenants/{tenant}/keys", {"name": key, "algorithm": algorithm})
    say(f"\n3 tenants, 9 keys.  sealing {SEALED_VERSIONS:,} key versions for acme …")
    started = time.time()
    fill(server, "acme", SEALED_VERSIONS)
    say(f"  {SEALED_VERSIONS / (time.time() - started):,.0f} keys/s, each durable and audited")

    files = list(files_below(directories))
    pairs = [(path, os.path.join(folder, f"{i}.kw"), TENANTS[i % 3]) for i, path in enumerate(files)]

    def encrypt(pair):
        done = server.cli("key", "encrypt", f"{pair[2]}:files", "--in", pair[0], "--out", pair[1])
        return done.stderr if done.returncode else None

    each(pairs, encrypt)
    say(f"  {len(files)} files of {', '.join(directories)} encrypted, envelope style")

    stop, results = multiprocessing.Event(), multiprocessing.Queue()
    workers = [multiprocessing.Process(target=load, args=(server.access, i, stop, results)) for i in range(LOAD_PROCESSES)]
    for worker in workers:
        worker.start()
    time.sleep(5)
    calm_until = time.time()
    say("load is on; rotating every key ten times, the KEK twice, rolling back, revoking …")
    rotations = rotate_everything(rest, 5)
    rewrapped, seconds = rotate_kek(rest, "acme")
    rotations += rotate_everything(rest, 5)
    again, more = rotate_kek(rest, "acme")
    roll_back_and_revoke(rest)
    time.sleep(1)
    stop.set()
    collected = [results.get() for _ in workers]
    for worker in workers:
        worker.join()

    def decrypt(pair):
        plain = pair[1] + ".plain"
        done = server.cli("key", "decrypt", f"{pair[2]}:files", "--in", pair[1], "--out", plain)
        if done.returncode:
            return done.stderr
        same = filecmp.cmp(pair[0], plain, shallow=False)
        os.unlink(plain)
        return None if same else f"{pair[0]} came back different"

    each(pairs, decrypt)
    say(f"all {len(files)} files decrypt to what they were")

    copy = os.path.join(folder, "audit-copy")
    exported = server.cli("audit", "export", "--dir", copy)
    if exported.returncode:
        raise SystemExit(exported.stderr)
    verified = server.cli("audit", "verify", "--dir", copy)
    say(verified.stdout.rstrip())
    doctor = server.cli("doctor")

    latencies = [entry for worker in collected for entry in worker[0]]
    calm = [seconds_taken for at, seconds_taken in latencies if at < calm_until]
    busy = [seconds_taken for at, seconds_taken in latencies if at >= calm_until]
    failed = sum(worker[2] for worker in collected)
    leaves = sum(int(number.replace(",", "")) for number in re.findall(r"([\d,]+) leaves  root", verified.stdout))
    rows = [
        ("operations under load", f"{len(latencies):,}"), ("failed operations", f"{failed:,}"),
        ("key rotations under load", f"{rotations:,}"), ("KEK rotations", f"2, {rewrapped + again:,} sealed versions re-wrapped"),
        ("re-wrap rate", f"{(rewrapped + again) / (seconds + more):,.0f} /s, census and polling included"),
        ("p50 before / during", f"{percentile(calm, .5) * 1e3:.2f} / {percentile(busy, .5) * 1e3:.2f} ms"),
        ("p99 before / during", f"{percentile(calm, .99) * 1e3:.2f} / {percentile(busy, .99) * 1e3:.2f} ms"),
        ("files compared", f"{len(files):,}, 0 different"), ("audit leaves verified", f"{leaves:,}"),
    ]
    say("")
    for name, value in rows:
        say(f"  {name:<26} {value}")
    for worker in collected:
        for text in worker[1]:
            say(f"  failed: {text}")
    good = failed == 0 and verified.returncode == 0 and doctor.returncode == 0 and latencies
    if doctor.returncode:
        say(doctor.stdout)
    say("\n" + ("demo passed: nothing failed, nothing was lost, everything is proven" if good else "demo FAILED"))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
