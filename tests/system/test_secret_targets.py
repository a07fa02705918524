"""Credentials of a real Redis server: bound, tested, rotated while an application logs in all the time, leased, and killed in between."""
import threading
import time

import pytest

from credential_servers import RedisServer
from node import Node, wait_until
from rest import Problem
from test_secrets import SECRETS, put, read, refusal, staff

TARGETS = "/api/v1/tenants/acme/targets"
QUICK = ("name: quick\nrollout: {steps: [100], soak: 0s}\npublish_wait: 0s\nacknowledgement_deadline: 2s\noverlap: {min: 2s, quiet: 0s}\n"
         "quarantine: 0s\nold_version: retire\n")


def logs_in(redis, user, password):
    return redis.takes({"username": user, "password": password})


@pytest.fixture
def bound(binary, tmp_path):
    if not RedisServer.installed():
        pytest.skip("redis is not installed")
    redis = RedisServer()
    node = Node(binary, tmp_path / "node")
    staff(node)
    wanda = node.rest("wanda")
    node.rest("sol").call("PUT", "/api/v1/rotation/policies/quick?tenant=acme", {"document": QUICK})
    put(wanda, "admin/redis", fields=redis.admin)
    put(wanda, "app/redis", fields=redis.first)
    wanda.call("PUT", f"{TARGETS}/cache", {"connector": "redis", "settings": redis.system, "admin_secret": "admin/redis"})
    yield node, redis
    node.stop()
    redis.stop()


def bind(wanda):
    wanda.post(f"{SECRETS}/app/redis:bind", {"target": "cache", "account": {"name": "app"}})


def rotated(wanda):
    run = wanda.post(f"{SECRETS}/app/redis:rotate")["id"]
    wait_until(lambda: wanda.get(f"/api/v1/rotation/runs/{run}")["state"] in ("done", "rolled_back", "needs_operator", "aborted"), 90, "the rotation")
    return wanda.get(f"/api/v1/rotation/runs/{run}")


def test_a_target_is_tested_without_changing_anything(bound):
    node, redis = bound
    wanda = node.rest("wanda")
    before = redis.users()
    bind(wanda)
    report = {(row["probe"], row.get("secret")): row["outcome"] for row in wanda.post(f"{TARGETS}/cache:test")["items"]}
    assert report[("admin login", "admin/redis")] == report[("login", "app/redis")] == report[("wrong password refused", "admin/redis")] == "ok"
    assert redis.users() == before
    assert refusal(wanda.call, "DELETE", f"{TARGETS}/cache") == "target_in_use"
    assert wanda.get(f"{SECRETS}/app/redis:metadata")["type"] == "redis"


def test_an_application_never_sees_a_failed_login_and_the_old_credential_is_dead(bound):
    node, redis = bound
    wanda, web = node.rest("wanda"), node.rest("web")
    bind(wanda)
    failures, logins, stop = [], [0], threading.Event()

    def application():
        rest = node.rest("batch")
        while not stop.is_set():
            now = read(rest, "app/redis")
            if not logs_in(redis, now["username"], now["password"]):
                failures.append(now["username"])
            logins[0] += 1
    worker = threading.Thread(target=application)
    worker.start()
    old = read(web, "app/redis")
    for _ in range(2):
        run = rotated(wanda)
        assert run["state"] == "done", run
    stop.set()
    worker.join()
    assert failures == [] and logins[0] > 20
    assert not logs_in(redis, old["username"], old["password"])
    new = read(web, "app/redis")
    assert logs_in(redis, new["username"], new["password"])
    assert len([user for user in redis.users() if user.startswith("app")]) == 1


def test_a_server_that_is_killed_in_a_rotation_ends_it(bound):
    node, redis = bound
    bind(node.rest("wanda"))
    old = read(node.rest("web"), "app/redis")
    run = node.rest("wanda").post(f"{SECRETS}/app/redis:rotate")["id"]
    for _ in range(3):
        time.sleep(0.7)
        node.kill()
        node.start()
        node.unseal()
        now = read(node.rest("web"), "app/redis")
        assert logs_in(redis, now["username"], now["password"])
    wait_until(lambda: node.rest("wanda").get(f"/api/v1/rotation/runs/{run}")["state"] == "done", 240, "the rotation")
    now = read(node.rest("web"), "app/redis")
    assert logs_in(redis, now["username"], now["password"]) and not logs_in(redis, old["username"], old["password"])


def test_leases_work_until_they_are_revoked(bound):
    node, redis = bound
    wanda, web = node.rest("wanda"), node.rest("web")
    rules = next(row for row in node.principal("wes", "secret-admin:*").get("/api/v1/connectors")["items"] if row["name"] == "redis")["role_settings"]
    settings = {"rules": "~app:* +@read +ping"} if any(rule["name"] == "rules" for rule in rules) else {}
    wanda.call("PUT", "/api/v1/tenants/acme/lease-roles/reader", {"target": "cache", "settings": settings, "leases_max": 2})
    leases = [web.post("/api/v1/tenants/acme/dynamic/reader:issue") for _ in range(2)]
    assert all(logs_in(redis, lease["username"], lease["password"]) for lease in leases)
    assert refusal(web.post, "/api/v1/tenants/acme/dynamic/reader:issue") == "lease_quota"
    assert "password" not in str(wanda.get("/api/v1/tenants/acme/leases"))
    path = f"/api/v1/tenants/acme/leases/{leases[0]['lease']}"
    assert refusal(node.rest("batch").post, f"{path}:revoke") == "not_found"
    assert web.post(f"{path}:revoke")["state"] == "revoked"
    assert not logs_in(redis, leases[0]["username"], leases[0]["password"])
    redis.end()
    second = f"/api/v1/tenants/acme/leases/{leases[1]['lease']}"
    assert web.post(f"{second}:revoke")["state"] == "revoking"
    with pytest.raises(Problem):
        web.post(f"{second}:renew")
