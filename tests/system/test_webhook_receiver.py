"""Webhooks verified by the package `standardwebhooks` itself, through ten rotations of the secret."""
import os
import pathlib
import shutil
import subprocess

import pytest


def test_the_package_verifies_every_delivery_through_ten_rotations(binary, tmp_path):
    tests = pathlib.Path(binary).parent / "src/connectors/connectors_tests"
    if not shutil.which("npm") or not tests.exists():
        pytest.skip("npm or the unit tests of this build are missing")
    (tmp_path / "package.json").write_text('{"name":"receiver","private":true}')
    installed = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "standardwebhooks@1"], cwd=tmp_path,
                               capture_output=True, text=True, timeout=120)
    if installed.returncode != 0:
        pytest.skip("the package cannot be fetched: " + installed.stderr[-200:])
    done = subprocess.run([tests, "--gtest_filter=WebhookDelivery.*"], env={**os.environ, "KEYWRIGHT_STANDARDWEBHOOKS": str(tmp_path)},
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "[  PASSED  ] 2 tests." in done.stdout
