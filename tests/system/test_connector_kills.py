"""kill -9 of the server at each verb of each connector, before the verb and between its end and its record; and a network that is cut
while runs go on. Never a lost credential, never two rotations, and every run ends by itself."""
import contextlib
import http.client
import json
import os
import random
import re
import signal
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from credential_places import (BACKWARD, DatabaseRowPlace, MariadbPlace, MemcachedPlace, NatsPlace, PostgresPlace, PostgresSwapPlace,
                               RabbitmqPlace, RedisPlace)
from file_places import ROOT, ExecPlace, FilePlace, FileSwapPlace, GnupgPlace, SshCaPlace, SshUserKeyPlace
from network_cut import Network
from node import Node, wait_until
from rotation_calls import ROTATION, run_of, until
from test_secret_targets import TARGETS
from test_secrets import SECRETS, put, read, staff
from web_places import HttpApiPlace, WebhookPlace

SEED = int(os.environ.get("KEYWRIGHT_SEED", str(random.SystemRandom().randrange(2**32))))
PLACES = ((FilePlace, FileSwapPlace, ExecPlace, SshUserKeyPlace, SshCaPlace, GnupgPlace),
          (HttpApiPlace, WebhookPlace, DatabaseRowPlace, PostgresPlace, PostgresSwapPlace, MariadbPlace),
          (RedisPlace, RabbitmqPlace, NatsPlace, MemcachedPlace))
POLICY = ("name: quick\nrollout: {{steps: [50, 100], soak: 0s, operations: 0}}\npublish_wait: 0s\nacknowledgement_deadline: 1s\n"
          "overlap: {{min: {overlap}, quiet: 0s}}\nquarantine: {quarantine}\njitter: 0s\nold_version: retire\n")


