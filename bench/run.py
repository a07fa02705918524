#!/usr/bin/env python3
"""The numbers of DESIGN 9 that apply, each beside its baseline from the same run on this machine. Ratios count; absolute figures move with the machine."""
import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
from node import Node, Postgres, wait_until  # noqa: E402
from rest import b64  # noqa: E402

BUILD = ROOT / "build/bench"
rows = []


def row(what, ours, baseline, ratio, target):
    rows.append((what, ours, baseline, ratio, target))
    print(f"{what:<58} {ours:>16} {baseline:>22} {ratio:>9} {target:>12}", flush=True)


def program(name, *words):
    done = subprocess.run([str(BUILD / "bench" / f"bench_{name}"), *map(str, words)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def wrk(url, token, body=None, connections=64, seconds=5):
    """Requests per second and their p99 in milliseconds."""
    lines = [f"wrk.method='{'GET' if body is None else 'POST'}'", "wrk.headers['Accept']='application/json'"]
    if body is not None:
        lines += [f"wrk.body=[[{json.dumps(body)}]]", "wrk.headers['Content-Type']='application/json'"]
    if token:
        lines.append(f"wrk.headers['Authorization']='Bearer {token}'")
    lines.append("function done(s, l, r) io.write('RESULT '..s.requests/(s.duration/1e6)..' '..(s.errors.status+s.errors.connect+"
                 "s.errors.read+s.errors.timeout)..' '..l:percentile(99)/1000 ..'\\n') end")
    with tempfile.NamedTemporaryFile("w", suffix=".lua", delete=False) as script:
        script.write("\n".join(lines) + "\n")
    done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script.name, url], capture_output=True, text=True, check=True)
    os.unlink(script.name)
    rate, errors, p99 = re.search(r"RESULT (\S+) (\S+) (\S+)", done.stdout).groups()
    if float(errors):
        raise SystemExit(f"{errors} errors from {url}: {done.stdout}")
    return float(rate), float(p99)


def paced(node, path, rate, connections=64, seconds=5):
    """GETs at random moments with this mean rate, or as fast as it goes. wrk's pauses are whole milliseconds: its requests come in volleys, and the
    p99 is that of the end of a volley. Here a latency counts from the moment when its request was due."""
    port = node.url.rsplit(":", 1)[1]
    done = subprocess.run([str(BUILD / "bench/bench_paced"), port, path, str(connections), str(seconds), str(rate)], capture_output=True, text=True,
                          check=True, env={**os.environ, "KEYWRIGHT_TOKEN": node.tokens["ada"]})
    result = json.loads(done.stdout)
    if result["failed"]:
        raise SystemExit(f"requests failed: {done.stdout}")
    return result


def reading(node):
    """A key read from the cache: as fast as it goes, then at half of that, with the same generator."""
    path = "/api/v1/tenants/acme/keys/k"
    most = statistics.median(paced(node, path, 0)["per_second"] for _ in range(3))
    half = [paced(node, path, most / 2) for _ in range(3)]
    rate, p50, p99 = (statistics.median(each[name] for each in half) for name in ("per_second", "p50_ms", "p99_ms"))
    row(f"key read from cache at {rate / most:.0%} load, p99", f"{p99:.2f} ms", f"full load {most:,.0f}/s", f"p50 {p50:.2f}", "< 1 ms")


def staffed(folder, store=None):
    node = Node(str(BUILD / "keywright"), folder, store)
    node.initialise()
    node.tenant("acme")
    node.principal("ada", "key-admin:acme")
    node.principal("uli", "key-user:acme")
    node.principal("ann", "auditor:*")
    return node


def pin_of(url):
    host, port = url.removeprefix("https://").split(":")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((host, int(port))))).hexdigest()


def serving(folder):
    node = staffed(folder)
    node.rest("ada").post("/api/v1/tenants/acme/keys", {"name": "k"})
    bare = subprocess.Popen([str(BUILD / "bench/bench_bare_server"), f"{node.data}/tls.crt", f"{node.data}/tls.key"], stdout=subprocess.PIPE, text=True)
    try:
        port = int(bare.stdout.readline())
        url = node.url + "/api/v1/tenants/acme/keys/k:encrypt"
        single = {"plaintext": b64(bytes(64))}
        ours, theirs, tails = [], [], []
        for _ in range(3):
            theirs.append(wrk(f"https://127.0.0.1:{port}/", None, single)[0])
            rate, p99 = wrk(url, node.tokens["uli"], single)
            ours.append(rate)
            tails.append(p99)
        mine, bound = statistics.median(ours), statistics.median(theirs)
        row("single encrypt, TLS 1.3, audit durable, 64 connections", f"{mine:,.0f}/s", f"bare epoll {bound:,.0f}/s", f"{mine / bound:.0%}", ">= 50 %")
        batch = {"items": [single] * 256}
        loop = program("crypto_loop")["encrypt_64_per_second"]
        many = statistics.median(wrk(url, node.tokens["uli"], batch, 8)[0] * 256 for _ in range(3))
        row("batch encrypt, 256 items", f"{many:,.0f}/s", f"crypto loop {loop:,.0f}/s", f"{many / loop:.0%}", ">= 70 %")
        reading(node)
    finally:
        bare.kill()
        node.stop()


