#!/usr/bin/python3
"""A system of your own behind Keywright's `exec` connector, in 100 lines of the standard library.

The "system" is a JSON file with users and password hashes; replace `Users` by calls of yours. The
protocol is docs/connectors/exec.md: one JSON object comes on standard input, one goes to standard
output, exit code 0. Declare it in the server's configuration:

    connectors:
      programs:
        user_list: {path: /usr/bin/python3, arguments: [/opt/keywright/user_list.py]}

and add a target of kind exec with program=user_list principals=per_version slots=2
soft_disable=yes settings=/srv/app/users.json. Each account needs its name.

Every verb may be asked for twice: after a crash, or when an answer was lost. It must then end the
same. What you cannot know is {"outcome": "unknown"}, never a guess.
"""
import base64
import fcntl
import hashlib
import hmac
import json
import os
import sys


class Users:
    """The users in a file; changed under a lock, replaced whole."""

    def __init__(self, path):
        self.path = path
        self.lock = open(path + ".lock", "a", encoding="utf-8")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        try:
            with open(path, encoding="utf-8") as file:
                self.all = json.load(file)
        except FileNotFoundError:
            self.all = {}

    def save(self):
        beside = self.path + ".new"
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(self.all, file, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self.path)

    @staticmethod
    def hash(secret, salt):
        return hashlib.pbkdf2_hmac("sha256", secret, salt, 10_000).hex()

    def accepts(self, name, secret):
        user = self.all.get(name)
        if not user or user["disabled"]:
            return False
        return hmac.compare_digest(user["hash"], self.hash(secret, bytes.fromhex(user["salt"])))

    def put(self, name, secret):
        if self.accepts(name, secret):
            return
        salt = os.urandom(16)
        self.all[name] = {"salt": salt.hex(), "hash": self.hash(secret, salt), "disabled": False}
        self.save()

    def disable(self, name, disabled):
        if name in self.all and self.all[name]["disabled"] != disabled:
            self.all[name]["disabled"] = disabled
            self.save()

    def remove(self, name):
        if self.all.pop(name, None) is not None:
            self.save()


def secret_of(credential):
    return base64.b64decode(credential["secret_base64"])


def create_pending(_users, ask):
    base = ask["account"]["name"]
    free = [name for name in (base + "_a", base + "_b") if name not in ask["taken"]]
    return {"outcome": "ok", "principal": free[0]} if free else {"outcome": "definite_fail", "reason": "no_free_slot"}


def install(users, ask):
    secret = secret_of(ask["fresh"])
    if len(secret) < 12:  # a rule of this system: Keywright makes another value then
        return {"outcome": "definite_fail", "reason": "rejected_by_policy"}
    users.put(ask["fresh"]["principal"], secret)
    return {"outcome": "ok"}


def test(users, ask):
    name, secret = ask["credential"]["principal"], secret_of(ask["credential"])
    if ask["probe"] == "negative":
        wrong = users.accepts(name, b"not " + secret)
        return {"outcome": "definite_fail", "reason": "any_secret_accepted"} if wrong else {"outcome": "ok"}
    return {"outcome": "ok"} if users.accepts(name, secret) else {"outcome": "definite_fail", "reason": "credential_refused"}


def inspect(users, ask):
    accepted = ["yes" if users.accepts(each["principal"], secret_of(each)) else "no" for each in ask["known"]]
    base = ask["account"]["name"]
    free = not all(name in users.all and not users.all[name]["disabled"] for name in (base + "_a", base + "_b"))
    return {"outcome": "ok", "accepted": accepted, "free_slot": free, "drift": ""}


def restore_old(users, ask):
    users.put(ask["old"]["principal"], secret_of(ask["old"]))
    return {"outcome": "ok"}


def change(action):
    def verb(users, ask):
        action(users, ask)
        return {"outcome": "ok"}
    return verb


VERBS = {
    "create_pending": create_pending,
    "install": install,
    "test": test,
    "inspect": inspect,
    "promote": change(lambda users, ask: None),
    "disable_old": change(lambda users, ask: users.disable(ask["old"]["principal"], True)),
    "restore_old": restore_old,
    "revoke_old": change(lambda users, ask: users.remove(ask["old"]["principal"])),
    "remove_pending": change(lambda users, ask: users.remove(ask["fresh"]["principal"])),
    "measure_drain": change(lambda users, ask: None),
}


def main():
    ask = json.load(sys.stdin)
    verb = VERBS.get(ask["verb"])
    if ask["protocol"] != "keywright-exec/1" or verb is None:
        return {"outcome": "definite_fail", "reason": "unknown_verb"}
    return verb(Users(ask["system"]), ask)


if __name__ == "__main__":
    json.dump(main(), sys.stdout)
