"""Key sets and tokens as other people's verifiers see them: PyJWT, the cryptography library and the openssl command."""
import base64
import json
import subprocess
import time

import jwt
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from node import wait_until
from rest import Problem, b64

TENANT = "/api/v1/tenants/acme"
KEYS = TENANT + "/keys"
JWKS = TENANT + "/jwks"
ALGORITHMS = {"ecdsa-p256": "ES256", "ecdsa-p384": "ES384", "ecdsa-p521": "ES512", "ed25519": "EdDSA", "rsa-3072-pkcs1-sha256": "RS256",
              "rsa-3072-pss-sha256": "PS256"}


@pytest.fixture
def rest(dev):
    return dev.rest()


@pytest.fixture
def anybody(dev):
    client = dev.rest()
    client.token = None
    return client


def make(rest, name="tokens", algorithm="ecdsa-p256", labels=None):
    rest.post(KEYS, {"name": name, "algorithm": algorithm, "labels": {"use": "jwt"} if labels is None else labels})
    return f"{KEYS}/{name}"


def token(rest, key, seconds=600, **members):
    return rest.post(key + ":sign-jwt", {"claims": {"sub": "ada", "exp": int(time.time()) + seconds}, **members})


def key_set(anybody):
    return anybody.get(JWKS)["keys"]


def refusal(call):
    with pytest.raises(Problem) as refused:
        call()
    return refused.value.status, refused.value.reason


class Verifier:
    """Keeps the set as long as Cache-Control allows, on a clock of its own."""

    def __init__(self, anybody):
        self.anybody, self.now, self.fetched, self.keys, self.max_age, self.etag = anybody, 0, None, None, 0, None

    def fetch(self):
        status, headers, body = self.anybody.raw("GET", JWKS, headers={"If-None-Match": self.etag} if self.etag else {})
        assert status in (200, 304)
        if status == 200:
            self.keys = {each.key_id: each for each in jwt.PyJWKSet.from_dict(json.loads(body)).keys}
        self.etag = headers["ETag"]
        control = headers["Cache-Control"]
        self.max_age = int(control.split("max-age=")[1]) if "max-age=" in control else 0
        self.fetched = self.now

    def accepts(self, text):
        if self.fetched is None or self.now - self.fetched >= self.max_age:
            self.fetch()
        header = jwt.get_unverified_header(text)
        if header["kid"] not in self.keys:
            return False
        try:
            return jwt.decode(text, self.keys[header["kid"]].key, algorithms=[header["alg"]])["sub"] == "ada"
        except jwt.InvalidSignatureError:
            return False


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_foreign_library_verifies_our_tokens_from_our_set(rest, anybody, algorithm):
    key = make(rest, algorithm=algorithm)
    made = token(rest, key, type="at+jwt")
    assert jwt.get_unverified_header(made["token"]) == {"alg": ALGORITHMS[algorithm], "kid": made["kid"], "typ": "at+jwt"}
    shown = key_set(anybody)
    assert [(each["kid"], each["alg"], each["use"]) for each in shown] == [(made["kid"], ALGORITHMS[algorithm], "sig")]
    assert not {"d", "p", "q", "k", "x5c"} & set(shown[0])
    assert Verifier(anybody).accepts(made["token"])
    assert not Verifier(anybody).accepts(made["token"][:-6] + "AAAAAA")


def test_a_cached_set_knows_every_key_before_it_signs(rest, anybody):
    """Publish, wait, sign, keep: a verifier that refreshes as seldom as it may rejects nothing in six rotations."""
    key, verifier = make(rest), Verifier(anybody)
    old, publish_wait, accepted = token(rest, key)["token"], 3600, 0
    for number in range(2, 8):
        assert rest.post(key + ":rotate", {"promote": False})["version"] == number
        for _ in range(0, publish_wait, 300):  # while the wait lasts, the old one signs
            accepted += verifier.accepts(token(rest, key)["token"])
            verifier.now += 300
        assert verifier.max_age <= publish_wait / 2
        rest.post(f"{key}/versions/{number}:promote")
        new = token(rest, key)
        assert new["version"] == number
        accepted += verifier.accepts(new["token"]) + verifier.accepts(old)
        old = new["token"]
    assert accepted == 6 * (12 + 2)


def test_without_the_wait_a_cached_set_rejects_what_is_right(rest, anybody):
    """The check above can fail: this is what it is for."""
    key, verifier = make(rest), Verifier(anybody)
    assert verifier.accepts(token(rest, key)["token"])
    rest.post(key + ":rotate")
    assert not verifier.accepts(token(rest, key)["token"])


