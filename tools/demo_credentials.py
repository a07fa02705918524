"""The part of the demo about credentials: an application logs in at a real PostgreSQL and a real Redis all the time with what the agent
renders for it, while a policy rotates both."""
import json
import os
import subprocess
import sys

from credential_servers import PostgresServer, RedisServer, free_port
from node import wait_until

ROTATIONS, CONNECTIONS = 5, 4
CONSUMER = "shop"
POLICY = """
name: shop-credentials
description: Credentials of the demonstration, every hour.
applies_to: {kinds: [secret], tenants: [acme], name_prefix: shop/}
interval: 1h
jitter: 0s
rollout: {steps: [100], soak: 0s}
publish_wait: 0s
acknowledgement_deadline: 1min
overlap: {min: 1s, quiet: 0s}
quarantine: 0s
old_version: retire
"""
POLICY_PATH = "/api/v1/rotation/policies/shop-credentials"
SECRETS = "/api/v1/tenants/acme/secrets"


class Shop:
    """The servers, the agent and the application. Used as `with`."""

    def __init__(self, server, folder):
        self.server, self.rest, self.folder = server, server.rest(), os.path.join(folder, "shop")
        self.systems, self.agent, self.application = [], None, None
        os.makedirs(os.path.join(self.folder, "etc"))

    def __enter__(self):
        try:
            for kind in (PostgresServer, RedisServer):
                self.systems.append(kind())
                self.bind(self.systems[-1])
            self.start_application()
            self.start_agent()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in (self.agent, self.application):
            if process:
                process.kill()
                process.wait(20)
        for system in self.systems:
            system.stop()

    def path(self, name):
        return os.path.join(self.folder, name)

    def bind(self, system):
        name = system.connector
        self.rest.call("PUT", f"{SECRETS}/admin/{name}", {"fields": system.admin})
        self.rest.call("PUT", f"{SECRETS}/shop/{name}", {"fields": system.first})
        self.rest.call("PUT", f"/api/v1/tenants/acme/targets/{name}",
                       {"connector": name, "settings": system.system, "admin_secret": f"admin/{name}"})
        self.rest.post(f"{SECRETS}/shop/{name}:bind", {"target": name, "account": system.account})

    def start_application(self):
        self.health = free_port()
        words = [os.path.join(os.path.dirname(__file__), "login_load.py"), self.path("etc/urls"), self.path("pid"), str(self.health),
                 str(CONNECTIONS)]
        self.application = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True)
        wait_until(lambda: os.path.exists(self.path("pid")) or self.application.poll() is not None, 30, "the application")

    def start_agent(self):
        self.rest.post("/api/v1/principals", {"name": CONSUMER, "grants": [{"role": "secret-user", "tenant": "acme"}]})
        token = self.rest.post("/api/v1/tokens", {"principal": CONSUMER, "ttl_seconds": 3600})["token"]
        with open(os.open(self.path("token"), os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write(token)
        subjects = [{"kind": "secret", "name": f"shop/{system.connector}"} for system in self.systems]
        self.rest.call("PUT", f"/api/v1/rotation/consumers/{CONSUMER}?tenant=acme", {"subjects": subjects, "lease_seconds": 30, "refresh_seconds": 1})
        with open(self.path("agent.yaml"), "w", encoding="utf-8") as file:
            file.write(self.settings())
        with open(self.path("agent.log"), "w", encoding="utf-8") as log:
            self.agent = subprocess.Popen([self.server.binary, "agent", "--config", self.path("agent.yaml")], env=self.server.environment, stderr=log)
        wait_until(lambda: all(self.in_use(system) for system in self.systems), 60, "the application's first logins")

    def settings(self):
        url, _, pin = self.server.access
        lines = "".join(f"          {system.connector}://{{{{shop/{system.connector}#username|url}}}}:{{{{shop/{system.connector}#password|url}}}}"
                        f"@127.0.0.1:{system.port}\n" for system in self.systems)
        return f"""server: {{url: "{url}", pinned_sha256: "{pin}", token_file: {self.path("token")}}}
tenant: acme
consumer: {CONSUMER}
lease: 30s
allow_unlocked_memory: true
roots: [{self.path("etc")}]
applications:
  - name: shop
    files:
      - path: {self.path("etc/urls")}
        template: |
{lines}    reload: {{pid_file: {self.path("pid")}, signal: HUP}}
    health: {{http: "http://127.0.0.1:{self.health}/", timeout: 20s, interval_ms: 100}}
"""

    def primary(self, system):
        return self.rest.get(f"{SECRETS}/shop/{system.connector}:metadata")["primary"]

    def in_use(self, system):
        """Whether the application said that it logged in with the primary version."""
        path = f"/api/v1/rotation/board?tenant=acme&kind=secret&name=shop/{system.connector}&version={self.primary(system)}"
        return any(row.get("used_at") for row in self.rest.get(path)["items"])

    def runs(self, system):
        return self.rest.get(f"/api/v1/rotation/runs?tenant=acme&kind=secret&name=shop/{system.connector}")["items"]

    def begin(self):
        self.rest.call("PUT", POLICY_PATH, {"document": POLICY})

    def end(self):
        """Waits for the rotations and lets the application try what it had before. Rows of the report, and what went wrong."""
        wait_until(lambda: min(map(self.primary, self.systems)) > ROTATIONS, 120, f"{ROTATIONS} rotations of each credential")
        self.rest.call("DELETE", POLICY_PATH)
        at_rest = ("done", "rolled_back", "aborted", "needs_operator")
        wait_until(lambda: all(run["state"] in at_rest for system in self.systems for run in self.runs(system)), 60, "the end of their runs")
        self.application.terminate()
        counted = json.loads(self.application.communicate(timeout=60)[0])
        wrong = [f"a run of {system.connector} ended {run['state']}" for system in self.systems for run in self.runs(system) if run["state"] != "done"]
        wrong += counted["notes"]
        wrong += [f"{count} old credentials of {name} still work" for name, count in counted["alive"].items()]
        rotations = {system.connector: len(self.runs(system)) for system in self.systems}
        wrong += [f"{name} was never logged in at, or its old credentials were not tried" for name, count in rotations.items()
                  if not counted["logins"].get(name) or counted["dead"].get(name, 0) + counted["alive"].get(name, 0) < count]
        both = " and ".join
        return [
            ("logins through the agent", both(f"{count:,} at {name}" for name, count in counted["logins"].items())),
            ("failed logins", f"{sum(counted['refused'].values()) + sum(counted['cut'].values()):,}"),
            ("credential rotations", both(f"{count} of {name}" for name, count in rotations.items()) + ", by policy"),
            ("old credentials tried", f"{sum(counted['dead'].values())} refused, {sum(counted['alive'].values())} accepted"),
        ], wrong
