"""Known secrets are found nowhere: not in the database, its WAL, the logs, the metrics or temporary files, and in the process's memory only
inside the locked arena."""
import base64
import hashlib
import os
import re

from rest import Problem, b64
from test_interop import import_key

KEYS = "/api/v1/tenants/acme/keys"
CANARY = hashlib.sha256(b"a canary key").digest()


def forms(secret):
    return [secret, secret.hex().encode(), base64.b64encode(secret), base64.urlsafe_b64encode(secret).rstrip(b"=")]


def files_below(folder):
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    yield path, file.read()


def writable_memory(pid):
    """(first address, flags, bytes) of every writable mapping; root may read an undumpable process."""
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as listing, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        current = None
        for line in listing:
            header = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) ", line)
            if header:
                current = (int(header[1], 16), int(header[2], 16), header[3])
            elif line.startswith("VmFlags:") and current and "w" in current[2]:
                try:
                    memory.seek(current[0])
                    yield current[0], line.split()[1:], memory.read(current[1] - current[0])
                except (OSError, ValueError, OverflowError):
                    continue


def test_a_known_key_is_found_nowhere(dev, tmp_path):
    rest = dev.rest()
    import_key(rest, "canary", "aes-256-gcm", CANARY)
    sealed = []
    for i in range(300):
        sealed.append(rest.post(KEYS + "/canary:encrypt", {"plaintext": b64(b"text %d" % i)})["ciphertext"])
    for ciphertext in sealed:
        rest.post(KEYS + "/canary:decrypt", {"ciphertext": ciphertext})
    try:
        rest.post(KEYS + "/canary:decrypt", {"ciphertext": sealed[0][:-4] + "AAAA"})
    except Problem:
        pass
    rest.post("/api/v1/tenants/acme/keks:rotate")
    metrics = rest.raw("GET", "/metrics")[2]
    for form in forms(CANARY):
        assert form not in metrics
        for path, content in files_below(dev.folder):
            assert form not in content, path
    if os.geteuid() != 0 or "asan" in dev.binary:
        return  # memory is read as root, and sanitizers keep freed memory on purpose
    outside = [hex(start) for start, flags, content in writable_memory(dev.process.pid)
               if "lo" not in flags and CANARY in content]
    assert not outside, "the key lies outside locked memory"
    assert any("lo" in flags and "dd" in flags for _, flags, _ in writable_memory(dev.process.pid)), "no locked, undumpable mapping"


def test_the_process_leaves_no_core_and_refuses_others(dev):
    with open(f"/proc/{dev.process.pid}/limits", encoding="utf-8") as limits:
        line = next(line for line in limits if line.startswith("Max core file size"))
    assert line.split()[4:6] == ["0", "0"]
    with open(f"/proc/{dev.process.pid}/status", encoding="utf-8") as status:
        text = status.read()
    assert "NoNewPrivs:\t1" in text
    command = open(f"/proc/{dev.process.pid}/cmdline", "rb").read()
    assert b"kwt_" not in command


def test_tokens_and_shares_are_not_in_the_log_of_a_node(binary, tmp_path):
    from node import Node
    node = Node(binary, tmp_path / "node", settings="log: {level: debug}")
    node.initialise(3, 2)
    node.tenant("acme")
    node.principal("ada", "key-admin:acme")
    node.kill()
    node.start()
    try:
        node.rest().post("/api/v1/sys/unseal", {"share": node.shares[0][:-2] + "zz"})
    except Problem:
        pass
    node.unseal()
    node.stop()
    for secret in [*node.shares, *node.tokens.values()]:
        for path, content in files_below(tmp_path):
            assert secret.encode() not in content, path
