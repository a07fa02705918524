"""A plan says what a rotation would do; applied by its id it does exactly that, or refuses."""
import pytest

from rest import Problem

KEYS = "/api/v1/tenants/acme/keys"


@pytest.fixture
def rest(dev):
    client = dev.rest()
    for name in ("k", "other"):
        client.post(KEYS, {"name": name})
    return client


def refusal(call):
    with pytest.raises(Problem) as refused:
        call()
    return refused.value.status, refused.value.reason


def plan(rest, **options):
    return rest.post(KEYS + "/k:rotate", {"dry_run": True, **options})


def test_a_plan_changes_nothing_and_says_the_same_twice(rest):
    before = rest.get(KEYS + "/k")
    first, second = plan(rest), plan(rest)
    assert first == second and first["plan"].startswith("p-") and (first["from"], first["to"]) == (1, 2)
    assert first["algorithm"] == "aes-256-gcm" and first["promote"] is True
    assert rest.get(KEYS + "/k") == before


def test_a_plan_is_applied_with_its_own_options(rest):
    made = plan(rest, algorithm="chacha20-poly1305", promote=False)
    rotated = rest.post(KEYS + "/k:rotate", {"plan": made["plan"]})
    version = rotated["key"]["versions"][1]
    assert (rotated["version"], version["algorithm"], version["state"], rotated["key"]["primary"]) == (2, "chacha20-poly1305", "active", 1)


def test_a_plan_is_stale_after_any_change_of_the_key_and_once_it_was_applied(rest):
    made = plan(rest)
    rest.call("PATCH", KEYS + "/k", {"owner": "payments"})
    assert refusal(lambda: rest.post(KEYS + "/k:rotate", {"plan": made["plan"]})) == (409, "plan_stale")
    made = plan(rest)
    rest.post(KEYS + "/k:rotate", {"plan": made["plan"]})
    assert refusal(lambda: rest.post(KEYS + "/k:rotate", {"plan": made["plan"]})) == (409, "plan_stale")
    assert len(rest.get(KEYS + "/k")["versions"]) == 2


def test_a_plan_is_of_one_key_and_says_everything(rest):
    made = plan(rest)
    assert refusal(lambda: rest.post(KEYS + "/other:rotate", {"plan": made["plan"]})) == (409, "plan_stale")
    assert refusal(lambda: rest.post(KEYS + "/k:rotate", {"plan": made["plan"], "promote": False})) == (400, "unknown_field")
    for bad in ("p-", "p-000000000000", "x" * 1000, "p-\u0000"):
        assert refusal(lambda text=bad: rest.post(KEYS + "/k:rotate", {"plan": text})) == (409, "plan_stale")
    assert refusal(lambda: rest.post(KEYS + "/k:rotate", {"plan": ""})) == (400, "bad_plan")
    assert refusal(lambda: plan(rest, algorithm="ed25519")) == (400, "purpose_mismatch")


def test_a_plan_that_was_applied_answers_a_repeat(rest):
    made, key = plan(rest), {"Idempotency-Key": "apply"}
    first = rest.post(KEYS + "/k:rotate", {"plan": made["plan"]}, key)
    assert rest.post(KEYS + "/k:rotate", {"plan": made["plan"]}, key) == first
