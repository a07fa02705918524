"""kill -9 during runs, at random and at write points, on both stores: every run goes on to the right end."""
import contextlib
import http.client
import os
import random
import signal
import time

import pytest

from node import Node
from rest import Problem, b64
from rotation_calls import AT_ONCE, KEYS, ROTATION, policy, run_of, start, staff, until

SEED = int(os.environ.get("KEYWRIGHT_SEED", str(random.SystemRandom().randrange(2**32))))


def settle_all(node, runs):
    rest = node.rest("ada")
    for run in runs:
        until(rest, run, "done", "rolled_back", "aborted", seconds=120)


def check_keys(node, sealed):
    admin, user = node.rest("ada"), node.rest("uli")
    for name, texts in sealed.items():
        key = admin.get(f"{KEYS}/{name}")
        numbers = [version["version"] for version in key["versions"]]
        assert numbers == list(range(1, len(numbers) + 1)), key
        assert [version["state"] for version in key["versions"]].count("primary") == 1, key
        for text in texts:
            assert user.post(f"{KEYS}/{name}:decrypt", {"ciphertext": text})["plaintext"] == b64(name.encode())


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_runs_survive_kill_9_at_random(binary, tmp_path, engine, request):
    store = request.getfixturevalue("postgres").fresh_database() if engine == "postgres" else None
    rounds = int(os.environ.get("KEYWRIGHT_CRASH_ROUNDS", "8" if engine == "sqlite" else "3"))
    print(f"seed {SEED}, {rounds} rounds on {engine}")
    rng = random.Random(SEED)
    node = Node(binary, tmp_path / "node", store=store, settings="rotation: {lease: 2s}")
    node.initialise()
    staff(node)
    policy(node.rest("ada"), "p", f"interval: 30d\n{AT_ONCE}")
    names = [f"k{i}" for i in range(12)]
    sealed = {name: [] for name in names}
    for name in names:
        node.rest("ada").post(KEYS, {"name": name})
    runs = []
    for _ in range(rounds):
        for name in names:
            sealed[name].append(node.rest("uli").post(f"{KEYS}/{name}:encrypt", {"plaintext": b64(name.encode())})["ciphertext"])
            try:
                runs.append(start(node.rest("ada"), name))
            except Problem as refused:
                assert refused.reason == "run_open"
        time.sleep(rng.uniform(0, 0.4))
        node.kill()
        node.start()
        node.unseal()
    settle_all(node, runs)
    check_keys(node, sealed)
    assert all(run_of(node.rest("ada"), run)["state"] == "done" for run in runs)
    node.stop()


def runs_until_killed(node):
    """Unseals and starts runs one after the other until the armed failpoint has killed the server. The runs whose start was answered."""
    answered = []
    try:
        node.start()
        node.unseal()
        while len(answered) < 60:
            answered.append(start(node.rest("ada")))
            until(node.rest("ada"), answered[-1], "done", seconds=30)
    except (OSError, http.client.HTTPException):
        pass  # the server is gone in the middle of an exchange
    except RuntimeError as stopped:
        assert "the server stopped" in str(stopped)
    assert node.process.wait(30) == -signal.SIGKILL, f"{node.environment['KEYWRIGHT_FAILPOINTS']} did not fire in {len(answered)} runs"
    return answered


# The first commits are those of the start; further ones belong to a run's start, its end and what goes on beside it.
POINTS = {"rotation.record": (1, 2, 4), "rotation.settle": (1, 2, 7), "rotation.commit": (1, 2, 4),
          "store.commit.before": (1, 40, 70), "store.commit.after": (1, 40, 70)}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_run_killed_at_a_write_point_ends_well(binary, tmp_path, engine, point, request):
    store = request.getfixturevalue("postgres").fresh_database() if engine == "postgres" else None
    node = Node(binary, tmp_path / "node", store=store, settings="rotation: {lease: 2s}")
    node.initialise()
    staff(node)
    policy(node.rest("ada"), "p", f"interval: 30d\n{AT_ONCE}")
    sealed = {"orders": [node.rest("uli").post(f"{KEYS}/orders:encrypt", {"plaintext": b64(b"orders")})["ciphertext"]]}
    node.stop()
    answered = []
    for hit in POINTS[point]:
        node.environment["KEYWRIGHT_FAILPOINTS"] = f"{point}=abort@{hit}"
        answered += runs_until_killed(node)
        del node.environment["KEYWRIGHT_FAILPOINTS"]
        node.start()
        node.unseal()
        known = [row["id"] for row in node.rest("ada").get(f"{ROTATION}/runs?tenant=acme&limit=1000")["items"]]
        settle_all(node, known)
        assert all(run_of(node.rest("ada"), run)["state"] == "done" for run in known)
        assert set(answered) <= set(known)
        check_keys(node, sealed)
        # A run is there whole or not at all: so is its version.
        assert len(node.rest("ada").get(f"{KEYS}/orders")["versions"]) == 1 + len(known)
        node.stop()
    assert answered, "no run was under way when the server died"


