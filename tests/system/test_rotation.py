"""Policies, calendar, runs, consumers and events against a development server: keys renew themselves, people steer."""
import json
import sqlite3
import subprocess

import pytest

from node import DevServer, wait_until
from rest import b64
from rotation_calls import AT_ONCE, KEYS, ROTATION, policy, primary, refusal, run_of, start, until


@pytest.fixture
def fast(binary, tmp_path):
    server = DevServer(binary, tmp_path, extra=["--clock-rate", "600"])
    yield server
    server.stop()


# Policies

def test_a_policy_is_applied_shown_listed_replaced_and_removed(dev):
    rest = dev.rest()
    made = policy(rest, "fast", f"interval: 30d\n{AT_ONCE}")
    assert made["policy"]["epoch"] == 1 and made["policy"]["tenant"] == "acme"
    assert "interval: 30d" in rest.get(f"{ROTATION}/policies/fast?tenant=acme")["document"]
    status, headers, _ = rest.raw("GET", f"{ROTATION}/policies/fast?tenant=acme")
    assert status == 200 and headers["ETag"] == '"1"'
    assert [row["name"] for row in rest.get(f"{ROTATION}/policies?tenant=acme")["items"]] == ["fast"]
    body = {"document": f"name: fast\ninterval: 60d\n{AT_ONCE}"}
    assert rest.call("PUT", f"{ROTATION}/policies/fast?tenant=acme", body, {"If-Match": '"1"'})["policy"]["epoch"] == 2
    stale = refusal(rest.call, "PUT", f"{ROTATION}/policies/fast?tenant=acme", body, {"If-Match": '"1"'})
    assert (stale.status, stale.reason) == (412, "stale_epoch")
    rest.call("DELETE", f"{ROTATION}/policies/fast?tenant=acme")
    assert refusal(rest.get, f"{ROTATION}/policies/fast?tenant=acme").reason == "not_found"


def test_templates_are_listed_and_shown(dev):
    rest = dev.rest()
    names = {row["name"] for row in rest.get(f"{ROTATION}/policies:templates")["items"]}
    assert {"defaults", "pci-dss-4.0.1", "hipaa", "soc2", "nist-800-57", "gdpr", "sox", "fips-140-3"} <= names
    for name in names:
        shown = rest.get(f"{ROTATION}/policies/{name}")
        assert shown["template"] and f"name: {name}" in shown["document"]


@pytest.mark.parametrize("reason,text,number", [
    ("interval_below_overlap", "interval: 1h\noverlap: {min: 2h}", "2h"),
    ("bad_cron", "crons: ['0 0 30 2 *']", "no month named here has a day named here"),
    ("window_after_deadline", "interval: 1d\noverlap: {min: 0s}\nmax_age: 1d\nrollout: {steps: [100], soak: 0s}\n"
     "windows: [{cron: '0 2 1 * *', length: 1h}]", "30d23h"),
    ("lead_too_short", "interval: 90d\nexpiry_lead: 1h\npublish_wait: 2h", "1h"),
    ("bad_policy", "intervall: 1h", "interval"),
    ("bad_cron", "crons: ['61 * * * *']", "0-59"),
])
def test_a_policy_that_cannot_be_met_is_refused_with_the_arithmetic(dev, reason, text, number):
    rest = dev.rest()
    for call in (lambda: policy(rest, "p", text),
                 lambda: rest.post(f"{ROTATION}/policies:check?tenant=acme", {"document": f"name: p\n{text}"})):
        refused = refusal(call)
        assert refused.reason == reason and number in refused.body["detail"], refused
    assert rest.get(f"{ROTATION}/policies?tenant=acme")["items"] == []


def test_a_policy_whose_overlap_is_shorter_than_a_consumers_refresh_is_refused(dev):
    rest = dev.rest()
    rest.post(KEYS, {"name": "orders"})
    rest.call("PUT", f"{ROTATION}/consumers/billing?tenant=acme", {"refresh_seconds": 7200, "subjects": [{"name": "orders"}]})
    refused = refusal(policy, rest, "p", "interval: 30d\noverlap: {min: 1h}\nold_version: retire\nrollout: {steps: [100], soak: 0s}")
    assert refused.reason == "overlap_too_short" and "billing" in refused.body["detail"] and "2h" in refused.body["detail"]


