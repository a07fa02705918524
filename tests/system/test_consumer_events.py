"""What a consumer hears of its subjects, what a failure that it reports does, and roles that are exchanged for tokens."""
import json

import pytest

from node import Node, wait_until
from rest import Rest
from rotation_calls import KEYS, ROTATION, policy, refusal, run_of, staff, start, until


class Stream:
    """Server-sent events as they come."""

    def __init__(self, rest, consumer, last=None):
        self.rest = Rest(f"https://{rest.address[0]}:{rest.address[1]}", rest.token, rest.fingerprint, timeout=60)
        self.rest.connect()
        headers = {"Authorization": "Bearer " + rest.token, **({"Last-Event-ID": last} if last else {})}
        self.rest.connection.request("GET", f"{ROTATION}/consumers/{consumer}/events?tenant=acme", headers=headers)
        self.answer = self.rest.connection.getresponse()
        self.status = self.answer.status

    def next(self):
        event = {}
        while True:
            line = self.answer.readline().decode().rstrip("\n")
            if not line and "data" in event:
                return event["id"], event["event"], json.loads(event["data"])
            if ": " in line:
                name, _, value = line.partition(": ")
                event[name] = value

    def close(self):
        self.rest.close()


def consumer(rest, name, *keys, **more):
    rest.call("PUT", f"{ROTATION}/consumers/{name}?tenant=acme", {"subjects": [{"name": key} for key in keys], "lease_seconds": 60, **more})


def test_a_consumer_hears_of_its_own_subjects_alone_and_no_values(dev):
    rest = dev.rest()
    for key in ("orders", "users"):
        rest.post(KEYS, {"name": key})
    consumer(rest, "billing", "orders")
    stream = Stream(rest, "billing")
    seq, event, ready = stream.next()
    assert (stream.status, event, ready) == (200, "ready", {"resumed": False})
    rest.post(f"{KEYS}/users:rotate")
    rest.post(f"{KEYS}/orders:rotate")
    last, event, told = stream.next()
    assert event == "changed" and (told["kind"], told["name"]) == ("key", "orders") and int(last) > int(seq)
    assert set(told) <= {"kind", "name", "action", "version", "state"}
    stream.close()
    # A short absence: what happened meanwhile comes first, and nothing is lost.
    rest.post(f"{KEYS}/orders:rotate")
    again = Stream(rest, "billing", last)
    assert again.next()[1:] == ("ready", {"resumed": True})
    # The leaves of one rotation are several: version 2's may come first.
    assert any(again.next()[2]["version"] == 3 for _ in range(6))
    again.close()


def test_a_stream_ends_when_its_consumer_is_registered_anew(dev):
    rest = dev.rest()
    rest.post(KEYS, {"name": "orders"})
    consumer(rest, "billing", "orders")
    stream = Stream(rest, "billing")
    stream.next()
    consumer(rest, "billing", "orders")
    assert stream.answer.read().replace(b":\n\n", b"") == b""


def test_who_may_not_and_what_is_not_there(binary, tmp_path):
    node = Node(binary, tmp_path)
    node.initialise()
    staff(node)
    consumer(node.rest("ada"), "billing", "orders")
    assert Stream(node.rest("uli"), "billing").status == 200
    assert Stream(node.rest("ann"), "billing").status == 403
    assert Stream(node.rest("uli"), "nobody").status == 404
    bad = refusal(node.rest("uli").call, "GET", f"{ROTATION}/consumers/billing/events?tenant=acme", None, {"Last-Event-ID": "x"})
    assert bad.reason == "bad_last_event_id"
    node.stop()


GRADUAL = ("interval: 90d\noverlap: {min: 1d, quiet: 0s}\nrollout: {steps: [50, 100], soak: 1h}\n"
           "publish_wait: 0s\nquarantine: 0s\njitter: 0s\nold_version: retire\n")


def acknowledge(rest, who, version, grade, instance="i-1"):
    rest.post(f"{ROTATION}/consumers/{who}:acknowledge?tenant=acme", {"name": "orders", "instance": instance, "version": version, "grade": grade})


