"""Re-encryption of a PostgreSQL table, while others write and the server is killed. Nothing is lost, everything ends on the new version,
and the count says so. KEYWRIGHT_REENCRYPTION_ROWS: how many."""
import os
import pathlib
import random
import subprocess
import sys
import threading
import time

import pytest

from node import Postgres, wait_until
from pq import Pq, PqError
from reencryption_staff import BATCH, JOBS, KEYS, Staff
from rest import Problem

ROWS = int(os.environ.get("KEYWRIGHT_REENCRYPTION_ROWS", "20000"))
CALM = 3 + ROWS // 20000  # seconds
ROW_LOAD = str(pathlib.Path(__file__).parents[2] / "tools/row_load.py")


class Table:
    """orders(id, card, serial, seen): the card is encrypted for its row."""

    def __init__(self, url, rows, name="orders", column="card"):
        self.url, self.rows, self.name, self.column = url, rows, name, column
        self.sql = Pq(url)
        self.quoted, self.quoted_column = ('"' + word.replace('"', '""') + '"' for word in (name, column))
        self.sql.ask(f"CREATE TABLE {self.quoted} (id bigint PRIMARY KEY, {self.quoted_column} bytea NOT NULL, serial bigint NOT NULL"
                     " DEFAULT 0, seen timestamptz NOT NULL DEFAULT now())")
        self.expected = {}

    def settings(self, name="shop", **more):
        lines = {"name": name, "kind": "postgres", "tenant": "acme", "key": "orders", "url": self.url, "table": self.name,
                 "column": self.column, **more}
        quoted = ", ".join(f"{key}: {quote(value)}" for key, value in lines.items())
        return "- {" + quoted + "}\n"

    def aad(self, number):
        return f"acme/{self.name}/{self.column}/{number}".encode()

    def fill(self, staff):
        for first in range(1, self.rows + 1, BATCH):
            numbers = range(first, min(first + BATCH, self.rows + 1))
            texts = [f"card {number}".encode() for number in numbers]
            sealed = staff.encrypt([(self.aad(number), text) for number, text in zip(numbers, texts)])
            self.sql.ask(f"INSERT INTO {self.quoted} (id, {self.quoted_column}) SELECT * FROM unnest($1::bigint[], $2::bytea[])",
                         "{" + ",".join(map(str, numbers)) + "}", "{" + ",".join('"\\\\x' + each.hex() + '"' for each in sealed) + "}")
            self.expected.update(zip(numbers, texts))
        self.sql.ask(f"ANALYZE {self.quoted}")

    def put(self, sql, number, envelope):
        return sql.ask(f"UPDATE {self.quoted} SET {self.quoted_column} = $2::bytea, serial = serial + 1, seen = now() WHERE id = $1::bigint",
                       number, "\\x" + envelope.hex())

    def versions(self):
        rows = self.sql.ask(f"SELECT get_byte({self.quoted_column}, 23), count(*) FROM {self.quoted} GROUP BY 1")
        return {int(version): int(count) for version, count in rows}

    def check(self, staff):
        """Every row opens to the last text that was written into it."""
        after = 0
        while True:
            rows = self.sql.ask(f"SELECT id, {self.quoted_column} FROM {self.quoted} WHERE id > $1::bigint ORDER BY id LIMIT {BATCH}", after)
            if not rows:
                return
            numbers = [int(number) for number, _ in rows]
            opened = staff.decrypt([(self.aad(number), bytes.fromhex(value[2:])) for number, (_, value) in zip(numbers, rows)])
            assert opened == [self.expected[number] for number in numbers]
            after = numbers[-1]


def quote(value):
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


class Writer(threading.Thread):
    """An application: encrypts (while it can) and updates rows. Some of its ciphertexts were made before the rotation."""

    def __init__(self, staff, table, seed):
        super().__init__()
        self.staff, self.table, self.rng = staff, table, random.Random(seed)
        self.sql, self.stopped, self.rotated, self.written, self.failure = Pq(table.url), False, False, 0, None
        numbers = [self.rng.randint(1, table.rows) for _ in range(200)]
        texts = [f"old {i}".encode() for i in range(len(numbers))]
        self.late = list(zip(numbers, texts, staff.encrypt([(table.aad(number), text) for number, text in zip(numbers, texts)])))

    def run(self):
        try:
            rest = None
            while not self.stopped:
                if self.rotated and self.late and self.rng.random() < 0.2:
                    self.write(*self.late.pop())
                    continue
                number = self.rng.randint(1, self.table.rows)
                text = f"new {self.written}".encode()
                try:
                    rest = rest or self.staff.node.rest("uli")
                    envelope = self.staff.encrypt([(self.table.aad(number), text)], rest)[0]
                except (Problem, OSError, Exception):  # noqa: BLE001 the server is being killed
                    rest = None
                    time.sleep(0.02)
                    continue
                self.write(number, text, envelope)
        except PqError as failure:
            self.failure = failure

    def write(self, number, text, envelope):
        assert self.table.put(self.sql, number, envelope) == 1
        self.table.expected[number] = text
        self.written += 1
        time.sleep(0.02)

    def end(self):
        self.stopped = True
        self.join()
        assert self.failure is None


