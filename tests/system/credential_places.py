"""Every system that Keywright has a connector for, real and of the test's own, with an account whose credential Keywright rotates.

A place is as the servers of tools/credential_servers.py, and says besides:

    connectors   what the server's configuration allows      body     how the first credential is put
    verbs        what a rotation does there                  names()  credentials of the account that work, as the system lists them
"""
import json
import os
import socket
import subprocess

from credential_servers import ADMIN, MariadbServer, NatsServer, PostgresServer, RabbitmqServer, RedisServer, Server
from test_secrets import read

# What a rotation does, in this order; and its way back from the quarantine.
FORWARD = ("create_pending", "install", "test", "set_rollout", "promote", "disable_old", "revoke_old", "dispose")
BACKWARD = ("restore_old", "demote", "set_rollout", "remove_pending")


class Place:
    connectors, without, swaps = {}, (), False  # swaps: one credential works at a time

    @property
    def verbs(self):
        return [verb for verb in FORWARD if verb not in self.without]

    @property
    def body(self):
        return {"fields": self.first}

    def names(self):
        raise NotImplementedError

    def serves(self, rest, path):
        """Whether a consumer that reads its credential now is served by the system."""
        return self.takes(read(rest, path))

    def follows(self, rest, path):
        """Of systems that take new values themselves."""


class PostgresPlace(Place, PostgresServer):
    def names(self):
        return self.cluster.sql("SELECT rolname FROM pg_authid WHERE rolname LIKE 'app%' AND rolcanlogin AND rolpassword IS NOT NULL").split()


class PostgresSwapPlace(PostgresPlace):
    """One role that changes its own password."""
    admin, swaps, without = None, True, ("set_rollout", "disable_old")

    def prepare(self):
        super().prepare()
        self.account = {"name": "app", "strategy": "swap", "consent": "swap"}
        self.cluster.sql("ALTER ROLE app RESET role")  # who acts as another role may not change the own one


class RedisPlace(Place, RedisServer):
    def names(self):
        return [name for name in self.users() if name.startswith("app")]


class MariadbPlace(Place, MariadbServer):
    def names(self):
        usable = "SELECT User FROM mysql.global_priv WHERE User IN ('app', 'app_a', 'app_b') AND NOT COALESCE(JSON_VALUE(Priv, '$.account_locked'), 0)"
        return subprocess.run(["mariadb", "--no-defaults", "--socket=" + self.path("s"), "--user=root", "--skip-column-names", "--execute=" + usable],
                              check=True, capture_output=True, text=True, timeout=60).stdout.split()


class RabbitmqPlace(Place, RabbitmqServer):
    def names(self):
        return [user["name"] for user in self.manage("GET", "users") if user["name"].startswith("app")]


class NatsPlace(Place, NatsServer):
    @property
    def connectors(self):
        return {"file_roots": [self.folder]}

    def names(self):
        return lines_of(self.path("users.conf"), '{"user":"app')


class MemcachedPlace(Place, Server):
    connector, program, admin = "memcached", "memcached", None

    @property
    def connectors(self):
        return {"file_roots": [self.folder]}

    def prepare(self):
        self.system.update(root=self.folder, auth_file="users", pid_file="memcached.pid")
        self.write("users", "other:of-somebody-else\napp:first-password\n")

    def words(self):
        user = "root" if os.geteuid() == 0 else str(os.geteuid())
        return ["memcached", "-u", user, "-l", "127.0.0.1", "-p", str(self.port), "-U", "0", "-Y", self.path("users"), "-P", self.path("memcached.pid")]

    def takes(self, fields):
        login = f"{fields['username']} {fields['password']}"
        try:
            with socket.create_connection(("127.0.0.1", self.port), 20) as connection:
                connection.sendall(f"set app 0 0 {len(login)}\r\n{login}\r\n".encode())
                return connection.recv(100).startswith(b"STORED")
        except OSError:
            return False

    def names(self):
        return lines_of(self.path("users"), "app:")


class DatabaseRowPlace(Place, PostgresServer):
    """An application that looks its credential up in a table, and takes the one before as well."""
    connector = "database_row"

    def prepare(self):
        super().prepare()
        self.account = {"table": "settings", "key_column": "name", "key": "app", "value_column": "secret", "previous_column": "secret_before"}
        self.cluster.sql("CREATE TABLE settings (name text PRIMARY KEY, secret text, secret_before text);"
                         "GRANT SELECT, UPDATE ON settings TO keywright; INSERT INTO settings VALUES ('app', 'first-password')")

    def takes(self, fields):
        return fields["password"] in self.names()

    def names(self):
        return self.cluster.sql("SELECT secret FROM settings WHERE secret <> '' UNION SELECT secret_before FROM settings WHERE secret_before <> ''").split()


def lines_of(path, begin):
    with open(path, encoding="utf-8") as file:
        return [line for line in file if line.startswith(begin)]
