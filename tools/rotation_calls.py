"""What the tests of rotation share: policies, runs and people, over REST."""
import json

from node import wait_until
from rest import Problem

KEYS = "/api/v1/tenants/acme/keys"
ROTATION = "/api/v1/rotation"
# Runs that take no time: nothing to wait for but the engine.
AT_ONCE = ("overlap: {min: 0s, quiet: 0s}\nquarantine: 0s\npublish_wait: 0s\nrollout: {steps: [100], soak: 0s}\n"
           "jitter: 0s\nold_version: keep_secondary\n")


def policy(rest, name, text, tenant="acme"):
    return rest.call("PUT", f"{ROTATION}/policies/{name}?tenant={tenant}", {"document": f"name: {name}\n{text}"})


def start(rest, name="orders", **more):
    return rest.post(f"{ROTATION}/runs?tenant=acme", {"name": name, **more})["id"]


def run_of(rest, run):
    return rest.get(f"{ROTATION}/runs/{run}")


def until(rest, run, *states, seconds=60):
    def reached():
        found = run_of(rest, run)
        return found if found["state"] in states else None
    try:
        return wait_until(reached, seconds, f"state {states} of the run")
    except TimeoutError:
        found = run_of(rest, run)
        raise AssertionError(json.dumps({key: found[key] for key in ("state", "problem", "waits_for", "steps")}, indent=1)) from None


def primary(rest, name="orders"):
    return rest.get(f"{KEYS}/{name}")["primary"]


def refusal(call, *words, **more):
    """The Problem that a call is answered with."""
    try:
        call(*words, **more)
    except Problem as refused:
        return refused
    raise AssertionError("it was not refused")


def staff(node):
    node.tenant("acme")
    for name, grants in {"ada": ["key-admin:acme"], "kim": ["key-admin:acme"], "uli": ["key-user:acme"], "sol": ["security-officer:*"],
                         "amy": ["approver:acme"], "abe": ["approver:acme"], "ann": ["auditor:*"]}.items():
        node.principal(name, *grants)
    node.rest("ada").post(KEYS, {"name": "orders"})
