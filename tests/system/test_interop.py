"""The OpenSSL command line checks what we make, and we check what it makes. Nothing of ours is trusted on either side."""
import base64
import hashlib
import subprocess

import pytest

from rest import b64

KEYS = "/api/v1/tenants/acme/keys"


def openssl(*words, data=None):
    return subprocess.run(["openssl", *map(str, words)], input=data, capture_output=True, timeout=60)


def make(rest, name, algorithm):
    rest.post(KEYS, {"name": name, "algorithm": algorithm})
    return f"{KEYS}/{name}"


def public_key(rest, key, folder):
    path = folder / "public.pem"
    path.write_text(rest.get(f"{key}/versions/1/public-key")["public_key"])
    return path


SIGNATURES = {
    "ecdsa-p256": (["dgst", "-sha256"], []), "ecdsa-p384": (["dgst", "-sha384"], []), "ecdsa-p521": (["dgst", "-sha512"], []),
    "rsa-3072-pkcs1-sha256": (["dgst", "-sha256"], []),
    "rsa-3072-pss-sha256": (["dgst", "-sha256"], ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]),
}


@pytest.mark.parametrize("algorithm", SIGNATURES)
def test_openssl_verifies_our_signatures(dev, tmp_path, algorithm):
    rest = dev.rest()
    key = make(rest, "k", algorithm)
    public = public_key(rest, key, tmp_path)
    command, options = SIGNATURES[algorithm]
    for i in range(10):
        message, signature = tmp_path / "m", tmp_path / "s"
        message.write_bytes(b"message %d" % i)
        signature.write_bytes(base64.b64decode(rest.post(key + ":sign", {"message": b64(message.read_bytes())})["signature"]))
        assert openssl(*command, "-verify", public, *options, "-signature", signature, message).returncode == 0
        message.write_bytes(b"another")
        assert openssl(*command, "-verify", public, *options, "-signature", signature, message).returncode != 0


def test_openssl_verifies_our_ed25519_signatures(dev, tmp_path):
    rest = dev.rest()
    key = make(rest, "k", "ed25519")
    public = public_key(rest, key, tmp_path)
    message, signature = tmp_path / "m", tmp_path / "s"
    message.write_bytes(b"message")
    signature.write_bytes(base64.b64decode(rest.post(key + ":sign", {"message": b64(b"message")})["signature"]))
    verify = ["pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", message, "-sigfile", signature]
    assert openssl(*verify).returncode == 0
    message.write_bytes(b"another")
    assert openssl(*verify).returncode != 0


def test_openssl_computes_the_same_macs(dev):
    rest = dev.rest()
    key = "/api/v1/tenants/acme/keys"
    material = import_key(rest, "mac", "hmac-sha256", bytes(range(32)))
    tag = rest.post(f"{key}/mac:mac", {"message": b64(b"m")})["mac"]
    theirs = openssl("mac", "-digest", "SHA256", "-macopt", "hexkey:" + material.hex(), "-in", "/dev/stdin", "HMAC", data=b"m")
    assert base64.b64decode(tag).hex() == theirs.stdout.decode().strip().lower()


def import_key(rest, name, algorithm, material):
    """Wraps with the cryptography library, as a foreign system would."""
    from cryptography.hazmat.primitives import hashes, keywrap, serialization
    from cryptography.hazmat.primitives.asymmetric import padding
    wrapping = serialization.load_pem_public_key(rest.get("/api/v1/tenants/acme/wrapping-key")["public_key"].encode())
    transport = hashlib.sha256(b"transport").digest()
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    wrapped = wrapping.encrypt(transport, oaep) + keywrap.aes_key_wrap_with_padding(transport, material)
    rest.post(KEYS + ":import", {"name": name, "algorithm": algorithm, "wrapped_material": b64(wrapped)})
    return material


@pytest.mark.parametrize("algorithm, generate", [
    ("ecdsa-p256", ["ecparam", "-name", "prime256v1", "-genkey", "-noout"]), ("ed25519", ["genpkey", "-algorithm", "ed25519"]),
    ("rsa-3072-pkcs1-sha256", ["genrsa", "3072"])])
def test_we_use_keys_that_openssl_made(dev, tmp_path, algorithm, generate):
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    private.write_bytes(openssl(*generate).stdout)
    public.write_bytes(openssl("pkey", "-in", private, "-pubout").stdout)
    der = openssl("pkcs8", "-topk8", "-nocrypt", "-in", private, "-outform", "DER").stdout
    rest = dev.rest()
    import_key(rest, "theirs", algorithm, der)
    assert rest.get(KEYS + "/theirs/versions/1/public-key")["public_key"].split() == public.read_text().split()
    message, signature = tmp_path / "m", tmp_path / "s"
    message.write_bytes(b"message")
    if algorithm == "ed25519":
        openssl("pkeyutl", "-sign", "-inkey", private, "-rawin", "-in", message, "-out", signature)
    else:
        openssl("dgst", "-sha256", "-sign", private, "-out", signature, message)
    answer = rest.post(KEYS + "/theirs:verify", {"message": b64(b"message"), "signature": b64(signature.read_bytes())})
    assert answer["valid"]


def test_openssl_encrypts_for_us_and_reads_nothing_of_ours(dev, tmp_path):
    """OAEP with our label: what the public half makes elsewhere opens here only in our envelope; raw unwrapping is for import."""
    rest = dev.rest()
    key = make(rest, "k", "rsa-3072-oaep-sha256")
    public = public_key(rest, key, tmp_path)
    sealed = rest.post(key + ":encrypt", {"plaintext": b64(b"small")})
    assert rest.post(key + ":decrypt", {"ciphertext": sealed["ciphertext"]})["plaintext"] == b64(b"small")
    assert b"3072" in openssl("pkey", "-pubin", "-in", public, "-text", "-noout").stdout
