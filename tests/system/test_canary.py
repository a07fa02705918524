"""A new version that answers wrongly is found by the first callers that get it, and goes by itself: nobody notices, no data is lost."""
from node import Node, wait_until
from rest import b64

KEYS = "/api/v1/tenants/acme/keys"
RUNS = "/api/v1/rotation/runs"
CALLERS = 150  # that none of them is among 5 % happens once in 2,000 times
POLICY = """
name: canary
scheduled: false
rollout: {steps: [5, 100], soak: 20s, operations: 0}
publish_wait: 0s
overlap: {min: 0s, quiet: 0s}
old_version: keep_secondary
"""


def test_a_broken_canary_rolls_back_at_five_percent_and_everything_opens(binary, tmp_path):
    node = Node(binary, tmp_path / "node", failpoints="keys.rollout.answer=error")
    node.initialise()
    node.tenant("acme")
    node.principal("ada", "key-admin:acme")
    callers = [f"app-{i}" for i in range(CALLERS)]
    for name in callers:
        node.principal(name, "key-user:acme")
    admin = node.rest("ada")
    admin.post(KEYS, {"name": "orders"})
    admin.call("PUT", "/api/v1/rotation/policies/canary?tenant=acme", {"document": POLICY})
    run = f"{RUNS}/" + admin.post(f"{RUNS}?tenant=acme", {"name": "orders", "reason": "test"})["id"]
    wait_until(lambda: admin.get(run)["state"] == "rollout", 30, "the rollout")
    assert admin.get(run)["percent"] == 5
    sealed = {name: node.rest(name).post(f"{KEYS}/orders:encrypt", {"plaintext": b64(name.encode())}) for name in callers}
    assert {answer["version"] for answer in sealed.values()} == {1}, "a wrong answer left"
    wait_until(lambda: admin.get(run)["state"] in ("rolled_back", "done"), 90, "the end of the run")
    ended = admin.get(run)
    assert ended["state"] == "rolled_back", ended
    assert any("integrity_failure" in str(step) for step in ended["steps"]), ended
    key = admin.get(f"{KEYS}/orders")
    assert [version["state"] for version in key["versions"]] == ["primary", "retired"]
    for name in callers:
        opened = node.rest(name).post(f"{KEYS}/orders:decrypt", {"ciphertext": sealed[name]["ciphertext"]})
        assert opened["plaintext"] == b64(name.encode())
    node.stop()
