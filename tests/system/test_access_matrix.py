"""Every operation x role x own, foreign and missing tenant, generated from operations.def. The table is the specification."""
import re
from pathlib import Path

import pytest

from node import Node
from rest import Problem, b64

ROOT = Path(__file__).resolve().parents[2]
ROLES = {"KA": "key-admin", "KU": "key-user", "SO": "security-officer", "AP": "approver", "TO": "tenant-owner",
         "AC": "archive-custodian", "AU": "auditor", "OP": "operator", "SA": "secret-admin", "SU": "secret-user"}
ID = "0123456789abcdef0123456789abcdef"
# Bodies that pass the parser, so that the answer tells about permission and not about the form.
BODIES = {
    "key_encrypt": {"plaintext": b64(b"x")}, "key_decrypt": {"ciphertext": "kw1:AAAA"}, "key_rewrap": {"ciphertext": "kw1:AAAA"},
    "key_sign": {"message": b64(b"x")}, "key_mac": {"message": b64(b"x")}, "key_verify": {"message": b64(b"x"), "signature": b64(b"x")},
    "key_verify_mac": {"message": b64(b"x"), "mac": b64(b"x")}, "key_derive": {"context": b64(b"x")},
    "key_sign_jwt": {"claims": {"exp": 1}}, "key_verify_jwt": {"token": "x"},
    "key_create": {"name": "probe"}, "tenant_create": {"name": "probe"}, "alias_put": {"key": "k"},
    "access_policy_put": {"policy": "statements: []"}, "principal_create": {"name": "probe", "grants": []},
    "token_create": {"principal": "nobody"}, "key_import": {"name": "probe2", "wrapped_material": "AAAA"},
    "rotation_policy_put": {"document": "name: p"}, "rotation_policy_check": {"document": "name: p"}, "run_start": {"name": "k"},
    "run_approve": {"plan_hash": "00"}, "consumer_register": {"subjects": []}, "consumer_acknowledge": {"name": "k", "version": 1},
    "rotation_event": {"type": "leak", "name": "k"}, "hook_create": {"name": "h", "events": ["leak"]},
    "version_suspend": {"reason": "x"}, "seal_reseal_share": {"share": "x"},
    "seal_reseal_verify": {"share": "x"}, "job_start": {"store": "nowhere"},
    "graph_add": {"from": "key:acme/k", "to": "app:shop", "type": "verifies"}, "graph_import": {"text": "edges: []"},
    "incident_plan": {"scope": "subject", "names": ["key:acme/nothing"], "reason": "probe"},
    "incident_open": {"scope": "subject", "names": ["key:acme/nothing"], "reason": "probe"},
    "incident_review": {"justified": True}, "incident_notice_sent": {"kind": "tenant", "recipient": "acme"},
    "ceremony_open": {"operation": "kek.rotate", "object": "nowhere", "custodians": ["a", "b"], "witnesses": ["c"]},
    "auth_exchange": {"role_id": "nobody", "secret_id": "x"},
    "ceremony_acknowledge": {"request_hash": "0" * 64},
    "api_key_issue": {"client": "probe"}, "api_key_rotate": {"client": "probe"}, "api_key_verify": {"api_key": "kwk_x"},
    "secret_put": {"text": "probe-value"}, "secret_find": {"text": "probe-value"}, "secret_destroy": {"version": 1},
    "secret_complete_task": {"text": "probe-value"},
    "secret_sign_webhook": {"text": "x"}, "secret_verify_webhook": {"text": "x", "headers": {}},
    "secret_bind": {"target": "nowhere"}, "target_put": {"connector": "nothing"}, "lease_role_put": {"target": "nowhere"},
}


def recipient():
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


QUERIES = {"key_readiness": "?version=1", "audit_proof": "?leaf=0&size=1", "audit_tile": "?path=tile/entries/000.p/1",
           "graph_blast": "?subject=key:acme/k", "graph_remove": "?from=key:acme/k&to=app:none&type=verifies"}
# Not asked here: they end or block the server's answers to the other questions.
LEFT_OUT = {"seal_seal", "sys_events", "seal_reseal", "consumer_events"}


BODIES["key_export"] = {"recipient_public_key": recipient()}


def operations():
    text = (ROOT / "src/service/operations.def").read_text(encoding="utf-8")
    row = re.compile(r'^(?:USE_)?OPERATION\((\w+), (\w+), "([^"]+)", "([^"]+)", ([^,]+), (\w+), "([^"]+)", "([^"]+)"\)', re.M)
    for name, method, path, action, roles, plane, kind, _ in row.findall(text):
        yield name, method, path, {role.strip() for role in roles.split("|")}, plane, kind


