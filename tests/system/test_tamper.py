"""Whoever edits a copy of the audit log is found out, and the first record that is not the written one is named."""
import json
import os
import random
import shutil

import pytest

from node import DevServer
from rest import b64

SEED = int(os.environ.get("KEYWRIGHT_SEED", str(random.SystemRandom().randrange(2**32))))
DAMAGE = ["flip", "delete", "duplicate", "swap", "truncate"]


@pytest.fixture(scope="module")
def original(binary, tmp_path_factory):
    """A verified copy of both logs of a server that was used and stopped: some 600 changes, some 400 uses."""
    folder = tmp_path_factory.mktemp("audited")
    server = DevServer(binary, folder)
    rest, keys = server.rest(), "/api/v1/tenants/acme/keys"
    for batch in range(2):
        rest.post(keys, {"items": [{"name": f"k{batch}-{i}"} for i in range(256)]})
    for i in range(60):
        rest.post(f"{keys}/k0-{i}:rotate")
        rest.post(f"{keys}/k0-{i}:encrypt", {"plaintext": b64(b"x")})
    assert server.cli("audit", "checkpoint").returncode == 0
    for i in range(300):
        rest.post(f"{keys}/k1-{i % 256}:encrypt", {"plaintext": b64(b"x")})
    copy = folder / "copy"
    assert server.cli("audit", "export", "--dir", str(copy)).returncode == 0
    server.stop()
    logs = verify(server, copy)[1]
    assert all(log["good"] for log in logs) and [log["name"] for log in logs] == ["change log", "access log node-1"]
    return server, copy, [log["proven"] for log in logs]


def verify(server, directory):
    done = server.cli("audit", "verify", "--dir", str(directory), "-o", "json")
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)["logs"]


def records(content):
    """The records of an entry bundle or a segment: u16 length, then the leaf."""
    found, at = [], 0
    while at < len(content):
        size = int.from_bytes(content[at:at + 2], "big")
        found.append(content[at:at + 2 + size])
        at += 2 + size
    return found


def damaged(found, damage, rng, last):
    """(records after the damage, index of the first that is not the written one). Only the first `last` are promised."""
    at = rng.randrange(last - 1)
    if damage == "flip":
        record = bytearray(found[at])
        # Not in the length, which would be another record's damage, and not in the line's end.
        record[rng.randrange(2, len(record))] ^= 1 << rng.randrange(8)
        return found[:at] + [bytes(record)] + found[at + 1:], at
    if damage == "delete":
        return found[:at] + found[at + 1:], at
    if damage == "duplicate":
        return found[:at] + [found[at]] + found[at:], at + 1
    if damage == "swap":
        other = rng.randrange(at + 1, last)
        swapped = list(found)
        swapped[at], swapped[other] = swapped[other], swapped[at]
        return swapped, at
    return found[:at], at


def bundles(copy):
    """Entry bundles in order, with the index of the first record in each. A full one and its partial twins are one."""
    folder = copy / "tile/entries"
    full = sorted(path for path in folder.iterdir() if path.is_file())
    partial = sorted(folder.glob("*.p/*"), key=lambda path: (path.parent.name, int(path.name)))
    newest = [path for path in partial if path.parent.name[:-2] not in {f.name for f in full}][-1:]
    return [(256 * i, path) for i, path in enumerate(full + newest)]


def assert_named(server, directory, log, first):
    code, logs = verify(server, directory)
    assert code == 7 and not logs[log]["good"], logs[log]
    assert logs[log]["first_bad"] == first, logs[log]
    assert logs[log]["proven"] <= first
    said = server.cli("audit", "verify", "--dir", str(directory)).stdout
    assert f"first bad leaf {first:,}" in said


