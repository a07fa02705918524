"""A change under an Idempotency-Key happens once; its answer is given again. What holds a secret is never kept."""
import json
import sqlite3
import threading

import pytest

from node import Node
from rest import Problem

KEYS = "/api/v1/tenants/acme/keys"
POLICY = "statements:\n  - effect: forbid\n    principals: [nobody]\n    actions: [key:create]\n"


@pytest.fixture
def node(binary, tmp_path):
    server = Node(binary, tmp_path / "node")
    server.initialise()
    server.tenant("acme")
    for name, grants in {"ada": ["key-admin:acme"], "bea": ["key-admin:acme"], "sol": ["security-officer:*"], "amy": ["approver:acme"],
                         "ann": ["auditor:*"]}.items():
        server.principal(name, *grants)
    yield server
    server.stop()


def twice(rest, method, path, body, key, headers=None):
    """Sends the same request twice and returns both answers as (status, ETag, replayed, body)."""
    answers = []
    for _ in range(2):
        status, answered, text = rest.raw(method, path, body, {"Idempotency-Key": key, **(headers or {})})
        answers.append((status, answered.get("ETag"), answered.get("Keywright-Replayed"), text))
    return answers


def assert_replayed(answers, status):
    first, second = answers
    assert first[0] == status, first[3]
    assert first[2] is None and second[2] == "true"
    assert (first[0], first[1], first[3]) == (second[0], second[1], second[3])


def leaves(node, action):
    return node.rest("ann").get(f"/api/v1/audit/records?action={action}&limit=1000")["items"]


def test_every_kind_of_change_answers_a_repeat_with_its_first_answer(node):
    ada, sol, setup = node.rest("ada"), node.rest("sol"), node.rest("setup")
    assert_replayed(twice(ada, "POST", KEYS, {"name": "k", "lease_grace_seconds": 0}, "a"), 201)
    assert_replayed(twice(ada, "POST", KEYS, {"items": [{"name": "x"}, {"name": "y"}]}, "b"), 201)
    epoch = ada.get(KEYS + "/k")["epoch"]
    assert_replayed(twice(ada, "PATCH", KEYS + "/k", {"owner": "payments"}, "c", {"If-Match": f'"{epoch}"'}), 200)
    assert_replayed(twice(ada, "POST", KEYS + "/k:rotate", {}, "d"), 200)
    assert_replayed(twice(ada, "POST", KEYS + "/k:rollback", {}, "e"), 200)
    assert_replayed(twice(ada, "POST", KEYS + "/k/versions/2:promote", {}, "f"), 200)
    assert_replayed(twice(ada, "POST", KEYS + "/k/versions/1:retire", {}, "g"), 200)
    assert_replayed(twice(sol, "POST", KEYS + "/x/versions/1:suspend", {"reason": "drill", "outage_accepted": True}, "h"), 200)
    assert_replayed(twice(ada, "PUT", "/api/v1/tenants/acme/aliases/now", {"key": "k"}, "i"), 204)
    assert_replayed(twice(ada, "DELETE", "/api/v1/tenants/acme/aliases/now", None, "j"), 204)
    assert_replayed(twice(ada, "POST", "/api/v1/tenants/acme/keks:rotate", {}, "k"), 202)
    assert_replayed(twice(setup, "POST", "/api/v1/tenants", {"name": "globex"}, "l"), 201)
    assert_replayed(twice(setup, "POST", "/api/v1/principals", {"name": "new", "grants": [{"role": "auditor", "tenant": "*"}]}, "m"), 201)
    assert_replayed(twice(sol, "PATCH", "/api/v1/principals/new", {"disabled": True}, "n"), 200)
    assert_replayed(twice(sol, "PUT", "/api/v1/tenants/acme/access-policies/p", {"policy": POLICY}, "o"), 204)
    assert_replayed(twice(sol, "DELETE", "/api/v1/tenants/acme/access-policies/p", None, "p"), 204)
    accessor = sol.get("/api/v1/tokens?principal=bea")["items"][0]["accessor"]
    assert_replayed(twice(sol, "POST", f"/api/v1/tokens/{accessor}:revoke", {}, "q"), 204)
    with pytest.raises(Problem) as asked:
        sol.post(KEYS + "/y/versions/1:revoke", {"reason": "leak"})
    approval = asked.value.body["approval"]["id"]
    assert_replayed(twice(node.rest("amy"), "POST", f"/api/v1/approvals/{approval}:approve", {}, "r"), 200)
    # The approval is spent by the first; the repeat needs it no more.
    assert_replayed(twice(sol, "POST", KEYS + "/y/versions/1:revoke", {"reason": "leak"}, "s", {"Keywright-Approval": approval}), 200)
    assert [version["version"] for version in ada.get(KEYS + "/k")["versions"]] == [1, 2]
    assert len(leaves(node, "key.create")) == 3


def test_an_answer_with_a_secret_is_not_kept(node):
    setup = node.rest("setup")
    first, second = twice(setup, "POST", "/api/v1/tokens", {"principal": "ann", "ttl_seconds": 600}, "once")
    assert first[0] == 201 and json.loads(first[3])["token"].startswith("kwt_")
    refused = json.loads(second[3])
    assert (second[0], refused["reason"]) == (409, "already_done") and "secret" in refused["detail"] and "token" not in refused
    assert len(node.rest("sol").get("/api/v1/tokens?principal=ann")["items"]) == 2


