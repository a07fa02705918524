"""A configured server: shares, duties, approvals, restarts."""
import pytest

from node import Node, wait_until
from rest import Problem, b64


@pytest.fixture
def node(binary, tmp_path):
    server = Node(binary, tmp_path / "node")
    yield server
    server.stop()


def refusal(call):
    with pytest.raises(Problem) as refused:
        call()
    return refused.value.status, refused.value.reason


@pytest.fixture
def staffed(node):
    node.initialise(3, 2)
    node.tenant("acme")
    node.tenant("globex")
    for name, grants in {"ada": ["key-admin:acme"], "uli": ["key-user:acme"], "sol": ["security-officer:acme", "security-officer:*"],
                         "amy": ["approver:acme"], "tom": ["tenant-owner:acme"], "ann": ["auditor:*"], "gus": ["key-user:globex"]}.items():
        node.principal(name, *grants)
    return node


def test_nothing_counts_until_every_share_came_back(node):
    rest = node.rest()
    shares = rest.post("/api/v1/sys/init", {"shares": 3, "threshold": 2})["shares"]
    assert refusal(lambda: rest.post("/api/v1/sys/init/verify", {"share": shares[0][:-3] + "AAA"}))[0] == 400
    assert rest.post("/api/v1/sys/init/verify", {"share": shares[0]})["completed"] is False
    assert refusal(lambda: rest.post("/api/v1/sys/init/verify", {"share": shares[0]}))[0] == 400
    rest.post("/api/v1/sys/init/verify", {"share": shares[2]})
    done = rest.post("/api/v1/sys/init/verify", {"share": shares[1]})
    assert done["completed"] and done["token"].startswith("kwt_")
    assert refusal(lambda: rest.post("/api/v1/sys/init", {"shares": 1, "threshold": 1}))[1] == "already_initialised"


def test_a_restart_is_sealed_until_enough_people_gave_a_share(staffed):
    node = staffed
    node.rest("ada").post("/api/v1/tenants/acme/keys", {"name": "k"})
    sealed = node.rest("uli").post("/api/v1/tenants/acme/keys/k:encrypt", {"plaintext": b64(b"x")})
    node.kill()
    node.start()
    assert refusal(lambda: node.rest("uli").post("/api/v1/tenants/acme/keys/k:encrypt", {"plaintext": b64(b"x")})) == (503, "sealed")
    rest = node.rest()
    assert rest.post("/api/v1/sys/unseal", {"share": node.shares[1]})["progress"] == 1
    assert refusal(lambda: rest.post("/api/v1/sys/unseal", {"share": node.shares[1]}))[1] == "share_repeated"
    assert rest.post("/api/v1/sys/unseal", {"share": node.shares[2]})["sealed"] is False
    opened = node.rest("uli").post("/api/v1/tenants/acme/keys/k:decrypt", {"ciphertext": sealed["ciphertext"]})
    assert opened["plaintext"] == b64(b"x")


def test_foreign_shares_do_not_unseal(staffed, binary, tmp_path):
    other = Node(binary, tmp_path / "other")
    other.initialise(2, 2)
    staffed.kill()
    staffed.start()
    assert refusal(lambda: staffed.rest().post("/api/v1/sys/unseal", {"share": other.shares[0]})) == (400, "bad_share")
    other.stop()


def test_duties_are_separate(staffed):
    keys = "/api/v1/tenants/acme/keys"
    admin, user = staffed.rest("ada"), staffed.rest("uli")
    admin.post(keys, {"name": "k"})
    assert refusal(lambda: admin.post(keys + "/k:encrypt", {"plaintext": b64(b"x")})) == (403, "permission_denied")
    assert refusal(lambda: user.post(keys + "/k:rotate")) == (403, "permission_denied")
    setup = staffed.rest("setup")
    grants = [{"role": "key-admin", "tenant": "acme"}, {"role": "key-user", "tenant": "acme"}]
    assert refusal(lambda: setup.post("/api/v1/principals", {"name": "both", "grants": grants})) == (400, "duties_conflict")


