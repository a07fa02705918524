"""Secrets with the real binary: who may do what, versions, templates, rotation, leaks, crashes; and that no value is anywhere but in answers."""
import base64
import os
import time

import pytest

from node import Node, wait_until
from rest import Problem, b64

SECRETS = "/api/v1/tenants/acme/secrets"
AT_ONCE = "name: at-once\nrollout: {steps: [100], soak: 0s}\npublish_wait: 0s\noverlap: {min: 1s, quiet: 0s}\nquarantine: 0s\nold_version: retire\n"


def staff(node):
    node.initialise()
    node.tenant("acme")
    node.tenant("globex")
    for name, grants in {"wanda": ["secret-admin:acme"], "web": ["secret-user:acme"], "batch": ["secret-user:acme"], "sol": ["security-officer:*"],
                         "amy": ["approver:*"], "abe": ["approver:*"], "ann": ["auditor:*"], "gwen": ["secret-admin:globex"],
                         "gus": ["secret-user:globex"]}.items():
        node.principal(name, *grants)


@pytest.fixture
def staffed(binary, tmp_path):
    node = Node(binary, tmp_path / "node")
    staff(node)
    yield node
    node.stop()


def put(rest, path, tenant="acme", **body):
    return rest.call("PUT", f"/api/v1/tenants/{tenant}/secrets/{path}", body)


def read(rest, path, query=""):
    answer = rest.get(f"{SECRETS}/{path}{query}")
    return answer["fields"] if "fields" in answer else base64.b64decode(answer["value"]).decode()


def refusal(call, *arguments, **named):
    with pytest.raises(Problem) as refused:
        call(*arguments, **named)
    return refused.value.reason


def test_who_writes_does_not_read_and_who_reads_does_not_write(staffed):
    wanda, web = staffed.rest("wanda"), staffed.rest("web")
    made = put(wanda, "app/db/main", fields={"username": "app", "password": "p1"}, owner="shop", classification="confidential")
    assert (made["primary"], made["shape"], made["owner"]) == (1, "fields", "shop") and "p1" not in str(made)
    assert read(web, "app/db/main") == {"username": "app", "password": "p1"}
    assert refusal(wanda.get, f"{SECRETS}/app/db/main") == "permission_denied"
    assert refusal(put, web, "app/db/main", text="x") == "permission_denied"
    assert refusal(staffed.rest("gus").get, f"{SECRETS}/app/db/main") == "not_found"
    assert refusal(staffed.rest("setup").post, "/api/v1/principals",
                   {"name": "both", "grants": [{"role": r, "tenant": "acme"} for r in ("secret-admin", "secret-user")]}) == "duties_conflict"


def test_versions_previous_compare_and_set_and_rollback(staffed):
    wanda, web = staffed.rest("wanda"), staffed.rest("web")
    put(wanda, "token", text="one", if_version=0)
    assert refusal(put, wanda, "token", text="two", if_version=0) == "version_moved"
    put(wanda, "token", text="two", if_version=1)
    assert (read(web, "token"), read(web, "token", "?version=previous"), read(web, "token", "?version=1")) == ("two", "one", "one")
    wanda.post(f"{SECRETS}/token:rollback")
    assert read(web, "token") == "one"
    wanda.call("DELETE", f"{SECRETS}/token")
    assert refusal(web.get, f"{SECRETS}/token") == "secret_deleted"
    assert [row["path"] for row in wanda.get(f"{SECRETS}?deleted=true")["items"]] == ["token"]
    wanda.post(f"{SECRETS}/token:undelete")
    assert read(web, "token") == "one"
    assert refusal(wanda.post, f"{SECRETS}/token:destroy", {"version": 2}) == "approval_required"


def test_a_repeat_under_its_key_is_answered_and_done_once(staffed):
    wanda = staffed.rest("wanda")
    first = wanda.call("PUT", f"{SECRETS}/token", {"text": "one"}, {"Idempotency-Key": "k1"})
    again = wanda.call("PUT", f"{SECRETS}/token", {"text": "one"}, {"Idempotency-Key": "k1"})
    assert first == again and len(again["versions"]) == 1
    assert refusal(wanda.call, "PUT", f"{SECRETS}/token", {"text": "other"}, {"Idempotency-Key": "k1"}) == "idempotency_mismatch"


