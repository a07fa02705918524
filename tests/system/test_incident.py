"""Incidents end to end on the real server: under load, with people who may not, killed everywhere, with evidence."""
import sqlite3

import pytest

from incident_staff import (INCIDENTS, KEYS, Load, approve, check_evidence, decrypt, encrypt, head, make_keys, order, phase, refusal, show, staffed,
                            start, states, wait_phase)
from node import wait_until
from rest import Problem


@pytest.fixture(scope="module")
def node(binary, tmp_path_factory):
    node = staffed(binary, tmp_path_factory.mktemp("incident"))
    yield node
    node.stop()


def acknowledge(node, key, grade):
    node.rest("uli").post("/api/v1/rotation/consumers/uli:acknowledge?tenant=acme", {"kind": "key", "name": key, "version": 2, "grade": grade})


def users_in(report, subject):
    found = next(one for one in report["subjects"] if one["subject"] == subject)
    return {(use["principal"], use["operation"], use["version"]): use["count"] for use in found["uses"]}


def test_contain_first_leaves_nothing_usable_and_disturbs_nobody_else(node, tmp_path):
    make_keys(node, "orders", "bystander")
    old = [encrypt(node, "orders", b"first")]
    node.rest("ada").post(f"{KEYS}/orders:rotate")
    old.append(encrypt(node, "orders", b"second"))
    for _ in range(3):
        decrypt(node, "orders", old[0], "mallory")
    load, other = Load(node, "orders"), Load(node, "bystander", "ute")
    try:
        load.wait_for(5)
        other.wait_for(5)
        before = dict(states(node, "orders"))
        incident, approval = start(node, ["key:acme/orders"])
        assert states(node, "orders") == before, "nothing is revoked before it is approved"
        approve(node, approval)
        wait_phase(node, incident, "contained")
        # From here on the proof is out: nothing revoked works.
        for sealed in old:
            assert refusal(lambda sealed=sealed: decrypt(node, "orders", sealed)) == "version_state"
        load.wait_for(5)
        other.wait_for(5)
        wait_phase(node, incident, "closed")
    finally:
        load.end()
        other.end()
    after = states(node, "orders")
    assert [after[version] for version in before] == ["revoked"] * len(before)
    assert list(after.values()).count("primary") == 1
    assert other.failed == [] and {reason for _, reason in load.failed} <= {"version_state", "stale_epoch"}
    assert set(states(node, "bystander").values()) == {"primary"}
    facts = check_evidence(node, incident, tmp_path)["facts"]
    assert all("proof" in one for item in facts["items"] for one in item["revoked"])


def test_the_report_names_exactly_the_planted_uses(node):
    make_keys(node, "planted", "quiet")
    sealed = encrypt(node, "planted", user="uli")
    for _ in range(7):
        decrypt(node, "planted", sealed, "mallory")
    node.rest("ada").post(f"{KEYS}/planted:rotate")
    for _ in range(2):
        encrypt(node, "planted", user="ute")
    incident, approval = start(node, ["key:acme/planted", "key:acme/quiet"])
    approve(node, approval)
    wait_phase(node, incident, "closed")
    report = node.rest("ann").get(f"{INCIDENTS}/{incident}/report")
    assert users_in(report, "key:acme/planted") == {("uli", "encrypt", 1): 1, ("mallory", "decrypt", 1): 7, ("ute", "encrypt", 2): 2}
    assert users_in(report, "key:acme/quiet") == {}
    subject = next(one for one in report["subjects"] if one["subject"] == "key:acme/planted")
    assert sorted(subject["unknown_consumers"]) == ["mallory", "uli", "ute"] and report["gaps"] == []
    assert all(use["peer"] == "127.0.0.1" for use in subject["uses"])
    assert report["readable_by_tenant"] == {"acme": 3}


