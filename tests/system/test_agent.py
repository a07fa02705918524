"""The agent against a real server, with real applications: files, reloads, outages, a broken canary, the socket, exec mode."""
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time

import pytest

from node import DevServer, wait_until
from rotation_calls import ROTATION, policy, run_of, start, until

SECRETS = "/api/v1/tenants/acme/secrets"
LEASE = 30


def put(rest, path, password, **more):
    return rest.call("PUT", f"{SECRETS}/{path}", {"fields": {"user": "app", "password": password}, **more})


def consumer(rest, name, *paths, **more):
    subjects = [{"kind": "secret", "name": path} for path in paths]
    rest.call("PUT", f"{ROTATION}/consumers/{name}?tenant=acme", {"subjects": subjects, "lease_seconds": LEASE, "refresh_seconds": 1, **more})


def principal(rest, name, role="secret-user"):
    rest.post("/api/v1/principals", {"name": name, "grants": [{"role": role, "tenant": "acme"}]})
    return rest.post("/api/v1/tokens", {"principal": name, "ttl_seconds": 3600})["token"]


def board(rest, path, version=0):
    return rest.get(f"{ROTATION}/board?tenant=acme&kind=secret&name={path}" + (f"&version={version}" if version else ""))


def grade(rest, path, who, version):
    for ack in board(rest, path, version)["items"]:
        if ack["consumer"] == who:
            return "failed" if ack["failed"] else "used" if ack.get("used_at") else "loaded" if ack.get("loaded_at") else None
    return None


class UnixClient:
    """HTTP over the agent's socket."""

    def __init__(self, path):
        self.path = path

    def call(self, method, target, body=None, timeout=30):
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(timeout)
            link.connect(self.path)
            text = json.dumps(body) if body is not None else ""
            head = f"{method} {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            if body is not None:
                head += f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n"
            link.sendall((head + "\r\n" + text).encode())
            answer = b""
            while chunk := link.recv(65536):
                answer += chunk
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), body.decode()

    def secret(self, path, query=""):
        status, body = self.call("GET", f"{SECRETS}/{path}{query}")
        return json.loads(body) if status == 200 else status


