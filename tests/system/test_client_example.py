"""examples/rotating_login.cc: an application whose PostgreSQL login rotates under it, on real servers."""
import itertools
import os
import subprocess

import pytest

from node import wait_until
from pq import Pq, PqError

SECRETS = "/api/v1/tenants/acme/secrets"


@pytest.fixture
def example(binary):
    path = os.path.join(os.path.dirname(binary), "examples/example_rotating_login")
    if not os.path.exists(path):
        pytest.skip("the example is not built")
    return path


def test_no_query_fails_while_the_login_rotates(dev, postgres, example, tmp_path):
    url = postgres.fresh_database()
    admin = Pq(url)
    name = url.split("/")[3].split("?")[0]
    hba = os.path.join(postgres.data, "pg_hba.conf")
    with open(hba, encoding="utf-8") as file:
        trusted = file.read()
    with open(hba, "w", encoding="utf-8") as file:
        file.write(f"local {name} app_a,app_b scram-sha-256\n{trusted}")
    for role in ("app_a", "app_b"):
        admin.ask(f"DROP ROLE IF EXISTS {role}")
        admin.ask(f"CREATE ROLE {role} LOGIN PASSWORD 'first-{role}'")
    admin.ask("SELECT pg_reload_conf()")
    where = f"host={postgres.folder} dbname={name}"

    def refused():
        try:
            Pq(f"{where} user=app_a password=wrong")
        except PqError:
            return True
        return False
    wait_until(refused, 20, "passwords that matter")
    rest = dev.rest()
    put = lambda user: rest.call("PUT", f"{SECRETS}/db/orders", {"fields": {"user": user, "password": f"first-{user}"}})  # noqa: E731
    put("app_a")
    rest.post("/api/v1/tenants/acme/keys", {"name": "notes"})
    rest.post("/api/v1/principals", {"name": "orders", "grants": [{"role": role, "tenant": "acme"} for role in ("secret-user", "key-user")]})
    token = tmp_path / "token"
    token.write_text(rest.post("/api/v1/tokens", {"principal": "orders"})["token"], encoding="utf-8")
    token.chmod(0o600)
    address, _, pin = dev.access
    with subprocess.Popen([example, address, pin, str(token), where], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        def query():
            program.stdin.write("\n")
            program.stdin.flush()
            return program.stdout.readline().strip()
        said = [query() for _ in range(20)]
        assert said[0] == "note kept" and set(said[1:]) == {"app_a by version 1"}, said
        put("app_b")
        said = [query() for _ in range(20)]
        assert set(said) == {"app_a by version 1"}, "both logins are valid: nothing has to change at once"
        # The old login dies; sessions that it opened with it.
        admin.ask("ALTER ROLE app_a NOLOGIN")
        admin.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app_a'")
        said = [query() for _ in range(20)]
        # The end of a session takes a moment; the query that it hits fails, and no other.
        ended = list(itertools.dropwhile(lambda line: line == "app_a by version 1", said))
        assert set(ended[1:]) == {"app_b by version 2"} and ended[0] in ("query_failed", "app_b by version 2"), said
        program.stdin.close()
        assert program.wait(30) == 0
