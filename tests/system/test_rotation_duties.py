"""Who may let a rotation happen: approvals of plans, emergencies by hand, signed webhooks."""
import base64
import hashlib
import hmac
import json
import time

import pytest

from node import Node
from rest import b64
from rotation_calls import AT_ONCE, KEYS, ROTATION, policy, primary, refusal, run_of, start, staff, until


@pytest.fixture
def staffed(binary, tmp_path):
    node = Node(binary, tmp_path / "node")
    node.initialise()
    staff(node)
    yield node
    node.stop()


# Who speaks for a consumer

def test_only_its_principal_speaks_for_a_consumer(staffed):
    staffed.principal("ute", "key-user:acme")
    ada, uli, ute = staffed.rest("ada"), staffed.rest("uli"), staffed.rest("ute")
    path = f"{ROTATION}/consumers/billing"
    loaded = {"name": "orders", "version": 1, "grade": "loaded"}
    assert ada.call("PUT", f"{path}?tenant=acme", {"subjects": [{"name": "orders"}], "principal": "uli"})["principal"] == "uli"
    for verb, body in ((":acknowledge", loaded), (":acknowledge", {**loaded, "grade": "failed"}), (":heartbeat", {})):
        refused = refusal(ute.post, f"{path}{verb}?tenant=acme", body)
        assert (refused.status, refused.reason) == (403, "not_your_consumer")
    uli.post(f"{path}:acknowledge?tenant=acme", loaded)
    board = ada.get(f"{ROTATION}/board?tenant=acme&name=orders&version=1")["items"]
    assert [(one["consumer"], one["failed"]) for one in board] == [("billing", False)]
    ada.call("PUT", f"{path}?tenant=acme", {"subjects": [{"name": "orders"}]})
    assert refusal(uli.post, f"{path}:heartbeat?tenant=acme").reason == "not_your_consumer", "by default it is the one of the same name"


def test_who_may_register_a_consumer_stands_in_for_it_and_is_recorded(staffed):
    sol, ada, ann = staffed.rest("sol"), staffed.rest("ada"), staffed.rest("ann")
    staffed.principal("ute", "key-user:acme")
    sol.call("PUT", "/api/v1/tenants/acme/access-policies/stand-in", {"policy": (
        "statements:\n  - effect: permit\n    principals: [ute]\n    actions: [consumer:register]\n    tenant: acme\n"
        "    kind: consumer\n    names: [billing]\n")})
    ada.call("PUT", f"{ROTATION}/consumers/billing?tenant=acme", {"subjects": [{"name": "orders"}], "principal": "uli"})
    staffed.rest("ute").post(f"{ROTATION}/consumers/billing:acknowledge?tenant=acme", {"name": "orders", "version": 1})
    [leaf] = [item["record"] for item in ann.get("/api/v1/audit/records?action=consumer.acknowledge")["items"]]
    assert (leaf["actor"], leaf["reason"]) == ("ute", "stand_in")


# Approvals

def waiting_run(node, needed):
    policy(node.rest("ada"), "guarded", f"interval: 30d\napprovals: {needed}\n{AT_ONCE}")
    run = start(node.rest("ada"))
    return until(node.rest("ada"), run, "approve")


def approve(rest, run, plan=None):
    return rest.post(f"{ROTATION}/runs/{run['id']}:approve", {"plan_hash": plan or run["plan_hash"]})


def test_two_others_let_a_run_go_on(staffed):
    run = waiting_run(staffed, 2)
    assert "2 people" in run_of(staffed.rest("ada"), run["id"])["waits_for"]
    assert (approve(staffed.rest("amy"), run)["approved"], primary(staffed.rest("ada"))) == (1, 1)
    assert approve(staffed.rest("abe"), run)["run"]["approval"]
    done = until(staffed.rest("ada"), run["id"], "done")
    assert done["validation"]["as_planned"] and primary(staffed.rest("ada")) == 2


def test_an_approval_voted_for_as_such_lets_the_run_go_on_too(staffed):
    run = waiting_run(staffed, 2)
    approval = approve(staffed.rest("amy"), run)["approval"]
    assert staffed.rest("abe").post(f"/api/v1/approvals/{approval}:approve")["state"] in ("approved", "spent")
    until(staffed.rest("ada"), run["id"], "done")


def test_wrong_approvals_never_execute(staffed):
    run = waiting_run(staffed, 2)
    assert refusal(approve, staffed.rest("ada"), run).reason == "permission_denied"  # its requester, and no approver
    assert refusal(approve, staffed.rest("uli"), run).reason == "permission_denied"
    assert refusal(approve, staffed.rest("amy"), run, plan="00" * 32).reason == "plan_changed"
    approve(staffed.rest("amy"), run)
    assert refusal(approve, staffed.rest("amy"), run).reason == "already_voted"
    time.sleep(0.5)  # the engine has looked again by then
    assert run_of(staffed.rest("ada"), run["id"])["state"] == "approve" and primary(staffed.rest("ada")) == 1