class Foreground:
    """Reads and touches rows as an application does, and takes the time."""

    def __init__(self, table, seed):
        words = [table.url, table.quoted, table.quoted_column, table.rows, seed]
        self.process = subprocess.Popen([sys.executable, ROW_LOAD, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def end(self):
        """[(when it began, how long it took)], in seconds."""
        said, _ = self.process.communicate()
        assert self.process.returncode == 0
        return [tuple(map(float, line.split())) for line in said.splitlines()]


class Pauses:
    """Spans without the job, spread over its time: a machine is not the same from one minute to the next, so how others fare with the job
    is told by how they fare just before and after. The first span is what was before it."""
    REST, SETTLE = min(8, CALM), 1  # seconds; what batches leave for the disk is written in the second one
    WORK = 20

    def __init__(self, staff):
        self.staff, self.job, self.spans = staff, None, [(time.monotonic(), 0)]
        time.sleep(self.REST)

    def job_begins(self, job):
        self.job = job
        self.resumed()

    def resumed(self):
        self.since = time.monotonic()
        self.spans[-1] = (self.spans[-1][0], self.since)

    def due(self):
        return time.monotonic() - self.since > self.WORK

    def take(self):
        try:
            self.staff.steer(self.job, "pause")
        except Problem as refused:
            assert refused.reason == "job_finished"  # just now
            return
        self.spans.append((time.monotonic(), 0))
        time.sleep(self.SETTLE + self.REST)
        self.staff.steer(self.job, "resume")
        self.resumed()

    def part(self, times):
        """The times in the pauses, and those beside the job."""
        calm = [took for began, took in times if any(first + self.SETTLE <= began < last for first, last in self.spans)]
        busy = [took for began, took in times if not any(first <= began < last for first, last in self.spans)]
        return calm, busy


def high_end(times):
    return sorted(times)[len(times) * 99 // 100]


def test_a_table_moves_while_it_is_written_and_the_server_is_killed(binary, tmp_path, postgres):
    seed = int(os.environ.get("KEYWRIGHT_SEED", str(random.SystemRandom().randrange(2**32))))
    table = Table(postgres.fresh_database(), ROWS)
    staff = Staff(binary, tmp_path / "node", table.settings(recency_column="seen", hot="2s"), grace=0, items=ROWS)
    table.fill(staff)
    assert [blocker["where"] for blocker in staff.reference_blockers(1)] == ["shop"], "nobody has counted yet"
    writer = Writer(staff, table, seed)
    writer.start()
    foreground = Foreground(table, seed + 1)
    pauses = Pauses(staff)
    staff.admin.post(KEYS + "/orders:rotate")
    writer.rotated = True
    job = staff.start("shop", per_second_max=max(2000, ROWS // 20), foreground_percent_max=120)
    pauses.job_begins(job)
    staff.kill_on_the_way(job, ROWS, pauses)
    writer.end()
    end = staff.wait_end(job)
    calm, busy = pauses.part(foreground.end())
    print(f"\nseed {seed}: {ROWS} rows, {writer.written} updates by the writer, {end['rewritten']} rewritten in {end['pass']} passes, "
          f"{end['cas_lost']} left to writers; foreground p99 {high_end(calm) * 1e3:.2f} ms calm, {high_end(busy) * 1e3:.2f} ms beside the "
          f"job: ratio {high_end(busy) / high_end(calm):.2f} ({len(busy)} operations, {len(calm)} calm ones in {len(pauses.spans)} pauses)")
    assert (end["state"], end.get("problem")) == ("done", None)
    assert end["quarantined"] == 0 and writer.written > 50
    assert table.versions() == {2: ROWS}
    table.check(staff)
    references = staff.admin.get(KEYS + "/orders/references?version=1")
    counted = {row["version"]: row["items"] for row in references["items"]}
    assert counted == {1: 0, 2: ROWS}
    points = {point["point"]: point["shown"] for point in references["proof"]["points"]}
    assert points["write_fence"] and points["census"] and not points["approval"]
    assert staff.reference_blockers(1) == []
    assert table.sql.one("SELECT count(*) FROM keywright.reencryption") == "1"
    staff.node.stop()


def test_a_job_is_paused_resumed_and_rolled_back_on_a_table_with_a_hostile_name(binary, tmp_path, postgres):
    table = Table(postgres.fresh_database(), 3000, 'ord"er\'s; DROP TABLE victim; --', "c\\a\"rd; --")
    table.sql.ask("CREATE TABLE victim ()")
    staff = Staff(binary, tmp_path / "node", table.settings())
    table.fill(staff)
    staff.admin.post(KEYS + "/orders:rotate")
    job = staff.start("shop", per_second_max=1000)
    staff.wait(job, lambda now: now["rewritten"] > 300, "the first rows")
    staff.steer(job, "pause")
    # The slice that was at work ends; then nothing moves any more.
    still = wait_until(lambda: (lambda before: before if table.versions() == before else None)(table.versions()), 10, "the pause")
    assert staff.job(job)["state"] == "paused" and still[1] > 0 and still[2] > 0
    staff.steer(job, "resume")
    staff.wait(job, lambda now: now["rewritten"] > 800, "more rows")
    staff.steer(job, "rollback")
    assert staff.wait_end(job)["state"] == "rolled_back"
    assert table.versions() == {1: 3000}
    table.check(staff)
    with pytest.raises(Problem) as refused:
        staff.steer(job, "resume")
    assert refused.value.reason == "job_finished"
    again = staff.start("shop")
    assert staff.wait_end(again)["state"] == "done" and table.versions() == {2: 3000}
    assert table.sql.one("SELECT to_regclass('victim')") == "victim"
    staff.node.stop()


def test_a_database_that_crashes_takes_rows_and_checkpoint_back_together(binary, tmp_path):
    server = Postgres.start()
    if server is None:
        pytest.skip("PostgreSQL is not installed")
    table = Table(server.fresh_database(), 3000)
    staff = Staff(binary, tmp_path / "node", table.settings(), grace=0)
    table.fill(staff)
    staff.admin.post(KEYS + "/orders:rotate")
    job = staff.start("shop", per_second_max=1000)
    for rewritten in (300, 1200, 2100):
        staff.wait(job, lambda now: now["rewritten"] > rewritten, f"{rewritten} rows")
        server.crash()
        server.up()
    staff.steer(job, "throttle", {"per_second_max": 0})
    end = staff.wait_end(job)
    assert (end["state"], end.get("problem")) == ("done", None)
    table.sql = Pq(table.url)
    assert table.versions() == {2: 3000}
    table.check(staff)
    assert staff.reference_blockers(1) == []
    staff.node.stop()
    server.stop()


def test_damaged_rows_are_named_kept_and_processed_when_they_are_mended(binary, tmp_path, postgres):
    table = Table(postgres.fresh_database(), 500)
    staff = Staff(binary, tmp_path / "node", table.settings())
    table.fill(staff)
    good = table.sql.one("SELECT card FROM orders WHERE id = 7")
    table.sql.ask("UPDATE orders SET card = set_byte(card, length(card) - 1, 255 - get_byte(card, length(card) - 1)) WHERE id = 7")
    table.sql.ask("UPDATE orders SET card = (SELECT card FROM orders WHERE id = 9) WHERE id = 8")
    table.sql.ask("UPDATE orders SET card = 'plain' WHERE id = 10")
    table.sql.ask("UPDATE orders SET card = set_byte(card, 23, 9) WHERE id = 11")
    staff.admin.post(KEYS + "/orders:rotate")
    job = staff.start("shop")
    end = staff.wait_end(job)
    assert (end["state"], end["problem"], end["quarantined"]) == ("failed", "quarantined_left", 4)
    listed = {item["item"]: item["reason"] for item in staff.admin.get(f"{JOBS}/{job}/quarantine")["items"]}
    assert listed == {"7": "tag_invalid", "8": "tag_invalid", "10": "not_ours", "11": "kid_missing"}, "a moved ciphertext is one too"
    assert table.sql.one("SELECT convert_from(card, 'UTF8') FROM orders WHERE id = 10") == "plain"
    table.sql.ask("UPDATE orders SET card = $1::bytea WHERE id = 7", good)
    table.sql.ask("DELETE FROM orders WHERE id IN (8, 11)")
    staff.steer(job, "resume")
    assert wait_until(lambda: staff.job(job)["state"] == "done", 60, "the mended job")
    assert staff.reference_blockers(1)[0]["amount"] == 0, "v1 could be written under for its lease grace: count again after it"
    staff.node.stop()


def test_what_cannot_be_done_is_said_at_once(binary, tmp_path, postgres):
    table = Table(postgres.fresh_database(), 10)
    table.sql.ask("CREATE TABLE bare (card bytea)")
    bare = table.settings("bare").replace('table: "orders"', 'table: "bare"')
    staff = Staff(binary, tmp_path / "node", table.settings() + bare)
    table.fill(staff)
    for order, status in (({"store": "nowhere"}, 404), ({"store": "shop", "target_version": 5}, 409),
                          ({"store": "shop", "foreground_percent_max": 50}, 400)):
        with pytest.raises(Problem) as refused:
            staff.start(**order)
        assert refused.value.status == status, refused.value
    end = staff.wait_end(staff.start("bare"))
    assert (end["state"], end["problem"]) == ("failed", "no_primary_key")
    stores = staff.admin.get("/api/v1/rotation/data-stores?tenant=acme")["items"]
    assert [(store["name"], store["where"]) for store in stores] == [("shop", "public.orders.card"), ("bare", "public.bare.card")]
    assert "host=" not in str(stores)
    staff.node.stop()
