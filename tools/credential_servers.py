"""Real servers that accept credentials, for the demo and the system tests: each in a folder of its own on free ports, with an
administrator for Keywright and an account `app` that logs in with `first-password`. What Keywright must know is beside it:

    system    settings of the target       account   settings of the binding
    admin     fields of the admin secret   first     fields of the account's secret
"""
import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.request

from logins import CUT, accepts
from node import Postgres, wait_until

ADMIN = {"username": "keywright", "password": "admin-password"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server process, as the user of its package when we are root. It ends with us, or with stop()."""
    connector, program, user, patience = "", "", None, 60
    admin, first = ADMIN, {"username": "app", "password": "first-password"}

    def __init__(self):
        # A folder that the package's user can reach; tests' own folders are closed.
        self.folder = tempfile.mkdtemp(prefix="kwcs-")
        os.chmod(self.folder, 0o755)
        self.port, self.process = free_port(), None
        self.system = {"host": "127.0.0.1", "port": str(self.port), "tls": "off"}
        self.account = {"name": "app"}
        try:
            self.prepare()
            self.launch()
        except BaseException:
            self.stop()
            raise

    @classmethod
    def installed(cls):
        return shutil.which(cls.program, path=os.environ.get("PATH", "") + ":/usr/sbin") is not None

    def prepare(self):
        raise NotImplementedError

    def words(self):
        raise NotImplementedError

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def as_user(self):
        if self.user is None or os.geteuid() != 0:
            return []
        for folder, _, names in os.walk(self.folder):
            for name in [folder, *(os.path.join(folder, each) for each in names)]:
                shutil.chown(name, self.user, self.user)
        return ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"]

    def launch(self, environment=None):
        # A group of its own that ends when our end of the input does.
        script = "\"$@\" </dev/null & read until_the_end; kill -9 0"
        with open(self.path("log"), "a", encoding="utf-8") as log:
            self.process = subprocess.Popen([*self.as_user(), "sh", "-c", script, "sh", *self.words()], stdin=subprocess.PIPE, stdout=log,
                                            stderr=subprocess.STDOUT, start_new_session=True, env=environment, cwd=self.folder)
        wait_until(lambda: self.takes(self.first) or self.process.poll() is not None, self.patience, f"{self.connector} that takes logins")
        if self.process.poll() is not None:
            with open(self.path("log"), encoding="utf-8", errors="replace") as log:
                raise RuntimeError(f"{self.connector} did not start:\n" + log.read()[-4000:])

    def takes(self, fields):
        """Whether a login with it succeeds; False as well without an answer."""
        try:
            return asyncio.run(accepts(self.connector, self.port, fields["username"], fields["password"]))
        except CUT:
            return False

    def end(self):
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(20)

    def stop(self):
        self.end()
        shutil.rmtree(self.folder, ignore_errors=True)


class RedisServer(Server):
    connector, program = "redis", "redis-server"
    admin = {"username": "admin", "password": "admin-password"}

    def prepare(self):
        self.write("users.acl", "user default off\nuser admin on >admin-password ~* &* +@all\n"
                                "user app on >first-password ~app:* +@read +@write +ping\n")

    def words(self):
        return ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self.folder, "--maxclients", "1000",
                "--aclfile", self.path("users.acl")]

    def users(self):
        done = subprocess.run(["redis-cli", "-p", str(self.port), "--user", "admin", "--pass", "admin-password", "--no-auth-warning", "ACL", "USERS"],
                              capture_output=True, text=True, timeout=30, check=True)
        return set(done.stdout.split())


class PostgresServer(Server):
    connector = "postgres"

    def prepare(self):
        self.cluster = Postgres(self.port)
        self.system["database"] = "postgres"
        self.account.update(owner="app_owner", probe_schema="public")
        # As docs/connectors/postgres.md says; what the administrator shall change later, he makes.
        self.cluster.sql("CREATE ROLE keywright LOGIN CREATEROLE PASSWORD 'admin-password'; GRANT pg_signal_backend TO keywright;"
                         "SET ROLE keywright; CREATE ROLE app_owner; CREATE ROLE app LOGIN PASSWORD 'first-password';"
                         "GRANT app_owner TO app; ALTER ROLE app SET role = app_owner;"
                         "RESET ROLE; GRANT CREATE ON SCHEMA public TO app_owner")

    @classmethod
    def installed(cls):
        return Postgres.programs() is not None

    def launch(self, environment=None):
        wait_until(lambda: self.takes(self.first), self.patience, "PostgreSQL that takes logins")

    def end(self):
        if getattr(self, "cluster", None):
            self.cluster.stop()


class MariadbServer(Server):
    connector, program, user = "mariadb", "mariadbd", "mysql"

    def prepare(self):
        # Two accounts with a common role: then the list of processes tells who uses the old one.
        self.account.update(strategy="alternate", role="app_role")
        self.write("first.sql", "CREATE USER IF NOT EXISTS keywright@`%` IDENTIFIED BY 'admin-password';\n"
                                "GRANT CREATE USER, PROCESS, CONNECTION ADMIN ON *.* TO keywright@`%`;\n"
                                "GRANT SELECT ON mysql.global_priv TO keywright@`%`;\n"
                                "CREATE ROLE IF NOT EXISTS app_role WITH ADMIN keywright@`%`;\n"
                                "CREATE USER IF NOT EXISTS app@`%` IDENTIFIED BY 'first-password';\n"
                                "GRANT app_role TO app@`%`;\nSET DEFAULT ROLE app_role FOR app@`%`;\n")
        subprocess.run([*self.as_user(), "mariadb-install-db", "--no-defaults", "--datadir=" + self.path("data"), "--skip-test-db",
                        "--auth-root-authentication-method=normal", "--innodb-log-file-size=4M", "--tmpdir=" + self.folder],
                       check=True, capture_output=True, cwd=self.folder)

    def words(self):
        return ["/usr/sbin/mariadbd", "--no-defaults", "--datadir=" + self.path("data"), "--socket=" + self.path("s"), f"--port={self.port}",
                "--bind-address=127.0.0.1", "--skip-name-resolve", "--tmpdir=" + self.folder, "--innodb-log-file-size=4M",
                "--innodb-buffer-pool-size=8M", "--innodb-flush-log-at-trx-commit=0", "--performance-schema=off", "--max-connections=500",
                "--init-file=" + self.path("first.sql"), "--pid-file=" + self.path("pid")]


class RabbitmqServer(Server):
    connector, program, user, patience = "rabbitmq", "rabbitmq-server", None, 240  # it takes 10 s of a free processor

    def prepare(self):
        self.management, self.daemon_port = free_port(), free_port()
        self.system["management_port"] = str(self.management)
        self.write("rabbitmq.conf", f"listeners.tcp.local = 127.0.0.1:{self.port}\nmanagement.tcp.ip = 127.0.0.1\n"
                                    f"management.tcp.port = {self.management}\ndefault_user = keywright\ndefault_pass = admin-password\n"
                                    "loopback_users = none\ncollect_statistics_interval = 1000\nmanagement.rates_mode = none\nlog.file.level = error\n")
        self.write("enabled_plugins", "[rabbitmq_management].\n")
        self.write("env.conf", "")
        self.daemon = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "epmd", "-port", str(self.daemon_port), "-address", "127.0.0.1"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def words(self):
        return ["/usr/lib/rabbitmq/bin/rabbitmq-server"]

    def launch(self, environment=None):
        super().launch({"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": self.folder,
                        "RABBITMQ_NODENAME": f"kw{self.port}@localhost", "RABBITMQ_NODE_PORT": str(self.port),
                        "RABBITMQ_DIST_PORT": str(free_port()), "ERL_EPMD_PORT": str(self.daemon_port),
                        "RABBITMQ_MNESIA_BASE": self.path("mnesia"), "RABBITMQ_LOG_BASE": self.path("logs"),
                        "RABBITMQ_CONFIG_FILE": self.path("rabbitmq.conf"), "RABBITMQ_CONF_ENV_FILE": self.path("env.conf"),
                        "RABBITMQ_ENABLED_PLUGINS_FILE": self.path("enabled_plugins"), "RABBITMQ_PID_FILE": self.path("pid"),
                        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none"})

    # The account is made as soon as the administrator can.
    def takes(self, fields):
        if fields is self.first and not super().takes(fields):
            try:
                self.manage("PUT", "users/app", {"password": fields["password"], "tags": ""})
                self.manage("PUT", "permissions/%2F/app", {"configure": "^app", "write": "^app", "read": ".*"})
            except OSError:
                return False
        return super().takes(fields)

    def manage(self, method, what, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.management}/api/{what}", data, method=method)
        request.add_header("Content-Type", "application/json")
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, request.full_url, ADMIN["username"], ADMIN["password"])
        with urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(passwords)).open(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def end(self):
        super().end()
        if getattr(self, "daemon", None):
            self.daemon.kill()
            self.daemon.wait(20)


class NatsServer(Server):
    connector, program, admin = "nats", "nats-server", None

    def prepare(self):
        monitoring = free_port()
        self.system.update(monitoring_port=str(monitoring), root=self.folder, users_file="users.conf", pid_file="nats.pid")
        self.write("users.conf", 'users = [\n{"user":"app","password":"first-password","permissions":{"publish":["app.>"],"subscribe":["app.>"]}}\n]\n')
        self.write("nats.conf", f"listen: 127.0.0.1:{self.port}\nhttp: 127.0.0.1:{monitoring}\npid_file: \"{self.path('nats.pid')}\"\n"
                                "authorization { include \"users.conf\" }\n")

    def words(self):
        return ["/usr/sbin/nats-server" if os.path.exists("/usr/sbin/nats-server") else "/usr/bin/nats-server", "-c", self.path("nats.conf")]


SERVERS = (PostgresServer, MariadbServer, RedisServer, RabbitmqServer, NatsServer)