def test_a_foreign_object_looks_exactly_like_a_missing_one(staffed):
    staffed.rest("ada").post("/api/v1/tenants/acme/keys", {"name": "k"})
    stranger = staffed.rest("gus")
    answers = []
    for path in ("/api/v1/tenants/acme/keys/k", "/api/v1/tenants/acme/keys/none", "/api/v1/tenants/nobody/keys/k"):
        status, _, body = stranger.raw("GET", path)
        answers.append((status, b'"not_found"' in body, len(body)))
    assert answers[0] == answers[1] == answers[2] == (404, True, answers[0][2])


def test_a_revocation_needs_somebody_else_and_binds_the_exact_request(staffed):
    keys = "/api/v1/tenants/acme/keys"
    staffed.rest("ada").post(keys, {"name": "k"})
    officer, approver = staffed.rest("sol"), staffed.rest("amy")
    with pytest.raises(Problem) as asked:
        officer.post(keys + "/k/versions/1:revoke", {"reason": "leak"})
    assert asked.value.reason == "approval_required"
    approval = asked.value.body["approval"]["id"]
    header = {"Keywright-Approval": approval}
    assert refusal(lambda: officer.post(keys + "/k/versions/1:revoke", {"reason": "leak"}, header))[1] == "approval_open"
    assert refusal(lambda: officer.post(f"/api/v1/approvals/{approval}:approve"))[1] in ("own_request", "permission_denied")
    assert approver.post(f"/api/v1/approvals/{approval}:approve")["state"] == "approved"
    assert refusal(lambda: officer.post(keys + "/k/versions/1:revoke", {"reason": "other"}, header))[1] == "approval_mismatch"
    key = officer.post(keys + "/k/versions/1:revoke", {"reason": "leak"}, header)
    assert key["versions"][0]["state"] == "revoked" and key["primary"] == 2
    assert officer.get(f"/api/v1/approvals/{approval}")["state"] == "spent"
    assert refusal(lambda: officer.post(keys + "/k/versions/1:revoke", {"reason": "leak"}, header))[0] == 409


def test_a_version_in_use_cannot_be_retired_by_accident(staffed):
    keys = "/api/v1/tenants/acme/keys"
    admin, user = staffed.rest("ada"), staffed.rest("uli")
    admin.post(keys, {"name": "k", "lease_grace_seconds": 0})
    sealed = user.post(keys + "/k:encrypt", {"plaintext": b64(b"x")})
    admin.post(keys + "/k:rotate")
    user.post(keys + "/k:decrypt", {"ciphertext": sealed["ciphertext"]})
    ready = admin.get(keys + "/k/readiness?version=1&for=retire")
    assert not ready["ready"] and ready["blockers"][0]["kind"] == "in_use" and ready["blockers"][0]["where"] == "uli"
    assert refusal(lambda: admin.post(keys + "/k/versions/1:retire")) == (409, "not_ready")
    assert refusal(lambda: admin.post(keys + "/k/versions/1:retire", {"override": True}))[1] == "approval_required"
    usage = admin.get(keys + "/k/usage")["items"]
    assert {(row["operation"], row["version"], row["count"]) for row in usage} == {("encrypt", 1, 1), ("decrypt", 1, 1)}


def test_the_usage_survives_a_kill(staffed):
    keys = "/api/v1/tenants/acme/keys"
    staffed.rest("ada").post(keys, {"name": "k"})
    user = staffed.rest("uli")
    for _ in range(50):
        user.post(keys + "/k:encrypt", {"plaintext": b64(b"x")})
    staffed.kill()
    staffed.start()
    staffed.unseal()
    rows = staffed.rest("ada").get(keys + "/k/usage")["items"]
    assert sum(row["count"] for row in rows) >= 50