@pytest.mark.parametrize("round_", range(4))
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_changed_record_of_the_change_log_is_named(original, tmp_path, damage, round_):
    print(f"seed {SEED}")
    rng = random.Random(f"{SEED} {damage} {round_}")
    server, copy, proven = original
    target = shutil.copytree(copy, tmp_path / "copy")
    first, path = rng.choice(bundles(target))
    found = records(path.read_bytes())
    after, bad = damaged(found, damage, rng, min(len(found), proven[0] - first))
    path.write_bytes(b"".join(after))
    assert_named(server, target, 0, first + bad)


@pytest.mark.parametrize("round_", range(4))
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_changed_record_of_the_access_log_is_named(original, tmp_path, damage, round_):
    print(f"seed {SEED}")
    rng = random.Random(f"{SEED} {damage} {round_}")
    server, copy, proven = original
    target = shutil.copytree(copy, tmp_path / "copy")
    path = target / "access/node-1/segment-000000000000.log"
    after, bad = damaged(records(path.read_bytes()), damage, rng, proven[1])
    path.write_bytes(b"".join(after))
    assert_named(server, target, 1, bad)


@pytest.mark.parametrize("damage", ["delete", "truncate", "swap", "duplicate", "empty"])
def test_a_changed_bundle_is_named(original, tmp_path, damage):
    server, copy, _ = original
    target = shutil.copytree(copy, tmp_path / "copy")
    (_, zeroth), (start, middle), *_ = bundles(target)
    first = start
    if damage == "delete":
        middle.unlink()
    elif damage == "truncate":
        content = middle.read_bytes()
        kept = len(content) // 2
        middle.write_bytes(content[:kept])
        whole, size = 0, 0
        for record in records(content):
            size += len(record)
            whole += size <= kept
        first += whole
    elif damage == "swap":
        content = zeroth.read_bytes()
        zeroth.write_bytes(middle.read_bytes())
        middle.write_bytes(content)
        first = 0
    elif damage == "duplicate":
        shutil.copyfile(zeroth, middle)
    else:
        middle.write_bytes(b"")
    assert_named(server, target, 0, first)


@pytest.mark.parametrize("damage", ["delete", "empty", "node"])
def test_a_missing_segment_is_named(original, tmp_path, damage):
    server, copy, _ = original
    target = shutil.copytree(copy, tmp_path / "copy")
    segment = target / "access/node-1/segment-000000000000.log"
    if damage == "delete":
        segment.unlink()
    elif damage == "empty":
        segment.write_bytes(b"")
    else:
        shutil.rmtree(target / "access/node-1")
    code, logs = verify(server, target)
    assert code == 7 and not logs[1]["good"] and logs[1]["first_bad"] == 0, logs


@pytest.mark.parametrize("name", ["checkpoint", "vkey", "access/node-1/checkpoints"])
def test_a_flipped_bit_in_what_was_signed_is_found(original, tmp_path, name):
    print(f"seed {SEED}")
    rng = random.Random(f"{SEED} {name}")
    server, copy, _ = original
    target = shutil.copytree(copy, tmp_path / "copy")
    content = bytearray((target / name).read_bytes())
    content[rng.randrange(len(content) - 1)] ^= 1 << rng.randrange(7)
    (target / name).write_bytes(content)
    done = server.cli("audit", "verify", "--dir", str(target))
    assert done.returncode in (2, 7), done.stdout + done.stderr


def test_the_servers_own_folder_verifies_and_an_edit_in_it_is_named(original, tmp_path):
    """The data directory of the stopped server holds the access log; the change log lies in its store."""
    server, _, _ = original
    folder = shutil.copytree(f"{server.data}/access/node-1", tmp_path / "node-1")
    good = server.cli("audit", "verify", "--dir", str(folder))
    assert good.returncode == 0, good.stdout + good.stderr
    path = folder / "segment-000000000000.log"
    found = records(path.read_bytes())
    path.write_bytes(b"".join(found[:5] + found[6:]))
    code, logs = verify(server, folder)
    assert code == 7 and logs[0]["first_bad"] == 5, logs