def test_continuity_first_replaces_then_waits_for_consumers_then_revokes(node, tmp_path):
    make_keys(node, "steady")
    sealed = encrypt(node, "steady", b"kept")
    node.rest("ada").call("PUT", "/api/v1/rotation/consumers/uli?tenant=acme", {"subjects": [{"kind": "key", "name": "steady"}]})
    load = Load(node, "steady", "ute")
    try:
        incident, approval = start(node, ["key:acme/steady"], "continuity_first")
        approve(node, approval)
        wait_until(lambda: 2 in states(node, "steady"), 60, "the new version")
        acknowledge(node, "steady", "loaded")
        wait_phase(node, incident, "replaced")
        assert states(node, "steady")[2] == "primary"
        wait_until(lambda: head(node, incident)["problem"] == "acknowledgements", 60, "the wait for consumers")
        assert decrypt(node, "steady", sealed) == "a2VwdA==", "the old version serves until consumers have moved"
        board = next(one for one in show(node, incident)["acknowledgements"] if one["node"] == "key:acme/steady")
        assert board["behind"] == ["uli"]
        acknowledge(node, "steady", "used")
        wait_phase(node, incident, "closed")
        load.wait_for(3)
    finally:
        load.end()
    assert states(node, "steady") == {1: "revoked", 2: "primary"}
    assert refusal(lambda: decrypt(node, "steady", sealed)) == "version_state"
    # Only what was encrypted under the old version and opened after its end failed.
    assert {reason for _, reason in load.failed} <= {"version_state", "stale_epoch"}
    check_evidence(node, incident, tmp_path)


def test_two_other_people_must_approve(node):
    make_keys(node, "guarded")
    incident, approval = start(node, ["key:acme/guarded"])
    sol, amy = node.rest("sol"), node.rest("amy")
    assert refusal(lambda: sol.post(f"/api/v1/approvals/{approval}:approve")) == "own_request"
    amy.post(f"/api/v1/approvals/{approval}:approve")
    assert refusal(lambda: amy.post(f"/api/v1/approvals/{approval}:approve")) == "already_voted"
    assert refusal(lambda: node.rest("ada").post(f"/api/v1/approvals/{approval}:approve")) == "permission_denied"
    wait_until(lambda: head(node, incident)["problem"] == "approval_open", 30, "the wait for the second person")
    assert phase(node, incident) == "opened" and set(states(node, "guarded").values()) == {"primary"}
    assert refusal(lambda: sol.post(f"{INCIDENTS}/{incident}:ask-approval")) == "approval_live"
    node.rest("bob").post(f"/api/v1/approvals/{approval}:reject")
    assert refusal(lambda: node.rest("sia").post(f"{INCIDENTS}/{incident}:ask-approval")) == "not_the_opener"
    again = sol.post(f"{INCIDENTS}/{incident}:ask-approval")["approval"]["id"]
    assert again != approval and phase(node, incident) == "opened"
    approve(node, again)
    wait_phase(node, incident, "closed")
    assert states(node, "guarded")[1] == "revoked"


def test_a_plan_that_changed_never_executes(binary, tmp_path):
    node = staffed(binary, tmp_path / "node")
    try:
        make_keys(node, "orders", "invoices")
        sol = node.rest("sol")
        wanted = order(["key:acme/orders"], compromised_since="2026-01-01T00:00:00Z")
        plan = sol.post(f"{INCIDENTS}:plan", wanted)
        assert plan["plan"] == sol.post(f"{INCIDENTS}:plan", wanted)["plan"]
        node.rest("ada").post(f"{KEYS}/orders:rotate")
        assert refusal(lambda: sol.post(INCIDENTS, {**wanted, "plan": plan["plan"]})) == "plan_stale"
        opened = sol.post(INCIDENTS, {**wanted, "plan": sol.post(f"{INCIDENTS}:plan", wanted)["plan"]})
        incident, approval = opened["id"], opened["opened"]["approval"]["id"]
        # Somebody with the database, but without the seal, wants another key revoked as well.
        with sqlite3.connect(f"{node.data}/keywright.db", timeout=30) as store:
            changed = store.execute("UPDATE incident_item SET body = replace(body, 'key:acme/orders', 'key:acme/invoices')").rowcount
        assert changed == 1
        approve(node, approval)
        wait_until(lambda: head(node, incident)["problem"] == "plan_changed", 60, "the refusal of the changed plan")
        assert refusal(lambda: node.rest("sia").post(f"{INCIDENTS}/{incident}:break-glass")) == "plan_changed"
        assert phase(node, incident) == "opened"
        assert set(states(node, "invoices").values()) == {"primary"} and "revoked" not in states(node, "orders").values()
    finally:
        node.stop()


