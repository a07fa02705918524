"""Zero failed logins: applications log in all the time at PostgreSQL, MariaDB, Redis, RabbitMQ and NATS while their credentials rotate.

How much of it: KEYWRIGHT_LOGIN_CLIENTS (of all systems together), KEYWRIGHT_LOGINS_PER_SECOND (wanted, together; five of each client
unless said), KEYWRIGHT_ROTATIONS (of each system).
"""
import asyncio
import multiprocessing
import os
import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from credential_servers import SERVERS
from login_load import Tally, client
from logins import accepts, logged_in
from node import Node, wait_until
from test_secret_targets import TARGETS
from test_secrets import SECRETS, put, read, staff

CLIENTS = int(os.environ.get("KEYWRIGHT_LOGIN_CLIENTS", "25"))
PER_SECOND = int(os.environ.get("KEYWRIGHT_LOGINS_PER_SECOND", 5 * CLIENTS))
ROTATIONS = int(os.environ.get("KEYWRIGHT_ROTATIONS", "3"))
FRESH = 0.5  # seconds that an application uses what it read; the overlap is longer
POLICY = ("name: quick\nrollout: {steps: [100], soak: 0s}\npublish_wait: 0s\noverlap: {min: 3s, quiet: 0s}\nquarantine: 0s\njitter: 0s\n"
          "old_version: retire\n")


class Reader:
    """The credential as the server says it. What is too old is read again before anybody uses it."""

    def __init__(self, rest, port):
        self.rest, self.port, self.read_at, self.fields, self.lock = rest, port, 0.0, {}, asyncio.Lock()

    async def credential(self, system):
        async with self.lock:
            if time.monotonic() - self.read_at > FRESH:
                at = time.monotonic()
                self.fields = await asyncio.to_thread(read, self.rest, f"app/{system}")
                self.read_at = at
        return self.port, self.fields["username"], self.fields["password"]


def application(system, port, rest, clients, period, stopping, results):
    """One process: the clients of one system."""
    async def begin_and_log_in(tally, reader):
        await asyncio.sleep(random.random() * period)
        await client(tally, system, reader.credential, stopping.is_set, period, period / 3)

    async def all_of_them():
        tally, reader = Tally(), Reader(rest, port)
        await asyncio.gather(*(begin_and_log_in(tally, reader) for _ in range(clients)))
        return tally.shown()
    results.put(asyncio.run(all_of_them()))


class Rotating:
    """One system and its secret `app/NAME`, rotated by hand."""

    def __init__(self, node, server):
        self.server, self.name = server, server.connector
        self.wanda, self.web = node.rest("wanda"), node.rest("web")
        put(self.wanda, f"app/{self.name}", fields=server.first)
        target = {"connector": self.name, "settings": server.system}
        if server.admin:
            put(self.wanda, f"admin/{self.name}", fields=server.admin)
            target["admin_secret"] = f"admin/{self.name}"
        self.wanda.call("PUT", f"{TARGETS}/{self.name}", target)
        self.wanda.post(f"{SECRETS}/app/{self.name}:bind", {"target": self.name, "account": server.account})
        self.old, self.took = [], []

    def now(self):
        fields = read(self.web, f"app/{self.name}")
        return fields["username"], fields["password"]

    def state(self, run):
        found = self.wanda.get(f"/api/v1/rotation/runs/{run}")
        return found["state"], found.get("problem", "")

    def begin(self):
        self.old.append(self.now())
        return self.wanda.post(f"{SECRETS}/app/{self.name}:rotate")["id"]

    def finish(self, run):
        wait_until(lambda: self.state(run)[0] in ("done", "rolled_back", "needs_operator", "aborted"), 240, f"the rotation of {self.name}")
        assert self.state(run)[0] == "done", (self.name, self.wanda.get(f"/api/v1/rotation/runs/{run}"))

    def rotate_past_a_session(self):
        """A session of the old credential holds the revocation up, and is not cut."""
        async def past():
            async with logged_in(self.name, self.server.port, *self.now()) as session:
                run = self.begin()
                wait_until(lambda: self.state(run) == ("drain", "in_use"), 120, f"{self.name} that waits for the session")
                await session.ping()
                assert self.state(run)[0] == "drain"
            return run
        self.finish(asyncio.run(past()))

    def rotate_all(self):
        self.rotate_past_a_session()
        for _ in range(ROTATIONS - 1):
            began = time.monotonic()
            self.finish(self.begin())
            self.took.append(time.monotonic() - began)

    def accepts(self, login):
        return asyncio.run(accepts(self.name, self.server.port, *login))


@pytest.fixture
def rotating(binary, tmp_path):
    kinds = [kind for kind in SERVERS if kind.installed()]
    if not kinds:
        pytest.skip("no server that accepts credentials is installed")
    servers, node = [], None
    try:
        with ThreadPoolExecutor(len(kinds)) as pool:
            servers += pool.map(lambda kind: kind(), kinds)
        roots = [server.folder for server in servers if "root" in server.system]
        node = Node(binary, tmp_path / "node", settings=f"connectors: {{file_roots: {roots}}}" if roots else "")
        staff(node)
        node.rest("sol").call("PUT", "/api/v1/rotation/policies/quick?tenant=acme", {"document": POLICY})
        yield node, [Rotating(node, server) for server in servers]
    finally:
        if node:
            node.stop()
        for server in servers:
            server.stop()


def test_logins_never_fail_while_credentials_rotate_and_old_ones_are_dead(rotating):
    node, systems = rotating
    clients = max(1, CLIENTS // len(systems))
    period = clients * len(systems) / PER_SECOND
    stopping, results = multiprocessing.Event(), multiprocessing.Queue()
    workers = [multiprocessing.Process(target=application, args=(each.name, each.server.port, node.rest("batch"), clients, period, stopping, results))
               for each in systems]
    for worker in workers:
        worker.start()
    began = time.monotonic()
    try:
        with ThreadPoolExecutor(len(systems)) as pool:
            for done in [pool.submit(each.rotate_all) for each in systems]:
                done.result()
    finally:
        seconds = time.monotonic() - began
        stopping.set()
        counted = [results.get(timeout=120) for _ in workers]
        for worker in workers:
            worker.join()
    total = 0
    for each in systems:
        logins = sum(one["logins"][each.name] for one in counted)
        refused, cut = (sum(one[what][each.name] for one in counted) for what in ("refused", "cut"))
        alive = [login for login in each.old if each.accepts(login)]
        total += logins
        took = sorted(each.took)
        print(f"{each.name:10} {clients} clients, {logins:,} logins, {logins / seconds:,.0f}/s, {ROTATIONS} rotations (median {took[len(took) // 2]:.1f} s), "
              f"{refused} refused, {cut} cut, {len(each.old) - len(alive)} of {len(each.old)} old credentials refused")
        assert logins > 0 and each.accepts(each.now())
        assert (refused, cut, alive) == (0, 0, []), [one["notes"] for one in counted]
    print(f"{clients * len(systems)} clients, {total:,} logins in {seconds:.0f} s, {total / seconds:,.0f}/s in all")
