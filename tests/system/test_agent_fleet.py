"""Many agents at one server: how soon a change reaches them all, and an outage. KW_AGENTS, KW_OUTAGE (seconds): how many and how long."""
import os
import subprocess
import time

import pytest

from node import wait_until
from test_agent import SECRETS, board, consumer, principal

AGENTS = int(os.environ.get("KW_AGENTS", "200"))
OUTAGE = int(os.environ.get("KW_OUTAGE", "5"))
CHANGES = 5
P99 = float(os.environ.get("KW_P99", "2"))  # seconds


class Fleet:
    """Consumers with their own tokens, files, health gates and streams, in one process. They share a secret."""

    def __init__(self, server, folder):
        self.server, self.folder, self.version = server, folder, 1
        rest = server.rest()
        rest.call("PUT", f"{SECRETS}/shared", {"text": "v1"})
        os.makedirs(folder / "out")
        for i in range(AGENTS):
            consumer(rest, f"fleet-{i}", "shared")
            path = folder / f"token-{i}"
            path.write_text(principal(rest, f"fleet-{i}"), encoding="utf-8")
            path.chmod(0o600)
        url, _, pin = server.access
        program = os.path.join(os.path.dirname(server.binary), "agent_fleet")
        with open(folder / "log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([program, url, pin, "acme", "shared", str(folder), str(AGENTS)], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=log, text=True)
        self.arrivals()
        self.at_rest()

    def arrivals(self):
        """When each had the present version in force."""
        seen = {}
        while len(seen) < AGENTS:
            number, got, at = self.process.stdout.readline().split()
            if int(got) == self.version:
                seen[number] = int(at) / 1e6
        return sorted(seen.values())

    def at_rest(self):
        rest = self.server.rest()
        wait_until(lambda: sum(bool(ack.get("used_at")) for ack in board(rest, "shared", self.version)["items"]) == AGENTS, 120, "all acknowledged")

    def change(self):
        """Seconds until each of them had the next version, the quickest first."""
        self.version += 1
        before = time.time()
        self.server.rest().call("PUT", f"{SECRETS}/shared", {"text": f"v{self.version}"})
        took = [at - before for at in self.arrivals()]
        self.at_rest()
        return took

    def contents(self):
        return {(self.folder / "out" / str(i)).read_text(encoding="utf-8") for i in range(AGENTS)}

    def runs_for(self, seconds):
        try:
            self.process.wait(seconds)
            return False
        except subprocess.TimeoutExpired:
            return True

    def stop(self):
        self.process.communicate("", timeout=60)


@pytest.fixture
def fleet(dev, tmp_path):
    if not os.path.exists(os.path.join(os.path.dirname(dev.binary), "agent_fleet")):
        pytest.skip("agent_fleet is not built")
    made = Fleet(dev, tmp_path)
    yield made
    made.stop()


def percentiles(took):
    took = sorted(took)
    return took[len(took) // 2], took[int(len(took) * 0.99)], took[-1]


def test_a_change_reaches_200_agents_in_time(fleet):
    p50, p99, most = percentiles([seconds for _ in range(CHANGES) for seconds in fleet.change()])
    print(f"{AGENTS} agents, {CHANGES} changes: p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, most {most * 1000:.0f} ms")
    assert p99 <= P99


def test_applications_go_on_while_the_server_is_away_and_hear_of_changes_afterwards(fleet):
    server, port = fleet.server, fleet.server.access[0].rsplit(":", 1)[1]
    server.kill()
    end = time.monotonic() + OUTAGE
    while time.monotonic() < end:
        assert fleet.runs_for(0.5) and fleet.contents() == {"v1"}
    server.words[server.words.index("--port") + 1] = port
    server.start()
    back = fleet.change()
    p50, p99, most = percentiles([seconds for _ in range(CHANGES) for seconds in fleet.change()])
    print(f"{AGENTS} agents, {OUTAGE} s without a server: the first change after it reached the last one in {back[-1]:.1f} s; {CHANGES} more p50 "
          f"{p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, most {most * 1000:.0f} ms")
    assert back[-1] < 30 and p99 <= P99
    assert fleet.contents() == {f"v{fleet.version}"}
