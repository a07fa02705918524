"""Starts the real server (development, or initialised with shares) and PostgreSQL, for the demo, the tests and the benchmarks."""
import glob
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

from rest import Rest, saved_context


def wait_until(condition, seconds=30, what="the condition", every=0.02):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(every)
    raise TimeoutError(f"{what} did not come true in {seconds} s")


class Process:
    """A keywright server process with its folder, environment and log."""

    def __init__(self, binary, folder, failpoints=None, extra=None):
        self.binary, self.folder = binary, str(folder)
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("KEYWRIGHT_")}
        self.environment.update(KEYWRIGHT_CONFIG_DIR=os.path.join(self.folder, "config"), **(extra or {}))
        # Sanitizers hold freed memory back; a small quarantine keeps memory limits meaningful.
        self.environment.setdefault("ASAN_OPTIONS", "quarantine_size_mb=8:malloc_context_size=5")
        if failpoints:
            self.environment["KEYWRIGHT_FAILPOINTS"] = failpoints
        self.log_path = os.path.join(self.folder, "server.log")
        self.process = None

    def launch(self, words, ready):
        with open(self.log_path, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen([self.binary, *words], env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True)
        return ready()

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def cli(self, *words, stdin=None, environment=None):
        return subprocess.run([self.binary, *words], env={**self.environment, **(environment or {})}, text=True, capture_output=True,
                              input=stdin, timeout=120)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(20)

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.process.terminate()
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            return -9


class DevServer(Process):
    def __init__(self, binary, folder, failpoints=None, port=0, keep=True, extra=()):
        super().__init__(binary, folder, failpoints)
        self.data = os.path.join(self.folder, "data")
        self.banner = []
        self.words = ["server", "--dev", "--port", str(port), *extra] + (["--dir", self.data] if keep else [])
        self.start()

    def start(self):
        self.launch(self.words, self._read_banner)

    def _read_banner(self):
        for line in self.process.stdout:
            self.banner.append(line.rstrip("\n"))
            if line.startswith("ready"):
                context = saved_context(self.environment["KEYWRIGHT_CONFIG_DIR"])
                self.access = (context["url"], context["token"], context["pinned_sha256"])
                return
        raise RuntimeError("the server did not start:\n" + self.log())

    def rest(self):
        return Rest(*self.access)


class Node(Process):
    """A configured server: Shamir seal, duties enforced. Can be killed and started again on the same folder."""

    def __init__(self, binary, folder, store=None, settings="", failpoints=None):
        super().__init__(binary, folder, failpoints)
        os.makedirs(self.folder, exist_ok=True)
        self.data = os.path.join(self.folder, "data")
        self.config, self.store = os.path.join(self.folder, "keywright.yaml"), store
        self.configure(settings)
        self.shares, self.tokens, self.threshold = [], {}, 1
        self.start()

    def configure(self, settings):
        """For the next start."""
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f"data_directory: {self.data}\nlisten: {{port: 0}}\nallow_unlocked_memory: true\n"
                       f"limits: {{per_source: 0, per_caller: 0, per_tenant: 0}}\n{settings}\n")
            if self.store:
                file.write(f"store: {self.store}\n")

    def start(self):
        before = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0

        def started():
            def line():
                if self.process.poll() is not None:
                    raise RuntimeError("the server stopped:\n" + self.log()[before:])
                for text in self.log()[before:].splitlines():
                    if '"server.started"' in text:
                        return json.loads(text)
                return None
            return wait_until(line, 60, "the server's start")
        self.url = self.launch(["server", "--config", self.config], started)["url"]

    def rest(self, principal=None):
        return Rest(self.url, self.tokens.get(principal))

    def initialise(self, shares=1, threshold=1):
        rest = self.rest()
        self.threshold = threshold
        self.shares = rest.post("/api/v1/sys/init", {"shares": shares, "threshold": threshold})["shares"]
        for share in self.shares:
            answer = rest.post("/api/v1/sys/init/verify", {"share": share})
        self.tokens["setup"] = answer["token"]

    def unseal(self):
        rest = self.rest()
        for share in self.shares[:self.threshold]:
            rest.post("/api/v1/sys/unseal", {"share": share})

    def principal(self, name, *grants, ttl=86400):
        """Makes a principal with roles such as "key-admin:acme", and keeps a token for it."""
        rest = self.rest("setup")
        roles = [dict(zip(("role", "tenant"), grant.split(":"))) for grant in grants]
        rest.post("/api/v1/principals", {"name": name, "grants": roles})
        self.tokens[name] = rest.post("/api/v1/tokens", {"principal": name, "ttl_seconds": ttl})["token"]
        return self.rest(name)

    def tenant(self, name):
        self.rest("setup").post("/api/v1/tenants", {"name": name})


class Postgres:
    """A PostgreSQL of our own: the local socket trusts everybody; a TCP port, where one is asked for, wants passwords."""

    @staticmethod
    def programs():
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        return found[-1] if found else None

    @staticmethod
    def start(port=None):
        return Postgres(port) if Postgres.programs() else None

    def __init__(self, port=None):
        # A socket path has at most 107 bytes: a short folder of its own.
        self.folder, self.port = tempfile.mkdtemp(prefix="kwpg-"), port or 5432
        self.count = 0
        self.data = os.path.join(self.folder, "data")
        self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        if self.as_user:
            shutil.chown(self.folder, "postgres", "postgres")
        os.chmod(self.folder, 0o755)
        self.run("initdb", "-D", self.data, "-U", "kw", "--auth-local=trust", "--auth-host=scram-sha-256", "-E", "UTF8", "--no-sync")
        self.listen = "127.0.0.1" if port else ""
        self.up()

    def up(self):
        self.run("pg_ctl", "-D", self.data, "-w", "-l", os.path.join(self.folder, "log"), "-o",
                 f"-c listen_addresses='{self.listen}' -p {self.port} -c unix_socket_directories={self.folder} -c max_connections=200", "start")

    def crash(self):
        """What was not on the disk is lost, and connections are."""
        self.run("pg_ctl", "-D", self.data, "-m", "immediate", "stop")

    def run(self, program, *words):
        done = subprocess.run([*self.as_user, os.path.join(self.programs(), program), *words], check=True, capture_output=True, text=True, cwd="/")
        return done.stdout

    def sql(self, text):
        """As the superuser, in the database postgres. Returns the rows as lines."""
        return self.run("psql", "-h", self.folder, "-p", str(self.port), "-U", "kw", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-qAt", "-c", text)

    def fresh_database(self):
        self.count += 1
        name = f"kw{self.count}"
        self.run("createdb", "-h", self.folder, "-p", str(self.port), "-U", "kw", name)
        return f"postgres://kw@/{name}?host={self.folder}"

    def stop(self):
        self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)
