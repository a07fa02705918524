"""A drill over a whole tenant: from the command to the evidence, against the clock. KEYWRIGHT_DRILL_KEYS and KEYWRIGHT_DRILL_VERSIONS (per
key) set the size; the full one is 1,000 keys with 100 versions each."""
import os
import threading
import time

from incident_staff import INCIDENTS, KEYS, check_evidence, encrypt, staffed, states, wait_phase

COUNT = int(os.environ.get("KEYWRIGHT_DRILL_KEYS", "100"))
VERSIONS = int(os.environ.get("KEYWRIGHT_DRILL_VERSIONS", "5"))
MINUTES = 10


def populate(node):
    """Keys in batches, then their versions, by a few hands."""
    names = [f"k{number:05}" for number in range(COUNT)]
    ada = node.rest("ada")
    for at in range(0, COUNT, 100):
        ada.post(KEYS, {"items": [{"name": name} for name in names[at:at + 100]]})

    def rotate(part):
        rest = node.rest("ada")
        for name in part:
            for _ in range(VERSIONS - 1):
                rest.post(f"{KEYS}/{name}:rotate")
    hands = [threading.Thread(target=rotate, args=(names[hand::4],)) for hand in range(4)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    return names


def test_a_drill_goes_from_command_to_evidence_in_time(binary, tmp_path):
    node = staffed(binary, tmp_path / "node")
    try:
        names = populate(node)
        planted = {names[0]: 3, names[-1]: 1}
        for name, times in planted.items():
            for _ in range(times):
                encrypt(node, name, user="mallory")
        before = {name: states(node, name) for name in (names[0], names[-1])}
        began = time.monotonic()
        opened = node.cli("incident", "start", "--scope", "tenant:acme", "--mode", "contain_first", "--reason", "drill", "--drill", "-q",
                          environment=environment(node))
        assert opened.returncode == 0, opened.stderr
        incident = opened.stdout.strip()
        wait_phase(node, incident, "closed", MINUTES * 60)
        took = time.monotonic() - began
        print(f"{COUNT} keys, {COUNT * VERSIONS} sealed versions: command to evidence in {took:.1f} s")
        assert took < MINUTES * 60
        check_real_things(node, names, before)
        report = node.rest("ann").get(f"{INCIDENTS}/{incident}/report")
        uses = {one["subject"]: [(use["principal"], use["count"]) for use in one["uses"]] for one in report["subjects"] if one["uses"]}
        assert uses == {f"key:acme/{name}": [("mallory", times)] for name, times in planted.items()}
        assert len(report["subjects"]) == COUNT + 1 and report["gaps"] == []
        versions = sum(len(one["versions"]) for one in report["subjects"] if one["subject"].startswith("key:"))
        assert versions == COUNT * VERSIONS
        facts = check_evidence(node, incident, tmp_path)["facts"]
        suspects = [item for item in facts["items"] if item["suspect"]]
        assert len(suspects) == COUNT + 1
        for item in suspects:
            assert item["acting"].split(":")[1].startswith("drill/") and item["replaced"]
            assert item["revoked"] and all(one["proof"]["everywhere"] for one in item["revoked"])
    finally:
        node.stop()


def environment(node):
    node.cli("context", "create", "drill", "--url", node.url, "--pin", pin(node))
    return {"KEYWRIGHT_TOKEN": node.tokens["sol"], "KEYWRIGHT_CONTEXT": "drill", "KEYWRIGHT_TENANT": "acme"}


def pin(node):
    import hashlib
    import ssl
    from urllib.parse import urlsplit
    parts = urlsplit(node.url)
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((parts.hostname, parts.port)))).hexdigest()


def check_real_things(node, names, before):
    for name in (names[0], names[-1]):
        assert states(node, name) == before[name]
        assert "compromised_at" not in node.rest("ada").get(f"{KEYS}/{name}")["versions"][0]
    assert node.rest("ada").get("/api/v1/tenants/drill/keys")["items"] == [], "the stand-ins are gone"
    assert node.rest("ada").get("/api/v1/tenants/acme/keks")["items"][0]["state"] == "primary"