def test_one_person_breaks_the_glass_and_another_one_reviews(node, tmp_path):
    make_keys(node, "urgent")
    incident, approval = start(node, ["key:acme/urgent"])
    assert refusal(lambda: node.rest("amy").post(f"{INCIDENTS}/{incident}:break-glass")) == "permission_denied"
    node.rest("sol").post(f"{INCIDENTS}/{incident}:break-glass")
    wait_until(lambda: head(node, incident)["problem"] == "review", 60, "the wait for the review")
    assert states(node, "urgent")[1] == "revoked" and phase(node, incident) == "evidence"
    assert refusal(lambda: node.rest("sol").post(f"{INCIDENTS}/{incident}:review", {"justified": True})) == "own_request"
    assert refusal(lambda: node.rest("ann").get(f"{INCIDENTS}/{incident}/evidence")) == "incident_open"
    node.rest("amy").post(f"{INCIDENTS}/{incident}:review", {"justified": True})
    wait_phase(node, incident, "closed")
    facts = check_evidence(node, incident, tmp_path)["facts"]
    assert facts["incident"]["break_glass"]["by"] == "sol" and facts["incident"]["break_glass"]["reviewed_by"] == "amy"


def test_a_false_alarm_is_taken_back(node):
    make_keys(node, "calm")
    incident, _ = start(node, ["key:acme/calm"])
    assert "compromised_at" in node.rest("ada").get(f"{KEYS}/calm")["versions"][0]
    node.rest("sol").post(f"{INCIDENTS}/{incident}:withdraw")
    assert "compromised_at" not in node.rest("ada").get(f"{KEYS}/calm")["versions"][0]
    assert show(node, incident)["incident"]["withdrawn"] and set(states(node, "calm").values()) == {"primary"}
    assert refusal(lambda: node.rest("sol").post(f"{INCIDENTS}/{incident}:break-glass")) == "incident_moved"


def test_an_officer_of_one_tenant_stays_in_it(node):
    node.principal("tim", "security-officer:acme")
    tim = node.rest("tim")
    make_keys(node, "local")
    assert tim.post(f"{INCIDENTS}:plan?tenant=acme", order(["key:acme/local"]))["items"]
    assert refusal(lambda: tim.post(f"{INCIDENTS}:plan?tenant=acme", order(["key:globex/local"]))) == "outside_tenant"
    assert refusal(lambda: tim.post(f"{INCIDENTS}:plan?tenant=globex", order(["key:globex/local"]))) == "not_found"
    assert refusal(lambda: tim.post(f"{INCIDENTS}:plan", order(["key:acme/local"]))) == "permission_denied"
    assert refusal(lambda: tim.post(f"{INCIDENTS}:plan?tenant=acme", order(["mallory"], scope="caller"))) == "outside_tenant"
    incident, _ = start(node, ["key:acme/local"])
    assert tim.get(f"{INCIDENTS}/{incident}")["id"] == incident


def test_everything_that_a_caller_used_is_suspect(node):
    make_keys(node, "used-by-eve", "not-used")
    node.principal("eve", "key-user:acme")
    encrypt(node, "used-by-eve", user="eve")
    sol = node.rest("sol")
    # The ledger is written once a second.
    wait_until(lambda: refusal(lambda: sol.post(f"{INCIDENTS}:plan", order(["eve"], scope="caller"))) == "", 30, "the ledger")
    plan = sol.post(f"{INCIDENTS}:plan", order(["eve"], scope="caller"))
    assert [item["node"] for item in plan["items"]] == ["key:acme/used-by-eve"]


def test_notices_are_filled_in_and_recorded(node):
    make_keys(node, "told")
    node.rest("sol").post("/api/v1/rotation/graph", {"from": "key:acme/told", "to": "app:shop", "type": "verifies"})
    encrypt(node, "told")
    incident, approval = start(node, ["key:acme/told"], description="seen on a paste site")
    approve(node, approval)
    wait_phase(node, incident, "closed")
    notices = node.rest("sol").get(f"{INCIDENTS}/{incident}/notices")["items"]
    assert {one["kind"] for one in notices} == {"internal-page", "tenant", "webhook-consumer", "regulator-draft", "status-page", "auditor-letter"}
    assert all("{{" not in one["body"] for one in notices)
    node.rest("sol").post(f"{INCIDENTS}/{incident}:notice-sent", {"kind": "webhook-consumer", "recipient": "app:shop"})
    assert show(node, incident)["timeline"][-1]["what"] == "incident.notice"
    assert refusal(lambda: node.rest("sol").post(f"{INCIDENTS}/{incident}:notice-sent", {"kind": "tenant", "recipient": "x"})) == "no_such_notice"


