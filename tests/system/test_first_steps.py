"""What a stranger does first, through the real binary."""
import filecmp

import pytest

from rest import Problem, b64


def test_a_new_user_encrypts_rotates_and_decrypts(dev, tmp_path):
    plain, sealed, back = tmp_path / "report.txt", tmp_path / "report.kw", tmp_path / "back.txt"
    plain.write_bytes(b"figures\n" * 10_000)
    assert dev.cli("key", "create", "orders", "--owner", "payments").returncode == 0
    assert dev.cli("key", "encrypt", "orders", "--in", str(plain), "--out", str(sealed)).returncode == 0
    assert dev.cli("key", "rotate", "orders").stdout.startswith("rotated acme:orders@2  primary")
    assert dev.cli("key", "decrypt", "orders", "--in", str(sealed), "--out", str(back)).returncode == 0
    assert filecmp.cmp(plain, back, shallow=False)
    assert dev.cli("key", "rewrap", "orders", "--in", str(sealed)).stdout.endswith("now acme:orders@2\n")
    assert "version  @2" in dev.cli("key", "inspect", str(sealed)).stdout
    assert dev.cli("key", "decrypt", "orders", "--in", str(sealed), "--out", str(back)).returncode == 0
    assert filecmp.cmp(plain, back, shallow=False)


@pytest.mark.parametrize("algorithm", ["ed25519", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-3072-pss-sha256", "rsa-3072-pkcs1-sha256"])
def test_signatures_verify_before_and_after_rotation(dev, tmp_path, algorithm):
    message, signature = tmp_path / "m", tmp_path / "s"
    message.write_text("release 1\n")
    assert dev.cli("key", "create", "tokens", "--algorithm", algorithm).returncode == 0
    assert dev.cli("key", "sign", "tokens", "--in", str(message), "--out", str(signature)).returncode == 0
    for _ in range(2):
        verified = dev.cli("key", "verify", "tokens", "--in", str(message), "--signature", str(signature))
        assert (verified.returncode, verified.stdout) == (0, "valid  acme:tokens@1\n")
        dev.cli("key", "rotate", "tokens")
    message.write_text("release 2\n")
    assert dev.cli("key", "verify", "tokens", "--in", str(message), "--signature", str(signature)).returncode == 7


@pytest.mark.parametrize("algorithm", ["aes-256-gcm", "aes-256-gcm-counted", "chacha20-poly1305", "rsa-3072-oaep-sha256", "aes-256-siv"])
def test_every_cipher_keeps_old_data_readable(dev, algorithm):
    rest = dev.rest()
    key = "/api/v1/tenants/acme/keys/k"
    rest.post("/api/v1/tenants/acme/keys", {"name": "k", "algorithm": algorithm})
    aad = b64(b"context")
    first = rest.post(key + ":encrypt", {"plaintext": b64(b"secret"), "associated_data": aad})
    rest.post(key + ":rotate")
    assert rest.post(key + ":decrypt", {"ciphertext": first["ciphertext"], "associated_data": aad})["plaintext"] == b64(b"secret")
    moved = rest.post(key + ":rewrap", {"ciphertext": first["ciphertext"], "associated_data": aad})
    assert moved["version"] == 2
    with pytest.raises(Problem) as wrong:
        rest.post(key + ":decrypt", {"ciphertext": first["ciphertext"], "associated_data": b64(b"other")})
    assert (wrong.value.status, wrong.value.reason) == (400, "decrypt_failed")


def test_macs_and_derived_keys(dev):
    rest = dev.rest()
    for algorithm in ("hmac-sha256", "hmac-sha384", "hmac-sha512"):
        name = algorithm
        rest.post("/api/v1/tenants/acme/keys", {"name": name, "algorithm": algorithm})
        key = f"/api/v1/tenants/acme/keys/{name}"
        mac = rest.post(key + ":mac", {"message": b64(b"m")})["mac"]
        rest.post(key + ":rotate")
        assert rest.post(key + ":verify-mac", {"message": b64(b"m"), "mac": mac})["valid"]
        assert not rest.post(key + ":verify-mac", {"message": b64(b"n"), "mac": mac})["valid"]
    rest.post("/api/v1/tenants/acme/keys", {"name": "d", "algorithm": "hkdf-sha256"})
    one = rest.post("/api/v1/tenants/acme/keys/d:derive", {"context": b64(b"a")})
    again = rest.post("/api/v1/tenants/acme/keys/d:derive", {"context": b64(b"a"), "version": 1})
    other = rest.post("/api/v1/tenants/acme/keys/d:derive", {"context": b64(b"b")})
    assert one["derived_key"] == again["derived_key"] != other["derived_key"]


def test_a_batch_answers_item_by_item(dev):
    rest = dev.rest()
    rest.post("/api/v1/tenants/acme/keys", {"name": "k"})
    key = "/api/v1/tenants/acme/keys/k"
    sealed = rest.post(key + ":encrypt", {"items": [{"plaintext": b64(bytes([i]))} for i in range(200)]})["items"]
    sealed[7]["ciphertext"] = sealed[7]["ciphertext"][:-2] + "AA"
    opened = rest.post(key + ":decrypt", {"items": [{"ciphertext": item["ciphertext"]} for item in sealed]})["items"]
    assert opened[7]["error"]["reason"] == "decrypt_failed"
    assert [item["plaintext"] for i, item in enumerate(opened) if i != 7] == [b64(bytes([i])) for i in range(200) if i != 7]


def test_the_audit_copy_verifies_and_a_changed_one_does_not(dev, tmp_path):
    dev.cli("key", "create", "orders")
    for _ in range(5):
        dev.cli("key", "rotate", "orders")
    copy = tmp_path / "copy"
    assert dev.cli("audit", "export", "--dir", str(copy)).returncode == 0
    good = dev.cli("audit", "verify", "--dir", str(copy))
    assert good.returncode == 0, good.stdout
    bundle = next((copy / "tile/entries").rglob("*.p/*"))
    changed = bytearray(bundle.read_bytes())
    changed[len(changed) // 2] ^= 1
    bundle.write_bytes(changed)
    bad = dev.cli("audit", "verify", "--dir", str(copy))
    assert bad.returncode == 7 and "first bad leaf" in bad.stdout


def test_a_kek_rotation_rewraps_everything_and_old_data_opens(dev):
    rest = dev.rest()
    keys = "/api/v1/tenants/acme/keys"
    rest.post(keys, {"items": [{"name": f"k{i}"} for i in range(256)]})
    sealed = rest.post(keys + "/k7:encrypt", {"plaintext": b64(b"kept")})
    done = dev.cli("kek", "rotate", "-t", "acme")
    assert done.returncode == 0 and "0 left on @1" in done.stdout, done.stderr
    assert [kek["state"] for kek in rest.get("/api/v1/tenants/acme/keks")["items"]] == ["retired", "primary"]
    assert rest.post(keys + "/k7:decrypt", {"ciphertext": sealed["ciphertext"]})["plaintext"] == b64(b"kept")


def test_doctor_and_metrics_say_how_it_is(dev):
    assert dev.cli("doctor").returncode == 0
    text = dev.rest().raw("GET", "/metrics")[2].decode()
    assert "keywright_sealed 0" in text
    dev.stop()
    down = dev.cli("doctor")
    assert down.returncode == 7 and "CN-1" in down.stdout