def test_a_rendered_secret_follows_and_hostile_values_stay_values(staffed):
    wanda, web = staffed.rest("wanda"), staffed.rest("web")
    put(wanda, "db", fields={"username": "app", "password": "{{host}}@/:'\"$(id)"})
    put(wanda, "host", text="db.example")
    put(wanda, "url", template="pg://{{db#username}}:{{db#password|url}}@{{host}}/app")
    assert read(web, "url") == "pg://app:%7B%7Bhost%7D%7D%40%2F%3A%27%22%24%28id%29@db.example/app"
    put(wanda, "host", text="new.example")
    assert read(web, "url").endswith("@new.example/app") and read(web, "url", "?version=previous").endswith("@db.example/app")
    assert refusal(put, wanda, "host2", template="{{host2}}") == "reference_cycle"
    assert refusal(wanda.call, "DELETE", f"{SECRETS}/host") == "secret_referenced"
    assert refusal(put, staffed.rest("gwen"), "steal", tenant="globex", template="{{host}}") == "reference_not_found"


def test_a_generated_secret_rotates_by_a_run(staffed):
    wanda, web, sol = staffed.rest("wanda"), staffed.rest("web"), staffed.rest("sol")
    sol.call("PUT", "/api/v1/rotation/policies/at-once?tenant=acme", {"document": AT_ONCE})
    put(wanda, "api/token", generate="hex bytes=32", type="api-key")
    before = read(web, "api/token")
    run = wanda.post(f"{SECRETS}/api/token:rotate")
    assert run["subject"] == "secret:acme/api/token"
    wait_until(lambda: wanda.get(f"/api/v1/rotation/runs/{run['id']}")["state"] == "done", 60, "the rotation")
    after = read(web, "api/token")
    assert after != before and len(after) == 64
    states = [v["state"] for v in wanda.get(f"{SECRETS}/api/token:metadata")["versions"]]
    assert states == ["retired", "primary"]
    put(wanda, "by-hand", text="value")
    assert refusal(wanda.post, f"{SECRETS}/by-hand:rotate") == "no_generator"
    assert "secret:acme/api/token" in str(wanda.get("/api/v1/rotation/calendar?tenant=acme&days=400"))


def test_a_leaked_value_is_found_in_two_places_and_an_incident_rotates_both(staffed):
    wanda, gwen, web, sol = (staffed.rest(name) for name in ("wanda", "gwen", "web", "sol"))
    leaked = "correct horse battery staple"
    for rest, tenant, path in ((wanda, "acme", "app/db"), (gwen, "globex", "shop")):
        put(rest, path, tenant=tenant, fields={"username": "app", "password": leaked})
        rest.call("PATCH", f"/api/v1/tenants/{tenant}/secrets/{path}", {"generator": "length=40"})
    put(wanda, "other", text="something that is not it")
    found = sol.post("/api/v1/secrets:find", {"text": leaked})["items"]
    subjects = sorted(row["subject"] for row in found)
    assert subjects == ["secret:acme/app/db", "secret:globex/shop"] and {row["field"] for row in found} == {"password"}
    assert refusal(wanda.post, "/api/v1/secrets:find", {"text": leaked}) == "permission_denied"
    opened = sol.post("/api/v1/rotation/incidents", {"scope": "subject", "names": subjects, "reason": "leak", "mode": "contain_first"})
    path = f"/api/v1/rotation/incidents/{opened['id']}"
    approval = sol.get(path)["approval"]["id"]
    for name in ("amy", "abe"):
        staffed.rest(name).post(f"/api/v1/approvals/{approval}:approve")
    wait_until(lambda: sol.get(path)["incident"]["phase"] == "closed", 120, "the end of the incident")
    assert read(web, "app/db")["password"] != leaked and read(web, "app/db")["username"] == "app"
    live = [row for row in sol.post("/api/v1/secrets:find", {"text": leaked})["items"] if row["state"] != "revoked"]
    assert live == []
    assert refusal(web.get, f"{SECRETS}/app/db?version=1") == "version_state"


def test_reads_are_counted_and_survive_a_crash(binary, tmp_path):
    node = Node(binary, tmp_path / "node")
    staff(node)
    put(node.rest("wanda"), "token", text="one")
    for _ in range(5):
        read(node.rest("web"), "token")
    read(node.rest("batch"), "token")
    node.kill()
    node.start()
    node.unseal()
    rows = node.rest("wanda").get(f"{SECRETS}/token:usage")["items"]
    counted = {row["caller"]: row["uses"] for row in rows}
    assert counted["web"] >= 5 and counted["batch"] >= 1
    assert read(node.rest("web"), "token") == "one"
    node.stop()