def test_a_key_belongs_to_one_request_and_to_one_caller(node):
    ada, bea, key = node.rest("ada"), node.rest("bea"), {"Idempotency-Key": "k1"}
    ada.post(KEYS, {"name": "k", "lease_grace_seconds": 0}, key)
    for method, path, body in (("POST", KEYS, {"name": "other"}), ("POST", KEYS + "/k:rotate", {})):
        status, _, text = ada.raw(method, path, body, key)
        assert (status, json.loads(text)["reason"]) == (422, "idempotency_mismatch")
    with pytest.raises(Problem) as taken:
        bea.post(KEYS, {"name": "k"}, key)
    assert taken.value.reason == "already_exists"
    ada.post(KEYS + "/k:rotate")
    ada.post(KEYS + "/k:rotate")
    ada.post(KEYS + "/k/versions/1:retire", {}, {"Idempotency-Key": "k2"})
    with pytest.raises(Problem) as other_version:
        ada.post(KEYS + "/k/versions/2:retire", {}, {"Idempotency-Key": "k2"})
    assert other_version.value.reason == "idempotency_mismatch"


def test_what_failed_is_tried_again(node):
    ada = node.rest("ada")
    key = {"Idempotency-Key": "later"}
    with pytest.raises(Problem) as missing:
        ada.call("PUT", "/api/v1/tenants/acme/aliases/now", {"key": "k"}, key)
    assert missing.value.status == 404
    ada.post(KEYS, {"name": "k"})
    assert ada.raw("PUT", "/api/v1/tenants/acme/aliases/now", {"key": "k"}, key)[0] == 204


def test_of_requests_at_once_one_acts_and_all_are_answered_alike(node):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(node.rest("ada").raw("POST", KEYS, {"name": "once"}, {"Idempotency-Key": "c"})))
               for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {(status, body) for status, _, body in answers} == {(201, answers[0][2])}
    assert len(leaves(node, "key.create")) == 1


def rows(node, statement, *values):
    with sqlite3.connect(f"{node.data}/keywright.db") as database:
        return database.execute(statement, values).fetchall()


def test_answers_survive_a_kill_and_do_not_survive_tampering(node):
    ada, key = node.rest("ada"), {"Idempotency-Key": "c"}
    first = ada.raw("POST", KEYS, {"name": "k"}, key)
    node.kill()
    node.start()
    node.unseal()
    again = node.rest("ada").raw("POST", KEYS, {"name": "k"}, key)
    assert (again[0], again[2], again[1]["Keywright-Replayed"]) == (201, first[2], "true")
    node.stop()
    rows(node, "UPDATE idempotent_answer SET body = ?", b'{"name":"forged"}')
    node.start()
    node.unseal()
    with pytest.raises(Problem) as tampered:
        node.rest("ada").post(KEYS, {"name": "k"}, key)
    assert (tampered.value.status, tampered.value.reason) == (500, "row_tampered")


def test_answers_end_after_a_day_and_are_swept(node):
    node.rest("ada").post(KEYS, {"name": "k"}, {"Idempotency-Key": "old"})
    node.stop()
    ends, now = rows(node, "SELECT expires_at, unixepoch() FROM idempotent_answer")[0]
    assert 86_000 < ends / 1e6 - now <= 86_401
    rows(node, "UPDATE idempotent_answer SET expires_at = 1")
    node.start()
    node.unseal()
    with pytest.raises(Problem) as again:
        node.rest("ada").post(KEYS, {"name": "k"}, {"Idempotency-Key": "old"})
    assert again.value.reason == "already_exists"
    node.rest("ada").post(KEYS, {"name": "k2"}, {"Idempotency-Key": "new"})
    node.stop()
    assert rows(node, "SELECT name FROM idempotent_answer") == [("new",)]


def test_a_repeat_needs_permission_still(node):
    key = {"Idempotency-Key": "c"}
    node.rest("ada").post(KEYS, {"name": "k"}, key)
    node.rest("sol").call("PATCH", "/api/v1/principals/ada", {"grants": [{"role": "key-user", "tenant": "acme"}]})
    with pytest.raises(Problem) as refused:
        node.rest("ada").post(KEYS, {"name": "k"}, key)
    assert refused.value.status == 403


def test_an_approval_is_for_one_version(node):
    node.rest("ada").post(KEYS, {"name": "k"})
    node.rest("ada").post(KEYS + "/k:rotate")
    sol = node.rest("sol")
    with pytest.raises(Problem) as asked:
        sol.post(KEYS + "/k/versions/1:revoke", {"reason": "leak"})
    approval = asked.value.body["approval"]["id"]
    node.rest("amy").post(f"/api/v1/approvals/{approval}:approve")
    with pytest.raises(Problem) as other:
        sol.post(KEYS + "/k/versions/2:revoke", {"reason": "leak"}, {"Keywright-Approval": approval})
    assert other.value.reason == "approval_mismatch"
    states = [version["state"] for version in node.rest("ada").get(KEYS + "/k")["versions"]]
    assert states == ["secondary", "primary"]