def test_the_graph_is_there_without_typing_and_refuses_cycles(node):
    make_keys(node, "g1", "g2")
    ada = node.rest("ada")
    edges = ada.get("/api/v1/rotation/graph?tenant=acme")["edges"]
    assert {"from": "kek:acme/kek", "to": "key:acme/g1", "type": "wraps"}.items() <= next(
        edge for edge in edges if edge["to"] == "key:acme/g1").items()
    ada.post("/api/v1/rotation/graph:import", {"text": 'edges:\n  - {from: "key:acme/g1", to: "key:acme/g2", type: wraps}\n'})
    assert refusal(lambda: ada.post("/api/v1/rotation/graph", {"from": "key:acme/g2", "to": "key:acme/g1", "type": "wraps"})) == "graph_cycle"
    assert refusal(lambda: ada.post("/api/v1/rotation/graph", {"from": "key:acme/g2", "to": "kek:acme/kek", "type": "wraps"})) == "graph_cycle"
    blast = ada.get("/api/v1/rotation/graph/blast?subject=key:acme/g1")
    assert [[unit["nodes"] for unit in wave] for wave in blast["waves"]] == [[["key:acme/g1"]], [["key:acme/g2"]]]
    status, headers, text = ada.raw("GET", "/api/v1/rotation/graph?format=dot")
    assert status == 200 and text.startswith(b"digraph") and "graphviz" in headers["Content-Type"]
    ada.call("DELETE", "/api/v1/rotation/graph?from=key:acme/g1&to=key:acme/g2&type=wraps")
    assert refusal(lambda: ada.call("DELETE", "/api/v1/rotation/graph?from=kek:acme/kek&to=key:acme/g1&type=wraps")) == "not_found"


@pytest.mark.parametrize("mode", ["contain_first", "continuity_first"])
def test_killed_at_every_step_it_goes_on_to_the_same_end(binary, tmp_path, mode):
    node = staffed(binary, tmp_path / "node")
    make_keys(node, "orders", "invoices")
    sealed = encrypt(node, "orders")
    if mode == "continuity_first":
        node.rest("ada").call("PUT", "/api/v1/rotation/consumers/uli?tenant=acme", {"subjects": [{"kind": "key", "name": "orders"}]})
    incident, approval = start(node, ["key:acme/orders"], mode)
    approve(node, approval)
    seen, lives = set(), 0
    while lives < 60:
        lives += 1
        node.kill()
        # Every life of the process ends at its first step: nothing but the rows carries it on.
        node.environment["KEYWRIGHT_FAILPOINTS"] = "incident.committed=abort@2"
        node.start()
        try:
            node.unseal()
            now = show(node, incident)
            seen.add(now["incident"]["phase"])
            if now["incident"]["phase"] == "closed":
                break
            if mode == "continuity_first" and 2 in states(node, "orders"):
                acknowledge(node, "orders", "used")
            wait_until(lambda: node.process.poll() is not None, 5, "its end")
        except (Problem, OSError, TimeoutError, Exception) as gone:  # noqa: BLE001 it dies while we talk to it
            if isinstance(gone, AssertionError):
                raise
    node.kill()
    del node.environment["KEYWRIGHT_FAILPOINTS"]
    node.start()
    node.unseal()
    try:
        wait_phase(node, incident, "closed")
        now = states(node, "orders")
        assert now[1] == "revoked" and list(now.values()).count("primary") == 1 and len(now) == 2
        assert refusal(lambda: decrypt(node, "orders", sealed)) == "version_state"
        what = [entry["what"] for entry in show(node, incident)["timeline"]]
        for once in ("incident.opened", "incident.approved", "incident.contained", "incident.reported", "incident.revoked", "incident.closed"):
            assert what.count(once) == 1, (once, what)
        assert lives > 3
        check_evidence(node, incident, tmp_path)
    finally:
        node.stop()