KINDS = {"files": {}, "tokens": {"algorithm": "ed25519", "labels": {"use": "jwt"}}, "mac": {"algorithm": "hmac-sha256"}}
GRADUAL = AT_ONCE.replace("[100]", "[50, 100]")
RETIRING = AT_ONCE.replace("keep_secondary", "retire").replace("quiet: 0s", "quiet: 1s").replace("quarantine: 0s", "quarantine: 1s")


class Killed:
    """A server with a key of each kind that is killed at verbs of their runs."""

    def __init__(self, binary, folder, store, document):
        self.node, self.kills = Node(binary, folder, store=store, settings="rotation: {lease: 2s}"), 0
        self.node.initialise()
        staff(self.node)
        policy(self.node.rest("ada"), "p", f"interval: 30d\n{document}")
        for name, body in KINDS.items():
            self.node.rest("ada").post(KEYS, {"name": name, "lease_grace_seconds": 0, **body})
        self.sealed = {"files": [self.node.rest("uli").post(f"{KEYS}/files:encrypt", {"plaintext": b64(b"files")})["ciphertext"]]}

    def start_all(self, names):
        for name in names:
            start(self.node.rest("ada"), name)
        start(self.node.rest("ada"), "kek", kind="kek")

    def restart(self, point=None):
        self.node.kill()
        self.node.environment.pop("KEYWRIGHT_FAILPOINTS", None)
        if point:
            self.node.environment["KEYWRIGHT_FAILPOINTS"] = point
        self.node.start()
        self.node.unseal()

    def kill_at(self, verb, moment, act, hit=1):
        """`act` is what brings the runs there; some of its answers may be lost with the server."""
        self.restart(f"rotation.verb.{moment}.{verb}=abort@{hit}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            act()
        assert self.node.process.wait(60) == -signal.SIGKILL, f"no server died {moment} {verb}"
        self.kills += 1
        self.restart()

    def runs(self, kind):
        return [row["id"] for row in self.node.rest("ada").get(f"{ROTATION}/runs?tenant=acme&limit=1000")["items"] if row["kind"] == kind]

    def check(self):
        for name in KINDS:
            check_keys(self.node, {name: self.sealed.get(name, [])})


# What is done under a policy, and by which keys: what nobody uses can be retired at once.
FORWARD = {"gradual": (GRADUAL, ("create_pending", "install", "test", "set_rollout", "promote"), tuple(KINDS)),
           "retiring": (RETIRING, ("disable_old", "dispose"), ("tokens", "mac"))}


@pytest.mark.parametrize("plan", FORWARD)
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_runs_of_each_kind_of_key_that_are_killed_at_each_verb_end_well(binary, tmp_path, engine, plan, request):
    store = request.getfixturevalue("postgres").fresh_database() if engine == "postgres" else None
    document, verbs, names = FORWARD[plan]
    room = Killed(binary, tmp_path / "node", store, document)
    for verb in verbs:
        for moment in ("before", "after"):
            room.kill_at(verb, moment, lambda: room.start_all(names), hit=1 + room.kills % len(names))
            settle_all(room.node, room.runs("key") + room.runs("kek"))
            room.check()
    runs, keks = room.runs("key"), room.runs("kek")
    assert all(run_of(room.node.rest("ada"), run)["state"] == "done" for run in runs + keks)
    versions = sum(len(room.node.rest("ada").get(f"{KEYS}/{name}")["versions"]) for name in KINDS)
    assert versions == len(KINDS) + len(runs), "a run made no version, or two"
    print(f"{engine}: {room.kills} kills, {len(runs)} runs of keys and {len(keks)} of their KEK done")
    room.node.stop()


# From where a run is taken back, with what the policy holds it there, and what its way back does.
BACK = {"rollout": (GRADUAL.replace("soak: 0s", "soak: 1h"), ("set_rollout", "remove_pending")),
        "quarantine": (RETIRING.replace("quarantine: 1s", "quarantine: 1h"), ("restore_old", "demote", "remove_pending"))}


@pytest.mark.parametrize("state", BACK)
def test_a_way_back_that_is_killed_at_each_verb_ends_with_the_old_version(binary, tmp_path, state):
    document, verbs = BACK[state]
    room = Killed(binary, tmp_path / "node", None, document)
    for verb in verbs:
        for moment in ("before", "after"):
            run = start(room.node.rest("ada"), "mac")
            until(room.node.rest("ada"), run, state)
            room.kill_at(verb, moment, lambda run=run: room.node.rest("ada").post(f"{ROTATION}/runs/{run}:rollback"))
            until(room.node.rest("ada"), run, "rolled_back", seconds=120)
            room.check()
            assert room.node.rest("ada").get(f"{KEYS}/mac")["primary"] == 1
    print(f"from {state}: {room.kills} kills, {len(room.runs('key'))} runs taken back")
    room.node.stop()
