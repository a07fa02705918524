"""kill -9 during runs, at random and at write points, on both stores: every run goes on to the right end."""
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
    rounds = int(os.environ.get("KEYWRIGHT_CRASH_ROUNDS", "8")) if engine == "sqlite" else 3
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