def test_explain_names_the_clause_of_each_number(dev):
    rest = dev.rest()
    rest.post(KEYS, {"name": "orders", "classification": "confidential"})
    policy(rest, "card-data", "interval: 60d\nevents: [leak]\n")
    told = rest.get(f"{ROTATION}/policies:explain?tenant=acme&kind=key&name=orders")
    rules = {rule["field"]: rule for rule in told["rules"]}
    assert rules["interval"]["value"] == "30d" and "confidential" in rules["interval"]["clause"]
    assert rules["events"]["policy"] == "card-data" and rules["overlap.min"]["policy"] == "defaults"
    assert told["policies"] == ["card-data"] and told["due"]["trigger"] == "schedule" and "30d" in told["due"]["why"]
    assert refusal(rest.get, f"{ROTATION}/policies:explain?tenant=acme&name=nothing").reason == "not_found"
    assert refusal(rest.get, f"{ROTATION}/policies:explain?tenant=acme&kind=planet&name=orders").reason == "bad_subject"


def test_years_of_schedule_are_simulated(dev):
    rest = dev.rest()
    for i in range(10):
        rest.post(KEYS, {"name": f"k{i}"})
    told = rest.post(f"{ROTATION}/policies:simulate?tenant=acme", {"years": 2, "document": "name: p\ninterval: 30d\n"})
    keys = told["rotations"]
    assert told["subjects"] >= 10 and keys >= 10 * 24 and told["late"] == 0, told
    for years in (0, 11):
        assert refusal(rest.post, f"{ROTATION}/policies:simulate", {"years": years}).status == 400


def test_the_calendar_shows_what_comes(dev):
    rest = dev.rest()
    rest.post(KEYS, {"name": "orders"})
    policy(rest, "p", "applies_to: {kinds: [key]}\ninterval: 10d\n")
    shown = rest.get(f"{ROTATION}/calendar?tenant=acme&days=30&table=true")
    mine = [entry for entry in shown["entries"] if entry["subject"] == "key:acme/orders"]
    assert len(mine) == 3 and all(entry["policy"] == "p" and "10d" in entry["why"] for entry in mine)
    assert "Mo Tu We" in shown["table"] and shown["rotations"] == len(shown["entries"])
    _, headers, text = rest.raw("GET", f"{ROTATION}/calendar.ics?tenant=acme&days=30")
    ics = text.decode()
    assert headers["Content-Type"] == "text/calendar"
    assert ics.startswith("BEGIN:VCALENDAR\r\n") and ics.count("BEGIN:VEVENT") == shown["rotations"] and "key:acme/orders" in ics
    assert dev.cli("calendar", "-o", "ics", "--days", "30").stdout.count("BEGIN:VEVENT") == shown["rotations"]
    assert dev.cli("key", "list", "-o", "ics").returncode == 2


def test_the_calendar_names_what_was_changed_outside_the_service(dev):
    rest = dev.rest()
    for name in ("orders", "billing"):
        rest.post(KEYS, {"name": name})
    policy(rest, "p", "applies_to: {kinds: [key]}\ninterval: 10d\n")
    dev.stop()
    with sqlite3.connect(f"{dev.data}/keywright.db") as store:
        assert store.execute("UPDATE key_object SET owner = 'mallory' WHERE name = 'billing'").rowcount == 1
    dev.start()
    rest = dev.rest()
    told = "key:acme/billing: its rows were changed outside the service (KS-2): it does not rotate"
    shown = rest.get(f"{ROTATION}/calendar?tenant=acme&days=30&table=true")
    assert shown["problems"] == [told] and told in shown["table"]
    assert {entry["subject"] for entry in shown["entries"] if entry["subject"].startswith("key:")} == {"key:acme/orders"}
    assert rest.post(f"{ROTATION}/policies:simulate?tenant=acme", {"years": 1})["problems"] == [told]
    listed = dev.cli("key", "list")
    assert listed.returncode != 0 and "key billing" in listed.stderr and "runbook KS-2" in listed.stderr, listed.stderr