def test_the_set_has_validators_and_says_how_long_to_keep_it(rest, anybody):
    key = make(rest)
    status, headers, body = anybody.raw("GET", JWKS)
    assert (status, headers["Content-Type"], headers["Cache-Control"]) == (200, "application/jwk-set+json", "public, max-age=600")
    etag = headers["ETag"]
    assert etag.startswith('"') and "no-store" not in headers["Cache-Control"]
    for sent in (etag, "W/" + etag, f'"other", {etag}', "*"):
        status, again, nothing = anybody.raw("GET", JWKS, headers={"If-None-Match": sent})
        assert (status, again["ETag"], again["Cache-Control"], nothing) == (304, etag, "public, max-age=600", b""), sent
    for sent in ('"other"', etag[:-1], "x" + etag + "x", ""):
        assert anybody.raw("GET", JWKS, headers={"If-None-Match": sent})[0] == 200, sent
    rest.post(key + ":rotate", {"promote": False})
    status, changed, body = anybody.raw("GET", JWKS, headers={"If-None-Match": etag})
    assert status == 200 and changed["ETag"] != etag and len(json.loads(body)["keys"]) == 2


def test_the_set_follows_the_life_of_a_version(rest, anybody):
    key = make(rest)
    first = token(rest, key)["kid"]
    second = rest.post(key + ":rotate")["version"]
    assert [each["kid"] for each in key_set(anybody)] == [token(rest, key)["kid"], first]  # the primary first
    rest.post(f"{key}/versions/1:retire", {"override": True})
    assert first in [each["kid"] for each in key_set(anybody)]  # a token of it may live for a day
    rest.post(f"{key}/versions/1:archive", {"override": True})
    assert first in [each["kid"] for each in key_set(anybody)]
    rest.post(f"{key}/versions/1:revoke", {"reason": "leak"})
    assert first not in [each["kid"] for each in key_set(anybody)]
    rest.post(f"{key}/versions/{second}:suspend", {"reason": "x", "outage_accepted": True})
    assert key_set(anybody) == []


def test_only_labelled_signing_keys_are_in_the_set_and_the_label_can_be_taken_off(rest, anybody):
    make(rest, "releases", labels={})
    make(rest, "other", labels={"use": "code"})
    make(rest, "mac", "hmac-sha256")
    assert refusal(lambda: anybody.get(JWKS)) == (404, "not_found")
    key = make(rest)
    assert len(key_set(anybody)) == 1
    rest.call("PATCH", key, {"labels": {}})
    assert refusal(lambda: anybody.get(JWKS)) == (404, "not_found")


def test_a_tenant_without_token_keys_looks_like_none(rest, anybody):
    rest.post("/api/v1/tenants", {"name": "empty"})
    make(rest, "k", labels={})
    answers = [anybody.raw("GET", f"/api/v1/tenants/{tenant}/{path}") for tenant in ("empty", "acme", "nowhere")
               for path in ("jwks", "public-keys/" + "A" * 43, "public-keys/x")]
    assert {status for status, _, _ in answers} == {404}
    assert len({json.loads(body)["detail"] for _, _, body in answers}) == 1 and len({len(body) for _, _, body in answers}) == 1
    assert len({tuple(sorted(name for name, _ in headers.items())) for _, headers, _ in answers}) == 1


def openssl_verifies(folder, pem, message, signature):
    (folder / "key.pem").write_text(pem)
    (folder / "message").write_bytes(message)
    (folder / "signature").write_bytes(signature)
    return subprocess.run(["openssl", "dgst", "-sha256", "-verify", folder / "key.pem", "-signature", folder / "signature",
                           folder / "message"], capture_output=True, timeout=60).returncode == 0


def test_an_old_signature_verifies_for_ever_with_the_archive(rest, anybody, tmp_path):
    key = make(rest, labels={})
    signed = rest.post(key + ":sign", {"message": b64(b"m")})
    rest.post(key + ":rotate")
    url = f"{TENANT}/public-keys/{signed['kid']}"
    first = anybody.get(url)
    for verb, state in (("retire", "retired"), ("archive", "archived"), ("destroy", "destroying")):
        rest.post(f"{key}/versions/1:{verb}", {"override": True})
        status, headers, body = anybody.raw("GET", url)
        shown = json.loads(body)
        assert (status, shown["state"], headers["Cache-Control"]) == (200, state, "public, max-age=60")
        assert (shown["public_key"], shown["jwk"]) == (first["public_key"], first["jwk"])
        assert anybody.raw("GET", url, headers={"If-None-Match": headers["ETag"]})[0] == 304
        assert openssl_verifies(tmp_path, shown["public_key"], b"m", base64.b64decode(signed["signature"]))
    assert not openssl_verifies(tmp_path, first["public_key"], b"n", base64.b64decode(signed["signature"]))
    assert shown["jwk"]["kid"] == signed["kid"] and "name" not in shown


