"""What an incident has frozen is rotated by the incident alone; what else was asked for is refused with its name, or held until the end."""
import json

import pytest

from incident_staff import INCIDENTS, KEYS, head, make_keys, order, staffed, start
from node import wait_until
from rotation_calls import AT_ONCE, ROTATION, policy, primary, refusal, run_of, until


@pytest.fixture(scope="module")
def node(binary, tmp_path_factory):
    node = staffed(binary, tmp_path_factory.mktemp("frozen"))
    policy(node.rest("ada"), "leaks", f"interval: 90d\nevents: [leak]\n{AT_ONCE}")
    yield node
    node.stop()


def report(node, *names):
    ada = node.rest("ada")
    return [ada.post(f"{ROTATION}/events?tenant=acme", {"type": "leak", "name": name}) for name in names]


def runs(node, name):
    return [run for run in node.rest("ada").get(f"{ROTATION}/runs?tenant=acme")["items"] if run["name"] == name]


def test_a_rotation_by_hand_is_refused_and_names_the_incident(node):
    make_keys(node, "shut", "open")
    incident, _ = start(node, ["key:acme/shut"])
    ada = node.rest("ada")
    start_run = f"{ROTATION}/runs?tenant=acme"
    asked = ((f"{KEYS}/shut:rotate",), (start_run, {"name": "shut"}), (start_run, {"name": "shut", "emergency": True}))
    for refused in (refusal(ada.post, *each) for each in asked):
        assert (refused.status, refused.reason, refused.body["incident"]) == (409, "frozen_by_incident", incident)
        assert incident in refused.body["detail"]
    assert ada.post(f"{KEYS}/open:rotate")["version"] == 2, "what is not frozen rotates"
    node.rest("sol").post(f"{INCIDENTS}/{incident}:withdraw")
    assert ada.post(f"{KEYS}/shut:rotate")["version"] == 2


def test_an_event_about_frozen_keys_is_held_and_goes_on_after_the_freeze(node):
    make_keys(node, "held", "free")
    incident, _ = start(node, ["key:acme/held"])
    other, _ = start(node, ["key:acme/held"])
    first, again, free = report(node, "held", "held", "free")
    assert [(told["held"], told["started"]) for told in (first, again, free)] == [(1, 0), (1, 0), (0, 1)]
    until(node.rest("ada"), free["runs"][0]["id"], "done")
    node.rest("sol").post(f"{INCIDENTS}/{incident}:withdraw")
    node.kill()
    node.start()
    node.unseal()
    assert head(node, other)["phase"] == "opened" and runs(node, "held") == [], "another incident still freezes it"
    node.rest("sol").post(f"{INCIDENTS}/{other}:withdraw")
    wait_until(lambda: primary(node.rest("ada"), "held") == 2, 60, "the rotation that was held")
    [run] = runs(node, "held")
    assert (run["trigger"], run["reason"], run["requested_by"]) == ("event", "leak", "ada"), json.dumps(run)


def test_a_drill_that_reaches_a_secret_is_refused_before_it_opens(node):
    node.principal("sam", "secret-admin:acme")
    node.rest("sam").call("PUT", "/api/v1/tenants/acme/secrets/db", {"text": "one-two-three"})
    before = node.rest("sol").get(INCIDENTS)["items"]
    refused = refusal(node.rest("sol").post, INCIDENTS, order(["secret:acme/db"], drill=True))
    assert (refused.status, refused.reason) == (409, "no_drill") and "secret:acme/db" in refused.body["detail"]
    assert node.rest("sol").get(INCIDENTS)["items"] == before