def test_a_requester_who_may_approve_cannot_approve_their_own_run(staffed):
    policy(staffed.rest("ada"), "guarded", f"interval: 30d\napprovals: 1\n{AT_ONCE}")
    run = until(staffed.rest("ada"), start(staffed.rest("sol")), "approve")
    assert refusal(approve, staffed.rest("sol"), run).reason == "own_request"
    approve(staffed.rest("amy"), run)
    until(staffed.rest("ada"), run["id"], "done")


def test_a_plan_that_changed_is_not_carried_out(staffed):
    """An officer stops the version that the plan starts from: the approval is for another plan, and the run ends."""
    run = waiting_run(staffed, 1)
    assert refusal(staffed.rest("ada").post, f"{KEYS}/orders:rotate").reason == "run_open"
    staffed.rest("sol").post(f"{KEYS}/orders/versions/1:suspend", {"reason": "leak"})
    now = primary(staffed.rest("ada"))
    assert now != 1
    approve(staffed.rest("amy"), run)
    ended = until(staffed.rest("ada"), run["id"], "done", "aborted")
    assert (ended["state"], ended["problem"], primary(staffed.rest("ada"))) == ("aborted", "plan_changed", now)


def test_an_emergency_by_hand_needs_two_people_first(staffed):
    path, body = f"{ROTATION}/runs?tenant=acme", {"name": "orders", "emergency": True, "reason": "leak"}
    asked = refusal(staffed.rest("ada").post, path, body)
    assert asked.reason == "approval_required" and asked.body["approval"]["needed"] == 2
    approval = asked.body["approval"]["id"]
    staffed.rest("amy").post(f"/api/v1/approvals/{approval}:approve")
    assert refusal(staffed.rest("ada").post, path, body, {"Keywright-Approval": approval}).reason == "approval_open"
    staffed.rest("abe").post(f"/api/v1/approvals/{approval}:approve")
    other = refusal(staffed.rest("ada").post, path, {**body, "reason": "other"}, {"Keywright-Approval": approval})
    assert other.reason == "approval_mismatch"
    run = staffed.rest("ada").post(path, body, {"Keywright-Approval": approval})
    assert run["trigger"] == "emergency"
    # The old version retires when its grace is over; what matters is replaced at once.
    until(staffed.rest("ada"), run["id"], "drain", "archive", "done")
    assert primary(staffed.rest("ada")) == 2


# Webhooks

def signed(secret, message, body, stamp=None):
    stamp = str(int(time.time()) if stamp is None else stamp)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{message}.{stamp}.{body}".encode(), hashlib.sha256).digest()
    return {"webhook-id": message, "webhook-timestamp": stamp, "webhook-signature": "v1," + base64.b64encode(mac).decode()}


def test_a_signed_webhook_starts_runs_once(staffed):
    hook = staffed.rest("sol").post(f"{ROTATION}/hooks?tenant=acme", {"name": "scanner", "events": ["leak"]})
    policy(staffed.rest("ada"), "p", f"interval: 30d\n{AT_ONCE}")
    body = json.dumps({"type": "leak", "timestamp": "2026-11-20T13:00:00Z", "data": {"name": "orders"}})
    anyone = staffed.rest()

    def deliver(headers, text=body, path=hook["path"]):
        return anyone.call("POST", path, text, headers)

    assert "secret" not in json.dumps(staffed.rest("sol").get(f"{ROTATION}/hooks"))
    good = signed(hook["secret"], "msg-1", body)
    for bad in ({}, {**good, "webhook-signature": "v1,AAAA"}, {**good, "webhook-id": "msg-2"}, signed("whsec_" + b64(b"x" * 32), "msg-1", body),
                signed(hook["secret"], "msg-1", body, time.time() - 400), signed(hook["secret"], "msg-1", body, time.time() + 400)):
        assert (refusal(deliver, bad).status, primary(staffed.rest("ada"))) == (401, 1)
    assert refusal(deliver, good, path=f"{ROTATION}/hooks/{'0' * 32}").reason == "signature_invalid"
    told = deliver(good)
    assert told["started"] == 1
    until(staffed.rest("ada"), told["runs"][0]["id"], "done")
    assert refusal(deliver, good).reason == "already_delivered"
    staffed.kill()  # the ids that were taken are durable
    staffed.start()
    staffed.unseal()
    anyone.close()
    anyone.address = staffed.rest().address
    assert refusal(deliver, good).reason == "already_delivered"
    other = json.dumps({"type": "leaver", "data": {"name": "orders"}})
    assert refusal(deliver, signed(hook["secret"], "msg-3", other), other).reason == "event_not_allowed"
    foreign = json.dumps({"type": "leak", "data": {"tenant": "globex", "name": "orders"}})
    assert refusal(deliver, signed(hook["secret"], "msg-4", foreign), foreign).reason == "event_not_allowed"
    broken = "{"
    assert refusal(deliver, signed(hook["secret"], "msg-5", broken), broken).status == 400
    staffed.rest("sol").call("DELETE", f"{ROTATION}/hooks/{hook['id']}")
    assert refusal(deliver, signed(hook["secret"], "msg-6", body)).reason == "signature_invalid"
    assert primary(staffed.rest("ada")) == 2