def test_ecdsa_signatures_come_in_both_forms(rest):
    key = make(rest)
    public = serialization.load_pem_public_key(rest.get(key + "/versions/1/public-key")["public_key"].encode())
    raw = base64.b64decode(rest.post(key + ":sign", {"message": b64(b"m"), "signature_format": "jose"})["signature"])
    der = base64.b64decode(rest.post(key + ":sign", {"message": b64(b"m"), "signature_format": "der"})["signature"])
    assert len(raw) == 64
    numbers = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public.verify(numbers, b"m", ec.ECDSA(hashes.SHA256()))
    public.verify(der, b"m", ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        public.verify(numbers, b"n", ec.ECDSA(hashes.SHA256()))
    for signature, form, valid in ((raw, "jose", True), (der, "der", True), (raw, "der", False), (der, "jose", False)):
        answer = rest.post(key + ":verify", {"message": b64(b"m"), "signature": b64(signature), "signature_format": form})
        assert answer["valid"] is valid, form
    assert refusal(lambda: rest.post(key + ":sign", {"message": b64(b"m"), "signature_format": "raw"})) == (400, "bad_signature_format")


def test_a_version_may_be_named_by_its_kid(rest):
    key = make(rest)
    signed = rest.post(key + ":sign", {"message": b64(b"m")})
    rest.post(key + ":rotate")
    body = {"message": b64(b"m"), "signature": signed["signature"]}
    assert rest.post(key + ":verify", {**body, "kid": signed["kid"]})["version"] == 1
    assert refusal(lambda: rest.post(key + ":verify", {**body, "kid": "nobody"})) == (404, "unknown_kid")
    assert refusal(lambda: rest.post(key + ":verify", {**body, "kid": signed["kid"], "version": 1})) == (400, "kid_and_version")


def test_a_token_never_outlives_the_key_that_verifies_it(rest):
    key = make(rest)
    assert token(rest, key, 86400 - 5)["token"]
    for bad in ({"exp": int(time.time()) + 86400 * 2}, {"exp": int(time.time()) - 5}, {}, {"exp": "soon"}, {"exp": 1e300}):
        assert refusal(lambda claims=bad: rest.post(key + ":sign-jwt", {"claims": claims})) == (400, "bad_token_expiry")
    long = make(rest, "long", labels={"use": "jwt", "jwt.token-life": "30d"})
    assert token(rest, long, 86400 * 30 - 5)["token"]
    assert refusal(lambda: make(rest, "typo", labels={"use": "jwt", "jwt.token-life": "thirty days"})) == (400, "bad_label")
    assert refusal(lambda: token(rest, make(rest, "plain", labels={}))) == (409, "no_token_key")
    assert refusal(lambda: rest.post(key + ":sign-jwt", {"claims": [1]})) == (400, "json_type")
    assert refusal(lambda: token(rest, key, type='a"')) == (400, "bad_token_type")


def test_claims_are_signed_as_they_are(rest, anybody):
    key = make(rest)
    claims = {"exp": int(time.time()) + 60, "id": 9007199254740993, "nested": {"b": [1, 2.5, None, True], "a": "\u00e9\"\\"}}
    made = rest.post(key + ":sign-jwt", {"claims": claims})["token"]
    public = jwt.PyJWKSet.from_dict(anybody.get(JWKS)).keys[0].key
    assert jwt.decode(made, public, algorithms=["ES256"]) == claims
    batch = rest.post(key + ":sign-jwt", {"items": [{"claims": claims}, {"claims": {}}]})["items"]
    assert jwt.decode(batch[0]["token"], public, algorithms=["ES256"]) == claims and batch[1]["error"]["reason"] == "bad_token_expiry"


def verify_mac_token(rest, key, text):
    head, signature = text.rsplit(".", 1)
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    return rest.post(key + ":verify-mac", {"message": b64(head.encode()), "mac": b64(raw), "kid": jwt.get_unverified_header(text)["kid"]})


def test_hmac_tokens_roll_with_their_kid_and_never_show_in_the_set(rest, anybody):
    key = make(rest, "session", "hmac-sha256")
    old = token(rest, key)
    rest.post(key + ":rotate")
    new = token(rest, key)
    assert old["kid"] != new["kid"] and jwt.get_unverified_header(new["token"])["alg"] == "HS256"
    for made, version in ((old, 1), (new, 2)):
        assert {**verify_mac_token(rest, key, made["token"]), "kid": made["kid"]} == {
            "valid": True, "verdict": "valid", "version": version, "kid": made["kid"]}
    rest.post(f"{key}/versions/1:retire", {"override": True})
    assert verify_mac_token(rest, key, old["token"])["valid"]  # its tokens live for a day
    rest.post(f"{key}/versions/1:revoke", {"reason": "leak"})
    assert verify_mac_token(rest, key, old["token"])["verdict"] == "untrusted"
    foreign = jwt.encode({"exp": 1}, "secret", algorithm="HS256", headers={"kid": "foreign"})
    assert refusal(lambda: verify_mac_token(rest, key, foreign)) == (404, "unknown_kid")
    metrics = rest.raw("GET", "/metrics")[2].decode()
    assert "rotation_unknown_kid_total 1" in metrics
    assert refusal(lambda: anybody.get(JWKS)) == (404, "not_found")
    assert refusal(lambda: anybody.get(f"{TENANT}/public-keys/{new['kid']}")) == (404, "not_found")


def test_an_anchored_signature_outlives_the_compromise_of_its_key(rest):
    key = make(rest, labels={})
    anchored = rest.post(key + ":sign", {"message": b64(b"m"), "anchor": True})
    plain = rest.post(key + ":sign", {"message": b64(b"m")})
    assert anchored["anchor"]["node"] and "anchor" not in plain
    after = rest.post(key + ":sign", {"message": b64(b"later")})  # its record is the newest before the compromise
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
    rest.post(f"{key}/versions/1:revoke", {"reason": "leak", "compromised_at": now})

    def verdict(signed, **members):
        answer = rest.post(key + ":verify", {"message": b64(b"m"), "signature": signed["signature"], "version": 1, **members})
        assert answer.get("reason") == "revoked" or answer["verdict"] == "invalid"
        return answer["verdict"], answer["valid"]

    assert verdict(anchored) == ("untrusted", False)
    wait_until(lambda: verdict(anchored, anchor=anchored["anchor"])[1], 30, "a checkpoint over the record")
    assert verdict(anchored, anchor=anchored["anchor"]) == ("valid_before_compromise", True)
    # Nobody's word, nobody else's record, and no record at all prove nothing.
    assert verdict(plain, anchor=anchored["anchor"]) == ("untrusted", False)
    assert verdict(plain, signed_at="2020-01-01T00:00:00Z") == ("untrusted", False)
    assert verdict(anchored, anchor={"node": "another", "from": 0}) == ("untrusted", False)
    assert verdict(anchored, anchor={"node": anchored["anchor"]["node"], "from": 10**9}) == ("untrusted", False)
    assert verdict(plain, signed_at=now) == ("signed_after_compromise", False)
    assert verdict(after, anchor=anchored["anchor"]) == ("invalid", False)


def test_a_signature_recorded_after_the_compromise_stays_bad(rest):
    key = make(rest, labels={})
    signed = rest.post(key + ":sign", {"message": b64(b"m"), "anchor": True})
    rest.post(f"{key}/versions/1:revoke", {"reason": "leak", "compromised_at": "2020-01-01T00:00:00Z"})
    body = {"message": b64(b"m"), "signature": signed["signature"], "anchor": signed["anchor"]}
    judged = wait_until(lambda: (lambda a: a if a["verdict"] != "untrusted" else None)(rest.post(key + ":verify", body)), 30, "a checkpoint")
    assert (judged["verdict"], judged["valid"]) == ("signed_after_compromise", False)


def test_what_an_anchor_may_not_be(rest):
    key = make(rest)
    item = {"message": b64(b"m"), "anchor": True}
    assert refusal(lambda: rest.post(key + ":sign", {"items": [item, item]})) == (400, "anchor_single")
    body = {"message": b64(b"m"), "signature": b64(b"s")}
    for anchor in (True, {}, {"node": "n"}, {"node": "n", "from": -1}, {"node": 1, "from": 1}, {"node": "n", "from": 1, "to": 2}):
        assert refusal(lambda a=anchor: rest.post(key + ":verify", {**body, "anchor": a}))[0] == 400
    assert refusal(lambda: rest.post(key + ":verify", {**body, "signed_at": "yesterday"})) == (400, "bad_time")
    assert refusal(lambda: rest.post(key + ":sign", {"message": b64(b"m"), "signed_at": "2020-01-01T00:00:00Z"})) == (400, "unknown_field")


# :verify-jwt

def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def verdict(rest, key, text):
    answer = rest.post(key + ":verify-jwt", {"token": text})
    assert ("claims" in answer) == answer["valid"]
    return answer["verdict"], answer.get("reason")


@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "ed25519", "rsa-3072-pss-sha256", "hmac-sha256"])
def test_our_tokens_verify_with_their_claims_through_rotations(rest, algorithm):
    key = make(rest, algorithm=algorithm)
    made = token(rest, key)
    rest.post(key + ":rotate")
    answer = rest.post(key + ":verify-jwt", {"token": made["token"]})
    assert (answer["valid"], answer["verdict"], answer["version"], answer["kid"]) == (True, "valid", 1, made["kid"])
    assert answer["claims"]["sub"] == "ada"
    both = rest.post(key + ":verify-jwt", {"items": [{"token": made["token"]}, {"token": token(rest, key)["token"]}]})["items"]
    assert [one["version"] for one in both] == [1, 2]


