"""Alert rules: promtool runs their tests, and nothing in them points to a metric, an owner or a page that is not there."""
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy/prometheus/keywright-alerts.yaml"
TESTS = ROOT / "deploy/prometheus/keywright-alerts.test.yaml"


def promtool(*words, cwd=RULES.parent):
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    return subprocess.run(["promtool", *words], cwd=cwd, capture_output=True, text=True, timeout=120)


def alerts():
    return re.split(r"\n      - alert: ", RULES.read_text(encoding="utf-8"))[1:]


def test_promtool_accepts_the_rules_and_their_tests_pass():
    checked = promtool("check", "rules", RULES.name)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    tested = promtool("test", "rules", TESTS.name)
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_a_rule_that_never_fires_fails_its_test(tmp_path):
    (tmp_path / RULES.name).write_text(RULES.read_text(encoding="utf-8").replace("rotation_without_primary > 0", "rotation_without_primary > 9"))
    start, *tests = re.split(r"(?=\n  - name: )", TESTS.read_text(encoding="utf-8"))
    (tmp_path / TESTS.name).write_text(start + "".join(test for test in tests if "name: KeywrightNoPrimary" in test))
    tested = promtool("test", "rules", TESTS.name, cwd=tmp_path)
    assert tested.returncode != 0 and "KeywrightNoPrimary" in tested.stdout + tested.stderr


def test_every_alert_has_a_test_a_severity_an_owner_and_a_runbook():
    tests, wrong = TESTS.read_text(encoding="utf-8"), []
    for alert in alerts():
        name = alert.split("\n", 1)[0]
        labels = re.search(r"labels: \{id: ([A-Z]{2}-\d+), severity: (page|ticket|info), owner: ([a-z-]+)\}", alert)
        fires = tests.split(f"- name: {name}\n", 1)[-1].split("\n  - name:", 1)[0]
        page = ROOT / "docs/runbooks" / f"{labels[1]}.md" if labels else None
        told = "exp_alerts: []" in fires and "exp_labels" in fires and f"- name: {name}\n" in tests
        if not labels or not told or f"/{labels[1]}.md" not in alert or not page.exists() or "summary:" not in alert:
            wrong.append(name)
    assert len(alerts()) > 10 and not wrong


def test_every_metric_in_the_rules_is_one_that_the_server_emits():
    emitted = set()
    for path in (ROOT / "src").rglob("*"):
        if path.name in ("names.h", "engine_metrics.cc"):
            emitted |= set(re.findall(r'"((?:rotation|keywright)_[a-z_]+)"', path.read_text(encoding="utf-8")))
    asked = set(re.findall(r"\b(?:rotation|keywright)_[a-z_]+\b", "\n".join(re.findall(r"expr:(.*?)(?:for:|labels:)", RULES.read_text(encoding="utf-8"), re.S))))
    assert len(asked) > 12 and not asked - emitted, asked - emitted


def test_the_gauges_and_counters_of_the_rules_are_there_before_anything_happens(dev):
    text = dev.rest().raw("GET", "/metrics")[2].decode()
    for line in ("rotation_unknown_kid_total 0", 'rotation_compromised_use_total{operation="decrypt"} 0', "keywright_audit_durable_records ",
                 "keywright_audit_anchored_records "):
        assert line in text, line


def test_asking_for_a_revoked_version_is_counted(dev):
    from rest import Problem, b64
    rest, keys = dev.rest(), "/api/v1/tenants/acme/keys"
    rest.post(keys, {"name": "k"})
    sealed = rest.post(keys + "/k:encrypt", {"plaintext": b64(b"x")})
    rest.post(keys + "/k:rotate")
    rest.post(keys + "/k/versions/1:revoke", {"reason": "leak"})
    for body, verb in (({"ciphertext": sealed["ciphertext"]}, "decrypt"), ({"plaintext": b64(b"x"), "version": 1}, "encrypt")):
        with pytest.raises(Problem):
            rest.post(f"{keys}/k:{verb}", body)
    text = rest.raw("GET", "/metrics")[2].decode()
    assert 'rotation_compromised_use_total{operation="decrypt"} 1' in text and 'rotation_compromised_use_total{operation="encrypt"} 1' in text