class Agent:
    """One agent process with its folder. Its application is a shell script that notes what it was given."""

    def __init__(self, binary, folder, server, token, name="billing", path="db/orders", settings="", health="test ! -e {app}/broken", lease=LEASE):
        self.binary, self.folder, self.name, self.path = binary, str(folder), name, path
        os.makedirs(self.folder, exist_ok=True)
        self.app = os.path.join(self.folder, "app")
        os.makedirs(self.app, exist_ok=True)
        self.file, self.reloads = os.path.join(self.app, "login"), os.path.join(self.folder, "reloads")
        self.socket = os.path.join(self.folder, "s")
        self.token(token)
        self.config = os.path.join(self.folder, "agent.yaml")
        self.log_path = os.path.join(self.folder, "log")
        url, _, pin = server.access
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f"""server: {{url: "{url}", pinned_sha256: "{pin}", token_file: {self.folder}/token}}
tenant: acme
consumer: {name}
instance: {name}-1
poll: 1s
lease: {lease}s
allow_unlocked_memory: true
roots: [{self.app}]
cache: {{folder: {self.folder}/cache, key_file: {self.folder}/cache.key}}
socket: {{path: {self.socket}}}
secrets: [{{path: {path}, users: ["{os.geteuid()}"]}}]
applications:
  - name: app
    files:
      - path: {self.file}
        mode: "0640"
        template: "{{{{{path}#user}}}}:{{{{{path}#password}}}}"
    reload: {{command: ["/bin/sh", "-c", "cat {self.file} >> {self.reloads}; echo >> {self.reloads}"]}}
    health: {{command: ["/bin/sh", "-c", "{health.format(app=self.app)}"], timeout: 2s, interval_ms: 100}}
{settings}""")
        self.process = None

    def token(self, text):
        path = os.path.join(self.folder, "token")
        with open(path + ".new", "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(text)
        os.rename(path + ".new", path)

    def start(self, *words):
        with open(self.log_path, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen([self.binary, "agent", "--config", self.config, *words], stdout=subprocess.PIPE, stderr=log)
        return self

    def once(self, *words):
        return subprocess.run([self.binary, "agent", *words, "--config", self.config], text=True, capture_output=True, timeout=60)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            return self.process.wait(30)
        return None

    def login(self):
        try:
            with open(self.file, encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def has(self, password, seconds=30):
        wait_until(lambda: self.login() == f"app:{password}", seconds, f"{password} in the file; {self.log()[-2000:]}")

    def client(self):
        return UnixClient(self.socket)

    def connected(self):
        def stands():
            try:
                return json.loads(self.client().call("GET", "/health")[1])["connected"]
            except (OSError, ValueError, IndexError):
                return False
        wait_until(stands, 30, f"the stream; {self.log()[-2000:]}")


@pytest.fixture
def room(dev, binary, tmp_path):
    """A server with one secret and one consumer, and an agent for it."""
    rest = dev.rest()
    put(rest, "db/orders", "one-hush")
    consumer(rest, "billing", "db/orders")
    agent = Agent(binary, tmp_path / "agent", dev, principal(rest, "billing"))
    yield dev, rest, agent
    agent.stop()


def test_a_change_is_pushed_rendered_reloaded_and_acknowledged(room):
    _, rest, agent = room
    agent.start()
    agent.has("one-hush")
    agent.connected()
    assert stat.S_IMODE(os.stat(agent.file).st_mode) == 0o640
    wait_until(lambda: grade(rest, "db/orders", "billing", 1) == "used", 30, "the acknowledgement of version 1")
    before = time.monotonic()
    put(rest, "db/orders", "two-hush")
    agent.has("two-hush")
    print(f"pushed in {time.monotonic() - before:.2f} s")
    wait_until(lambda: grade(rest, "db/orders", "billing", 2) == "used", 30, "the acknowledgement of version 2")
    with open(agent.reloads, encoding="utf-8") as file:
        assert file.read().split() == ["app:one-hush", "app:two-hush"]
    assert agent.stop() == 0
    assert "hush" not in agent.log(), "a value in the log"


def test_nothing_secret_is_in_arguments_environment_cache_or_folder_names(room):
    _, rest, agent = room
    agent.start()
    agent.has("one-hush")
    wait_until(lambda: os.listdir(f"{agent.folder}/cache"), 30, "the cache")
    with open(f"/proc/{agent.process.pid}/cmdline", "rb") as file:
        assert b"hush" not in file.read() and b"kwt_" not in file.read()
    for name in os.listdir(f"{agent.folder}/cache"):
        with open(f"{agent.folder}/cache/{name}", "rb") as file:
            assert b"hush" not in file.read() and "orders" not in name


def test_an_application_started_while_the_server_is_away_gets_the_last_values(room, binary):
    server, rest, agent = room
    agent.start()
    agent.has("one-hush")
    agent.connected()
    wait_until(lambda: os.listdir(f"{agent.folder}/cache"), 30, "the cache")
    port = int(server.access[0].rsplit(":", 1)[1])
    server.kill()
    # Longer than three leases of the agent's requests: nothing changes for applications.
    for _ in range(5):
        assert agent.client().secret("db/orders")["fields"]["password"] == "one-hush"
        assert agent.process.poll() is None
    agent.stop()
    os.remove(agent.file)
    agent.start()
    agent.has("one-hush")
    assert agent.client().secret("db/orders")["version"] == 1
    assert json.loads(agent.client().call("GET", "/health")[1])["secrets"][0]["confirmed"] is False
    # Back again, on the same port and store, and something has changed meanwhile.
    server.words[server.words.index("--port") + 1] = str(port)
    server.start()
    agent.token(server.rest().post("/api/v1/tokens", {"principal": "billing", "ttl_seconds": 3600})["token"])
    put(server.rest(), "db/orders", "two-hush")
    agent.has("two-hush")
    wait_until(lambda: grade(server.rest(), "db/orders", "billing", 2) == "used", 30, "the acknowledgement")


def test_what_was_taken_back_during_an_outage_is_dropped_at_once(room):
    server, rest, agent = room
    agent.start()
    agent.has("one-hush")
    wait_until(lambda: os.listdir(f"{agent.folder}/cache"), 30, "the cache")
    agent.stop()
    rest.call("DELETE", f"{SECRETS}/db/orders")
    agent.start()
    wait_until(lambda: not os.listdir(f"{agent.folder}/cache"), 30, f"an empty cache; {agent.log()[-2000:]}")
    wait_until(lambda: agent.client().secret("db/orders") == 404, 30, "nothing at the socket")


def test_a_broken_canary_goes_back_and_takes_the_rotation_with_it(room, binary, tmp_path):
    server, rest, agent = room
    rest.call("PUT", f"{SECRETS}/db/users", {"generate": "password field=password", "fields": {"user": "app"}})
    policy(rest, "gradual", "interval: 90d\noverlap: {min: 1d, quiet: 0s}\nrollout: {steps: [50, 100], soak: 1h}\n"
           "publish_wait: 0s\nquarantine: 0s\njitter: 0s\nold_version: retire\n")
    consumer(rest, "canary", "db/users", canary=True)
    # What the application thinks of a login: only the first one works.
    canary = Agent(binary, tmp_path / "canary", server, principal(rest, "canary"), "canary", "db/users",
                   settings="canary: true\n", health="cmp -s {app}/login {app}/../good")
    canary.start()
    wait_until(lambda: canary.login() is not None, 30, f"the first login; {canary.log()[-2000:]}")
    first = canary.login()
    with open(f"{canary.folder}/good", "w", encoding="utf-8") as file:
        file.write(first)
    canary.stop()
    canary.start()
    canary.connected()
    wait_until(lambda: grade(rest, "db/users", "canary", 1) == "used", 30, f"version 1; {canary.log()[-2000:]}")
    before = time.monotonic()
    run = start(rest, "db/users", kind="secret")
    wait_until(lambda: grade(rest, "db/users", "canary", 2) == "failed", 60, f"the failure; {canary.log()[-3000:]}")
    failed = time.monotonic()
    done = until(rest, run, "rolled_back", seconds=60)
    back = time.monotonic()
    print(f"canary: failure {failed - before:.1f} s after the start, rolled back {back - failed:.1f} s later")
    assert back - failed < 30
    assert canary.login() == first, "the former rendering is back"
    assert "consumer_failed" in json.dumps(done)
    shown = rest.get(f"{SECRETS}/db/users")
    assert (shown["version"], shown["fields"]["password"]) == (1, first.split(":", 1)[1])
    canary.stop()


def test_a_failing_reload_is_reported_and_the_former_content_is_back(room):
    _, rest, agent = room
    agent.start()
    agent.has("one-hush")
    wait_until(lambda: grade(rest, "db/orders", "billing", 1) == "used", 30, "version 1")
    open(f"{agent.app}/broken", "w", encoding="utf-8").close()
    put(rest, "db/orders", "two-hush")
    wait_until(lambda: grade(rest, "db/orders", "billing", 2) == "failed", 30, f"the report; {agent.log()[-2000:]}")
    agent.has("one-hush")
    assert agent.client().secret("db/orders")["version"] == 1
    os.remove(f"{agent.app}/broken")
    put(rest, "db/orders", "three-hush")
    agent.has("three-hush")
    wait_until(lambda: grade(rest, "db/orders", "billing", 3) == "used", 30, "version 3")


def test_the_socket_serves_waits_and_takes_verdicts(room):
    _, rest, agent = room
    agent.start()
    agent.has("one-hush")
    client = agent.client()
    wait_until(lambda: client.secret("db/orders") != 404, 30, "the value")
    shown = client.secret("db/orders")
    assert (shown["version"], shown["fields"]) == (1, {"user": "app", "password": "one-hush"})
    assert client.secret("db/others") == 404
    assert client.secret("db/orders", "?after=x") == 400
    waiting = subprocess.Popen([sys.executable, "-c", f"""
import sys; sys.path[:0] = {sys.path!r}
from test_agent import UnixClient
print(UnixClient({agent.socket!r}).secret("db/orders", "?after=1&wait_seconds=30")["version"])"""],
        stdout=subprocess.PIPE, text=True, cwd=os.path.dirname(__file__))
    put(rest, "db/orders", "two-hush")
    assert waiting.communicate(timeout=60)[0].strip() == "2"
    before = time.monotonic()
    assert client.secret("db/orders", "?after=2&wait_seconds=1")["version"] == 2
    assert 0.9 < time.monotonic() - before < 10
    assert client.call("POST", f"{SECRETS}/db/orders:used", {"version": 2})[0] == 204
    assert client.call("POST", f"{SECRETS}/db/orders:used", {"version": "x"})[0] == 400
    metrics = client.call("GET", "/metrics")[1]
    assert "agent_applied_total 2" in metrics and "hush" not in metrics


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
def test_the_socket_knows_who_asks(room):
    _, _, agent = room
    with open(agent.config, encoding="utf-8") as file:
        text = file.read().replace(f"socket: {{path: {agent.socket}}}", f"socket: {{path: {agent.socket}, mode: \"0666\"}}")
    with open(agent.config, "w", encoding="utf-8") as file:
        file.write(text)
    folder = agent.folder
    while folder != "/":
        os.chmod(folder, os.stat(folder).st_mode | 0o055)
        folder = os.path.dirname(folder)
    agent.start()
    agent.has("one-hush")
    script = (f"import socket; s = socket.socket(socket.AF_UNIX); s.connect({agent.socket!r}); "
              f"s.sendall(b'GET {SECRETS}/db/orders HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n'); print(s.recv(4096).decode())")
    mine = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    theirs = subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", sys.executable, "-c", script],
                            capture_output=True, text=True, timeout=30)
    assert "one-hush" in mine.stdout and " 404 " in theirs.stdout and "hush" not in theirs.stdout, theirs


def test_once_hands_out_and_stops_and_check_names_the_line(room):
    _, _, agent = room
    done = agent.once("--once")
    assert done.returncode == 0 and agent.login() == "app:one-hush", done
    good = agent.once("check")
    assert good.returncode == 0 and "the settings are good" in good.stdout, good
    with open(agent.config, "a", encoding="utf-8") as file:
        file.write("pol: 3s\n")
    bad = agent.once("check")
    assert bad.returncode == 2 and "nearest is \"poll\"" in bad.stderr and "agent.yaml:" in bad.stderr and "try:" in bad.stderr, bad


def test_a_missing_secret_ends_once_with_its_reason(room):
    _, rest, agent = room
    rest.call("DELETE", f"{SECRETS}/db/orders")
    done = agent.once("--once")
    assert done.returncode in (5, 6) and agent.login() is None, done


def test_a_renewed_token_file_is_used(room):
    _, rest, agent = room
    agent.start()
    agent.has("one-hush")
    for token in rest.get("/api/v1/tokens?principal=billing")["items"]:
        rest.post(f"/api/v1/tokens/{token['accessor']}:revoke")
    agent.token(rest.post("/api/v1/tokens", {"principal": "billing", "ttl_seconds": 3600})["token"])
    put(rest, "db/orders", "two-hush")
    agent.has("two-hush")


# Exec mode

def exec_config(agent, on_change="restart", more=""):
    with open(agent.config, encoding="utf-8") as file:
        head = file.read().split("applications:")[0]
    with open(agent.config, "w", encoding="utf-8") as file:
        file.write(head + f"exec:\n  environment: {{DB_PASSWORD: \"{{{{db/orders#password}}}}\"}}\n  on_change: {on_change}\n{more}")


def run_program(agent, script):
    with open(agent.log_path, "a", encoding="utf-8") as log:
        agent.process = subprocess.Popen([agent.binary, "agent", "exec", "--config", agent.config, "--", "/bin/sh", "-c", script],
                                         stdout=subprocess.PIPE, stderr=log, text=True)


def test_exec_gives_the_environment_passes_signals_and_ends_with_the_programs_code(room):
    _, _, agent = room
    exec_config(agent)
    run_program(agent, "trap 'exit 42' USR1; echo $DB_PASSWORD; while :; do sleep 0.05; done")
    assert agent.process.stdout.readline() == "one-hush\n"
    with open(f"/proc/{agent.process.pid}/cmdline", "rb") as file:
        assert b"hush" not in file.read()
    agent.process.send_signal(signal.SIGUSR1)
    assert agent.process.wait(30) == 42


def test_exec_restarts_the_program_when_its_environment_changes(room):
    _, rest, agent = room
    exec_config(agent)
    run_program(agent, "trap 'exit 0' TERM; echo $DB_PASSWORD; while :; do sleep 0.05; done")
    assert agent.process.stdout.readline() == "one-hush\n"
    put(rest, "db/orders", "two-hush")
    assert agent.process.stdout.readline() == "two-hush\n"
    agent.process.terminate()
    assert agent.process.wait(30) == 0


def test_exec_without_values_and_without_server_says_so(room):
    server, _, agent = room
    exec_config(agent)
    server.kill()
    run_program(agent, "echo never")
    assert agent.process.wait(60) == 8 and agent.process.stdout.read() == ""
