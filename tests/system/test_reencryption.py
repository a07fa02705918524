"""Re-encryption of real data: a PostgreSQL table and a directory tree, while others write and the server is killed. Nothing is lost,
everything ends on the new version, and the count says so."""
import base64
import os
import random
import struct
import threading
import time

import pytest

from node import Node, wait_until
from pq import Pq, PqError
from rest import Problem, b64

ROWS = int(os.environ.get("KEYWRIGHT_REENCRYPTION_ROWS", "20000"))
FILES = int(os.environ.get("KEYWRIGHT_REENCRYPTION_FILES", "1000"))
PATIENCE = 120 + ROWS // 400
KEYS = "/api/v1/tenants/acme/keys"
JOBS = "/api/v1/rotation/jobs"
BATCH = 256


def raw(text):
    """The bytes of a kw1: text."""
    digits = text.removeprefix("kw1:")
    return base64.urlsafe_b64decode(digits + "=" * (-len(digits) % 4))


def text_form(envelope):
    return "kw1:" + base64.urlsafe_b64encode(envelope).rstrip(b"=").decode()


def version_of(envelope):
    return struct.unpack(">I", envelope[20:24])[0]


class Staff:
    """A server with one key and a data store, and the people who use them."""

    def __init__(self, binary, folder, stores, grace=60):
        self.node = Node(binary, folder, settings="data_stores:\n" + stores)
        self.node.initialise()
        self.node.tenant("acme")
        self.node.principal("ada", "key-admin:acme")
        self.node.principal("uli", "key-user:acme")
        self.admin.post(KEYS, {"name": "orders", "lease_grace_seconds": grace})

    @property
    def admin(self):
        return self.node.rest("ada")

    def encrypt(self, items, rest=None):
        """[(associated data, plaintext)] to envelopes."""
        rest = rest or self.node.rest("uli")
        sealed = []
        for i in range(0, len(items), BATCH):
            part = [{"plaintext": b64(text), "associated_data": b64(aad)} for aad, text in items[i:i + BATCH]]
            sealed += [raw(item["ciphertext"]) for item in rest.post(KEYS + "/orders:encrypt", {"items": part})["items"]]
        return sealed

    def decrypt(self, items):
        rest, opened = self.node.rest("uli"), []
        for i in range(0, len(items), BATCH):
            part = [{"ciphertext": text_form(sealed), "associated_data": b64(aad)} for aad, sealed in items[i:i + BATCH]]
            opened += [base64.b64decode(item["plaintext"]) for item in rest.post(KEYS + "/orders:decrypt", {"items": part})["items"]]
        return opened

    def start(self, store, **order):
        return self.admin.post(JOBS + "?tenant=acme", {"store": store, **order})["id"]

    def job(self, job):
        return self.admin.get(f"{JOBS}/{job}")

    def steer(self, job, verb, body=None):
        return self.admin.post(f"{JOBS}/{job}:{verb}", body)

    def wait(self, job, done, what):
        def looked():
            now = self.job(job)
            return now if done(now) else None
        try:
            return wait_until(looked, PATIENCE, what)
        except TimeoutError as late:
            raise TimeoutError(f"{what}: {self.job(job)}") from late

    def wait_share(self, job, share, total):
        """Until the job has so much behind it. It is asked, not the data: to count them would be work beside the foreground."""
        def behind(now):
            return now["phase"] == "pass" and now["done"] >= share * total  # before it are the rows in use, after it the counts
        return self.wait(job, lambda now: now["state"] != "running" or now["phase"] in ("census", "census2") or behind(now), f"{share} of {total}")

    def wait_end(self, job):
        return self.wait(job, lambda now: now["state"] in ("done", "failed", "rolled_back"), "the end of the job")

    def kill_and_return(self):
        self.node.kill()
        self.node.start()
        self.node.unseal()

    def reference_blockers(self, version):
        readiness = self.admin.get(f"{KEYS}/orders/readiness?version={version}&for=destroy&quiet_seconds=0")
        return [blocker for blocker in readiness["blockers"] if blocker["kind"] == "references"]


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


