"""Secrets that people renew by hand: the schedule or a person opens a task, its owner gives the value, the run proves and promotes it."""
import re

import pytest

from node import Node, wait_until
from test_secrets import AT_ONCE, SECRETS, put, read, refusal, staff

TASKS = "/api/v1/tenants/acme/secret-tasks"


@pytest.fixture
def staffed(binary, tmp_path):
    node = Node(binary, tmp_path / "node")
    staff(node)
    node.rest("sol").call("PUT", "/api/v1/rotation/policies/at-once?tenant=acme", {"document": AT_ONCE})
    put(node.rest("wanda"), "vendor/portal", text="first-value", type="client-secret", owner="payments",
        instructions="Log in to the portal.\nMake a new key.")
    node.rest("wanda").call("PATCH", f"{SECRETS}/vendor/portal", {"generator": "manual due=2d remind=1d"})
    yield node
    node.stop()


def complete(rest, **body):
    return rest.post(f"{SECRETS}/vendor/portal:complete-task", body)


def state(rest, run):
    return rest.get(f"/api/v1/rotation/runs/{run}")["state"]


def test_a_person_renews_a_secret_that_nobody_else_can_make(staffed):
    wanda, web = staffed.rest("wanda"), staffed.rest("web")
    assert wanda.get(TASKS)["items"] == []
    assert refusal(complete, wanda, text="too early") == "no_task"
    run = wanda.post(f"{SECRETS}/vendor/portal:rotate")["id"]
    task = wait_until(lambda: wanda.get(TASKS)["items"], 30, "the task")[0]
    assert (task["path"], task["run"], task["stage"], task["owner"]) == ("vendor/portal", run, "open", "payments")
    assert task["instructions"] == "Log in to the portal.\nMake a new key." and task["due_at"] > task["opened_at"]
    assert "secret task" in str(wanda.get(f"/api/v1/rotation/runs/{run}"))
    # The value goes through the run alone: neither a put nor a reader can make it.
    assert refusal(put, wanda, "vendor/portal", text="beside it") == "task_open"
    assert refusal(complete, web, text="x") == "permission_denied"
    assert refusal(complete, staffed.rest("gwen"), text="x") in ("permission_denied", "not_found")
    staffed.kill()
    staffed.start()
    staffed.unseal()
    wanda, web = staffed.rest("wanda"), staffed.rest("web")
    assert read(web, "vendor/portal") == "first-value" and len(wanda.get(TASKS)["items"]) == 1
    assert complete(wanda, text="second-value", note="ticket 4711")["to_version"] == 2
    wait_until(lambda: state(wanda, run) == "done", 60, "the rotation")
    assert read(web, "vendor/portal") == "second-value" and wanda.get(TASKS)["items"] == []
    versions = wanda.get(f"{SECRETS}/vendor/portal:metadata")["versions"]
    assert [(v["state"], v["origin"], v.get("note")) for v in versions] == [("retired", "given", None), ("primary", "given", "ticket 4711")]
    records = str(staffed.rest("ann").get("/api/v1/audit/records?limit=1000"))
    assert "run.remind" in records and "secret.complete-task" in records and "second-value" not in records


def test_the_calendar_shows_it_and_the_rollback_ends_the_task(staffed):
    wanda = staffed.rest("wanda")
    assert "secret:acme/vendor/portal" in str(wanda.get("/api/v1/rotation/calendar?tenant=acme&days=400"))
    run = wanda.post(f"{SECRETS}/vendor/portal:rotate")["id"]
    wait_until(lambda: wanda.get(TASKS)["items"], 30, "the task")
    wanda.post(f"/api/v1/rotation/runs/{run}:rollback")
    wait_until(lambda: state(wanda, run) == "rolled_back", 60, "the rollback")
    assert wanda.get(TASKS)["items"] == [] and read(staffed.rest("web"), "vendor/portal") == "first-value"


def test_the_command_line_shows_the_task_and_takes_the_value(dev, tmp_path):
    dev.rest().call("PUT", "/api/v1/rotation/policies/at-once", {"document": AT_ONCE})
    first, second, text = tmp_path / "first", tmp_path / "second", tmp_path / "how"
    first.write_text("first-value\n")
    second.write_text("second-value\n")
    text.write_text("Make a new key.\n")
    assert dev.cli("secret", "put", "vendor/portal", "--from-file", str(first), "--owner", "payments", "--instructions", str(text)).returncode == 0
    assert dev.cli("secret", "edit", "vendor/portal", "--generator", "manual due=2d").returncode != 0  # remind is 3d by default
    assert dev.cli("secret", "edit", "vendor/portal", "--generator", "manual").returncode == 0
    assert "waits for nobody" in dev.cli("secret", "task", "vendor/portal").stdout
    started = dev.cli("secret", "rotate", "vendor/portal")
    run = re.search(r"run ([0-9a-f]{32})", started.stdout).group(1)
    listed = wait_until(lambda: (done := dev.cli("secret", "tasks")) and "vendor/portal" in done.stdout and done.stdout, 30, "the task")
    assert "open" in listed and "payments" in listed
    shown = dev.cli("secret", "task", "vendor/portal").stdout
    assert "Make a new key." in shown and "keywright secret complete vendor/portal" in shown
    refused = dev.cli("secret", "put", "vendor/portal", "--from-file", str(second))
    assert refused.returncode != 0 and "secret complete vendor/portal" in refused.stderr
    given = dev.cli("secret", "complete", "vendor/portal", "--from-file", str(second), "--note", "ticket 4711")
    assert given.returncode == 0 and run in given.stdout, given.stderr
    wait_until(lambda: dev.cli("secret", "get", "vendor/portal").stdout == "second-value", 60, "the new value")
