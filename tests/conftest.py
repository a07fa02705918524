"""Fixtures for the black-box tests: the real binary, real servers on free ports, folders that go away."""
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from node import DevServer  # noqa: E402


@pytest.fixture(scope="session")
def binary():
    path = os.environ.get("KEYWRIGHT_BINARY", str(ROOT / "build/asan/keywright"))
    if not os.path.exists(path):
        pytest.fail(f"{path} is not built: ./dev build asan")
    return os.path.abspath(path)


@pytest.fixture
def dev(binary, tmp_path):
    server = DevServer(binary, tmp_path)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres():
    """URL of a PostgreSQL server of our own; skipped where the package is missing."""
    from node import Postgres
    server = Postgres.start()
    if server is None:
        pytest.skip("PostgreSQL is not installed")
    yield server
    server.stop()


def run(command, **options):
    return subprocess.run(command, text=True, capture_output=True, timeout=120, **options)
