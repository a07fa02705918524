"""A server with one key and a data store, and the people who use them: for the tests of re-encryption."""
import base64
import struct

from node import Node, wait_until
from rest import b64

KEYS = "/api/v1/tenants/acme/keys"
JOBS = "/api/v1/rotation/jobs"
BATCH = 256


def raw(text):
    """The bytes of a kw1: text."""
    digits = text.removeprefix("kw1:")
    return base64.urlsafe_b64decode(digits + "=" * (-len(digits) % 4))


def text_form(envelope):
    return "kw1:" + base64.urlsafe_b64encode(envelope).rstrip(b"=").decode()


def version_of(envelope):
    return struct.unpack(">I", envelope[20:24])[0]


class Staff:
    def __init__(self, binary, folder, stores, grace=60, items=0):
        self.patience = 120 + items // 100
        self.look_every = min(1, 0.02 + items / 1e5)  # to ask is work beside the foreground
        self.node = Node(binary, folder, settings="data_stores:\n" + stores)
        self.node.initialise()
        self.node.tenant("acme")
        self.node.principal("ada", "key-admin:acme")
        self.node.principal("uli", "key-user:acme")
        self.admin.post(KEYS, {"name": "orders", "lease_grace_seconds": grace})

    @property
    def admin(self):
        return self.node.rest("ada")

    def encrypt(self, items, rest=None):
        """[(associated data, plaintext)] to envelopes."""
        rest = rest or self.node.rest("uli")
        sealed = []
        for i in range(0, len(items), BATCH):
            part = [{"plaintext": b64(text), "associated_data": b64(aad)} for aad, text in items[i:i + BATCH]]
            sealed += [raw(item["ciphertext"]) for item in rest.post(KEYS + "/orders:encrypt", {"items": part})["items"]]
        return sealed

    def decrypt(self, items):
        rest, opened = self.node.rest("uli"), []
        for i in range(0, len(items), BATCH):
            part = [{"ciphertext": text_form(sealed), "associated_data": b64(aad)} for aad, sealed in items[i:i + BATCH]]
            opened += [base64.b64decode(item["plaintext"]) for item in rest.post(KEYS + "/orders:decrypt", {"items": part})["items"]]
        return opened

    def start(self, store, **order):
        return self.admin.post(JOBS + "?tenant=acme", {"store": store, **order})["id"]

    def job(self, job):
        return self.admin.get(f"{JOBS}/{job}")

    def steer(self, job, verb, body=None):
        return self.admin.post(f"{JOBS}/{job}:{verb}", body)

    def wait(self, job, done, what):
        def looked():
            now = self.job(job)
            return now if done(now) else None
        try:
            return wait_until(looked, self.patience, what, self.look_every)
        except TimeoutError as late:
            raise TimeoutError(f"{what}: {self.job(job)}") from late

    def wait_share(self, job, share, total, pauses=None):
        """Until the job has so much behind it; `pauses` are taken meanwhile. It is asked, not the data: to count them would be work beside
        the foreground."""
        def behind(now):
            in_pass = now["phase"] == "pass" and now["done"] >= share * total  # before it are the rows in use, after it the counts
            return in_pass or now["state"] != "running" or now["phase"] in ("census", "census2")
        while True:
            now = self.wait(job, lambda now: behind(now) or (pauses and pauses.due()), f"{share} of {total}")
            if behind(now):
                return now
            pauses.take()

    def wait_end(self, job):
        return self.wait(job, lambda now: now["state"] in ("done", "failed", "rolled_back"), "the end of the job")

    def kill_and_return(self):
        self.node.kill()
        self.node.start()
        self.node.unseal()

    def kill_on_the_way(self, job, total, pauses=None):
        """kill -9 three times, and then to almost the end as fast as others bear."""
        for share in (0.2, 0.45, 0.7):
            assert self.wait_share(job, share, total, pauses)["state"] == "running"
            self.kill_and_return()
        self.steer(job, "throttle", {"per_second_max": 0})
        self.wait_share(job, 0.95, total, pauses)

    def reference_blockers(self, version):
        readiness = self.admin.get(f"{KEYS}/orders/readiness?version={version}&for=destroy&quiet_seconds=0")
        return [blocker for blocker in readiness["blockers"] if blocker["kind"] == "references"]
