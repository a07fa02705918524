"""Transcripts as tests. `$ command` runs; the lines under it are the expected output; `…` stands for a run of characters that varies, and
alone on a line for lines that vary;
`exit N` on a line of its own is the expected exit code (0 unless said). Each story has a server of its own: a development server, or,
with `#! node` in its first line, a configured one with three shares (%share1 …) and people, each with a context of their name.

Beside `keywright` (with NAME=value before it, and ` < FILE` behind it) there are three commands of the harness: `write FILE words`,
`restart` and `damage DIR` (changes one byte in the newest entries of an audit copy). A word that starts with % is a file of the story."""
import hashlib
import json
import re
import shlex
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from node import DevServer, Node

STORIES = sorted(Path(__file__).parent.glob("*.txt"))
PEOPLE = {"ada": ["key-admin:acme"], "uli": ["key-user:acme"], "sol": ["security-officer:acme", "security-officer:*"],
          "amy": ["approver:acme"], "ann": ["auditor:*"], "ola": ["operator:*"]}


def steps(story):
    """(line number, command, expected lines, exit code)"""
    found, current = [], None
    for number, line in enumerate(story.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("$ "):
            current = [number, line[2:], [], 0]
            found.append(current)
        elif re.fullmatch(r"exit \d+", line):
            current[3] = int(line.split()[1])
        elif current is not None and line.strip():
            current[2].append(line)
    return found


def pattern(line):
    if line == "…":
        return "(?s:.*)"
    return ".*".join(re.escape(part) for part in line.rstrip().split("…"))


def write_contexts(node):
    """A context for each of the people, as they would have made it with `keywright context create`."""
    parts = urlsplit(node.url)
    pin = hashlib.sha256(ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((parts.hostname, parts.port)))).hexdigest()
    contexts = {name: {"url": node.url, "tenant": "acme", "pinned_sha256": pin, "token": node.tokens[name]} for name in PEOPLE}
    folder = Path(node.environment["KEYWRIGHT_CONFIG_DIR"])
    folder.mkdir(exist_ok=True)
    (folder / "contexts.json").write_text(json.dumps({"current": "ada", "contexts": contexts}), encoding="utf-8")


def staffed_node(binary, folder):
    node = Node(binary, folder / "node")
    node.initialise(3, 2)
    node.tenant("acme")
    for name, grants in PEOPLE.items():
        node.principal(name, *grants)
    for number, share in enumerate(node.shares, 1):
        (folder / f"share{number}").write_text(share + "\n", encoding="utf-8")
    write_contexts(node)
    return node


class Stage:
    def __init__(self, story, binary, folder):
        self.folder = folder
        self.configured = story.read_text(encoding="utf-8").startswith("#! node")
        self.server = staffed_node(binary, folder) if self.configured else DevServer(binary, folder)

    def path(self, word):
        return str(self.folder / word[1:]) if word.startswith("%") else word

    def prop(self, words):
        """Carries out a command of the harness. False when it is none."""
        if words[0] == "write":
            (self.folder / words[1]).write_text(" ".join(words[2:]) + "\n", encoding="utf-8")
        elif words[0] == "restart":
            self.server.kill()
            self.server.start()
            write_contexts(self.server)
        elif words[0] == "damage":
            newest = max((Path(self.path(words[1])) / "tile/entries").rglob("*.p/*"), key=lambda path: int(path.name))
            content = bytearray(newest.read_bytes())
            content[len(content) // 2] ^= 1
            newest.write_bytes(content)
        else:
            return False
        return True

    def run(self, command):
        """(exit code, printed lines)"""
        command, _, redirect = command.partition(" < ")
        words = shlex.split(command)
        if self.prop(words):
            return 0, []
        environment = {}
        while "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            environment[name] = value
        assert words[0] == "keywright", words
        stdin = Path(self.path(redirect)).read_text(encoding="utf-8") if redirect else ""
        done = self.server.cli(*map(self.path, words[1:]), stdin=stdin, environment=environment)
        printed = (done.stdout + done.stderr).replace(str(self.folder) + "/", "%").splitlines()
        return done.returncode, [line.rstrip() for line in printed if line.strip() and not line.startswith("▸")]


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
def test_story(binary, story, tmp_path):
    stage = Stage(story, binary, tmp_path)
    try:
        for number, command, expected, code in steps(story):
            exit_code, printed = stage.run(command)
            where = f"{story.name}:{number}: {command}"
            assert exit_code == code, f"{where}: exit {exit_code}\n" + "\n".join(printed)
            wanted = "\n".join(pattern(line) for line in expected)
            assert re.fullmatch(wanted, "\n".join(printed)), f"{where}\n" + "\n".join(printed)
    finally:
        stage.server.stop()


def test_the_first_start_says_where_it_is_and_what_is_next(dev):
    shown = [line.replace(dev.data, "DIR") for line in dev.banner]
    wanted = ["Keywright 0.1.0  dev server: DIR", "  API      https://127.0.0.1:…",
              '  token    kwt_…  saved in context "dev"; other terminals just work',
              "ready in … s; Ctrl-C stops.  next: keywright key create orders"]
    assert re.fullmatch("\n".join(map(pattern, wanted)), "\n".join(shown)), shown


def test_every_check_of_the_doctor_is_explained(dev):
    checks = json.loads(dev.cli("doctor", "-o", "json").stdout)["checks"]
    text = (Path(__file__).resolve().parents[2] / "src/service/diagnosis.cc").read_text(encoding="utf-8")
    ids = {check["id"] for check in checks} | set(re.findall(r'"([A-Z]{2}-\d+)"', text)) | {"SE-1", "AC-1"}
    assert len(ids) > 10
    for check in sorted(ids):
        explained = dev.cli("doctor", "--explain", check)
        assert explained.returncode == 0 and len(explained.stdout.splitlines()) == 3, check
