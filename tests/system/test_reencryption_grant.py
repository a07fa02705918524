"""The re-encryption that an incident forces: its own job opens what the revoked versions protect, and nobody else does."""
import pytest

import incident_staff
from rest import Problem
from reencryption_staff import KEYS, Staff, text_form
from test_reencryption_files import Tree


@pytest.mark.parametrize("mode", ["contain_first", "continuity_first"])
def test_an_incident_moves_what_its_revoked_versions_protect_and_nobody_else_opens_it(binary, tmp_path, mode):
    tree = Tree(tmp_path / "archive", 60)
    staff = Staff(binary, tmp_path / "node", tree.settings(), grace=0)
    tree.fill(staff)
    kept = staff.encrypt([(b"", b"kept elsewhere")])[0]
    for name, grant in {"sol": "security-officer:*", "amy": "approver:*", "bob": "approver:*", "ann": "auditor:*"}.items():
        staff.node.principal(name, grant)
    incident, approval = incident_staff.start(staff.node, ["key:acme/orders"], mode)
    incident_staff.approve(staff.node, approval)
    if mode == "continuity_first":
        incident_staff.wait_phase(staff.node, incident, "replaced")
        consumers = "/api/v1/rotation/consumers/uli"
        staff.admin.call("PUT", f"{consumers}?tenant=acme", {"subjects": [{"name": "orders"}]})
        staff.node.rest("uli").post(f"{consumers}:acknowledge?tenant=acme", {"name": "orders", "version": 2, "grade": "used"})
    incident_staff.wait_phase(staff.node, incident, "closed")
    assert {one["version"]: one["state"] for one in staff.admin.get(KEYS + "/orders")["versions"]} == {1: "revoked", 2: "primary"}
    assert tree.versions() == {2: 60}
    assert staff.decrypt([(b"", tree.read(number)) for number in range(60)]) == [tree.expected[number] for number in range(60)]
    with pytest.raises(Problem) as refused:
        staff.node.rest("uli").post(KEYS + "/orders:decrypt", {"ciphertext": text_form(kept)})
    assert refused.value.reason == "version_state", "the grant is the job's alone"
    [grant] = staff.node.rest("ann").get("/api/v1/audit/records?action=key.grant")["items"]
    assert grant["record"]["object"] == "orders" and "opens revoked versions until" in grant["record"]["note"]
    staff.node.stop()