def test_the_table_is_read_whole():
    rows = list(operations())
    text = (ROOT / "src/service/operations.def").read_text(encoding="utf-8")
    assert len(rows) == len(re.findall(r"^(?:USE_)?OPERATION\(\w+, [A-Z]", text, re.M)) > 60


@pytest.fixture(scope="module")
def staffed(binary, tmp_path_factory):
    node = Node(binary, tmp_path_factory.mktemp("matrix"))
    node.initialise()
    node.tenant("acme")
    node.tenant("globex")
    for short, role in ROLES.items():
        node.principal(f"p-{role}", f"{role}:acme")
        node.principal(f"g-{role}", f"{role}:*")
    node.rest("p-key-admin").post("/api/v1/tenants/acme/keys", {"name": "k"})
    node.principal("h", "key-admin:globex")
    node.rest("h").post("/api/v1/tenants/globex/keys", {"name": "k"})
    yield node
    node.stop()


def ask(rest, name, method, path, tenant, body=None):
    for parameter, value in {"tenant": tenant, "key": "k", "version": "1", "alias": "a", "policy": "p", "principal": "nobody",
                             "accessor": ID, "approval": ID, "job": ID, "run": ID, "hook": ID, "consumer": "c", "kid": "A" * 43,
                             "incident": ID, "ceremony": ID, "api_key": ID, "path*": "app/s", "target": "tg", "lease_role": "lr", "lease": ID}.items():
        path = path.replace("{" + parameter + "}", value)
    path += QUERIES.get(name, "")
    if method in ("POST", "PUT", "PATCH"):
        body = BODIES.get(name, {}) if body is None else body
    else:
        body = None
    status, _, text = rest.raw(method, path, body)
    return status, text


def reason(text):
    import json
    return json.loads(text).get("reason") if text else None


def test_every_route_asks_for_a_credential(staffed):
    anonymous = staffed.rest()
    for name, method, path, _, plane, _ in operations():
        if plane == "kPublic":
            continue
        status, text = ask(anonymous, name, method, path, "acme")
        assert (status, reason(text)) == (401, "token_missing"), name


def test_every_route_decides_as_its_row_says(staffed):
    wrong = []
    for name, method, path, roles, plane, kind in operations():
        if plane == "kPublic" or name in LEFT_OUT:
            continue
        for short, role in ROLES.items():
            scoped = "{tenant}" in path
            rest = staffed.rest(f"p-{role}" if scoped else f"g-{role}")
            status, text = ask(rest, name, method, path, "acme")
            allowed = short in roles or "ANYONE" in roles
            refused = status == 403 and reason(text) == "permission_denied"
            if allowed == refused or status >= 500:
                wrong.append((name, role, status, reason(text)))
    assert not wrong


def test_nobody_learns_of_a_malformed_body_before_permission(staffed):
    """Whoever may not is told so, whatever the body; whoever may is told what is wrong with it."""
    wrong, told = [], 0
    for name, method, path, roles, plane, kind in operations():
        if plane == "kPublic" or name in LEFT_OUT or method not in ("POST", "PUT", "PATCH"):
            continue
        for short, role in ROLES.items():
            rest = staffed.rest(f"p-{role}" if "{tenant}" in path else f"g-{role}")
            for body in (b"{", b'{"no_such_member":1}'):
                status, text = ask(rest, name, method, path, "acme", body)
                if short not in roles and (status, reason(text)) != (403, "permission_denied"):
                    wrong.append((name, role, body, status, reason(text)))
                told += short in roles and status == 400
    assert not wrong and told > 60


def test_a_foreign_tenant_is_a_missing_tenant_on_every_route(staffed):
    wrong = []
    for name, method, path, _, plane, _ in operations():
        if "{tenant}" not in path or name in LEFT_OUT:
            continue
        for role in ROLES.values():
            rest = staffed.rest(f"p-{role}")
            for body in (None, b"{"):
                foreign, missing = (ask(rest, name, method, path, tenant, body) for tenant in ("globex", "nowhere"))
                if foreign[0] != missing[0] or foreign[0] != 404 or len(foreign[1]) != len(missing[1]):
                    wrong.append((name, role, body, foreign[0], missing[0], reason(foreign[1]), reason(missing[1])))
    assert not wrong


def test_unknown_ids_are_not_found_for_those_who_may_ask(staffed):
    officer = staffed.rest("g-security-officer")
    for path in (f"/api/v1/rotation/jobs/{ID}", f"/api/v1/approvals/{ID}", f"/api/v1/rotation/runs/{ID}", f"/api/v1/rotation/incidents/{ID}",
                 f"/api/v1/rotation/ceremonies/{ID}"):
        with pytest.raises(Problem) as missing:
            officer.get(path)
        assert (missing.value.status, missing.value.reason) == (404, "not_found")