def test_the_canary_of_a_secret_goes_first_and_the_rollout_waits_for_it(dev):
    rest = dev.rest()
    secret = "/api/v1/tenants/acme/secrets/db"
    rest.call("PUT", secret, {"generate": "password"})
    policy(rest, "gradual", GRADUAL.replace("[50, 100], soak: 1h", "[1, 100], soak: 0s"))
    for who, canary in (("early", True), ("late", False)):
        rest.call("PUT", f"{ROTATION}/consumers/{who}?tenant=acme", {"subjects": [{"kind": "secret", "name": "db"}], "canary": canary})

    def says(who, version, grade):
        rest.post(f"{ROTATION}/consumers/{who}:acknowledge?tenant=acme", {"kind": "secret", "name": "db", "version": version, "grade": grade})
    for who in ("early", "late"):
        says(who, 1, "used")
    run = start(rest, "db", kind="secret")
    wait_until(lambda: run_of(rest, run)["state"] == "validate", 30, "the new version")
    for who in ("early", "late"):
        says(who, 2, "loaded")
    wait_until(lambda: run_of(rest, run)["problem"] == "canary", 60, "the wait for the canary")
    assert "the canary to use @2" in run_of(rest, run)["waits_for"]
    assert rest.get(f"{secret}?consumer=early")["version"] == 2, "before its bucket's turn"
    says("early", 2, "used")
    until(rest, run, "drain")
    assert rest.get(f"{secret}?consumer=late")["version"] == 2


def test_a_failure_that_a_consumer_reports_takes_the_rotation_back(dev):
    rest = dev.rest()
    rest.post(KEYS, {"name": "orders"})
    consumer(rest, "billing", "orders", canary=True)
    acknowledge(rest, "billing", 1, "used")
    policy(rest, "gradual", GRADUAL)
    run = start(rest)
    wait_until(lambda: run_of(rest, run)["to_version"] == 2, 30, "the new version")
    acknowledge(rest, "billing", 2, "loaded")
    until(rest, run, "rollout")
    acknowledge(rest, "billing", 2, "failed")
    wait_until(lambda: run_of(rest, run)["state"] in ("rolling_back", "rolled_back"), 10, "the way back: at once, not at the next look")
    acknowledge(rest, "billing", 1, "used")
    done = until(rest, run, "rolled_back")
    assert "consumer_failed" in json.dumps(done)
    board = rest.get(f"{ROTATION}/board?tenant=acme&name=orders&version=2")["items"]
    assert board[0]["failed"] and "loaded_at" not in board[0]


def test_a_success_behind_a_failure_counts(dev):
    rest = dev.rest()
    rest.post(KEYS, {"name": "orders"})
    consumer(rest, "billing", "orders")
    acknowledge(rest, "billing", 1, "failed")
    acknowledge(rest, "billing", 1, "used")
    board = rest.get(f"{ROTATION}/board?tenant=acme&name=orders&version=1")["items"]
    assert not board[0]["failed"] and board[0]["used_at"]


@pytest.mark.parametrize("wrong", [{"role_id": "other"}, {"secret_id": "kws_" + "A" * 43}, {"secret_id": ""}])
def test_a_role_and_its_secret_are_exchanged_for_a_token(dev, wrong):
    rest = dev.rest()
    rest.post("/api/v1/principals", {"name": "billing", "grants": [{"role": "key-user", "tenant": "acme"}]})
    secret = rest.post("/api/v1/tokens", {"principal": "billing", "ttl_seconds": 7200, "secret_id": True})["token"]
    url, _, pin = dev.access
    anybody = Rest(url, None, pin)
    given = anybody.post("/api/v1/auth/exchange", {"role_id": "billing", "secret_id": secret})
    assert 3500 < given["expires_in_seconds"] <= 3600
    assert Rest(url, given["token"], pin).get("/api/v1/tokens/self")["principal"] == "billing"
    assert refusal(Rest(url, secret, pin).get, "/api/v1/tokens/self").status == 401
    refused = refusal(anybody.post, "/api/v1/auth/exchange", {"role_id": "billing", "secret_id": secret, **wrong})
    assert (refused.status, refused.reason) == (401, "secret_id_invalid")
    assert secret not in dev.log()
