"""A full disk: the server refuses, says why, loses nothing and goes on when there is room again."""
import os
import subprocess

import pytest

from node import Node, wait_until
from rest import Problem, b64

KEYS = "/api/v1/tenants/acme/keys"


@pytest.fixture
def small_disk(tmp_path):
    mount = tmp_path / "disk"
    mount.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(mount)], capture_output=True)
    if done.returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield mount
    subprocess.run(["umount", "-l", str(mount)], check=False)


def fill(path):
    with open(path, "wb") as file:
        try:
            while True:
                file.write(b"\0" * 65536)
                file.flush()
        except OSError:
            pass


def test_a_full_disk_refuses_and_recovers(binary, small_disk):
    node = Node(binary, small_disk / "node")
    node.initialise()
    node.tenant("acme")
    node.principal("ada", "key-admin:acme")
    node.principal("uli", "key-user:acme")
    admin, user = node.rest("ada"), node.rest("uli")
    known = []
    for i in range(10):
        admin.post(KEYS, {"name": f"k{i}"})
        known.append((f"k{i}", user.post(f"{KEYS}/k{i}:encrypt", {"plaintext": b64(b"x")})["ciphertext"]))
    fill(small_disk / "ballast")
    refused = set()
    for i in range(400):
        try:
            admin.post(KEYS, {"name": f"full{i}"})
            known.append((f"full{i}", user.post(f"{KEYS}/full{i}:encrypt", {"plaintext": b64(b"x")})["ciphertext"]))
        except Problem as problem:
            assert problem.status == 503, problem
            refused.add(problem.reason)
    assert refused and refused <= {"store_full", "audit_unavailable", "store_unavailable"}
    assert node.rest().get("/api/v1/sys/health")["status"] == "ok"
    os.unlink(small_disk / "ballast")

    def works():
        try:
            return user.post(f"{KEYS}/k0:encrypt", {"plaintext": b64(b"x")})
        except Problem:
            return None
    assert wait_until(works, 30, "recovery")
    for name, ciphertext in known:
        assert user.post(f"{KEYS}/{name}:decrypt", {"ciphertext": ciphertext})["plaintext"] == b64(b"x")
    node.stop()