class Foreground(threading.Thread):
    """Reads and touches rows as an application does, and takes the time."""

    def __init__(self, table, seed):
        super().__init__()
        self.table, self.rng, self.sql, self.stopped, self.times = table, random.Random(seed), Pq(table.url), False, []

    def run(self):
        while not self.stopped:
            number = self.rng.randint(1, self.table.rows)
            began = time.perf_counter()
            self.sql.ask(f"SELECT {self.table.quoted_column} FROM {self.table.quoted} WHERE id = $1::bigint", number)
            self.sql.ask(f"UPDATE {self.table.quoted} SET serial = serial + 1 WHERE id = $1::bigint", number)
            self.times.append(time.perf_counter() - began)
            time.sleep(0.002)

    def end(self):
        self.stopped = True
        self.join()
        return sorted(self.times)


def high_end(times):
    return times[len(times) * 99 // 100]


def measured(table, seed, seconds):
    foreground = Foreground(table, seed)
    foreground.start()
    time.sleep(seconds)
    return foreground.end()


def test_a_table_moves_while_it_is_written_and_the_server_is_killed(binary, tmp_path, postgres):
    seed = int(os.environ.get("KEYWRIGHT_SEED", str(random.SystemRandom().randrange(2**32))))
    table = Table(postgres.fresh_database(), ROWS)
    staff = Staff(binary, tmp_path / "node", table.settings(recency_column="seen", hot="2s"), grace=0)
    table.fill(staff)
    assert [blocker["where"] for blocker in staff.reference_blockers(1)] == ["shop"], "nobody has counted yet"
    writer = Writer(staff, table, seed)
    writer.start()
    calm = measured(table, seed + 1, 6)
    staff.admin.post(KEYS + "/orders:rotate")
    writer.rotated = True
    foreground = Foreground(table, seed + 2)
    job = staff.start("shop", per_second_max=max(2000, ROWS // 20), foreground_percent_max=120)
    foreground.start()
    for share in (0.2, 0.45, 0.7):
        assert staff.wait_share(job, share, ROWS)["state"] == "running"
        staff.kill_and_return()
    staff.steer(job, "throttle", {"per_second_max": 0})
    staff.wait_share(job, 0.95, ROWS)
    writer.end()
    busy = foreground.end()
    end = staff.wait_end(job)
    print(f"\nseed {seed}: {ROWS} rows, {writer.written} updates by the writer, {end['rewritten']} rewritten in {end['pass']} passes, "
          f"{end['cas_lost']} left to writers; foreground p99 {high_end(calm) * 1e3:.2f} ms calm, {high_end(busy) * 1e3:.2f} ms beside the "
          f"job: ratio {high_end(busy) / high_end(calm):.2f} ({len(busy)} operations)")
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


class Tree:
    """Files with envelopes, and some in the format of `keywright key encrypt`."""

    def __init__(self, folder, files):
        self.folder, self.files, self.expected = str(folder), files, {}
        for number in range(0, files, 100):
            os.makedirs(os.path.join(self.folder, f"d{number // 100}"), exist_ok=True)

    def settings(self):
        return f"- {{name: archive, kind: directory, tenant: acme, key: orders, path: {self.folder}}}\n"

    def path(self, number):
        return os.path.join(self.folder, f"d{number // 100}", f"file {number}")

    def fill(self, staff):
        numbers = list(range(self.files))
        texts = [f"text {number}".encode() for number in numbers]
        for number, text, sealed in zip(numbers, texts, staff.encrypt([(b"", text) for text in texts])):
            if number % 20 == 0:
                # The envelope stands for a wrapped data key: only it may change.
                sealed = b"KWF1" + struct.pack(">I", len(sealed)) + sealed + b"content" * (number + 1)
            self.write(number, sealed)
            os.utime(self.path(number), (1_000_000_000 + number, 1_000_000_000 + number))
            self.expected[number] = text

    def write(self, number, content):
        beside = self.path(number) + ".new"
        with open(beside, "wb") as file:
            file.write(content)
        os.chmod(beside, 0o640)
        os.rename(beside, self.path(number))

    def read(self, number):
        with open(self.path(number), "rb") as file:
            content = file.read()
        if not content.startswith(b"KWF1"):
            return content
        size = struct.unpack(">I", content[4:8])[0]
        assert content[8 + size:] == b"content" * (number + 1)
        return content[8:8 + size]

    def versions(self):
        found = {}
        for number in range(self.files):
            version = version_of(self.read(number))
            found[version] = found.get(version, 0) + 1
        return found


class FileWriter(threading.Thread):
    def __init__(self, staff, tree, seed):
        super().__init__()
        self.staff, self.tree, self.rng, self.stopped, self.written = staff, tree, random.Random(seed), False, set()
        # Not those of the other format.
        self.numbers = [number for number in range(tree.files) if number % 20 != 0]

    def run(self):
        count = 0
        while not self.stopped:
            number, text = self.rng.choice(self.numbers), f"new {count}".encode()
            try:
                envelope = self.staff.encrypt([(b"", text)])[0]
            except (Problem, OSError, Exception):  # noqa: BLE001 the server is being killed
                time.sleep(0.02)
                continue
            self.tree.write(number, envelope)
            self.tree.expected[number] = text
            self.written.add(number)
            count += 1
            time.sleep(0.05)

    def end(self):
        self.stopped = True
        self.join()


def test_a_directory_tree_moves_while_it_is_written_and_the_server_is_killed(binary, tmp_path):
    seed = int(os.environ.get("KEYWRIGHT_SEED", str(random.SystemRandom().randrange(2**32))))
    tree = Tree(tmp_path / "archive", FILES)
    staff = Staff(binary, tmp_path / "node", tree.settings(), grace=0)
    tree.fill(staff)
    os.symlink(tree.path(1), os.path.join(tree.folder, "link"))
    writer = FileWriter(staff, tree, seed)
    staff.admin.post(KEYS + "/orders:rotate")
    job = staff.start("archive", per_second_max=max(150, FILES // 15))
    writer.start()
    for share in (0.2, 0.45, 0.7):
        assert staff.wait_share(job, share, FILES)["state"] == "running"
        staff.kill_and_return()
    staff.steer(job, "throttle", {"per_second_max": 0})
    staff.wait_share(job, 0.95, FILES)
    writer.end()
    end = staff.wait_end(job)
    print(f"\nseed {seed}: {FILES} files, {len(writer.written)} of them rewritten by the writer, {end['rewritten']} by the job, "
          f"{end['cas_lost']} left to the writer")
    assert (end["state"], end.get("problem"), end["quarantined"]) == ("done", None, 0)
    assert tree.versions() == {2: FILES}
    opened = staff.decrypt([(b"", tree.read(number)) for number in range(FILES)])
    assert opened == [tree.expected[number] for number in range(FILES)]
    left = [name for _, _, names in os.walk(tree.folder) for name in names if name.startswith(".keywright") or name.endswith(".new")]
    assert left == []
    for number in set(range(FILES)) - writer.written:
        facts = os.stat(tree.path(number))
        assert facts.st_mode & 0o7777 == 0o640 and int(facts.st_mtime) == 1_000_000_000 + number
    assert os.path.islink(os.path.join(tree.folder, "link"))
    assert {row["version"]: row["items"] for row in staff.admin.get(KEYS + "/orders/references")["items"]} == {1: 0, 2: FILES}
    assert staff.reference_blockers(1) == []
    staff.node.stop()


def test_the_command_line_starts_follows_and_explains_a_job(binary, tmp_path):
    tree = Tree(tmp_path / "archive", 30)
    staff = Staff(binary, tmp_path / "node", tree.settings(), grace=0)
    tree.fill(staff)
    with open(os.path.join(tree.folder, "readme"), "w", encoding="utf-8") as file:
        file.write("no ciphertext")
    staff.admin.post(KEYS + "/orders:rotate")
    from test_crash import fingerprint
    node, token = staff.node, {"KEYWRIGHT_ADDR": staff.node.url, "KEYWRIGHT_TOKEN": staff.node.tokens["ada"], "KEYWRIGHT_TENANT": "acme"}
    assert node.cli("context", "create", "t", "--url", node.url, "--pin", fingerprint(node)).returncode == 0
    stores = node.cli("job", "stores", environment=token)
    assert "archive" in stores.stdout and tree.folder in stores.stdout, stores.stderr
    started = node.cli("job", "start", "archive", environment=token)
    assert started.returncode == 0, started.stderr
    assert "30 of 31 items to @2" in started.stdout and "0 left" in started.stdout
    job = node.cli("job", "list", "-q", environment=token).stdout.split()[0]
    quarantine = node.cli("job", "quarantine", job, environment=token)
    assert "readme" in quarantine.stdout and "not_ours" in quarantine.stdout
    references = node.cli("key", "references", "orders@1", environment=token)
    assert "✓ census" in references.stdout and "○ backups" in references.stdout, references.stdout + references.stderr
    refused = node.cli("job", "throttle", job, "--per-second", "5", environment=token)
    assert refused.returncode != 0 and "job_finished" in refused.stderr
    node.stop()
