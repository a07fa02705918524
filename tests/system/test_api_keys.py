"""API keys that a tenant issues: through rotations nobody is refused, and afterwards only the new key counts."""
from pathlib import Path

import pytest

from node import Node
from rest import Problem

KEYS = "/api/v1/tenants/acme/api-keys"


@pytest.fixture(scope="module")
def node(binary, tmp_path_factory):
    node = Node(binary, tmp_path_factory.mktemp("api-keys"))
    node.initialise()
    for tenant in ("acme", "globex"):
        node.tenant(tenant)
    node.principal("issuer", "key-admin:acme")
    node.principal("gateway", "key-user:acme")
    node.principal("other-gateway", "key-user:globex")
    yield node
    node.stop()


def verified(node, text, by="gateway", tenant="acme"):
    return node.rest(by).post(f"/api/v1/tenants/{tenant}/api-keys:verify", {"api_key": text})


def test_a_client_is_never_refused_through_ten_rotations(node):
    issuer = node.rest("issuer")
    current = issuer.post(KEYS, {"client": "billing"})
    assert current["api_key"].startswith("kwk_" + current["id"] + "_")
    for number in range(2, 12):
        fresh = issuer.post(KEYS + ":rotate", {"client": "billing", "grace_seconds": 86400})
        assert fresh["number"] == number
        assert verified(node, current["api_key"])["valid"] and verified(node, fresh["api_key"])["client"] == "billing"
        issuer.post(f"{KEYS}/{current['id']}:revoke", {})
        assert verified(node, current["api_key"]) == {"valid": False}
        current = fresh
    listed = issuer.get(KEYS + "?client=billing")["items"]
    assert [key["state"] for key in listed] == ["live"] + ["revoked"] * 10
    assert listed[0]["uses"] >= 1 and "last_used_at" in listed[0]
    assert all("api_key" not in key for key in listed)


def test_a_leaked_key_stops_at_once(node):
    issuer = node.rest("issuer")
    old = issuer.post(KEYS, {"client": "leaky"})
    fresh = issuer.post(KEYS + ":rotate", {"client": "leaky", "grace_seconds": 0})
    assert not verified(node, old["api_key"])["valid"]
    assert verified(node, fresh["api_key"])["valid"]
    suspended = issuer.post(f"{KEYS}/{fresh['id']}:suspend", {})
    assert suspended["state"] == "suspended" and not verified(node, fresh["api_key"])["valid"]
    issuer.post(f"{KEYS}/{fresh['id']}:restore", {})
    assert verified(node, fresh["api_key"])["valid"]


def test_two_keys_are_enough_and_tenants_do_not_see_each_other(node):
    issuer = node.rest("issuer")
    first = issuer.post(KEYS, {"client": "twice"})
    issuer.post(KEYS, {"client": "twice"})
    for path in (KEYS, KEYS + ":rotate"):
        with pytest.raises(Problem) as refused:
            issuer.post(path, {"client": "twice"})
        assert refused.value.reason == "no_free_slot"
    assert verified(node, first["api_key"], by="other-gateway", tenant="globex") == {"valid": False}
    with pytest.raises(Problem) as foreign:
        verified(node, first["api_key"], by="other-gateway")
    assert foreign.value.status == 404


def test_who_issues_does_not_verify_and_who_verifies_does_not_issue(node):
    with pytest.raises(Problem):
        node.rest("gateway").post(KEYS, {"client": "mine"})
    issued = node.rest("issuer").post(KEYS, {"client": "duties"})
    with pytest.raises(Problem):
        verified(node, issued["api_key"], by="issuer")


def test_keys_survive_a_crash_and_are_in_no_log(node):
    issued = node.rest("issuer").post(KEYS, {"client": "durable"})
    node.kill()
    node.start()
    node.unseal()
    assert verified(node, issued["api_key"])["client"] == "durable"
    secret = issued["api_key"].split("_", 2)[2].encode()
    for path in Path(node.folder).rglob("*"):
        if path.is_file():
            assert secret not in path.read_bytes(), path