def test_a_token_that_lies_about_its_algorithm_is_invalid(rest, anybody):
    key = make(rest)
    made = token(rest, key)
    head, claims, signature = made["token"].split(".")
    def lying(algorithm):
        return b64url(json.dumps({"alg": algorithm, "kid": made["kid"]}).encode())
    assert verdict(rest, key, f"{lying('none')}.{claims}.") == ("invalid", "alg_mismatch")
    pem = anybody.get(f"{TENANT}/public-keys/{made['kid']}")["public_key"].encode()
    import hmac
    forged = hmac.new(pem, f"{lying('HS256')}.{claims}".encode(), "sha256").digest()
    assert verdict(rest, key, f"{lying('HS256')}.{claims}.{b64url(forged)}") == ("invalid", "alg_mismatch")
    changed = b64url(json.dumps({"sub": "eve", "exp": int(time.time()) + 60}).encode())
    assert verdict(rest, key, f"{head}.{changed}.{signature}") == ("invalid", None)
    other = make(rest, "others")
    assert refusal(lambda: verdict(rest, other, made["token"])) == (404, "unknown_kid")
    assert refusal(lambda: verdict(rest, key, "x.y")) == (400, "bad_token")
    assert refusal(lambda: verdict(rest, key, "x" * 20_000)) == (413, "token_too_large")
    plain = make(rest, "plain", labels={})
    assert refusal(lambda: verdict(rest, plain, made["token"])) == (409, "no_token_key")