def test_an_edit_of_a_stale_copy_is_refused(staffed):
    admin = staffed.rest("ada")
    key = admin.post("/api/v1/tenants/acme/keys", {"name": "k"})
    etag = {"If-Match": f'"{key["epoch"]}"'}
    admin.call("PATCH", "/api/v1/tenants/acme/keys/k", {"owner": "a"}, etag)
    with pytest.raises(Problem) as stale:
        admin.call("PATCH", "/api/v1/tenants/acme/keys/k", {"owner": "b"}, etag)
    assert (stale.value.status, stale.value.reason) == (412, "stale_epoch")


def test_revoked_tokens_and_forbidden_principals_stop_at_once(staffed):
    officer = staffed.rest("sol")
    assert staffed.rest("uli").get("/api/v1/tokens/self")["principal"] == "uli"
    accessor = next(row["accessor"] for row in officer.get("/api/v1/tokens?principal=uli")["items"])
    officer.post(f"/api/v1/tokens/{accessor}:revoke")
    assert refusal(lambda: staffed.rest("uli").get("/api/v1/tokens/self"))[0] == 401


def test_a_policy_permits_and_a_forbid_wins(staffed):
    keys = "/api/v1/tenants/acme/keys"
    for name in ("pay-1", "hr-1"):
        staffed.rest("ada").post(keys, {"name": name})
    officer, stranger = staffed.rest("sol"), staffed.rest("gus")
    policy = ("statements:\n  - effect: permit\n    principals: [gus]\n    actions: [key:encrypt]\n    tenant: acme\n    kind: key\n    prefix: pay-\n")
    officer.call("PUT", "/api/v1/tenants/acme/access-policies/payments", {"policy": policy})
    assert stranger.post(keys + "/pay-1:encrypt", {"plaintext": b64(b"x")})["version"] == 1
    assert refusal(lambda: stranger.post(keys + "/hr-1:encrypt", {"plaintext": b64(b"x")}))[0] in (403, 404)
    officer.call("PUT", "/api/v1/tenants/acme/access-policies/stop", {"policy": policy.replace("permit", "forbid")})
    assert refusal(lambda: stranger.post(keys + "/pay-1:encrypt", {"plaintext": b64(b"x")}))[0] in (403, 404)
    assert refusal(lambda: officer.call("PUT", "/api/v1/tenants/acme/access-policies/bad", {"policy": "statements: [{efect: permit}]"}))[1] == "bad_policy"


def test_a_forbid_by_name_holds_for_a_batch_too(staffed):
    policy = "statements:\n  - effect: forbid\n    actions: [key:create]\n    tenant: acme\n    kind: key\n    prefix: prod-\n"
    staffed.rest("sol").call("PUT", "/api/v1/tenants/acme/access-policies/prod", {"policy": policy})
    admin, keys = staffed.rest("ada"), "/api/v1/tenants/acme/keys"
    assert refusal(lambda: admin.post(keys, {"name": "prod-1"}))[0] == 403
    assert refusal(lambda: admin.post(keys, {"items": [{"name": "dev-1"}, {"name": "prod-1"}]}))[0] == 403
    assert admin.get(keys)["items"] == []


def test_the_log_tells_who_did_what(staffed):
    staffed.rest("ada").post("/api/v1/tenants/acme/keys", {"name": "k"})
    staffed.rest("ada").post("/api/v1/tenants/acme/keys/k:rotate")
    auditor = staffed.rest("ann")
    rows = auditor.get("/api/v1/audit/records?tenant=acme&action=key.*")["items"]
    assert {row["record"]["action"] for row in rows} >= {"key.create", "key.rotate"}
    assert all(row["record"]["actor"] == "ada" for row in rows)
    checkpoint = auditor.get("/api/v1/audit/checkpoint")
    size = int(checkpoint["checkpoint"].splitlines()[1])
    assert auditor.get(f"/api/v1/audit/proof?leaf=0&size={size}")["hashes"]
    assert refusal(lambda: staffed.rest("uli").get("/api/v1/audit/records"))[0] in (403, 404)