# Runs

def test_a_key_renews_itself_on_schedule(fast):
    """A schedule 600 times faster than the clock: an interval of an hour passes in six seconds."""
    rest = fast.rest()
    policy(rest, "hourly", f"interval: 1h\n{AT_ONCE}")
    rest.post(KEYS, {"name": "orders"})
    sealed = rest.post(f"{KEYS}/orders:encrypt", {"plaintext": b64(b"before")})["ciphertext"]
    wait_until(lambda: primary(rest) >= 3, 90, "two rotations by schedule")
    runs = rest.get(f"{ROTATION}/runs?tenant=acme&state=done")["items"]
    assert len(runs) >= 2 and all(run["trigger"] == "schedule" and run["requested_by"] == "scheduler" for run in runs)
    assert rest.post(f"{KEYS}/orders:decrypt", {"ciphertext": sealed})["plaintext"] == b64(b"before")
    states = [version["state"] for version in rest.get(f"{KEYS}/orders")["versions"]]
    assert states.count("primary") == 1
    shown = run_of(rest, runs[0]["id"])
    assert shown["validation"]["unmet"] in ([], ["inventory"]) and {each["phase"] for each in shown["checklist"]} == {"before", "during", "after"}
    leaves = rest.get("/api/v1/audit/records?action=run.*&limit=100")["items"]
    assert any(runs[0]["id"] in json.dumps(leaf) for leaf in leaves)


def test_a_run_by_hand_reaches_its_end_and_reports(dev):
    rest = dev.rest()
    rest.post(KEYS, {"name": "orders"})
    policy(rest, "p", f"interval: 30d\n{AT_ONCE}")
    run = start(rest, reason="leaver")
    done = until(rest, run, "done")
    assert (done["from_version"], done["to_version"], primary(rest)) == (1, 2, 2)
    assert done["trigger"] == "manual" and done["reason"] == "leaver" and done["validation"]["as_planned"]
    assert {each["name"]: each["state"] for each in done["checklist"]}["tested"] == "met"
    assert [rung["state"] for rung in done["ladder"]][:4] == ["plan", "approve", "generate", "stage"]
    watched = dev.cli("run", "watch", run)
    assert watched.returncode == 0 and "done" in watched.stdout, watched
    metrics = rest.raw("GET", "/metrics")[2].decode()
    assert 'rotation_runs_total{' in metrics and "rotation_steps_total{" in metrics


def long_run(rest, **more):
    rest.post(KEYS, {"name": "orders"})
    policy(rest, "slow", "interval: 90d\noverlap: {min: 1d, quiet: 0s}\nrollout: {steps: [50, 100], soak: 1h}\n"
           "publish_wait: 0s\nquarantine: 0s\nold_version: retire\n")
    return start(rest, **more)


def test_a_run_is_paused_resumed_and_rolled_back(dev):
    rest = dev.rest()
    run = long_run(rest)
    held = until(rest, run, "rollout")
    assert held["deadline"] and held["expected_end"] > held["updated_at"]
    paused = rest.post(f"{ROTATION}/runs/{run}:pause")
    assert paused["state"] == "paused" and paused["resumes_to"] == "rollout" and "resume" in paused["waits_for"]
    assert refusal(rest.post, f"{ROTATION}/runs/{run}:pause").reason == "invalid_run_transition"
    assert rest.post(f"{ROTATION}/runs/{run}:resume")["state"] == "rollout"
    wait_until(lambda: run_of(rest, run)["problem"] == "soaking", 30, "the soak")
    assert refusal(rest.post, f"{ROTATION}/runs/{run}:abort").reason == "invalid_run_transition"
    rest.post(f"{ROTATION}/runs/{run}:rollback")
    back = until(rest, run, "rolled_back")
    assert primary(rest) == 1 and not back["validation"]["as_planned"]
    watched = dev.cli("run", "watch", run)
    assert watched.returncode == 1 and "rolled back" in watched.stdout, watched