class Rotating:
    """A place and the server that rotates its credential `app`. Between two deaths it runs for a moment without rotating: what consumers
    have then is what the death left."""

    def __init__(self, binary, folder, place):
        self.place, self.kills = place, []
        self.node = Node(binary, folder, settings=self.settings(enabled=False))

    def furnish(self, quarantine="1s", overlap="0s"):
        place = self.place
        staff(self.node)
        wanda, self.target = self.rest("wanda"), {"connector": place.connector, "settings": place.system}
        self.rest("sol").call("PUT", f"{ROTATION}/policies/quick?tenant=acme", {"document": POLICY.format(quarantine=quarantine, overlap=overlap)})
        if place.admin:
            put(wanda, "admin", fields=place.admin)
            self.target["admin_secret"] = "admin"
        put(wanda, "app", **place.body)
        wanda.call("PUT", f"{TARGETS}/place", self.target)
        wanda.post(f"{SECRETS}/app:bind", {"target": "place", "account": place.account})
        self.follow()
        self.old = read(self.rest("web"), "app")
        assert self.serves() and place.takes(self.old)

    def rest(self, who):
        return self.node.rest(who)

    def settings(self, enabled):
        return f"rotation: {{lease: 2s, enabled: {str(enabled).lower()}}}\nconnectors: {json.dumps(self.place.connectors)}"

    def restart(self, enabled, point=None):
        self.node.kill()
        self.node.configure(self.settings(enabled))
        self.node.environment.pop("KEYWRIGHT_FAILPOINTS", None)
        if point:
            self.node.environment["KEYWRIGHT_FAILPOINTS"] = f"{point}=abort@1"
        self.node.start()
        self.node.unseal()

    def serves(self):
        return self.place.serves(self.rest("web"), "app")

    def follow(self):
        self.place.follows(self.rest("web"), "app")

    def begin(self):
        self.run = self.rest("wanda").post(f"{SECRETS}/app:rotate")["id"]

    def seen(self):
        return run_of(self.rest("wanda"), self.run)

    def goes_on(self):
        """False when the run is over. The server may die meanwhile."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            self.follow()
            return self.seen()["state"] not in ("done", "rolled_back", "aborted", "needs_operator")
        return True

    def kill_at(self, verb, moment):
        point = f"rotation.verb.{moment}.{verb}"
        with contextlib.suppress(OSError, http.client.HTTPException):
            self.restart(enabled=True, point=point)
        process, deadline = self.node.process, time.monotonic() + 90
        while process.poll() is None:
            assert self.goes_on() and time.monotonic() < deadline, f"{point} was not reached: {self.seen()}"
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.2)
        assert process.returncode == -signal.SIGKILL, (point, self.node.log()[-4000:])
        self.kills.append((verb, moment))
        self.restart(enabled=False)
        # Where one credential works at a time, the swap is done and not yet recorded: the next start does that.
        assert self.serves() or (self.place.swaps and (verb, moment) == ("promote", "after")), f"a consumer is shut out after {point}: {self.seen()}"

    def kill_at_each(self, verbs):
        for verb in verbs:
            for moment in ("before", "after"):
                self.kill_at(verb, moment)

    def end(self, state):
        self.restart(enabled=True)
        self.finish(state)

    def finish(self, state):
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: not self.goes_on(), 120, "the end of the run")
        assert self.seen()["state"] == state, self.seen()
        self.follow()

    def verbs_done(self):
        return {step["verb"] for step in self.seen()["steps"] if step["outcome"] == "intent"}

    def states(self):
        return {each["version"]: each["state"] for each in self.rest("wanda").get(f"{SECRETS}/app:metadata")["versions"]}

    def expect_rotated(self):
        assert self.states() == {1: "retired", 2: "primary"}
        now = read(self.rest("web"), "app")
        assert now != self.old and self.place.takes(now) and not self.place.takes(self.old)
        assert len(self.place.names()) == 1, self.place.names()

    def report(self):
        print(f"{self.place.connector:13} {'(swap) ' if self.place.swaps else ''}killed {len(self.kills)} times: {', '.join(dict.fromkeys(verb for verb, _ in self.kills))}")


@pytest.fixture
def at_each(binary):
    """Does the work at each place, at all of them at once: most of its time a run that was killed waits for the lease of the dead."""
    def one(kind, work, options):
        place = kind()
        # Short: gpg's agent has a socket below it.
        with tempfile.TemporaryDirectory(prefix="kwck-") as folder:
            try:
                room = Rotating(binary, folder, place)
                try:
                    room.furnish(**options)
                    work(room)
                finally:
                    room.node.stop()
            finally:
                place.stop()

    def all_of(kinds, work, **options):
        there = [kind for kind in kinds if kind.installed()]
        with ThreadPoolExecutor(len(kinds)) as pool:
            ended = {kind.__name__: pool.submit(one, kind, work, options) for kind in there}
        failed = [each.exception() for each in ended.values() if each.exception()]
        if failed:
            raise ExceptionGroup(", ".join(name for name, each in ended.items() if each.exception()), failed)
        if len(there) < len(kinds):
            pytest.skip("not installed: " + ", ".join(kind.connector for kind in kinds if kind not in there))
    return all_of


def test_every_connector_has_its_place():
    listed = re.findall(r"^KW_CONNECTOR\((\w+)\)", (ROOT / "src/connectors/catalog.def").read_text(encoding="utf-8"), re.M)
    assert set(listed) == {kind.connector for kinds in PLACES for kind in kinds}


def rotate_to_the_end(room):
    room.begin()
    room.kill_at_each(room.place.verbs)
    room.end("done")
    assert room.verbs_done() == set(room.place.verbs), "a verb that no server was killed at"
    room.expect_rotated()
    room.report()


@pytest.mark.parametrize("kinds", PLACES, ids=("files", "apis_and_databases", "caches_and_queues"))
def test_a_rotation_that_is_killed_at_every_verb_ends_once_and_well(at_each, kinds):
    at_each(kinds, rotate_to_the_end)


def rotate_and_return(room):
    room.begin()
    room.restart(enabled=True)
    until(room.rest("wanda"), room.run, "quarantine")
    made = read(room.rest("web"), "app")
    room.restart(enabled=False)
    room.rest("wanda").post(f"{ROTATION}/runs/{room.run}:rollback")
    room.kill_at_each(BACKWARD)
    room.end("rolled_back")
    assert set(BACKWARD) <= room.verbs_done()
    assert room.states() == {1: "primary", 2: "retired"}
    assert read(room.rest("web"), "app") == room.old and room.place.takes(room.old) and not room.place.takes(made)
    assert len(room.place.names()) == 1, room.place.names()
    room.report()


def test_a_way_back_that_is_killed_at_every_verb_ends_with_the_old_credential(at_each):
    at_each((FilePlace, HttpApiPlace, PostgresPlace, RedisPlace, MariadbPlace), rotate_and_return, quarantine="1h")


def leave_and_return(room):
    room.begin()
    room.kill_at("create_pending", "after")
    room.rest("wanda").post(f"{ROTATION}/runs/{room.run}:rollback")
    room.end("rolled_back")
    assert room.states() == {1: "primary"} and room.place.takes(room.old)
    assert len(room.place.names()) == 1, room.place.names()
    room.begin()
    room.finish("done")
    room.expect_rotated()


def test_what_a_killed_server_left_at_the_system_goes_with_its_run(at_each):
    at_each((HttpApiPlace, GnupgPlace), leave_and_return)


def rotate_over_a_network_that_is_cut(room):
    place, refused, logins, over = room.place, [], [0], threading.Event()

    def application(rest):
        while not over.is_set():
            now = read(rest, "app")
            if not place.takes(now):
                refused.append(now["username"])
            logins[0] += 1
    room.restart(enabled=True)
    network = Network(random.Random(f"{SEED} {place.connector}"))
    ways = {name: str(network.leading_to(int(place.system[name]))) for name in ("port", "management_port", "monitoring_port") if name in place.system}
    room.rest("wanda").call("PUT", f"{TARGETS}/place", {**room.target, "settings": place.system | ways})
    worker = threading.Thread(target=application, args=(room.rest("batch"),))
    worker.start()
    try:
        room.begin()
        room.finish("done")
    finally:
        over.set()
        worker.join()
        network.stop()
    room.expect_rotated()
    assert refused == [] and logins[0] > 0 and network.cuts > 0
    print(f"{place.connector:13} cut {network.cuts} times, {logins[0]} logins, none refused")


def test_a_network_that_is_cut_in_a_rotation_refuses_nobody(at_each):
    print(f"seed {SEED}")
    # The overlap is longer than an application uses what it read.
    at_each((PostgresPlace, RedisPlace, MariadbPlace, RabbitmqPlace, NatsPlace), rotate_over_a_network_that_is_cut, overlap="3s")