AT_ONCE = """
name: at-once
applies_to: {kinds: [key], tenants: [acme]}
scheduled: false
rollout: {steps: [25, 100], soak: 0s}
publish_wait: 0s
overlap: {min: 0s, quiet: 0s}
old_version: keep_secondary
"""
SLOW = AT_ONCE.replace("at-once", "slow").replace("25, 100], soak: 0s", "50, 100], soak: 1h")


def put_policy(rest, name, text):
    rest.call("PUT", f"/api/v1/rotation/policies/{name}?tenant=acme", {"document": text})


def run_to(rest, key, state, then=None):
    run = rest.post("/api/v1/rotation/runs?tenant=acme", {"name": key, "reason": "bench"})["id"]
    path = f"/api/v1/rotation/runs/{run}"
    wait_until(lambda: rest.get(path)["state"] == state, 60, f"a run that is {state}", LOOK_EVERY)
    if then:
        rest.post(path + then[0])
        wait_until(lambda: rest.get(path)["state"] == then[1], 60, f"a run that is {then[1]}", LOOK_EVERY)


ROUNDS = 50
BEGUN_PER_SECOND = 4
LOOK_EVERY = 0.1  # seconds: to ask how a run fares is work beside the clients, and no part of a rotation


def rotate_round(rest, turns, with_kek, with_rollback):
    """Rotations of three keys, begun at an even pace, then perhaps one of their KEK and a rollback."""
    keys, start = ("files", "tokens", "mac"), time.monotonic()
    for count, turn in enumerate(turns):
        time.sleep(max(0.0, start + count / BEGUN_PER_SECOND - time.monotonic()))
        run_to(rest, keys[turn % 3], "done")
    if with_kek:
        job = rest.post("/api/v1/tenants/acme/keks:rotate")["id"]
        wait_until(lambda: rest.get(f"/api/v1/rotation/jobs/{job}")["state"] == "done", 60, "the KEK rotation", LOOK_EVERY)
    if with_rollback:
        put_policy(rest, "slow", SLOW)
        run_to(rest, keys[turns[-1] % 3], "rollout", (":rollback", "rolled_back"))
        rest.call("DELETE", "/api/v1/rotation/policies/slow?tenant=acme")