def test_the_times_of_a_token_and_the_fate_of_its_version_show_in_the_verdict(rest):
    key = make(rest)

    def signed(**claims):
        answer = rest.post(key + ":sign", {"message": b64(b"x"), "signature_format": "jose"})
        head = b64url(json.dumps({"alg": "ES256", "kid": answer["kid"]}).encode())
        part = f"{head}.{b64url(json.dumps(claims).encode())}"
        made = rest.post(key + ":sign", {"message": b64(part.encode()), "signature_format": "jose"})
        return f"{part}.{b64url(base64.b64decode(made['signature']))}"
    now = int(time.time())
    old, early, kept, late = signed(exp=now - 5), signed(nbf=now + 600), signed(iat=now - 3600), signed(iat=now + 3600)
    assert [verdict(rest, key, each)[0] for each in (old, early, kept, late)] == ["expired", "not_yet_valid", "valid", "valid"]
    rest.post(key + ":rotate")
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 1800))
    rest.post(key + "/versions/1:revoke", {"reason": "leak", "compromised_at": since})
    assert verdict(rest, key, kept)[0] == "untrusted", "a thief can write any iat"
    assert verdict(rest, key, late)[0] == "signed_after_compromise"


def test_the_command_line_verifies_a_token(dev, rest, tmp_path):
    key = make(rest)
    (tmp_path / "token").write_text(token(rest, key)["token"] + "\n")
    good = dev.cli("key", "verify-jwt", "tokens", "--in", str(tmp_path / "token"))
    assert good.returncode == 0 and good.stdout.startswith("valid  acme:tokens@1") and '"sub":"ada"' in good.stdout, good.stdout + good.stderr
    bad = dev.cli("key", "verify-jwt", "tokens", stdin="a.b.c")
    assert bad.returncode == 2 and "bad_token" in bad.stderr