def test_only_one_run_of_a_key_is_open_and_a_rotation_by_hand_waits_for_it(dev):
    rest = dev.rest()
    run = long_run(rest)
    until(rest, run, "rollout")
    assert refusal(start, rest).reason == "run_open"
    refused = refusal(rest.post, f"{KEYS}/orders:rotate")
    assert refused.reason == "run_open" and run in refused.body["detail"]
    rest.post(f"{ROTATION}/runs/{run}:rollback")
    until(rest, run, "rolled_back")
    assert rest.post(f"{KEYS}/orders:rotate")["version"] == 3


def test_watch_prints_a_line_per_change_without_a_terminal(dev):
    rest = dev.rest()
    run = long_run(rest)
    watching = subprocess.Popen([dev.binary, "run", "watch", run], env=dev.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said = ""
    while "rollout 50 %" not in said:
        said += watching.stderr.readline()
    rest.post(f"{ROTATION}/runs/{run}:rollback")
    printed, rest_of_it = watching.communicate(timeout=60)
    said += rest_of_it
    assert watching.returncode == 1 and "rolled back" in printed
    assert "\033" not in said and len(said.splitlines()) < 20, said
    timed = dev.cli("run", "watch", start(rest), "--timeout", "1s")
    assert timed.returncode == 9 and "not_yet" in timed.stderr, timed


def test_a_run_of_nothing_is_refused(dev):
    rest = dev.rest()
    assert refusal(start, rest, "nothing").reason == "not_found"
    rest.post(KEYS, {"name": "orders"})
    assert refusal(start, rest, reason="Not a word!").reason == "bad_run"
    assert refusal(rest.post, f"{ROTATION}/runs", {"name": "orders"}).reason == "bad_query"
    assert refusal(start, rest, kind="planet").reason == "bad_subject"
    assert refusal(rest.get, f"{ROTATION}/runs?tenant=acme&kind=key").reason == "bad_query", "else it would list runs of other kinds"


# Consumers

def test_a_run_waits_for_its_consumers(dev):
    rest = dev.rest()
    rest.post(KEYS, {"name": "orders"})
    policy(rest, "p", f"interval: 30d\nacknowledgement_deadline: 0s\n{AT_ONCE}")
    rest.call("PUT", f"{ROTATION}/consumers/billing?tenant=acme", {"refresh_seconds": 60, "lease_seconds": 3600, "subjects": [{"name": "orders"}]})
    run = start(rest)
    wait_until(lambda: run_of(rest, run)["problem"] == "acknowledgements", 30, "the wait for the consumer")
    board = rest.get(f"{ROTATION}/board?tenant=acme&name=orders")
    assert (board["version"], board["live"], [row["name"] for row in board["silent"]]) == (2, 1, ["billing"])
    assert dev.cli("consumer", "ack", "billing", "--has", "orders@2").returncode == 0
    rest.post(f"{ROTATION}/runs/{run}:retry")
    wait_until(lambda: primary(rest) == 2, 60, "the promotion")
    assert dev.cli("consumer", "ack", "billing", "--has", "orders@2", "--used").returncode == 0
    done = until(rest, run, "done")
    assert done["validation"]["as_planned"]
    board = rest.get(f"{ROTATION}/board?tenant=acme&name=orders&version=2")
    assert board["silent"] == [] and board["items"][0]["used_at"]


def test_consumers_are_kept_and_forgotten(dev):
    rest = dev.rest()
    rest.post(KEYS, {"name": "orders"})
    path = f"{ROTATION}/consumers/billing?tenant=acme"
    made = rest.call("PUT", path, {"environment": "staging", "canary": True, "subjects": [{"name": "orders"}]})
    assert made["environment"] == "staging" and made["canary"] and made["subjects"] == [{"kind": "key", "name": "orders"}]
    assert refusal(rest.call, "PUT", path, {"subjects": [{"name": "nothing"}]}).reason == "not_found"
    assert refusal(rest.call, "PUT", path, {"environment": "A B", "subjects": [{"name": "orders"}]}).reason == "bad_consumer"
    rest.post(f"{ROTATION}/consumers/billing:heartbeat?tenant=acme")
    assert refusal(rest.post, f"{ROTATION}/consumers/ghost:heartbeat?tenant=acme").reason == "not_found"
    assert refusal(rest.post, f"{ROTATION}/consumers/billing:acknowledge?tenant=acme", {"name": "orders", "version": 0}).status == 400
    assert [row["name"] for row in rest.get(f"{ROTATION}/consumers?tenant=acme")["items"]] == ["billing"]
    rest.call("DELETE", path)
    assert refusal(rest.get, path).reason == "not_found"


def test_nobody_moves_the_versions_of_a_run_but_the_run_and_containment(dev):
    rest = dev.rest()
    rest.post(KEYS, {"name": "orders", "lease_grace_seconds": 0})
    rest.post(f"{KEYS}/orders:rotate")
    policy(rest, "long", AT_ONCE.replace("{min: 0s, quiet: 0s}", "{min: 1d, quiet: 0s}") + "interval: 90d\n")
    run = start(rest)
    until(rest, run, "drain")
    for path in ("/versions/2:promote", "/versions/1:promote", ":rollback", "/versions/2:retire", ":rotate"):
        refused = refusal(rest.post, f"{KEYS}/orders{path}")
        assert (refused.status, refused.reason, refused.body["run"]) == (409, "run_open", run), path
    assert rest.post(f"{KEYS}/orders/versions/1:retire"), "a version that the run is not about"
    told = dev.cli("key", "promote", "orders@2")
    assert f"try: keywright run watch {run}" in told.stderr and told.returncode == 6, told.stderr
    rest.post(f"{KEYS}/orders/versions/2:revoke", {"reason": "leak"})
    assert primary(rest) == 3 and run_of(rest, run)["state"] == "drain"
    rest.call("PUT", "/api/v1/tenants/acme/secrets/made", {"generate": "password"})
    secret = start(rest, "made", kind="secret")
    until(rest, secret, "drain")
    for path, body in ((":rollback", {}), (":rotate", {})):
        refused = refusal(rest.post, f"/api/v1/tenants/acme/secrets/made{path}", body)
        assert (refused.reason, refused.body["run"]) == ("run_open", secret)
    refused = refusal(rest.call, "PUT", "/api/v1/tenants/acme/secrets/made", {"text": "by-hand"})
    assert (refused.reason, refused.body["run"]) == ("run_open", secret)


# Events and webhooks

def test_an_event_rotates_what_its_policy_lists(dev):
    rest = dev.rest()
    for name, owner in (("orders", "ola"), ("bills", "ola"), ("other", "eve")):
        rest.post(KEYS, {"name": name, "owner": owner})
    policy(rest, "p", f"applies_to: {{owners: [ola]}}\ninterval: 30d\nevents: [leaver]\n{AT_ONCE}")
    told = rest.post(f"{ROTATION}/events?tenant=acme", {"type": "leaver", "owner": "ola"})
    assert (told["matched"], told["started"], told["not_listed"]) == (2, 2, 0)
    for run in told["runs"]:
        assert until(rest, run["id"], "done")["trigger"] == "event"
    assert primary(rest, "orders") == primary(rest, "bills") == 2 and primary(rest, "other") == 1
    assert rest.post(f"{ROTATION}/events?tenant=acme", {"type": "sunshine", "name": "orders"})["not_listed"] == 1
    for bad in ({"type": "leak"}, {"type": "A", "name": "orders"}, {"type": "leak", "name": "orders", "x": 1}):
        assert refusal(rest.post, f"{ROTATION}/events?tenant=acme", bad).status == 400