def test_a_change_of_shares_leaves_one_working_set(staffed):
    officer = staffed.rest("sol")
    with pytest.raises(Problem) as asked:
        officer.post("/api/v1/sys/reseal", {"shares": 2, "threshold": 2})
    approval = asked.value.body["approval"]["id"]
    staffed.principal("abe", "approver:*").post(f"/api/v1/approvals/{approval}:approve")
    officer.post("/api/v1/sys/reseal", {"shares": 2, "threshold": 2}, {"Keywright-Approval": approval})
    for share in staffed.shares[:2]:
        answer = officer.post("/api/v1/sys/reseal/share", {"share": share})
    fresh = answer["shares"]
    old = staffed.shares
    for share in fresh:
        done = officer.post("/api/v1/sys/reseal/verify", {"share": share})
    assert done["completed"]
    staffed.kill()
    staffed.start()
    assert refusal(lambda: staffed.rest().post("/api/v1/sys/unseal", {"share": old[0]}))[0] == 400
    staffed.shares, staffed.threshold = fresh, 2
    staffed.unseal()
    assert wait_until(lambda: staffed.rest("uli").get("/api/v1/tokens/self"))


def test_the_live_stream_shows_changes(staffed):
    import http.client
    import ssl
    from urllib.parse import urlsplit
    parts = urlsplit(staffed.url)
    context = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=20, context=context)
    connection.request("GET", "/api/v1/events", headers={"Authorization": "Bearer " + staffed.tokens["ann"]})
    stream = connection.getresponse()
    assert stream.status == 200 and stream.headers["Content-Type"].startswith("text/event-stream")
    staffed.rest("ada").post("/api/v1/tenants/acme/keys", {"name": "seen"})
    while True:
        line = stream.readline().decode()
        if line.startswith("event:"):
            assert line.strip() == "event: key.create"
            break
    connection.close()


def test_import_and_export_carry_material_wrapped(staffed):
    from cryptography.hazmat.primitives import hashes, keywrap, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    import base64
    import os as system
    admin, approver = staffed.rest("ada"), staffed.rest("amy")
    wrapping = admin.get("/api/v1/tenants/acme/wrapping-key")
    recipient = serialization.load_pem_public_key(wrapping["public_key"].encode())
    material, transport = system.urandom(32), system.urandom(32)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    wrapped = recipient.encrypt(transport, oaep) + keywrap.aes_key_wrap_with_padding(transport, material)

    def approved(path, body):
        with pytest.raises(Problem) as asked:
            admin.post(path, body)
        assert asked.value.reason == "approval_required", asked.value
        approval = asked.value.body["approval"]["id"]
        approver.post(f"/api/v1/approvals/{approval}:approve")
        return admin.post(path, body, {"Keywright-Approval": approval})
    key = approved("/api/v1/tenants/acme/keys:import",
                   {"name": "mine", "algorithm": "hmac-sha256", "exportable": True, "wrapped_material": b64(wrapped)})
    assert key["versions"][0]["origin"] == "imported"
    import hashlib
    import hmac
    tag = staffed.rest("uli").post("/api/v1/tenants/acme/keys/mine:mac", {"message": b64(b"m")})["mac"]
    assert tag == b64(hmac.new(material, b"m", hashlib.sha256).digest())
    private = rsa.generate_private_key(public_exponent=65537, key_size=4096)
    pem = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    out = base64.b64decode(approved("/api/v1/tenants/acme/keys/mine/versions/1:export", {"recipient_public_key": pem})["wrapped_material"])
    assert keywrap.aes_key_unwrap_with_padding(private.decrypt(out[:512], oaep), out[512:]) == material
    weak = recipient.encrypt(transport, oaep) + keywrap.aes_key_wrap_with_padding(transport, bytes(32))
    assert refusal(lambda: admin.post("/api/v1/tenants/acme/keys:import", {"name": "zero", "wrapped_material": b64(weak)}))[1] == "weak_key"
