"""Key ceremonies on the real server: order, people, witnesses, and a transcript that verifies offline."""
import json

import pytest

from incident_staff import refusal, staffed, verifier_key
from node import wait_until

CEREMONIES = "/api/v1/rotation/ceremonies"


@pytest.fixture(scope="module")
def node(binary, tmp_path_factory):
    node = staffed(binary, tmp_path_factory.mktemp("ceremony"))
    yield node
    node.stop()


def open_ceremony(node, operation="kek.rotate", thing="acme", custodians=("ada", "amy", "bob"), witnesses=("sia",), **more):
    return node.rest("sol").post(CEREMONIES, {"operation": operation, "object": thing, "threshold": 2, "custodians": list(custodians),
                                              "witnesses": list(witnesses), **more})


def acknowledge(node, ceremony, name):
    return node.rest(name).post(f"{CEREMONIES}/{ceremony['id']}:acknowledge", {"request_hash": ceremony["request_hash"]})


def test_m_of_n_people_witnessed_rotate_a_kek_and_the_transcript_proves_it(node, tmp_path):
    ceremony = open_ceremony(node)
    path = f"{CEREMONIES}/{ceremony['id']}"
    assert refusal(lambda: acknowledge(node, ceremony, "sia")) == "wrong_order"
    assert refusal(lambda: node.rest("sol").post(f"{path}:perform")) == "ceremony_open"
    acknowledge(node, ceremony, "ada")
    assert refusal(lambda: acknowledge(node, ceremony, "ada")) == "already_acknowledged"
    assert refusal(lambda: node.rest("amy").post(f"{path}:acknowledge", {"request_hash": "0" * 64})) == "operation_changed"
    acknowledge(node, ceremony, "bob")
    acknowledge(node, ceremony, "sia")
    assert acknowledge(node, ceremony, "sol")["state"] == "complete"
    assert node.rest("sol").post(f"{path}:perform")["state"] == "performed"
    wait_until(lambda: [kek["state"] for kek in node.rest("ada").get("/api/v1/tenants/acme/keks")["items"]] == ["retired", "primary"],
               60, "the end of the rotation")
    status, _, text = node.rest("ann").raw("GET", f"{path}/transcript")
    assert status == 200
    file = tmp_path / "transcript.json"
    file.write_bytes(text)
    key = verifier_key(node)
    good = node.cli("ceremony", "verify", str(file), "--key", key)
    assert good.returncode == 0, good.stdout + good.stderr
    assert node.cli("incident", "verify", str(file), "--key", key).returncode == 7, "a transcript is no incident"
    file.write_bytes(text.replace(b'"ada"', b'"eve"', 1))
    assert node.cli("ceremony", "verify", str(file), "--key", key).returncode == 7
    assert [one["principal"] for one in json.loads(text)["body"]["facts"]["participants"]][-1] == "sol"


def test_nobody_holds_two_roles_and_strangers_take_no_part(node):
    assert refusal(lambda: open_ceremony(node, custodians=("ada", "sol"))) == "bad_ceremony"
    assert refusal(lambda: open_ceremony(node, custodians=("ada", "amy"), witnesses=("amy",))) == "bad_ceremony"
    assert refusal(lambda: open_ceremony(node, "kek.destroy")) == "unknown_operation"
    ceremony = open_ceremony(node)
    assert refusal(lambda: node.rest("ada").post(f"{CEREMONIES}/{ceremony['id']}:perform")) == "permission_denied"
    node.principal("zoe", "approver:*")
    assert refusal(lambda: acknowledge(node, ceremony, "zoe")) == "not_a_participant"
    assert node.rest("amy").post(f"{CEREMONIES}/{ceremony['id']}:cancel")["state"] == "cancelled"
    assert refusal(lambda: acknowledge(node, ceremony, "ada")) == "ceremony_closed"


def test_what_changed_since_it_was_shown_is_not_executed(node):
    ceremony = open_ceremony(node, thing="globex")
    for name in ("ada", "amy", "sia", "sol"):
        acknowledge(node, ceremony, name)
    job = node.rest("ada").post("/api/v1/tenants/globex/keks:rotate")["id"]
    wait_until(lambda: node.rest("ada").get(f"/api/v1/rotation/jobs/{job}")["state"] == "done", 60, "the other rotation")
    assert refusal(lambda: node.rest("sol").post(f"{CEREMONIES}/{ceremony['id']}:perform")) == "operation_changed"


def test_new_shares_of_the_root_begin_with_a_ceremony(node):
    assert refusal(lambda: open_ceremony(node, "root.reseal", "3-of-2")) == "bad_threshold"
    ceremony = open_ceremony(node, "root.reseal", "2-of-3")
    for name in ("ada", "amy", "sia", "sol"):
        acknowledge(node, ceremony, name)
    node.rest("sol").post(f"{CEREMONIES}/{ceremony['id']}:perform")
    # The old share is asked for now, and the new ones are handed out.
    assert len(node.rest("sol").post("/api/v1/sys/reseal/share", {"share": node.shares[0]})["shares"]) == 3