def rounds_of(rotations, keks, rollbacks):
    """What each round rotates: its turns, and whether a KEK rotation and a rollback fall into it."""
    def falls(round_, count):
        return round_ * count // ROUNDS != (round_ + 1) * count // ROUNDS
    share = [range(i * rotations // ROUNDS, (i + 1) * rotations // ROUNDS) for i in range(ROUNDS)]
    return [(turns, falls(i, keks), falls(i, rollbacks)) for i, turns in enumerate(share)]


def zero_downtime(folder, rotations, keks=50, rollbacks=20, clients=8):
    """Calm and rotating take turns: the key set grows in both alike, and so does the machine's noise."""
    node = staffed(folder)
    rest = node.rest("ada")
    for name, algorithm in (("files", "aes-256-gcm"), ("tokens", "ed25519"), ("mac", "hmac-sha256")):
        rest.post("/api/v1/tenants/acme/keys", {"name": name, "algorithm": algorithm, "labels": {"use": "jwt"} if name == "tokens" else {}})
    put_policy(rest, "at-once", AT_ONCE)
    environment = {**os.environ, "KEYWRIGHT_TOKEN": node.tokens["uli"]}
    load = subprocess.Popen([str(BUILD / "bench/bench_load"), node.url, pin_of(node.url), "acme", str(clients)], env=environment,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def phase(name):
        load.stdin.write(name + "\n")
        load.stdin.flush()

    try:
        time.sleep(3)
        for each in rounds_of(rotations, keks, rollbacks):
            phase("calm")
            time.sleep(2)
            phase("rotating")
            rotate_round(rest, *each)
        printed, _ = load.communicate(timeout=60)
    finally:
        load.kill()
        node.stop()
    calm, busy = (json.loads(printed)[name] for name in ("calm", "rotating"))
    if calm["failed"] or busy["failed"]:
        raise SystemExit(f"operations failed: {printed}")
    row(f"{rotations} rotations, {keks} of the KEK, {rollbacks} rollbacks, {clients} clients", f"{busy['operations']:,} ops", f"{BEGUN_PER_SECOND} begin a second",
        "0 failed", "0 failed")
    row("  p99 of operations meanwhile", f"{busy['p99_ms']:.2f} ms", f"calm {calm['p99_ms']:.2f} ms", f"{busy['p99_ms'] / calm['p99_ms']:.2f} x", "<= 1.2 x")
    for kind, p99 in calm["p99_ms_of"].items():
        row(f"    {kind}", f"{busy['p99_ms_of'][kind]:.2f} ms", f"calm {p99:.2f} ms", f"{busy['p99_ms_of'][kind] / p99:.2f} x", "")


def rotating(versions, measured=("kek", "dek")):
    folder = tempfile.mkdtemp(prefix="kwbench-")

    def on(url_of, kek_target, dek_target):
        if "kek" in measured:
            kek_rows(program("kek_rotation", url_of("kek"), versions, 5000), kek_target)
        if "dek" in measured:
            keys = min(versions, 50_000)
            turns = [program("dek_rotation", url_of(f"dek{turn}"), keys, keys) for turn in range(3)]
            dek_row({name: middle(turns, name) for name in turns[0]}, dek_target)

    try:
        on(lambda name: f"sqlite://{folder}/{name}.db", ">= 200 x", ">= 10,000/s")
        server = Postgres.start()
        if server:
            on(lambda name: server.fresh_database(), ">= 50 x", ">= 5,000/s")
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def middle(turns, name):
    return sorted(turn[name] for turn in turns)[len(turns) // 2]


def dek_row(result, target):
    rate = result["per_second"]
    row(f"durable DEK rotations, all due at once, {result['tenants']:,} tenants, {result['engine']}", f"{rate:,.0f}/s",
        f"one by one {result['one_by_one_per_second']:,.0f}/s", f"{rate / result['one_by_one_per_second']:.1f} x", target)
    row(f"  {result['open_at_once']:,} open runs at once", f"{result['open_per_second']:,.0f}/s", f"begun {result['begun_per_second']:,.0f}/s", "", target)
    row("  one million tenants would take", f"{1_000_000 / rate:,.0f} s", f"{result['cpu_us']:.0f} us of a core each", "", "")


def kek_rows(result, target):
    row(f"KEK rotation, {result['versions']:,} versions, {result['engine']}", f"{result['per_second']:,.0f}/s",
        f"row by row {result['row_by_row_per_second']:,.0f}/s", f"{result['ratio']:.0f} x", target)
    row("  of a core each", f"{result['cpu_us']:.2f} us", "", "", "")
    row(f"  foreground write p99 meanwhile ({result['under_traffic_per_second']:,.0f}/s)", f"{result['foreground_p99_busy_ms']:.2f} ms",
        f"calm {result['foreground_p99_calm_ms']:.2f} ms", f"{result['foreground_ratio']:.2f} x", "<= 1.2 x")


def starting(folder, keys):
    """Start with many keys, and verification of the log that making them left."""
    node = staffed(folder)
    admin = node.rest("ada")
    for start in range(0, keys, 256):
        admin.post("/api/v1/tenants/acme/keys", {"items": [{"name": f"k{i}"} for i in range(start, min(keys, start + 256))]})
    node.stop()
    began = time.monotonic()
    node.start()
    node.unseal()
    node.rest("uli").post("/api/v1/tenants/acme/keys/k1:encrypt", {"plaintext": b64(b"x")})
    took = time.monotonic() - began
    with open(f"/proc/{node.process.pid}/status", encoding="utf-8") as status:
        resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) // 1024
    row(f"start, unseal, first use with {keys:,} keys", f"{took:.2f} s", f"resident {resident} MiB", "", "<= 3 s")
    copy = os.path.join(folder, "copy")
    environment = {"KEYWRIGHT_ADDR": node.url, "KEYWRIGHT_TOKEN": node.tokens["ann"]}
    node.cli("context", "create", "b", "--url", node.url, "--pin", pin_of(node.url))
    exported = subprocess.run([node.binary, "audit", "export", "--dir", copy], env={**node.environment, **environment}, capture_output=True, text=True)
    verified = json.loads(node.cli("audit", "verify", "--dir", copy, "-o", "json").stdout) if exported.returncode == 0 else {"good": False, "logs": [], "seconds": 1}
    if not verified["good"]:
        raise SystemExit(f"the log does not verify: {exported.stderr} {verified}")
    leaves = sum(log["leaves"] for log in verified["logs"])
    row(f"audit verify, {leaves:,} leaves", f"{leaves / verified['seconds']:,.0f}/s", "one core", "", ">= 300,000/s")
    node.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--versions", type=int, default=1_000_000)
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--rotations", type=int, default=1_000)
    parser.add_argument("--only", choices=["serving", "zero-downtime", "rotating", "kek", "dek", "starting"])
    arguments = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, release build, medians of 3 where a row is a rate of requests or of DEK rotations\n")
    folder = tempfile.mkdtemp(prefix="kwbench-")
    try:
        if arguments.only in (None, "serving"):
            serving(os.path.join(folder, "serving"))
        if arguments.only in (None, "zero-downtime"):
            zero_downtime(os.path.join(folder, "zero-downtime"), arguments.rotations)
        if arguments.only in (None, "rotating"):
            rotating(arguments.versions)
        if arguments.only in ("kek", "dek"):
            rotating(arguments.versions, arguments.only)
        if arguments.only in (None, "starting"):
            starting(os.path.join(folder, "starting"), arguments.keys)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