@pytest.mark.parametrize("point", ["secrets.version.sealed", "secrets.version.written", "secrets.put.demoted", "secrets.secret.changed",
                                   "secrets.secret.followed"])
def test_a_server_that_dies_in_a_put_has_done_all_of_it_or_nothing(binary, tmp_path, point):
    node = Node(binary, tmp_path / "node")
    staff(node)
    wanda = node.rest("wanda")
    put(wanda, "db", fields={"username": "app", "password": "first-password"})
    put(wanda, "url", template="x://{{db#password}}")
    node.stop()
    node.environment["KEYWRIGHT_FAILPOINTS"] = f"{point}=abort"
    node.start()
    node.unseal()
    with pytest.raises(OSError):
        put(node.rest("wanda"), "db", fields={"username": "app", "password": "second-password"})
    wait_until(lambda: node.process.poll() is not None, 30, "the crash")
    del node.environment["KEYWRIGHT_FAILPOINTS"]
    node.start()
    node.unseal()
    password = read(node.rest("web"), "db")["password"]
    assert password == "first-password" and read(node.rest("web"), "url") == "x://" + password
    node.stop()


def test_no_value_is_anywhere_but_in_answers(binary, tmp_path):
    node = Node(binary, tmp_path / "node", settings="log: {level: debug}")
    staff(node)
    wanda, web, sol = node.rest("wanda"), node.rest("web"), node.rest("sol")
    canary = "canary-5b1d7e0c9a"
    put(wanda, "db", fields={"username": "app", "password": canary})
    put(wanda, "db", fields={"username": "app", "password": canary + "2"})
    put(wanda, "url", template="x://{{db#password|url}}")
    for path in ("db", "url"):
        web.get(f"{SECRETS}/{path}")
    sol.post("/api/v1/secrets:find", {"text": canary})
    problems = []
    for body in ({"text": canary, "value": b64(canary.encode())}, {"fields": {"Bad Name": canary}}, {"text": canary, "if_version": 9},
                 {"fields": {"a": canary, "a2": [canary]}}, {"template": "{{" + canary}, {"generate": canary}, {"text": canary, "type": "B!"}):
        status, _, text = wanda.raw("PUT", f"{SECRETS}/db", body)
        assert status >= 400
        problems.append(text.decode())
    done = node.cli("secret", "put", "db", canary)
    assert done.returncode == 2 and "try:" in done.stderr
    time.sleep(1.5)  # usage and access records are written by then
    metrics = node.rest("setup").raw("GET", "/metrics")[2].decode(errors="replace")
    audit = str(node.rest("ann").get("/api/v1/audit/records?limit=1000"))
    node.stop()
    told = {"problems": str(problems), "command line": done.stdout + done.stderr, "metrics": metrics, "audit": audit, "log": node.log()}
    for form in (canary, b64(canary.encode()).rstrip("="), canary.encode().hex()):
        assert [where for where, text in told.items() if form in text] == []
        for where, _, names in os.walk(node.folder):
            for name in names:
                path = os.path.join(where, name)
                if os.path.isfile(path):
                    with open(path, "rb") as file:
                        assert form.encode() not in file.read(), path


def test_a_kek_rotation_rewraps_secrets(staffed):
    wanda, web, sol = staffed.rest("wanda"), staffed.rest("web"), staffed.rest("sol")
    for number in range(20):
        put(wanda, f"many/{number}", text=f"value number {number}")
    job = sol.post("/api/v1/tenants/acme/keks:rotate")
    wait_until(lambda: sol.get(f"/api/v1/rotation/jobs/{job['id']}")["state"] == "done", 60, "the re-wrap")
    assert [kek["state"] for kek in sol.get("/api/v1/tenants/acme/keks")["items"]] == ["retired", "primary"]
    assert read(web, "many/7") == "value number 7"


def test_two_nodes_over_postgresql_answer_alike(binary, tmp_path, postgres):
    url = postgres.fresh_database()
    node = Node(binary, tmp_path / "one", store=url)
    staff(node)
    other = Node(binary, tmp_path / "two", store=url, settings="node: node-2")
    other.shares, other.tokens, other.threshold = node.shares, node.tokens, node.threshold
    other.unseal()
    put(node.rest("wanda"), "token", text="one")
    assert read(other.rest("web"), "token") == "one"
    put(other.rest("wanda"), "token", text="two", if_version=1)
    assert read(node.rest("web"), "token") == "two"
    other.stop()
    node.stop()
