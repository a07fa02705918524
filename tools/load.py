"""Clients that use keys without pause and check every answer, for the demo and the system tests."""
import multiprocessing
import secrets
import time

from rest import Problem, Rest, b64


class Load:
    """Processes that encrypt, decrypt, sign, verify, authenticate and fetch key sets until stop()."""

    def __init__(self, access, tenants, processes=2, key_sets=True):
        self.stopping, self.results = multiprocessing.Event(), multiprocessing.Queue()
        self.workers = [multiprocessing.Process(target=work, args=(access, tenants, seed, key_sets, self.stopping, self.results))
                        for seed in range(processes)]
        for worker in self.workers:
            worker.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for worker in self.workers:
            worker.terminate()  # where stop() was not reached

    def stop(self):
        """(latencies as (ended at, seconds), descriptions of failures, number of failures), over all processes."""
        self.stopping.set()
        collected = [self.results.get() for _ in self.workers]
        for worker in self.workers:
            worker.join()
        return ([entry for each in collected for entry in each[0]], [text for each in collected for text in each[1]],
                sum(each[2] for each in collected))


def percentile(values, fraction):
    return sorted(values)[min(len(values) - 1, int(len(values) * fraction))] if values else 0.0


class Client:
    """Uses the keys `files`, `tokens` and `webhooks` of one tenant; keeps some old ciphertexts and opens them again later."""

    def __init__(self, access):
        self.rest, self.kept = Rest(*access), []

    def encrypt(self, base):
        message = secrets.token_bytes(64)
        answer = self.rest.post(base + "/keys/files:encrypt", {"plaintext": b64(message), "associated_data": b64(b"load")})
        if len(self.kept) < 200 or secrets.randbelow(10) == 0:
            self.kept.append((base, message, answer["ciphertext"]))

    def decrypt(self, base):
        if not self.kept:
            return self.encrypt(base)
        where, plain, ciphertext = self.kept[secrets.randbelow(len(self.kept))]
        answer = self.rest.post(where + "/keys/files:decrypt", {"ciphertext": ciphertext, "associated_data": b64(b"load")})
        return None if answer["plaintext"] == b64(plain) else "decrypt gave another plaintext"

    def sign(self, base):
        message = b64(secrets.token_bytes(64))
        signature = self.rest.post(base + "/keys/tokens:sign", {"message": message})["signature"]
        if not self.rest.post(base + "/keys/tokens:verify", {"message": message, "signature": signature})["valid"]:
            return "a fresh signature did not verify"
        return None

    def authenticate(self, base):
        message = b64(secrets.token_bytes(64))
        mac = self.rest.post(base + "/keys/webhooks:mac", {"message": message})["mac"]
        if not self.rest.post(base + "/keys/webhooks:verify-mac", {"message": message, "mac": mac})["valid"]:
            return "a fresh MAC did not verify"
        return None

    def key_set(self, base):
        return None if "keys" in self.rest.get(base + "/jwks") else "a key set without keys"


def work(access, tenants, seed, key_sets, stopping, results):
    client = Client(access)
    uses = [client.encrypt, client.decrypt, client.sign, client.authenticate] + ([client.key_set] if key_sets else [])
    latencies, failures, count = [], [], seed
    while not stopping.is_set():
        started = time.time()
        try:
            wrong = uses[count % len(uses)](f"/api/v1/tenants/{tenants[count // len(uses) % len(tenants)]}")
            latencies.append((time.time(), time.time() - started))
        except (Problem, OSError) as problem:
            wrong = str(problem)
        if wrong:
            failures.append(wrong)
        count += 1
    results.put((latencies, failures[:20], len(failures)))
