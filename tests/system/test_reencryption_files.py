"""Re-encryption of a directory tree, while others write and the server is killed; and the command line of jobs.
KEYWRIGHT_REENCRYPTION_FILES: how many."""
import os
import random
import struct
import threading
import time

from reencryption_staff import KEYS, Staff, version_of
from rest import Problem

FILES = int(os.environ.get("KEYWRIGHT_REENCRYPTION_FILES", "1000"))


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
    staff = Staff(binary, tmp_path / "node", tree.settings(), grace=0, items=FILES)
    tree.fill(staff)
    os.symlink(tree.path(1), os.path.join(tree.folder, "link"))
    writer = FileWriter(staff, tree, seed)
    staff.admin.post(KEYS + "/orders:rotate")
    job = staff.start("archive", per_second_max=max(150, FILES // 15))
    writer.start()
    staff.kill_on_the_way(job, FILES)
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
